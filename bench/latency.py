"""What bench/latency says; run by it.

A row can be seen when its transaction has committed, and PostgreSQL keeps that moment (track_commit_timestamp): nothing
is asked while the rates are held. The moment is taken just before the commit is flushed to disk; the private server
does not flush (fsync = off), so nothing is left out here, and a server that does adds its flush. An event's time is
when "tributary generate" hands it to its Kafka client, cut to milliseconds, so what the producer's client (linger.ms)
and the broker take is part of it.
"""

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

import lab
from case import Case
from database import Server
from pipeline import eventually
from servers import Servers
from watched import Watched, watch

BOUND_MS = {"final": 50, "early": 5000}  # out_of_order
WARM_UP = 4.0  # seconds before looking
AFTER = 2.0  # seconds of events that follow, so that every checkout looked at becomes final
KEPT = 0.97  # of a rate must be produced and read while looking
LEAST = 1000  # events a second
ONE_IN_TEN = ["--clicks", "9000M", "--checkouts", "1000M"]  # never reached: the time is over first


@dataclass
class Look:
    time: float
    program: float  # seconds of processor time
    kafka: float
    postgres: float
    machine: tuple[float, float]
    read: float  # records of both inputs
    rows: float
    wal: float  # bytes
    resident: int

    @classmethod
    def now(cls, case: Case, watched: Watched, servers: Servers) -> "Look":
        metrics = watched.metrics()
        wal = case.database.query("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8")[0][0]
        pid = watched.process.process.pid
        return cls(
            time.time(),
            lab.cpu(pid),
            lab.cpu(lab.kafka_pid(servers)),
            lab.cpu_with_children(lab.postgres_pid(servers)),
            lab.machine_cpu(),
            lab.total(metrics, "tributary_next_offset"),
            lab.total(metrics, "tributary_rows_written_total"),
            wal,
            lab.resident(pid),
        )


def start_servers() -> Servers:
    """A PostgreSQL that keeps the time of each commit."""
    servers = Servers()
    with psycopg.connect(servers.database_url, autocommit=True) as admin:
        admin.execute("alter system set track_commit_timestamp = on")
    servers.control("postgres", "stop")
    servers.control("postgres", "start")
    return servers


def prepare(servers: Servers, databases: Server, interval: str, options) -> Case:
    case = lab.flagship(servers, databases, options.partitions)
    case.pipeline.change("defaults.time.out_of_order", f"{BOUND_MS[options.emit]}ms")
    case.pipeline.change("attribute.emit", options.emit)
    case.pipeline.change("commit_interval", interval)
    return case


def produce(case: Case, rate: int, seconds: float) -> subprocess.Popen:
    topics = [f"--{role}-topic={topic}" for role, topic in case.topics.items()]
    pace = ["--rate", rate, "--duration", f"{seconds * 1000:.0f}ms", "--disorder", "0s", "--property", "linger.ms=1"]
    return lab.program(case, "generate", "-q", *pace, *ONE_IN_TEN, *lab.SHOP, *topics)


def produced(output: str) -> float:
    """Events a second."""
    found = re.search(r"(\d+) clicks and (\d+) checkouts sent in (\S+) s", output)
    clicks, checkouts, seconds = map(float, found.groups())
    return (clicks + checkouts) / seconds


def lateness(case: Case, since: float, until: float, emit: str) -> dict:
    """Of the checkouts made in that time; in milliseconds beyond the bound, or of early rows since they were made. One
    that is corrected later counts from then: its first version is not there any more."""
    bound = 0 if emit == "early" else BOUND_MS[emit]
    seen = "extract(epoch from pg_xact_commit_timestamp(xmin)) - extract(epoch from checkout_time at time zone 'UTC')"
    found = case.database.query(
        f"select percentile_cont(array[0.5, 0.99, 1]) within group (order by {seen}), count(*) "
        f"from {case.pipeline.output['table']} where checkout_time >= to_timestamp({since}) at time zone 'UTC' "
        f"and checkout_time < to_timestamp({until}) at time zone 'UTC'"
    )
    quantiles, rows = found[0]
    assert rows, "no row in the time looked at"
    p50, p99, most = (float(seconds) * 1000 - bound for seconds in quantiles)
    return {"p50_ms": p50, "p99_ms": p99, "max_ms": most, "rows": rows}


def costs(before: Look, after: Look) -> dict:
    seconds, events = after.time - before.time, after.read - before.read
    busy, all_of_it = (b - a for a, b in zip(before.machine, after.machine))
    rows = max(1.0, after.rows - before.rows)
    return {
        "events_per_second": events / seconds,
        "rows_per_second": rows / seconds,
        "cpu_us_per_event": (after.program - before.program) / events * 1e6,
        "cpu_share": (after.program - before.program) / seconds,
        "kafka_us_per_event": (after.kafka - before.kafka) / events * 1e6,
        "postgres_us_per_row": (after.postgres - before.postgres) / rows * 1e6,
        "wal_bytes_per_row": (after.wal - before.wal) / rows,
        "machine_busy": busy / all_of_it,
        "resident_mb": after.resident / 1e6,
    }


def hold(servers: Servers, databases: Server, rate: int, interval: str, options) -> dict:
    """One rate, with one commit_interval."""
    case = prepare(servers, databases, interval, options)
    try:
        watched = watch(case)
        watched.await_ready()
        producer = produce(case, rate, WARM_UP + options.seconds + AFTER)
        time.sleep(WARM_UP)
        before = Look.now(case, watched, servers)
        time.sleep(options.seconds)  # the measuring interval
        after = Look.now(case, watched, servers)
        sent = produced(lab.await_all([producer])[0])
        eventually(lambda: lab.total(watched.metrics(), "tributary_lag_records") == 0, "everything is read", 300)
        assert watched.process.stop() == 0, watched.process.log[-2000:]
        figures = {"rate": rate, "interval": interval, "produced_per_second": sent} | costs(before, after)
        figures |= {"emit": options.emit} | lateness(case, before.time, after.time, options.emit)
    finally:
        lab.drop(case)
    figures["kept"] = min(figures["events_per_second"], sent) >= KEPT * rate
    show(figures)
    return figures


HEAD = f"{'events/s':>9}{'commit':>8}{'read/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'us/event':>10}{'machine':>9}"


def show(f: dict) -> None:
    line = f"{f['rate']:9d}{f['interval']:>8}{f['events_per_second']:9.0f}{f['p50_ms']:9.0f}{f['p99_ms']:9.0f}"
    line += f"{f['max_ms']:9.0f}{f['cpu_us_per_event']:10.2f}{f['machine_busy'] * 100:8.0f}%"
    print(line + ("" if f["kept"] else "   not kept"), flush=True)


def below(figures: dict) -> int:
    """The rate to try after one that was not kept: what was read, which is less than could have been, or less."""
    rate = min(figures["rate"] * 3 / 4, figures["events_per_second"] * 1.1)
    return max(LEAST, int(rate) // LEAST * LEAST)


def all_rates(servers: Servers, options) -> list[dict]:
    databases, found = Server(servers.database_url), []
    for rate in options.rates:
        for number, interval in enumerate(options.intervals):
            figures = hold(servers, databases, rate, interval, options)
            while not figures["kept"] and number == 0 and rate > LEAST:
                found.append(figures)
                rate = below(figures)
                figures = hold(servers, databases, rate, interval, options)
            found.append(figures)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rates", type=lambda text: [int(r) for r in text.split(",")], default=[1000, 20000, 100000])
    parser.add_argument("--intervals", type=lambda text: text.split(","), default=["1s", "100ms"])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--emit", choices=BOUND_MS, default="final")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    beyond = f"beyond the {BOUND_MS['final']} ms of out_of_order" if options.emit == "final" else "emit: early"
    print(f"from produced to visible, {beyond}; {options.partitions} partitions")
    print(HEAD)
    servers = start_servers()
    try:
        figures = all_rates(servers, options)
    finally:
        servers.stop()
    lab.keep(options.report, "latency", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
