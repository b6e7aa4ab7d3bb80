-- What Tributary keeps in Postgres: how far each partition of each pipeline has come. The rows move in the same
-- transaction as the results, which is what makes these exact.

CREATE TABLE IF NOT EXISTS tributary.progress (
    pipeline               text        NOT NULL,
    partition              integer     NOT NULL,
    epoch                  bigint      NOT NULL, -- raised by every claim: who holds an older one is fenced
    commit_seq             bigint      NOT NULL DEFAULT 0, -- raised by every commit: tells whether one arrived
    touch_offset           bigint,     -- the next touch to read; null until the first start has been located
    conversion_offset      bigint,     -- the first conversion that is not yet in the table
    touch_max_time_us      bigint,     -- greatest event time before touch_offset, us since 1970
    conversion_max_time_us bigint,     -- the same before conversion_offset
    touch_ledger           jsonb       NOT NULL DEFAULT '{}', -- outcomes of the touches before touch_offset
    conversion_ledger      jsonb       NOT NULL DEFAULT '{}',
    held_count             bigint      NOT NULL DEFAULT 0, -- touches before touch_offset that are still needed
    held_xor               bigint      NOT NULL DEFAULT 0, -- and the XOR of a hash of their offsets
    updated_at             timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, partition)
);

-- Where wall-clock time moved a watermark: the only thing about the results that the logs do not tell.
CREATE TABLE IF NOT EXISTS tributary.idle_advances (
    pipeline     text    NOT NULL,
    input        text    NOT NULL,
    partition    integer NOT NULL,
    next_offset  bigint  NOT NULL, -- the watermark holds from before this record on
    watermark_us bigint  NOT NULL,
    PRIMARY KEY (pipeline, input, partition, next_offset)
);
