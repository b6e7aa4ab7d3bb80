"""Re-keyers killed, stopped and cut off between any two steps of their transactions. Every record that a producer wrote
must be in the re-keyed topic once, and the table must not show any of it. Needs a build with points at which the
program can be interrupted (scripts/build faults)."""

import time

import pytest

from conftest import unavailable
from events import unkeyed
from history import history
from pipeline import PROGRAM, eventually
from stage import fault_points, has_fault_points
from stream import Stream
from test_fault_points import is_stopped, was_killed

POINTS = [name for name in fault_points() if name.startswith("rekey.")]
TRANSACTION_MS = 1500
DEADLINE_S = 15


def unkeyed_and_short(case):
    """Its table keeps every row; what a process leaves open is ended by the brokers soon."""
    if not has_fault_points():
        unavailable(f"{PROGRAM} has no fault points; scripts/build faults makes one, TRIBUTARY names it")
    case.rekey()
    case.append_without_key()
    case.pipeline.document["kafka"]["properties"]["transaction.timeout.ms"] = TRANSACTION_MS
    return case


@pytest.fixture
def pointed(case):
    return unkeyed_and_short(case)


def in_bursts(case, rnd) -> Stream:
    return Stream(case, unkeyed(history(rnd, 12_000)), rate=300, pause=0.3)


def test_the_points_are_those(pointed):
    assert POINTS == ["rekey.committed", "rekey.markers", "rekey.offsets", "rekey.records"]


@pytest.mark.parametrize("named", [False, True], ids=["nameless", "named"])
def test_killed_at_every_point(pointed, rnd, named):
    """Nameless, the transaction stays open until its time is over; named, the next process ends it."""
    if named:
        pointed.pipeline.change("kafka.instance_id", "one")
    with in_bursts(pointed, rnd) as stream:
        for point in POINTS:
            fault = f"{point}:{rnd.randint(1, 6)}"
            process = pointed.pipeline.start(fault=fault)
            eventually(lambda: was_killed(process), fault)
        stream.end_here()
    pointed.settle(duplicates=True)


def test_stopped_at_every_point_for_longer_than_its_transaction(pointed, rnd):
    """Another one takes over; the first wakes in the middle of what the brokers have ended."""
    with in_bursts(pointed, rnd) as stream:
        for point in POINTS:
            frozen = pointed.pipeline.start(fault=f"{point}:{rnd.randint(2, 6)}:stop")
            eventually(lambda: is_stopped(frozen), f"{point} was never passed")
            frozen_at = time.monotonic()
            other = pointed.pipeline.start()
            stream.await_progress()
            eventually(lambda: time.monotonic() > frozen_at + 1.5 * TRANSACTION_MS / 1000, "its transaction is over")
            frozen.thaw()
            stream.await_progress()
            for process in (frozen, other):
                assert process.stop() == 0, process.log[-3000:]
        stream.end_here()
    pointed.settle(duplicates=True)


def test_stopped_before_it_has_connected(pointed):
    """There is nothing yet to be committed."""
    process = pointed.pipeline.start(fault="rekey_start.begun:1:delay=500")
    eventually(lambda: "event=rekeying " in process.log, "sources are assigned")
    assert process.stop() == 0, process.log[-3000:]


def on(lane, name, request):
    case = unkeyed_and_short(lane.new_case(name))
    request.node.pipeline = case.pipeline
    return case


def test_the_broker_is_restarted(lane, rnd, request):
    case = on(lane, "restarted", request)
    with in_bursts(case, rnd) as stream:
        process = case.start()
        for how in ("stop", "kill"):
            stream.await_progress()
            lane.servers.control("kafka", how)
            lane.servers.control("kafka", "restart")
        stream.await_progress()
        stream.end_here()
    assert process.stop() == 0, process.log[-3000:]
    case.settle(duplicates=True)
    lane.drop(case)


def test_told_to_stop_while_its_broker_is_away(lane, rnd, request):
    """It leaves without what it can no longer commit; the next one does that work again."""
    case = on(lane, "away", request)
    with in_bursts(case, rnd) as stream:
        process = case.pipeline.start(fault=f"{rnd.choice(POINTS)}:4:stop")
        eventually(lambda: is_stopped(process), "the point was never passed")
        lane.servers.control("kafka", "kill")
        process.thaw()
        assert process.stop(DEADLINE_S + 5) == 0, process.log[-3000:]
        lane.servers.control("kafka", "restart")
        process = case.start()
        stream.await_progress()
        stream.end_here()
    assert process.stop() == 0, process.log[-3000:]
    case.settle(duplicates=True)
    lane.drop(case)


def records_arrive(case) -> bool:
    """Of the first transaction, committed or not."""
    topics = {case.pipeline.log_topic(role) for role in case.topics} & set(case.kafka.topics())
    return any(sum(case.kafka.ends(topic, uncommitted=True).values()) for topic in topics)


def test_told_to_stop_in_a_call_that_does_not_return(pointed, rnd):
    with in_bursts(pointed, rnd) as stream:
        process = pointed.pipeline.start(fault=f"{rnd.choice(POINTS)}:1:delay={4 * DEADLINE_S}000")
        eventually(lambda: records_arrive(pointed), "a transaction that has to pass the point")
        assert process.stop(DEADLINE_S + 5) == 0, process.log[-3000:]
        assert "event=left_early" in process.log
        process = pointed.start()
        stream.await_progress()
        stream.end_here()
    assert process.stop() == 0, process.log[-3000:]
    pointed.settle(duplicates=True)


def test_a_leader_is_killed(cluster, rnd, request):
    """Of a source, or of the topic that it is copied into. Some twenty seconds later all is as before."""
    case = on(cluster, "leader", request)
    with in_bursts(case, rnd) as stream:
        process = case.start()
        stream.await_progress()
        topic = rnd.choice([case.topics["clicks"], case.pipeline.log_topic("checkouts")])
        leader = str(cluster.leader_of(topic, 0))
        cluster.servers.control("kafka", "kill", leader)
        killed_at = time.monotonic()
        eventually(lambda: time.monotonic() > killed_at + 2 * TRANSACTION_MS / 1000, "transactions have failed")
        cluster.servers.control("kafka", "restart", leader)
        stream.await_progress(45)
        stream.end_here()
    cluster.heal()
    assert process.stop() == 0, process.log[-3000:]
    case.settle(duplicates=True)
    cluster.drop(case)
