"""bench/run: measures, one after another on one machine and on the same events, the contenders of one job, the
checkouts pipeline: for each checkout the earliest click of the same user on the same product in the hour before, with
the user's name, as a row in Postgres. Beside them the limits: a C program that only reads, one that also parses, and C
programs that only write. Prints tables and writes them, with a picture and all figures, to benchmarks.md, .svg, .json.

A run begins with the start of the process and ends with the last change of its table, by the server's commit
timestamps. Processor time is that of the process and its children until then. Afterwards its rows are compared with a
plain SQL join over the raw events."""

import argparse
import json
import signal
import sys
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pipeline import ROOT

from . import document, limit, machine, report, roster, sinks, tributary
from .contender import Contender
from .race import Race
from .shop import PARTITIONS, Shop
from .truth import Truth

EXAMPLES = """examples:
  bench/run                                       everything; some ten minutes or more
  bench/run --clicks 50000 --checkouts 5000 --only consumer,tributary --sink-rows 0 --output /tmp
                                                  a quick look
  bench/run --report docs/benchmarks.json         the document and the picture once more
"""


def number(text: str) -> int:
    """500k, 2M."""
    for letter, factor in (("k", 1000), ("M", 1_000_000)):
        if text.endswith(letter):
            return round(float(text[:-1]) * factor)
    return int(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "bench/run", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clicks", type=number, default=2_000_000, metavar="N", help="how many (default 2M)")
    parser.add_argument("--checkouts", type=number, default=200_000, metavar="N", help="how many (default 200k)")
    parser.add_argument("--users", type=number, default=10_000, metavar="N", help="of the shop (default 10k)")
    parser.add_argument("--products", type=number, default=1_000, metavar="N", help="of the shop (default 1k)")
    parser.add_argument("--sink-rows", type=number, default=500_000, metavar="N",
                        help="rows to write where only writing is measured (default 500k; 0: it is not)")  # fmt: skip
    parser.add_argument("--only", metavar="WORD,…", help="contenders whose name contains one of the words")
    parser.add_argument("--list", action="store_true", help="the names of all, and nothing else")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="runs of each, in turn (default 1)")
    parser.add_argument("--quiet", type=float, default=20, metavar="SECONDS",
                        help="a table that has not changed for so long is done (default 20)")  # fmt: skip
    parser.add_argument("--longest", type=float, default=900, metavar="SECONDS",
                        help="a run is stopped after that (default 900)")  # fmt: skip
    parser.add_argument("--output", type=Path, default=ROOT / "docs", metavar="DIR",
                        help="where benchmarks.md, .svg and .json go (default docs)")  # fmt: skip
    parser.add_argument("--report", type=Path, metavar="FILE.json",
                        help="measures nothing: the document once more, from these figures")  # fmt: skip
    options = parser.parse_args()
    if options.clicks < 1 or options.checkouts < 1 or options.rounds < 1:
        parser.error("at least one click, one checkout and one round are needed")
    return options


@contextmanager
def step(what: str):
    """Says what is going on, and how long it took."""
    since = time.monotonic()
    print(f"==> {what}", flush=True)
    yield
    print(f"    {time.monotonic() - since:.1f} s", flush=True)


def prepare(contenders: list[Contender]) -> dict[str, str]:
    """Why some of them cannot be measured."""
    failed = {}
    for contender in contenders:
        if type(contender).prepare is Contender.prepare:
            continue
        with step(f"{contender.name}: getting ready"):
            try:
                contender.prepare()
            except Exception as error:  # of whatever kind: the others are measured all the same
                failed[contender.name] = str(error).strip().splitlines()[-1]
                print(f"    {error}", file=sys.stderr)
    return failed


class Comparison:
    def __init__(self, options: argparse.Namespace, contenders: list[Contender], writing: bool):
        self.options, self.writing = options, writing
        self.not_measured = prepare(contenders)
        self.contenders = [c for c in contenders if c.name not in self.not_measured]
        self.runs, self.written = [], []

    def take_place(self) -> dict:
        with step("starting Kafka and PostgreSQL"):
            shop = Shop()
        try:
            return self._measure(shop)
        finally:
            shop.stop()

    def _measure(self, shop: Shop) -> dict:
        options, race = self.options, Race(shop, self.options.quiet, self.options.longest)
        with step(f"making and loading {options.clicks:,} clicks and {options.checkouts:,} checkouts"):
            events = shop.generate("shop", options.clicks, options.checkouts, options.users, options.products)
            shop.lay_out(events.folder / "users.csv")
        with step("the right answer, by SQL"):
            truth = Truth(shop.database("truth").url, events.folder)
        with step("reading everything once, so that broker and page cache are warm"):
            race.run(limit.discarding, events)
        for turn in range(options.rounds):
            for contender in self.contenders:
                with step(f"{contender.name}" + (f", round {turn + 1}" if options.rounds > 1 else "")):
                    self.runs.append(race.run(contender, events, truth))
                    print(f"    {report.said(self.runs[-1].as_dict())}")
        if self.writing and options.sink_rows:
            self._write(shop, race, truth)
        return self._results(shop, events, truth)

    def _write(self, shop: Shop, race: Race, truth: Truth) -> None:
        options = self.options
        for write in (sinks.copy, sinks.upsert):
            with step(f"writing {options.sink_rows:,} rows: {write.__name__}"):
                self.written.append(write(shop, truth, options.sink_rows))
        with step(f"writing {options.sink_rows:,} rows: {tributary.ONE.name}"):
            self.written += sinks.joined(shop, race, tributary.ONE, options.sink_rows, options.users, options.products)

    def _results(self, shop: Shop, events, truth: Truth) -> dict:
        options = self.options
        return {
            "date": date.today().isoformat(),
            "machine": machine.describe(),
            "versions": machine.versions(shop),
            "events": {
                "clicks": events.clicks,
                "checkouts": events.checkouts,
                "bytes_of_clicks": events.bytes_of_clicks,
                "bytes_of_checkouts": events.bytes_of_checkouts,
                "users": options.users,
                "products": options.products,
                "partitions": PARTITIONS,
                "attributed": truth.attributed,
                "unknown": truth.unknown,
            },
            "rounds": options.rounds,
            "settings": {c.name: c.settings() for c in self.contenders if c.settings()},
            "not_measured": self.not_measured,
            "runs": [run.as_dict() for run in self.runs],
            "written": [written.as_dict() for written in self.written],
        }


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers end then too
    options = arguments()
    if options.report:
        document.write(json.loads(options.report.read_text()), options.output)
        return 0
    if options.list:
        print("\n".join(roster.names()))
        return 0
    results = Comparison(options, *roster.choose(options.only)).take_place()
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "benchmarks.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    document.write(results, options.output)
    print("\n" + report.tables(results))
    return 1 if report.failures(results) else 0


if __name__ == "__main__":
    sys.exit(main())
