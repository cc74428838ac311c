//! Names for files on this machine, from names that somebody else gave: no path, nothing hidden, nothing that a
//! shell or a terminal takes for something else.

use std::collections::HashSet;

use crate::domain::Attachment;
use crate::domain::text::safe_line;

/// The most bytes of a name; with `.part` it stays within what file systems take.
const MOST: usize = 200;
/// Longer endings than this are no endings.
const ENDING: usize = 16;

/// A name for this machine of something that somebody else named; `id` is what it is called where nothing is left.
pub fn safe(name: &str, id: &str) -> String {
    let mut buffer = [0; 4];
    let mut safe: String = name
        .chars()
        .map(|c| {
            let shown = safe_line(c.encode_utf8(&mut buffer), 4);
            let plain = shown.chars().eq([c]) && !"/\\:*?\"<>|".contains(c);
            if plain { c } else { '_' }
        })
        .collect();
    // Hidden files, options, and what some systems cut off.
    let ends = safe.trim_end_matches(['.', ' ']).len();
    safe.truncate(ends);
    let begins: String = safe.chars().take_while(|c| ".- ~".contains(*c)).map(|_| '_').collect();
    safe.replace_range(..begins.len(), &begins);
    let (stem, ending) = split(&safe);
    let mut end = MOST.saturating_sub(ending.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let cut = format!("{}{ending}", stem.get(..end).unwrap_or_default());
    if cut.chars().all(|c| c == '_') {
        // Ids of another desk might be anything.
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        return format!("file-{id}");
    }
    cut
}

/// A name and its ending with the dot.
pub(super) fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= ENDING => name.split_at(at),
        _ => (name, ""),
    }
}

/// A name for each file of a case: none comes twice, whether or not letters' case counts here, and each is the
/// same whichever of them are brought.
pub fn of_all(files: &[Attachment]) -> Vec<String> {
    let mut taken = HashSet::new();
    files
        .iter()
        .map(|file| {
            let mut name = safe(file.name.raw(), &file.id);
            let mut again = 1;
            while !taken.insert(name.to_lowercase()) {
                again += 1;
                let first = safe(file.name.raw(), &file.id);
                let (stem, ending) = split(&first);
                name = format!("{stem}-{again}{ending}");
            }
            name
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Visibility;

    #[test]
    fn a_name_stays_in_its_folder_and_means_nothing_else() {
        for (given, here) in [
            ("error.log", "error.log"),
            ("Größe 日本.log", "Größe 日本.log"),
            ("../../etc/passwd", "___.._etc_passwd"),
            ("..\\..\\boot.ini", "___.._boot.ini"),
            ("/etc/passwd", "_etc_passwd"),
            ("C:\\x.txt", "C__x.txt"),
            (".bashrc", "_bashrc"),
            ("-rf", "_rf"),
            ("~root", "_root"),
            ("a\r\nb\u{1b}[2J\u{202e}gpj.exe", "a__b_[2J_gpj.exe"),
            ("a\0b", "a_b"),
            ("dots...", "dots"),
            ("", "file-7"),
            ("..", "file-7"),
            ("///", "file-7"),
        ] {
            assert_eq!(safe(given, "7"), here, "{given:?}");
        }
        let long = format!("{}.log", "ü".repeat(300));
        let here = safe(&long, "7");
        assert!(here.len() <= MOST && here.ends_with("ü.log"), "{here}");
    }

    #[test]
    fn two_files_of_one_name_are_two_files() {
        let file = |id: &str, name: &str| Attachment {
            id: id.to_owned(),
            name: name.into(),
            size: 1,
            media_type: "text/plain".to_owned(),
            at: "2026-11-24T10:00:00Z".parse().unwrap(),
            by: "Ann".into(),
            visibility: Visibility::Internal,
            sha256: String::new(),
        };
        let files = [
            file("1", "a.log"),
            file("2", "A.LOG"),
            file("3", "a.log"),
            file("4", "a-2.log"),
            file("5", "/"),
        ];
        let names = of_all(&files);
        assert_eq!(names, ["a.log", "A-2.LOG", "a-3.log", "a-2-2.log", "file-5"]);
    }
}
