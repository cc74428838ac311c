-- What keeps the feed's cost with what it tells: a snapshot's pages go by these.
CREATE INDEX cases_open ON cases (n) WHERE state <> 'closed';
CREATE INDEX cases_product_open ON cases (n)
    WHERE state <> 'closed' AND (tier = 'product' OR correction IS NOT NULL);

-- What of a case is searched and never changes: id, subject, company and contact, each on a line of its own, in
-- the lower case of Unicode. Who has a case is looked for among the users, so that an act writes nothing here.
CREATE TABLE case_texts (
    n INTEGER PRIMARY KEY REFERENCES cases (n),
    partner TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX case_texts_partner ON case_texts (partner, n);
-- In which cases three characters stand next to each other; not where, which nobody asks for.
CREATE VIRTUAL TABLE case_trigrams USING fts5 (
    text, content = 'case_texts', content_rowid = 'n', tokenize = 'trigram case_sensitive 1',
    detail = none, columnsize = 0
);
CREATE TRIGGER case_texts_are_indexed AFTER INSERT ON case_texts
BEGIN INSERT INTO case_trigrams (rowid, text) VALUES (new.n, new.text); END;
-- The cases of somebody who is searched for.
CREATE INDEX cases_assignee ON cases (assignee, n) WHERE assignee IS NOT NULL;
