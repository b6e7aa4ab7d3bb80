/* Weights, against numbers computed with 80 digits. */
#include "attribution/model.h"

#include "../suite.h"

START_TEST(decay) {
    static const struct {
        int64_t age, half_life;
        uint64_t weight;
    } want[] = {
        {0, 1, UINT64_C(1000000000000000000)},
        {1, 1, UINT64_C(500000000000000000)},
        {1, 2, UINT64_C(707106781186547524)},
        {3600000000, 1800000000, UINT64_C(250000000000000000)},
        {900000000, 1800000000, UINT64_C(707106781186547524)},
        {1, 34560000000000, UINT64_C(999999999999979944)},
        {34560000000000, 34559999999999, UINT64_C(499999999999989972)},
        {59, 1, UINT64_C(2)},
        {60, 1, UINT64_C(1)},
        {61, 1, UINT64_C(0)},
        {62, 1, UINT64_C(0)},
        {34560000000000, 1, UINT64_C(0)},
        {16384614534655, 24295750356536, UINT64_C(626600614571681329)},
        {30, 4, UINT64_C(5524271728019903)},
        {6429622367129, 3588633127273, UINT64_C(288838842904033249)},
        {12782987, 6847639, UINT64_C(274186052016411333)},
        {1109316, 2328131, UINT64_C(718727355740572767)},
        {0, 1, UINT64_C(1000000000000000000)},
        {12150327432756, 7000631241715, UINT64_C(300283154817796757)},
        {89096976, 6429424, UINT64_C(67362641509892)},
        {2834484, 4426030, UINT64_C(641529588558345890)},
        {169540135, 5200232, UINT64_C(153353745)},
        {2, 3, UINT64_C(629960524947436582)},
        {23, 1, UINT64_C(119209289551)},
        {3035325, 9705936, UINT64_C(805117511891009780)},
        {17196512, 1996834, UINT64_C(2556013870007891)},
        {6162224, 8803036, UINT64_C(615567417866481971)},
        {5, 5, UINT64_C(500000000000000000)},
        {47151139, 6083847, UINT64_C(4644639215744388)},
        {2977582, 1544735, UINT64_C(262871900788518677)},
        {43360234, 2497592, UINT64_C(5941194550340)},
        {8349553117132, 21135476936705, UINT64_C(760463445664173681)},
        {934612, 4197809, UINT64_C(856994106409359426)},
        {2, 1, UINT64_C(250000000000000000)},
        {20031371, 6942789, UINT64_C(135352626593394640)},
        {8760967, 7057266, UINT64_C(422958813842703163)},
        {147121704, 8189949, UINT64_C(3911924930982)},
        {3, 5, UINT64_C(659753955386447130)},
        {6043834, 3009770, UINT64_C(248605184257416534)},
        {27655565469139, 18125931552243, UINT64_C(347299951766279369)},
        {75069898, 9856352, UINT64_C(5096074798291535)},
        {33268631499132, 27080906359639, UINT64_C(426763788967751786)},
    };
    for (int i = 0; i < COUNT_OF(want); i++)
        ck_assert_uint_eq(model_decay(want[i].age, want[i].half_life), want[i].weight);
}
END_TEST

/* The older, the less; and a half life more halves it, but for the rounding. */
START_TEST(decay_falls) {
    struct random random = {3};
    for (int i = 0; i < 20000; i++) {
        int64_t half_life = 1 + (int64_t)(random_next(&random) % 100000000000);
        int64_t age = (int64_t)(random_next(&random) % (uint64_t)(20 * half_life));
        uint64_t weight = model_decay(age, half_life), half = model_decay(age + half_life, half_life);
        ck_assert_uint_ge(weight, model_decay(age + 1, half_life));
        ck_assert_uint_le(2 * half, weight + 1);
        ck_assert_uint_ge(2 * half + 1, weight);
    }
}
END_TEST

static void assert_weights(const struct attribute_config *attribute, int count, const uint64_t *want) {
    static const int64_t times[] = {-70, -60, 0, 30, 30};
    uint64_t weights[5];
    model_weights(attribute, times, count, weights);
    for (int i = 0; i < count; i++) ck_assert_uint_eq(weights[i], want[i]);
}

START_TEST(linear) {
    struct attribute_config attribute = {.model = MODEL_LINEAR};
    assert_weights(&attribute, 1, (uint64_t[]){1});
    assert_weights(&attribute, 5, (uint64_t[]){1, 1, 1, 1, 1});
}
END_TEST

START_TEST(position) {
    struct attribute_config attribute = {.model = MODEL_POSITION, .weights = {true, 400000000, 300000000}};
    assert_weights(&attribute, 1, (uint64_t[]){1});
    assert_weights(&attribute, 2, (uint64_t[]){400000000, 300000000});
    assert_weights(&attribute, 3, (uint64_t[]){400000000, 300000000, 300000000});
    assert_weights(&attribute, 5, (uint64_t[]){1200000000, 300000000, 300000000, 300000000, 900000000});
    attribute.weights = (struct weights_config){true, 0, 0};
    assert_weights(&attribute, 1, (uint64_t[]){1});
    assert_weights(&attribute, 2, (uint64_t[]){1, 1});
    assert_weights(&attribute, 3, (uint64_t[]){0, WEIGHT_ONE, 0});
    attribute.weights = (struct weights_config){true, 0, WEIGHT_ONE};
    assert_weights(&attribute, 1, (uint64_t[]){1});
    assert_weights(&attribute, 2, (uint64_t[]){0, WEIGHT_ONE});
    assert_weights(&attribute, 4, (uint64_t[]){0, 0, 0, 2 * WEIGHT_ONE});
}
END_TEST

/* Ages count from the latest touch, which weighs most, however long before the conversion it was. */
START_TEST(time_decay) {
    struct attribute_config attribute = {.model = MODEL_TIME_DECAY, .half_life_us = 30};
    const uint64_t one = UINT64_C(1000000000000000000);
    assert_weights(&attribute, 1, (uint64_t[]){one});
    assert_weights(&attribute, 5, (uint64_t[]){99212565748012467, one / 8, one / 2, one, one});
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("model");
    tcase_add_test(tests, decay);
    tcase_add_test(tests, decay_falls);
    tcase_add_test(tests, linear);
    tcase_add_test(tests, position);
    tcase_add_test(tests, time_decay);
    return suite_run("attribution.model", tests);
}
