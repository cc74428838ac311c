-- Mail to customers, written in the transaction of what it tells. Nothing is ever removed: who was told what
-- when stays on record, and the limits count these rows.
CREATE TABLE mail (
    n INTEGER PRIMARY KEY,
    case_n INTEGER NOT NULL REFERENCES cases (n),
    kind TEXT NOT NULL
        CHECK (kind IN ('receipt', 'respond', 'reply', 'request_info', 'close', 'correction')),
    -- In lower case, as on record.
    recipient TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Made with the row and the same at every try, so that a second copy is known as one.
    message_id TEXT NOT NULL UNIQUE,
    -- The Message-ID of the case's first letter; NULL for that one.
    thread TEXT,
    -- Written by the desk itself: the limits are for these.
    automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'dead', 'held')),
    -- Why it is held.
    reason TEXT CHECK (reason IN ('not_on_record', 'robot', 'own_address', 'hourly', 'daily', 'breaker')),
    tries INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    -- Who sends it just now, and until when nobody else does.
    lease TEXT,
    leased_until INTEGER NOT NULL,
    last_error TEXT,
    -- Whether the case says that it is late.
    told_late INTEGER NOT NULL CHECK (told_late IN (0, 1)),
    created_at INTEGER NOT NULL,
    -- When it was queued, by an administrator again: its two days count from here.
    queued_at INTEGER NOT NULL,
    sent_at INTEGER,
    CHECK ((state = 'held') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX mail_due ON mail (next_at, n) WHERE state = 'queued';
CREATE INDEX mail_case ON mail (case_n, n);
CREATE INDEX mail_dead ON mail (n) WHERE state = 'dead';
CREATE INDEX mail_recipient ON mail (recipient, created_at) WHERE automatic;
CREATE INDEX mail_automatic ON mail (created_at) WHERE automatic;

-- The row of an address is locked while somebody counts the mail that it got.
CREATE TABLE mail_addresses (
    address TEXT NOT NULL PRIMARY KEY,
    counted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
