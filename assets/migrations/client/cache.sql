-- What the desk has told one of its users, kept so that a start shows it at once. All of it can be had again.

-- One row a fact: "me", "policy" (as JSON), "cursor", "fresh_at" (milliseconds, the desk's clock), "skew_ms".
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The open cases. `due` is the nearest due instant of a running clock in seconds, `severity` 0 (Critical) to 3:
-- the head of the queue is found without reading the rest of it.
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    due INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX cases_by_due ON cases (severity, due);

-- Whole cases that were looked at lately.
CREATE TABLE details (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX details_by_sight ON details (seen_at);
