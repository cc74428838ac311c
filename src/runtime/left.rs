//! What is said on the terminal of what the outbox is left with when the screen was quit.

use crate::domain::outbox::{Entry, Outbox, State};

/// How many acts a sentence names one by one.
const NAMED: usize = 6;
/// Columns of a sentence of the desk.
const SENTENCE: usize = 500;

/// A sentence for each kind of what is left; none where nothing is.
pub fn sentences(outbox: &Outbox) -> Vec<String> {
    let of = |wanted: fn(&State) -> bool| {
        outbox.entries.iter().filter(|entry| wanted(&entry.state)).collect::<Vec<&Entry>>()
    };
    let mut said = Vec::new();
    let unsent = of(|state| matches!(state, State::Held { .. } | State::Queued | State::Sending));
    if !unsent.is_empty() {
        let (acts, them) = counted(unsent.len(), "act is", "acts are");
        said.push(format!(
            "{acts} kept in the outbox, to be sent at the next start: {}; `caseload outbox list` shows {them}.",
            named(&unsent)
        ));
    }
    let open = of(|state| matches!(state, State::Sending));
    if !open.is_empty() {
        said.push(format!(
            "Not confirmed: {}. The desk may have done it; sent again, it is done once all the same.",
            named(&open)
        ));
    }
    let asked = of(|state| matches!(state, State::Asked(_)));
    if !asked.is_empty() {
        let (acts, _) = counted(asked.len(), "act waits", "acts wait");
        said.push(format!("{acts} in the outbox for your answer: {}.", named(&asked)));
    }
    said.extend(outbox.entries.iter().filter_map(|entry| match &entry.state {
        State::Refused(failure) => Some(failure.sentence.cell(SENTENCE)),
        _ => None,
    }));
    if !outbox.damaged.is_empty() {
        let (acts, them) = counted(outbox.damaged.len(), "act is", "acts are");
        said.push(format!(
            "{acts} damaged and set aside; `caseload outbox list` shows what is left of {them}."
        ));
    }
    said
}

fn counted(count: usize, one: &str, many: &str) -> (String, &'static str) {
    if count == 1 { (format!("1 {one}"), "it") } else { (format!("{count} {many}"), "them") }
}

/// "note on C-1, take C-2 and 3 more"
fn named(entries: &[&Entry]) -> String {
    let names = entries.iter().take(NAMED);
    let names = names.map(|entry| format!("{} {}", entry.action.kind().verb(), entry.case));
    let names = names.collect::<Vec<_>>().join(", ");
    match entries.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Action;
    use crate::domain::outbox::{ActFailure, Damaged};

    fn entry(n: u64, state: State) -> Entry {
        Entry {
            ticket: n,
            n,
            key: Uuid::nil(),
            case: format!("C-{n}").as_str().into(),
            base: None,
            action: Action::Take {},
            queued_at: DateTime::UNIX_EPOCH,
            state,
            tries: 1,
            last_error: None,
        }
    }

    fn said(entries: Vec<Entry>) -> Vec<String> {
        sentences(&Outbox { entries, damaged: Vec::new() })
    }

    #[test]
    fn an_empty_outbox_is_silent() {
        assert_eq!(said(Vec::new()), [""; 0]);
    }

    #[test]
    fn what_is_left_is_told_with_act_and_case() {
        assert_eq!(
            said(vec![entry(1, State::Queued), entry(2, State::Sending)]),
            [
                "2 acts are kept in the outbox, to be sent at the next start: take C-1, take C-2; \
                 `caseload outbox list` shows them.",
                "Not confirmed: take C-2. The desk may have done it; sent again, it is done once all \
                 the same.",
            ]
        );
        let many = (1..=9).map(|n| entry(n, State::Queued)).collect();
        assert!(said(many)[0].contains("take C-6 and 3 more;"));
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_desk_and_safe_for_a_terminal() {
        let sentence = "Could not take C-1: \u{1b}[31mno".into();
        let failure = ActFailure { sentence, fields: Vec::new(), current: None };
        let told = said(vec![entry(1, State::Refused(Box::new(failure)))]);
        assert_eq!(told, ["Could not take C-1: ␛[31mno"]);
    }

    #[test]
    fn what_is_damaged_is_told() {
        let damaged = vec![Damaged { n: 3, text: "note".into() }];
        let told = sentences(&Outbox { entries: Vec::new(), damaged });
        assert_eq!(
            told,
            ["1 act is damaged and set aside; `caseload outbox list` shows what is left of it."]
        );
    }
}
