-- Where this ledger has been: the server, its timeline, and the database and table in it,
-- see home.go. It is of one place, and never copied to another.

-- +goose Up
CREATE TABLE homes (
    home  text   COLLATE "C" NOT NULL PRIMARY KEY,
    since bigint NOT NULL
);
