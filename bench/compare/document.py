"""The document of a comparison: its tables, what they mean, and how they came about."""

import textwrap
from pathlib import Path

from . import picture, report
from .digits import percent


def write(results: dict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.md").write_text(document(results))
    if results["runs"]:
        picture.draw(report.summary(results), folder / "benchmarks.svg")


def document(results: dict) -> str:
    parts = ["<!-- Made by bench/run; do not edit. -->\n\n# Benchmarks", _introduction(results)]
    if results["runs"]:
        parts += ["## The same job", _job(results), report.engines(results), *_marks(results)]
        parts += ["![Events per second, processor time per event, peak memory](benchmarks.svg)"]
        parts += ["\n".join(report.ratios(results)), _clicks_held(results)]
    if results["written"]:
        parts += ["## Writing rows", WRITING, report.writing(results)]
    parts += ["## How it is measured", _method(results)]
    if results["settings"]:
        parts += ["## Settings", *_settings(results)]
    return wrapped("\n\n".join(part for part in parts if part)) + "\n"


def _introduction(results: dict) -> str:
    machine, versions = results["machine"], results["versions"]
    return (
        f"Made by `bench/run` on {results['date']}. Everything runs on one machine, the servers too: read the ratios "
        "rather than the figures.\n\n"
        f"- Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory']} of memory, "
        f"{machine['system']}, {machine['kernel']}.\n"
        f"- Servers: Apache Kafka {versions['Kafka']}, one broker as `scripts/kafka` starts it; PostgreSQL {versions['PostgreSQL']} "
        f"({versions['PostgreSQL settings']}).\n"
        f"- Tributary: revision {versions['revision']}; {versions['Tributary']}."
    )


def _job(results: dict) -> str:
    events = results["events"]
    mean = {role: events[f"bytes_of_{role}"] / events[role] for role in ("clicks", "checkouts")}
    text = (
        "For each checkout the earliest click of the same user on the same product in the hour before, with the user's "
        "name, as a row in Postgres ([the example](../examples/checkouts/README.md)), from a backlog of "
        f"{events['clicks']:,} clicks of {mean['clicks']:.0f} bytes and {events['checkouts']:,} checkouts of "
        f"{mean['checkouts']:.0f} bytes over two hours of event time, {events['users']:,} users, "
        f"{events['products']:,} products, {events['partitions']} partitions, keyed by the user. "
        f"{events['attributed']:,} of the checkouts have a click. The consumers are no join but the limit: a C program "
        "with librdkafka that reads the same events and throws them away, or first parses each as JSON and looks up "
        "four fields."
    )
    rounds = results["rounds"]
    return text + (f" The median of {rounds} rounds, and the range of their times." if rounds > 1 else "")


def _marks(results: dict) -> list[str]:
    entries = report.summary(results)
    notes = [f"† {entry['name']}: {entry['trouble']}." for entry in entries if entry["trouble"]]
    notes += [
        f"{entry['name']} drops rows of users without a name; these {entry['excused']:,} do not count as missing."
        for entry in entries
        if entry["excused"]
    ]
    return notes + [f"{name} was not measured: {why}." for name, why in results["not_measured"].items()]


def _clicks_held(results: dict) -> str:
    lines = []
    for entry in report.summary(results):
        held = entry["figures"].get("clicks_held")
        if held:
            each = entry["figures"]["clicks_held_bytes"] / held
            name, clicks = entry["name"], f"{held:,.0f} clicks"
            lines.append(f"- {name}: at most {clicks} held at a time, with {each:.0f} bytes of memory for each.")
    return "\n".join(lines)


WRITING = (
    "How fast rows of the twelve columns get into an empty table with its primary key, over one connection. COPY and "
    "the upsert are C programs that do nothing else; the upsert sends arrays of text that the statement unnests, each "
    "statement a transaction, and puts the next one together while the server works. Tributary runs over events that are "
    "nearly all checkouts: its rows/s are from its first commit to its last and hold all that it does beside, reading, "
    "parsing, joining, looking up names; its CPU is that of the whole run. The last line divides its rows by the time "
    "that it spent in commits (`tributary_commit_duration_seconds`), during which it goes on reading."
)


def _method(results: dict) -> str:
    cores = int(results["machine"]["cores"])
    shares = [run["others_cpu"] / (run["wall"] * cores) for run in results["runs"] if run["wall"]]
    lines = [
        "One contender after the other, each with a fresh database, on topics that had been read once before. "
        "`tributary generate` makes the events, `tributary produce` loads them (lz4). Each partition ends with a click "
        "and a checkout two hours later, so that engines which wait for event time finish; these do not count.",
        "Wall time is from the start of the process, its virtual machine included, to the commit of the last row "
        "(`pg_xact_commit_timestamp`); of a program that only reads, to its end. CPU is user and system time of the "
        "process and its children until then; that of Postgres and the broker in the same span stands beside.",
        "*Of the limit*: events/s as a share of those of the consumer that discards. *Of Tributary's*: CPU an event beside "
        "that of Tributary with one worker.",
        "Peak memory is the greatest resident size (`VmHWM`) of the process; of several, their sum.",
        "Rows are compared, every column of them, with a plain SQL window join over the raw events "
        "(`bench/compare/truth.sql`). Of clicks that share the earliest time any is right.",
    ]
    if shares:
        lines.append(f"Other programs took at most {percent(max(shares))} of the processors during a run.")
    return "\n".join(f"- {line}" for line in lines)


def _settings(results: dict) -> list[str]:
    """Those that are the same are said once."""
    names = {}
    for name, lines in results["settings"].items():
        names.setdefault("\n".join(f"- {line.rstrip('.')}." for line in lines), []).append(name)
    return [f"**{'; '.join(who)}**\n\n{lines}" for lines, who in names.items()]


def wrapped(text: str) -> str:
    """As the other documents are; tables and links to pictures stay as they are."""
    parts = [part if part[0] in "|<!#" else _filled(part) for part in text.split("\n\n")]
    return "\n\n".join(parts)


def _filled(part: str) -> str:
    options = {"width": 120, "break_long_words": False, "break_on_hyphens": False}
    lines = part.split("\n")
    return "\n".join(textwrap.fill(l, subsequent_indent="  " * l.startswith("- "), **options) for l in lines)
