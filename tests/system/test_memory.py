"""One memory limit that holds: the process stays below it, stops reading clicks near it instead of being killed, says
so, and goes on correctly once clicks expire."""

import os
import re
import uuid
from pathlib import Path

import pytest

from conftest import unavailable
from events import HOUR, MINUTE, checkout, click
from kafka import murmur2_partition
from pipeline import PROGRAM, eventually

AGENT = "Mozilla/5.0 " + "x" * 2000  # kept of every click, so that few clicks take much memory


@pytest.fixture
def lean(program):
    if re.search(b"__[at]san_init", program.read_bytes()):
        pytest.skip("sanitizers take memory of their own; the release build shows what the program takes")


def users(partitions: int) -> list[int]:
    """One user for each partition."""
    found = {}
    for user in range(100 * partitions):
        found.setdefault(murmur2_partition(str(user).encode(), partitions), user)
    assert len(found) == partitions
    return sorted(found.values())


def keep_agents(case) -> None:
    columns = case.pipeline.output["columns"]
    columns[columns.index("user_agent")] = {"user_agent": "clicks.user_agent"}


def many_clicks(count: int, span: float, people: list[int]):
    for n in range(count):
        yield click(people[n % len(people)], "abc"[n // len(people) % 3], at=n * span / count, user_agent=AGENT)


def orders(count: int, start: float, end: float, people: list[int]):
    """Each a while after a click."""
    for n in range(count):
        at = start + n * (end - start) / count
        yield checkout(people[n % len(people)], "abc"[n // len(people) % 3], at=at, user_agent=AGENT)


def peak(process) -> float:
    """The most memory it ever had, in MiB."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def await_plateau(process) -> None:
    """Waits until it takes no more memory for a second."""
    eventually(lambda: "event=reading" in process.log, "it reads")
    readings = []

    def same():
        readings.append(peak(process))
        return len(readings) > 20 and readings[-1] == readings[-20]

    eventually(same, "a steady peak")


def read_clicks(case) -> int:
    return sum(row["touch_offset"] for row in case.database.progress())


def fill_and_drain(case) -> None:
    """More clicks than fit before any checkout lets one expire; then the checkouts."""
    keep_agents(case)
    case.pipeline.change("attribute.window", "5m")
    people, span, clicks = users(4), 1 * HOUR, 30_000
    case.send(*(checkout(user, "a", at=20, user_agent=AGENT) for user in people))
    case.send(*many_clicks(clicks, span, people))
    process = case.start()
    eventually(lambda: "event=memory_high" in process.log, "the alert")
    alert = next(line for line in process.log.splitlines() if "event=memory_high" in line)
    assert re.search(r'level=warn .*worker=0 held=[\d.]+MiB share=[\d.]+MiB touches=\d+ since_s=\d+ partitions="\d:', alert)
    case.await_rows(len(people))
    await_plateau(process)
    assert read_clicks(case) < clicks * 0.7
    case.send(*orders(800, 30, span - MINUTE, people))
    case.await_rows(len(people) + 790, timeout=60)
    eventually(lambda: read_clicks(case) > clicks * 0.95, "the clicks that had to wait are read")
    assert process.exit_code is None
    return process


def test_a_full_memory_waits_and_goes_on(case, lean):
    case.pipeline.change("memory_limit", "64MiB")
    process = fill_and_drain(case)
    assert re.search(r"event=memory limit=64.0MiB source=file state=", process.log)
    assert peak(process) < 64
    assert process.stop() == 0
    case.settle()
    assert case.ledger()["conversion", "attributed"] == case.tally.rows


def test_many_partitions(bare_case, lean):
    case, people = bare_case, users(64)
    case.create_topics(64)
    case.kafka.create(case.pipeline.dead_letters, 1)
    case.pipeline.change("memory_limit", "128MiB")
    case.pipeline.change("attribute.window", "10m")
    case.send(*(click(user, "abc"[n % 3], at=n, user_agent=AGENT) for n in range(700) for user in people))
    process = case.start()
    await_plateau(process)  # without a checkout no click is read: the client's queues are as full as they get
    case.send(*(checkout(user, "abc"[n % 3], at=n * 20 + 5) for n in range(34) for user in people))
    case.await_rows(33 * 64, timeout=60)
    assert peak(process) < 128
    assert process.stop() == 0


def test_too_little_says_how_much(case):
    case.pipeline.change("memory_limit", "16MiB")
    process = case.pipeline.run()
    assert process.exit_code == 2
    assert "memory_limit: 16.0MiB is too little for 1 worker and 4 partitions" in process.log
    needed = re.search(r"hint: set `memory_limit: (\d+MiB)` or more", process.log)[1]
    case.pipeline.change("memory_limit", needed)
    case.settle()


def test_a_window_that_does_not_fit_again(case, lean):
    """It was read with more memory; with less it is refused, not killed."""
    keep_agents(case)
    people = users(4)
    case.send(*(checkout(user, "a", at=20, user_agent=AGENT) for user in people))
    case.send(*many_clicks(25_000, 0.9 * HOUR, people))
    assert case.pipeline.run("--once").exit_code == 0
    case.pipeline.change("memory_limit", "64MiB")
    process = case.pipeline.run("--once")
    assert process.exit_code == 2
    said = re.search(r"the 4 partitions of worker 0 hold 25000 touches, about ([\d.]+)MiB, but memory_limit: 64.0MiB", process.log)
    assert said and 35 < float(said[1]) < 60, process.log[-1000:]
    case.pipeline.change("memory_limit", re.search(r"hint: set `memory_limit: (\d+MiB)` or more", process.log)[1])
    case.finish()


def memory_groups():
    """Control groups below which a test may perhaps make its own: that which TRIBUTARY_TEST_CGROUP names, or our own."""
    if "TRIBUTARY_TEST_CGROUP" in os.environ:
        return [Path(os.environ["TRIBUTARY_TEST_CGROUP"])]
    ours = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    roots = {"memory": "/sys/fs/cgroup/memory", "": "/sys/fs/cgroup"}
    return [Path(roots[controllers] + path) for _, controllers, path in ours if controllers in roots]


def limited_group() -> Path:
    for parent in memory_groups():
        group = parent / f"tributary-{uuid.uuid4().hex[:6]}"
        try:
            group.mkdir()
        except OSError:
            continue
        for name in ("memory.max", "memory.limit_in_bytes"):
            if (group / name).exists():
                (group / name).write_text(str(96 << 20))
                return group
        group.rmdir()
    unavailable("no control group can be made here; TRIBUTARY_TEST_CGROUP names one below which that is possible")


@pytest.fixture
def cgroup(monkeypatch, tmp_path):
    """A control group of 96 MiB that the program starts in."""
    group = limited_group()
    wrapper = tmp_path / "in-group"
    wrapper.write_text(f'#!/bin/sh\necho $$ > "{group}/cgroup.procs" && exec "{PROGRAM}" "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr("pipeline.PROGRAM", wrapper)
    yield group
    eventually(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
    group.rmdir()


def test_the_limit_of_the_control_group(cgroup, case, lean):
    process = fill_and_drain(case)
    assert "event=memory limit=96.0MiB source=cgroup" in process.log
    assert process.stop() == 0
    case.settle()
