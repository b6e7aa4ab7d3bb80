"""tributary verify: agrees with what a run has written, whatever happened on the way, and finds what was done to the
table since."""

import json
import subprocess
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from confluent_kafka import TopicPartition

from events import checkout, click
from history import history
from pipeline import eventually
from stream import Stream

TABLE = "commerce.attributed_checkouts"


def verify(case, *arguments, code=0):
    process = case.pipeline.run("--quiet", *arguments, command="verify")
    assert process.exit_code == code, process.output[-3000:] + process.log[-3000:]
    return process.output


def differences(case, *arguments, code=1):
    """Every difference, as --output writes it; and what was printed."""
    file = case.pipeline.folder / "differences.jsonl"
    said = verify(case, "--output", str(file), *arguments, code=code)
    return [json.loads(line) for line in file.read_text().splitlines()], said


def pairs(count, at=0):
    """Clicks, and the checkouts they lead to."""
    clicks = [click(user, at=at + user) for user in range(count)]
    return clicks, [checkout(user, at=at + user + 10) for user in range(count)]


# --- agreeing


@pytest.mark.parametrize("write", ["upsert", "append"])
def test_agrees_after_a_random_history(case, rnd, write):
    if write == "append":
        case.append_without_key()
    case.pipeline.change("attribute.window", rnd.choice(["30s", "10m", "1h"]))
    case.pipeline.change("attribute.allowed_lateness", rnd.choice(["0s", "20s"]))
    case.pipeline.change("attribute.late", rnd.choice(["dead_letter", "attribute"]))
    case.pipeline.change("attribute.max_drift", rnd.choice(["1m", "1h"]))
    case.pipeline.change("batch_rows", rnd.choice([7, 100, 10_000]))
    case.send(*history(rnd, 6_000, span=rnd.choice([600, 10_000])))
    case.finish("--workers", str(rnd.choice([1, 2])))
    said = verify(case)
    assert "agrees" in said and "note" not in said, said
    assert f"rows expected: {len(case.database.rows())}," in said, said


def test_agrees_while_the_pipeline_runs(case, rnd):
    """One moment is looked at, however the run goes on: idleness and kills included."""
    case.pipeline.change("defaults.idle_timeout", "200ms")
    with Stream(case, history(rnd, 5_000), rate=600) as stream:
        process = case.start()
        while stream.thread.is_alive():
            stream.await_progress()
            assert "agrees" in verify(case)
            process.kill()
            process = case.start()
    process.kill()
    case.finish()
    assert "agrees" in verify(case)
    assert case.database.query("select count(*) from tributary.idle_advances")[0][0] > 0


def test_agrees_before_anything_is_final(case):
    case.send(click(1, at=0), checkout(1, at=1))
    process = case.pipeline.run("--once")
    assert process.exit_code == 0
    assert "rows expected: 0," in verify(case)


# --- finding


@pytest.fixture
def written(case):
    """A table that agrees: attributed and unattributed, in several partitions."""
    clicks, orders = pairs(30)
    case.send(*clicks[:25], *orders)
    case.finish()
    case.orders = {order.fields["checkout_id"]: order for order in orders}
    verify(case)
    return case


def test_a_row_that_was_changed(written):
    victim = next(iter(written.orders))
    written.database.execute(f"update {TABLE} set payment_method = 'cash' where checkout_id = %s", victim)
    [found], said = differences(written)
    assert (found["difference"], found["columns"]) == ("wrong", ["payment_method"])
    assert (found["found"]["payment_method"], found["expected"]["payment_method"]) == ("cash", "card")
    assert found["found"]["checkout_id"] == victim
    assert f'wrong        checkout_id="{victim}"' in said and 'payment_method is "cash", must be "card"' in said
    record = written.records("checkouts")
    [place] = [(r.partition, r.offset) for r in record if json.loads(r.value)["checkout_id"] == victim]
    assert (found["partition"], found["offset"]) == place


def test_a_row_with_another_click(written):
    first, second = list(written.orders)[:2]
    written.database.execute(
        f"update {TABLE} set click_id = (select click_id from {TABLE} where checkout_id = %s) where checkout_id = %s",
        second,
        first,
    )
    [found], _ = differences(written)
    assert (found["difference"], found["columns"]) == ("wrong", ["click_id"])


def test_a_row_that_lost_its_click(written):
    victim = next(iter(written.orders))
    written.database.execute(f"update {TABLE} set click_id = null, click_time = null where checkout_id = %s", victim)
    [found], _ = differences(written)
    assert (found["difference"], found["columns"]) == ("wrong", ["click_id", "click_time"])


def test_a_row_that_was_deleted(written):
    victim = next(iter(written.orders))
    written.database.execute(f"delete from {TABLE} where checkout_id = %s", victim)
    [found], _ = differences(written)
    assert found["difference"] == "missing" and found["found"] is None
    assert found["expected"]["checkout_id"] == victim


def test_a_row_that_was_added(written):
    written.database.execute(f"insert into {TABLE} (checkout_id, total_amount) values ('not one', 1)")
    [found], said = differences(written)
    assert found["difference"] == "unexplained" and found["found"]["checkout_id"] == "not one"
    assert 'unexplained  checkout_id="not one"' in said
    assert "agrees" in verify(written, "--shared-table")


def test_the_limit(written):
    written.database.execute(f"delete from {TABLE}")
    said = verify(written, "--limit", "3", code=1)
    assert said.count("missing      checkout_id=") == 3 and "and 27 more" in said and "30 missing" in said
    found, _ = differences(written)
    assert {row["expected"]["checkout_id"] for row in found} == set(written.orders)


def test_one_partition_only(written):
    """Its rows and nothing else."""
    places = {json.loads(r.value)["checkout_id"]: r.partition for r in written.records("checkouts")}
    victim = next(iter(written.orders))
    written.database.execute(f"delete from {TABLE} where checkout_id = %s", victim)
    for partition in range(4):
        verify(written, "--partition", str(partition), code=int(partition == places[victim]))
    verify(written, "--partition", "4", code=2)


def test_append_a_doubled_a_deleted_and_an_added_row(case):
    case.append_without_key()
    clicks, orders = pairs(10)
    case.send(*clicks, *orders, orders[3])  # one conversion sent twice has two rows
    case.finish()
    assert "rows expected: 11," in verify(case)
    ids = [order.fields["checkout_id"] for order in orders]
    case.database.execute(f"insert into {TABLE} select * from {TABLE} where checkout_id = %s", ids[0])
    [found], _ = differences(case)
    assert found["difference"] == "doubled" and found["found"]["checkout_id"] == ids[0]
    case.database.execute(f"delete from {TABLE} where checkout_id = any(%s)", [ids[0], ids[1]])
    case.database.execute(f"update {TABLE} set click_id = null where checkout_id = %s", ids[2])
    found, _ = differences(case)
    assert sorted(row["difference"] for row in found) == ["missing", "missing", "missing", "unexplained"]


# --- what is no failure


def test_a_conversion_sent_again(case):
    """Of several with one id the last stands, also where they lie in different partitions."""
    order = checkout(1, at=10, partition=0)
    again = checkout(1, at=20, partition=0, checkout_id=order.fields["checkout_id"], payment_method="cash")
    elsewhere = checkout(2, at=5, partition=1, checkout_id=order.fields["checkout_id"], payment_method="cheque")
    case.send(order, again, elsewhere, click(1, at=100, partition=0), click(1, at=100, partition=1))
    case.finish("--workers", "2")
    verify(case)
    for row, code in ((again, 0), (elsewhere, 0), (order, 1)):
        case.database.execute(
            f"update {TABLE} set payment_method = %s, checkout_time = %s, user_name = null, click_id = null",
            row.fields["payment_method"],
            row.fields["datetime_occured"],
        )
        verify(case, code=code)


def test_lookup_tables_that_changed_are_a_note(written):
    written.database.execute("update commerce.users set username = 'somebody else' where id < 5")
    found, said = differences(written, code=0)
    assert {row["difference"] for row in found} == {"looked_up"} and len(found) == 5
    assert {tuple(row["columns"]) for row in found} == {("user_name",)}
    assert "note: 5 rows differ in columns that come from lookups" in said and "agrees" in said
    written.database.execute(f"update {TABLE} set payment_method = 'cash' where user_name = 'user 3'")
    verify(written, code=1)


def test_what_went_to_the_dead_letters_is_not_missing(case):
    """A lookup that had no row then and has one now; and the other way round."""
    case.pipeline.change("lookups.users.missing", "dead_letter")
    _, orders = pairs(5)
    case.send(*orders, checkout(100, at=1))
    case.finish()
    assert "agrees" in verify(case)
    case.database.execute("insert into commerce.users values (100, 'new', '')")
    case.database.execute("delete from commerce.users where id = 2")
    assert "agrees" in verify(case)
    case.database.execute(f"delete from {TABLE} where checkout_id = %s", orders[3].fields["checkout_id"])
    found, _ = differences(case)
    assert [(row["difference"], row["expected"]["checkout_id"]) for row in found] == [
        ("missing", orders[3].fields["checkout_id"]),
        ("looked_up", orders[2].fields["checkout_id"]),
    ]


def test_what_a_lookup_dropped_is_a_note(case):
    case.pipeline.change("lookups.users.missing", "drop")
    case.send(checkout(1, at=0), checkout(100, at=1))
    case.finish()
    assert "note" not in verify(case)
    case.database.execute("insert into commerce.users values (100, 'new', '')")
    [found], said = differences(case, code=0)
    assert found["difference"] == "dropped" and "note: 1 rows are not there" in said


# --- topics that no longer reach back


def forget(case, role, fraction):
    """Deletes the first part of every partition, as retention does."""
    ends = {}
    for record in case.records(role):
        ends[record.partition] = record.offset + 1
    wanted = [TopicPartition(case.topics[role], p, int(end * fraction)) for p, end in ends.items()]
    for done in case.kafka.admin.delete_records(wanted).values():
        done.result(30)


@pytest.mark.parametrize("role", ["clicks", "checkouts"])
def test_what_retention_took_is_not_verified(case, rnd, role):
    case.pipeline.change("attribute.window", "1m")
    case.send(*history(rnd, 8_000, span=4_000))
    case.finish()
    forget(case, role, 0.5)
    said = verify(case)
    assert "begins at offset" in said and "agrees" in said, said
    # What is far enough behind the gap is compared as ever.
    newest = max(row["checkout_time"] for row in case.database.rows())
    case.database.execute(
        f"update {TABLE} set payment_method = 'stolen' where checkout_time > %s", newest - timedelta(seconds=300)
    )
    verify(case, code=1)


def test_a_topic_that_is_empty_by_now(case, rnd):
    case.send(*history(rnd, 500))
    case.finish()
    forget(case, "clicks", 1)
    said = verify(case)
    assert "agrees" in said and "were not verified" in said


# --- what cannot be done


def test_a_pipeline_that_has_never_run(case):
    process = case.pipeline.run(command="verify")
    assert process.exit_code == 2 and "has ever run" in process.log, process.log
    case.send(checkout(1, at=0))
    case.finish()
    case.pipeline.change("pipeline", "another-name")
    process = case.pipeline.run(command="verify")
    assert process.exit_code == 2 and '"another-name" has never run' in process.log, process.log


def test_a_topic_that_was_made_anew(written):
    topic = written.topics["checkouts"]
    written.kafka.admin.delete_topics([topic])[topic].result(30)
    eventually(lambda: topic not in written.kafka.topics(), "the topic is gone")
    written.kafka.create(topic, 4)
    process = written.pipeline.run(command="verify")
    assert process.exit_code == 2 and "made anew" in process.log, process.log


def test_rights_that_are_missing(written):
    written.database.execute("create role looker login password 'looks'; grant usage on schema tributary, commerce to looker")
    written.database.execute("grant select on all tables in schema tributary to looker")
    try:
        address = urlsplit(written.database.url)
        host = f"looker:looks@{address.hostname}:{address.port}"
        written.pipeline.environment["DATABASE_URL"] = address._replace(netloc=host).geturl()
        process = written.pipeline.run(command="verify")
        assert process.exit_code == 2 and "may not" in process.log, process.log
        written.database.execute(f"grant select on {TABLE}, commerce.users to looker")
        verify(written)
    finally:
        written.database.execute("drop owned by looker; drop role looker")


# --- the command lines of all three


@pytest.mark.parametrize("command", ["verify", "explain", "state"])
def test_help(program, command):
    done = subprocess.run([program, command, "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and f"usage: tributary {command} FILE" in done.stdout and "Examples:" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120


@pytest.mark.parametrize(
    "line",
    [
        "verify",
        "verify a b",
        "verify --limit x a",
        "verify --partition -1 a",
        "explain a",
        "explain a --offset 1",
        "explain a b --offset 1 --partition 0",
        "explain --nonsense a b",
        "state",
        "state --clicks",
    ],
)
def test_wrong_command_lines(program, line):
    done = subprocess.run([program, *line.split()], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and f"tributary {line.split()[0]}: " in done.stderr, done.stderr
