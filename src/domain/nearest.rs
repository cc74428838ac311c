//! The nearest right name to one that was mistyped.

/// The candidate that the given word most likely meant; None if none is near.
#[must_use]
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|c| (distance(&given, &c.to_lowercase().replace('-', "_")), c))
        .filter(|(d, c)| *d <= (c.chars().count() / 3).max(2) && *d < c.chars().count())
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// How many single edits (insert, delete, replace, swap of neighbours) lie between two words.
fn distance(a: &str, b: &str) -> usize {
    // A name of a thousand letters is nobody's typing mistake, and the table below is quadratic.
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        let names = ["token_file", "token_env", "token_command", "url", "kind"];
        assert_eq!(nearest("tokenfile", names), Some("token_file"));
        assert_eq!(nearest("token-file", names), Some("token_file"));
        assert_eq!(nearest("ulr", names), Some("url"));
        assert_eq!(nearest("knid", names), Some("kind"));
        assert_eq!(nearest("password", names), None);
        assert_eq!(nearest("xyz", names), None);
    }
}
