"""Several workers and several processes: the partitions are shared, and the table shows nothing of it. (Dead letters
may: they are written at least once, and twice where a partition changed hands in between.)"""

import pytest

from history import history
from pipeline import eventually
from stream import Stream


def await_members(case, shares):
    """Until the members of the group have this many partitions each."""
    group = f"tributary.{case.pipeline.name}"
    eventually(lambda: case.kafka.group_members(group) == shares, f"members with {shares} partitions")


def epochs(case) -> list[int]:
    return [row["epoch"] for row in case.database.progress()]


@pytest.mark.parametrize("workers", [2, 4, 6])
def test_several_workers_in_one_process(case, rnd, workers):
    case.send(*history(rnd, 3000))
    case.settle("--workers", str(workers), duplicates=True)


def test_workers_from_the_file(case, rnd):
    case.pipeline.change("workers", 3)
    case.send(*history(rnd, 1000))
    process = case.start()
    await_members(case, [1, 1, 2])
    case.await_released()
    assert process.stop() == 0
    case.settle(duplicates=True)


def test_processes_that_join_and_leave(case, rnd):
    with Stream(case, history(rnd, 6000)) as stream:
        first = case.start()
        await_members(case, [4])
        second = case.start()
        await_members(case, [2, 2])
        stream.await_progress()
        third = case.start("--workers", "2")
        await_members(case, [1, 1, 1, 1])
        stream.await_progress()
        assert first.stop() == 0
        await_members(case, [1, 1, 2])
        third.kill()
        await_members(case, [4])
        stream.await_progress()
    assert second.stop() == 0
    case.settle(duplicates=True)


def test_a_process_that_was_frozen_writes_nothing_when_it_wakes(case, rnd):
    """Another has taken its partitions over in the meantime: it is fenced."""
    with Stream(case, history(rnd, 5000)) as stream:
        first = case.start()
        stream.await_progress()
        first.freeze()
        before = epochs(case)
        second = case.start()
        await_members(case, [4])
        eventually(lambda: epochs(case) != before, "partitions taken over")
        stream.await_progress()
        first.thaw()
        await_members(case, [2, 2])
        stream.await_progress()
    assert first.stop() == 0
    assert second.stop() == 0
    case.settle(duplicates=True)


def test_a_member_with_a_name_comes_back_at_once(case, rnd):
    """Static membership: after a crash the same partitions, without waiting for a session to time out."""
    case.pipeline.change("kafka.instance_id", "one")
    case.pipeline.change("kafka.properties", {"session.timeout.ms": 60_000})
    with Stream(case, history(rnd, 3000)) as stream:
        for _ in range(2):
            process = case.start()
            stream.await_progress()
            process.kill()
    case.settle(duplicates=True)


def test_the_twin_of_a_named_member_ends_it(case, rnd):
    """Two processes with one name: the older is told so by the broker, and ends with its own exit code."""
    case.pipeline.change("kafka.instance_id", "one")
    case.send(*history(rnd, 300))
    first = case.start()
    case.await_released()
    second = case.start()
    assert first.wait(30) == 4, first.log[-2000:]
    assert second.stop() == 0
    case.settle(duplicates=True)
