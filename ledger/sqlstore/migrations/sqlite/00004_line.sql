-- Those who wait for budget or for their order's turn, what the platform was heard
-- to say of each refund, and the alert for the word that does not fit the end.

-- +goose Up
ALTER TABLE refunds ADD COLUMN alert TEXT NOT NULL DEFAULT ''; -- empty: every word fits

-- One line for all; who comes first has the lower seq, whatever it waits for.
CREATE TABLE waiters (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    account   TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    merchant  TEXT    NOT NULL,
    order_key TEXT    NOT NULL,
    kind      TEXT    NOT NULL CHECK (kind IN ('daily_cap', 'reserve', 'order_turn')),
    day       TEXT    NOT NULL, -- the business day of its last look
    amount    INTEGER NOT NULL CHECK (amount > 0),
    since     INTEGER NOT NULL,
    retry_at  INTEGER NOT NULL, -- when it was told to look again
    UNIQUE (account, id),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
) STRICT;
CREATE INDEX waiters_of_account ON waiters (account, seq);
CREATE INDEX waiters_of_order ON waiters (merchant, order_key, seq);

-- What was said once raises no second alert. amount is 0 for a failure, number is
-- empty for the refund's own.
CREATE TABLE platform_words (
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('accepted', 'succeeded', 'failed')),
    amount  INTEGER NOT NULL CHECK (amount >= 0),
    number  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, id, state, amount, number),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
) STRICT;
-- What was heard before is remembered too, as far as it is known.
INSERT INTO platform_words SELECT account, id, evidence_state,
    CASE WHEN evidence_state = 'failed' THEN 0 WHEN evidence_amount = 0 THEN amount ELSE evidence_amount END,
    CASE WHEN evidence_id = platform_refund_id THEN '' ELSE evidence_id END, evidence_at
FROM refunds WHERE evidence_state <> '';
INSERT INTO platform_words SELECT account, id, 'succeeded', refunded, '', ended_at
FROM refunds WHERE refunded > 0 AND (status <> 'succeeded' OR ended_by = '')
ON CONFLICT DO NOTHING;

CREATE INDEX refunds_unfinished ON refunds (account, id) WHERE status = 'open' OR alert <> '';
CREATE INDEX refunds_ended ON refunds (ended_at, account, id) WHERE status <> 'open' AND sends > 0;
