/* fuzz.h: what the fuzz targets share. A target is a file with LLVMFuzzerTestOneInput: with clang and the
 * preset "fuzz" libFuzzer drives it, elsewhere driver.c runs it over the files of its corpus. */
#ifndef TRIBUTARY_TESTS_FUZZ_H
#define TRIBUTARY_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte, so that a sanitizer sees those that are not there. */
static inline void fuzz_use(struct span text) {
    volatile char last = 0;
    for (size_t i = 0; i < text.len; i++) last = text.data[i];
    (void)last;
}

/* Where messages go that nobody reads. */
static inline FILE *fuzz_nowhere(void) {
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    return nowhere;
}

#endif
