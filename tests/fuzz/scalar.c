/* Fuzz target: times, decimal numbers and quantities as text, and what re-keying writes beside the records.
 * What can be written is read back as the same. */
#include <stdlib.h>

#include "config/quantity.h"
#include "event/number.h"
#include "event/timestamp.h"
#include "fuzz.h"
#include "pipeline/rekey_source.h"
#include "transform/marker.h"

enum { EXPONENT_MAX = 1000000000 };

static void check_time(struct span text) {
    char written[TIMESTAMP_TEXT_MAX];
    int64_t time_us, again_us;
    for (enum time_format format = TIME_FORMAT_ISO; format <= TIME_FORMAT_EPOCH_US; format++) {
        for (enum value_type type = VALUE_NULL; type <= VALUE_STRING; type++)
            timestamp_parse((struct value){type, text}, format, NULL, &time_us);
    }
    if (!timestamp_parse((struct value){VALUE_STRING, text}, TIME_FORMAT_ISO, NULL, &time_us)) return;
    struct value value = {VALUE_STRING, {written, timestamp_format(time_us, written)}};
    if (!timestamp_parse(value, TIME_FORMAT_ISO, NULL, &again_us) || again_us != time_us) abort();
    value.text.len = timestamp_format_iso(time_us, written);
    if (!timestamp_parse(value, TIME_FORMAT_ISO, NULL, &again_us) || again_us != time_us) abort();
}

/* The canonical text is its own canonical text. */
static void check_number(struct span text) {
    struct number number, again;
    struct buffer first, second;
    int64_t value;
    number_int64(text, &value);
    if (!number_parse(text, &number)) return;
    for (int64_t i = 0; i < number.digits; i++)
        if (number_digit(&number, i) < '0' || number_digit(&number, i) > '9') abort();
    buffer_init(&first);
    buffer_init(&second);
    number_overflows(&number, 12, 2);
    number_overflows(&number, 3, -2);
    number_canonical_rounded(&number, 2, &first);
    buffer_clear(&first);
    number_canonical(&number, &first);
    /* many digits before a point that is far away: its exponent may be one that nobody reads */
    bool readable = number_parse(buffer_view(&first), &again);
    if (!readable && number.exponent - 1 <= EXPONENT_MAX && number.exponent - 1 >= -EXPONENT_MAX) abort();
    if (readable) number_canonical(&again, &second);
    if (readable && !span_equal(buffer_view(&first), buffer_view(&second))) abort();
    if (number_to_int64(&number, &value) && !number_is_integer(&number)) abort();
    buffer_release(&first);
    buffer_release(&second);
}

static void check_quantity(const char *text) {
    char written[QUANTITY_TEXT_MAX];
    int64_t value, again;
    if (quantity_duration(text, &value) == QUANTITY_OK &&
        (quantity_duration(quantity_duration_text(value, written), &again) != QUANTITY_OK || again != value))
        abort();
    if (quantity_size(text, &value) == QUANTITY_OK &&
        (quantity_size(quantity_size_text(value, written), &again) != QUANTITY_OK || again != value))
        abort();
    if (quantity_instant(text, &value) == QUANTITY_OK &&
        (quantity_instant(quantity_instant_text(value, written), &again) != QUANTITY_OK || again != value))
        abort();
    quantity_integer(text, &value);
}

static void check_marker(struct span text) {
    struct marker marker = {0}, again = {0};
    struct sources sources = {0};
    struct buffer first, second;
    buffer_init(&first);
    buffer_init(&second);
    if (marker_parse(&marker, text)) {
        marker_apply(&marker, &sources);
        marker_write(&marker, &first);
        if (!marker_parse(&again, buffer_view(&first))) abort();
        marker_write(&again, &second);
        if (!span_equal(buffer_view(&first), buffer_view(&second))) abort();
    }
    buffer_release(&first);
    buffer_release(&second);
    sources_release(&sources);
    marker_release(&marker);
    marker_release(&again);
}

static void check_place(struct span text) {
    char written[MARKER_SOURCE_MAX];
    int32_t partition, partition_again;
    int64_t offset, offset_again;
    if (!marker_source_parse(text, &partition, &offset)) return;
    if (partition < 0 || offset < 0) abort();
    struct span again = {written, marker_source_format(partition, offset, written)};
    if (!marker_source_parse(again, &partition_again, &offset_again) || partition_again != partition ||
        offset_again != offset)
        abort();
}

static void check_metadata(const char *text) {
    struct rekey_source source = {0}, again = {0};
    struct buffer first, second;
    buffer_init(&first);
    buffer_init(&second);
    rekey_source_load(&source, 1, text);
    rekey_source_metadata(&source, &first);
    if (first.len > REKEY_METADATA_MAX) abort();
    rekey_source_load(&again, 1, buffer_string(&first));
    rekey_source_metadata(&again, &second);
    if (!span_equal(buffer_view(&first), buffer_view(&second))) abort();
    buffer_release(&first);
    buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span text = {(const char *)data, size};
    char *terminated = malloc(size + 1);
    if (!terminated) return 0;
    memcpy(terminated, data, size);
    terminated[size] = '\0';
    check_time(text);
    check_number(text);
    check_quantity(terminated);
    check_marker(text);
    check_place(text);
    check_metadata(terminated);
    free(terminated);
    return 0;
}
