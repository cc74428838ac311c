-- What must not be lost: what was ordered and written at this desk. Instants are milliseconds since 1970, by the
-- desk's clock. `owner` is "user:ID", or "token:FINGERPRINT" as long as the desk has not said whose token it is.
-- `sum` is the SHA-256 of its row (store/row.rs): a row whose bytes have changed by themselves is not believed.

-- Whose a token is, as the desk said it; the token itself is nowhere.
CREATE TABLE identities (
    fingerprint TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    sum BLOB NOT NULL
) STRICT;

CREATE TABLE outbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    case_id TEXT NOT NULL,
    -- The case as it stood when the act was ordered, as JSON; NULL where nobody had seen it.
    base TEXT,
    action TEXT NOT NULL,
    queued_at INTEGER NOT NULL,

    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'asked', 'refused', 'damaged', 'done')),
    -- The revision that the act is bound to (If-Match).
    revision INTEGER,
    -- Not sent before: it can be undone until then.
    hold_until INTEGER,
    -- When the person said that it is still to be done.
    confirmed_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    first_tried_at INTEGER,
    -- A try may have reached the desk without an answer.
    uncertain INTEGER NOT NULL DEFAULT 0,
    -- Why the last try had no answer, as JSON.
    last_error TEXT,
    -- The question that is asked, the refusal or the answer, as JSON.
    outcome TEXT,
    ended_at INTEGER,
    sum BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_case ON outbox (case_id, n);

-- Between these revisions a case was changed by our own acts alone.
CREATE TABLE own_revisions (
    owner TEXT NOT NULL,
    case_id TEXT NOT NULL,
    from_revision INTEGER NOT NULL,
    to_revision INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (owner, case_id)
) STRICT;

CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    case_id TEXT NOT NULL,
    body TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT;

-- What the screen was left with: the view, the filter.
CREATE TABLE remembered (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT;
