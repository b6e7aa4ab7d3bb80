"""A schedule: a stream of events, a pipeline, and faults at given moments, all drawn from one seed; played, and then
the table compared with the oracle's."""

import heapq
import itertools
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field

from events import unkeyed
from history import history, skewed
from oracle import SHARING, Tally
from stage import KINDS, Later, Stage
from stream import Stream

RATE = 500  # events a second
TRANSACTION_MS = 3000  # after which the brokers end what a re-keyer that was killed has left open


@dataclass
class Fault:
    at: float  # seconds after the start
    kind: str
    seed: int


@dataclass
class Plan:
    """What a seed stands for. kinds: only of these; rekeyed: the producers send no key."""

    seed: int
    lane: object
    kinds: tuple = ()
    rekeyed: bool = False
    events: list = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        rnd = random.Random(self.seed)
        self.settings = {
            "batch_rows": rnd.choice([7, 50, 10_000]),
            "attribute.window": rnd.choice(["30s", "10m", "1h"]),
            "attribute.allowed_lateness": rnd.choice(["0s", "0s", "20s"]),
            "defaults.idle_timeout": rnd.choice([0, "200ms", "1s"]),
        }
        self.append = rnd.random() < 0.7  # shows more: an upsert hides a row written twice
        if not self.append and rnd.random() < 0.7:
            self.settings["attribute.emit"] = "early"
        self.model = rnd.choice(["first", "first", "first", *SHARING])
        self.workers = rnd.randint(1, 3)
        length = rnd.choice([1000, 1500, 2500])
        self.events = history(rnd, length, span=rnd.choice([length / 2, length * 3]))
        self.skewed = rnd.random() < 0.25
        if self.skewed:
            skewed(rnd, self.events)
        if self.rekeyed:
            self.events = unkeyed(self.events)
        self._draw_faults(rnd, length / RATE)

    def _draw_faults(self, rnd, seconds):
        names = [name for name in self.kinds or KINDS if KINDS[name].needs(self.lane)]
        weights = [KINDS[name].weight for name in names]
        for name in rnd.choices(names, weights, k=rnd.randint(2, 5)):
            self.faults.append(Fault(rnd.uniform(0.3, seconds), name, rnd.randrange(2**32)))
        self.faults.sort(key=lambda fault: fault.at)


@dataclass
class Report:
    seed: int
    what: str = ""
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    failure: str = ""

    def __str__(self):
        tally = self.tally
        line = f"seed {self.seed}: {tally.rows} rows, {tally.lost} lost, {tally.doubled} doubled, {tally.wrong} wrong"
        return f"{line}, {self.seconds:.1f} s: {self.what}" + (f"\n    FAILED: {self.failure}" if self.failure else "")


class Play:
    """One plan on a lane."""

    def __init__(self, plan: Plan):
        self.plan, self.lane = plan, plan.lane
        self.case = self.lane.new_case(f"seed_{plan.seed}")
        for path, value in plan.settings.items():
            self.case.pipeline.change(path, value)
        if plan.rekeyed:
            self.case.rekey()
            properties = self.case.pipeline.document["kafka"]["properties"]
            properties["transaction.timeout.ms"] = TRANSACTION_MS
        if plan.model in SHARING:
            self.case.share_out(plan.model)
        if plan.append:
            self.case.append_without_key()
        self.stage = Stage(self.lane, self.case, plan.workers)
        self.done: list[str] = []
        self.numbers = itertools.count()
        self.agenda = [(fault.at, next(self.numbers), self._doing(fault)) for fault in plan.faults]

    def run(self) -> Tally:
        with Stream(self.case, self.plan.events, RATE) as stream:
            self.began = time.monotonic()
            try:
                while self.agenda or stream.thread.is_alive():
                    self._do_what_is_due()
                    self.stage.tend()
                    time.sleep(0.02)
            except BaseException:
                self.lane.heal()  # or the stream would not end
                raise
        self.stage.end()
        if self.stage.changelog_deleted:  # who was running may have had it made anew, or the next one does
            self.case.pipeline.run("--once")
            self.stage.mend_changelog()
        self.case.settle(duplicates=True)
        return self.case.tally

    def _now(self) -> float:
        return time.monotonic() - self.began

    def _do_what_is_due(self):
        while self.agenda and self.agenda[0][0] <= self._now():
            _, _, act = heapq.heappop(self.agenda)
            act()

    def _doing(self, fault: Fault):
        def act():
            self.done.append(f"{fault.at:.1f} {fault.kind}")
            result = KINDS[fault.kind](self.stage, random.Random(fault.seed))
            if result:
                self.done[-1] += f" {result}"
            if isinstance(result, Later):
                heapq.heappush(self.agenda, (self._now() + result.seconds, next(self.numbers), result.act))

        return act

    def keep_logs(self) -> str:
        folder = tempfile.mkdtemp(prefix=f"tributary-seed-{self.plan.seed}-")
        return shutil.copytree(self.case.pipeline.folder, folder, dirs_exist_ok=True)

    def describe(self) -> str:
        plan = self.plan
        words = ["append" if plan.append else "upsert", f"{plan.workers} workers", *(["skewed"] if plan.skewed else [])]
        words += [plan.model] if plan.model in SHARING else []
        words += ["early"] if "attribute.emit" in plan.settings else []
        words += ["re-keyed"] if plan.rekeyed else []
        return "; ".join([", ".join(words), *self.done, *self.stage.notes])


def run(plan: Plan) -> Report:
    """Never raises; the report says what failed."""
    report = Report(plan.seed)
    began = time.monotonic()
    play = None
    try:
        play = Play(plan)
        play.run()
    except Exception as failure:
        report.failure = f"{type(failure).__name__}: {failure}"
    if play:
        report.tally, report.what = play.case.tally, play.describe()
        if report.failure:
            report.failure += f"\n    logs: {play.keep_logs()}"
        try:
            plan.lane.drop(play.case)
        except Exception as failure:
            report.failure = report.failure or f"afterwards: {failure}"
    report.seconds = time.monotonic() - began
    return report
