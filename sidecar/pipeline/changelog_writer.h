/* changelog_writer.h: the changes of a batch into the changelog topic, each partition's into the partition of
 * the same number. At least once: a block that is there twice, or that no commit follows, does no harm.
 * Nothing here waits. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_CHANGELOG_WRITER_H
#define TRIBUTARY_PIPELINE_CHANGELOG_WRITER_H

#include "pipeline/batch.h"

struct changelog_writer;

/* NULL with a config error when the client refuses its properties. */
struct changelog_writer *changelog_writer_new(const struct pipeline *pipeline, struct error *error);
void changelog_writer_free(struct changelog_writer *writer);

/* Begins to send; the batch must not change until changelog_writer_poll has said that it is done. */
void changelog_writer_start(struct changelog_writer *writer, struct batch *batch);
/* Goes on sending. *done when every record is acknowledged: the cuts' progress then says where they are.
 * False when one cannot be delivered, or when the topic is no longer the one it was. */
bool changelog_writer_poll(struct changelog_writer *writer, bool *done, struct error *error) MUST_CHECK;

#endif
