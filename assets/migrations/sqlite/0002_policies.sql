-- Every policy that was put in force, in that order; the last one is in force. To go back to an earlier
-- version is a row of its own. A version means one document for ever: clocks remember it by its name.
CREATE TABLE policies (
    n INTEGER PRIMARY KEY,
    version TEXT NOT NULL,
    -- TOML, as its author wrote it.
    document TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
CREATE TRIGGER policies_are_never_changed BEFORE UPDATE ON policies
BEGIN SELECT RAISE(ABORT, 'a policy that was in force stays as it was'); END;
CREATE TRIGGER policies_are_never_cut BEFORE DELETE ON policies
BEGIN SELECT RAISE(ABORT, 'a policy that was in force stays as it was'); END;
