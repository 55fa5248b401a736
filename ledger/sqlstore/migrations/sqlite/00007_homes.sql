-- Where this ledger has been, see home.go. A file has no way to tell, so that nothing is
-- written here; both engines have one schema.

-- +goose Up
CREATE TABLE homes (
    home  TEXT    NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT;
