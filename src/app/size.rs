//! Sizes and short times as people say them.

/// "812 B", "45 kB", "1.2 MB": powers of ten, as file managers have them.
pub fn text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes} B");
    };
    let tenths = bytes / (unit / 10);
    if tenths >= 100 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// "8 s", "3 min", "2 h".
pub fn seconds(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{} s", seconds.max(1)),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_that_mean_something() {
        for (bytes, said) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_990, "9.9 kB"),
            (45_300, "45 kB"),
            (1_230_000, "1.2 MB"),
            (26_214_400, "26 MB"),
            (5_000_000_000, "5.0 GB"),
        ] {
            assert_eq!(text(bytes), said);
        }
    }
}
