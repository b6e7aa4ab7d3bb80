/* Fuzz target: a pipeline file. One that is taken is printed, and what is printed is taken again. */
#include <stdlib.h>

#include "config/pipeline.h"
#include "fuzz.h"

static void check_printed(const struct pipeline *pipeline) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return;
    pipeline_print(pipeline, out);
    fclose(out);
    struct pipeline *again = pipeline_parse(text, len, "printed.yaml", fuzz_nowhere());
    /* a password is printed as ***, which may not be one */
    if (!again && !strstr(text, "***")) {
        fputs(text, stderr);
        pipeline_free(pipeline_parse(text, len, "printed.yaml", stderr));
        abort();
    }
    pipeline_free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pipeline *pipeline = pipeline_parse((const char *)data, size, "p.yaml", fuzz_nowhere());
    if (pipeline) check_printed(pipeline);
    pipeline_free(pipeline);
    return 0;
}
