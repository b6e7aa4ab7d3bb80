"""What can befall a pipeline. A Stage has the processes of one pipeline and does to them, and to their servers, what a
schedule says; whatever ends without being told to is a failure."""

import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from pipeline import PROGRAM, Process, eventually

SESSION = 1.0  # seconds; session.timeout.ms in pipeline.py
MOST_PROCESSES, MOST_WORKERS = 3, 3
START_SECONDS = 25.0  # for which the program waits for servers at the least; it says 30
MOST_SECONDS_TO_LEAVE = 30.0  # with servers that do not answer; it is five with those that do
SIDECAR = Path(__file__).resolve().parents[2] / "sidecar"


def fault_points() -> list[str]:
    """Every point at which a build with points can be interrupted, from the sources."""
    names = set()
    for file in SIDECAR.rglob("*.c"):
        text = file.read_text()
        for part in re.findall(r"_faults\[\] = \{(.*?)\};", text, re.S) + re.findall(r"FAULT_POINT\((.*?)\)", text):
            names |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', part))
    return sorted(names)


def has_fault_points() -> bool:
    return b"TRIBUTARY_FAULT" in PROGRAM.read_bytes()


@dataclass
class Member:
    process: Process
    fault: str = ""  # as in TRIBUTARY_FAULT
    thaw_at: float = 0  # when it is frozen
    leaving_since: float = 0  # when it was asked to stop
    started_at: float = field(default_factory=time.monotonic)

    @property
    def frozen(self) -> bool:
        stat = Path(f"/proc/{self.process.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    @property
    def gave_up_starting(self) -> bool:
        """As it may when a server is away for so long; whoever runs it starts it again."""
        waited = time.monotonic() - self.started_at > START_SECONDS
        return waited and self.process.exit_code == 1 and "event=assigned" not in self.process.log

    @property
    def may_kill_itself(self) -> bool:
        return bool(self.fault) and self.fault.count(":") < 2


class Stage:
    def __init__(self, lane, case, workers: int = 1):
        self.lane, self.case, self.workers = lane, case, workers
        self.members: list[Member] = []
        self.notes: list[str] = []  # what was done, for the report
        self.resting_until = 0.0  # no process is started before
        self.changelog_deleted = False
        self.has_backup = False  # of the database, to be restored

    # --- processes

    def start(self, fault: str = "", workers: int = 0) -> Member:
        process = self.case.pipeline.start("--workers", str(workers or self.workers), fault=fault)
        self.members.append(Member(process, fault))
        return self.members[-1]

    def tend(self) -> None:
        """Thaws who has been frozen for long enough, takes note of who has killed itself, and keeps one running."""
        for member in list(self.members):
            code = member.process.exit_code
            if code is None:
                self._tend_frozen(member)
                self._tend_leaving(member)
            elif member.leaving_since and (code == 0 or code == -signal.SIGTERM and not member.process.log):
                self.members.remove(member)  # perhaps before it had begun
            elif code == -signal.SIGKILL and member.may_kill_itself:
                self.notes.append(f"killed at {member.fault}")
                self.members.remove(member)
            elif member.gave_up_starting:
                self.notes.append("gave up starting")
                self.members.remove(member)
            elif code in (1, 2) and self.changelog_deleted and "\ntributary run: changelog: " in member.process.log:
                self.notes.append("ended without its changelog")
                self.members.remove(member)
                self.mend_changelog()
            else:
                raise AssertionError(f"ended by itself with {code}:\n{member.process.log[-3000:]}")
        if not self.members and time.monotonic() >= self.resting_until:
            self.start()

    def _tend_frozen(self, member: Member) -> None:
        if not member.frozen:
            return
        if not member.thaw_at:
            member.thaw_at = time.monotonic() + 1.5 * SESSION
        elif time.monotonic() >= member.thaw_at:
            member.process.thaw()
            member.thaw_at = 0

    def _tend_leaving(self, member: Member) -> None:
        if member.leaving_since and time.monotonic() > member.leaving_since + MOST_SECONDS_TO_LEAVE:
            seconds = f"{MOST_SECONDS_TO_LEAVE:.0f} s"
            raise AssertionError(f"asked to stop, it is still there after {seconds}:\n{member.process.log[-3000:]}")

    def awake(self) -> list[Member]:
        return [m for m in self.members if m.process.exit_code is None and not m.frozen and not m.leaving_since]

    def kill(self, member: Member) -> None:
        member.process.kill()
        self.members.remove(member)

    def kill_all(self) -> None:
        for member in list(self.members):
            self.kill(member)

    def leave(self, member: Member) -> None:
        """SIGTERM; it has some time."""
        member.process.process.terminate()
        member.leaving_since = time.monotonic()

    def end(self) -> None:
        """All servers work again, all processes end politely."""
        self.lane.heal()
        self.case.database.reconnect()
        for member in list(self.members):
            member.process.thaw()
            if not member.leaving_since:  # a second signal would end it at once
                self.leave(member)
        self.resting_until = float("inf")
        while self.members:
            self.tend()
            time.sleep(0.02)

    # --- the database while no process runs

    def snapshot(self) -> None:
        """A backup of the database as it is now."""
        self._without_sessions()
        with self.lane.database_server.connect() as admin:
            admin.execute(f"drop database if exists {self.case.database.name}_backup with (force)")
            admin.execute(f"create database {self.case.database.name}_backup template {self.case.database.name}")
        self.has_backup = True

    def restore(self) -> None:
        """The backup takes the database's place."""
        self._without_sessions()
        name = self.case.database.name
        with self.lane.database_server.connect() as admin:
            admin.execute(f"drop database {name} with (force)")
            admin.execute(f"alter database {name}_backup rename to {name}")
        self.has_backup = False

    def _without_sessions(self) -> None:
        """A transaction whose process was killed may still be ending."""
        self.case.database.reconnect()
        sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s"
        with self.lane.database_server.connect() as admin:
            eventually(
                lambda: admin.execute(sql, [self.case.database.name]).fetchone()[0] == 0, "every session has ended"
            )

    # --- the changelog

    @property
    def changelog(self) -> str:
        return f"{self.case.pipeline.name}.changelog"

    def has_changelog(self) -> bool:
        return self.changelog in self.case.kafka.topics()

    def delete_changelog(self) -> None:
        kafka, self.changelog_deleted = self.case.kafka, True
        kafka.admin.delete_topics([self.changelog])[self.changelog].result(30)

    def mend_changelog(self) -> None:
        """What the program asks for where brokers make every topic that somebody names: they do not know its policy."""
        if self.has_changelog():
            compact = ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.SET)
            resource = ConfigResource(ResourceType.TOPIC, self.changelog, incremental_configs=[compact])
            self.case.kafka.admin.incremental_alter_configs([resource])[resource].result(30)

    def spoil_changelog(self, rnd, share: float = 0.5) -> int:
        """Newer records under keys that are there, with bytes that no writer writes."""
        kafka, producer = self.case.kafka, self.case.kafka.new_producer()
        blocks = {record.key: record for record in kafka.read(self.changelog)}
        spoilt = [b for b in blocks.values() if b.value and rnd.random() < share]
        for block in spoilt:
            value = bytearray(block.value)
            value[rnd.randrange(len(value))] ^= 1 << rnd.randrange(8)
            value = rnd.choice([bytes(value), bytes(value[: len(value) // 2]), b"", rnd.randbytes(40)])
            producer.produce(self.changelog, key=block.key, value=value, partition=block.partition)
        assert producer.flush(30) == 0
        return len(spoilt)


# --- the kinds of faults ----------------------------------------------------------------------------------------------
# Each does its harm at once, with chance of its own, and returns a word on it for the report, or Later.



@dataclass
class Later:
    """What has to be done some seconds after."""

    seconds: float
    act: Callable[[], None]
    word: str = ""

    def __str__(self):
        return f"{self.word} {self.seconds:.1f}s".strip()


AWAY = "of a database that was away"
KINDS = {}


def kind(weight: int, needs=lambda lane: True):
    def register(function):
        KINDS[function.__name__] = function
        function.weight, function.needs = weight, needs
        return function

    return register


def single_broker(lane) -> bool:
    return lane.brokers == 1


def cluster(lane) -> bool:
    return lane.brokers > 1


def small_disk(lane) -> bool:
    return not lane.disk.problem


@kind(6)
def kill(stage, rnd):
    if stage.members:
        stage.kill(rnd.choice(stage.members))
    if not stage.members:
        stage.resting_until = time.monotonic() + rnd.choice([0, rnd.uniform(0, 1.5)])


@kind(6, lambda lane: has_fault_points())
def point(stage, rnd):
    """A process that will be killed, stopped or delayed between two steps takes the place of another. What was stopped
    in the middle of a commit should find that somebody else went on."""
    action = rnd.choice(["", "", ":stop", ":stop", f":delay={rnd.randrange(300, 2500)}"])
    name = rnd.choice([n for n in fault_points() if stage.case.pipeline.rekeyed or not n.startswith("rekey")])
    fault = f"{name}:{rnd.randint(1, 8 if name.startswith(('commit.', 'rekey.')) else 2)}{action}"
    if len(stage.members) >= rnd.randint(1, MOST_PROCESSES - 1):
        stage.kill(rnd.choice(stage.members))
    stage.start(fault)
    if action and len(stage.members) < MOST_PROCESSES:
        stage.start()
    return fault


@kind(3)
def join(stage, rnd):
    if len(stage.members) < MOST_PROCESSES:
        stage.start(workers=rnd.randint(1, MOST_WORKERS))


@kind(3)
def leave(stage, rnd):
    awake = stage.awake()
    if awake:
        stage.leave(rnd.choice(awake))


@kind(4)
def freeze(stage, rnd):
    """For longer than its session, so that others take over, if there are any."""
    awake = stage.awake()
    if not awake:
        return None
    member = rnd.choice(awake)
    member.process.freeze()
    seconds = rnd.uniform(0.3, 3) * SESSION
    member.thaw_at = time.monotonic() + seconds
    if rnd.random() < 0.7 and len(stage.members) < MOST_PROCESSES:
        stage.start()
    return f"{seconds:.1f}s"


@kind(3)
def postgres_crash(stage, rnd):
    hard = rnd.random() < 0.5
    stage.lane.crash_postgres(hard)
    return Later(rnd.uniform(0, 1.5), stage.lane.start_postgres, "killed" if hard else "immediate")


@kind(2, single_broker)
def kafka_restart(stage, rnd):
    how = rnd.choice(["stop", "kill"])
    stage.lane.servers.control("kafka", how)
    return Later(rnd.uniform(0, 1), lambda: stage.lane.servers.control("kafka", "restart"), how)


@kind(4, cluster)
def broker_crash(stage, rnd):
    """Of one that leads a partition of an input."""
    topic = rnd.choice(list(stage.case.topics.values()))
    leader = str(stage.lane.leader_of(topic, rnd.randrange(4)))
    stage.lane.servers.control("kafka", "kill", leader)
    return Later(rnd.uniform(1, 5), lambda: stage.lane.servers.control("kafka", "restart", leader), leader)


@kind(5)
def cut(stage, rnd):
    name, link = rnd.choice(stage.lane.links)
    for _ in range(rnd.randint(1, 4)):
        link.cut()
        time.sleep(rnd.uniform(0, 0.2))
    return name


@kind(3)
def slow(stage, rnd):
    name, link = rnd.choice(stage.lane.links)
    link.delay = rnd.uniform(0.01, 0.3)
    return Later(rnd.uniform(0.5, 2.5), link.heal, f"{name} by {link.delay:.2f}s for")


@kind(4)
def black_hole(stage, rnd):
    """In the end what was under way arrives late, or never."""
    name, link = rnd.choice(stage.lane.links)
    arrives = rnd.random() < 0.5
    link.hold()

    def end():
        if not arrives:
            link.cut()
        link.release()

    return Later(rnd.uniform(0.5, 4), end, f"{name}, then {'delivered' if arrives else 'cut'},")


@kind(3)
def sessions_ended(stage, rnd):
    sql = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and application_name = 'tributary'"
    try:
        with stage.lane.database_server.connect() as admin:
            for _ in range(rnd.randint(1, 5)):
                admin.execute(sql, [stage.case.database.name])
                time.sleep(rnd.uniform(0, 0.1))
    except psycopg.Error:
        return AWAY


@kind(2)
def table_locked(stage, rnd):
    table = rnd.choice(["commerce.attributed_checkouts", "tributary.progress"])
    try:
        other = psycopg.connect(stage.case.database.url, options="-c lock_timeout=2s")
        other.execute(f"lock table {table}")
    except psycopg.Error:  # or held by a process that is frozen, or not there yet
        return AWAY
    return Later(rnd.uniform(0.2, 2), other.close, table)


@kind(3, small_disk)
def disk_full(stage, rnd):
    """Of the database: tables cannot grow; and where the write-ahead log needs a new file, the server goes down."""
    stage.lane.disk.fill()
    log = rnd.random() < 0.5
    if log:
        try:
            with stage.lane.database_server.connect() as admin:
                for _ in range(3):
                    admin.execute("select pg_logical_emit_message(false, 'tests', 'x'), pg_switch_wal()")
        except psycopg.Error:
            pass

    def end():
        stage.lane.disk.free()
        stage.lane.start_postgres()

    return Later(rnd.uniform(0.5, 2.5), end, "log too" if log else "")


@kind(2)
def database_restored(stage, rnd):
    """To an older state, results and progress together."""
    if stage.has_backup:
        return "while it is to be restored already"
    stage.kill_all()
    stage.lane.heal()
    stage.snapshot()

    def end():
        stage.kill_all()
        stage.lane.heal()
        stage.restore()

    return Later(rnd.uniform(0.5, 3), end)


@kind(2)
def changelog_deleted(stage, rnd):
    running = rnd.random() < 0.5
    stage.lane.heal()
    if not running:
        stage.kill_all()
    if stage.has_changelog():
        stage.delete_changelog()
    return "running" if running else "stopped"


@kind(2)
def changelog_spoilt(stage, rnd):
    stage.lane.heal()
    if stage.has_changelog():
        count = stage.spoil_changelog(rnd)
        stage.kill_all()
        return f"{count} blocks"

