/* steps.h: the cleaning steps of an input, compiled once into a flat program over the decoder's fields, and
 * run by it for each event before the time and the key are taken (docs/steps.md defines each of them). It
 * allocates nothing per event once warm: what it makes lies in an arena that is reset with the next event. A
 * decoder without steps has no hook at all. One thread a decoder. */
#ifndef TRIBUTARY_TRANSFORM_STEPS_H
#define TRIBUTARY_TRANSFORM_STEPS_H

#include "config/pipeline.h"
#include "event/decode.h"

/* What a decoder is for. */
enum steps_scope {
    STEPS_ALL,      /* the join: every step. Of an event that is filtered only what its time needs is done */
    STEPS_THOROUGH, /* every step, and for a filtered event those behind it too, as far as they can be done */
    STEPS_FIELDS, /* only those that the decoder's fields, its key and the time come from: no filter either */
    STEPS_FIELDS_FILTERED, /* … and the filters, and what these come from */
};

/* A decoder of the input, with its steps; `options` without a hook. As decoder_new otherwise. The pipeline
 * must outlive it. */
struct decoder *steps_decoder_new(const struct decoder_options *options, const struct input_config *input,
                                  enum steps_scope scope, struct error *error);

/* Marks in `used`, of input->steps->count, the steps that some fields come from, and in `used` the filters
 * too if `filters`. For the fingerprint. */
void steps_mark(const struct input_config *input, const char *const *fields, int field_count, bool filters,
                bool *used);

#endif
