"""The oracle against the definition written out as loops, on random small histories. The program has no part in it."""

import json
import random

import pytest

from events import text, when
from kafka import Record
from oracle import COLUMNS, Oracle, Settings, classify, time_us

SECOND = 10**6
MINUS_INFINITY = float("-inf")


def rows(oracle, closed):
    oracle.judge(closed)
    return oracle.rows()


def definition(touches, conversions, settings):
    """Outcome and touch of every conversion; events are (time, key) in offset order, key None: joins with nothing."""
    watermark, before = MINUS_INFINITY, []
    for time, _ in touches:
        before.append(watermark)
        watermark = max(watermark, time - settings.touch_bound_us)
    own, result = MINUS_INFINITY, []
    for time, key in conversions:
        late = time < own - settings.lateness_us
        own = max(own, time - settings.conversion_bound_us)
        counting = [
            (t, i)
            for i, (t, k) in enumerate(touches)
            if k is not None
            and k == key
            and time - settings.window_us <= t <= time
            and before[i] <= time + settings.lateness_us
        ]
        result.append(("late", None) if late else ("attributed", min(counting)[1]) if counting else ("unattributed", None))
    return result


def random_log(rnd, length, wild):
    time, log = 0, []
    for _ in range(length):
        time += rnd.choice([0, 0, 1, 2, 7])
        back = rnd.randint(0, 10) if rnd.random() < 0.4 else 0
        back += rnd.randint(0, 40) if rnd.random() < wild else 0
        log.append((time - back, rnd.choice([1, 2, 3, None])))
    return log


def records_of(log, partition, kind):
    records = []
    for offset, (time, user) in enumerate(log):
        fields = {f"{kind}_id": f"{kind} {partition} {offset}", "user_id": user, "product_id": "p"}
        fields["datetime_occured"] = text(when(time))
        records.append(Record(partition, offset, None, None, json.dumps(fields).encode(), {}))
    return records


@pytest.mark.parametrize("seed", range(8))
def test_the_query_is_the_definition(database, seed):
    rnd = random.Random(seed)
    settings = Settings(
        rnd.choice([5, 20, 60]) * SECOND,
        rnd.choice([0, 0, 5]) * SECOND,
        rnd.choice([0, 3, 10]) * SECOND,
        rnd.choice([0, 3, 10]) * SECOND,
    )
    base = time_us(text(when(0)))
    touches, conversions, expected = [], [], {}
    for partition in range(25):
        t = random_log(rnd, rnd.randint(0, 60), rnd.choice([0, 0.1]))
        c = random_log(rnd, rnd.randint(0, 40), rnd.choice([0, 0.1]))
        touches += records_of(t, partition, "click")
        conversions += records_of(c, partition, "checkout")
        verdicts = definition(*([(base + time * SECOND, key) for time, key in log] for log in (t, c)), settings)
        for offset, verdict in enumerate(verdicts):
            expected[partition, offset] = verdict
    oracle = Oracle(database, settings, touches, conversions)
    oracle.judge(closed=True)
    got = {(p, o): outcome for role, p, o, outcome, _ in oracle.outcomes() if role == "conversion"}
    assert got == {place: outcome for place, (outcome, _) in expected.items()}
    assert len(set(got.values())) == 3
    clicks = {
        f"checkout {p} {o}": None if touch is None else f"click {p} {touch}"
        for (p, o), (outcome, touch) in expected.items()
        if outcome != "late"
    }
    assert {row["checkout_id"]: row["click_id"] for row in oracle.rows()} == clicks


def test_what_an_open_log_releases(database):
    """Up to the first conversion that the touch watermark has not passed, and nothing behind it."""
    settings = Settings(touch_bound_us=0, conversion_bound_us=100 * SECOND)
    touches = records_of([(10, 1)], 0, "click")
    conversions = records_of([(9, 1), (5, 2), (10, 3), (8, 1)], 0, "checkout") + records_of([(1, 1)], 1, "checkout")
    oracle = Oracle(database, settings, touches, conversions)
    assert [row["checkout_id"] for row in rows(oracle, closed=False)] == ["checkout 0 0", "checkout 0 1"]
    assert len(rows(oracle, closed=True)) == 5
    database.execute("insert into oracle.advance values ('touch', 0, 1, %s)", time_us(text(when(11))))
    assert len(rows(oracle, closed=False)) == 4


def test_stored_advances_move_the_watermark(database):
    settings = Settings(touch_bound_us=15 * SECOND)
    touches = records_of([(10, 2), (0, 1)], 0, "click")
    conversions = records_of([(5, 1)], 0, "checkout")
    oracle = Oracle(database, settings, touches, conversions)
    assert rows(oracle, closed=True)[0]["click_id"] == "click 0 1"
    database.execute("insert into oracle.advance values ('touch', 0, 1, %s)", time_us(text(when(5))) + 1)
    assert rows(oracle, closed=True)[0]["click_id"] is None
    database.execute("update oracle.advance set next_offset = 2")
    assert rows(oracle, closed=True)[0]["click_id"] == "click 0 1"


def one(database, **fields):
    """The verdict on one checkout with these fields, and its row."""
    value = json.dumps({"checkout_id": "c", "datetime_occured": text(when(0))} | fields).encode()
    oracle = Oracle(database, Settings(), [], [Record(0, 0, None, None, value, {})])
    found = rows(oracle, closed=True)
    return oracle.outcomes()[0][3], found[0] if found else None


@pytest.mark.parametrize(
    "amount, stored",
    [(12.345, "12.35"), (999.994, "999.99"), (-999.99, "-999.99"), ("7", "7.00"), (None, None), (1e2, "100.00")],
)
def test_amounts_that_fit(database, amount, stored):
    outcome, row = one(database, total_amount=amount)
    assert outcome == "unattributed"
    assert str(row["total_amount"]) == str(stored)


@pytest.mark.parametrize("amount", [1000, 999.995, -1000, 1e10, "a lot", True, [1]])
def test_amounts_that_do_not_fit(database, amount):
    assert one(database, total_amount=amount) == ("value_refused", None)


def test_columns_of_the_row(database):
    outcome, row = one(database, user_id=7, product_id="p", shipping_address="line\nline")
    assert outcome == "unattributed" and list(row) == COLUMNS
    assert (row["user_name"], row["product_id"], row["shipping_address"]) == ("user 7", "p", "line\nline")
    assert row["checkout_time"] == when(0).replace(tzinfo=None)
    assert one(database, user_id=100)[1]["user_name"] is None
    assert one(database, checkout_id=None)[0] == "value_refused"


TIME = '"datetime_occured": "2024-06-17 05:00:00"'


@pytest.mark.parametrize(
    "value, outcome",
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff\xfe", "encoding"),
        (b"{\0}", "nul"),
        (b'{"a": "\\u0000"}', "nul"),
        (b"{", "malformed"),
        (b'{"a": NaN}', "malformed"),
        (b'{"a": "\\ud800"}', "malformed"),
        (b"{} {}", "malformed"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b"{}", "time_invalid"),
        (b'{"datetime_occured": 5}', "time_invalid"),
        (b'{"datetime_occured": "2023-02-29 00:00:00"}', "time_invalid"),
        (b'{"datetime_occured": "2024-06-17 24:00:00"}', "time_invalid"),
        (b'{"datetime_occured": "2024-06-17 05:01:00.001"}', "time_in_future"),
        (b'{"datetime_occured": "2024-06-17 05:01:00.000999"}', "time_in_future"),
        (b'{"datetime_occured": "2024-06-17 05:01:00"}', None),
        (b'{%s, "user_id": {}}' % TIME.encode(), "key_invalid"),
        (b'{%s, "user_id": null}' % TIME.encode(), None),
    ],
)
def test_what_can_be_read(value, outcome):
    record = Record(0, 0, round(when(0).timestamp() * 1000), None, value, {})
    assert classify(record, Settings())[0] == outcome


@pytest.mark.parametrize(
    "written, same",
    [
        ("2024-06-17T05:00:00Z", 0),
        ("2024-06-17 05:00", 0),
        ("2024-06-16 23:00:00-06", 0),
        ("2024-06-17 10:30:00+0530", 0),
        ("2024-06-17 05:00:00.123", 123000),
        ("2024-06-17 05:00:00,1234569", 123456),
    ],
)
def test_times(written, same):
    assert time_us(written) == time_us(text(when(0))) + same
