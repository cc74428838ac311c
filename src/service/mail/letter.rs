//! What a letter says, and the message that goes to the mail server. Nothing in it was typed by the sender of a
//! report: the frame is ours, and the words within are those of agents. It is made from the row alone, so every
//! try sends the same.

use std::time::SystemTime;

use lettre::Message;
use lettre::message::SinglePart;
use lettre::message::header::{HeaderName, HeaderValue};

use super::{Kind, MailSettings, Queued};

impl Kind {
    /// What the letter is about, after the case id.
    const fn subject(self) -> &'static str {
        match self {
            Self::Receipt => "We have received your report",
            Self::Respond | Self::Reply => "An answer to your case",
            Self::RequestInfo => "We need more information",
            Self::Close => "Your case is closed",
            Self::Correction => "News of a correction",
        }
    }

    const fn opening(self) -> &'static str {
        match self {
            Self::Receipt => "We have received your report. Its case id is",
            Self::Respond | Self::Reply => "This is about your case",
            Self::RequestInfo => "We need more information from you for your case",
            Self::Close => "We have closed your case",
            Self::Correction => "There is news of the correction for your case",
        }
    }
}

/// The text of a letter.
fn body(letter: &Queued, settings: &MailSettings) -> String {
    let mut text = format!("{} {}.\n", letter.kind.opening(), letter.case.as_str());
    if !letter.text.is_empty() {
        text.push('\n');
        text.push_str(&plain(&letter.text));
        text.push('\n');
    }
    if let Some(url) = &settings.public_url {
        let page = url.as_str().trim_end_matches('/');
        text.push_str("\nTo follow the case and to add something: ");
        text.push_str(page);
        text.push_str("/case\nwith the case id and your e-mail address.\n");
    }
    if letter.kind.is_automatic() {
        text.push_str("\nThis message was sent automatically.\n");
    }
    text
}

/// A text with no other controls than line ends and tabs: what is left would mean something to the mail
/// library, a server or a terminal.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let shown = |c: char| if c.is_control() && !"\n\t".contains(c) { '\u{fffd}' } else { c };
    text.trim_end().chars().map(shown).collect()
}

/// The message of a letter.
///
/// # Errors
/// The address cannot be sent to; a sentence.
pub(super) fn message(letter: &Queued, settings: &MailSettings) -> Result<Message, String> {
    let to: lettre::Address =
        letter.recipient.parse().map_err(|_| "the address cannot be written to".to_owned())?;
    let mut message = Message::builder()
        .from(settings.from.clone())
        .to(to.into())
        .subject(format!("[{}] {}", letter.case.as_str(), letter.kind.subject()))
        .date(SystemTime::from(letter.created_at))
        .message_id(Some(letter.message_id.clone()));
    if let Some(thread) = &letter.thread {
        message = message.in_reply_to(thread.clone()).references(thread.clone());
    }
    let raw = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    message = if letter.kind.is_automatic() {
        message
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
    } else {
        // A person wrote it; only holiday notices and the like are unwanted.
        message.raw_header(raw("X-Auto-Response-Suppress", "OOF, AutoReply"))
    };
    message
        .singlepart(SinglePart::plain(body(letter, settings)))
        .map_err(|error| format!("the message cannot be made: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(kind: Kind, text: &str) -> Queued {
        Queued {
            n: 1,
            case_n: 1,
            case: "C-10412".into(),
            kind,
            recipient: "ida@fjord.example".to_owned(),
            text: text.to_owned(),
            message_id: "<2@example.org>".to_owned(),
            thread: Some("<1@example.org>".to_owned()),
            tries: 0,
            created_at: "2026-11-24T10:00:00Z".parse().unwrap(),
            since: "2026-11-24T10:00:00Z".parse().unwrap(),
        }
    }

    fn settings() -> MailSettings {
        let url = "https://support.example.org/".parse().unwrap();
        MailSettings::new("smtp://127.0.0.1", Some("Support <support@example.org>"), Some(url))
            .unwrap()
    }

    #[test]
    fn a_receipt_reads_so() {
        let message = message(&letter(Kind::Receipt, ""), &settings()).unwrap().formatted();
        insta::assert_snapshot!(String::from_utf8(message).unwrap().replace("\r\n", "\n"), @r"
        From: Support <support@example.org>
        To: ida@fjord.example
        Subject: [C-10412] We have received your report
        Date: Tue, 24 Nov 2026 10:00:00 +0000
        Message-ID: <2@example.org>
        In-Reply-To: <1@example.org>
        References: <1@example.org>
        Auto-Submitted: auto-generated
        X-Auto-Response-Suppress: All
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        We have received your report. Its case id is C-10412.

        To follow the case and to add something: https://support.example.org/case
        with the case id and your e-mail address.

        This message was sent automatically.
        ");
    }

    #[test]
    fn an_answer_reads_so() {
        let letter = letter(Kind::RequestInfo, "Please send:\n- log files\n");
        let message = message(&letter, &settings()).unwrap().formatted();
        insta::assert_snapshot!(String::from_utf8(message).unwrap().replace("\r\n", "\n"), @r"
        From: Support <support@example.org>
        To: ida@fjord.example
        Subject: [C-10412] We need more information
        Date: Tue, 24 Nov 2026 10:00:00 +0000
        Message-ID: <2@example.org>
        In-Reply-To: <1@example.org>
        References: <1@example.org>
        X-Auto-Response-Suppress: OOF, AutoReply
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        We need more information from you for your case C-10412.

        Please send:
        - log files

        To follow the case and to add something: https://support.example.org/case
        with the case id and your e-mail address.
        ");
    }

    #[test]
    fn controls_in_an_agents_text_do_nothing() {
        assert_eq!(
            plain("a\r\nb\rc\0\u{1b}[31m\u{9b}\td\n\n"),
            "a\nb\nc\u{fffd}\u{fffd}[31m\u{fffd}\td"
        );
        let message =
            message(&letter(Kind::Reply, "\r\n.\r\nMAIL FROM:<x@y>"), &settings()).unwrap();
        let formatted = String::from_utf8(message.formatted()).unwrap();
        assert!(formatted.is_ascii());
        let (headers, _) = formatted.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("MAIL FROM"), "{headers}");
    }
}
