-- What people must decide about a refund, and have decided; and what counts as given
-- back of an order.

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
CREATE INDEX approvals_in_order ON approvals (account, id, at, by_name);

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

-- A success that a person and a later word of the platform have overruled counts no
-- more, however often it is told again.
ALTER TABLE platform_words ADD COLUMN overruled INTEGER NOT NULL DEFAULT 0 CHECK (overruled IN (0, 1));
UPDATE platform_words SET overruled = 1 WHERE state = 'succeeded' AND EXISTS (SELECT 1 FROM refunds r
    WHERE r.account = platform_words.account AND r.id = platform_words.id AND r.status = 'failed' AND r.refunded = 0 AND r.ended_by <> '');

-- What a refund counts in its order's remainder. proven is what the platform has said
-- it gave back: the largest success under each of its numbers, summed. A refund that
-- ended without success counts what its end left (refunded), an open or succeeded one at
-- least its amount.
CREATE VIEW order_shares AS
SELECT account, id, merchant, order_key, order_total, status, proven,
    CASE WHEN status NOT IN ('open', 'succeeded') THEN refunded
        WHEN amount >= refunded AND amount >= proven THEN amount
        WHEN refunded >= proven THEN refunded
        ELSE proven END AS counted
FROM (
    SELECT r.account, r.id, r.merchant, r.order_key, r.order_total, r.status, r.amount, r.refunded,
        COALESCE((SELECT SUM(w.amount) FROM platform_words w
            WHERE w.account = r.account AND w.id = r.id AND w.state = 'succeeded' AND w.overruled = 0 AND NOT EXISTS (
                SELECT 1 FROM platform_words larger WHERE larger.account = w.account AND larger.id = w.id AND larger.state = w.state
                    AND larger.overruled = 0 AND larger.number = w.number AND larger.amount > w.amount)), 0) AS proven
    FROM refunds r
) AS each_one;
