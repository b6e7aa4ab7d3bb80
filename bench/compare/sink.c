/* sink copy|upsert URL FILE [ROWS_A_BATCH]: the limit of what one connection can write into
 * commerce.attributed_checkouts. FILE holds rows of its twelve columns as COPY writes them (text format); it
 * is read before the time counts. "copy" sends them through one COPY; "upsert" through one statement for each
 * batch, its columns as arrays of text, ordered by key, each in a transaction of its own, and the next batch
 * is put together while the server works. Prints one line of JSON: rows, seconds and the client's processor
 * seconds. */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buffer.h"
#include "base/memory.h"

enum { COLUMNS = 12, DEFAULT_BATCH = 10000, COPY_BYTES = 1 << 16 };

static const char copy_sql[] =
    "COPY commerce.attributed_checkouts (checkout_id, user_name, click_id, product_id, payment_method, "
    "total_amount, shipping_address, billing_address, user_agent, ip_address, checkout_time, click_time) "
    "FROM STDIN";

static const char upsert_sql[] =
    "INSERT INTO commerce.attributed_checkouts AS t (checkout_id, user_name, click_id, product_id, "
    "payment_method, "
    "total_amount, shipping_address, billing_address, user_agent, ip_address, checkout_time, click_time) "
    "SELECT a, b, c, d, e, f::numeric, g, h, i, j, k::timestamp, l::timestamp "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], "
    "$8::text[], "
    "$9::text[], $10::text[], $11::text[], $12::text[]) AS u(a, b, c, d, e, f, g, h, i, j, k, l) "
    "ON CONFLICT (checkout_id) DO UPDATE SET user_name = EXCLUDED.user_name, click_id = EXCLUDED.click_id, "
    "product_id = EXCLUDED.product_id, payment_method = EXCLUDED.payment_method, "
    "total_amount = EXCLUDED.total_amount, shipping_address = EXCLUDED.shipping_address, "
    "billing_address = EXCLUDED.billing_address, user_agent = EXCLUDED.user_agent, ip_address = "
    "EXCLUDED.ip_address, "
    "checkout_time = EXCLUDED.checkout_time, click_time = EXCLUDED.click_time";

struct input {
    char *text; /* lines that end in a newline; a zero behind them */
    size_t size;
    const char **lines;
    size_t rows;
};

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "sink: %s: %s\n", what, why);
    exit(1);
}

/* --- the rows --- */

static void read_file(struct input *input, const char *name) {
    FILE *file = fopen(name, "rb");
    struct stat about;
    if (!file || fstat(fileno(file), &about)) fail(name, "cannot be opened");
    input->size = (size_t)about.st_size;
    input->text = memory_zalloc(input->size + 1, 1);
    if (fread(input->text, 1, input->size, file) != input->size) fail(name, "cannot be read");
    fclose(file);
}

static void find_lines(struct input *input) {
    size_t capacity = 0;
    for (const char *at = input->text; *at; at = strchr(at, '\n') + 1) capacity++;
    input->lines = memory_zalloc(capacity + 1, sizeof *input->lines);
    for (const char *at = input->text; *at; at = strchr(at, '\n') + 1) input->lines[input->rows++] = at;
}

/* Lines begin with the key. */
static int compare_lines(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* --- COPY --- */

static void expect(PGconn *connection, PGresult *result, ExecStatusType status) {
    if (PQresultStatus(result) != status) fail("the server", PQerrorMessage(connection));
    PQclear(result);
}

static void copy_rows(PGconn *connection, const struct input *input) {
    expect(connection, PQexec(connection, copy_sql), PGRES_COPY_IN);
    for (size_t at = 0; at < input->size; at += COPY_BYTES) {
        size_t left = input->size - at;
        if (PQputCopyData(connection, input->text + at, (int)(left < COPY_BYTES ? left : COPY_BYTES)) != 1)
            fail("COPY", PQerrorMessage(connection));
    }
    if (PQputCopyEnd(connection, NULL) != 1) fail("COPY", PQerrorMessage(connection));
    expect(connection, PQgetResult(connection), PGRES_COMMAND_OK);
}

/* --- upsert --- */

/* One character that COPY wrote with a backslash. */
static char unescaped(char c) {
    static const char letters[] = "btnvfr", meant[] = "\b\t\n\v\f\r";
    const char *letter = strchr(letters, c);
    return letter ? meant[letter - letters] : c;
}

/* Appends the field as an element of an array and returns what follows it. */
static const char *append_field(struct buffer *array, const char *at) {
    if (at[0] == '\\' && at[1] == 'N') {
        buffer_text(array, "NULL");
        return at + 2;
    }
    buffer_byte(array, '"');
    while (*at != '\t' && *at != '\n') {
        size_t plain = strcspn(at, "\t\n\\\"");
        buffer_append(array, at, plain);
        at += plain;
        if (*at != '\\' && *at != '"') continue;
        char c = *at++;
        if (c == '\\') c = unescaped(*at++);
        if (c == '\\' || c == '"') buffer_byte(array, '\\');
        buffer_byte(array, c);
    }
    buffer_byte(array, '"');
    return at;
}

static void build(struct buffer arrays[COLUMNS], const char **lines, size_t rows) {
    qsort(lines, rows, sizeof *lines, compare_lines);
    for (int c = 0; c < COLUMNS; c++) buffer_clear(&arrays[c]);
    for (size_t r = 0; r < rows; r++) {
        const char *at = lines[r];
        for (int c = 0; c < COLUMNS; c++, at++) {
            buffer_byte(&arrays[c], r ? ',' : '{');
            at = append_field(&arrays[c], at);
            if (*at != (c + 1 < COLUMNS ? '\t' : '\n')) fail("the file", "a row has not twelve columns");
        }
    }
    for (int c = 0; c < COLUMNS; c++) buffer_byte(&arrays[c], '}');
}

static void send_batch(PGconn *connection, struct buffer arrays[COLUMNS]) {
    const char *values[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) values[c] = buffer_string(&arrays[c]);
    if (!PQsendQueryParams(connection, upsert_sql, COLUMNS, NULL, values, NULL, NULL, 0))
        fail("the upsert", PQerrorMessage(connection));
    PQflush(connection);
}

static void finish(PGconn *connection) {
    expect(connection, PQgetResult(connection), PGRES_COMMAND_OK);
    if (PQgetResult(connection)) fail("the upsert", "two answers");
}

static void upsert_rows(PGconn *connection, const struct input *input, size_t batch) {
    struct buffer arrays[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) buffer_init(&arrays[c]);
    for (size_t at = 0; at < input->rows; at += batch) {
        build(arrays, input->lines + at, input->rows - at < batch ? input->rows - at : batch);
        if (at) finish(connection);
        send_batch(connection, arrays);
    }
    if (input->rows) finish(connection);
    for (int c = 0; c < COLUMNS; c++) buffer_release(&arrays[c]);
}

/* --- all of it --- */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double processor(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int main(int argc, char **argv) {
    bool copies = argc > 1 && strcmp(argv[1], "copy") == 0;
    if (argc < 4 || (!copies && strcmp(argv[1], "upsert") != 0))
        fail("usage", "sink copy|upsert URL FILE [ROWS_A_BATCH]");
    unsigned long batch = argc > 4 ? strtoul(argv[4], NULL, 10) : DEFAULT_BATCH;
    if (batch == 0) fail("ROWS_A_BATCH", "a number of rows is needed");
    struct input input = {0};
    read_file(&input, argv[3]);
    find_lines(&input);
    PGconn *connection = PQconnectdb(argv[2]);
    if (PQstatus(connection) != CONNECTION_OK) fail(argv[2], PQerrorMessage(connection));
    double since = now(), before = processor();
    if (copies)
        copy_rows(connection, &input);
    else
        upsert_rows(connection, &input, batch);
    double seconds_taken = now() - since, cpu = processor() - before;
    printf("{\"rows\": %zu, \"seconds\": %.4f, \"cpu\": %.4f, \"session\": %d}\n", input.rows, seconds_taken,
           cpu, PQbackendPID(connection));
    PQfinish(connection);
    free(input.lines);
    free(input.text);
    return 0;
}
