"""What bench/soak says; run by it."""

import argparse
import csv
import subprocess
import sys
import time
import uuid
from pathlib import Path

from case import Case
from database import Server
from kafka import Kafka
from pipeline import PROGRAM, Pipeline, eventually
from servers import Servers
from watched import Watched, watch

EVERY = 10.0  # seconds between two looks
WINDOW_MINUTES = 5  # and as long a grace for tombstones, so that after a quarter of an hour nothing need grow any more
# What Tributary gives the topic itself, but for segments that end sooner: so that an hour shows compaction.
CHANGELOG = {"cleanup.policy": "compact", "segment.ms": "60000", "min.cleanable.dirty.ratio": "0.25",
             "delete.retention.ms": "60000", "max.message.bytes": "16777216"}  # fmt: skip
MEASURES = {
    "resident": ("resident memory, MB", 1e6),
    "descriptors": ("open descriptors", 1),
    "held": ("clicks held", 1),
    "changelog": ("changelog topic, MB", 1e6),
    "pending": ("conversions waiting", 1),
    "lag": ("records not read yet", 1),
}


def prepare(servers: Servers) -> Case:
    kafka = Kafka(servers.brokers)
    name = "soak_" + uuid.uuid4().hex[:6]
    database = Server(servers.database_url).create(name)
    environment = {"KAFKA_BROKERS": servers.brokers, "DATABASE_URL": database.url}
    case = Case(kafka, database, Pipeline(name, servers.folder, environment))
    case.create_topics()
    kafka.create(f"{name}.changelog", 4, **CHANGELOG)
    kafka.create(case.pipeline.dead_letters, 1)
    case.pipeline.change("kafka.properties", None)
    case.pipeline.change("commit_interval", None)
    case.pipeline.change("defaults.idle_timeout", None)
    case.pipeline.change("attribute.window", f"{WINDOW_MINUTES}m")
    case.pipeline.change("changelog.tombstone_grace", f"{WINDOW_MINUTES}m")
    return case


def generate(case: Case, rate: int) -> subprocess.Popen:
    topics = [f"--{role}-topic={topic}" for role, topic in case.topics.items()]
    command = [PROGRAM, "generate", "-q", "--rate", str(rate), "--users", "10000", "--products", "1000", *topics]
    command += ["--brokers", case.pipeline.environment["KAFKA_BROKERS"]]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def look(case: Case, watched: Watched, servers: Servers) -> dict[str, float]:
    metrics = watched.metrics()

    def total(name: str) -> float:
        return sum(value for series, value in metrics.items() if series[0] == name)

    logs = servers.folder.glob(f"kafka/data/{case.pipeline.name}.changelog-*/*.log")
    return {
        "resident": total("process_resident_memory_bytes"),
        "descriptors": total("process_open_fds"),
        "held": total("tributary_touches_held"),
        "changelog": sum(log.stat().st_size for log in logs),
        "pending": total("tributary_conversions_pending"),
        "lag": total("tributary_lag_records"),
        "cpu": total("process_cpu_seconds_total"),
        "rows": total("tributary_rows_written_total"),
    }


def samples(case: Case, watched: Watched, servers: Servers, seconds: float):
    since = time.monotonic()
    for number in range(int(seconds / EVERY) + 1):
        time.sleep(max(0.0, since + number * EVERY - time.monotonic()))
        sample = {"minute": (time.monotonic() - since) / 60} | look(case, watched, servers)
        show(sample)
        yield sample


def show(sample: dict[str, float]) -> None:
    words = [f"{sample[name] / unit:.1f} {title}" for name, (title, unit) in MEASURES.items()]
    end, tail = ("\r", "   ") if sys.stderr.isatty() else ("\n", "")
    print(f"{sample['minute']:5.1f} min: {'; '.join(words)}", end=tail + end, file=sys.stderr, flush=True)


def third(seen: list[dict], number: int, name: str) -> float:
    """The greatest in the middle third (1) or the last one (2) of what was seen."""
    size = len(seen) // 3
    return max(sample[name] for sample in seen[number * size : (number + 1) * size])


def report(seen: list[dict]) -> list[str]:
    """Prints it; says what grew by more than a twentieth and one."""
    grown = []
    print(f"{'':24}{'middle third':>14}{'last third':>14}")
    for name, (title, unit) in MEASURES.items():
        middle, last = third(seen, 1, name) / unit, third(seen, 2, name) / unit
        print(f"{title:24}{middle:14.1f}{last:14.1f}")
        if name not in ("pending", "lag") and last > middle * 1.05 + 1:
            grown.append(title)
    first, last = seen[0], seen[-1]
    minutes = last["minute"] - first["minute"]
    print(f"{last['rows'] - first['rows']:.0f} rows in {minutes:.1f} minutes, {last['cpu'] - first['cpu']:.1f} s of CPU")
    return grown


def draw(seen: list[dict], title: str, file: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "soak"
    from matplotlib import pyplot

    names = ["resident", "changelog", "held", "descriptors"]
    figure, axes = pyplot.subplots(len(names), 1, sharex=True, figsize=(8, 7))
    figure.suptitle(title, fontsize=10)
    for axis, name in zip(axes, names):
        label, unit = MEASURES[name]
        axis.plot([s["minute"] for s in seen], [s[name] / unit for s in seen], color="#0b6e99", linewidth=1.2)
        axis.set_ylabel(label, fontsize=8)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


def keep(seen: list[dict], file: Path) -> None:
    with open(file, "w", newline="") as out:
        writer = csv.DictWriter(out, seen[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.2f}" for name, value in sample.items()} for sample in seen)


def soak(servers: Servers, minutes: float, rate: int) -> list[dict]:
    case = prepare(servers)
    watched, generator = watch(case), None
    try:
        watched.await_ready()
        generator = generate(case, rate)
        seen = list(samples(case, watched, servers, minutes * 60))
        generator.terminate()
        generator.wait(30)
        eventually(lambda: look(case, watched, servers)["lag"] == 0, "everything is read", 60)
        assert watched.process.stop() == 0, watched.process.log[-3000:]
        case.finish()
        verified = case.pipeline.run(command="verify", timeout=1200)
        print(verified.output.strip())
        assert verified.exit_code == 0, verified.log[-3000:]
        return seen
    finally:
        if generator:
            generator.kill()
        case.pipeline.end()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--samples", type=Path)
    options = parser.parse_args()
    servers = Servers()
    try:
        seen = soak(servers, options.minutes, options.rate)
    finally:
        servers.stop()
    if options.samples:
        keep(seen, options.samples)
    if options.picture:
        title = f"{options.rate} events/s, window {WINDOW_MINUTES} minutes, 4 partitions"
        draw(seen, title, options.picture)
    grown = report(seen)
    for title in grown:
        print(f"grew: {title}", file=sys.stderr)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
