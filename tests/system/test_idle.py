"""A partition that falls silent must not hold the others' results back for ever, and what idleness decided must be on
record: the table follows from the events and the stored advances, and from nothing else."""

from events import checkout, click
from kafka import murmur2_partition
from pipeline import eventually
from stream import passed


def users_of(partition, count=5):
    return [user for user in range(100) if murmur2_partition(str(user).encode(), 4) == partition][:count]


def test_a_silent_partition_of_clicks_holds_nothing_back(case):
    case.pipeline.change("defaults.idle_timeout", "1s")
    silent = users_of(3)
    talking = [user for partition in range(3) for user in users_of(partition)]
    clicks = [click(user, at=user) for user in talking]
    orders = [checkout(user, at=200) for user in talking + silent]
    case.send(*clicks, *orders)
    process = case.start()
    case.await_rows(len(orders))
    case.check(closed=False)
    assert case.clicks_of(*orders) == [c.fields["click_id"] for c in clicks] + [None] * len(silent)
    # A click of before comes after all: it is behind the watermark now, and does not count for what was decided.
    late = [click(user, at=190) for user in silent]
    later = [checkout(user, at=201) for user in silent]
    case.send(*late, *later)
    case.await_rows(len(orders) + len(later))
    case.check(closed=False)
    assert process.stop() == 0
    case.settle()
    assert case.clicks_of(*orders[-len(silent) :]) == [None] * len(silent)


def test_without_idleness_undecided_checkouts_wait(case):
    """idle_timeout 0: the clicks may come at any later time, and count."""
    order = checkout(1, at=60)
    other = checkout(2, at=10)
    case.send(click(2, at=0), click(2, at=100), order, other)
    process = case.start()
    case.await_rows(1)
    first = click(1, at=50)
    case.send(first)
    eventually(lambda: passed(case) >= 4, "the click is read")
    assert list(case.rows()) == [other.fields["checkout_id"]]
    case.send(click(1, "something else", at=80))
    case.await_rows(2)
    case.check(closed=False)
    assert case.clicks_of(order) == [first.fields["click_id"]]
    assert case.database.query("select count(*) from tributary.idle_advances") == [(0,)]
    assert process.stop() == 0


def test_clicks_that_arrive_after_the_checkout(case):
    """The checkout is read first; as long as the click keeps its bound it counts."""
    order = checkout(1, at=60)
    case.send(order)
    process = case.start()
    eventually(lambda: case.database.exists("tributary.progress") and case.database.progress(), "the program runs")
    first = click(1, at=59)
    case.send(click(1, "something else", at=74))
    case.send(first)
    case.send(click(1, "something else", at=75.001))
    case.await_rows(1)
    assert case.clicks_of(order) == [first.fields["click_id"]]
    case.check(closed=False)
    assert process.stop() == 0


def test_a_silent_partition_of_checkouts_keeps_no_clicks_for_ever(case):
    """Its watermark follows the clicks' at max_drift, so that they expire."""
    case.pipeline.change("defaults.idle_timeout", "1s")
    case.pipeline.change("attribute.window", "10m")
    case.pipeline.change("attribute.max_drift", "1m")
    user = users_of(0)[0]
    case.send(checkout(user, at=0), *[click(user, at=at) for at in range(0, 7200, 60)])
    process = case.start()
    case.await_rows(1)
    sql = "select count(*) from tributary.idle_advances where input = 'checkouts'"
    eventually(lambda: case.database.query(sql)[0][0], "an advance of the checkouts")
    case.send(checkout(user, at=7200))
    case.await_rows(2)
    case.check(closed=False)
    assert process.stop() == 0
    case.settle()


def test_an_advance_survives_a_crash(case):
    """What idleness decided stays decided, however often the process starts again."""
    case.pipeline.change("defaults.idle_timeout", "1s")
    user = users_of(1)[0]
    order = checkout(user, at=100)
    case.send(click(user, at=0), order)
    process = case.start()
    case.await_rows(1)
    process.kill()
    late = click(user, at=50)
    again = checkout(user, at=99)
    case.send(late, again)
    case.settle(duplicates=True)
    assert case.clicks_of(again) == [case.clicks_of(order)[0]]
    assert case.database.query("select count(*) from tributary.idle_advances")[0][0] > 0
