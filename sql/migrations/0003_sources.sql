-- Of inputs that are re-keyed: how far the partitions of the source topic have come in event time, as the markers before
-- touch_offset and conversion_offset say. {"sources": 4, "at": [[0, 1718600400123456, false], …]}: the partitions that the
-- topic has; of those known, the greatest event time in us since 1970, and whether it is idle.

ALTER TABLE tributary.progress
    ADD COLUMN IF NOT EXISTS touch_sources      jsonb,
    ADD COLUMN IF NOT EXISTS conversion_sources jsonb;
