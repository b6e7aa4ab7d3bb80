"""python gaps.py [--seconds N]: the longest time without new rows in the table, at a steady stream of events, while
something fails: a process, every process in turn, a broker, the database. Prints a table; some 45 seconds a line. The
pipeline runs with its default intervals and time-outs; TRIBUTARY names the program."""

import argparse
import sys
import threading
import time

import psycopg

from events import checkout, click
from lane import Lane
from pipeline import eventually

RATE = 200  # events a second, one in two a checkout
LOOK = 0.02  # seconds between two looks at the table
SETTLED = 6.0  # seconds of steady rows before the fault


class Flow:
    """Events whose time is now, until the end of the block; no two in one partition far apart."""

    def __init__(self, case):
        self.case, self.ended = case, threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        producer, number, step = self.case.kafka.new_producer(), 0, RATE // 20
        since = time.monotonic()
        while not self.ended.wait(max(0.0, since + number / RATE - time.monotonic())):
            at = time.monotonic() - since
            users = [n % 97 for n in range(number, number + step // 2)]
            events = [make(user, at=at) for user in users for make in (click, checkout)]
            self.case.kafka.send(self.case.topics, events, producer)
            number += step

    def __enter__(self) -> "Flow":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.thread.join()


class Watch:
    """When each partition had new rows, seen from a session of its own; a database that is away has none."""

    def __init__(self, url: str):
        self.url, self.ended = url, threading.Event()
        self.seen: dict[int, list[float]] = {}
        self.counts: dict[int, int] = {}
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.ended.wait(LOOK):
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
                    while not self.ended.wait(LOOK):
                        self._look(connection)
            except psycopg.Error:
                pass

    def _look(self, connection):
        sql = "select part, max(number) from commerce.attributed_checkouts group by part"
        for part, number in connection.execute(sql).fetchall():
            if self.counts.get(part) != number:
                self.counts[part] = number
                self.seen.setdefault(part, []).append(time.monotonic())

    def __enter__(self) -> "Watch":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.thread.join()

    def gaps(self, since: float, until: float) -> tuple[float, float]:
        """The longest without a row in any partition, and in the partition that waited longest."""
        anywhere = longest([t for times in self.seen.values() for t in times], since, until)
        return anywhere, max(longest(times, since, until) for times in self.seen.values())


def longest(times: list[float], since: float, until: float) -> float:
    marks = [since, *sorted(t for t in times if since < t < until), until]
    return max(b - a for a, b in zip(marks, marks[1:]))


# --- what fails -------------------------------------------------------------------------------------------------------


def nothing(case, lane):
    pass


def kill_and_restart(case, lane):
    case.pipeline.processes[-1].kill()
    start(case, 1)


def rolling_restart(case, lane):
    """One after the other: ended politely, started again, and the next when the group is whole again."""
    for number, process in enumerate(list(case.pipeline.processes)):
        assert process.stop() == 0, process.log[-2000:]
        start(case, 1, first=number)
        eventually(lambda: is_whole(case), "the new process reads, and the group is whole", 60)


def is_whole(case) -> bool:
    shares = case.kafka.group_members(f"tributary.{case.pipeline.name}")
    return shares == [1, 1, 2] and "event=reading" in case.pipeline.processes[-1].log


def broker_fails(case, lane):
    lane.servers.control("kafka", "kill", str(lane.leader_of(case.topics["clicks"], 0)))


def broker_restarts(case, lane):
    lane.servers.control("kafka", "stop")
    lane.servers.control("kafka", "restart")


def postgres_restarts(case, lane):
    lane.servers.control("postgres", "stop")
    lane.servers.control("postgres", "start")


def postgres_crashes(case, lane):
    lane.crash_postgres(kill=False)
    lane.start_postgres()


# What it is called, brokers, processes, whether they have names in the group, and what happens.
SCENES = [
    ("nothing", 1, 1, False, nothing),
    ("kill -9, started again at once", 1, 1, False, kill_and_restart),
    ("kill -9, started again at once, instance_id", 1, 1, True, kill_and_restart),
    ("rolling restart of three", 1, 3, False, rolling_restart),
    ("rolling restart of three, instance_id", 1, 3, True, rolling_restart),
    ("PostgreSQL restarted", 1, 1, False, postgres_restarts),
    ("PostgreSQL crashed, started again", 1, 1, False, postgres_crashes),
    ("the only broker restarted", 1, 1, False, broker_restarts),
    ("a leader of three brokers killed", 3, 1, False, broker_fails),
]


def start(case, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        case.pipeline.environment["NUMBER"] = str(number)
        case.pipeline.start()


def prepare(lane, named: bool):
    """A case with the program's own defaults, and with the partition of every row in the table."""
    case = lane.new_case("gaps")
    case.pipeline.change("kafka.properties", None)
    case.pipeline.change("commit_interval", None)
    case.pipeline.change("defaults.idle_timeout", None)
    case.pipeline.change("defaults.time.out_of_order", "100ms")
    if named:
        case.pipeline.change("kafka.instance_id", "member-${NUMBER}")
    case.pipeline.output["columns"] += [{"part": "checkouts._partition"}, {"number": "checkouts._offset"}]
    case.database.execute("alter table commerce.attributed_checkouts add column part int, add column number bigint")
    case.database.execute("create index on commerce.attributed_checkouts (part, number)")
    return case


def ended(case) -> bool:
    return any(process.exit_code is not None for process in case.pipeline.processes)


def measure(lane, processes: int, named: bool, fail, seconds: float) -> tuple[float, float, float]:
    """How long the fault itself took, and the gaps."""
    case = prepare(lane, named)
    try:
        with Flow(case), Watch(case.database.url) as watch:
            start(case, processes)
            eventually(lambda: len(watch.seen) == 4 or ended(case), "rows in every partition", 60)
            time.sleep(SETTLED)
            assert not ended(case), case.pipeline.processes[0].log
            since = time.monotonic()
            fail(case, lane)
            outage = time.monotonic() - since
            time.sleep(seconds)
            until = time.monotonic()
        case.database.reconnect()
        return outage, *watch.gaps(since, until)
    finally:
        lane.drop(case)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30, help="to wait for rows after the fault")
    parser.add_argument("--only", default="", help="only scenes with this in their name")
    options = parser.parse_args()
    print(f"{'what happens':45} {'it takes':>10} {'longest gap':>12} {'of a partition':>15}", flush=True)
    for brokers in (1, 3):
        scenes = [scene for scene in SCENES if scene[1] == brokers and options.only in scene[0]]
        if scenes:
            measure_all(brokers, scenes, options.seconds)
    return 0


def measure_all(brokers: int, scenes: list[tuple], seconds: float) -> None:
    lane = Lane(brokers)
    try:
        for name, _, processes, named, fail in scenes:
            outage, anywhere, of_partition = measure(lane, processes, named, fail, seconds)
            print(f"{name:45} {outage:8.2f} s {anywhere:10.2f} s {of_partition:13.2f} s", flush=True)
    finally:
        lane.stop()


if __name__ == "__main__":
    sys.exit(main())
