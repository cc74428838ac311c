//! Tests of the cache on real files: what is kept, in which order it is read, and what damage does to it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::domain::{
    Case, CaseId, ClockKind, ClockState, ClockSummary, PartnerRef, Role, Severity, Tier,
};
use crate::sla::policy::Policy;
use crate::sla::reading;
use crate::sync::fake;
use crate::sync::store::{Fingerprint, Place};
use crate::wire::Feed;

fn now() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn place(dir: &TempDir) -> Place {
    Place { state: dir.path().join("state"), cache: dir.path().join("cache") }
}

async fn open(place: Place) -> Store {
    Store::open(place, Fingerprint::of(&"t0ken".into())).await
}

/// A store whose owner the desk has named.
async fn signed_in(dir: &TempDir) -> Store {
    let store = open(place(dir)).await;
    store.adopt(&fake::me().id).await.unwrap();
    store.keep_me(&fake::me()).await;
    store.keep_policy(&Policy::embedded().document()).await;
    store
}

fn feed(cases: Vec<Case>, removed: &[&str], cursor: &str, more: bool) -> Feed {
    let removed = removed.iter().map(|id| CaseId::from(*id)).collect();
    Feed { cases, removed, cursor: cursor.to_owned(), more, server_time: now() }
}

async fn apply(store: &Store, from: Option<&str>, feed: &Feed) -> Applied {
    store.apply(Page::new(feed, from.map(str::to_owned), None, now())).await
}

/// The kept cases with their revisions, by id.
async fn kept(store: &Store) -> BTreeMap<String, u64> {
    let cases = store.all_cases().await.unwrap();
    cases.into_iter().map(|case| (case.id.as_str().to_owned(), case.revision)).collect()
}

fn these(cases: &[(&str, u64)]) -> BTreeMap<String, u64> {
    cases.iter().map(|(id, revision)| ((*id).to_owned(), *revision)).collect()
}

fn file(place: &Place) -> PathBuf {
    place.cache.join(format!("u-{}.db", folder::short_hash("rhald")))
}

/// Numbers that are always the same for the same seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

/// A case whose clocks run, are held or have ended, with due instants around now, some of them the same.
fn any_case(n: usize, chance: &mut Chance) -> Case {
    let mut case = fake::case(&format!("C-{n}"), 1);
    case.severity = Severity::ALL[chance.below(4)];
    for _ in 0..chance.below(3) {
        let hours = i64::try_from(chance.below(20)).unwrap() - 10;
        let state = [ClockState::Running, ClockState::Running, ClockState::Paused, ClockState::Met]
            [chance.below(4)];
        let runs = state == ClockState::Running;
        case.clocks.push(ClockSummary {
            kind: ClockKind::Resolution,
            tier: Tier::First,
            target: "2h".parse().unwrap(),
            started_at: now() - TimeDelta::days(1),
            due_at: (runs && chance.below(9) > 0).then(|| now() + TimeDelta::hours(hours)),
            state,
            paused_since: None,
            ended_at: None,
            remaining_s: (!runs).then_some(60),
            calendar: "vendor".to_owned(),
            budget_s: 7200,
            policy: "2026-11".to_owned(),
        });
    }
    case
}

#[tokio::test]
async fn the_head_is_what_stands_first_in_the_queue_and_the_rest_is_all_else_once() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    let mut chance = Chance(1);
    let cases: Vec<Case> = (0..300).map(|n| any_case(n, &mut chance)).collect();
    apply(&store, None, &feed(cases.clone(), &[], "c1", false)).await;
    for hours in [-30, -3, 0, 3, 30] {
        let at = now() + TimeDelta::hours(hours);
        let mut in_order = cases.clone();
        in_order.sort_by_key(|case| reading::urgency(case, at, 0));
        for most in [0, 1, 40, 299, 400] {
            let (head, rest) = store.head(at, most).await.unwrap();
            let ids = |cases: &[Case]| cases.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
            assert_eq!(ids(&head), ids(&in_order[..most.min(300)]), "{most} at {at}");
            let (mut all, mut rest) = (head, Some(rest));
            while let Some(reading) = rest {
                let (piece, next) = store.rest(reading, 70).await.unwrap();
                assert!(piece.len() <= 70);
                all.extend(piece);
                rest = next;
            }
            all.sort_by_key(|case| reading::urgency(case, at, 0));
            assert_eq!(all, in_order);
        }
    }
}

#[tokio::test]
async fn the_head_is_read_from_the_indexes_without_sorting_the_queue() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    for (query, bound) in queue::HEAD_QUERIES {
        let plan = store
            .cached(Access::Read, move |conn| {
                Box::pin(async move {
                    let explain = format!("EXPLAIN QUERY PLAN {query}");
                    let mut asked =
                        sqlx::query_as::<_, (i64, i64, i64, String)>(sqlx::AssertSqlSafe(explain));
                    for n in 0..*bound {
                        asked = asked.bind(n);
                    }
                    let rows = asked.fetch_all(conn).await?;
                    Ok(rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join("; "))
                })
            })
            .await
            .unwrap();
        assert!(plan.starts_with("SEARCH cases USING INDEX"), "{query}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{query}: {plan}");
    }
}

#[tokio::test]
async fn a_start_finds_who_we_are_by_which_policy_and_where_the_feed_goes_on() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "c1", false)).await;
    store.keep_skew(-3_600_000).await;
    drop(store);
    let known = open(place(&dir)).await.known().await.unwrap();
    assert_eq!(known.me, fake::me());
    assert_eq!(known.policy, Some(Policy::embedded().document()));
    assert_eq!(known.resume, Resume::From("c1".to_owned()));
    assert_eq!(known.fresh_at, Some(now()));
    assert_eq!(known.skew_ms, Some(-3_600_000));
}

#[tokio::test]
async fn nothing_is_known_under_a_token_whose_owner_the_desk_has_not_named() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "c1", false)).await;
    drop(store);
    let store = Store::open(place(&dir), Fingerprint::of(&"another".into())).await;
    assert_eq!(store.known().await, None);
    assert_eq!(store.head(now(), 9).await, None);
    assert_eq!(store.detail(&"C-1".into()).await, None);
}

#[tokio::test]
async fn a_page_changes_adds_and_removes_but_brings_nothing_older() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    let start = feed(vec![fake::case("C-1", 5), fake::case("C-2", 1)], &[], "c1", false);
    assert_eq!(apply(&store, None, &start).await, Applied::Written);
    let change = feed(vec![fake::case("C-1", 4), fake::case("C-3", 1)], &["C-2"], "c2", false);
    assert_eq!(apply(&store, Some("c1"), &change).await, Applied::Written);
    assert_eq!(kept(&store).await, these(&[("C-1", 5), ("C-3", 1)]));
}

#[tokio::test]
async fn a_slower_screen_neither_brings_back_what_was_removed_nor_moves_the_cursor_back() {
    let dir = TempDir::new().unwrap();
    let (quick, slow) = (signed_in(&dir).await, signed_in(&dir).await);
    let start = feed(vec![fake::case("C-1", 1), fake::case("C-2", 1)], &[], "c1", false);
    assert_eq!(apply(&quick, None, &start).await, Applied::Written);
    assert_eq!(apply(&slow, None, &start).await, Applied::Already);
    let change = feed(vec![fake::case("C-1", 2)], &[], "c2", false);
    let removal = feed(vec![], &["C-1"], "c3", false);
    assert_eq!(apply(&quick, Some("c1"), &change).await, Applied::Written);
    assert_eq!(apply(&quick, Some("c2"), &removal).await, Applied::Written);
    assert_eq!(apply(&slow, Some("c1"), &change).await, Applied::Strayed);
    assert_eq!(kept(&slow).await, these(&[("C-2", 1)]));
    assert_eq!(apply(&slow, Some("c2"), &removal).await, Applied::Already);
    assert_eq!(slow.kept_cursor().await, Some(Resume::From("c3".to_owned())));
    // Both are in step again.
    assert_eq!(apply(&slow, Some("c3"), &feed(vec![], &[], "c4", false)).await, Applied::Written);
}

#[tokio::test]
async fn a_fresh_start_replaces_what_it_does_not_name_once_it_is_whole() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    let cases = vec![fake::case("C-1", 9), fake::case("C-2", 1), fake::case("C-3", 1)];
    apply(&store, None, &feed(cases, &[], "c1", false)).await;
    for id in ["C-1", "C-3"] {
        store.keep_detail(&fake::detail(id, 1)).await;
    }
    // A fresh start does not take the place of a cursor that nobody has refused.
    let first = feed(vec![fake::case("C-2", 2)], &[], "n1", true);
    assert_eq!(apply(&store, None, &first).await, Applied::Strayed);
    let page = Page::new(&first, None, Some("c1".to_owned()), now());
    assert_eq!(store.apply(page).await, Applied::Written);
    assert_eq!(kept(&store).await, these(&[("C-1", 9), ("C-2", 2), ("C-3", 1)]));
    // Whoever starts now shows all of it, and begins the fresh start again.
    assert_eq!(store.kept_cursor().await, Some(Resume::Anew("n1".to_owned())));
    assert_eq!(store.known().await.unwrap().fresh_at, Some(now()));
    // A desk that was restored from a backup may have earlier revisions than we do.
    let last = feed(vec![fake::case("C-1", 3)], &[], "n2", false);
    assert_eq!(apply(&store, Some("n1"), &last).await, Applied::Written);
    assert_eq!(kept(&store).await, these(&[("C-1", 3), ("C-2", 2)]));
    assert_eq!(store.kept_cursor().await, Some(Resume::From("n2".to_owned())));
    assert!(store.detail(&"C-1".into()).await.is_some());
    assert_eq!(store.detail(&"C-3".into()).await, None);
}

#[tokio::test]
async fn a_first_load_that_broke_off_goes_on_where_it_was() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "p1", true)).await;
    let known = store.known().await.unwrap();
    assert_eq!(known.resume, Resume::HalfWay("p1".to_owned()));
    assert_eq!(known.fresh_at, None);
    apply(&store, Some("p1"), &feed(vec![fake::case("C-2", 1)], &[], "c2", false)).await;
    assert_eq!(store.kept_cursor().await, Some(Resume::From("c2".to_owned())));
    assert_eq!(kept(&store).await, these(&[("C-1", 1), ("C-2", 1)]));
}

#[tokio::test]
async fn who_sees_other_cases_than_before_finds_nothing() {
    let nordwind = PartnerRef { id: "nordwind".into(), name: "Nordwind".into() };
    let now_is = [
        crate::wire::Me { role: Role::Admin, ..fake::me() },
        crate::wire::Me { tier: Some(Tier::Second), ..fake::me() },
        crate::wire::Me { partner: Some(nordwind), ..fake::me() },
    ];
    for me in now_is {
        let dir = TempDir::new().unwrap();
        let store = signed_in(&dir).await;
        apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "c1", false)).await;
        store.keep_detail(&fake::detail("C-1", 1)).await;
        assert!(!store.keep_me(&me).await);
        assert_eq!(kept(&store).await, these(&[]));
        assert_eq!(store.detail(&"C-1".into()).await, None);
        let known = store.known().await.unwrap();
        assert_eq!((known.me, known.resume, known.policy), (me, Resume::Start, None));
    }
    // Another name is the same person.
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "c1", false)).await;
    assert!(store.keep_me(&crate::wire::Me { name: "R. H.".into(), ..fake::me() }).await);
    assert_eq!(kept(&store).await, these(&[("C-1", 1)]));
}

#[tokio::test]
async fn a_file_of_another_user_is_not_believed_whatever_its_name() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "c1", false)).await;
    drop(store);
    let theirs = place(&dir).cache.join(format!("u-{}.db", folder::short_hash("lito")));
    behind(&file(&place(&dir)), "PRAGMA wal_checkpoint(TRUNCATE)").await;
    std::fs::copy(file(&place(&dir)), theirs).unwrap();
    let store = Store::open(place(&dir), Fingerprint::of(&"another".into())).await;
    store.adopt(&"lito".into()).await.unwrap();
    assert_eq!(store.known().await, None);
    assert_eq!(store.take_notices().len(), 1);
    assert_eq!(kept(&store).await, these(&[]));
}

#[tokio::test]
async fn the_last_two_hundred_whole_cases_are_kept_and_the_newest_state_of_each() {
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    let id = |n: u32| CaseId::new(format!("C-{n}"));
    for n in 0..205 {
        store.keep_detail(&fake::detail(id(n).as_str(), 2)).await;
    }
    assert_eq!(store.detail(&id(4)).await, None);
    store.keep_detail(&fake::detail("C-5", 1)).await;
    assert_eq!(store.detail(&id(5)).await, Some(fake::detail("C-5", 2)));
    store.keep_detail(&fake::detail("C-5", 3)).await;
    store.keep_detail(&fake::detail("C-300", 1)).await;
    assert_eq!(store.detail(&id(5)).await, Some(fake::detail("C-5", 3)));
    assert_eq!(store.detail(&id(6)).await, None);
    apply(&store, None, &feed(vec![fake::case("C-5", 4), fake::case("C-7", 2)], &[], "c", true))
        .await;
    let asked = ["C-5", "C-7", "C-9999"].map(CaseId::from).to_vec();
    let wanting = vec![("C-5".into(), Some(3)), ("C-9999".into(), None)];
    assert_eq!(store.not_whole(asked).await, wanting);
}

/// Runs statements on the file behind the store's back.
async fn behind(file: &Path, statements: &str) {
    use sqlx::{ConnectOptions, Connection};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut conn = options.connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn whatever_is_wrong_with_the_file_it_is_made_anew_and_that_is_said_once() {
    let schema = "UPDATE facts SET value = 'x' WHERE name = 'schema'";
    for wrong in [
        "PRAGMA user_version = 7",
        "PRAGMA user_version = 0",
        schema,
        "DROP TABLE cases",
        "UPDATE cases SET body = replace(body, 'high', 'low')",
        "UPDATE cases SET due = due + 1",
        "UPDATE cases SET revision = revision + 1",
        "DROP TRIGGER case_out; DELETE FROM cases WHERE id = 'C-2'",
        "UPDATE facts SET value = 'c9' WHERE name = 'cursor'",
        "UPDATE facts SET value = '{}' WHERE name = 'me'",
        "not a database",
    ] {
        let dir = TempDir::new().unwrap();
        let store = signed_in(&dir).await;
        let cases = vec![fake::case("C-1", 1), fake::case("C-2", 1)];
        apply(&store, None, &feed(cases, &[], "c1", false)).await;
        drop(store);
        let file = file(&place(&dir));
        if wrong == "not a database" {
            // Nothing of it may stand in the log.
            behind(&file, "PRAGMA wal_checkpoint(TRUNCATE)").await;
            std::fs::write(&file, wrong.repeat(100)).unwrap();
        } else {
            behind(&file, wrong).await;
        }
        let store = open(place(&dir)).await;
        let known = store.known().await;
        let read = store.all_cases().await;
        assert!(known.is_none() || read.is_none(), "{wrong}: {known:?}, {read:?}");
        let notices = store.take_notices();
        assert_eq!(notices.len(), 1, "{wrong}: {notices:?}");
        assert!(notices[0].contains("loaded anew"), "{notices:?}");
        // It works again, in this run and the next.
        store.keep_me(&fake::me()).await;
        let start = feed(vec![fake::case("C-3", 1)], &[], "n1", false);
        assert_eq!(apply(&store, None, &start).await, Applied::Written, "{wrong}");
        drop(store);
        assert_eq!(kept(&open(place(&dir)).await).await, these(&[("C-3", 1)]), "{wrong}");
    }
}

#[tokio::test]
async fn where_nothing_can_be_written_it_goes_without_and_that_is_said_once() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    std::fs::write(&place.cache, "a file, where the folder would be").unwrap();
    let store = open(place.clone()).await;
    store.adopt(&fake::me().id).await.unwrap();
    assert!(!store.keep_me(&fake::me()).await);
    assert_eq!(apply(&store, None, &feed(vec![], &[], "c1", false)).await, Applied::Lost);
    store.keep_detail(&fake::detail("C-1", 1)).await;
    assert_eq!(store.known().await, None);
    let notices = store.take_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].starts_with("No copy of the queue is kept on this machine: "),
        "{notices:?}"
    );
    assert!(std::fs::metadata(&place.cache).unwrap().is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let store = signed_in(&dir).await;
    apply(&store, None, &feed(vec![fake::case("C-1", 1)], &[], "c1", false)).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place(&dir).cache), 0o700);
    for entry in std::fs::read_dir(place(&dir).cache).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

type Files = Vec<(String, Vec<u8>)>;

/// A cache with a log, copied while it was open: what a machine that lost its power leaves; and one without.
/// Then each state that was committed, as its cursor and its cases.
async fn left_behind(dir: &TempDir) -> ([Files; 2], Vec<(Resume, BTreeMap<String, Case>)>) {
    let store = signed_in(dir).await;
    let mut chance = Chance(2);
    let cases: Vec<Case> = (0..60).map(|n| any_case(n, &mut chance)).collect();
    let mut states = Vec::new();
    let mut from = None;
    for n in 0..5 {
        let mut changed = cases.clone();
        for case in &mut changed[n * 10..] {
            case.revision += n as u64;
        }
        let page =
            feed(changed[n * 10..].to_vec(), &[&format!("C-{}", 55 + n)], &format!("c{n}"), false);
        assert_eq!(apply(&store, from.as_deref(), &page).await, Applied::Written);
        from = Some(page.cursor);
        let all = store.all_cases().await.unwrap();
        let by_id = all.into_iter().map(|case| (case.id.as_str().to_owned(), case)).collect();
        states.push((store.kept_cursor().await.unwrap(), by_id));
    }
    let files = || {
        let mut files = Files::new();
        for entry in std::fs::read_dir(place(dir).cache).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.push((name, std::fs::read(path).unwrap()));
        }
        files
    };
    let log = files();
    assert!(log.iter().any(|(name, bytes)| name.ends_with("-wal") && bytes.len() > 50_000));
    behind(&file(&place(dir)), "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let mut no_log = files();
    no_log.retain(|(name, _)| !name.contains("-wal") && !name.contains("-shm"));
    ([log, no_log], states)
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    if bytes.is_empty() {
        return;
    }
    match chance.below(4) {
        0 => {
            for _ in 0..=chance.below(8) {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
        }
        1 => bytes.truncate(chance.below(bytes.len())),
        2 => {
            let page = chance.below(bytes.len().div_ceil(4096));
            let end = bytes.len().min((page + 1) * 4096);
            bytes[page * 4096..end].fill(0);
        }
        _ => {
            // A page in another's place.
            let pages = bytes.len() / 4096;
            if pages > 1 {
                let (from, to) = (chance.below(pages) * 4096, chance.below(pages) * 4096);
                bytes.copy_within(from..from + 4096, to);
            }
        }
    }
}

#[tokio::test]
async fn of_a_thousand_damaged_files_none_fails_a_start_or_shows_what_the_desk_never_said() {
    let dir = TempDir::new().unwrap();
    let (files, states) = left_behind(&dir).await;
    let (mut whole, mut anew) = (0, 0);
    for seed in 0..1000 {
        let mut chance = Chance(seed);
        // Not over the files of a run before, which may still be letting go of them.
        let cache = TempDir::new().unwrap();
        let place = Place { cache: cache.path().to_owned(), ..place(&dir) };
        for (name, bytes) in &files[chance.below(2)] {
            let mut bytes = bytes.clone();
            if !name.ends_with("-shm") && chance.below(3) > 0 {
                mutate(&mut bytes, &mut chance);
            }
            std::fs::write(place.cache.join(name), bytes).unwrap();
        }
        let start = async {
            let store = open(place).await;
            let known = store.known().await;
            let at = known.as_ref().map(|known| known.resume.clone());
            assert!(known.is_none_or(|known| known.me == fake::me()), "seed {seed}: somebody else");
            let mut told = Vec::new();
            let mut ended = false;
            if let Some((head, rest)) = store.head(now(), 20).await {
                told.extend(head);
                let mut rest = Some(rest);
                while let Some(reading) = rest {
                    let Some((piece, next)) = store.rest(reading, 20).await else { break };
                    told.extend(piece);
                    ended = next.is_none();
                    rest = next;
                }
            }
            // What follows works, too.
            store.keep_me(&fake::me()).await;
            let notices = store.take_notices();
            store.keep_detail(&fake::detail("C-1", 1)).await;
            (at, told, ended, notices)
        };
        let limit = std::time::Duration::from_secs(20);
        let (at, told, ended, notices) = tokio::time::timeout(limit, start).await.unwrap();
        for case in &told {
            let said = |(_, cases): &(Resume, BTreeMap<String, Case>)| {
                cases.get(case.id.as_str()) == Some(case)
            };
            assert!(states.iter().any(said), "seed {seed}: {case:?}");
        }
        if ended && notices.is_empty() {
            let told: BTreeMap<String, Case> =
                told.into_iter().map(|case| (case.id.as_str().to_owned(), case)).collect();
            // As it was at some commit, or before the first.
            let as_it_was =
                states.iter().any(|(cursor, cases)| at.as_ref() == Some(cursor) && *cases == told);
            let blank = told.is_empty() && at.is_none_or(|at| at == Resume::Start);
            assert!(as_it_was || blank, "seed {seed}: {} cases", told.len());
            whole += 1;
        } else {
            assert!(!notices.is_empty(), "seed {seed}: nothing was said");
            anew += 1;
        }
    }
    assert!(whole > 100 && anew > 100, "{whole} as they were, {anew} made anew");
}
