//! Licences as a CSV file: read strictly, each wrong field with its line, and written so that it can be read
//! again. Read a record at a time; what is right is kept until the whole file is read, since it goes in whole
//! or not at all.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};

use crate::domain::rules::{LINE_MAX, fault};
use crate::domain::text::safe_line;
use crate::service::store::{LicenceLine, LicenceRecord};

/// The columns, in the order in which they are written.
pub const COLUMNS: [&str; 5] = ["key", "partner", "company", "eligible", "addresses"];
/// A spreadsheet takes a cell that begins so for a formula, or cuts it.
const ACTS: [char; 5] = ['=', '+', '-', '@', '\t'];
/// The longest address that mail can carry (RFC 5321).
const EMAIL_MAX: usize = 254;
/// The most addresses on record for one licence.
const ADDRESSES_MAX: usize = 100;
/// More wrong fields than these are not told one by one: the file is another one than was meant.
const WRONG_MAX: usize = 1000;

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WrongField {
    pub line: u64,
    /// None: the line as a whole.
    pub field: Option<&'static str>,
    pub message: String,
}

impl std::fmt::Display for WrongField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field {
            Some(field) => write!(f, "{}: {field}: {}", self.line, self.message),
            None => write!(f, "{}: {}", self.line, self.message),
        }
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct LicenceFile {
    pub lines: Vec<LicenceLine>,
    pub wrong: Vec<WrongField>,
}

impl LicenceFile {
    pub fn read(file: impl Read) -> Self {
        let mut this = Self::default();
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(Lines::of(file));
        let header = match reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                this.wrong(1, None, error.to_string());
                return this;
            }
        };
        let Some(places) = this.header(&header) else { return this };
        let mut seen: HashMap<String, u64> = HashMap::new();
        let mut record = ByteRecord::new();
        let mut line = 1;
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => return this,
                Ok(true) => {}
                Err(error) => {
                    this.wrong(line + 1, None, error.to_string());
                    return this;
                }
            }
            // Where it ends is certain; it may begin after empty lines. Its own last one is not in it.
            let breaks = record.as_slice().split(|byte| *byte == b'\n').count() as u64;
            line = reader.position().line().saturating_sub(breaks);
            if record.len() != header.len() {
                this.wrong(
                    line,
                    None,
                    format!("has {} fields where the header has {}", record.len(), header.len()),
                );
            } else if let Some(licence) = this.licence(line, &record, places) {
                if let Some(first) = seen.insert(licence.key.clone(), line) {
                    this.wrong(line, Some("key"), format!("is in line {first} already"));
                }
                this.lines.push(licence);
            }
            if this.wrong.len() >= WRONG_MAX {
                this.wrong(line, None, "and so on: this is as far as it was read".to_owned());
                return this;
            }
        }
    }

    fn wrong(&mut self, line: u64, field: Option<&'static str>, message: String) {
        self.wrong.push(WrongField { line, field, message });
    }

    /// Where each column is; None if the header is wrong.
    fn header(&mut self, header: &ByteRecord) -> Option<[usize; 5]> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let columns = COLUMNS.join(",");
        if header
            .get(0)
            .is_some_and(|cell| cell.starts_with(b"\xff\xfe") || cell.starts_with(b"\xfe\xff"))
        {
            self.wrong(1, None, "the file is UTF-16; save it as CSV in UTF-8".to_owned());
            return None;
        }
        if names.len() == 1 && names.first().is_some_and(|name| name.contains([';', '\t'])) {
            self.wrong(1, None, format!("the fields are to be separated by commas: {columns}"));
            return None;
        }
        for (n, name) in names.iter().enumerate() {
            if !COLUMNS.contains(&name.as_str()) {
                let name = safe_line(name, 60);
                self.wrong(1, None, format!("\"{name}\" is not a column; allowed: {columns}"));
            } else if names.iter().take(n).any(|earlier| earlier == name) {
                self.wrong(1, None, format!("the column {name} is there twice"));
            }
        }
        let mut places = [0; 5];
        for (column, place) in COLUMNS.iter().zip(&mut places) {
            match names.iter().position(|name| name == column) {
                Some(found) => *place = found,
                None => self.wrong(1, None, format!("the column {column} is missing")),
            }
        }
        self.wrong.is_empty().then_some(places)
    }

    /// One line, if it is right.
    fn licence(
        &mut self,
        line: u64,
        record: &ByteRecord,
        places: [usize; 5],
    ) -> Option<LicenceLine> {
        let before = self.wrong.len();
        let mut cells = places.iter().zip(COLUMNS).map(|(place, field)| {
            let cell = record.get(*place).unwrap_or_default();
            match std::str::from_utf8(cell) {
                Ok(text) => (field, unguarded(text).to_owned(), None),
                Err(_) => (
                    field,
                    String::new(),
                    Some(
                        "is not UTF-8 (perhaps Latin-1); save the file as CSV in UTF-8".to_owned(),
                    ),
                ),
            }
        });
        let mut next = || cells.next().unwrap_or(("key", String::new(), None));
        let mut texts = Vec::with_capacity(COLUMNS.len());
        for _ in COLUMNS {
            texts.push(next());
        }
        let mut take = |this: &mut Self, check: fn(&str) -> Option<String>| {
            let (field, text, encoding) = texts.remove(0);
            if let Some(message) = encoding.or_else(|| check(&text)) {
                this.wrong(line, Some(field), message);
            }
            text
        };
        let key = take(self, cell_fault);
        let partner = take(self, cell_fault);
        let company = take(self, cell_fault);
        let eligible = take(self, |text| {
            truth(text).is_none().then(|| {
                format!(
                    "\"{}\" is neither yes nor no; allowed: yes, no, true, false, 1, 0",
                    safe_line(text, 40)
                )
            })
        });
        let addresses = take(self, addresses_fault);
        if self.wrong.len() > before {
            return None;
        }
        let mut list: Vec<String> = split(&addresses).map(str::to_lowercase).collect();
        list.sort();
        list.dedup();
        Some(LicenceLine {
            line,
            key,
            partner: partner.as_str().into(),
            company,
            eligible: truth(&eligible).unwrap_or(false),
            addresses: list,
        })
    }
}

/// A file whose lines end in LF, the last one, too: so that lines can be counted.
struct Lines<R> {
    file: BufReader<R>,
    last: u8,
    /// A CR was read, and is given on unless it ends a line.
    held: bool,
    ended: bool,
}

impl<R: Read> Lines<R> {
    fn of(file: R) -> Self {
        Self {
            file: BufReader::with_capacity(1 << 16, file),
            last: b'\n',
            held: false,
            ended: false,
        }
    }

    fn next(&mut self) -> std::io::Result<Option<u8>> {
        let byte = match self.file.fill_buf()? {
            [] if self.held => {
                self.held = false;
                return Ok(Some(b'\r'));
            }
            [] if self.ended || self.last == b'\n' => return Ok(None),
            [] => {
                self.ended = true;
                return Ok(Some(b'\n'));
            }
            [byte, ..] => *byte,
        };
        if self.held && byte != b'\n' {
            self.held = byte == b'\r';
            if self.held {
                self.file.consume(1);
            }
            self.last = b'\r';
            return Ok(Some(b'\r'));
        }
        self.file.consume(1);
        self.held = byte == b'\r';
        if self.held {
            return self.next();
        }
        self.last = byte;
        Ok(Some(byte))
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut count = 0;
        for place in into {
            match self.next()? {
                Some(byte) => *place = byte,
                None => break,
            }
            count += 1;
        }
        Ok(count)
    }
}

/// The text without the quote that keeps a spreadsheet from taking it for a formula.
fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(ACTS)).unwrap_or(text)
}

/// The text as a cell that no spreadsheet takes for a formula.
pub fn guarded(text: &str) -> String {
    if text.starts_with(ACTS) { format!("'{text}") } else { text.to_owned() }
}

fn cell_fault(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("must not be empty".to_owned());
    }
    if text.trim() != text {
        return Some("begins or ends with a space".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Some("holds a line break or another control character".to_owned());
    }
    fault(text, LINE_MAX)
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn split(addresses: &str) -> impl Iterator<Item = &str> {
    addresses.split([' ', ';']).filter(|address| !address.is_empty())
}

fn addresses_fault(text: &str) -> Option<String> {
    if split(text).count() > ADDRESSES_MAX {
        return Some(format!("holds more than {ADDRESSES_MAX} addresses"));
    }
    let is_address = |address: &str| {
        let parts = address.rsplit_once('@');
        parts.is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !local.contains('@')
        }) && address.len() <= EMAIL_MAX
            && !address.chars().any(|c| c.is_control() || c.is_whitespace() || c == ',')
    };
    split(text).find(|address| !is_address(address)).map(|address| {
        format!(
            "\"{}\" is not an e-mail address; several are separated by a space or a semicolon",
            safe_line(address, 60)
        )
    })
}

/// One licence as the fields of a line.
pub fn fields(licence: &LicenceRecord) -> [String; 5] {
    [
        guarded(&licence.key),
        guarded(licence.partner.as_str()),
        guarded(&licence.company),
        if licence.eligible { "yes" } else { "no" }.to_owned(),
        guarded(&licence.addresses.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "key,partner,company,eligible,addresses\n";

    fn wrong(text: &[u8]) -> Vec<String> {
        LicenceFile::read(text).wrong.iter().map(ToString::to_string).collect()
    }

    fn wrong_line(line: &str) -> Vec<String> {
        wrong(format!("{HEAD}{line}\n").as_bytes())
    }

    #[test]
    fn a_file_of_a_spreadsheet_is_read() {
        let text = "\u{feff}company,key,partner,addresses,eligible\r\n\
            \"Fjord, \"\"Logistics\"\"\",NW-1,nordwind,Ida@Fjord.example; ole@fjord.example,YES\r\n\
            '=Sum Ltd,NW-2,nordwind,,0\r\n\r\n";
        let file = LicenceFile::read(text.as_bytes());
        assert_eq!(file.wrong, []);
        let [first, second] = &file.lines[..] else { panic!("{:?}", file.lines) };
        assert_eq!(first.company, "Fjord, \"Logistics\"");
        assert_eq!(first.addresses, ["ida@fjord.example", "ole@fjord.example"]);
        assert!(first.eligible && !second.eligible);
        assert_eq!((second.line, second.company.as_str()), (3, "=Sum Ltd"));
        assert_eq!(second.addresses, [""; 0]);
    }

    #[test]
    fn every_wrong_field_is_told_with_its_line() {
        let text = format!(
            "{HEAD}NW-1,nordwind,A,yes,\n,nordwind,B,perhaps,ida\nNW-1,nordwind,C,no,a@b\nNW-3,n\n\
             NW-4, n,\"D\nE\",no,a@b;c@@d\n"
        );
        assert_eq!(
            wrong(text.as_bytes()),
            [
                "3: key: must not be empty",
                "3: eligible: \"perhaps\" is neither yes nor no; allowed: yes, no, true, false, 1, 0",
                "3: addresses: \"ida\" is not an e-mail address; several are separated by a space or a \
                 semicolon",
                "4: key: is in line 2 already",
                "5: has 2 fields where the header has 5",
                "6: partner: begins or ends with a space",
                "6: company: holds a line break or another control character",
                "6: addresses: \"c@@d\" is not an e-mail address; several are separated by a space or a \
                 semicolon",
            ]
        );
        let long = "x".repeat(301);
        assert_eq!(
            wrong_line(&format!("{long},p,c,no,")),
            ["2: key: has more than 300 characters"]
        );
    }

    #[test]
    fn lines_are_counted_whatever_they_end_in_and_whatever_is_empty() {
        for end in ["\n", "\r\n"] {
            for last in ["", end] {
                let text = format!(
                    "{}{end}{end}A,p,\"c{end}d\",yes,{end}{end}{end},p,c,yes,{end}B,p,c,no{last}",
                    HEAD.trim_end()
                );
                assert_eq!(
                    wrong(text.as_bytes()),
                    [
                        "3: company: holds a line break or another control character",
                        "7: key: must not be empty",
                        "8: has 4 fields where the header has 5",
                    ],
                    "{text:?}"
                );
            }
        }
        assert_eq!(LicenceFile::read(&b"a\rb\r\r\nc\r"[..]).wrong.len(), 6);
    }

    #[test]
    fn a_header_that_is_not_ours_is_told() {
        assert_eq!(
            wrong(b"key,partner,company,eligble,addresses,key\n"),
            [
                "1: \"eligble\" is not a column; allowed: key,partner,company,eligible,addresses",
                "1: the column key is there twice",
                "1: the column eligible is missing",
            ]
        );
        assert_eq!(
            wrong(b"key;partner;company;eligible;addresses\n"),
            ["1: the fields are to be separated by commas: key,partner,company,eligible,addresses"]
        );
        assert_eq!(wrong(b"").len(), COLUMNS.len());
        assert!(wrong(b"\xff\xfek\0e\0y\0\n\0")[0].contains("UTF-16"));
    }

    #[test]
    fn a_file_in_latin_1_is_told_where() {
        let text = [HEAD.as_bytes(), b"NW-1,nordwind,M\xfcller GmbH,yes,\n"].concat();
        assert_eq!(
            wrong(&text),
            ["2: company: is not UTF-8 (perhaps Latin-1); save the file as CSV in UTF-8"]
        );
    }

    #[test]
    fn no_cell_that_is_written_is_taken_for_a_formula() {
        for text in ["=1+1", "+49", "-x", "@a", "\tb"] {
            assert_eq!(guarded(text), format!("'{text}"));
            assert_eq!(unguarded(&guarded(text)), text);
        }
        assert_eq!(unguarded("'s-Hertogenbosch"), "'s-Hertogenbosch");
    }
}
