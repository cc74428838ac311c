//! Paths in a line of text as people type, paste and drop them: blanks between them, quotes or backslashes where
//! a name has blanks of its own, `file://` before what some terminals drop.

/// The paths of a line.
pub fn split(line: &str) -> Vec<String> {
    pieces(line).into_iter().map(|(_, path)| dropped(&path)).collect()
}

/// Each path with the place in the line where it begins.
fn pieces(line: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut path = String::new();
    let mut begun: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => path.push(c),
            (_, '\\') if chars.peek().is_some_and(|(_, next)| escapes(*next)) => {
                begun.get_or_insert(at);
                path.extend(chars.next().map(|(_, next)| next));
            }
            (Some(_), c) => path.push(c),
            // Within a word it is an apostrophe.
            (None, '\'' | '"') if path.is_empty() => {
                begun.get_or_insert(at);
                quote = Some(c);
            }
            (None, c) if c.is_whitespace() => {
                found.extend(begun.take().map(|begun| (begun, std::mem::take(&mut path))));
            }
            (None, c) => {
                begun.get_or_insert(at);
                path.push(c);
            }
        }
    }
    found.extend(begun.map(|begun| (begun, path)));
    found.retain(|(_, path)| !path.is_empty());
    found
}

/// What a backslash takes its meaning from; before other letters it is itself.
fn escapes(c: char) -> bool {
    c.is_whitespace() || "\\'\"()[]{}&;$!*?#|<>`".contains(c)
}

/// A path as some terminals drop it: `file:///home/ida/a%20b.log`.
fn dropped(path: &str) -> String {
    let Some(rest) = path.strip_prefix("file://") else { return path.to_owned() };
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::new();
    let mut left = rest.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let code = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                left = rest.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                left = rest;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// What the line can mean: its paths; before them, where it has blanks, the whole line as one.
pub fn candidates(line: &str) -> Vec<String> {
    let split = split(line);
    if split.len() > 1 {
        let whole = line.trim().to_owned();
        return std::iter::once(whole).chain(split).collect();
    }
    split
}

/// The path at the end of a line, and what is before it; empty after a blank.
pub fn last(line: &str) -> (String, String) {
    match pieces(line).pop() {
        Some((at, path)) if !ends(line) => (line.get(..at).unwrap_or_default().to_owned(), path),
        _ => (line.to_owned(), String::new()),
    }
}

/// Whether a line ends between two paths.
fn ends(line: &str) -> bool {
    pieces(&format!("{line}x")).len() > pieces(line).len()
}

/// What all names begin with; None: there are none.
pub fn common(names: &[String]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    let mut common = first.as_str();
    for name in rest {
        let same = common.char_indices().zip(name.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(name.len()), |((at, _), _)| at);
        common = common.get(..end).unwrap_or_default();
    }
    Some(common.to_owned())
}

/// A path as a line has it. `whole`: it is complete, so that its quote is closed.
pub fn quoted(path: &str, whole: bool) -> String {
    if !path.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\') {
        return path.to_owned();
    }
    let inner = path.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{inner}{}", if whole { "\"" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_people_type_paste_and_drop_paths() {
        for (line, paths) in [
            ("", &[][..]),
            ("  a.log  ", &["a.log"]),
            ("a.log ~/b.log", &["a.log", "~/b.log"]),
            ("'/tmp/two words.log' ", &["/tmp/two words.log"]),
            ("\"/tmp/two words.log\" x", &["/tmp/two words.log", "x"]),
            ("/tmp/two\\ words.log", &["/tmp/two words.log"]),
            ("Ida's.log b", &["Ida's.log", "b"]),
            ("file:///tmp/a%20b.log", &["/tmp/a b.log"]),
            ("C:\\logs\\a.log", &["C:\\logs\\a.log"]),
            ("\"/tmp/open quote", &["/tmp/open quote"]),
        ] {
            assert_eq!(split(line), paths, "{line:?}");
        }
    }

    #[test]
    fn what_is_completed_is_the_path_at_the_end_and_survives_being_split() {
        assert_eq!(last("a.log /tm"), ("a.log ".to_owned(), "/tm".to_owned()));
        assert_eq!(last("a.log "), ("a.log ".to_owned(), String::new()));
        assert_eq!(last("a \"/tmp/two w"), ("a ".to_owned(), "/tmp/two w".to_owned()));
        let names = ["/tmp/two a".to_owned(), "/tmp/two b".to_owned()];
        assert_eq!(common(&names).as_deref(), Some("/tmp/two "));
        for path in ["/tmp/a.log", "/tmp/two words", "q\"u\\o"] {
            assert_eq!(split(&quoted(path, true)), [path]);
            assert_eq!(split(&quoted(path, false)), [path]);
        }
    }
}
