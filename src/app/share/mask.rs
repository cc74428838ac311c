//! What of a text is not for everybody's eyes: licence keys, tokens and passwords, mail addresses and phone
//! numbers. By their shape, rather one too many than one too few.

/// How much is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Addresses and secrets.
    All,
    /// Licence keys, tokens and passwords; addresses stay.
    Secrets,
    Nothing,
}

impl Mask {
    /// The next one, round and round.
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Secrets,
            Self::Secrets => Self::Nothing,
            Self::Nothing => Self::All,
        }
    }

    /// What it does, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::All => "licence keys, tokens and addresses masked",
            Self::Secrets => "with addresses; licence keys and tokens masked",
            Self::Nothing => "nothing masked",
        }
    }
}

const MAIL: &str = "[e-mail]";
const PHONE: &str = "[phone]";
const SECRET: &str = "[secret]";

/// A run of letters and digits from this length on may be a token.
const TOKEN: usize = 24;
/// How often a token changes between small letters, capitals and digits at least; words and names seldom do.
const CHANGES: usize = 5;
/// Letters of a run that are looked at; a longer one is judged by its beginning.
const RUN: usize = 512;
/// With what tokens of well-known services begin, and ours.
const BEGINNINGS: &[&str] = &["cl_", "eyJ", "ghp_", "gho_", "github_pat_", "glpat-", "sk-", "xox"];
/// What stands before a secret, with `:` or `=` between them.
const NAMES: &[&str] = &[
    "password", "passwort", "passwd", "pwd", "pass", "token", "secret", "apikey", "api_key",
    "api-key", "kennwort", "pin",
];

/// The text without what a mask leaves out, and without anything that a terminal or a chat would take for
/// more than text: controls but line breaks, and characters that change the direction or are not seen.
pub fn masked(text: &str, mask: Mask) -> String {
    let plain: Vec<char> = text.chars().filter_map(plain).collect();
    if mask == Mask::Nothing {
        return plain.into_iter().collect();
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < plain.len() {
        match find(&plain, at, mask) {
            Some((end, stand_in)) => {
                out.push_str(stand_in);
                at = end;
            }
            None => {
                out.push(plain[at]);
                at += 1;
            }
        }
    }
    out
}

/// A licence key, of which the last four characters tell it apart.
pub fn licence(key: &str, mask: Mask) -> String {
    let key: Vec<char> = key.chars().filter_map(plain).filter(|c| *c != '\n').collect();
    if mask == Mask::Nothing || key.len() <= 4 {
        return key.into_iter().collect();
    }
    format!("…{}", key[key.len() - 4..].iter().collect::<String>())
}

fn plain(c: char) -> Option<char> {
    match c {
        '\n' => Some('\n'),
        c if c.is_control() => Some(' '),
        // Direction, joiners of no width, tags, the mark at a text's begin.
        '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => None,
        c => Some(c),
    }
}

/// What begins at a place and is to be masked: where it ends, and what stands for it.
fn find(text: &[char], at: usize, mask: Mask) -> Option<(usize, &'static str)> {
    let before = at.checked_sub(1).map(|before| text[before]);
    let begins = |is_part: fn(char) -> bool| before.is_none_or(|c| !is_part(c));
    if begins(is_run) && is_run(text[at]) {
        let end = run_end(text, at, is_run);
        if is_licence(&text[at..end.min(at + RUN)]) || is_token(&text[at..end.min(at + RUN)]) {
            // The three parts of a signed token belong together.
            let end = if starts(text, at, "eyJ") {
                run_end(text, end, |c| is_run(c) || c == '.')
            } else {
                end
            };
            return Some((end, SECRET));
        }
    }
    if let Some(end) = login_end(text, at) {
        return Some((end, SECRET));
    }
    if let Some(end) = named_end(text, at) {
        return Some((end, SECRET));
    }
    if mask != Mask::All {
        return None;
    }
    if begins(is_local)
        && is_local(text[at])
        && let Some(end) = mail_end(text, at)
    {
        return Some((end, MAIL));
    }
    let apart = before.is_none_or(|c| !c.is_alphanumeric() && !".-_/:+#".contains(c));
    if apart && let Some(end) = phone_end(text, at) {
        return Some((end, PHONE));
    }
    None
}

fn starts(text: &[char], at: usize, word: &str) -> bool {
    let mut rest = text[at..].iter();
    word.chars().all(|c| rest.next() == Some(&c))
}

fn run_end(text: &[char], from: usize, is_part: impl Fn(char) -> bool) -> usize {
    text[from..].iter().position(|c| !is_part(*c)).map_or(text.len(), |length| from + length)
}

const fn is_run(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// Three groups or more of one length in capitals and digits; the product may stand before them, in a group
/// of its own.
fn is_licence(run: &[char]) -> bool {
    let groups: Vec<&[char]> = run.split(|c| *c == '-').collect();
    let is_written = |group: &&[char]| {
        !group.is_empty() && group.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let length = groups[groups.len() - 1].len();
    let same = groups.iter().rev().take_while(|group| group.len() == length).count();
    (4..=8).contains(&length)
        && same >= 3
        && groups.len() - same <= 1
        && groups[0].len() <= 8
        && groups.iter().all(is_written)
}

fn is_token(run: &[char]) -> bool {
    let begins = BEGINNINGS.iter().any(|word| starts(run, 0, word));
    if begins && run.len() >= 12 && run.iter().any(char::is_ascii_digit) {
        return true;
    }
    let kind = |c: &char| match c {
        'a'..='z' => Some(0),
        'A'..='Z' => Some(1),
        '0'..='9' => Some(2),
        _ => None,
    };
    let kinds: Vec<i32> = run.iter().filter_map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    run.len() >= TOKEN && kinds.contains(&2) && changes >= CHANGES
}

/// The end of the name and password of an address: `https://name:password@host`.
fn login_end(text: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(3)?;
    if !starts(text, before, "://") {
        return None;
    }
    let end = run_end(text, at, |c| !c.is_whitespace() && !"/?#@\"<>".contains(c));
    (end > at && text.get(end) == Some(&'@') && text[at..end].contains(&':')).then_some(end)
}

/// The end of a secret that its name stands before: `password: hunter2`, `Bearer abc`.
fn named_end(text: &[char], at: usize) -> Option<usize> {
    let is_value = |c: char| !c.is_whitespace() && !",;\"'<>)".contains(c);
    if !is_value(text[at]) || at == 0 {
        return None;
    }
    // Back over blanks and quotes to the sign between them, and over that to the name.
    let line: Vec<char> =
        text[at.saturating_sub(24)..at].iter().copied().rev().take_while(|c| *c != '\n').collect();
    let mut rest = line.as_slice();
    let skip = |rest: &mut &[char], part: &str| {
        let from = rest.len();
        while let Some(c) = rest.first().filter(|c| part.contains(**c)) {
            let _ = c;
            *rest = &rest[1..];
        }
        from - rest.len()
    };
    skip(&mut rest, " \t\"'");
    let signs = skip(&mut rest, ":=");
    skip(&mut rest, " \t\"'");
    let name: String = rest
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .map(char::to_ascii_lowercase)
        .collect::<Vec<char>>()
        .into_iter()
        .rev()
        .collect();
    let named = signs > 0
        && NAMES.iter().any(|known| name == *known || name.ends_with(&format!("_{known}")));
    let bearer = signs == 0 && name == "bearer" && line[0].is_whitespace();
    if !named && !bearer {
        return None;
    }
    let end = run_end(text, at, is_value);
    (end - at >= 3).then_some(end)
}

fn mail_end(text: &[char], at: usize) -> Option<usize> {
    let sign = run_end(text, at, is_local);
    if text.get(sign) != Some(&'@') {
        return None;
    }
    let end = run_end(text, sign + 1, |c| c.is_alphanumeric() || matches!(c, '-' | '.'));
    // A sentence's full stop is not the address's.
    let end = end - text[sign + 1..end].iter().rev().take_while(|c| **c == '.').count();
    (end > sign + 1).then_some(end)
}

/// A number that is dialled: with `+` or `0` before it, or in the groups 3-3-4.
fn phone_end(text: &[char], at: usize) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_digit() || " -/().\u{a0}".contains(c);
    let first = text[at];
    if !(first == '+' || first == '(' || first.is_ascii_digit()) {
        return None;
    }
    let most = text.len().min(at + 30);
    let mut end = at + 1;
    // One separator between digits, or a bracket with a blank.
    while end < most && is_part(text[end]) {
        let breaks = text[end..].iter().take(3).all(|c| !c.is_ascii_digit());
        if breaks {
            break;
        }
        end += 1;
    }
    while end > at && !text[end - 1].is_ascii_digit() {
        end -= 1;
    }
    let shown: String = text.get(at..end)?.iter().collect();
    let digits = shown.chars().filter(char::is_ascii_digit).count();
    let groups: Vec<usize> = shown
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .filter(|length| *length > 0)
        .collect();
    let inner = shown.trim_start_matches(['+', '(']);
    let is_date = matches!(groups.as_slice(), [2 | 1, 2, 4, ..]) && first != '+';
    let is_version = shown.contains('.') && groups.iter().all(|length| *length < 3);
    let dialled = first == '+' || inner.starts_with('0') || groups == [3, 3, 4];
    let follows = text.get(end).is_some_and(|c| c.is_alphanumeric());
    ((7..=15).contains(&digits) && dialled && !is_date && !is_version && !follows).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> String {
        masked(text, Mask::All)
    }

    #[test]
    fn mail_addresses_and_phone_numbers_are_left_out() {
        for (text, shown) in [
            ("Write to ida.holm@fjord.example.", "Write to [e-mail]."),
            ("<ida+x@fjord.example>, Søren@børs.example", "<[e-mail]>, [e-mail]"),
            ("mailto:ida@fjord.example?x", "mailto:[e-mail]?x"),
            ("call +47 22 33 44 55 now", "call [phone] now"),
            ("0049 (0)30/123456-7", "[phone]"),
            ("(030) 12 34 56 78", "[phone]"),
            ("555-123-4567", "[phone]"),
        ] {
            assert_eq!(all(text), shown);
        }
    }

    #[test]
    fn licence_keys_tokens_and_passwords_are_left_out_also_with_addresses() {
        for (text, shown) in [
            ("key 7F3K-99AA-B2C4-0000 here", "key [secret] here"),
            ("FH-V5JV-RC7S-EHJX-QE2W", "[secret]"),
            ("cl_a1B2c3D4_e5F6g7H8i9", "[secret]"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
            ("password=hunter2, next", "password=[secret], next"),
            ("Passwort: geheim!", "Passwort: [secret]"),
            ("{\"api_key\": \"abcdef\"}", "{\"api_key\": \"[secret]\"}"),
            ("https://ann:pw@host/x", "https://[secret]@host/x"),
            ("eyJhbGciOi1J9.eyJzdWIi.s1gn", "[secret]"),
            ("550e8400-e29b-41d4-a716-446655440000", "[secret]"),
        ] {
            assert_eq!(masked(text, Mask::Secrets), shown);
            assert!(all(text).contains("[secret]"), "{text}");
        }
        assert_eq!(
            masked("ida@fjord.example, +47 22334455", Mask::Secrets),
            "ida@fjord.example, +47 22334455"
        );
    }

    #[test]
    fn what_only_looks_a_little_like_it_stays() {
        for text in [
            "C-10412 since 2026-11-24 09:12:33, 24-11-2026, 09/11/2026",
            "version 15.2.1.4407, build 20261124, 0.9.1.2",
            "10.0.12.7 port 5938; 192.168.178.21",
            "support-bundle-nordwind-20261124.zip",
            "/usr/lib/x86_64-linux-gnu/libfoo.so.0",
            "42 of 100, error 0x80070005, 3 @ 5",
            "The token is new; pass it on.",
            "zwölf Boxkämpfer jagen Viktor",
        ] {
            assert_eq!(all(text), text);
        }
    }

    #[test]
    fn a_hidden_character_hides_no_address_and_no_control_leaves() {
        assert_eq!(all("ida@\u{200b}fjord.example"), "[e-mail]");
        assert_eq!(all("\u{202e}+47\u{2060} 22 33 44 55"), "[phone]");
        assert_eq!(masked("a\u{1b}[2J\u{7}\r\nb\tc\u{9c}", Mask::Nothing), "a [2J  \nb c ");
        assert_eq!(masked("👩‍🚒 日本", Mask::All), "👩‍🚒 日本");
    }

    #[test]
    fn of_a_licence_key_the_last_four_stay() {
        assert_eq!(licence("7F3K-99AA-B2C4-0000", Mask::All), "…0000");
        assert_eq!(licence("7F3K-99AA-B2C4-0000", Mask::Secrets), "…0000");
        assert_eq!(licence("7F3K-99AA-B2C4-0000", Mask::Nothing), "7F3K-99AA-B2C4-0000");
        assert_eq!(licence("7F3K", Mask::All), "7F3K");
        assert_eq!(licence("", Mask::All), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_address_survives_whatever_stands_around_it(
            before in "[ -~\u{e0}-\u{ff}\n\u{200b}\u{202e}]{0,20}",
            after in "[ -~\u{e0}-\u{ff}\n]{0,20}",
        ) {
            let text = format!("{before} ida.holm@fjord.example {after}");
            prop_assert!(!all(&text).contains("ida.holm@fjord"), "{}", all(&text));
            let shown = all(&text);
            let stays = shown.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}');
            prop_assert!(!stays, "{}", shown);
        }
    }

    #[test]
    fn a_very_long_hostile_text_is_masked_at_once() {
        let long = "a-".repeat(100_000) + &"+4".repeat(100_000) + &"x@".repeat(50_000);
        assert!(!all(&long).is_empty());
    }
}
