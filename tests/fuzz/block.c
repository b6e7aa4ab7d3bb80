/* Fuzz target: a block of the changelog, as it is and, since no mutation would meet the checksum, with the
 * right one. */
#include <stdlib.h>

#include "base/hash.h"
#include "fuzz.h"
#include "state/block.h"
#include "state/wire.h"

enum { CHECKSUM_BYTES = 8 };

static void read_block(struct span bytes) {
    static struct block_reader *reader;
    struct block_info info, peeked;
    struct block_touch touch;
    struct error error;
    uint32_t count = 0;
    if (!reader) reader = block_reader_new();
    bool good = block_reader_open(reader, bytes, &info, &error);
    if (good && !block_peek(bytes, &peeked, &error)) abort();
    while (block_reader_next(reader, &touch)) {
        count++;
        fuzz_use(touch.fields);
        if (touch.offset < info.first_offset || touch.offset > info.last_offset) abort();
        if (touch.time_us < info.min_time_us || touch.time_us > info.max_time_us) abort();
    }
    if (count != (good ? info.count : 0)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct block_info info;
    int partition;
    read_block((struct span){(const char *)data, size});
    block_key_parse((struct span){(const char *)data, size}, &partition, &info);
    if (size < CHECKSUM_BYTES) return 0;
    uint8_t *sealed = malloc(size);
    if (!sealed) return 0;
    memcpy(sealed, data, size);
    wire_put_u64(sealed + size - CHECKSUM_BYTES, hash_bytes(sealed, size - CHECKSUM_BYTES));
    read_block((struct span){(const char *)sealed, size});
    free(sealed);
    return 0;
}
