-- Files of cases. One that is not yet any case's is staged: it came in, and waits for the transaction that
-- makes it a case's, or for its day to be over.
CREATE TABLE files (
    n INTEGER PRIMARY KEY,
    -- Drawn at random: whoever staged the file knows it by this.
    id TEXT NOT NULL UNIQUE,
    staged_at INTEGER NOT NULL,
    staged_by TEXT NOT NULL,
    name TEXT NOT NULL,
    -- What came so far, in bytes.
    size INTEGER NOT NULL,
    -- Both set when all of it has come.
    media_type TEXT,
    sha256 TEXT,
    -- Set when it becomes a case's: whose, its number among the files of the case, who gave it when, who may read it.
    case_n INTEGER REFERENCES cases (n),
    place INTEGER,
    at INTEGER,
    by_id TEXT,
    by_name TEXT,
    visibility TEXT,
    UNIQUE (case_n, place)
) STRICT;
CREATE INDEX files_staged ON files (staged_at) WHERE case_n IS NULL;

-- Its bytes, in pieces of 256 KiB (the last one shorter), so that none is ever in memory whole.
CREATE TABLE file_chunks (
    file_n INTEGER NOT NULL REFERENCES files (n) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (file_n, seq)
) STRICT;
