-- The schema of version 5, in one step. Amounts are integer fen, times are microseconds
-- since 1970 in UTC (0: never), days and payout periods are written as in 2026-11-21.
-- Integers and texts only, as in SQLite, so that both engines hold the same.
--
-- Texts compare by their bytes (COLLATE "C"): keys have one order in both engines, and
-- no index depends on the version of the operating system's dictionary.
--
-- A seq is taken before its transaction commits, and some are taken and never used. It
-- orders what one transaction writes after another that it waited for or read from; of
-- two that ran at the same time either may come first. CACHE must stay 1 for that.

-- +goose Up
CREATE TABLE accounts (
    account    text   COLLATE "C" NOT NULL PRIMARY KEY,
    flag       text   COLLATE "C" NOT NULL DEFAULT '', -- why the lane is closed; empty: open
    flagged_at bigint NOT NULL DEFAULT 0, -- when the flag was put up or last tried
    trial      text   COLLATE "C" NOT NULL DEFAULT '' -- id of the refund that tries the flag
);

-- The permanent register. order_key is the order's identity at the platform;
-- like number it is unique within merchant, which several accounts may share.
CREATE TABLE refunds (
    account               text   COLLATE "C" NOT NULL REFERENCES accounts (account),
    id                    text   COLLATE "C" NOT NULL CHECK (id <> ''),
    fingerprint           text   COLLATE "C" NOT NULL,
    request               text   COLLATE "C" NOT NULL,
    provider              text   COLLATE "C" NOT NULL,
    merchant              text   COLLATE "C" NOT NULL CHECK (merchant <> ''),
    order_key             text   COLLATE "C" NOT NULL CHECK (order_key <> ''),
    order_total           bigint NOT NULL CHECK (order_total > 0),
    amount                bigint NOT NULL CHECK (amount > 0 AND amount <= order_total),
    number                text   COLLATE "C" NOT NULL CHECK (number <> ''),
    opened_at             bigint NOT NULL,
    status                text   COLLATE "C" NOT NULL CHECK (status IN ('open', 'succeeded', 'failed', 'rejected', 'cancelled')),
    reason                text   COLLATE "C" NOT NULL DEFAULT '',
    ended_at              bigint NOT NULL DEFAULT 0,
    ended_by              text   COLLATE "C" NOT NULL DEFAULT '',
    verification          text   COLLATE "C" NOT NULL CHECK (verification IN ('none', 'begun', 'done')),
    cancels               bigint NOT NULL DEFAULT 0, -- cancellations of the verification ever begun
    sending               text   COLLATE "C" NOT NULL CHECK (sending IN ('none', 'begun', 'done')),
    sends                 bigint NOT NULL DEFAULT 0 CHECK (sends >= 0), -- sendings that may have arrived
    attempts              bigint NOT NULL DEFAULT 0, -- sendings ever begun; numbers the journal's lines
    resends               bigint NOT NULL DEFAULT 0, -- repetitions since sending was last 'none'
    absent_reads          bigint NOT NULL DEFAULT 0,
    absent_mark           bigint NOT NULL DEFAULT 0, -- time of the last sending or counted reading
    platform_refund_id    text   COLLATE "C" NOT NULL DEFAULT '',
    receipt               bigint NOT NULL DEFAULT 0,
    refunded              bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    order_gap             bigint NOT NULL DEFAULT 0, -- least microseconds after another sending of the order
    sent_at               bigint NOT NULL DEFAULT 0, -- time of the last sending
    evidence_state        text   COLLATE "C" NOT NULL DEFAULT '' CHECK (evidence_state IN ('', 'succeeded', 'failed')),
    evidence_id           text   COLLATE "C" NOT NULL DEFAULT '',
    evidence_amount       bigint NOT NULL DEFAULT 0 CHECK (evidence_amount >= 0),
    evidence_at           bigint NOT NULL DEFAULT 0,
    evidence_source       text   COLLATE "C" NOT NULL DEFAULT '',
    evidence_contradicted bigint NOT NULL DEFAULT 0 CHECK (evidence_contradicted IN (0, 1)),
    alert                 text   COLLATE "C" NOT NULL DEFAULT '', -- empty: every word fits
    -- The approval that the account's policy demanded when the refund was opened, as
    -- JSON; empty for refunds that were opened before it was kept.
    approval              text   COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (account, id),
    UNIQUE (merchant, number)
);
CREATE INDEX refunds_by_order ON refunds (merchant, order_key);
CREATE INDEX refunds_by_platform_id ON refunds (merchant, platform_refund_id, opened_at) WHERE platform_refund_id <> '';
CREATE INDEX refunds_unfinished ON refunds (account, id) WHERE status = 'open' OR alert <> '';
CREATE INDEX refunds_ended ON refunds (ended_at, account, id) WHERE status <> 'open' AND sends > 0;

-- refuse_change says its trigger's argument.
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END
$$;
-- +goose StatementEnd

CREATE TRIGGER refunds_permanent BEFORE DELETE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the register of refunds is permanent');
CREATE TRIGGER refunds_truncate BEFORE TRUNCATE ON refunds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the register of refunds is permanent');
CREATE TRIGGER refunds_identity BEFORE UPDATE OF account, id, fingerprint, request, provider, merchant,
    order_key, order_total, amount, number, opened_at ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('what a refund was opened with never changes');
CREATE TRIGGER refunds_gap BEFORE UPDATE OF order_gap ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('what a refund was opened with never changes');
CREATE TRIGGER refunds_approval BEFORE UPDATE OF approval ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('what a refund was opened with never changes');

-- One line per hold a refund ever had, at most one of them alive.
--   held      draws on cap and reserve
--   counted   the same, and was sent: the cap is not given back
--   spent     draws on the day's cap alone: sent that day, and refused or moved on
--   released  draws on nothing
CREATE TABLE holds (
    account text   COLLATE "C" NOT NULL,
    id      text   COLLATE "C" NOT NULL,
    n       bigint NOT NULL,
    day     text   COLLATE "C" NOT NULL,
    period  text   COLLATE "C" NOT NULL,
    amount  bigint NOT NULL CHECK (amount > 0),
    state   text   COLLATE "C" NOT NULL CHECK (state IN ('held', 'counted', 'spent', 'released')),
    PRIMARY KEY (account, id, n),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
);
CREATE UNIQUE INDEX holds_alive ON holds (account, id) WHERE state IN ('held', 'counted');

-- What the holds draw, summed: by day for the cap, by payout period for the reserve.
CREATE TABLE usage_counters (
    account text   COLLATE "C" NOT NULL REFERENCES accounts (account),
    kind    text   COLLATE "C" NOT NULL CHECK (kind IN ('cap', 'reserve')),
    period  text   COLLATE "C" NOT NULL,
    used    bigint NOT NULL CHECK (used >= 0),
    PRIMARY KEY (account, kind, period)
);

-- One refund in flight per order.
CREATE TABLE order_turns (
    merchant  text COLLATE "C" NOT NULL,
    order_key text COLLATE "C" NOT NULL,
    account   text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    PRIMARY KEY (merchant, order_key),
    UNIQUE (account, id),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
);

-- One line for all; who comes first has the lower seq, whatever it waits for.
CREATE TABLE waiters (
    seq       bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    account   text   COLLATE "C" NOT NULL,
    id        text   COLLATE "C" NOT NULL,
    merchant  text   COLLATE "C" NOT NULL,
    order_key text   COLLATE "C" NOT NULL,
    kind      text   COLLATE "C" NOT NULL CHECK (kind IN ('daily_cap', 'reserve', 'order_turn')),
    day       text   COLLATE "C" NOT NULL, -- the business day of its last look
    amount    bigint NOT NULL CHECK (amount > 0),
    since     bigint NOT NULL,
    retry_at  bigint NOT NULL, -- when it was told to look again
    UNIQUE (account, id),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
);
CREATE INDEX waiters_of_account ON waiters (account, seq);
CREATE INDEX waiters_of_order ON waiters (merchant, order_key, seq);

-- once makes a line unique: the step for the ledger's own lines, a digest for
-- notes. Lines about an account as a whole have an empty id.
CREATE TABLE journal (
    seq     bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    account text   COLLATE "C" NOT NULL,
    id      text   COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    once    text   COLLATE "C" NOT NULL,
    step    text   COLLATE "C" NOT NULL,
    text    text   COLLATE "C" NOT NULL,
    UNIQUE (account, id, once)
);
CREATE INDEX journal_of_refund ON journal (account, id, seq);
CREATE TRIGGER journal_keeps BEFORE UPDATE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the journal is append-only');
CREATE TRIGGER journal_stays BEFORE DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the journal is append-only');
CREATE TRIGGER journal_truncate BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the journal is append-only');

-- Refunds that were not made here. A line goes away when the refund turns out to
-- be one of the register.
CREATE TABLE foreign_refunds (
    merchant           text   COLLATE "C" NOT NULL CHECK (merchant <> ''),
    platform_refund_id text   COLLATE "C" NOT NULL CHECK (platform_refund_id <> ''),
    account            text   COLLATE "C" NOT NULL CHECK (account <> ''),
    order_key          text   COLLATE "C" NOT NULL,
    number             text   COLLATE "C" NOT NULL,
    amount             bigint NOT NULL CHECK (amount >= 0), -- 0: not told
    state              text   COLLATE "C" NOT NULL CHECK (state IN ('unknown', 'processing', 'succeeded', 'failed')),
    first_at           bigint NOT NULL,
    last_at            bigint NOT NULL,
    PRIMARY KEY (merchant, platform_refund_id)
);
CREATE INDEX foreign_refunds_by_order ON foreign_refunds (merchant, order_key);

-- The platform's questions whether a refund is wanted. id is empty while the
-- refund is not known.
CREATE TABLE audits (
    merchant           text   COLLATE "C" NOT NULL CHECK (merchant <> ''),
    platform_refund_id text   COLLATE "C" NOT NULL CHECK (platform_refund_id <> ''),
    account            text   COLLATE "C" NOT NULL CHECK (account <> ''),
    order_key          text   COLLATE "C" NOT NULL,
    amount             bigint NOT NULL CHECK (amount >= 0), -- 0: not told
    refund_account     text   COLLATE "C" NOT NULL,
    refund_id          text   COLLATE "C" NOT NULL,
    decision           text   COLLATE "C" NOT NULL CHECK (decision IN ('approve', 'refuse', 'undecided')),
    verdict_amount     bigint NOT NULL CHECK (verdict_amount >= 0),
    why                text   COLLATE "C" NOT NULL,
    decided_by         text   COLLATE "C" NOT NULL DEFAULT '',
    asked              bigint NOT NULL,
    first_at           bigint NOT NULL,
    last_at            bigint NOT NULL,
    PRIMARY KEY (merchant, platform_refund_id)
);
-- The second fence against paying twice: one refund approves one question.
CREATE UNIQUE INDEX audits_approve_once ON audits (refund_account, refund_id) WHERE decision = 'approve' AND refund_id <> '';

-- What was said once raises no second alert. amount is 0 for a failure, number is
-- empty for the refund's own. A success that a person and a later word of the platform
-- have overruled counts no more, however often it is told again.
CREATE TABLE platform_words (
    account   text   COLLATE "C" NOT NULL,
    id        text   COLLATE "C" NOT NULL,
    state     text   COLLATE "C" NOT NULL CHECK (state IN ('accepted', 'succeeded', 'failed')),
    amount    bigint NOT NULL CHECK (amount >= 0),
    number    text   COLLATE "C" NOT NULL,
    at        bigint NOT NULL,
    overruled bigint NOT NULL DEFAULT 0 CHECK (overruled IN (0, 1)),
    PRIMARY KEY (account, id, state, amount, number),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
);

-- Who has approved, each once.
CREATE TABLE approvals (
    account text   COLLATE "C" NOT NULL,
    id      text   COLLATE "C" NOT NULL,
    by_name text   COLLATE "C" NOT NULL CHECK (by_name <> ''),
    at      bigint NOT NULL,
    PRIMARY KEY (account, id, by_name),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
);
CREATE INDEX approvals_in_order ON approvals (account, id, at, by_name);

-- Signatures that were used up, and by whom: a repeat of the same claim is a replay.
CREATE TABLE spent_seals (
    account   text   COLLATE "C" NOT NULL,
    id        text   COLLATE "C" NOT NULL,
    signature text   COLLATE "C" NOT NULL CHECK (signature <> ''),
    claim     text   COLLATE "C" NOT NULL CHECK (claim <> ''),
    at        bigint NOT NULL,
    PRIMARY KEY (account, id, signature),
    FOREIGN KEY (account, id) REFERENCES refunds (account, id)
);

-- What a refund counts in its order's remainder. proven is what the platform has said
-- it gave back: the largest success under each of its numbers, summed. A refund that
-- ended without success counts what its end left (refunded), an open or succeeded one at
-- least its amount. A sum of bigint is numeric, which reads like an integer.
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
