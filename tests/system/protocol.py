"""Members of a consumer group (tests/protocol/member.c) and what must be true of all they wrote down."""

import os
import signal
import subprocess
import threading
from collections import Counter, defaultdict
from pathlib import Path

from pipeline import PROGRAM, ROOT

SIDES = (0, 1)  # touches, conversions
WITH_SANITIZERS = ROOT / "build/debug/tests/protocol/protocol-member"


def member_program() -> Path | None:
    """The one beside the program under test, or that of the debug build."""
    for path in (PROGRAM.parent / "tests/protocol/protocol-member", WITH_SANITIZERS):
        if path.exists():
            return path
    return None


class Member:
    """One process. Its standard output is its log."""

    def __init__(self, program: Path, folder: Path, name: str, number: int, arguments: list[str]):
        self.name, self.stops, self.stopped = name, 0, False
        self.log_file, self.error_file = folder / f"{number:04}-{name}.log", folder / f"{number:04}-{name}.err"
        line = [program, "--instance", name, *arguments]
        with open(self.log_file, "wb") as log, open(self.error_file, "wb") as errors:
            self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=errors)
        self.expected = {0}  # exit codes

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.expected.add(-signal.SIGKILL)
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        self.stops, self.stopped = self.stops + 1, True
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.stopped = False
        self.process.send_signal(signal.SIGCONT)

    def end(self, timeout: float = 20) -> None:
        self.go_on()
        self.process.terminate()
        self.process.wait(timeout)

    def events(self) -> list[list[str]]:
        return [line.split() for line in self.log_file.read_text().splitlines()]

    @property
    def errors(self) -> str:
        return self.error_file.read_text(errors="replace")


class Feed:
    """Records at a rate, in every partition of both topics; the value says where a record must lie."""

    def __init__(self, kafka, topics: tuple[str, str], partitions: int, rate: int):
        self.kafka, self.topics, self.partitions, self.rate = kafka, topics, partitions, rate
        self.counts = {(p, side): 0 for p in range(partitions) for side in SIDES}
        self.ended, self.failure = threading.Event(), None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        producer, pause = self.kafka.new_producer(), 0.05
        try:
            while not self.ended.wait(pause):
                for (p, side), count in self.counts.items():
                    fresh = max(1, int(self.rate * pause / len(self.counts)))
                    for offset in range(count, count + fresh):
                        producer.produce(self.topics[side], value=f"{p}:{offset}", partition=p)
                    self.counts[p, side] += fresh
                producer.poll(0)
            assert producer.flush(60) == 0
        except Exception as failure:  # for the test's own thread to show
            self.failure = failure

    def __enter__(self) -> "Feed":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.thread.join(90)
        assert self.failure is None, self.failure


def stored_rows(store: Path, partition: int) -> list[tuple[int, int, int, int]]:
    """Epoch, sequence and next offset of both sides, from the first change on."""
    path = store / str(partition)
    if not path.exists():
        return []
    rows = [tuple(map(int, line.split())) for line in path.read_text().splitlines()]
    return [row for row in rows if len(row) == 4]


class Audit:
    """What the members wrote down, held against the store and the topics. `found` must be empty."""

    def __init__(self, members: list[Member], store: Path, ends: dict[tuple[int, int], int]):
        self.members, self.ends = members, ends
        self.found: list[str] = []
        self.counts: Counter = Counter()
        self.owners: dict[tuple[int, int], Member] = {}  # of a partition's epoch
        self.begun: dict[tuple[int, int, int], int] = {}  # by partition, epoch, side: the first offset in memory …
        self.reached: dict[tuple[int, int, int], int] = {}  # … and the one behind the last that was read
        self.ended: dict[tuple[int, int], int] = defaultdict(int)  # the greatest end seen of a queue
        self.history = {p: stored_rows(store, p) for p, side in ends if side == 0}
        self.claimed = {p: self._claims(p) for p in self.history}
        for member in members:
            self._follow(member)
        for partition in self.history:
            self._tile(partition)
        self._judge_ends()

    def _complain(self, text: str) -> None:
        self.found.append(text)

    def _claims(self, partition: int) -> dict[int, tuple[int, int]]:
        """The offsets in the store when an epoch began."""
        claims, before = {}, (0, 0, 0, 0)
        for row in self.history[partition]:
            if row[0] != before[0]:
                claims[row[0]] = row[2:]
                if row != (before[0] + 1, *before[1:]):
                    self._complain(f"partition {partition}: a claim made {row} of {before}")
            before = row
        return claims

    # --- one member's own story

    def _follow(self, member: Member) -> None:
        held: dict[int, int] = {}  # partition -> epoch
        position: dict[tuple[int, int], int] = {}  # in memory; outlives a revoke
        begun: dict[tuple[int, int], int] = {}
        where = member.log_file.name
        for event in member.events():
            kind, rest = event[0], event[1:]
            self.counts[kind] += 1
            if kind == "violation":
                self._complain(f"{where}: {' '.join(rest)}")
            elif kind in ("revoked", "assigned"):
                held.clear()
            elif kind == "fenced":
                held.clear()
            elif kind == "claim":
                self._claim(where, member, held, position, begun, *map(int, rest))
            elif kind == "read":
                self._read(where, held, position, *map(int, rest))
            elif kind == "end":
                self._end(where, held, position, *map(int, rest))

    def _claim(self, where, member, held, position, begun, partition, epoch, touch, conversion, old) -> None:
        if self.owners.setdefault((partition, epoch), member) is not member:
            self._complain(f"{where}: epoch {epoch} of partition {partition} has two owners")
        self.counts["gone on from memory"] += old
        held[partition] = epoch
        for side, offset in zip(SIDES, (touch, conversion)):
            queue = partition, side
            wanted = position.get(queue) if old else self.claimed[partition].get(epoch, (None, None))[side]
            if offset != wanted:
                self._complain(f"{where}: epoch {epoch} of {queue} begins at {offset}, not at {wanted}")
            if not old:
                begun[queue] = offset
            position[queue] = offset
            self.begun[partition, epoch, side] = begun.get(queue, offset)
            self.reached[partition, epoch, side] = offset

    def _read(self, where, held, position, partition, epoch, side, first, last) -> None:
        if held.get(partition) != epoch:
            self._complain(f"{where}: read {first}-{last} of {partition, side} in epoch {epoch}, not held")
        if position.get((partition, side)) != first:
            self._complain(f"{where}: {partition, side} goes on at {first}, not {position.get((partition, side))}")
        position[partition, side] = last + 1
        self.reached[partition, epoch, side] = last + 1
        self.counts["records"] += last + 1 - first

    def _end(self, where, held, position, partition, epoch, side, offset) -> None:
        if held.get(partition) != epoch:
            self._complain(f"{where}: an end of {partition, side} in epoch {epoch}, not held")
        if position.get((partition, side)) != offset:
            self._complain(f"{where}: {partition, side} ends at {offset}, read to {position.get((partition, side))}")
        self.ended[partition, side] = max(self.ended[partition, side], offset)

    # --- all together

    def _tile(self, partition: int) -> None:
        """Each committed range was read by its owner, begins where the one before ends, and the last at the end."""
        before = (0, 0, 0, 0)
        for row in self.history[partition]:
            if row[0] == before[0]:
                self._commit(partition, before, row)
            before = row
        for side in SIDES:
            if before[2 + side] != self.ends[partition, side]:
                self._complain(f"{partition, side} is committed to {before[2 + side]} of {self.ends[partition, side]}")

    def _commit(self, partition: int, before: tuple, row: tuple) -> None:
        self.counts["commits"] += 1
        if row[1] != before[1] + 1:
            self._complain(f"partition {partition}: a commit made {row} of {before}")
        for side in SIDES:
            start, end = before[2 + side], row[2 + side]
            begun = self.begun.get((partition, row[0], side), end)
            reached = self.reached.get((partition, row[0], side), -1)
            if end < start or begun > start or reached < end:
                self._complain(f"{partition, side}: committed {start}-{end}, its owner read {begun}-{reached}")

    def _judge_ends(self) -> None:
        for queue, end in self.ends.items():
            if self.ended[queue] != end:
                self._complain(f"the last end-of-partition of {queue} was at {self.ended[queue]}, it ends at {end}")
        for member in self.members:
            code = member.process.returncode
            unborn = code == -signal.SIGTERM and not member.events()  # it came before the program could listen
            # One whose session has timed out may find itself fenced by its own rejoining: a commit of offsets that goes
            # out just then has no member id. It ends, and is as good as killed.
            by_itself = code == 4 and code not in member.expected and "SESSTMOUT" in member.errors
            self.counts["fenced by itself"] += by_itself
            if code not in member.expected and not unborn and not by_itself:
                self._complain(f"{member.log_file.name}: exit code {code}\n{member.errors[-2000:]}")
            if "poll_interval_exceeded" in member.errors and not member.stops:
                self._complain(f"{member.log_file.name}: evicted although it polled")
