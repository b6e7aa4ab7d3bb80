-- The state of a partition in the changelog topic, and what tells whether it still belongs to the pipeline as it is
-- now configured.

ALTER TABLE tributary.progress
    ADD COLUMN IF NOT EXISTS epoch_before      bigint,  -- the epoch that this one has replaced
    ADD COLUMN IF NOT EXISTS changelog_from    bigint,  -- the blocks still needed lie from this record of the topic on
    ADD COLUMN IF NOT EXISTS changelog_next    bigint,  -- behind the last block that the held touches are in
    ADD COLUMN IF NOT EXISTS held_from_us      bigint,  -- the touches held are those from this event time on; null: all
    ADD COLUMN IF NOT EXISTS generation        bigint,  -- what gives the blocks their meaning; null: no state yet
    ADD COLUMN IF NOT EXISTS fingerprint       jsonb,   -- the settings under which all this was computed
    ADD COLUMN IF NOT EXISTS touch_anchor      text,    -- the last touch read, "offset/timestamp/checksum": tells
    ADD COLUMN IF NOT EXISTS conversion_anchor text,    -- whether a topic is still the one that was read
    ADD COLUMN IF NOT EXISTS touch_start       bigint,  -- where the very first run began
    ADD COLUMN IF NOT EXISTS conversion_start  bigint;

-- What all partitions of a pipeline share.
CREATE TABLE IF NOT EXISTS tributary.pipelines (
    pipeline   text        PRIMARY KEY,
    key_seed   bigint      NOT NULL, -- of the hash of the join key, drawn once
    created_at timestamptz NOT NULL DEFAULT now()
);
