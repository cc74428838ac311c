//! Who gets no mail, and why. Everybody can write any address into the form, so the desk must be of no use
//! for sending mail to others: only addresses on record get any, robots and our own none, and what the desk
//! writes by itself is counted.

use chrono::{DateTime, Utc};

use super::{DAY, HOUR, MailSettings, PER_ADDRESS_AND_DAY, PER_ADDRESS_AND_HOUR};
use crate::service::store::db::args;
use crate::service::store::{Conn, StoreError, to_ms};

/// Why a letter is held back. It is never sent; the agent tells the customer by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    NotOnRecord,
    Robot,
    OwnAddress,
    /// One automatic letter to an address in an hour.
    Hourly,
    /// Five in a day.
    Daily,
    /// Too much automatic mail in all.
    Breaker,
}

impl Held {
    pub(crate) const ALL: [Self; 6] = [
        Self::NotOnRecord,
        Self::Robot,
        Self::OwnAddress,
        Self::Hourly,
        Self::Daily,
        Self::Breaker,
    ];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotOnRecord => "not_on_record",
            Self::Robot => "robot",
            Self::OwnAddress => "own_address",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Breaker => "breaker",
        }
    }

    /// As the case says it, and `caseload admin mail list`.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotOnRecord => "the address is not on record for the licence",
            Self::Robot => "the address is a robot's",
            Self::OwnAddress => "the address is one of ours",
            Self::Hourly => "the address had automatic mail within the hour",
            Self::Daily => "the address had its automatic mail for the day",
            Self::Breaker => "the desk sends too much automatic mail at present",
        }
    }
}

/// What is in the table about an address, at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    on_record: bool,
    in_hour: i64,
    in_day: i64,
    in_all: i64,
}

impl Counted {
    /// Asks the same of every address, known or not, so that the time which a report takes tells nothing.
    async fn of(
        conn: &mut Conn,
        key: &str,
        address: &str,
        now: DateTime<Utc>,
        most: i64,
    ) -> Result<Self, StoreError> {
        // Two reports at once with one address count one after the other: on PostgreSQL this row is locked
        // until the first has committed.
        conn.run(
            "INSERT INTO mail_addresses (address, counted_at) VALUES ($1, $2)
             ON CONFLICT (address) DO UPDATE SET counted_at = excluded.counted_at",
            args![address, to_ms(now)],
        )
        .await?;
        let on_record = on_record(conn, key, address).await?;
        let (in_hour, in_day): (i64, i64) = conn
            .one(
                "SELECT coalesce(sum(CASE WHEN created_at > $2 THEN 1 ELSE 0 END), 0), count(*)
                 FROM mail
                 WHERE automatic AND recipient = $1 AND created_at > $3 AND state <> 'held'",
                args![address, to_ms(now - HOUR), to_ms(now - DAY)],
            )
            .await?;
        // What the breaker held counts as well: it closes when an hour has passed with less.
        let (in_all,): (i64,) = conn
            .one(
                "SELECT count(*) FROM (
                   SELECT n FROM mail
                   WHERE automatic AND created_at > $1 AND (reason IS NULL OR reason = 'breaker')
                   LIMIT $2) counted",
                args![to_ms(now - HOUR), most],
            )
            .await?;
        Ok(Self { on_record, in_hour, in_day, in_all })
    }
}

/// Whether the address is on record for the licence. It is in lower case.
async fn on_record(conn: &mut Conn, key: &str, address: &str) -> Result<bool, StoreError> {
    let row: Option<(String,)> = conn
        .optional(
            "SELECT email FROM licence_addresses WHERE key = $1 AND email = $2",
            args![key, address],
        )
        .await?;
    Ok(row.is_some())
}

/// Why a letter to an address would be held back at this instant; None: it may go.
pub(super) async fn held(
    conn: &mut Conn,
    settings: &MailSettings,
    key: &str,
    address: &str,
    automatic: bool,
    now: DateTime<Utc>,
) -> Result<Option<Held>, StoreError> {
    let most = i64::from(settings.automatic_per_hour);
    let counted = if automatic {
        Counted::of(conn, key, address, now, most).await?
    } else {
        let on_record = on_record(conn, key, address).await?;
        Counted { on_record, in_hour: 0, in_day: 0, in_all: 0 }
    };
    let own = settings.domain().to_lowercase();
    Ok(if !counted.on_record || !can_be_sent_to(address) {
        Some(Held::NotOnRecord)
    } else if address.rsplit_once('@').is_some_and(|(_, domain)| domain == own) {
        Some(Held::OwnAddress)
    } else if is_robot(address) {
        Some(Held::Robot)
    } else if !automatic {
        None
    } else if counted.in_day >= PER_ADDRESS_AND_DAY {
        Some(Held::Daily)
    } else if counted.in_hour >= PER_ADDRESS_AND_HOUR {
        Some(Held::Hourly)
    } else if counted.in_all >= most {
        Some(Held::Breaker)
    } else {
        None
    })
}

/// Whether the mail library may see the address at all: no control or space, no second meaning in a header or
/// a command. Quoted local parts, which nobody has, are not taken.
fn can_be_sent_to(address: &str) -> bool {
    let plain = |c: char| {
        !c.is_control() && !c.is_whitespace() && !"\"<>(),:;\\[]".contains(c) && !is_invisible(c)
    };
    address.chars().all(plain)
        && !address.starts_with('-')
        && address.parse::<lettre::Address>().is_ok()
}

/// Bidi controls, zero-width characters and tags.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether nobody reads what is sent there, or a program answers it (RFC 3834, RFC 2142).
fn is_robot(address: &str) -> bool {
    const NAMES: [&str; 17] = [
        "mailer-daemon",
        "postmaster",
        "hostmaster",
        "abuse",
        "no-reply",
        "noreply",
        "no_reply",
        "no.reply",
        "do-not-reply",
        "do_not_reply",
        "donotreply",
        "bounce",
        "bounces",
        "daemon",
        "nobody",
        "listserv",
        "majordomo",
    ];
    const BEGINNINGS: [&str; 6] =
        ["owner-", "bounce-", "bounces-", "noreply-", "no-reply-", "prvs="];
    const ENDS: [&str; 7] =
        ["-request", "-owner", "-bounce", "-bounces", "-noreply", "-no-reply", "-daemon"];
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local).to_lowercase();
    let name = local.split('+').next().unwrap_or(&local);
    NAMES.contains(&name)
        || BEGINNINGS.iter().any(|word| local.starts_with(word))
        || ENDS.iter().any(|word| name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_are_known_by_their_names() {
        for robot in [
            "mailer-daemon@a.example",
            "MAILER-DAEMON@a.example",
            "postmaster@a.example",
            "noreply@a.example",
            "no-reply+x@a.example",
            "bounces+ida=fjord@a.example",
            "bounce-12@a.example",
            "owner-list@a.example",
            "list-request@a.example",
            "shop-noreply@a.example",
        ] {
            assert!(is_robot(robot), "{robot}");
        }
        for person in
            ["ida@a.example", "reply@a.example", "abusive@a.example", "a.bouncer@a.example"]
        {
            assert!(!is_robot(person), "{person}");
        }
    }

    #[test]
    fn what_would_break_out_of_a_header_or_a_command_is_no_address() {
        for wrong in [
            "ida@fjord.example\r\nBcc: x@y.example",
            "ida\0@fjord.example",
            "ida\u{9b}@fjord.example",
            "ida\u{202e}@fjord.example",
            "ida@fjord.example> NOTIFY=SUCCESS",
            "\"ida x\"@fjord.example",
            "-oQ/tmp@fjord.example",
            "a,b@fjord.example",
            "ida",
            "@fjord.example",
        ] {
            assert!(!can_be_sent_to(wrong), "{wrong:?}");
        }
        assert!(can_be_sent_to("ida.holm+desk@fjord.example"));
    }
}
