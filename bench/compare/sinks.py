"""Writing alone: COPY and a batched upsert from C (sink.c), and beside them Tributary over events that are nearly all
checkouts, so that writing rows is nearly all it does."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .contender import Contender
from .measure import Running, Sampler
from pipeline import PROGRAM, eventually
from .race import Race, Run
from .shop import Shop
from .truth import Truth

SINK = PROGRAM.parent / "bench/sink"
BATCH = 10000
CHECKOUTS_TO_A_CLICK = 100


@dataclass
class Written:
    name: str
    rows: int
    rate: float  # rows a second
    cpu: float  # seconds of the client for each row
    postgres_cpu: float  # seconds of the server for each row
    trouble: str = ""

    def as_dict(self) -> dict:
        return asdict(self)


def copy(shop: Shop, truth: Truth, rows: int) -> Written:
    return _write_alone(shop, truth, rows, "COPY", "copy")


def upsert(shop: Shop, truth: Truth, rows: int) -> Written:
    return _write_alone(shop, truth, rows, f"upsert, {BATCH:,} rows a statement", "upsert")


def _write_alone(shop: Shop, truth: Truth, rows: int, name: str, way: str) -> Written:
    folder = shop.folder / f"sink_{way}"
    folder.mkdir()
    truth.write_rows(folder / "rows", rows)
    database = shop.database(f"sink_{way}")
    try:
        return _write(shop, name, [str(SINK), way, database.url, str(folder / "rows"), str(BATCH)], folder)
    finally:
        shop.drop(database)
        (folder / "rows").unlink()


def _write(shop: Shop, name: str, command: list[str], folder: Path) -> Written:
    sampler = Sampler(shop.postgres_pid, shop.broker_pid)
    sampler.take(0.0)
    process = Running(command, {}, folder)
    process.ended.wait()
    said = (folder / "log").read_text()
    assert process.exit_code == 0, said
    found = json.loads(said)
    session = Path(f"/proc/{found['session']}")
    eventually(lambda: not session.exists(), "the server's process for it has ended")
    sampler.take(process.seconds)
    rows, postgres = found["rows"], sampler.until(process.seconds).postgres
    return Written(name, rows, rows / found["seconds"], found["cpu"] / rows, postgres / rows)


def joined(shop: Shop, race: Race, contender: Contender, rows: int, users: int, products: int) -> list[Written]:
    """The contender's own sink, seen twice: from its first commit to its last, with all that it does beside writing
    (of a single commit: from the start); and by its own account of how long its commits took."""
    events = shop.generate("writing", max(1, rows // CHECKOUTS_TO_A_CLICK), rows, users, products)
    run = race.run(contender, events)
    trouble = run.trouble or ("" if run.rows == rows else f"{run.rows} rows of {rows}")
    rate = (run.rows - run.in_first) / (run.wall - run.first) if run.rows > run.in_first else run.rows / run.wall
    every = Written(contender.name, run.rows, rate, run.cpu / rows, run.postgres_cpu / rows, trouble)
    return [every, *_commits(run, trouble)]


def _commits(run: Run, trouble: str) -> list[Written]:
    seconds = run.figures.get("commit_seconds")
    if not seconds or not run.rows:
        return []
    name = f"the same, by the {seconds:.1f} s spent in commits"
    rate = run.figures["rows_written"] / seconds
    return [Written(name, run.rows, rate, run.cpu / run.rows, run.postgres_cpu / run.rows, trouble)]
