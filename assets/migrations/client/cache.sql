-- What the desk has told one of its users, kept so that a start shows it at once. All of it can be had again.
-- Whatever changes here makes every cache of before one to be made anew. `sum` is of all of its row and of whose it
-- is: a row that has changed by itself, or is of somebody else, is not believed.

-- One row a fact; their names are in `sync::store::cache`.
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The open cases. `standing` is 0 with a running clock, 1 with a held one, 2 without; `due` is the nearest due
-- instant of a running clock in seconds, else 0; `severity` is 0 (Critical) to 3; `number` is the id's, by which it
-- is sorted. `load` is the number of the fresh start that named the case last.
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    due INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    number INTEGER NOT NULL,
    load INTEGER NOT NULL,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
-- The order of what is not missed, and of what is.
CREATE INDEX cases_by_due ON cases (standing, due, severity, number, id);
CREATE INDEX cases_by_severity ON cases (severity, due, number, id) WHERE standing = 0;
CREATE INDEX cases_by_load ON cases (load);

-- How many cases there are, and the exclusive or of their sums: what the disk has lost unnoticed shows here. SQL has
-- no such operator; the bits of either less the bits of both are it.
CREATE TABLE whole (n INTEGER NOT NULL, digest INTEGER NOT NULL) STRICT;
INSERT INTO whole VALUES (0, 0);
CREATE TRIGGER case_in AFTER INSERT ON cases BEGIN
    UPDATE whole SET n = n + 1, digest = (digest | new.sum) - (digest & new.sum);
END;
CREATE TRIGGER case_changed AFTER UPDATE ON cases BEGIN
    UPDATE whole SET digest = (digest | old.sum) - (digest & old.sum);
    UPDATE whole SET digest = (digest | new.sum) - (digest & new.sum);
END;
CREATE TRIGGER case_out AFTER DELETE ON cases BEGIN
    UPDATE whole SET n = n - 1, digest = (digest | old.sum) - (digest & old.sum);
END;

-- Whole cases that were looked at lately; `seen` counts the looks.
CREATE TABLE details (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX details_by_sight ON details (seen);
