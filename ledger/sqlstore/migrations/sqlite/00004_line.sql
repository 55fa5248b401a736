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
-- Of two different words only the first one was kept; the journal has the other.
INSERT INTO platform_words SELECT r.account, r.id, 'failed', 0, '', MAX(j.at)
FROM refunds r JOIN journal j ON j.account = r.account AND j.id = r.id
WHERE j.once LIKE 'contradiction: reported failed %' GROUP BY r.account, r.id
ON CONFLICT DO NOTHING;
INSERT INTO platform_words SELECT r.account, r.id, 'succeeded', r.amount, '', MAX(j.at)
FROM refunds r JOIN journal j ON j.account = r.account AND j.id = r.id
WHERE r.evidence_state = 'failed' AND (j.once LIKE 'contradiction: reported succeeded %' OR j.once LIKE 'contradiction: settle %')
    AND NOT EXISTS (SELECT 1 FROM platform_words w WHERE w.account = r.account AND w.id = r.id AND w.state = 'succeeded')
GROUP BY r.account, r.id;

-- What contradicted an end while there were no alerts: where no person ended the refund,
-- or the word came after that. Evidence is from before the end, so that what was given
-- back without any is from after it.
UPDATE refunds SET alert = 'the platform gave back ' || refunded || ' fen'
WHERE status IN ('failed', 'rejected', 'cancelled') AND refunded > 0 AND (ended_by = '' OR evidence_state = '');
UPDATE refunds SET alert = 'the platform has reported ' || evidence_state || ', and otherwise as well'
WHERE alert = '' AND status <> 'open' AND evidence_contradicted = 1 AND ended_by = '';
UPDATE refunds SET refunded = COALESCE((SELECT MAX(w.amount) FROM platform_words w
    WHERE w.account = refunds.account AND w.id = refunds.id AND w.state = 'succeeded'), 0)
WHERE alert <> '' AND status <> 'succeeded' AND refunded = 0; -- until a person decides, the money counts
UPDATE refunds SET alert = 'the platform reports that it failed'
WHERE alert = '' AND status = 'succeeded' AND EXISTS (SELECT 1 FROM journal j
    WHERE j.account = refunds.account AND j.id = refunds.id AND j.once LIKE 'contradiction: reported failed %' AND j.seq > (
        SELECT MAX(e.seq) FROM journal e WHERE e.account = j.account AND e.id = j.id AND e.once IN ('settle', 'finish succeeded')));

CREATE INDEX refunds_unfinished ON refunds (account, id) WHERE status = 'open' OR alert <> '';
CREATE INDEX refunds_ended ON refunds (ended_at, account, id) WHERE status <> 'open' AND sends > 0;
