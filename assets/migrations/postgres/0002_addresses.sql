-- The addresses on record for a licence, in lower case: mail goes to no others.
CREATE TABLE licence_addresses (
    key TEXT NOT NULL REFERENCES licences (key),
    email TEXT NOT NULL,
    PRIMARY KEY (key, email)
);
