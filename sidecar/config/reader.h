/* reader.h: from the tree of a pipeline file to struct pipeline: sections and plain values by the table in
 * options.h, and one function for each shape the table cannot describe. Inside config/ only. One thread at a
 * time.
 *
 * A reader function never stops at what is wrong: it adds a problem, leaves the field empty, and goes on.
 * Whatever it has stored by then belongs to the pipeline and is freed by pipeline_free. */
#ifndef TRIBUTARY_CONFIG_READER_H
#define TRIBUTARY_CONFIG_READER_H

#include "base/arena.h"
#include "config/document.h"
#include "config/options.h"
#include "config/pipeline.h"
#include "config/problem.h"

struct reader {
    struct arena *arena; /* the document and everything short-lived */
    struct problems *problems;
    struct pipeline *pipeline;
    struct input_config defaults; /* what all inputs share */
    bool in_defaults;             /* reading these: nothing is missing yet */
    bool inheriting;              /* reading an input, which has a copy of them: no fallbacks */
    const struct node *columns;   /* the list of columns being read */
};

/* A value in the file. */
struct place {
    const struct node *node;  /* NULL: it is not there */
    struct position position; /* its own, or of what should contain it */
    const char *path;         /* "attribute.window" */
};

/* Reads the whole file into reader->pipeline, which is empty but for its file name. */
void reader_pipeline(struct reader *reader, const struct node *root);

/* The shapes. `target` is the struct of the section that has the option. */
void reader_inputs(struct reader *reader, const struct option_row *option, const struct place *place);
void reader_role(struct reader *reader, const struct option_row *option, const struct place *place,
                 struct attribute_config *attribute);
void reader_key(struct reader *reader, const struct option_row *option, const struct place *place,
                struct attribute_config *attribute);
void reader_lookups(struct reader *reader, const struct option_row *option, const struct place *place);
void reader_match(struct reader *reader, const struct option_row *option, const struct place *place,
                  struct lookup_config *lookup);
void reader_outputs(struct reader *reader, const struct option_row *option, const struct place *place);
void reader_columns(struct reader *reader, const struct option_row *option, const struct place *place,
                    struct output_config *output);
void reader_primary_key(struct reader *reader, const struct option_row *option, const struct place *place,
                        struct output_config *output);
void reader_properties(struct reader *reader, const struct option_row *option, const struct place *place,
                       struct kafka_config *kafka);
void reader_command(struct reader *reader, const struct option_row *option, const struct place *place,
                    void *target);
/* "… is missing", with an example. */
void reader_absent(struct reader *reader, const struct option_row *option, const struct place *place);
/* Each topic has one purpose: after reader_repartitions. */
void reader_topics(struct reader *reader, const struct node *root);
void repartition_release(struct repartition_config *repartition);
/* One way of partitioning: in the defaults, and for an input whose own word replaces what it inherits. */
void reader_defaults_repartition(struct reader *reader, const struct place *place);
void reader_input_repartition(struct reader *reader, const struct node *map, struct input_config *input);
void reader_by(struct reader *reader, const struct option_row *option, const struct place *place,
               struct repartition_config *repartition);
/* What can be said of `repartition` only when everything has been read: what its names mean, and which topic
 * is joined. */
void reader_repartitions(struct reader *reader, const struct node *root);
/* What the options of `attribute` and the columns need of the model: after the outputs. */
void reader_model(struct reader *reader, const struct node *root);
/* "attribution" is not the name of an input or lookup; otherwise a problem. */
bool reader_name_is_free(struct reader *reader, const struct node *key, const char *what);
/* The fields of "attribution". */
extern const char *const reader_attribution_fields[ATTRIBUTION_FIELDS];
/* What the options of `kafka.tls`, `kafka.sasl` and `postgres` need of each other. */
void reader_security(struct reader *reader, const struct node *root);
/* Does the value, or a part of it, stand in the file itself? */
bool reader_written(const struct node *value);

/* Reads a map into the section's struct. Without a node (an absent section) the fallbacks are filled in, and
 * what is needed is reported if `needed`. */
void reader_section(struct reader *reader, enum section section, const struct place *place, bool needed,
                    void *target);

/* What a name in a column or a match means; false with a problem when it means nothing. Free source->field.
 */
bool reader_source(struct reader *reader, const struct node *node, struct source *source);
/* The index of the input called like the node's text, or -1 with a problem. */
int reader_input(struct reader *reader, const struct node *node);

/* Is the node of that kind? Otherwise it is a problem that says what the option wants. */
bool reader_expect(struct reader *reader, const struct option_row *option, const struct place *place,
                   enum node_kind kind);
/* Is an entry of a map or list of sections a map? Otherwise it is a problem, with the example as its hint. */
bool reader_entry(struct reader *reader, const struct node *node, const char *what, const char *example);
/* Like reader_expect, and with at least one entry. */
bool reader_filled(struct reader *reader, const struct option_row *option, const struct place *place,
                   enum node_kind kind);
/* The same for an item within a value: a text that fits the kind. Returns it, or NULL with a problem. */
const char *reader_item(struct reader *reader, const struct node *node, enum kind kind, const char *what);
/* "must be …, not …", with the nearest word or the option's example as the hint. */
void reader_wrong(struct reader *reader, const struct option_row *option, const struct place *place);
/* "unknown `what` "word"", with the nearest of the candidates, or with all of them as a hint. */
void reader_unknown(struct reader *reader, struct position position, const char *what, const char *word,
                    const char *const *candidates, int count);
/* The place of a child. */
struct place reader_child(struct reader *reader, const struct place *parent, const char *name,
                          const struct node *node);

#endif
