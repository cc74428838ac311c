-- As in the SQLite schema beside this one: what is said there holds here.
CREATE INDEX cases_product_open ON cases (n)
    WHERE state <> 'closed' AND (tier = 'product' OR correction IS NOT NULL);

-- The index over its trigrams is made when the desk is opened: it needs an extension, which the role may not
-- be allowed to bring in.
CREATE TABLE case_texts (
    n BIGINT PRIMARY KEY REFERENCES cases (n),
    partner TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX case_texts_partner ON case_texts (partner, n);
CREATE INDEX cases_assignee ON cases (assignee, n) WHERE assignee IS NOT NULL;
