-- What Product Management changes of a correction is guarded by its revision, as a case is.
ALTER TABLE corrections ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;

-- Who opened, planned, moved on and linked it, with the reasons that the domain wants on record; as in the SQLite
-- schema.
CREATE TABLE correction_events (
    correction_n BIGINT NOT NULL REFERENCES corrections (n),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    what TEXT NOT NULL,
    text TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (correction_n, seq)
);
CREATE TRIGGER correction_events_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE
    ON correction_events FOR EACH STATEMENT EXECUTE FUNCTION is_append_only();
