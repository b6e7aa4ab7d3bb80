"""Where the very first run begins, by `start`: conversions there, touches one window before."""

import time

import pytest

from events import BASE, HOUR, MINUTE, SECOND, checkout, click, when
from history import history
from oracle import Oracle, Settings, differences
from pipeline import eventually


def from_time(records, timestamp):
    """Per partition, the records from the first one on whose timestamp is not before that, as Kafka finds it."""
    first, found = {}, []
    for record in records:
        if record.timestamp_ms >= timestamp.timestamp() * 1000:
            first.setdefault(record.partition, record.offset)
        if record.offset >= first.get(record.partition, record.offset + 1):
            found.append(record)
    return found


def check_from(case, start, before):
    """Rows and ledger are those of the records from there on, and of nothing before."""
    clicks, checkouts = from_time(case.records("clicks"), start - before), from_time(case.records("checkouts"), start)
    assert 0 < len(clicks) < len(case.records("clicks")) and 0 < len(checkouts) < len(case.records("checkouts"))
    oracle = Oracle(case.database, Settings.of(case.pipeline), clicks, checkouts)
    case.load_advances()
    oracle.judge(closed=True)
    wrong = differences(oracle.rows(), case.database.rows())
    assert not wrong, "\n".join(wrong[:20])
    case.check_ledger(oracle.outcomes(), complete=True)


def instant(at: float) -> str:
    return when(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_from_a_time_on(case):
    case.pipeline.change("start", instant(2 * HOUR))
    before, order_before = click(1, at=HOUR - 10), checkout(1, at=2 * HOUR - SECOND)
    first, order = click(2, at=HOUR + 10), checkout(2, at=2 * HOUR + 5)
    outside, unattributed = click(3, at=HOUR - 5), checkout(3, at=2 * HOUR)
    case.send(before, outside, first, order_before, unattributed, order, click(4, at=3 * HOUR))
    case.finish()
    assert set(case.rows()) == {order.fields["checkout_id"], unattributed.fields["checkout_id"]}
    assert case.clicks_of(order, unattributed) == [first.fields["click_id"], None]


def test_a_history_from_a_time_on(case, rnd):
    case.pipeline.change("attribute.window", "5m")
    case.pipeline.change("start", instant(15 * MINUTE))
    case.send(*history(rnd, 4000, span=40 * MINUTE))
    case.finish()
    check_from(case, when(15 * MINUTE), when(5 * MINUTE) - BASE)


@pytest.mark.parametrize("later", ["earliest", "latest", instant(HOUR)])
def test_it_holds_for_the_first_run_only(case, rnd, later):
    """The second run goes on where the first ended, whatever `start` says then."""
    case.pipeline.change("attribute.window", "5m")
    case.pipeline.change("start", instant(15 * MINUTE))
    events = history(rnd, 3000, span=30 * MINUTE)
    case.send(*events[:2000])
    first = case.pipeline.run("--once")
    assert first.exit_code == 0, first.log
    case.pipeline.change("start", later)
    case.send(*events[2000:])
    case.finish()
    check_from(case, when(15 * MINUTE), when(5 * MINUTE) - BASE)


def test_from_a_time_that_nothing_has_reached(case):
    """Each topic begins at its end, and everything that comes is read."""
    case.pipeline.change("start", instant(5 * HOUR))
    case.send(click(1, at=0), checkout(1, at=10))
    assert case.finish() and case.rows() == {}
    order, touch = checkout(1, at=6 * HOUR), click(1, at=6 * HOUR - 10)
    case.send(touch, order)
    case.finish()
    assert case.clicks_of(order) == [touch.fields["click_id"]] and len(case.rows()) == 1


def located(case) -> bool:
    if not case.database.exists("tributary.progress"):
        return False
    rows = case.database.query("select touch_offset is not null from tributary.progress")
    return len(rows) == 4 and all(found for found, in rows)


def test_from_now_on(case):
    """Conversions that are there already are not attributed; clicks of the window before are read."""
    now = time.time() - BASE.timestamp()
    case.pipeline.change("start", "latest")
    old, recent = click(1, at=now - 2 * HOUR), click(1, at=now - 30 * MINUTE)
    passed_by = checkout(1, at=now - 10 * MINUTE)
    case.send(old, recent, passed_by)
    process = case.start()
    eventually(lambda: located(case), "the place to start in the database")
    order = checkout(1, at=now)
    case.send(order, click(1, at=now + 30))
    case.await_rows(1)
    assert process.stop() == 0
    while_away = checkout(1, at=now + 10)
    case.send(while_away)
    case.finish()
    assert case.clicks_of(order, while_away) == [recent.fields["click_id"]] * 2
    assert set(case.rows()) == {order.fields["checkout_id"], while_away.fields["checkout_id"]}
    ledger = case.ledger()
    assert ledger["touch", "touch_kept"] + ledger["touch", "touch_too_old"] == 2, "the old click was read"
