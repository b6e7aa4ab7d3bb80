"""Producers that send no key: their topics are copied into topics of Tributary's own, each record under its key. What
is in the table is held against the copies and their markers, and against what the producers wrote."""

import json
from dataclasses import replace

import pytest
from confluent_kafka.admin import NewPartitions

from events import HOUR, MINUTE, checkout, click, raw, unkeyed
from history import history
from pipeline import eventually
from rekeyed import is_marker, source_of
from stream import Stream, passed

SOURCES = 4


@pytest.fixture
def rekeyed(case):
    """A case whose table shows a row that was written twice."""
    case.rekey()
    case.append_without_key()
    return case


def journeys(users: int = 40, at: float = 0):
    clicks = [click(user, "lamp", at + user) for user in range(users)]
    orders = [checkout(user, "lamp", at + user + 5 * MINUTE) for user in range(users)]
    return clicks, orders


def copies(case, role):
    return [record for record in case.log(role) if not is_marker(record)]


def copied(case) -> int:
    """How many records the re-keyers have committed."""
    if not all(case.pipeline.log_topic(role) in case.kafka.topics() for role in case.topics):
        return 0
    return sum(len(copies(case, role)) for role in case.topics)


def in_source(partition, *events):
    return [replace(event, key=None, partition=partition) for event in events]


# --- what is copied, and how


def test_checkouts_find_their_clicks(rekeyed):
    clicks, orders = journeys()
    rekeyed.send(*unkeyed(clicks), *unkeyed(orders))
    rekeyed.settle()
    rekeyed.check_sources()
    assert rekeyed.clicks_of(*orders) == [c.fields["click_id"] for c in clicks]


def test_a_record_is_copied_as_it_is(rekeyed):
    """With its headers, whatever they are called."""
    events = unkeyed([click(user, at=user) for user in range(8)])
    events[3].headers = {"trace": "a b", "": "c"}
    rekeyed.send(*events, replace(events[5], key=b"of the producer"))
    rekeyed.settle()
    found = {copy.value: copy for copy in copies(rekeyed, "clicks")}
    assert found[events[3].value].headers.items() >= {"trace": "a b", "": "c"}.items()
    assert found[events[5].value].key == b"5"


def test_keys(rekeyed):
    """A number has one text however it was written; a string of the same text is copied to the same place, and is
    another key all the same."""
    users = [107, 107.0, "107", "seven", "", "ü", True, 1e3, 10**20, -0.5, 1e-7]
    clicks = [click(user, at=n) for n, user in enumerate(users)]
    orders = [checkout(user, at=60 + n) for n, user in enumerate(users)]
    rekeyed.send(*unkeyed(clicks), *unkeyed(orders, 3))
    rekeyed.settle()
    rekeyed.check_sources()
    keys = {json.loads(copy.value)["datetime_occured"]: copy.key.decode() for copy in copies(rekeyed, "clicks")}
    texts = ["107", "107", "107", "seven", "", "ü", "true", "1000", "1" + 20 * "0", "-0.5", "0.0000001"]
    assert [keys[c.fields["datetime_occured"]] for c in clicks] == texts
    chosen = [clicks[0], clicks[0], *clicks[2:]]
    assert rekeyed.clicks_of(*orders) == [c.fields["click_id"] for c in chosen]


def test_what_cannot_be_joined(rekeyed):
    """The join judges it, and the dead letter says where the producer wrote it."""
    what = [None, b"", b"{", b"\xff", "[]", '{"datetime_occured": "soon"}']
    broken = [raw("clicks", value, at=n, key=None, partition=3) for n, value in enumerate(what)]
    nobody = [make(user, at=9, key=None, partition=2) for make in (click, checkout) for user in (None, {"id": 7}, [])]
    missing = [checkout(1, "lamp", 9, key=None, partition=1, product_id=None)]
    rekeyed.send(*broken, *nobody, *missing, *unkeyed([click(1, at=0), checkout(1, at=10)]))
    rekeyed.settle()
    letters = {letter.key.decode(): letter.headers["reason"] for letter in rekeyed.dead_letters()}
    clicks, checkouts = rekeyed.topics.values()
    reasons = ["empty", "empty", "malformed", "encoding", "not_an_object", "time_invalid"]
    wanted = {f"{clicks}-3-{n}": reason for n, reason in enumerate(reasons)}
    wanted |= {f"{clicks}-2-0": "key_null", f"{clicks}-2-1": "key_invalid", f"{clicks}-2-2": "key_invalid"}
    assert letters == wanted | {f"{checkouts}-2-{n}": "key_invalid" for n in (1, 2)}
    assert len(rekeyed.rows()) == 3
    again = ["--redrive", "--yes", "--input", "clicks", "--reason", "malformed"]
    process = rekeyed.pipeline.run(*again, command="dead-letters")
    assert process.exit_code == 0, process.output + process.log
    sent = rekeyed.records("clicks")[-1]
    assert (sent.partition, sent.offset, sent.value) == (3, len(broken), b"{")


def test_where_a_record_comes_from_can_be_stored(case):
    """_partition and _offset are the producer's."""
    case.rekey()
    names = ("partition", "offset")
    case.database.execute(
        "alter table commerce.attributed_checkouts add p int, add o bigint, add click_p int, add click_o bigint"
    )
    case.pipeline.output["columns"] += [{name[0]: f"checkouts._{name}"} for name in names]
    case.pipeline.output["columns"] += [{f"click_{name[0]}": f"clicks._{name}"} for name in names]
    clicks, orders = journeys(10)
    case.send(*unkeyed(clicks), *unkeyed(orders, 3))
    case.finish()
    wanted = {o.fields["checkout_id"]: (n % 3, n // 3, n % 4, n // 4) for n, o in enumerate(orders)}
    assert {i: (row["p"], row["o"], row["click_p"], row["click_o"]) for i, row in case.rows().items()} == wanted


def test_ties_go_to_the_first_source(rekeyed):
    """Two clicks of the same microsecond, in two sources: the smaller one has it, whichever is read first."""
    later = in_source(2, *[click(user, at=0, us=7) for user in range(10)])
    rekeyed.send(*later)
    process = rekeyed.start()
    eventually(lambda: copied(rekeyed) == 10, "the second source is copied")
    first = in_source(1, *[click(user, at=0, us=7) for user in range(10)])
    again = in_source(1, *[click(user, at=0, us=7) for user in range(10)])
    orders = in_source(0, *[checkout(user, at=0, us=7) for user in range(10)])
    rekeyed.send(*first, *again, *orders)
    assert process.stop() == 0
    rekeyed.settle()
    rekeyed.check_sources()
    assert rekeyed.clicks_of(*orders) == [c.fields["click_id"] for c in first]
    where = copies(rekeyed, "checkouts")[0]
    place = ["--partition", str(where.partition), "--offset", str(where.offset)]
    explained = rekeyed.pipeline.run(*place, "--json", command="explain")
    assert explained.exit_code == 0, explained.log
    [conversion] = json.loads(explained.output)["conversions"]
    touches = sorted((t["source_partition"], t["source_offset"], t["chosen"]) for t in conversion["touches"])
    assert (conversion["source_partition"], conversion["source_offset"]) == source_of(where)
    assert [(partition, chosen) for partition, _, chosen in touches] == [(1, True), (1, False), (2, False)]


# --- runs


def test_a_random_history(rekeyed, rnd):
    rekeyed.pipeline.change("attribute.window", rnd.choice(["30s", "10m"]))
    rekeyed.send(*unkeyed(history(rnd, 2500, span=rnd.choice([600, 10_000]))))
    workers = rnd.choice([1, 2])
    rekeyed.settle("--workers", str(workers), duplicates=workers > 1)  # where one takes over from the other
    verify = rekeyed.pipeline.run("--quiet", command="verify")
    assert verify.exit_code == 0 and "agrees" in verify.output, verify.output + verify.log
    assert "note" not in verify.output, verify.output


def test_run_after_run(rekeyed, rnd):
    """Each goes on where the one before ended, in both stages; a second one finds nothing to do."""
    events = unkeyed(history(rnd, 1500))
    for part in (events[:700], [], events[700:]):
        rekeyed.send(*part)
        process = rekeyed.pipeline.run("--once")
        assert process.exit_code == 0, process.log
        rekeyed.check(closed=False)
        assert copied(rekeyed) == sum(len(rekeyed.records(role)) for role in rekeyed.topics)
    rekeyed.settle()


def test_stages_one_by_one(rekeyed, rnd):
    rekeyed.send(*unkeyed(history(rnd, 500)))
    process = rekeyed.pipeline.run("--once", "--only", "repartition")
    assert process.exit_code == 0, process.log
    rekeyed.check_rekeyed()
    assert not rekeyed.rows() and not passed(rekeyed)
    rekeyed.send(*unkeyed(history(rnd, 100)))
    before = copied(rekeyed)
    process = rekeyed.pipeline.run("--once", "--only", "attribute")
    assert process.exit_code == 0, process.log
    assert passed(rekeyed) and copied(rekeyed) == before
    rekeyed.check(closed=False)
    rekeyed.settle()


def test_processes_and_workers_come_and_go(rekeyed, rnd):
    """A rebalance in each stage alone, and in both."""
    rekeyed.pipeline.change("defaults.idle_timeout", "300ms")
    with Stream(rekeyed, unkeyed(history(rnd, 3000)), rate=600) as stream:
        processes = [rekeyed.start("--only", "attribute"), rekeyed.start("--only", "repartition")]
        for arguments in (["--only", "repartition", "--workers", "2"], ["--only", "attribute"], ["--workers", "2"]):
            stream.await_progress()
            processes.append(rekeyed.start(*arguments))
        for process in processes[:3]:
            stream.await_progress()
            assert process.stop() == 0, process.log
    for process in processes[3:]:
        assert process.stop() == 0, process.log
    rekeyed.settle(duplicates=True)


def test_from_now_on(rekeyed):
    """What was there before is not looked at."""
    old, new = journeys(6), journeys(6, HOUR)
    rekeyed.pipeline.change("start", "latest")
    rekeyed.send(*unkeyed(old[0]), *unkeyed(old[1]))
    process = rekeyed.start()
    eventually(lambda: "event=rekeying " in process.log, "the sources are read")
    rekeyed.send(*unkeyed(new[0]), *unkeyed(new[1]))
    eventually(lambda: copied(rekeyed) >= 12, "they are copied")
    assert process.stop() == 0
    rekeyed.finish()
    assert rekeyed.clicks_of(*new[1]) == [c.fields["click_id"] for c in new[0]]
    assert len(rekeyed.rows()) == 6 and copied(rekeyed) == 12


# --- event time over several sources


def steady(rnd, source, count, begin, end, bound=5):
    """Events that keep their bound: of half the users each source has its own, the others are in all."""
    step, events = (end - begin) / count, []
    for n in range(count):
        at = begin + n * step - rnd.uniform(0, bound - 0.1)
        user = rnd.choice([rnd.randrange(10), 10 + source])
        make = rnd.choice([click, click, checkout])
        events += in_source(source, make(user, rnd.choice("ab"), at, timestamp=begin + n * step))
    return events


def test_a_backlog_of_hours(rekeyed, rnd):
    """One source was written hours ahead of another, and all of it long ago: the table is that of the same events in
    order. With a bound of seconds, most would be late if the first records read said how late it is."""
    rekeyed.pipeline.change("defaults.time.out_of_order", "5s")
    rekeyed.pipeline.change("attribute.window", "20m")
    for source in range(SOURCES):
        rekeyed.send(*steady(rnd, source, 1000, (3 - source) * HOUR, (6 - source / 2) * HOUR))
    process = rekeyed.pipeline.run("--once", "--workers", "2")
    assert process.exit_code == 0, process.log
    rekeyed.settle()
    rekeyed.check_sources()
    assert not rekeyed.dead_letters()


def test_a_backlog_that_arrives_source_by_source(rekeyed, rnd):
    """While it runs: nothing is decided before the last of them has come, and then all of it is right."""
    rekeyed.pipeline.change("defaults.time.out_of_order", "5s")
    rekeyed.pipeline.change("attribute.window", "20m")
    process, orders = rekeyed.start(), 0
    for source in range(SOURCES):
        assert not rekeyed.rows()
        before = copied(rekeyed)
        events = steady(rnd, source, 200, 0, 6 * HOUR) + in_source(source, click(at=6 * HOUR + MINUTE))
        orders += sum(event.role == "checkouts" for event in events)
        rekeyed.send(*events)
        eventually(lambda: copied(rekeyed) == before + 201, "they are copied")
    rekeyed.await_rows(orders)
    assert process.stop() == 0
    rekeyed.settle()
    rekeyed.check_sources()
    assert not rekeyed.dead_letters()


def test_a_silent_source_holds_nothing_back(rekeyed):
    """One is empty, one falls silent; when it speaks again it is waited for again."""
    rekeyed.pipeline.change("defaults.idle_timeout", "300ms")
    rekeyed.pipeline.change("attribute.max_drift", "24h")
    clicks = in_source(0, *[click(user, at=user) for user in range(5)])
    orders = in_source(1, *[checkout(user, at=60) for user in range(5)])
    rekeyed.send(*in_source(2, click(9, at=0)), *clicks, *orders)
    process = rekeyed.start()
    rekeyed.await_rows(5)
    assert process.log.count("event=source_idle") >= 6
    assert rekeyed.clicks_of(*orders) == [c.fields["click_id"] for c in clicks]
    rekeyed.check(closed=False)
    # Within its bound of all others, which are idle: what it sends from now on counts.
    back = in_source(2, *[click(user, at=600 + user) for user in range(5)])
    more = in_source(1, *[checkout(user, "something else", at=700) for user in range(5)])
    rekeyed.send(*back, *more)
    rekeyed.await_rows(10)
    assert process.stop() == 0
    rekeyed.settle()


def test_without_idleness_a_silent_source_is_waited_for(rekeyed):
    order = checkout(1, at=60)
    rekeyed.send(*in_source(0, click(2, at=100)), *in_source(1, order))
    process = rekeyed.start()
    eventually(lambda: passed(rekeyed) >= 2, "the click is read")
    assert not rekeyed.rows()
    first = click(1, at=50)
    for source in (2, 3):
        rekeyed.send(*in_source(source, first if source == 2 else click(3, at=100), click(3, at=100)))
    rekeyed.send(*in_source(1, click(3, at=100)))
    rekeyed.await_rows(1)
    assert rekeyed.clicks_of(order) == [first.fields["click_id"]]
    assert rekeyed.database.query("select count(*) from tributary.idle_advances") == [(0,)]
    assert process.stop() == 0


def test_a_rekeyer_that_is_stopped(rekeyed):
    """The join waits, however long, and decides nothing; it goes on when the other one is back."""
    rekeyed.pipeline.change("defaults.idle_timeout", "300ms")
    clicks, orders = journeys(10)
    rekeyed.send(*unkeyed(clicks), *unkeyed(orders))
    only = rekeyed.pipeline.run("--once", "--only", "repartition")
    assert only.exit_code == 0, only.log
    join = rekeyed.start("--only", "attribute")
    eventually(lambda: passed(rekeyed) >= 10, "everything is read")
    later = [checkout(user, "something else", at=HOUR) for user in range(10)]
    rekeyed.send(*unkeyed(later))
    assert not rekeyed.rows()
    back = rekeyed.start("--only", "repartition")
    rekeyed.await_rows(20)
    for process in (join, back):
        assert process.stop() == 0
    rekeyed.settle()


# --- topics that change


def test_a_source_topic_that_was_made_anew(rekeyed):
    rekeyed.send(*unkeyed(journeys(12)[0]))
    rekeyed.finish()
    rekeyed.kafka.replace(rekeyed.topics["clicks"], SOURCES)
    rekeyed.send(*unkeyed(journeys(12)[0]))
    process = rekeyed.pipeline.run("--once")
    assert process.exit_code == 2, process.log
    assert f'has no offsets of topic "{rekeyed.topics["clicks"]}"' in process.log and "hint: " in process.log
    assert len(copies(rekeyed, "clicks")) == 12


def test_records_that_are_gone_before_they_were_copied(rekeyed):
    rekeyed.send(*unkeyed(journeys(8)[0]))
    rekeyed.finish()
    rekeyed.send(*unkeyed(journeys(8)[0]))
    rekeyed.kafka.forget(rekeyed.topics["clicks"])
    process = rekeyed.pipeline.run("--once")
    assert process.exit_code == 2, process.log
    assert f'topic "{rekeyed.topics["clicks"]}" [' in process.log
    assert "records that were not read are gone" in process.log and "hint: " in process.log


def test_a_source_topic_gets_more_partitions(rekeyed):
    """What is written to them is not lost, wherever the pipeline began."""
    topics = rekeyed.topics.values()
    rekeyed.pipeline.change("start", "latest")
    rekeyed.pipeline.document["kafka"]["properties"]["topic.metadata.refresh.interval.ms"] = 500
    process = rekeyed.start()
    eventually(lambda: "event=rekeying " in process.log, "the sources are read")
    clicks, orders = journeys(12)
    rekeyed.send(*unkeyed(clicks[:8]))
    for future in rekeyed.kafka.admin.create_partitions([NewPartitions(t, 6) for t in topics]).values():
        future.result(30)
    eventually(lambda: all(rekeyed.kafka.topics()[topic] == 6 for topic in topics), "they are there")
    more = in_source(5, *clicks[8:]) + in_source(4, *orders)
    rekeyed.kafka.send(rekeyed.topics, more, rekeyed.kafka.new_producer())
    eventually(lambda: copied(rekeyed) == 24, "all are copied")
    assert process.stop() == 0
    rekeyed.settle()
    rekeyed.check_sources()


# --- what the join remembers


def test_restored_after_a_crash(rekeyed, rnd):
    """From the changelog; and without it from the re-keyed topic."""
    events = unkeyed(history(rnd, 2400))
    rekeyed.pipeline.change("kafka.instance_id", "one")  # the next one ends what this one leaves open
    changelog = f"{rekeyed.pipeline.name}.changelog"
    with Stream(rekeyed, events) as stream:
        for lost in (False, True, False):
            process = rekeyed.start()
            stream.await_progress()
            stream.await_progress()
            process.kill()
            if lost:
                rekeyed.kafka.admin.delete_topics([changelog])[changelog].result(30)
    rekeyed.settle(duplicates=True)
    assert any("event=restored" in p.log for p in rekeyed.pipeline.processes)


def test_what_was_never_committed_is_not_read(rekeyed):
    """As a re-keyer leaves it that was killed in the middle of a transaction."""
    clicks, orders = journeys(10)
    rekeyed.send(*unkeyed(clicks), *unkeyed(orders))
    process = rekeyed.pipeline.run("--once", "--only", "repartition")
    assert process.exit_code == 0, process.log
    producer = rekeyed.kafka.new_producer(**{"transactional.id": rekeyed.pipeline.name})
    producer.init_transactions(30)
    producer.begin_transaction()
    for role in rekeyed.topics:
        for r in copies(rekeyed, role):
            headers = list(r.headers.items())
            producer.produce(rekeyed.pipeline.log_topic(role), r.value, r.key, r.partition, headers=headers)
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    rekeyed.settle()
    assert len(rekeyed.database.rows()) == len(orders)


# --- looking at it


def test_verify_finds_what_was_changed(rekeyed):
    clicks, orders = journeys(10)
    rekeyed.send(*unkeyed(clicks), *unkeyed(orders))
    rekeyed.settle()
    one = orders[3].fields["checkout_id"]
    rekeyed.database.execute("update commerce.attributed_checkouts set click_id = null where checkout_id = %s", one)
    verify = rekeyed.pipeline.run("--quiet", command="verify")
    assert verify.exit_code == 1 and one in verify.output, verify.output + verify.log


def test_state(rekeyed):
    """Markers are neither touches nor undecided."""
    clicks, orders = journeys(10)
    rekeyed.send(*unkeyed(clicks), *unkeyed(orders))
    process = rekeyed.pipeline.run("--once")
    assert process.exit_code == 0, process.log
    process = rekeyed.pipeline.run("--json", command="state")
    assert process.exit_code == 0, process.log
    partitions = [json.loads(line) for line in process.output.splitlines()]
    assert [sum(p[name] for p in partitions) for name in ("undecided", "held", "found")] == [10, 10, 10]
    assert {p["touches"]["watermark"] for p in partitions} == {"2024-06-17T04:59:51Z"}  # of the source furthest behind
    assert all(p["touches"]["lag"] == 0 and p["state"] == "whole" for p in partitions)
    rekeyed.settle()
