/* Statements and answers of a claim, without a server. */
#include "pipeline/claim.h"

#include "../postgres/arrays.h"
#include "../postgres/results.h"
#include "plans.h"

static const char output[] = "outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n";

static void assert_ledger(const struct ledger *ledger, const char *want) {
    struct buffer json;
    buffer_init(&json);
    ledger_json(&json, ledger);
    ck_assert_str_eq(buffer_string(&json), want);
    struct ledger back = ledger_parse(buffer_string(&json));
    for (int i = 0; i < OUTCOME_COUNT; i++) ck_assert_uint_eq(back.count[i], ledger->count[i]);
    buffer_release(&json);
}

START_TEST(ledgers) {
    struct ledger ledger = {{0}};
    assert_ledger(&ledger, "{}");
    ledger.count[OUTCOME_LATE] = 1;
    assert_ledger(&ledger, "{\"late\":1}");
    ledger.count[OUTCOME_ATTRIBUTED] = 12;
    assert_ledger(&ledger, "{\"attributed\":12,\"late\":1}");
    ledger.count[OUTCOME_KEY_NULL] = UINT64_MAX;
    assert_ledger(&ledger, "{\"attributed\":12,\"late\":1,\"key_null\":18446744073709551615}");
}
END_TEST

/* Every outcome has a name of its own: nothing is lost or mixed up on the way. */
START_TEST(ledgers_with_every_outcome) {
    struct ledger ledger;
    struct buffer json;
    for (int i = 0; i < OUTCOME_COUNT; i++) ledger.count[i] = (uint64_t)(i + 1) * 1000003;
    buffer_init(&json);
    ledger_json(&json, &ledger);
    struct ledger back = ledger_parse(buffer_string(&json));
    for (int i = 0; i < OUTCOME_COUNT; i++) ck_assert_uint_eq(back.count[i], ledger.count[i]);
    buffer_release(&json);
}
END_TEST

/* As Postgres gives jsonb back, and with what an older or newer program may have written. */
START_TEST(foreign_ledgers) {
    struct ledger ledger = ledger_parse("{\"late\": 3, \"attributed\": 12, \"unheard_of\": 5}");
    ck_assert_uint_eq(ledger.count[OUTCOME_ATTRIBUTED], 12);
    ck_assert_uint_eq(ledger.count[OUTCOME_LATE], 3);
    ck_assert_uint_eq(ledger_total(&ledger), 15);
    static const char *const broken[] = {"", "{", "[]", "null", "7", "\"late\"", "{\"late\": \"x\"}"};
    for (int i = 0; i < COUNT_OF(broken); i++) {
        ledger = ledger_parse(broken[i]);
        ck_assert_msg(ledger_total(&ledger) == 0, "%s", broken[i]);
    }
}
END_TEST

START_TEST(claim_statement) {
    struct planned p = plan_of(output);
    struct claim_statement statement = {0};
    claim_format(&statement, p.plan, (const int[]){3, 0, 12}, 3);
    ck_assert_int_eq(statement.parameter_count, 2);
    assert_text_parameter(&statement.parameters[0], "p");
    assert_array(&statement.parameters[1], "3|0|12");
    claim_format(&statement, p.plan, NULL, 0);
    assert_array(&statement.parameters[1], "{}");
    claim_advances_format(&statement, p.plan, (const int[]){5}, 1);
    ck_assert_int_eq(statement.parameter_count, 4);
    assert_array(&statement.parameters[1], "5");
    assert_text_parameter(&statement.parameters[2], "t");
    assert_text_parameter(&statement.parameters[3], "c");
    claim_statement_release(&statement);
    claim_statement_release(&statement);
    planned_free(&p);
}
END_TEST

START_TEST(prune_statement) {
    struct planned p = plan_of(output);
    struct claim_statement statement = {0};
    const struct claim claims[] = {
        {.partition = 3, .low = {7, 70}},
        {.partition = 0, .low = {INT64_C(9007199254740993), 80}},
    };
    claim_prune_format(&statement, p.plan, claims, 2);
    ck_assert_int_eq(statement.parameter_count, 4);
    assert_text_parameter(&statement.parameters[0], "p");
    assert_array(&statement.parameters[1], "t|t|c|c");
    assert_array(&statement.parameters[2], "3|0|3|0");
    assert_array(&statement.parameters[3], "70|80|7|9007199254740993");
    claim_prune_format(&statement, p.plan, NULL, 0);
    assert_array(&statement.parameters[3], "{}");
    claim_statement_release(&statement);
    planned_free(&p);
}
END_TEST

static PGresult *two_claims(void) {
    PGresult *result = make_result(11);
    ADD_ROW(result, "0", "1", "0", NULL, NULL, NULL, NULL, "{}", "{}", "0", "0");
    ADD_ROW(result, "7", "9007199254740993", "41", "100", "50", "1718600400000000", "-5",
            "{\"touch_kept\": 99}", "{\"late\": 2, \"attributed\": 48}", "12", "-9223372036854775807");
    return result;
}

START_TEST(reads_claims) {
    PGresult *result = two_claims();
    int count;
    struct claim *claims = claim_parse(result, &count);
    PQclear(result);
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(claims[0].partition, 0);
    ck_assert(!claims[0].located && !claims[0].in_memory);
    ck_assert_int_eq(claims[0].progress.touch_max_time_us, TIME_NONE);
    ck_assert_int_eq(claims[0].progress.conversion_max_time_us, TIME_NONE);
    const struct claim *claim = &claims[1];
    ck_assert_int_eq(claim->partition, 7);
    ck_assert(claim->located);
    ck_assert_int_eq(claim->ownership.epoch, INT64_C(9007199254740993));
    ck_assert_int_eq(claim->ownership.commit_seq, 41);
    ck_assert_int_eq(claim->progress.touch_offset, 100);
    ck_assert_int_eq(claim->progress.conversion_offset, 50);
    ck_assert_int_eq(claim->progress.touch_max_time_us, INT64_C(1718600400000000));
    ck_assert_int_eq(claim->progress.conversion_max_time_us, -5);
    ck_assert_uint_eq(claim->progress.touch_ledger.count[OUTCOME_TOUCH_KEPT], 99);
    ck_assert_uint_eq(claim->progress.conversion_ledger.count[OUTCOME_ATTRIBUTED], 48);
    ck_assert_uint_eq(ledger_total(&claim->progress.conversion_ledger), 50);
    ck_assert_uint_eq(claim->progress.held.count, 12);
    ck_assert_uint_eq(claim->progress.held.xor,
                      UINT64_C(0x8000000000000001)); /* bigint has a sign, XOR not */
    claims_free(claims, count);
}
END_TEST

START_TEST(reads_no_claims) {
    PGresult *result = make_result(11);
    int count = 7;
    struct claim *claims = claim_parse(result, &count);
    ck_assert_int_eq(count, 0);
    claims_free(claims, count);
    claims_free(NULL, 0);
    PQclear(result);
}
END_TEST

START_TEST(reads_advances) {
    PGresult *result = two_claims();
    int count;
    struct claim *claims = claim_parse(result, &count);
    PQclear(result);
    result = make_result(4);
    ADD_ROW(result, "7", "f", "10", "1000");
    ADD_ROW(result, "7", "t", "20", "-3");
    ADD_ROW(result, "7", "t", "30", "4000");
    ADD_ROW(result, "8", "t", "40", "5000"); /* nobody's */
    for (int i = 0; i < 20; i++) ADD_ROW(result, "0", "t", "50", "6000");
    claim_advances_parse(result, claims, count);
    PQclear(result);
    ck_assert_int_eq(claims[0].touch_advances.count, 20);
    ck_assert_int_eq(claims[0].conversion_advances.count, 0);
    ck_assert_int_eq(claims[1].touch_advances.count, 2);
    ck_assert_int_eq(claims[1].conversion_advances.count, 1);
    ck_assert_int_eq(claims[1].touch_advances.items[0].next_offset, 20);
    ck_assert_int_eq(claims[1].touch_advances.items[0].watermark_us, -3);
    ck_assert_int_eq(claims[1].touch_advances.items[1].next_offset, 30);
    ck_assert_int_eq(claims[1].conversion_advances.items[0].watermark_us, 1000);
    claims_free(claims, count);
}
END_TEST

/* Only what has never been begun is given its start. */
START_TEST(locate_statement) {
    struct planned p = plan_of(output);
    struct claim_statement statement = {0};
    const struct claim claims[] = {
        {.partition = 2, .progress = PROGRESS_START(20, 200)},
        {.partition = 3, .located = true, .progress = PROGRESS_START(30, 300)},
        {.partition = 4, .progress = PROGRESS_START(40, 400)},
    };
    claim_locate_format(&statement, p.plan, claims, 3);
    ck_assert_int_eq(statement.parameter_count, 4);
    assert_text_parameter(&statement.parameters[0], "p");
    assert_array(&statement.parameters[1], "2|4");
    assert_array(&statement.parameters[2], "20|40");
    assert_array(&statement.parameters[3], "200|400");
    claim_locate_format(&statement, p.plan, claims + 1, 1);
    for (int i = 1; i < 4; i++) assert_array(&statement.parameters[i], "{}");
    claim_statement_release(&statement);
    planned_free(&p);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("claim");
    tcase_add_test(tests, ledgers);
    tcase_add_test(tests, ledgers_with_every_outcome);
    tcase_add_test(tests, foreign_ledgers);
    tcase_add_test(tests, claim_statement);
    tcase_add_test(tests, prune_statement);
    tcase_add_test(tests, reads_claims);
    tcase_add_test(tests, reads_no_claims);
    tcase_add_test(tests, reads_advances);
    tcase_add_test(tests, locate_statement);
    return suite_run("pipeline.claim", tests);
}
