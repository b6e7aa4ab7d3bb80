"""emit: early. A row is there as soon as its checkout is read, is corrected while clicks come, and the table is that of
emit: final in the end, whatever happens on the way."""

import json

import pytest

from events import checkout, click
from history import history
from oracle import SHARING
from pipeline import eventually
from stream import Stream, passed
from test_attribution import far_ahead, id_of
from watched import Watched

TABLE = "commerce.attributed_checkouts"


@pytest.fixture
def early(case):
    """One partition, so that a test decides what is read before what."""
    case.pipeline.change("attribute.emit", "early")
    return case


@pytest.fixture
def told(early):
    """With columns that tell what a row is."""
    early.database.execute(f"alter table {TABLE} add final boolean, add revision integer")
    early.pipeline.output["columns"] += [{"final": "attribution.final"}, {"revision": "attribution.revision"}]
    return early


def state(case, order) -> tuple | None:
    """click, final, revision of its row, as they are."""
    rows = case.rows()
    row = rows.get(order.fields["checkout_id"])
    return row and (row["click_id"], row["final"], row["revision"])


def await_state(case, order, *wanted) -> None:
    eventually(lambda: state(case, order) == wanted, f"the row is {wanted}, not {state(case, order)}")


def versions(case) -> set[tuple]:
    """Of each row the transaction that wrote it."""
    return set(case.database.query(f"select checkout_id, xmin::text, click_id from {TABLE}"))


def await_read(case, *events) -> None:
    """Sends them and waits until a commit has passed them, or for checkouts that are not final, read them."""
    before = passed(case)
    case.send(*events)
    eventually(lambda: passed(case) >= before + len(events), f"{len(events)} more records committed")


def owned(case) -> list[dict]:
    sql = "select early from tributary.progress where early is not null order by partition"
    return [row[0] for row in case.database.query(sql)]


def test_a_row_comes_early_and_is_corrected_until_it_is_final(told):
    first, second, order = click(1, at=50), click(1, at=40), checkout(1, at=60)
    told.send(first, order)
    process = told.start()
    await_state(told, order, id_of(first), False, 1)
    assert owned(told) == [{"table": TABLE, "offsets": [[0, 0]]}]
    told.send(second)
    await_state(told, order, id_of(second), False, 2)
    told.send(*far_ahead(200))
    await_state(told, order, id_of(second), True, 3)
    eventually(lambda: owned(told) == [], "nothing is early any more")
    assert process.stop() == 0, process.log[-3000:]
    told.settle()
    assert state(told, order) == (id_of(second), True, 3)


def test_a_checkout_whose_click_comes_after_it(told):
    order, late = checkout(1, at=60), click(1, at=55)
    told.send(order)
    process = told.start()
    await_state(told, order, None, False, 1)
    told.send(late)
    await_state(told, order, id_of(late), False, 2)
    assert process.stop() == 0
    told.settle()


def test_what_does_not_change_is_not_written_again(early):
    """Not by further clicks, not by a restart, and not when it becomes final."""
    clicks = [click(user, at=50) for user in range(1, 20)]
    orders = [checkout(user, at=60) for user in range(1, 20)]
    early.send(*clicks, *orders)
    process = early.start()
    eventually(lambda: len(early.rows()) == len(orders), "every row is there")
    before = versions(early)
    await_read(early, *[click(user, at=55) for user in range(1, 20)])
    assert versions(early) == before
    process.kill()
    process = early.start()
    await_read(early, *[click(user, at=56) for user in range(1, 20)])
    assert versions(early) == before
    assert process.stop() == 0
    early.settle()
    assert versions(early) == before


def test_json_without_equality_is_compared_by_its_text(early):
    """Its type has no equality; and 1.0 and 1.00 are equal numerics and not the same row."""
    early.database.execute(f"alter table {TABLE} add details json, add price numeric")
    early.pipeline.output["columns"] += [{"details": "clicks.details"}, {"price": "clicks.price"}]
    late = click(1, at=55, details={"a": [1, 2]}, price=1.0)
    early.send(late, checkout(1, at=60))
    process = early.start()
    eventually(lambda: early.database.query(f"select price::text from {TABLE}") == [("1.0",)], "the row")
    before = versions(early)
    process.kill()
    process = early.start()
    await_read(early, click(1, at=57))
    assert versions(early) == before
    first = click(1, at=50, details={"a": [1, 2]}, price=1.0)
    first.value = json.dumps(first.fields).replace('"price": 1.0', '"price": 1.00').encode()
    early.send(first)
    eventually(lambda: early.database.query(f"select price::text from {TABLE}") == [("1.00",)], "its correction")
    assert process.stop() == 0
    early.settle()


def test_a_row_that_is_none_in_the_end_is_taken_back(early):
    """The user is known when the checkout comes, and not any more when it is final."""
    early.pipeline.change("lookups.users.missing", "dead_letter")
    stays, goes = checkout(1, at=60), checkout(2, at=60)
    early.send(stays, goes)
    process = early.start()
    eventually(lambda: len(early.rows()) == 2, "both rows")
    process.kill()  # whoever decides it did not write it
    early.database.execute("delete from commerce.users where id = 2")
    early.finish()
    assert set(early.rows()) == {stays.fields["checkout_id"]}
    assert early.reasons() == ["lookup_missing"]
    assert early.ledger()["conversion", "lookup_missing"] == 1


def test_a_lookup_without_a_row_yet_writes_nothing_early(early):
    early.pipeline.change("lookups.users.missing", "dead_letter")
    order, other = checkout(500, at=60), checkout(1, at=60)
    early.send(order, other)
    process = early.start()
    eventually(lambda: other.fields["checkout_id"] in early.rows(), "the other row")
    assert order.fields["checkout_id"] not in early.rows()
    early.database.execute("insert into commerce.users values (500, 'late', 'secret')")
    assert process.stop() == 0
    early.finish()
    assert early.row(order)["user_name"] == "late"
    assert early.reasons() == []


def test_what_the_table_refuses_early_harms_nobody(told):
    """A correction that a check refuses leaves the row as it is; in the end it is a dead letter, once, and gone."""
    good, bad = click(1, at=50), click(1, at=40)
    order, others = checkout(1, at=60), [checkout(user, at=60) for user in range(2, 10)]
    told.database.execute(f"alter table {TABLE} add check (click_id <> '{id_of(bad)}')")
    told.send(good, order, *others)
    process = told.start()
    await_state(told, order, id_of(good), False, 1)
    told.send(bad, *[click(user, at=45) for user in range(2, 10)])
    for other in others:
        eventually(lambda: state(told, other)[2] == 2, "the others are corrected")
    assert state(told, order) == (id_of(good), False, 1)
    assert told.reasons() == []
    told.send(*far_ahead(200))
    eventually(lambda: told.reasons() == ["row_refused"], "it is decided")
    eventually(lambda: state(told, order) is None, "and its row gone")
    assert process.stop() == 0, process.log[-3000:]
    told.finish()
    assert len(told.rows()) == len(others)
    assert told.ledger()["conversion", "row_refused"] == 1
    assert told.reasons() == ["row_refused"]


def test_an_early_row_is_never_in_the_way_of_a_final_one(early):
    """Of a second unique column: the first checkout is final first, and the value is its."""
    early.database.execute(f"alter table {TABLE} add code text unique")
    early.pipeline.output["columns"].append("code")
    early.pipeline.change("lookups.users.missing", "dead_letter")
    first = checkout(500, "lamp", at=60, code="x", key="1")
    second = checkout(1, "lamp", at=100, code="x")
    early.send(first, second)
    process = early.start()
    eventually(lambda: second.fields["checkout_id"] in early.rows(), "the second one is there early")
    early.database.execute("insert into commerce.users values (500, 'late', 'secret')")
    early.send(*far_ahead(80))
    eventually(lambda: set(early.rows()) == {first.fields["checkout_id"]}, "the first one takes its place")
    assert process.stop() == 0, process.log[-3000:]
    early.finish()
    assert set(early.rows()) == {first.fields["checkout_id"]}
    assert early.reasons() == ["row_refused"]


def test_an_early_row_never_covers_another_checkouts(told):
    """Of one id. The first is final; the second would cover it, and is a dead letter in the end."""
    told.pipeline.change("lookups.users.missing", "dead_letter")
    first = checkout(1, at=60)
    second = checkout(500, at=300, checkout_id=first.fields["checkout_id"], key="1")
    told.database.execute("insert into commerce.users values (500, 'gone soon', 'secret')")
    told.send(first, *far_ahead(200))
    process = told.start()
    await_state(told, first, None, True, 1)
    other = checkout(1, at=301)
    told.send(second, other)
    await_state(told, other, None, False, 1)
    assert told.row(first)["user_name"] == "user 1"
    told.database.execute("delete from commerce.users where id = 500")
    assert process.stop() == 0
    told.finish()
    assert state(told, first) == (None, True, 1)
    assert told.row(first)["user_name"] == "user 1"


def test_of_several_with_one_id_the_last_stands(told):
    told.pipeline.change("defaults.partitioned_by", None)
    click_of = [click(user, at=50 + user) for user in (1, 2, 3)]
    first = checkout(1, at=60)
    rest = [checkout(user, at=60, checkout_id=first.fields["checkout_id"], key="1") for user in (2, 3)]
    for c in click_of:
        c.key = b"1"
    told.send(*click_of, first, *rest)
    process = told.start()
    await_state(told, first, id_of(click_of[0]), False, 1)
    process.kill()
    told.settle()
    assert told.row(first)["click_id"] == id_of(click_of[2])


def test_more_lateness_only_means_more_corrections(told):
    told.pipeline.change("attribute.allowed_lateness", "10m")
    order, first, second = checkout(1, at=60), click(1, at=50), click(1, at=40)
    told.send(order, first)
    process = told.start()
    await_state(told, order, id_of(first), False, 1)
    told.send(*far_ahead(300), second)
    await_state(told, order, id_of(second), False, 2)
    assert process.stop() == 0
    told.settle()


def test_from_early_to_final_and_back(early):
    """What the one has left, the other takes over."""
    early.pipeline.change("lookups.users.missing", "dead_letter")
    orders = [checkout(user, at=60 + user) for user in range(1, 10)]
    early.send(*orders)
    process = early.start()
    eventually(lambda: len(early.rows()) == len(orders), "every row")
    assert process.stop() == 0
    early.database.execute("delete from commerce.users where id < 4")
    early.pipeline.change("attribute.emit", "final")
    early.send(*far_ahead(78))
    process = early.start()
    eventually(lambda: len(early.rows()) == len(orders) - 2, "two of them are taken back")
    assert process.stop() == 0
    early.pipeline.change("attribute.emit", "early")
    early.finish()
    assert len(early.rows()) == len(orders) - 3
    assert owned(early) == []


def test_verify_knows_early_rows(told):
    orders = [checkout(user, at=60 + user) for user in range(1, 10)]
    told.send(*orders, *far_ahead(78))
    process = told.start()
    eventually(lambda: len(told.rows()) == len(orders), "every row")
    eventually(lambda: told.database.query(f"select count(*) from {TABLE} where final")[0][0] > 0, "some are final")
    assert process.stop() == 0
    verified = told.pipeline.run("--quiet", command="verify")
    assert verified.exit_code == 0, verified.output + verified.log
    early = told.database.query(f"select count(*) from {TABLE} where not final")[0][0]
    assert early and f"note: {early} early rows" in verified.output
    explained = told.pipeline.run(orders[-1].fields["checkout_id"], command="explain")
    assert "its row is an early one" in explained.output, explained.output + explained.log
    told.database.execute(f"insert into {TABLE} (checkout_id) values ('nobody')")
    verified = told.pipeline.run("--quiet", command="verify")
    assert verified.exit_code == 1 and "1 unexplained" in verified.output


def test_append_is_refused(early):
    early.append_without_key()
    process = early.pipeline.run(command="check")
    assert process.exit_code == 2
    assert '"emit: early" corrects rows, and "write: append" cannot' in process.log + process.output


def test_rows_left_early_cannot_be_appended_to(early):
    early.send(checkout(1, at=60))
    process = early.start()
    eventually(lambda: len(early.rows()) == 1, "the row")
    process.kill()
    early.pipeline.change("attribute.emit", "final")
    early.pipeline.output["write"] = "append"
    primary_key = early.pipeline.output.pop("primary_key")
    process = early.pipeline.run("--once", "--close")
    assert process.exit_code == 2
    assert "has early rows of conversions that are not final" in process.log
    early.pipeline.output.update(write="upsert", primary_key=primary_key)
    early.settle()


def test_a_key_that_only_the_database_can_compare_is_refused(early):
    early.database.execute(f"create extension citext; alter table {TABLE} alter checkout_id type citext")
    process = early.pipeline.run("--once")
    assert process.exit_code == 2
    assert "`emit: early` cannot tell apart all values" in process.log
    early.pipeline.change("attribute.emit", "final")
    early.finish()


def test_metrics(told):
    told.pipeline.change("lookups.users.missing", "drop")
    first, order, goes = click(1, at=50), checkout(1, at=60), checkout(2, at=60)
    told.send(first, order, goes)
    process = told.start()
    watched = Watched(process)
    await_state(told, order, id_of(first), False, 1)
    told.send(click(1, at=40))
    eventually(lambda: state(told, order)[2] == 2, "its correction")
    told.database.execute("delete from commerce.users where id = 2")
    told.send(*far_ahead(200))
    eventually(lambda: state(told, goes) is None, "the other one is taken back")
    counts = [("tributary_early_rows_total", change) for change in ("written", "corrected", "taken_back")]
    eventually(lambda: [watched.metrics()[name] for name in counts] == [2, 1, 1], "they are counted")
    written = ("tributary_rows_written_total",)
    eventually(lambda: watched.metrics()[written] == 1, "and the final row apart from them")
    assert process.stop() == 0


@pytest.mark.parametrize("model, final_told", [("first", False), ("first", True), ("linear", False), ("time_decay", True)])
def test_a_random_history_through_kills(early, rnd, model, final_told):
    if model in SHARING:
        early.share_out(model)
    if final_told:
        early.database.execute(f"alter table {TABLE} add final boolean, add revision integer")
        early.pipeline.output["columns"] += [{"final": "attribution.final"}, {"revision": "attribution.revision"}]
    early.pipeline.change("defaults.idle_timeout", rnd.choice([0, "200ms"]))
    early.pipeline.change("attribute.window", rnd.choice(["30s", "10m"]))
    early.pipeline.change("attribute.allowed_lateness", rnd.choice(["0s", "20s"]))
    early.pipeline.change("batch_rows", rnd.choice([7, 50, 10_000]))
    running = []
    with Stream(early, history(rnd, 5000, span=rnd.choice([100, 2500])), rate=800) as stream:
        while stream.thread.is_alive():
            if len(running) < 2:
                running.append(early.start("--workers", str(rnd.choice([1, 2]))))
            victim = rnd.choice(running)
            stream.await_progress()
            if rnd.random() < 0.7:
                victim.kill_after(rnd.uniform(0, 0.5))
                running.remove(victim)
    for process in running:
        assert process.stop() == 0
    early.settle(duplicates=True)
    assert owned(early) == []
    if final_told:
        assert early.database.query(f"select count(*) from {TABLE} where not final") == [(0,)]
