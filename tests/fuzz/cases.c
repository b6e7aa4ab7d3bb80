/* Fuzz target: a file of test cases for the checkouts example. Runs in the project's folder. */
#include "fuzz.h"
#include "testing/case_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct case_pipelines pipelines;
    case_pipelines_init(&pipelines);
    case_file_free(case_file_parse((const char *)data, size, "examples/checkouts/cases/fuzz.yaml", &pipelines,
                                   fuzz_nowhere()));
    case_pipelines_release(&pipelines);
    return 0;
}
