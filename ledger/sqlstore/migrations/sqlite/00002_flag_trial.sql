-- An old flag is tried by one refund, which it does not stop; flagged_at is when
-- the flag was put up or last tried.

-- +goose Up
ALTER TABLE accounts ADD COLUMN trial TEXT NOT NULL DEFAULT ''; -- id of the refund that tries the flag
