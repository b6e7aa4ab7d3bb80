/* postgres_column.h: decides before anything is sent whether a value fits a column, so that one bad value
 * never fails a batch. The rules are those of Postgres 15 for the text of a value cast to the column's type
 * and assigned to the column; a newer server accepts no less. Pure, no connection; any thread.
 *
 * Text is sent in one spelling where that loses nothing: integers without '+', zeros or fraction, booleans as
 * true and false, uuids in lower case, times in ISO form. Numerics are sent as written: Postgres rounds them.
 * Times are narrower and firmer than Postgres' own reading: ISO-like ones (see timestamp.h), dates,
 * "infinity" and "-infinity" only; digits past the microsecond are cut off; a time without a zone sent to a
 * timestamptz is UTC whatever the session's zone, and a zone sent to a timestamp or date is ignored, as
 * Postgres does. Refused although Postgres reads them, because only an accident would send them: hexadecimal
 * floats, "nan(1)", blanks inside a number ("1e 5"), IPv6 addresses ending in half an IPv4 one, "today", BC
 * and other non-ISO dates, hour 24, second 60, and JSON nested more than COLUMN_JSON_DEPTH_MAX deep
 * (somewhere beyond, Postgres runs out of stack). */
#ifndef TRIBUTARY_EVENT_POSTGRES_COLUMN_H
#define TRIBUTARY_EVENT_POSTGRES_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"
#include "event/value.h"

/* The types that are checked, by their OID, which never changes. A domain counts as its base type. */
enum {
    COLUMN_BOOL = 16,
    COLUMN_BYTEA = 17,
    COLUMN_INT8 = 20,
    COLUMN_INT2 = 21,
    COLUMN_INT4 = 23,
    COLUMN_TEXT = 25,
    COLUMN_JSON = 114,
    COLUMN_FLOAT4 = 700,
    COLUMN_FLOAT8 = 701,
    COLUMN_INET = 869,
    COLUMN_BPCHAR = 1042,
    COLUMN_VARCHAR = 1043,
    COLUMN_DATE = 1082,
    COLUMN_TIMESTAMP = 1114,
    COLUMN_TIMESTAMPTZ = 1184,
    COLUMN_NUMERIC = 1700,
    COLUMN_UUID = 2950,
    COLUMN_JSONB = 3802,
};

enum { COLUMN_JSON_DEPTH_MAX = 5000 };

/* As in pg_attribute: atttypid, atttypmod (-1: none), attnotnull. Other types than those above are not
 * checked. */
struct column_type {
    uint32_t oid;
    int32_t typmod;
    bool not_null;
};

/* A string may hold any bytes: only UTF-8 without NUL is accepted, whatever the type.
 * True with the text to send, absent for NULL; it is a view of the value, constant, or in the arena. False
 * with the reason, which names neither row nor column: `1000.00 does not fit numeric(5,2)`, `"abc" is not an
 * integer`, `null in a column that is not null`. */
bool column_accept(const struct column_type *type, struct value value, struct arena *arena, struct span *text,
                   char *why, size_t why_size);

/* A text that is the same for all texts from column_accept that the column holds as equal values, and
 * different otherwise (7.0 and 7.00 in a numeric, 12.345 and 12.35 in a numeric(5,2), "a" and "a " in a
 * char(2)): what rows are told apart by before an upsert. It may be sent instead of `text`: the column then
 * holds an equal value. Of bytea, inet, json, jsonb and unchecked types it is `text` itself, which may tell
 * apart what Postgres does not. */
struct span column_key(const struct column_type *type, struct span text, struct arena *arena);

/* Whether column_key tells keys of this type apart exactly as Postgres does, under a deterministic collation.
 */
bool column_key_is_exact(uint32_t oid);
/* Whether values of this type that Postgres calls equal are the same in every respect: 1.0 and 1.00 in a
 * numeric are not. Those of other types are told apart by their text. */
bool column_equals_exactly(uint32_t oid);

#endif
