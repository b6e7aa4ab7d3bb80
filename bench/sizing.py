"""What bench/sizing says; run by it. A table of docs/sizing.md stands between <!-- figures: NAME --> and <!-- end -->,
and NAME is a function here that makes it."""

import json
import math
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/sizing.md"
PLACE = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MIB, GIB = 1 << 20, 1 << 30

# What the worked example assumes.
WINDOW = 3600  # seconds
GRACE = 3600  # changelog.tombstone_grace
SEGMENT = 600  # seconds until the changelog's segments end
DIRTY = 0.25  # of a compacted topic may be waiting for compaction
BOUND = 15  # out_of_order
SHARE = 0.1  # conversions for each click
BUSY = 0.5  # of its processor that a worker is to use
POD = 16 << 30  # bytes of clicks in a pod, at most
LARGE = 1_000_000  # clicks in a store
RATES = [1_000, 10_000, 100_000, 1_000_000]
PARTITIONS = {1_000: 4, 10_000: 8, 100_000: 16, 1_000_000: 64}


class Figures:
    """All reports together: figures[section], and under which conditions they were taken."""

    def __init__(self):
        self.sections = {}
        for file in sorted((ROOT / "bench/results").glob("*.json")):
            self.sections |= json.loads(file.read_text())

    def __getitem__(self, section: str):
        return self.sections[section]["figures"]

    def note(self, section: str) -> str:
        c = self.sections[section]["conditions"]
        return f"Taken {c['taken']} with {c['program']} on {c['processors']}; load average at the end {c['load']}."


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def amount(n: float) -> str:
    return f"{n:,.0f}"


def size(bytes: float) -> str:
    if bytes >= GIB:
        return f"{bytes / GIB:,.1f} GiB" if bytes < 100 * GIB else f"{bytes / GIB:,.0f} GiB"
    return f"{bytes / MIB:,.0f} MiB" if bytes >= MIB else f"{bytes / 1024:,.0f} KiB"


def span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


# --- what was measured ------------------------------------------------------------------------------------------------


def store(f: Figures) -> list[str]:
    head = ["clicks held", "keep one", "keep one, another expires", "look up a key that is there", "that is not"]
    names = ["insert_ns", "turnover_ns", "hit_ns", "miss_ns"]
    rows = []
    for s in f["store"]:
        rows.append([amount(s["touches"]), *(f"{s[name]:.0f} ns" for name in names), f"{s['resident_bytes']:.1f}"])
    return [*table([*head, "bytes of memory a click"], rows), "", f.note("store")]


def retained(f: Figures) -> list[str]:
    head = ["clicks held", "CPU an event", "resident memory", "of it the store, a click"]
    rows = [
        [amount(r["retained"]), f"{r['cpu_us_per_event']:.1f} µs", f"{r['resident_mb']:.0f} MB",
         f"{r['store_bytes_per_click']:.1f} bytes"]
        for r in f["retained"]
    ]  # fmt: skip
    return [*table(head, rows), "", f.note("retained")]


def partitions(f: Figures) -> list[str]:
    rate = amount(f["partitions"][0]["rate"])
    head = ["partitions", "memory, idle", "CPU, idle", f"CPU at {rate} events/s", "a commit there"]
    head += ["backlog, CPU an event", "backlog, peak memory"]
    rows = []
    for p in f["partitions"]:
        row = [amount(p["partitions"]), f"{p['idle_mb']:.1f} MB", f"{p['idle_cpu_share']:.1%}"]
        row += [f"{p['steady_cpu_share']:.1%}", f"{p['commit_ms']:.0f} ms"]
        rows.append([*row, f"{p['backlog_us_per_event']:.1f} µs", f"{p['backlog_peak_mb']:.0f} MB"])
    return [*table(head, rows), "", f.note("partitions")]


def restore(f: Figures) -> list[str]:
    head = ["clicks", "from the changelog", "a second", "from the click topic", "times as fast"]
    head += ["peak memory a click", "bytes in the changelog", "in the click topic"]
    rows = []
    for r in f["restore"]:
        clicks, fast, slow = r["clicks"], r["changelog_seconds"], r["topic_seconds"]
        row = [amount(clicks), span(fast), amount(clicks / fast), span(slow), f"{slow / fast:.1f}"]
        sizes = [r[f"{name}_bytes_per_click"] for name in ("peak", "changelog", "topic")]
        rows.append(row + [f"{each:.0f}" for each in sizes])
    return [*table(head, rows), "", f.note("restore")]


def start(f: Figures) -> list[str]:
    s = f["start"]
    row = [span_ms(s[name]) for name in ("median_seconds", "max_seconds", "first_seconds")]
    row += [f"{s['idle_mb']:.1f} MB", f"{s['idle_anonymous_mb']:.1f} MB"]
    head = ["median", "longest", "the very first", "memory, idle", "of it not of files"]
    return [*table(head, [row]), "", f.note("start")]


def span_ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def latency(f: Figures) -> list[str]:
    head = [
        "events/s",
        "commit_interval",
        "median",
        "99 %",
        "longest",
        "CPU an event",
        "of a processor",
        "machine busy",
    ]
    rows = []
    for x in f["latency"]:
        rate = amount(x["rate"]) if x["kept"] else f"{amount(x['rate'])}, not kept: {amount(x['events_per_second'])}"
        late = [f"{x[name]:,.0f} ms" for name in ("p50_ms", "p99_ms", "max_ms")]
        used = [f"{x['cpu_us_per_event']:.1f} µs", f"{x['cpu_share']:.0%}", f"{x['machine_busy']:.0%}"]
        rows.append([rate, x["interval"], *late, *used])
    return [*table(head, rows), "", f.note("latency")]


def postgres(f: Figures) -> list[str]:
    head = ["events/s", "commit_interval", "rows/s", "WAL a row", "PostgreSQL's CPU a row", "Kafka's CPU an event"]
    rows = []
    for x in f["latency"]:
        row = [amount(x["events_per_second"]), x["interval"], amount(x["rows_per_second"])]
        row += [f"{x['wal_bytes_per_row']:,.0f} bytes", f"{x['postgres_us_per_row']:.0f} µs"]
        rows.append([*row, f"{x['kafka_us_per_event']:.1f} µs"])
    return [*table(head, rows), "", f.note("latency")]


# --- the formulas -----------------------------------------------------------------------------------------------------


def bytes_per_click(f: Figures) -> float:
    """The most of the larger stores: how full an index is differs."""
    return max(s["resident_bytes"] for s in f["store"] if s["touches"] >= LARGE or s == f["store"][-1])


def us_per_event(f: Figures) -> float:
    """At a steady rate, the highest that was kept: a backlog, in large fetches, costs less."""
    return max((x for x in f["latency"] if x["kept"]), key=lambda x: x["rate"])["cpu_us_per_event"]


def own_share(f: Figures) -> float:
    """Of a processor, by a worker whose fetches bring next to nothing: what the lowest rate takes beyond its events."""
    least = min(f["latency"], key=lambda x: (x["rate"], x["cpu_share"]))
    return max(0.0, least["cpu_share"] - least["rate"] * us_per_event(f) / 1e6)


def processors(f: Figures, rate: float, workers: int = 1) -> float:
    return workers * own_share(f) + rate * us_per_event(f) / 1e6


def wal_per_row(f: Figures) -> float:
    return max(f["latency"], key=lambda x: x["rate"])["wal_bytes_per_row"]


def restored_per_second(f: Figures) -> float:
    largest = max(f["restore"], key=lambda r: r["clicks"])
    return largest["clicks"] / largest["changelog_seconds"]


def changelog_per_click(f: Figures) -> float:
    return max(f["restore"], key=lambda r: r["clicks"])["changelog_bytes_per_click"]


def clicks_held(rate: float, window: float = WINDOW, bound: float = BOUND) -> float:
    return rate * (window * 17 / 16 + bound)


def memory_limit(state: float, partitions: int, workers: int = 1) -> float:
    """Of one process, so that nothing is slowed down: the parts of pipeline/budget.c at full speed."""
    return (state / 0.95 + (18 + 208 * workers + 15 * partitions) * MIB) / 0.94


def changelog_bytes(f: Figures, rate: float) -> float:
    return rate * (WINDOW + GRACE + SEGMENT) * changelog_per_click(f) / (1 - DIRTY)


def constants(f: Figures) -> list[str]:
    rows = [
        ["memory of a click held", f"{bytes_per_click(f):.1f} bytes"],
        ["CPU of an event, steady", f"{us_per_event(f):.1f} µs"],
        ["a worker's own share of a processor", f"{own_share(f):.0%}"],
        ["a click in the changelog", f"{changelog_per_click(f):.0f} bytes"],
        ["clicks restored a second, by one process", amount(restored_per_second(f))],
        ["WAL of a row", f"{wal_per_row(f):,.0f} bytes"],
    ]
    return table(["what the tables above give", "used here"], rows)


def worked_line(f: Figures, rate: int) -> list[str]:
    """For so many clicks a second."""
    held, partitions = clicks_held(rate), PARTITIONS[rate]
    state, events = held * bytes_per_click(f), rate * (1 + SHARE)
    pods = max(2, math.ceil(events * us_per_event(f) / 1e6 / (BUSY - own_share(f))), math.ceil(state / POD) + 1)
    most = math.ceil(partitions / (pods - 1))  # when one is away the others have its partitions
    limit = memory_limit(state * most / partitions, partitions)
    line = [
        amount(rate),
        amount(held),
        size(state),
        f"{processors(f, events, pods):.2f}",
        amount(partitions),
        amount(pods),
        size(limit),
    ]
    line += [size(changelog_bytes(f, rate)), amount(rate * SHARE), size(rate * SHARE * wal_per_row(f))]
    return [*line, span(held * most / partitions / restored_per_second(f))]


def worked(f: Figures) -> list[str]:
    head = ["clicks/s", "clicks held", "their memory", "processors", "partitions", "pods", "`memory_limit` of a pod"]
    head += ["changelog, one copy", "rows/s", "WAL/s", "a pod's clicks are back after"]
    return table(head, [worked_line(f, rate) for rate in RATES])


def checks(f: Figures) -> list[str]:
    """The formulas beside what was measured."""
    rows = []
    for r in f["retained"]:
        guess, read = r["retained"] * bytes_per_click(f) / 1e6 + r["empty_mb"], memory_limit(0, 4) / 1e6
        what = f"memory with {amount(r['retained'])} clicks held, after a backlog"
        rows.append([what, f"{guess:.0f} MB, at most {read:.0f} more", f"{r['resident_mb']:.0f} MB"])
    for r in f["restore"]:
        guess, found = (
            r["clicks"] * bytes_per_click(f) / 1e6 + f["start"]["idle_mb"],
            r["peak_bytes_per_click"] * r["clicks"],
        )
        rows.append(
            [f"peak while {amount(r['clicks'])} clicks are restored", f"{guess:.0f} MB", f"{found / 1e6:.0f} MB"]
        )
    for x in filter(lambda x: x["kept"], f["latency"]):
        guess = processors(f, x["rate"])
        what = f"processor at {amount(x['rate'])} events/s, {x['interval']}"
        rows.append([what, f"{guess:.0%}", f"{x['cpu_share']:.0%}"])
    return table(["what", "formula", "measured"], rows)


BLOCKS = [store, retained, partitions, restore, start, latency, postgres, constants, worked, checks]


def main() -> int:
    figures, old = Figures(), PAGE.read_text()
    blocks = {block.__name__: block for block in BLOCKS}

    def fill(place: re.Match) -> str:
        return place[1] + "\n".join(blocks[place[2]](figures)) + "\n" + place[3]

    new = PLACE.sub(fill, old)
    if "--check" in sys.argv:
        return int(new != old)
    PAGE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
