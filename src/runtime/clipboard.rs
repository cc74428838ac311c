//! The terminal's clipboard (OSC 52). It works through ssh, and through tmux and GNU screen, which must be
//! asked to pass it on.

use std::io;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

use super::screen;

/// Bytes of a text that terminals take: xterm and tmux end a sequence at 100,000 characters of base64.
const MOST: usize = 74_994;
/// Bytes that GNU screen passes on in one piece.
const PIECE: usize = 512;

/// What stands between us and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    Tmux,
    Screen,
}

impl Between {
    fn here() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if is_set("TMUX") {
            Self::Tmux
        } else if is_set("STY") {
            Self::Screen
        } else {
            Self::Nothing
        }
    }
}

/// Gives a text to the terminal's clipboard. Terminals do not tell whether they took it.
///
/// # Errors
/// A sentence that says what to do: the text is too long, or the terminal cannot be written to.
pub fn copy(text: &str) -> Result<(), String> {
    if text.len() > MOST {
        let kilobytes = text.len().div_ceil(1000);
        return Err(format!(
            "Could not copy {kilobytes} kB: terminals take 74 kB at most. Export to a file instead."
        ));
    }
    let told = sequence(text, Between::here()).and_then(|bytes| screen::tell(&bytes));
    told.map_err(|why| format!("Could not copy: the terminal cannot be written to ({why})."))
}

fn sequence(text: &str, between: Between) -> io::Result<Vec<u8>> {
    let mut plain = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain).map_err(io::Error::other)?;
    Ok(match between {
        Between::Nothing => plain.into_bytes(),
        // The first half is for `set-clipboard on`, the second for `allow-passthrough on`; where tmux takes
        // both, the same text arrives twice.
        Between::Tmux => {
            let doubled = plain.replace('\u{1b}', "\u{1b}\u{1b}");
            format!("{plain}\u{1b}Ptmux;{doubled}\u{1b}\\").into_bytes()
        }
        // An end that is no escape, since that would end the piece; base64 has none.
        Between::Screen => {
            let plain = plain.replace("\u{1b}\\", "\u{7}").into_bytes();
            let pieces = plain.chunks(PIECE);
            pieces.flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat()).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, between: Between) -> String {
        String::from_utf8(sequence(text, between).unwrap()).unwrap()
    }

    #[test]
    fn a_text_goes_to_the_clipboard_in_base64_so_that_nothing_of_it_reaches_the_screen() {
        assert_eq!(told("C-10412", Between::Nothing), "\u{1b}]52;c;Qy0xMDQxMg==\u{1b}\\");
        let hostile = told("\u{1b}[2J\u{7}\u{9c}", Between::Nothing);
        let inner = hostile.strip_prefix("\u{1b}]52;c;").unwrap().strip_suffix("\u{1b}\\").unwrap();
        assert!(inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)), "{inner}");
    }

    #[test]
    fn tmux_is_told_itself_and_asked_to_pass_it_on() {
        assert_eq!(
            told("C-1", Between::Tmux),
            "\u{1b}]52;c;Qy0x\u{1b}\\\u{1b}Ptmux;\u{1b}\u{1b}]52;c;Qy0x\u{1b}\u{1b}\\\u{1b}\\"
        );
    }

    #[test]
    fn screen_passes_it_on_in_pieces_without_an_escape_within() {
        let long = "x".repeat(2000);
        let told = told(&long, Between::Screen);
        let pieces: Vec<&str> = told.split_inclusive("\u{1b}\\").collect();
        assert!(pieces.len() > 5);
        let inner: String = pieces
            .iter()
            .map(|p| p.strip_prefix("\u{1b}P").unwrap().strip_suffix("\u{1b}\\").unwrap())
            .collect();
        assert!(inner.starts_with("\u{1b}]52;c;") && inner.ends_with('\u{7}'));
        assert_eq!(inner.matches('\u{1b}').count(), 1, "the one that begins it");
    }

    #[test]
    fn what_no_terminal_takes_is_refused_with_what_to_do() {
        let told = copy(&"x".repeat(80_000)).unwrap_err();
        assert_eq!(
            told,
            "Could not copy 80 kB: terminals take 74 kB at most. Export to a file instead."
        );
    }
}
