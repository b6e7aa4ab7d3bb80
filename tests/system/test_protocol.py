"""The consumer protocol the worker rests on, without the worker: assignments acknowledged empty, the touch partition
added by hand, a queue for each partition, static members, progress with epochs; on a real Kafka, with everything done
to the members that an orchestrator or a bad day may do. TRIBUTARY_LONG=600 goes on for ten minutes."""

import heapq
import os
import time

import pytest

from conftest import unavailable
from pipeline import eventually
from protocol import SIDES, Audit, Feed, Member, member_program, stored_rows

PARTITIONS = 4
SECONDS = int(os.environ.get("TRIBUTARY_LONG", 20))
SESSION, POLL_INTERVAL = 1.5, 2.0  # seconds
RATE = 2000  # records a second


class Group:
    """The members, their store and their topics."""

    def __init__(self, kafka, mark, folder, neglect_ms=0):
        self.program = member_program() or unavailable("there is no protocol-member; scripts/build debug makes it")
        self.topics = (f"{mark}.touches", f"{mark}.conversions")
        for topic in self.topics:
            kafka.create(topic, PARTITIONS)
        self.folder, self.store = folder, folder / "store"
        self.store.mkdir()
        self.members: list[Member] = []  # all there ever were
        self.arguments = [
            *("--brokers", kafka.brokers, "--group", mark, "--store", self.store, "--partitions", str(PARTITIONS)),
            *("--touches", self.topics[0], "--conversions", self.topics[1], "--neglect", str(neglect_ms)),
            *(f"session.timeout.ms={SESSION * 1000:.0f}", "heartbeat.interval.ms=300"),
            f"max.poll.interval.ms={POLL_INTERVAL * 1000:.0f}",
        ]

    def start(self, name: str) -> Member:
        member = Member(self.program, self.folder, name, len(self.members), self.arguments)
        self.members.append(member)
        return member

    def running(self) -> list[Member]:
        return [member for member in self.members if member.running]

    def committed(self) -> dict[tuple[int, int], int]:
        rows = {p: (stored_rows(self.store, p) or [(0, 0, 0, 0)])[-1] for p in range(PARTITIONS)}
        return {(p, side): rows[p][2 + side] for p in rows for side in SIDES}

    def settle(self, ends: dict[tuple[int, int], int]) -> None:
        """Waits until all is committed and every queue has said that it ends there; then ends the members."""
        eventually(lambda: self.committed() == ends, f"{ends} committed, not {self.committed()}", 60)
        eventually(lambda: self.all_ended(ends), "an end-of-partition on every queue")
        for member in self.running():
            member.end()

    def all_ended(self, ends) -> bool:
        said = set()
        for member in self.running():
            said |= {(int(e[1]), int(e[3]), int(e[4])) for e in member.events() if e[0] == "end"}
        return all((p, side, end) in said for (p, side), end in ends.items())

    def end(self) -> None:
        for member in self.running():
            member.kill()


@pytest.fixture
def new_group(kafka, mark, tmp_path):
    groups = []

    def make(**settings) -> Group:
        groups.append(Group(kafka, mark, tmp_path, **settings))
        return groups[-1]

    yield make
    for group in groups:
        group.end()
    kafka.drop_all_of(mark)


def audit(group: Group, feed: Feed) -> Audit:
    result = Audit(group.members, group.store, feed.counts)
    print("protocol:", ", ".join(f"{name} {count}" for name, count in sorted(result.counts.items())))
    assert not result.found, f"{len(result.found)} violations:\n" + "\n".join(result.found[:20])
    return result


class Weather:
    """What happens to the members, and when it passes. Who ends by itself is started again, as anywhere."""

    def __init__(self, group: Group, rnd, names: list[str]):
        self.group, self.rnd, self.names = group, rnd, names
        self.away: set[str] = set()  # meant to be
        self.deeds = {"kill": 0, "stop": 0, "end": 0, "twin": 0, "grow": 0}
        self.later: list = []  # heap of (time, number, what)
        self.number = 0

    def _after(self, seconds: float, what) -> None:
        self.number += 1
        heapq.heappush(self.later, (time.monotonic() + seconds, self.number, what))

    def _steady(self) -> list[Member]:
        """Those of the lasting members that nothing is happening to: the newest of each name, not stopped."""
        newest = {member.name: member for member in self.group.members}
        present = [newest[name] for name in self.names if name not in self.away]
        steady = [member if member.running else self.group.start(member.name) for member in present]
        return [member for member in steady if not member.stopped]

    def _come_back(self, name: str, seconds: float) -> None:
        self.away.add(name)
        self._after(seconds, lambda: self.away.discard(name) or self.group.start(name))

    def kill(self, member: Member) -> None:
        member.kill()
        self._come_back(member.name, self.rnd.choice([0, self.rnd.uniform(0, 3 * SESSION)]))

    def stop(self, member: Member) -> None:
        """Short of the session's time-out, and long beyond it."""
        member.stop()
        self._after(self.rnd.uniform(0.05, 3 * SESSION), member.go_on)

    def end(self, member: Member) -> None:
        """A rolling restart, or one fewer for a while."""
        member.end()
        self._come_back(member.name, self.rnd.choice([0, 3 * SESSION]))

    def twin(self, member: Member) -> None:
        """A second process of the same name: the one that joined first must learn of it and end."""
        member.expected.add(4)
        self.group.start(member.name).expected.add(4)

    def grow(self, _member: Member) -> None:
        """One more for a while, which takes what it can and goes as an orchestrator says, or dies."""
        extra = self.group.start(f"extra-{self.deeds['grow']}")
        self._after(self.rnd.uniform(1, 4 * SESSION), self.rnd.choice([extra.end, extra.kill]))

    def blow(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._after(self.rnd.uniform(0.1, 1.5), None)
            while self.later[0][2] is not None:
                self._pass_one()
            self._pass_one()
            steady = self._steady()
            if steady:
                deed = self.rnd.choice(list(self.deeds))
                self.deeds[deed] += 1
                getattr(self, deed)(self.rnd.choice(steady))
        while self.later:
            self._pass_one()
        self._steady()

    def _pass_one(self) -> None:
        at, _, what = heapq.heappop(self.later)
        time.sleep(max(0.0, at - time.monotonic()))
        if what:
            what()


@pytest.mark.timeout(SECONDS + 240)
def test_everything_that_happens_to_members(kafka, new_group, mark, rnd):
    group = new_group(neglect_ms=int(1500 * POLL_INTERVAL))
    names = [f"member-{number}" for number in range(3)]
    for name in names:
        group.start(name)
    weather = Weather(group, rnd, names)
    with Feed(kafka, group.topics, PARTITIONS, RATE) as feed:
        eventually(lambda: all(group.committed().values()), "every queue being read")
        weather.blow(SECONDS)
    group.settle(feed.counts)
    print("weather:", ", ".join(f"{name} {count}" for name, count in weather.deeds.items()))
    result = audit(group, feed)
    assert result.counts["claim"] > PARTITIONS, "nothing ever changed hands"


def test_a_queue_left_unread_is_no_eviction(kafka, new_group, rnd):
    """Longer than max.poll.interval.ms, while the main queue is polled: the member keeps its partitions, and what
    waited in the queue is all there afterwards."""
    group = new_group(neglect_ms=int(2500 * POLL_INTERVAL))
    with Feed(kafka, group.topics, PARTITIONS, RATE) as feed:
        first = group.start("member-0")
        eventually(lambda: all(group.committed().values()), "every queue being read", 60)
        eventually(lambda: ["heed"] == [e[0] for e in first.events() if e[0] in ("heed", "neglect")][-1:], "the neglect's end")
        assert [e[0] for e in first.events() if e[0] in ("assigned", "revoked")] == ["assigned"]
        assert "poll_interval_exceeded" not in first.errors
    group.settle(feed.counts)
    audit(group, feed)
