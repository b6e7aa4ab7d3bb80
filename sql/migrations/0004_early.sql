-- With `emit: early` the table has rows of conversions that are not decided yet. This says which, so that the worker that
-- decides one without a row can take its early row back, whoever wrote it:
-- {"table": "commerce.attributed_checkouts", "offsets": [[120, 205], [207, 300]]}, first and last offset of each run of
-- them; null: there are none.

ALTER TABLE tributary.progress
    ADD COLUMN IF NOT EXISTS early jsonb;
