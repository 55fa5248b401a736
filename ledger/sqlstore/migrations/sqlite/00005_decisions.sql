-- What people must decide about a refund, and have decided.

-- +goose Up
-- The approval that the account's policy demanded when the refund was opened, as
-- JSON; empty for refunds that were opened before it was kept.
ALTER TABLE refunds ADD COLUMN approval TEXT NOT NULL DEFAULT '';

-- +goose StatementBegin
CREATE TRIGGER refunds_approval BEFORE UPDATE OF approval ON refunds
BEGIN SELECT RAISE(ABORT, 'what a refund was opened with never changes'); END;
-- +goose StatementEnd

-- Who has approved, each once.
CREATE TABLE approvals (
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    by_name TEXT    NOT NULL CHECK (by_name <> ''),
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, id, by_name),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
) STRICT;

-- Signatures that were used up, and by whom: a repeat of the same claim is a replay.
CREATE TABLE spent_seals (
    account   TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    signature TEXT    NOT NULL CHECK (signature <> ''),
    claim     TEXT    NOT NULL CHECK (claim <> ''),
    at        INTEGER NOT NULL,
    PRIMARY KEY (account, id, signature),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
) STRICT;
