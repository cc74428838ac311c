-- What Product Management changes of a correction is guarded by its revision, as a case is.
ALTER TABLE corrections ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- Who opened, planned, moved on and linked it, with the reasons that the domain wants on record.
CREATE TABLE correction_events (
    correction_n INTEGER NOT NULL REFERENCES corrections (n),
    -- Counts from 1 within its correction.
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    -- The name at the time of the act.
    actor_name TEXT NOT NULL,
    -- domain::words::CorrectionStep
    what TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Empty where none was given.
    reason TEXT NOT NULL,
    PRIMARY KEY (correction_n, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER correction_events_are_never_changed BEFORE UPDATE ON correction_events
BEGIN SELECT RAISE(ABORT, 'a correction''s history is append-only'); END;
CREATE TRIGGER correction_events_are_never_cut BEFORE DELETE ON correction_events
BEGIN SELECT RAISE(ABORT, 'a correction''s history is append-only'); END;
