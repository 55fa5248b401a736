-- Books that were restored from a backup know less than the platforms: what they show
-- as never sent is asked about before it is sent.

-- +goose Up
ALTER TABLE refunds ADD COLUMN ask_first bigint NOT NULL DEFAULT 0 CHECK (ask_first IN (0, 1));

-- Each restore, and until when a new refund may be one that was forgotten.
CREATE TABLE restores (
    at        bigint NOT NULL PRIMARY KEY,
    ask_until bigint NOT NULL
);
CREATE INDEX restores_until ON restores (ask_until);
