//! What a search finds, however it is looked for: in the newest cases, by the index, or in all texts.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failed step of a test is its failure; not every helper is needed here"
)]

#[path = "support/many.rs"]
mod many;
#[macro_use]
#[path = "support/service.rs"]
mod support;

use caseload::domain::search::Words;
use caseload::domain::{Actor, CaseId, Role, Tier, UserId};
use caseload::service::Service;
use caseload::service::store::seed::{Seed, SeedCase, SeedUser};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// More than are read without the index.
const OLD: usize = 2_300;

fn actor(id: &str, role: Role, partner: Option<&str>) -> Actor {
    Actor { id: id.into(), name: id.into(), role, partner: partner.map(Into::into) }
}

/// All that is found, page by page.
async fn found(service: &Service, actor: &Actor, query: &str, limit: usize) -> Vec<CaseId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = service.search(actor, query, after.as_ref(), limit).await.unwrap();
        assert!(page.cases.len() <= limit);
        all.extend(page.cases.into_iter().map(|case| case.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// What is to be found, by looking at everything.
fn expected(cases: &[SeedCase], users: &[SeedUser], actor: &Actor, query: &str) -> Vec<CaseId> {
    let words = Words::of(query);
    let mut ids: Vec<CaseId> = cases
        .iter()
        .filter(|case| {
            let sees = match actor.role {
                Role::Partner => actor.partner.as_ref() == Some(&case.partner),
                Role::Engineer => case.tier != Tier::Product || case.reached_second,
                Role::Product => case.tier == Tier::Product || case.correction.is_some(),
                Role::Oncall | Role::Admin => true,
            };
            let user = case.assignee.as_ref().and_then(|id| users.iter().find(|u| u.id == *id));
            let (id, name) = user.map_or(("", ""), |user| (user.id.as_str(), &*user.name));
            sees && words.occur_in(&[
                case.id.as_str(),
                &case.subject,
                &case.company,
                &case.contact,
                id,
                name,
            ])
        })
        .map(|case| case.id.clone())
        .collect();
    ids.reverse();
    ids
}

/// Letters that are awkward in some index or pattern, and whose lower case is longer, or depends on its place.
const SYLLABLES: [&str; 20] = [
    "an",
    "Ber",
    "ÆRØ",
    "ß",
    "ΟΔΟΣ",
    "İs",
    "%",
    "_",
    "\"",
    "'",
    "\\",
    "*",
    "-1",
    "10",
    "é",
    "e\u{301}",
    "日本語",
    "🦀",
    "^a",
    "NEAR",
];

fn texts() -> impl Strategy<Value = String> {
    let word = prop::collection::vec(prop::sample::select(&SYLLABLES[..]), 1..4)
        .prop_map(|syllables| syllables.concat());
    prop::collection::vec(word, 1..4).prop_map(|words| words.join(" "))
}

#[tokio::test]
async fn an_index_finds_what_reading_every_text_finds() {
    let desk = desk!();
    let mut runner = TestRunner::deterministic();
    let draw = |runner: &mut TestRunner| texts().new_tree(runner).unwrap().current();
    let users: Vec<SeedUser> = (0..8)
        .map(|n| SeedUser {
            id: UserId::new(format!("user{n}")),
            name: draw(&mut runner),
            role: Role::Engineer,
            partner: None,
        })
        .collect();
    desk.service.store().seed(&Seed { users: users.clone(), ..Seed::default() }).await.unwrap();
    let mut cases: Vec<SeedCase> = (0..OLD + 400)
        .map(|n| {
            let partner = if n % 7 == 0 { "southsea" } else { "nordwind" };
            let mut case = many::case(&desk.service, 10_000 + n, partner);
            // The newest ones hold next to nothing, so that pages must be filled from the old ones.
            if n < 400 || n % 50 == 0 {
                case.subject = draw(&mut runner);
                case.company = draw(&mut runner);
                case.contact = draw(&mut runner);
                case.assignee = (n % 3 == 0).then(|| users[n % 8].id.clone());
            }
            if n % 11 == 0 {
                (case.tier, case.reached_second) = (Tier::Product, true);
            }
            if n % 5 == 0 { many::closed(case) } else { case }
        })
        .collect();
    let of_nobody = many::closed(many::case(&desk.service, 9, "direct"));
    cases.insert(0, of_nobody);
    many::store(&desk.service, cases.clone()).await;

    let people = [
        actor("root", Role::Admin, None),
        actor("ann", Role::Partner, Some("nordwind")),
        actor("bob", Role::Partner, Some("southsea")),
        actor("eve", Role::Engineer, None),
        actor("pia", Role::Product, None),
    ];
    // Pieces of what is stored, in another case, alone and together; and what only looks like a pattern.
    let mut queries: Vec<String> =
        ["", "C-9", "c-10012", "C-1", "%", "a%b", "_", "\"", "\"an\"", "\\"]
            .into_iter()
            .chain([
                "user3",
                "USER",
                "ser",
                "company contact",
                "no\0t",
                "\0",
                "an NEAR ber",
                "x AND y",
            ])
            .chain(["οδος", "οδοσ", "i̇s", "is", "ss", "日本語", "本語", "🦀", "an ær", "user3 ber"])
            .map(str::to_owned)
            .collect();
    for _ in 0..25 {
        let piece = |runner: &mut TestRunner| {
            let text: Vec<char> = texts().new_tree(runner).unwrap().current().chars().collect();
            let from = (0..text.len()).new_tree(runner).unwrap().current();
            let length = (1usize..8).new_tree(runner).unwrap().current();
            let piece: String = text[from..].iter().take(length).collect();
            if length % 2 == 0 { piece.to_uppercase() } else { piece }
        };
        let count = (1usize..3).new_tree(&mut runner).unwrap().current();
        let pieces: Vec<String> = (0..count).map(|_| piece(&mut runner)).collect();
        queries.push(pieces.join(" "));
    }
    let mut hits = 0;
    for (n, query) in queries.iter().enumerate() {
        for actor in &people {
            let limit = if n % 9 == 0 { 37 } else { 200 };
            let expected = expected(&cases, &users, actor, query);
            hits += expected.len();
            assert_eq!(found(&desk.service, actor, query, limit).await, expected, "{query:?}");
        }
    }
    assert!(hits > 500, "{hits}: the queries were about something");
}

#[tokio::test]
async fn who_has_a_case_now_is_found_and_who_had_it_is_not() {
    let desk = desk!();
    let mut cases: Vec<SeedCase> =
        (0..OLD).map(|n| many::case(&desk.service, 10_000 + n, "nordwind")).collect();
    cases[0].assignee = Some("ann".into());
    many::store(&desk.service, cases).await;
    let root = actor("root", Role::Admin, None);
    let old = CaseId::from("C-10000");
    for query in ["ann", "ann contact", "c-10000 an"] {
        assert_eq!(
            found(&desk.service, &root, query, 10).await,
            std::slice::from_ref(&old),
            "{query}"
        );
    }
    let release = serde_json::json!({"action": "assign", "assignee": "abe"});
    desk.done("root", "C-10000", release).await;
    assert_eq!(found(&desk.service, &root, "ann", 10).await, []);
    assert_eq!(found(&desk.service, &root, "abe", 10).await, [old]);
}
