#include "config/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "config/reader.h"

static void free_texts(char **texts, int count) {
    for (int i = 0; texts && i < count; i++) free(texts[i]);
    free(texts);
}

static void release_credential(struct credential_config *credential) {
    for (char **text = credential->command; text && *text; text++) free(*text);
    free(credential->command);
    free(credential->file);
}

static void release_tls(struct tls_config *tls) {
    free(tls->ca);
    free(tls->certificate);
    free(tls->key);
    free(tls->key_password);
}

static void release_sasl(struct sasl_config *sasl) {
    free(sasl->username);
    free(sasl->password);
    release_credential(&sasl->token);
}

static void release_kafka(struct kafka_config *kafka) {
    free(kafka->brokers);
    free(kafka->group);
    free(kafka->instance_id);
    release_tls(&kafka->tls);
    release_sasl(&kafka->sasl);
    for (int i = 0; i < kafka->property_count; i++) {
        free(kafka->properties[i].name);
        free(kafka->properties[i].value);
    }
    free(kafka->properties);
}

void repartition_release(struct repartition_config *repartition) {
    free(repartition->by.field);
    free(repartition->topic);
    for (int i = 0; i < repartition->derived_count; i++) free(repartition->derived[i].field);
    free(repartition->derived);
    *repartition = (struct repartition_config){0};
}

static void release_input(struct input_config *input) {
    free(input->name);
    free(input->source_topic);
    free(input->topic);
    free(input->time.field);
    free(input->time.zone);
    free(input->partitioned_by);
    repartition_release(&input->repartition);
}

static void release_attribute(struct attribute_config *attribute) {
    free_texts(attribute->conversion_key, attribute->key_count);
    free_texts(attribute->touch_key, attribute->key_count);
    free(attribute->credit_of);
}

static void release_lookup(struct lookup_config *lookup) {
    free(lookup->name);
    free(lookup->table);
    free_texts(lookup->match_columns, lookup->match_count);
    for (int i = 0; i < lookup->match_count; i++) free(lookup->match[i].field);
    free(lookup->match);
}

static void release_output(struct output_config *output) {
    free(output->table);
    free_texts(output->primary_key, output->primary_key_count);
    for (int i = 0; i < output->column_count; i++) {
        free(output->columns[i].name);
        free(output->columns[i].source.field);
    }
    free(output->columns);
}

void pipeline_free(struct pipeline *pipeline) {
    if (!pipeline) return;
    free(pipeline->file);
    free(pipeline->name);
    release_kafka(&pipeline->kafka);
    free(pipeline->postgres.url);
    release_credential(&pipeline->postgres.password);
    for (int i = 0; i < pipeline->input_count; i++) release_input(&pipeline->inputs[i]);
    free(pipeline->inputs);
    release_attribute(&pipeline->attribute);
    for (int i = 0; i < pipeline->lookup_count; i++) release_lookup(&pipeline->lookups[i]);
    free(pipeline->lookups);
    free(pipeline->lookup_order);
    for (int i = 0; i < pipeline->output_count; i++) release_output(&pipeline->outputs[i]);
    free(pipeline->outputs);
    free(pipeline->dead_letter_topic);
    free(pipeline->changelog_topic);
    free(pipeline->telemetry_listen);
    free(pipeline);
}

static void read_text(struct reader *reader, const char *text, size_t len) {
    const struct node *root = document_parse(text, len, reader->arena, reader->problems);
    if (root) reader_pipeline(reader, root);
    release_input(&reader->defaults);
}

struct pipeline *pipeline_parse(const char *text, size_t len, const char *file, FILE *errors) {
    struct arena arena;
    struct problems problems;
    struct pipeline *pipeline = memory_zalloc(1, sizeof *pipeline);
    pipeline->file = memory_strdup(file);
    arena_init(&arena);
    problems_init(&problems);
    struct reader reader = {.arena = &arena, .problems = &problems, .pipeline = pipeline};
    read_text(&reader, text, len);
    problems_print(&problems, file, errors);
    if (problems.count) {
        pipeline_free(pipeline);
        pipeline = NULL;
    }
    problems_release(&problems);
    arena_release(&arena);
    return pipeline;
}

/* Reads at most one byte more than a pipeline file may have; NULL or why it could not. */
static const char *read_file(const char *path, struct buffer *out) {
    FILE *file = fopen(path, "re");
    if (!file) return strerror(errno);
    out->len = fread(buffer_reserve(out, DOCUMENT_BYTES + 1), 1, DOCUMENT_BYTES + 1, file);
    const char *why = ferror(file) ? strerror(errno) : NULL;
    fclose(file);
    return why;
}

struct pipeline *pipeline_load(const char *file, FILE *errors) {
    struct buffer text;
    struct pipeline *pipeline = NULL;
    buffer_init(&text);
    const char *why = read_file(file, &text);
    if (why)
        fprintf(errors, "%s: cannot be read: %s\n", file, why);
    else
        pipeline = pipeline_parse(text.data, text.len, file, errors);
    buffer_release(&text);
    return pipeline;
}
