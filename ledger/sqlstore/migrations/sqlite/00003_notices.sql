-- What the platforms say by themselves: the proven end of a refund, refunds that
-- were not made here, and questions before a payment. And the pause that some
-- platforms want between two refunds of one order.

-- +goose Up
ALTER TABLE refunds ADD COLUMN order_gap INTEGER NOT NULL DEFAULT 0; -- least microseconds after another sending of the order
ALTER TABLE refunds ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0; -- time of the last sending
ALTER TABLE refunds ADD COLUMN evidence_state TEXT NOT NULL DEFAULT '' CHECK (evidence_state IN ('', 'succeeded', 'failed'));
ALTER TABLE refunds ADD COLUMN evidence_id TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN evidence_amount INTEGER NOT NULL DEFAULT 0 CHECK (evidence_amount >= 0);
ALTER TABLE refunds ADD COLUMN evidence_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN evidence_source TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN evidence_contradicted INTEGER NOT NULL DEFAULT 0 CHECK (evidence_contradicted IN (0, 1));

UPDATE refunds SET sent_at = COALESCE((SELECT MAX(j.at) FROM journal j
    WHERE j.account = refunds.account AND j.id = refunds.id AND (j.once LIKE 'begin send %' OR j.once LIKE 'begin resend %')), 0);

CREATE INDEX refunds_by_platform_id ON refunds (merchant, platform_refund_id, opened_at) WHERE platform_refund_id <> '';

-- +goose StatementBegin
CREATE TRIGGER refunds_gap BEFORE UPDATE OF order_gap ON refunds
BEGIN SELECT RAISE(ABORT, 'what a refund was opened with never changes'); END;
-- +goose StatementEnd

-- Refunds that were not made here. A line goes away when the refund turns out to
-- be one of the register.
CREATE TABLE foreign_refunds (
    merchant           TEXT    NOT NULL CHECK (merchant <> ''),
    platform_refund_id TEXT    NOT NULL CHECK (platform_refund_id <> ''),
    account            TEXT    NOT NULL CHECK (account <> ''),
    order_key          TEXT    NOT NULL,
    number             TEXT    NOT NULL,
    amount             INTEGER NOT NULL CHECK (amount >= 0), -- 0: not told
    state              TEXT    NOT NULL CHECK (state IN ('unknown', 'processing', 'succeeded', 'failed')),
    first_at           INTEGER NOT NULL,
    last_at            INTEGER NOT NULL,
    PRIMARY KEY (merchant, platform_refund_id)
) STRICT;
CREATE INDEX foreign_refunds_by_order ON foreign_refunds (merchant, order_key);

-- The platform's questions whether a refund is wanted. id is empty while the
-- refund is not known.
CREATE TABLE audits (
    merchant           TEXT    NOT NULL CHECK (merchant <> ''),
    platform_refund_id TEXT    NOT NULL CHECK (platform_refund_id <> ''),
    account            TEXT    NOT NULL CHECK (account <> ''),
    order_key          TEXT    NOT NULL,
    amount             INTEGER NOT NULL CHECK (amount >= 0), -- 0: not told
    refund_account     TEXT    NOT NULL,
    refund_id          TEXT    NOT NULL,
    decision           TEXT    NOT NULL CHECK (decision IN ('approve', 'refuse', 'undecided')),
    verdict_amount     INTEGER NOT NULL CHECK (verdict_amount >= 0),
    why                TEXT    NOT NULL,
    decided_by         TEXT    NOT NULL DEFAULT '',
    asked              INTEGER NOT NULL,
    first_at           INTEGER NOT NULL,
    last_at            INTEGER NOT NULL,
    PRIMARY KEY (merchant, platform_refund_id)
) STRICT;
-- The second fence against paying twice: one refund approves one question.
CREATE UNIQUE INDEX audits_approve_once ON audits (refund_account, refund_id) WHERE decision = 'approve' AND refund_id <> '';
