"""One run of one contender: a fresh database and folder, the process, samples until its table is quiet."""

import sys
import threading
import time
from dataclasses import asdict, dataclass, field

import psycopg

from .contender import Contender, Database, Setting
from .measure import Running, Sampler
from .shop import Events, Shop
from .truth import Truth

LOOK = 0.2  # seconds between two samples
ASK = 1.0  # seconds between two looks at the table
OBSERVE = 0.5  # seconds between two figures of the contender's own
COUNTS = (
    "select (select count(*) from commerce.attributed_checkouts), n_tup_ins, n_tup_upd, n_tup_del "
    "from pg_stat_user_tables where relid = 'commerce.attributed_checkouts'::regclass"
)
# When the rows that are there now were committed.
COMMITS = (
    "select extract(epoch from min(at))::float8, extract(epoch from max(at))::float8, count(*), "
    "count(*) filter (where at = first) from (select at, min(at) over () as first from ("
    "select pg_xact_commit_timestamp(xmin) as at from commerce.attributed_checkouts "
    "where checkout_id not like 'sentinel-%') r) s"
)


@dataclass
class Run:
    """What was measured; seconds and bytes."""

    name: str
    kind: str
    events: int
    wall: float = 0.0  # from the start of the process to the last change of the table, or to its own end
    cpu: float = 0.0  # of the process and its children, in that time
    memory: int = 0
    postgres_cpu: float = 0.0  # of the server, in that time
    broker_cpu: float = 0.0
    others_cpu: float = 0.0  # of programs that have nothing to do with it
    first: float | None = None  # when the first row was committed
    in_first: int = 0  # rows committed together with it
    rows: int = 0
    right: int | None = None
    wrong: int | None = None
    missing: int | None = None
    excused: int = 0
    trouble: str = ""  # why it is not to be trusted
    figures: dict[str, float] = field(default_factory=dict)  # the contender's own, the greatest of each

    def as_dict(self) -> dict:
        return asdict(self)


class Observer:
    """Asks a contender for its own figures, in a thread: it may take its time to answer."""

    def __init__(self, contender: Contender, setting: Setting):
        self.contender, self.setting = contender, setting
        self.seen: list[dict[str, float]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            look = self.contender.observe(self.setting)
            while look and not self.over.wait(OBSERVE):
                self.seen.append(look())
        except (OSError, AssertionError):
            pass  # it has ended

    def __enter__(self) -> "Observer":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()

    def greatest(self) -> dict[str, float]:
        """The greatest value of each, and all of the moment when most clicks were held."""
        names = {name for figures in self.seen for name in figures}
        greatest = {name: max(figures.get(name, 0.0) for figures in self.seen) for name in sorted(names)}
        if "clicks_held" in names:
            greatest |= {n: v for n, v in max(self.seen, key=lambda f: f["clicks_held"]).items() if "held" in n}
        return greatest


class Race:
    def __init__(self, shop: Shop, quiet: float, longest: float):
        self.shop, self.quiet, self.longest = shop, quiet, longest
        self.number = 0

    def run(self, contender: Contender, events: Events, truth: Truth | None = None) -> Run:
        self.number += 1
        name = f"bench_{self.number}"
        folder = self.shop.folder / name
        folder.mkdir()
        database = self.shop.database(name)
        setting = Setting(self.shop.brokers, events.clicks_topic, events.checkouts_topic, database, folder, name)
        run = Run(contender.name, contender.kind, events.total)
        self._measure(contender, setting, run)
        if truth and contender.writes_rows:
            verdict = truth.compare(database.url, contender.keeps_unknown_users)
            run.right, run.wrong, run.missing = verdict.right, verdict.wrong, verdict.missing
            run.excused = verdict.excused
        self.shop.drop(database)
        return run

    def _measure(self, contender: Contender, setting: Setting, run: Run) -> None:
        command, environment = contender.command(setting)
        sampler = Sampler(self.shop.postgres_pid, self.shop.broker_pid)
        sampler.take(0.0)
        process = Running(command, environment, setting.folder)
        try:
            with Observer(contender, setting) as observer:
                run.trouble = self._await(contender, setting.database, process, sampler)
        finally:
            process.stop()
        if run.trouble:
            print((setting.folder / "log").read_text(errors="replace")[-2000:], file=sys.stderr)
        run.figures = observer.greatest()
        self._conclude(contender, setting.database, process, sampler, run)

    def _await(self, contender: Contender, database: Database, process: Running, sampler: Sampler) -> str:
        """Takes samples until it is done; says what went wrong."""
        table = Table(database) if contender.writes_rows else None
        while not process.ended.wait(LOOK):
            at = time.time() - process.since
            sampler.take(at, process.pid)
            if table and table.quiet_for(at) >= self.quiet:
                return ""
            if at > self.longest:
                return f"stopped after {at:.0f} s"
        sampler.take(process.seconds)
        return f"ended by itself, exit code {process.exit_code}" if table or process.exit_code else ""

    def _conclude(self, contender, database: Database, process: Running, sampler: Sampler, run: Run) -> None:
        run.wall = process.seconds
        if contender.writes_rows:
            with psycopg.connect(database.url) as connection:
                first, last, run.rows, run.in_first = connection.execute(COMMITS).fetchone()
            if last:
                run.first, run.wall = first - process.since, last - process.since
        used = sampler.until(run.wall)
        run.cpu, run.memory = used.cpu, sampler.memory
        run.postgres_cpu, run.broker_cpu, run.others_cpu = used.postgres, used.broker, used.others
        if not contender.writes_rows:
            run.cpu = process.cpu
            run.others_cpu = max(0.0, used.busy - used.own - used.postgres - used.broker - run.cpu)


class Table:
    """Looks now and then whether the table of results still changes."""

    def __init__(self, database: Database):
        self.connection = psycopg.connect(database.url, autocommit=True)
        self.asked = self.changed = 0.0
        self.counts = self._ask()

    def _ask(self) -> tuple:
        return self.connection.execute(COUNTS).fetchone()

    def quiet_for(self, at: float) -> float:
        """Seconds since it last changed; 0 while it is empty."""
        if at - self.asked >= ASK:
            self.asked, counts = at, self._ask()
            if counts != self.counts:
                self.counts, self.changed = counts, at
        return at - self.changed if self.counts[0] else 0.0
