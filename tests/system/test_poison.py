"""Rows that the table refuses although its columns could hold them: each is a dead letter with what the server said,
and nothing else is lost or held up."""

import json

import pytest

from events import checkout, click, raw
from pipeline import eventually

TABLE = "commerce.attributed_checkouts"
CHECK = f"alter table {TABLE} add constraint paid check (payment_method <> 'barter')"


def add_trigger(case, body: str, deferred: bool = False) -> None:
    case.database.execute(
        f"create function commerce.judge() returns trigger language plpgsql as $$ begin {body} return new; end $$"
    )
    kind, when, how = "trigger", "before", ""
    if deferred:
        kind, when, how = "constraint trigger", "after", "deferrable initially deferred"
    case.database.execute(
        f"create {kind} judge {when} insert or update on {TABLE} {how} for each row execute function commerce.judge()"
    )


def orders(count: int, bad=(), *, at=10.0, **changes):
    """Checkouts of 20 users, those of the numbers in `bad` different from the rest."""
    return [checkout(n % 20, n, at=at + n * 0.01, **(changes if n in bad else {})) for n in range(count)]


def refused(case) -> dict[str, str]:
    """The detail of each refused row, by checkout_id."""
    letters = case.dead_letters()
    assert len({letter.key for letter in letters}) == len(letters), "a dead letter was written twice"
    letters = [letter for letter in letters if letter.headers["reason"] == "row_refused"]
    return {json.loads(letter.value)["checkout_id"]: letter.headers["detail"] for letter in letters}


def ids(events) -> set[str]:
    return {event.fields["checkout_id"] for event in events}


def check(case, events, bad, *words) -> None:
    """Exactly the bad ones are dead letters, all others are rows, and the ledger says so."""
    letters = refused(case)
    assert letters.keys() == ids(bad)
    for detail in letters.values():
        assert all(word in detail for word in words), detail
    assert case.rows().keys() == ids(events) - ids(bad)
    ledger = case.ledger()
    assert ledger["conversion", "row_refused"] == len(bad)
    assert ledger["conversion", "attributed"] + ledger["conversion", "unattributed"] == len(events) - len(bad)


def settle(case, events, bad, *words) -> None:
    case.send(*events, raw("checkouts", "{", at=10))
    process = case.finish()
    assert case.reasons().count("malformed") == 1
    check(case, events, bad, *words)
    assert "level=warn event=rows_refused" in process.log
    assert case.finish().exit_code == 0  # nothing is left over
    check(case, events, bad, *words)


BAD = (0, 1, 99, 100, 256, 399)


def test_a_check_constraint(case):
    case.database.execute(CHECK)
    events = orders(400, BAD, payment_method="barter")
    settle(case, events, [events[n] for n in BAD], "23514", '"paid"')


def test_a_trigger_that_raises(case):
    add_trigger(case, "if new.payment_method = 'barter' then raise exception 'no % here', new.payment_method; end if;")
    events = orders(400, BAD, payment_method="barter")
    settle(case, events, [events[n] for n in BAD], "P0001", "no barter here")


@pytest.mark.parametrize("deferred", [False, True])
def test_a_foreign_key(case, deferred):
    """Deferred, it is only the COMMIT that fails."""
    case.database.execute("create table commerce.methods (name varchar primary key)")
    case.database.execute("insert into commerce.methods values ('card')")
    case.database.execute(
        f"alter table {TABLE} add foreign key (payment_method) references commerce.methods "
        + ("deferrable initially deferred" if deferred else "")
    )
    events = orders(400, BAD, payment_method="barter")
    settle(case, events, [events[n] for n in BAD], "23503", "payment_method_fkey")


def test_a_deferred_constraint_trigger(case):
    add_trigger(case, "if new.payment_method = 'barter' then raise exception 'too late'; end if;", deferred=True)
    events = orders(400, BAD, payment_method="barter")
    settle(case, events, [events[n] for n in BAD], "P0001", "too late")


@pytest.mark.parametrize("deferred", [False, True])
def test_another_unique_index(case, deferred):
    """The first in the order of the partition stands, the second is refused; so is one whose twin was there before."""
    how = "deferrable initially deferred" if deferred else ""
    case.database.execute(f"alter table {TABLE} add constraint once unique (shipping_address) {how}")
    case.database.execute(f"insert into {TABLE} (checkout_id, shipping_address) values ('old', 'taken')")
    events = [checkout(1, n, at=10 + n * 0.01, shipping_address=f"street {n}") for n in range(300)]
    events[50] = checkout(1, "x", at=10.5, shipping_address="street 7")
    events[200] = checkout(1, "x", at=12, shipping_address="taken")
    case.send(*events)
    case.finish()
    case.database.execute(f"delete from {TABLE} where checkout_id = 'old'")
    check(case, events, [events[50], events[200]], "23505", '"once"')


def test_a_domain(case):
    case.database.execute("create domain commerce.method as varchar check (value <> 'barter')")
    case.database.execute(f"alter table {TABLE} alter payment_method type commerce.method")
    events = orders(400, BAD, payment_method="barter")
    settle(case, events, [events[n] for n in BAD], "23514")


def test_an_index_row_that_is_too_large(case):
    case.database.execute(f"create index on {TABLE} (shipping_address)")
    noise = "".join(chr(33 + n * n * 7919 % 94) + str(n) for n in range(9000))
    events = orders(50, (20,), shipping_address=noise)
    settle(case, events, [events[20]], "54000")


def test_every_third_row(case):
    case.database.execute(CHECK)
    bad = range(0, 600, 3)
    events = orders(600, bad, payment_method="barter")
    settle(case, events, [events[n] for n in bad], "23514")


def test_a_refused_row_gives_way_to_the_one_it_had_replaced(case):
    """Of several conversions with one id the last stands; if it is refused, the one before it does. Even the fourth."""
    case.database.execute(CHECK)
    name = "11111111-2222-3333-4444-555555555555"
    good = checkout(1, at=10, checkout_id=name, total_amount=1)
    bad = [checkout(1, at=11 + n, checkout_id=name, total_amount=2, payment_method="barter") for n in range(6)]
    other = checkout(1, at=20)
    case.send(click(1, at=0), good, *bad, other)
    case.finish()
    assert case.row(good)["total_amount"] == 1
    assert len(case.dead_letters()) == 6
    assert case.rows().keys() == ids([good, other])


def test_a_good_row_behind_a_refused_one_stands(case):
    case.database.execute(CHECK)
    bad = checkout(1, at=10, payment_method="barter", total_amount=1)
    good = checkout(1, at=11, total_amount=2, checkout_id=bad.fields["checkout_id"])
    case.send(bad, good, checkout(1, at=12))
    case.finish()
    assert case.row(good)["total_amount"] == 2
    # Deduplicated before it was sent, the first is never judged.
    assert refused(case) == {}


def test_append(case):
    case.database.execute(CHECK)
    case.database.execute(f"alter table {TABLE} drop constraint attributed_checkouts_pkey")
    case.pipeline.document["outputs"][0]["postgres"]["write"] = "append"
    del case.pipeline.document["outputs"][0]["postgres"]["primary_key"]
    events = orders(400, BAD, payment_method="barter")
    settle(case, events, [events[n] for n in BAD], "23514")
    assert len(case.database.rows()) == 400 - len(BAD)


def test_other_partitions_are_not_held_up(case):
    """While it runs: what is refused in one partition, again and again, delays the others by no more than a batch."""
    case.database.execute(CHECK)
    process = case.start()
    bad, good = [], []
    for n in range(5):
        bad.append(checkout(1, n, at=10 + n, payment_method="barter"))
        good += [checkout(user, n, at=10 + n) for user in range(2, 12)]
        case.send(bad[-1], *good[-10:], *[click(user, n, at=40 + n) for user in range(1, 12)])
        case.await_rows(len(good))
    eventually(lambda: len(refused(case)) == 5, "the dead letters")
    assert process.stop() == 0
    check(case, bad + good, bad, "23514")


def test_refused_together_only(case):
    """A unique index that the rows satisfy in the order of their offsets, but not in that of their keys."""
    case.database.execute(f"create unique index once on {TABLE} (shipping_address)")
    first = checkout(1, at=10, checkout_id="b", shipping_address="here")
    case.send(first)
    case.finish()
    moved = checkout(1, at=11, checkout_id="b", shipping_address="there")
    next_one = checkout(1, at=12, checkout_id="a", shipping_address="here")
    case.send(moved, next_one)
    case.finish()
    assert {name: row["shipping_address"] for name, row in case.rows().items()} == {"a": "here", "b": "there"}
    assert refused(case) == {}


def test_it_stops_when_nothing_helps(case):
    """Each row is taken, their transaction never: after a few attempts it stops with what the server says."""
    add_trigger(
        case,
        "if (select count(*) from tributary.progress where commit_seq > 0) > 0 "
        "then raise check_violation using message = 'never with progress'; end if;",
    )
    case.send(*orders(10))
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 1, process.log
    assert "never with progress" in process.log
    assert case.rows() == {} and case.ledger().total() == 0


# --- keys that only the database finds equal


def use_citext(case) -> None:
    case.database.execute("create extension citext")
    case.database.execute(f"alter table {TABLE} alter checkout_id type citext")


def test_keys_that_differ_in_case_only(case):
    """One statement must not meet a key twice, and whether it does only the database knows."""
    use_citext(case)
    events = []
    for n in range(100):
        for name in (f"Order-{n}", f"ORDER-{n}", f"order-{n}"):
            events.append(checkout(n % 10, at=10 + len(events) * 0.01, checkout_id=name, total_amount=len(events)))
    case.send(*events)
    process = case.finish()
    rows = {row["checkout_id"].lower(): row["total_amount"] for row in case.database.rows()}
    assert rows == {f"order-{n}": 3 * n + 2 for n in range(100)}
    assert case.ledger()["conversion", "unattributed"] == 300
    assert "21000" not in process.log.split("rows_one_by_one")[-1]


def test_keys_that_differ_in_case_only_and_a_refused_row(case):
    use_citext(case)
    case.database.execute(CHECK)
    good = checkout(1, at=10, checkout_id="Order-1", total_amount=1)
    bad = checkout(1, at=11, checkout_id="order-1", payment_method="barter")
    case.send(good, bad, checkout(2, at=10, checkout_id="A"), checkout(2, at=11, checkout_id="a"))
    case.finish()
    assert {row["checkout_id"].lower(): row["total_amount"] for row in case.database.rows()} == {"order-1": 1, "a": 42.5}
    assert refused(case).keys() == {"order-1"}


# --- the breaker


def test_a_wrong_time_format_stops_the_pipeline(case):
    case.pipeline.change("inputs.checkouts.time.format", "epoch_s")
    case.pipeline.change("commit_interval", "1m")
    case.send(*[click(n % 20, n, at=n * 0.001) for n in range(100)], *orders(1500))
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2, process.log
    assert "time_invalid" in process.log and '"time.format"' in process.log
    assert case.rows() == {} and case.ledger().total() == 0, "something was committed"
    assert case.dead_letters() == []


def test_a_table_that_refuses_everything_stops_the_pipeline(case):
    case.database.execute(CHECK)
    case.pipeline.change("commit_interval", "1m")
    case.send(*orders(1200, range(1200), payment_method="barter"))
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2, process.log
    assert "row_refused" in process.log
    assert case.rows() == {} and case.ledger().total() == 0, "something was committed"


def test_less_than_half_goes_on(case):
    events = orders(1000, range(0, 800, 2), datetime_occured="soon")
    case.send(*events)
    case.finish()
    assert case.ledger()["conversion", "time_invalid"] == 400
    assert len(case.rows()) == 600


def test_late_ones_do_not_count(case):
    case.send(checkout(1, at=3600, partition=0))
    case.send(*[checkout(1, n, at=n * 0.001, timestamp=3600, partition=0) for n in range(1500)])
    case.finish()
    assert case.ledger()["conversion", "late"] == 1500
