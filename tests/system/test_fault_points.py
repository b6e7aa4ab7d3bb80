"""The program killed, stopped and delayed between every two steps of its protocol. Needs a build with points at which
that can be done (scripts/build faults)."""

import signal

import pytest

from conftest import unavailable
from events import checkout, click
from history import history
from pipeline import PROGRAM, ROOT, eventually
from stage import fault_points, has_fault_points
from stream import Stream, passed

RELEASE = ROOT / "build/release/tributary"


@pytest.fixture
def pointed(case):
    """A case in which every point is passed: short silences decide something, several claims are made. Its table keeps
    every row, so that one written twice is seen."""
    if not has_fault_points():
        unavailable(f"{PROGRAM} has no fault points; scripts/build faults makes one, TRIBUTARY names it")
    case.pipeline.change("defaults.idle_timeout", "100ms")
    case.pipeline.change("workers", 2)
    case.append_without_key()
    return case


def interrupted(case, fault: str, end):
    """Starts the program with this fault until it befell it: that process. What every commit passes is waited for: how
    many records one takes depends on how fast the machine is. What belongs to taking over is passed before there is
    progress, or not at all, as when there is nothing yet to restore: then the next run is to pass it."""
    for _ in range(3):
        if fault.startswith("restore.touches"):
            lose_changelog(case)
        process, before = case.pipeline.start(fault=fault), passed(case)
        patience = float("inf") if fault.startswith(("commit.", "lookups.")) else before + 1500
        eventually(lambda: end(process) or passed(case) > patience, f"{fault}, or progress without it")
        if end(process):
            return process
        process.kill()
    return None


def lose_changelog(case) -> None:
    """The touches have to come from their own topic."""
    topic = f"{case.pipeline.name}.changelog"
    if topic in case.kafka.topics():
        case.kafka.admin.delete_topics([topic])[topic].result(30)


def was_killed(process) -> bool:
    assert process.exit_code in (None, -signal.SIGKILL), process.log[-3000:]
    return process.exit_code is not None


def in_bursts(case, rnd) -> Stream:
    """With silences in between."""
    return Stream(case, history(rnd, 20_000), rate=500, pause=0.4)


EARLY = {"commit.gone", "commit.corrections", "commit.news", "commit.owned"}  # test_early.py passes these
POINTS = [name for name in fault_points() if name not in EARLY]


@pytest.mark.parametrize("point", [name for name in POINTS if not name.startswith("rekey")])
def test_killed_there(pointed, rnd, point):
    later = 2 if point.startswith(("acquire", "restore")) else rnd.randint(2, 6)
    with in_bursts(pointed, rnd) as stream:
        for passage in (1, later):
            fault = f"{point}:{passage}"
            assert interrupted(pointed, fault, was_killed), f"{fault} was never passed"
        stream.end_here()
    pointed.settle(duplicates=True)


def test_clicks_that_are_deleted_while_they_are_read_again(case):
    """For a further column; that they were there when it began does not mean that they were read."""
    if not has_fault_points():
        unavailable(f"{PROGRAM} has no fault points; scripts/build faults makes one, TRIBUTARY names it")
    case.send(*[click(7, at=at) for at in range(20)], checkout(7, at=30))  # in one partition, the others do not notice
    case.settle()
    case.database.execute("alter table commerce.attributed_checkouts add column click_url text")
    case.pipeline.output["columns"].append({"click_url": "clicks.url"})
    case.send(checkout(7, at=60))
    before = case.rows()
    process = case.pipeline.start("--once", "--close", fault="restore.touches_begin:1:stop")
    eventually(lambda: is_stopped(process), "clicks are read again")
    case.kafka.forget(case.topics["clicks"])
    process.thaw()
    assert process.wait(60) == 2, process.log[-3000:]
    assert "touches that the pipeline needs are gone from it" in process.log
    assert case.rows() == before


@pytest.mark.parametrize("point", [name for name in POINTS if name.startswith(("commit.", "lookups."))])
def test_stopped_there_while_another_takes_over(pointed, rnd, point):
    """For longer than its session. When it wakes in the middle of its commit, it is fenced."""
    with in_bursts(pointed, rnd) as stream:
        frozen = interrupted(pointed, f"{point}:{rnd.randint(1, 3)}:stop", is_stopped)
        assert frozen, f"{point} was never passed"
        other = pointed.pipeline.start()
        before = passed(pointed)
        eventually(lambda: passed(pointed) > before, "the other one goes on")
        frozen.thaw()
        stream.await_progress()
        stream.end_here()
    assert frozen.stop() == 0, frozen.log[-3000:]
    assert other.stop() == 0, other.log[-3000:]
    pointed.settle(duplicates=True)


def is_stopped(process) -> bool:
    assert process.exit_code is None, process.log[-3000:]
    with open(f"/proc/{process.process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def test_a_fault_that_cannot_be_read_is_refused(pointed, rnd):
    for fault in ("commit.rows", "commit.rows:0", "commit.rows:1:explode", "commit.rows:1:delay=", ":1"):
        pointed.send(*history(rnd, 20))
        process = pointed.pipeline.start(fault=fault)
        assert process.wait() == 1
        assert f'TRIBUTARY_FAULT is "{fault}"' in process.log


def test_a_release_has_no_points():
    """No variable of the environment can stop what people run."""
    if not RELEASE.exists() or not has_fault_points():
        unavailable(f"needs {RELEASE} and a build with fault points")
    assert b"TRIBUTARY_FAULT" not in RELEASE.read_bytes()
    assert not any(name.encode() in RELEASE.read_bytes() for name in fault_points())
