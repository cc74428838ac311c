-- The desk's own data. Instants are milliseconds since 1970 UTC.

CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Numbers that are handed out inside the writer's transaction, so that their order is the order in which
-- they become visible: 'change' is the feed's, 'case' and 'correction' make ids.
CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('change', 0), ('case', 10000), ('correction', 0);

CREATE TABLE partners (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT;
-- Where the vendor sold directly, and where an unknown licence key goes.
INSERT INTO partners (id, name) VALUES ('direct', 'Direct');

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('partner', 'engineer', 'product', 'oncall', 'admin')),
    partner TEXT REFERENCES partners (id),
    CHECK ((role = 'partner') = (partner IS NOT NULL))
) STRICT;

-- Only the SHA-256 of a token is kept.
CREATE TABLE tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (id),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_user ON tokens (user);

CREATE TABLE licences (
    key TEXT NOT NULL PRIMARY KEY,
    partner TEXT NOT NULL REFERENCES partners (id),
    company TEXT NOT NULL,
    eligible INTEGER NOT NULL CHECK (eligible IN (0, 1))
) STRICT;

CREATE TABLE corrections (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    release_plan TEXT CHECK (release_plan IN ('hot_fix', 'next_release', 'future_release')),
    status TEXT NOT NULL
        CHECK (status IN ('confirmed', 'planned', 'in_work', 'in_test', 'released', 'rejected')),
    note TEXT,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE cases (
    -- The order of registration: what pages go by.
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    tier TEXT NOT NULL,
    state TEXT NOT NULL,
    partner TEXT NOT NULL REFERENCES partners (id),
    company TEXT NOT NULL,
    contact TEXT NOT NULL,
    assignee TEXT REFERENCES users (id),
    eligibility TEXT NOT NULL,
    environment TEXT NOT NULL,
    workaround INTEGER NOT NULL CHECK (workaround IN (0, 1)),
    phone_follow_up TEXT,
    correction TEXT REFERENCES corrections (id),
    reached_second INTEGER NOT NULL CHECK (reached_second IN (0, 1)),
    -- sla::ledger::Ledger as JSON; what the clocks show is computed from it when it is asked for.
    ledger TEXT NOT NULL,
    reported_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    change_seq INTEGER NOT NULL,
    -- How many timeline entries there are.
    entries INTEGER NOT NULL,
    -- domain::case::Resolution as JSON, while the case is closed.
    resolution TEXT,
    licence_key TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT,
    product TEXT,
    version TEXT,
    -- Last, since it may be long and the feed never reads it.
    description TEXT NOT NULL
) STRICT;
CREATE INDEX cases_change ON cases (change_seq);
CREATE INDEX cases_partner_change ON cases (partner, change_seq);
CREATE INDEX cases_partner_open ON cases (partner, n) WHERE state <> 'closed';
CREATE INDEX cases_correction ON cases (correction) WHERE correction IS NOT NULL;

CREATE TABLE timeline (
    case_n INTEGER NOT NULL REFERENCES cases (n),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    -- The name at the time of the act: a timeline does not change when somebody marries.
    actor_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    visibility TEXT NOT NULL,
    text TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (case_n, seq)
) STRICT, WITHOUT ROWID;

-- One answer for each key of a user, for seven days.
CREATE TABLE idempotency (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);

-- Who did what. Each row's hash covers the row and the hash before it.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    case_id TEXT,
    idempotency_key TEXT,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;
