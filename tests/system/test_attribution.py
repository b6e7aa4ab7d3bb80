"""Which click each checkout gets. Every test ends with the oracle's verdict on the whole table; what it says beside
that is the sentence the test is about."""

import random

import pytest

from events import HOUR, MINUTE, checkout, click, product, raw, when

MS = 0.001


def far_ahead(at, users=range(1, 30)):
    """Clicks on something else that move the watermark of every partition."""
    return [click(user, "another thing", at) for user in users]


def id_of(click):
    return click.fields["click_id"]


def test_events_in_order(case):
    clicks = [click(user, "lamp", user * 10) for user in range(40)]
    orders = [checkout(user, "lamp", user * 10 + 60) for user in range(40)]
    case.send(*clicks, *orders)
    case.settle()
    assert case.clicks_of(*orders) == [id_of(c) for c in clicks]
    row = case.row(orders[7])
    assert row["user_name"] == "user 7"
    assert row["product_id"] == product("lamp")
    assert row["shipping_address"] == "12 Elm Street\nSpringfield"
    assert str(row["total_amount"]) == "42.50"
    assert row["checkout_time"] == when(130).replace(tzinfo=None)
    assert row["click_time"] == when(70).replace(tzinfo=None)


def test_no_events_at_all(case):
    case.settle()
    assert case.rows() == {}


def test_checkouts_without_any_click(case):
    """Each gets its row; they are not one group."""
    orders = [checkout(user, "lamp", user) for user in range(30)]
    case.send(*orders)
    case.settle()
    assert case.clicks_of(*orders) == [None] * 30


def test_a_click_of_another_user_or_on_another_product_does_not_count(case):
    order = checkout(1, "lamp", 60)
    case.send(click(2, "lamp", 0), click(1, "chair", 0), order)
    case.settle()
    assert case.clicks_of(order) == [None]


def test_the_ends_of_the_window_belong_to_it(case):
    """From exactly one hour before to the very moment of the checkout, and not a millisecond or microsecond more."""
    at = 2 * HOUR
    cases = [
        (click(1, at=at - HOUR), True),
        (click(2, at=at - HOUR - MS), False),
        (click(3, at=at), True),
        (click(4, at=at + MS), False),
        (click(5, at=at - HOUR, us=-1), False),
        (click(6, at=at, us=1), False),
        (click(7, at=at, us=-1), True),
    ]
    orders = [checkout(user + 1, at=at) for user in range(len(cases))]
    case.send(*[c for c, _ in cases], *orders)
    case.settle()
    assert case.clicks_of(*orders) == [id_of(c) if counts else None for c, counts in cases]


def test_of_clicks_at_one_moment_the_first_in_the_log_counts(case):
    clicks = [click(1, at=10) for _ in range(5)]
    order = checkout(1, at=20)
    case.send(*clicks, order)
    case.settle()
    assert case.clicks_of(order) == [id_of(clicks[0])]


def test_the_earliest_click_counts_even_when_it_came_later(case):
    late, early = click(1, at=10), click(1, at=5)
    order = checkout(1, at=20)
    case.send(late, early, order)
    case.settle()
    assert case.clicks_of(order) == [id_of(early)]


def test_when_the_earliest_click_leaves_the_window_the_next_takes_its_place(case):
    clicks = [click(1, at=minutes * MINUTE) for minutes in (0, 20, 40, 70)]
    orders = [checkout(1, at=minutes * MINUTE) for minutes in (59, 61, 79, 81, 99, 101, 130, 131)]
    events = sorted([*clicks, *orders], key=lambda e: e.timestamp_ms)
    case.send(*events)
    case.settle()
    expected = [0, 1, 1, 2, 2, 3, 3, None]
    assert case.clicks_of(*orders) == [None if n is None else id_of(clicks[n]) for n in expected]


def test_several_checkouts_may_follow_one_click(case):
    first = click(1, at=0)
    orders = [checkout(1, at=at) for at in (1, 2, 60, 600)]
    case.send(first, *orders)
    case.settle()
    assert case.clicks_of(*orders) == [id_of(first)] * 4


def test_a_user_who_does_not_exist(case):
    """User 100 places orders and has no row in commerce.users: the order is there, without a name."""
    first, order = click(100, at=0), checkout(100, at=5)
    case.send(first, order)
    case.settle()
    row = case.row(order)
    assert row["user_name"] is None and row["click_id"] == id_of(first)


def test_the_same_click_twice(case):
    """At least once is what producers promise; the first copy is the one that counts, and nothing doubles."""
    first = click(1, at=0)
    order = checkout(1, at=5)
    case.send(first, first, order)
    case.settle()
    assert case.clicks_of(order) == [id_of(first)]


def test_of_a_checkout_sent_twice_the_later_stands(case):
    order = checkout(1, at=5, payment_method="card")
    again = checkout(1, at=6, payment_method="voucher", checkout_id=order.fields["checkout_id"])
    case.send(order, click(1, at=5.5), again)
    case.settle()
    row = case.row(order)
    assert row["payment_method"] == "voucher" and row["click_id"] is not None
    assert len(case.rows()) == 1


def test_a_correction_replaces_the_row_of_an_earlier_run(case):
    order = checkout(1, at=5, payment_method="card")
    case.send(order, *far_ahead(60))
    case.settle()
    case.send(checkout(1, at=6, payment_method="voucher", checkout_id=order.fields["checkout_id"]))
    case.settle()
    assert [row["payment_method"] for row in case.rows().values()] == ["voucher"]


def test_disorder_within_the_bound_is_the_plain_join(case):
    """Events up to 15 s late: the table is what a window join over all of them gives."""
    rnd = random.Random(1)
    clicks = [click(rnd.randrange(20), rnd.choice("ab"), at=n) for n in range(300)]
    orders = [checkout(rnd.randrange(20), rnd.choice("ab"), at=n + 0.5) for n in range(0, 300, 2)]
    shuffled = [sorted(log, key=lambda e: e.timestamp_ms + rnd.uniform(0, 15000)) for log in (clicks, orders)]
    case.send(*shuffled[0], *shuffled[1])
    case.settle()
    assert ("conversion", "late") not in case.ledger()
    earliest = {}
    for c in sorted(clicks, key=lambda c: c.timestamp_ms, reverse=True):
        earliest[c.fields["user_id"], c.fields["product_id"]] = c
    for order, found in zip(orders, case.clicks_of(*orders)):
        first = earliest.get((order.fields["user_id"], order.fields["product_id"]))
        counts = first is not None and first.timestamp_ms <= order.timestamp_ms
        assert found == (id_of(first) if counts else None)


def test_a_checkout_behind_the_watermark_is_a_dead_letter(case):
    case.send(click(1, at=0), click(1, at=100))
    on_the_edge, too_late = checkout(1, at=85), checkout(1, at=85, us=-1)
    case.send(checkout(1, at=100), on_the_edge, too_late)
    case.settle()
    assert case.reasons() == ["late"]
    assert on_the_edge.fields["checkout_id"] in case.rows()
    assert too_late.fields["checkout_id"] not in case.rows()


def test_allowed_lateness_waits_for_late_checkouts(case):
    case.pipeline.change("attribute.allowed_lateness", "10s")
    in_time, too_late = checkout(1, at=75), checkout(1, at=75, us=-1)
    case.send(click(1, at=0), checkout(1, at=100), in_time, too_late)
    case.settle()
    assert case.reasons() == ["late"]
    assert case.row(in_time)["click_id"] is not None


def test_late_checkouts_may_be_attributed_with_what_is_left(case):
    case.pipeline.change("attribute.late", "attribute")
    late, later = checkout(1, at=2 * HOUR), checkout(1, at=1 * HOUR)
    first = click(1, at=1.9 * HOUR)
    case.send(click(1, at=0.5 * HOUR), first, click(1, at=3 * HOUR), checkout(1, at=2.6 * HOUR), late, later)
    case.settle()
    assert case.clicks_of(late, later) == [id_of(first), None]
    assert case.dead_letters() == []


def test_a_click_counts_only_if_it_was_read_before_the_checkout_was_final(case):
    """A click that comes after the touch watermark passed the checkout is too late for it, even though its time lies
    in the window; for a later checkout it counts."""
    order, later = checkout(1, at=60), checkout(1, at=2 * MINUTE)
    case.send(click(1, "another thing", at=60 + 15, us=1))  # raises the watermark to just after the checkout
    late = click(1, at=50)
    case.send(late, order, later)
    case.settle()
    assert case.clicks_of(order, later) == [None, id_of(late)]


def test_a_click_counts_at_the_very_watermark(case):
    order = checkout(1, at=60)
    case.send(click(1, "another thing", at=60 + 15))
    last = click(1, at=50)
    case.send(last, order)
    case.settle()
    assert case.clicks_of(order) == [id_of(last)]


def test_numbers_join_by_value_and_never_with_strings(case):
    case.pipeline.change("defaults.partitioned_by", None)
    one, whole = click(7, at=0, key="7"), checkout(7.0, at=5, key="7")
    big = [click(2**53 + n, at=0, key="9") for n in (0, 1)]
    big_orders = [checkout(2**53 + n, at=5, key="9") for n in (1, 0)]
    word = checkout("7", at=5, key="7")
    case.send(one, whole, *big, *big_orders, word)
    case.finish()
    assert case.clicks_of(whole, word) == [id_of(one), None]
    assert case.clicks_of(*big_orders) == [id_of(big[1]), id_of(big[0])]


def test_a_checkout_without_key_fields_joins_with_nothing(case):
    first = click(1, at=0, product_id=None)
    order = checkout(1, at=5, product_id=None)
    case.send(first, order)
    case.settle()
    row = case.row(order)
    assert row["click_id"] is None and row["user_name"] == "user 1"
    assert case.reasons() == ["key_null"]


def test_a_click_without_key_fields_still_moves_the_watermark(case):
    case.send(click(1, at=100, product_id=None))
    late = click(1, at=50)
    order = checkout(1, at=60)
    case.send(late, order)
    case.settle()
    assert case.clicks_of(order) == [None]


@pytest.mark.parametrize("window", ["1s", "10m", "2d"])
def test_other_windows(case, window):
    case.pipeline.change("attribute.window", window)
    rnd = random.Random(window)
    length = {"1s": 20, "10m": 2 * HOUR, "2d": 96 * HOUR}[window]
    times = sorted(rnd.uniform(0, length) for _ in range(400))
    kinds = [rnd.choice([click, checkout])(rnd.randrange(10), rnd.choice("ab"), at=at) for at in times]
    case.send(*kinds)
    case.settle()
    assert len({outcome for role, outcome in case.ledger() if role == "conversion"}) == 2


def test_a_million_bytes_in_a_field(case):
    first = click(1, at=0, url="x" * 1_000_000)
    order = checkout(1, at=5, shipping_address="é" * 150_000)
    case.send(first, order)
    case.settle()
    assert len(case.row(order)["shipping_address"]) == 150_000


def test_aborted_transactions_and_markers_leave_no_gap(case):
    """Offsets that hold no event (markers of transactions) and events that were never committed."""
    producer = case.kafka.new_producer(**{"transactional.id": case.pipeline.name})
    producer.init_transactions(30)
    first, order = click(1, at=0), checkout(1, at=5)
    aborted = [click(1, at=-5), checkout(1, at=6)]
    for events, end in (([first], producer.commit_transaction), (aborted, producer.abort_transaction)):
        producer.begin_transaction()
        case.kafka.send(case.topics, events, producer)
        end(30)
    producer.begin_transaction()
    case.kafka.send(case.topics, [order], producer)
    producer.commit_transaction(30)
    case.settle()
    assert case.clicks_of(order) == [id_of(first)]
    assert len(case.rows()) == 1


def test_records_stamped_by_the_broker(bare_case):
    for topic in bare_case.topics.values():
        bare_case.kafka.create(topic, 4, message_timestamp_type="LogAppendTime")
    first, order = click(1, at=0), checkout(1, at=5)
    bare_case.send(first, order, raw("clicks", "{"))
    bare_case.settle()
    assert bare_case.clicks_of(order) == [id_of(first)]
