//! What 2nd level needs to replicate a problem (FAQ: log files, screen dumps; the items of a request for
//! information), and what of it is seen in a case. A help for whoever escalates, never a rule.
//!
//! What is seen, and nothing else:
//! - licence: the case is marked eligible; environment: the case's field.
//! - version: the case's field, else "version" or "v" before a number.
//! - steps: "to reproduce", "steps to", "step 1" and the like, or lines that begin with 1 and 2.
//! - log files: a file whose name has the word log, or an ending of one (`.log`, `.evtx`, `.etl`, `.dmp`).
//! - screen dumps: a file that is a picture.
//! - what was tried: a workaround on record, or "we tried", "tried restarting", "did not help" and the like.
//!
//! Words are looked for in the description, in what the customer added, in notes and calls, and in the reason
//! that is being written; not in what was asked of the customer. Words behind a "not" do not count. They are
//! English ones: what is written in another language is not seen, which is all that is said of it.

use super::case::{Attachment, CaseDetail, TimelineKind};
use super::text::Untrusted;
use super::words::{Eligibility, InfoItem};

/// So much of each text is looked at, in bytes.
const LOOKED_AT: usize = 16 * 1024;
/// So many entries of the timeline, from the newest.
const ENTRIES: usize = 60;

/// One thing that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub item: InfoItem,
    /// None: not seen, which does not say that it is not there.
    pub found: Option<Found>,
}

/// Where a thing was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In a field of the case, which says this.
    Field(Untrusted),
    /// It is this file.
    File(Untrusted),
    /// These words stand there.
    Words { words: String, place: Place },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Description,
    Answer,
    Note,
    Call,
    /// In what is being written.
    Here,
}

impl Place {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Description => "the description",
            Self::Answer => "the customer's answer",
            Self::Note => "a note",
            Self::Call => "a phone call",
            Self::Here => "this reason",
        }
    }
}

/// All that is needed, in the order of [`InfoItem::ALL`]. `written`: the reason as it stands.
#[must_use]
pub fn readiness(detail: &CaseDetail, written: &str) -> Vec<Need> {
    let texts = texts_of(detail, written);
    let find = |cue: fn(&Text) -> Option<String>| {
        texts
            .iter()
            .find_map(|(place, text)| cue(text).map(|words| Found::Words { words, place: *place }))
    };
    let file = |is: fn(&Attachment) -> bool| {
        detail.attachments.iter().find(|file| is(file)).map(|file| Found::File(file.name.clone()))
    };
    let field = |text: &str| Some(Found::Field(text.into()));
    let found = |item| match item {
        InfoItem::Licence => {
            let eligible = detail.case.eligibility == Eligibility::Eligible;
            eligible.then(|| Found::Field(detail.case.eligibility.label().into()))
        }
        InfoItem::Version => {
            let known = detail.version.as_ref().filter(|v| !v.raw().trim().is_empty());
            known.map(|version| Found::Field(version.clone())).or_else(|| find(version))
        }
        InfoItem::Environment => field(detail.case.environment.label()),
        InfoItem::Steps => find(steps),
        InfoItem::LogFiles => file(is_log),
        InfoItem::ScreenDumps => file(is_picture),
        InfoItem::Tried if detail.case.workaround => field("a workaround is on record"),
        InfoItem::Tried => find(tried),
    };
    InfoItem::ALL.iter().map(|item| Need { item: *item, found: found(*item) }).collect()
}

/// A text with its words in small letters.
struct Text {
    lines: String,
    words: Vec<String>,
}

impl Text {
    fn of(text: &str) -> Self {
        let mut end = text.len().min(LOOKED_AT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = text[..end].to_lowercase();
        let words = lines.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Self { words: words.map(str::to_owned).collect(), lines }
    }

    /// The first of the cues that stands there and is not denied.
    fn cue(&self, cues: &[&str]) -> Option<String> {
        cues.iter().find_map(|cue| {
            let wanted: Vec<&str> = cue.split(' ').collect();
            let mut at = 0..=self.words.len().checked_sub(wanted.len())?;
            at.any(|at| self.words[at..].starts_with_all(&wanted) && !self.is_denied(at))
                .then(|| (*cue).to_owned())
        })
    }

    /// Whether one of the four words before denies what follows.
    fn is_denied(&self, at: usize) -> bool {
        const DENIALS: &[&str] =
            &["not", "no", "never", "without", "cannot", "unable", "nothing", "t"];
        self.words[at.saturating_sub(4)..at].iter().any(|word| DENIALS.contains(&word.as_str()))
    }
}

trait StartsWithAll {
    fn starts_with_all(&self, wanted: &[&str]) -> bool;
}

impl StartsWithAll for [String] {
    fn starts_with_all(&self, wanted: &[&str]) -> bool {
        self.len() >= wanted.len() && self.iter().zip(wanted).all(|(word, other)| word == other)
    }
}

fn texts_of(detail: &CaseDetail, written: &str) -> Vec<(Place, Text)> {
    let mut texts = vec![(Place::Description, Text::of(detail.description.raw()))];
    let entries = detail.timeline.iter().rev().take(ENTRIES);
    texts.extend(entries.filter_map(|entry| {
        let place = match entry.kind {
            TimelineKind::CustomerAnswer | TimelineKind::InfoReceived => Place::Answer,
            TimelineKind::Note => Place::Note,
            TimelineKind::LogPhoneCall => Place::Call,
            _ => return None,
        };
        Some((place, Text::of(entry.text.raw())))
    }));
    texts.push((Place::Here, Text::of(written)));
    texts
}

fn version(text: &Text) -> Option<String> {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let pairs = text.words.windows(2);
    let named = pairs.into_iter().find(|two| {
        matches!(two[0].as_str(), "version" | "release" | "build" | "v") && is_number(&two[1])
    });
    let short = || text.words.iter().find(|w| w.strip_prefix('v').is_some_and(is_number));
    named.map(|two| two.join(" ")).or_else(|| short().cloned())
}

fn steps(text: &Text) -> Option<String> {
    const CUES: &[&str] = &[
        "steps to",
        "to reproduce",
        "to replicate",
        "reproduce it",
        "reproduced",
        "replicated",
        "step by step",
        "step 1",
        "following steps",
        "these steps",
    ];
    let begins = |n: char| {
        text.lines.lines().any(|line| {
            line.trim_start().strip_prefix(n).is_some_and(|rest| rest.starts_with(['.', ')']))
        })
    };
    text.cue(CUES).or_else(|| (begins('1') && begins('2')).then(|| "1. 2.".to_owned()))
}

fn tried(text: &Text) -> Option<String> {
    const CUES: &[&str] = &[
        "we tried",
        "i tried",
        "have tried",
        "has tried",
        "already tried",
        "also tried",
        "was tried",
        "did not help",
        "does not help",
        "didn t help",
        "no effect",
        "without success",
        "reinstalled",
        "rolled back",
        "downgraded",
    ];
    let doing = || {
        let pairs = text.words.windows(2).enumerate();
        let mut found = pairs.filter(|(at, two)| {
            two[0] == "tried" && two[1].ends_with("ing") && !text.is_denied(*at)
        });
        found.next().map(|(_, two)| two.join(" "))
    };
    text.cue(CUES).map(|cue| cue.replace("didn t", "didn't")).or_else(doing)
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn is_log(file: &Attachment) -> bool {
    let name = file.name.raw().to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let says = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(word, "log" | "logs" | "logfile" | "logfiles" | "eventlog" | "trace")
    };
    !is_picture(file)
        && (matches!(ending(&name), "log" | "evtx" | "evt" | "etl" | "dmp" | "mdmp")
            || words.any(says))
}

fn is_picture(file: &Attachment) -> bool {
    let name = file.name.raw().to_lowercase();
    let is_named =
        matches!(ending(&name), "png" | "jpg" | "jpeg" | "bmp" | "gif" | "webp" | "tif" | "tiff");
    file.media_type.starts_with("image/") || is_named
}

impl InfoItem {
    /// What the customer is asked to send, in a sentence for them.
    #[must_use]
    pub const fn request(self) -> &'static str {
        match self {
            Self::Licence => "The licence key of the product, as it stands in your order.",
            Self::Version => "The version of the product, as the product itself shows it.",
            Self::Environment => "Whether this is a production, live or lab environment.",
            Self::Steps => "What you do, step by step, what you expect, and what happens instead.",
            Self::LogFiles => "The log files of the time at which it happened.",
            Self::ScreenDumps => "A picture of the screen on which it shows.",
            Self::Tried => "What you have tried so far, and what came of it.",
        }
    }
}

#[cfg(test)]
mod tests;
