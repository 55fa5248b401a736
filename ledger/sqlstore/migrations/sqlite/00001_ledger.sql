-- Amounts are integer fen, times are microseconds since 1970 in UTC (0: never),
-- days and payout periods are written as in 2026-11-21. STRICT keeps floats out.

-- +goose Up
CREATE TABLE accounts (
    account    TEXT    NOT NULL PRIMARY KEY,
    flag       TEXT    NOT NULL DEFAULT '', -- why the lane is closed; empty: open
    flagged_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The permanent register. order_key is the order's identity at the platform;
-- like number it is unique within merchant, which several accounts may share.
CREATE TABLE refunds (
    account            TEXT    NOT NULL REFERENCES accounts (account),
    id                 TEXT    NOT NULL CHECK (id <> ''),
    fingerprint        TEXT    NOT NULL,
    request            TEXT    NOT NULL,
    provider           TEXT    NOT NULL,
    merchant           TEXT    NOT NULL CHECK (merchant <> ''),
    order_key          TEXT    NOT NULL CHECK (order_key <> ''),
    order_total        INTEGER NOT NULL CHECK (order_total > 0),
    amount             INTEGER NOT NULL CHECK (amount > 0 AND amount <= order_total),
    number             TEXT    NOT NULL CHECK (number <> ''),
    opened_at          INTEGER NOT NULL,
    status             TEXT    NOT NULL CHECK (status IN ('open', 'succeeded', 'failed', 'rejected', 'cancelled')),
    reason             TEXT    NOT NULL DEFAULT '',
    ended_at           INTEGER NOT NULL DEFAULT 0,
    ended_by           TEXT    NOT NULL DEFAULT '',
    verification       TEXT    NOT NULL CHECK (verification IN ('none', 'begun', 'done')),
    cancels            INTEGER NOT NULL DEFAULT 0, -- cancellations of the verification ever begun
    sending            TEXT    NOT NULL CHECK (sending IN ('none', 'begun', 'done')),
    sends              INTEGER NOT NULL DEFAULT 0 CHECK (sends >= 0), -- sendings that may have arrived
    attempts           INTEGER NOT NULL DEFAULT 0, -- sendings ever begun; numbers the journal's lines
    resends            INTEGER NOT NULL DEFAULT 0, -- repetitions since sending was last 'none'
    absent_reads       INTEGER NOT NULL DEFAULT 0,
    absent_mark        INTEGER NOT NULL DEFAULT 0, -- time of the last sending or counted reading
    platform_refund_id TEXT    NOT NULL DEFAULT '',
    receipt            INTEGER NOT NULL DEFAULT 0,
    refunded           INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    PRIMARY KEY (account, id),
    UNIQUE (merchant, number)
) STRICT;
CREATE INDEX refunds_by_order ON refunds (merchant, order_key);

-- +goose StatementBegin
CREATE TRIGGER refunds_permanent BEFORE DELETE ON refunds
BEGIN SELECT RAISE(ABORT, 'the register of refunds is permanent'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER refunds_identity BEFORE UPDATE OF account, id, fingerprint, request, provider, merchant,
    order_key, order_total, amount, number, opened_at ON refunds
BEGIN SELECT RAISE(ABORT, 'what a refund was opened with never changes'); END;
-- +goose StatementEnd

-- One line per hold a refund ever had, at most one of them alive.
--   held      draws on cap and reserve
--   counted   the same, and was sent: the cap is not given back
--   spent     draws on the day's cap alone: sent that day, and refused or moved on
--   released  draws on nothing
CREATE TABLE holds (
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    day     TEXT    NOT NULL,
    period  TEXT    NOT NULL,
    amount  INTEGER NOT NULL CHECK (amount > 0),
    state   TEXT    NOT NULL CHECK (state IN ('held', 'counted', 'spent', 'released')),
    PRIMARY KEY (account, id, n),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
) STRICT;
CREATE UNIQUE INDEX holds_alive ON holds (account, id) WHERE state IN ('held', 'counted');

-- What the holds draw, summed: by day for the cap, by payout period for the reserve.
CREATE TABLE usage_counters (
    account TEXT    NOT NULL REFERENCES accounts (account),
    kind    TEXT    NOT NULL CHECK (kind IN ('cap', 'reserve')),
    period  TEXT    NOT NULL,
    used    INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (account, kind, period)
) STRICT;

-- One refund in flight per order.
CREATE TABLE order_turns (
    merchant  TEXT NOT NULL,
    order_key TEXT NOT NULL,
    account   TEXT NOT NULL,
    id        TEXT NOT NULL,
    PRIMARY KEY (merchant, order_key),
    UNIQUE (account, id),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
) STRICT;

-- once makes a line unique: the step for the ledger's own lines, a digest for
-- notes. Lines about an account as a whole have an empty id.
CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    once    TEXT    NOT NULL,
    step    TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    UNIQUE (account, id, once)
) STRICT;
CREATE INDEX journal_of_refund ON journal (account, id, seq);

-- +goose StatementBegin
CREATE TRIGGER journal_keeps BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_stays BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- +goose StatementEnd
