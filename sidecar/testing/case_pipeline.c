#include "testing/case_pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Keys are only compared with each other, so any seed gives the same rows. */
enum { KEY_SEED = 1 };

void case_pipelines_init(struct case_pipelines *pipelines) {
    *pipelines = (struct case_pipelines){0};
}

void case_pipelines_release(struct case_pipelines *pipelines) {
    for (int i = 0; i < pipelines->count; i++) {
        struct case_pipeline *item = pipelines->items[i];
        join_release(&item->join);
        for (int touch = 0; touch < 2; touch++) rekey_memory_free(item->rekey[touch]);
        plan_free(item->plan);
        pipeline_free(item->pipeline);
        free(item->path);
        free(item);
    }
    free(pipelines->items);
    case_pipelines_init(pipelines);
}

static bool compile(struct case_pipeline *item, struct error *error) {
    bool ok = join_init(&item->join, item->plan, KEY_SEED, error);
    rekey_memory_join(&item->join);
    for (int touch = 0; ok && touch < 2; touch++)
        item->rekey[touch] = rekey_memory_new(
            item->pipeline, touch ? item->plan->touches : item->plan->conversions, &ok, error);
    return ok;
}

static void load(struct case_pipeline *item, FILE *errors) {
    struct error error;
    item->pipeline = pipeline_load(item->path, errors);
    if (!item->pipeline) return;
    item->plan = plan_new(item->pipeline);
    item->good = compile(item, &error);
    if (!item->good) fprintf(errors, "%s: %s\n", item->path, error.message);
}

static struct case_pipeline *add(struct case_pipelines *pipelines, const char *path) {
    size_t count = (size_t)pipelines->count + 1;
    pipelines->items = memory_realloc(pipelines->items, count * sizeof(struct case_pipeline *));
    struct case_pipeline *item = memory_zalloc(1, sizeof *item);
    item->path = memory_strdup(path);
    return pipelines->items[pipelines->count++] = item;
}

const struct case_pipeline *case_pipelines_get(struct case_pipelines *pipelines, const char *path,
                                               FILE *errors) {
    struct case_pipeline *item = NULL;
    for (int i = 0; i < pipelines->count && !item; i++)
        if (strcmp(pipelines->items[i]->path, path) == 0) item = pipelines->items[i];
    if (!item) {
        item = add(pipelines, path);
        load(item, errors);
    }
    return item->good ? item : NULL;
}
