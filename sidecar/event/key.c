#include "event/key.h"

#include <stdbool.h>

#include "event/number.h"

/* A field is encoded as its tag and its text in canonical form, with the length between them for texts. */
enum tag { TAG_STRING = 's', TAG_NUMBER = 'n', TAG_NUMBER_TEXT = 'N', TAG_BOOL = 'b' };
enum { TAG_BYTES = 5, PLAIN_DIGITS_MAX = 40 };

/* Tag and length, little-endian on every machine, to `at`. */
static void put_tag(char *at, enum tag tag, size_t len) {
    at[0] = (char)tag;
    for (int i = 0; i < 4; i++) at[1 + i] = (char)(len >> (8 * i));
}

static void encode_text(enum tag tag, struct span text, struct buffer *key) {
    char *at = buffer_reserve(key, TAG_BYTES + text.len);
    put_tag(at, tag, text.len);
    if (text.len) memcpy(at + TAG_BYTES, text.data, text.len);
    key->len += TAG_BYTES + text.len;
}

/* Integers that are their own canonical text: nearly every number in a key. */
static bool is_plain(struct span text) {
    if (!text.len) return false;
    bool negative = text.len > 1 && text.data[0] == '-';
    if (text.len - negative > PLAIN_DIGITS_MAX || text.data[negative] == '0')
        return text.len == 1 && text.data[0] == '0';
    for (size_t i = negative; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    return true;
}

static void encode_number(struct span text, struct buffer *key) {
    struct number number;
    if (is_plain(text)) {
        encode_text(TAG_NUMBER, text, key);
    } else if (number_parse(text, &number)) {
        size_t start = key->len;
        buffer_reserve(key, TAG_BYTES);
        key->len += TAG_BYTES;
        number_canonical(&number, key);
        put_tag(key->data + start, TAG_NUMBER, key->len - start - TAG_BYTES);
    } else {
        encode_text(TAG_NUMBER_TEXT, text, key);
    }
}

static void encode(struct value field, struct buffer *key) {
    switch (field.type) {
    case VALUE_BOOL: encode_text(TAG_BOOL, field.text, key); break;
    case VALUE_NUMBER: encode_number(field.text, key); break;
    case VALUE_STRING: encode_text(TAG_STRING, field.text, key); break;
    case VALUE_NULL:
    case VALUE_JSON: break; /* never encoded */
    }
}

static enum key_result judge(const struct value *fields, int count, int *bad) {
    enum key_result result = KEY_OK;
    for (int i = 0; i < count; i++) {
        if (fields[i].type == VALUE_JSON) {
            *bad = i;
            return KEY_INVALID;
        }
        if (fields[i].type == VALUE_NULL && result == KEY_OK) {
            *bad = i;
            result = KEY_NULL;
        }
    }
    return result;
}

enum key_result key_hash(const struct value *fields, int count, uint64_t seed, struct buffer *scratch,
                         struct hash128 *hash, int *bad) {
    enum key_result result = judge(fields, count, bad);
    buffer_clear(scratch);
    if (result != KEY_OK) return result;
    for (int i = 0; i < count; i++) encode(fields[i], scratch);
    *hash = hash_key(scratch->data, scratch->len, seed);
    return KEY_OK;
}
