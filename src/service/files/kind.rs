//! What a file is, by its bytes alone: neither its name nor what its sender says counts. What is not on the
//! list is refused, programs first of all. Nothing is ever unpacked.
//!
//! Decided here, where the documents are silent:
//! - Every text is `text/plain`: logs, JSON, XML, scripts, and HTML and SVG, too. Customers send saved pages and
//!   configuration, and as plain text to be downloaded no browser runs them.
//! - A text is UTF-8 without NUL, UTF-16 that says so by its first bytes (what Windows exports), or one of the
//!   old 8-bit codes: without NUL and without control characters that no text has.
//! - A PDF, a picture or an archive is known by its first bytes; what follows them is not judged.

/// How much of a file's beginning is looked at for the marks of its type.
pub(super) const HEAD: usize = 8 * 1024;

/// A text in UTF-8.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";
const TEXT_16: &str = "text/plain; charset=utf-16";
/// A text in one of the old codes, which does not say in which.
const TEXT_8: &str = "text/plain";

/// What may be attached beside texts.
const ALLOWED: &[&str] = &[
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/zip",
    "application/gzip",
    "application/x-tar",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-xz",
    "application/zstd",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.tcpdump.pcap",
    "application/x-pcapng",
    "application/x-ms-evtx",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
];

/// First bytes that `infer` does not know: captures of the network, Windows' event log, Zstandard.
const MARKS: &[(&[u8], &str)] = &[
    (b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),
    (b"\x4d\x3c\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\x3c\x4d", "application/vnd.tcpdump.pcap"),
    (b"\x0a\x0d\x0d\x0a", "application/x-pcapng"),
    (b"ElfFile\0", "application/x-ms-evtx"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
];

/// The type of a beginning, if it is one of the list's that has marks.
fn marked(head: &[u8]) -> Option<&'static str> {
    if let Some((_, kind)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(kind);
    }
    let kind = infer::get(head)?.mime_type();
    ALLOWED.iter().copied().find(|allowed| *allowed == kind)
}

/// What a file cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAllowed;

/// Looks at a file as its pieces come, so that one that is refused is refused early.
#[derive(Debug, Default)]
pub(super) struct Sniffer {
    head: Vec<u8>,
    text: Text,
    /// Once the beginning is whole.
    marked: Option<&'static str>,
    judged: bool,
}

impl Sniffer {
    /// # Errors
    /// [`NotAllowed`] once the file can be nothing of the list.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), NotAllowed> {
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(piece.get(..missing).unwrap_or(piece));
        self.text.push(piece);
        if !self.judged && self.head.len() >= HEAD {
            self.judge();
        }
        if self.judged && self.marked.is_none() && self.text.kind().is_none() {
            return Err(NotAllowed);
        }
        Ok(())
    }

    fn judge(&mut self) {
        self.judged = true;
        self.marked = marked(&self.head);
    }

    /// The type of the file, all of which has been seen.
    pub(super) fn finish(mut self) -> Result<&'static str, NotAllowed> {
        if !self.judged {
            self.judge();
        }
        self.text.end();
        self.marked.or_else(|| self.text.kind()).ok_or(NotAllowed)
    }
}

/// What kind of text the bytes so far can be.
#[derive(Debug, Default)]
struct Text {
    not_utf8: bool,
    /// NUL, or a control character that no text has.
    binary: bool,
    nul: bool,
    /// The begun character at the end of the piece before.
    rest: Vec<u8>,
    wide: Wide,
}

impl Text {
    fn push(&mut self, piece: &[u8]) {
        self.nul |= piece.contains(&0);
        // Bell to carriage return, and escape, which colours logs, are in texts; DEL is in none.
        self.binary |= piece
            .iter()
            .any(|b| (*b < b' ' && !(0x07..=0x0d).contains(b) && *b != 0x1b) || *b == 0x7f);
        if !self.not_utf8 {
            self.utf8(piece);
        }
        self.wide.push(piece);
    }

    fn utf8(&mut self, piece: &[u8]) {
        let mut bytes = std::mem::take(&mut self.rest);
        // The begun character takes at most three more bytes.
        let (seam, piece) = if bytes.is_empty() { (0, piece) } else { (3.min(piece.len()), piece) };
        bytes.extend_from_slice(piece.get(..seam).unwrap_or_default());
        let after = piece.get(seam..).unwrap_or_default();
        match std::str::from_utf8(&bytes) {
            Ok(_) => {}
            // The seam ends within another character: it goes on with what is after it.
            Err(error) if error.error_len().is_none() => {
                let begun = bytes.split_off(error.valid_up_to());
                if after.is_empty() {
                    self.rest = begun;
                    return;
                }
                return self.go_on(&begun, after);
            }
            Err(_) => {
                self.not_utf8 = true;
                return;
            }
        }
        self.go_on(&[], after);
    }

    fn go_on(&mut self, begun: &[u8], after: &[u8]) {
        let joined;
        let bytes = if begun.is_empty() {
            after
        } else {
            joined = [begun, after].concat();
            &joined
        };
        if let Err(error) = std::str::from_utf8(bytes) {
            if error.error_len().is_none() {
                self.rest = bytes.get(error.valid_up_to()..).unwrap_or_default().to_vec();
            } else {
                self.not_utf8 = true;
            }
        }
    }

    fn end(&mut self) {
        self.not_utf8 |= !self.rest.is_empty();
        self.wide.broken |= self.wide.half.is_some() || self.wide.surrogate;
    }

    fn kind(&self) -> Option<&'static str> {
        if self.wide.order.is_some() && !self.wide.broken {
            return Some(TEXT_16);
        }
        match (self.nul, self.not_utf8, self.binary) {
            (false, false, _) => Some(TEXT),
            (false, true, false) => Some(TEXT_8),
            _ => None,
        }
    }
}

/// Whether the bytes so far can be UTF-16 with a mark of its byte order.
#[derive(Debug, Default)]
struct Wide {
    /// How two bytes make a unit, once the first two have said so.
    order: Option<fn([u8; 2]) -> u16>,
    broken: bool,
    /// The first byte of a unit whose second one is to come.
    half: Option<u8>,
    /// The unit before was the first of a pair.
    surrogate: bool,
}

impl Wide {
    fn push(&mut self, piece: &[u8]) {
        for byte in piece {
            if self.broken {
                return;
            }
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(first) => self.unit([first, *byte]),
            }
        }
    }

    fn unit(&mut self, bytes: [u8; 2]) {
        let Some(order) = self.order else {
            self.order = match bytes {
                [0xff, 0xfe] => Some(u16::from_le_bytes),
                [0xfe, 0xff] => Some(u16::from_be_bytes),
                _ => None,
            };
            self.broken = self.order.is_none();
            return;
        };
        let unit = order(bytes);
        let low = (0xdc00..0xe000).contains(&unit);
        self.broken |= low != self.surrogate || unit == 0;
        self.surrogate = (0xd800..0xdc00).contains(&unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type of bytes that come in pieces of so many.
    fn kind_in_pieces(bytes: &[u8], size: usize) -> Result<&'static str, NotAllowed> {
        let mut sniffer = Sniffer::default();
        for piece in bytes.chunks(size) {
            sniffer.push(piece)?;
        }
        sniffer.finish()
    }

    #[test]
    fn a_type_is_known_by_the_bytes_however_they_come() {
        let mut tar = vec![b'a'; 257];
        tar.extend_from_slice(b"ustar\x0000");
        let mut mp4 = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
        mp4.extend([0; 100]);
        let cases: Vec<(&[u8], &str)> = vec![
            (b"%PDF-1.7\n\x00\xff", "application/pdf"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0", "image/gif"),
            (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
            (b"PK\x03\x04\x14\0\0\0\x08\0", "application/zip"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "application/x-7z-compressed"),
            (b"\xfd7zXZ\0\0\x04", "application/x-xz"),
            (b"BZh91AY&SY\0", "application/x-bzip2"),
            (b"\x28\xb5\x2f\xfd\x04\0", "application/zstd"),
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "application/vnd.tcpdump.pcap"),
            (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "application/x-pcapng"),
            (b"ElfFile\0\0\0", "application/x-ms-evtx"),
            (&tar, "application/x-tar"),
            (&mp4, "video/mp4"),
            ("Grüße aus Køge, 日本\r\n\tend".as_bytes(), TEXT),
            (b"\x1b[31mERROR\x1b[0m it failed\n", TEXT),
            (b"{\"a\":1}", TEXT),
            (b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>", TEXT),
            (b"<!DOCTYPE html><script>alert(1)</script>", TEXT),
            (b"#!/bin/sh\nrm -rf /\n", TEXT),
            (b"MZ is how this line of a log begins\n", TEXT),
            (b"Gr\xfc\xdfe in Latin-1\n", TEXT_8),
            (b"\xff\xfeh\0i\0", TEXT_16),
        ];
        for (bytes, expected) in cases {
            for size in [1, 2, 3, 7, 100_000] {
                let shown = String::from_utf8_lossy(bytes);
                assert_eq!(kind_in_pieces(bytes, size), Ok(expected), "{shown} by {size}");
            }
        }
    }

    #[test]
    fn programs_and_what_nobody_knows_are_refused() {
        let mut random: u32 = 7;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random.to_be_bytes()[0]
        })
        .take(100_000)
        .collect();
        let cases: Vec<&[u8]> = vec![
            b"\x7fELF\x02\x01\x01\0\0\0",
            b"MZ\x90\0\x03\0\0\0",
            b"\xcf\xfa\xed\xfe\x07\0\0\x01",
            b"\0asm\x01\0\0\0",
            b"\xca\xfe\xba\xbe\0\0\0\x34",
            b"SQLite format 3\0",
            b"a text with a \0 in it",
            b"old code \xfc with a control \x01",
            b"\xff\xfeh\0\0\0i\0",
            b"\xff\xfe\x00\xdch\0",
            b"\xff\xfeh\0i",
            &noise,
        ];
        for bytes in cases {
            for size in [1, 5, 100_000] {
                let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]);
                assert_eq!(kind_in_pieces(bytes, size), Err(NotAllowed), "{shown} by {size}");
            }
        }
        let mut sniffer = Sniffer::default();
        assert_eq!(sniffer.push(&noise[..HEAD]), Err(NotAllowed), "refused before all has come");
    }

    #[test]
    fn a_text_that_breaks_off_within_a_character_is_not_utf_8() {
        let whole = "ü".repeat(5);
        assert_eq!(kind_in_pieces(&whole.as_bytes()[..9], 4), Ok(TEXT_8));
    }
}
