"""What bench/rekey says; run by it."""

import argparse
import os
import subprocess
import sys
import threading
import time
import uuid

from case import Case
from database import Server
from events import BASE, checkout, click
from kafka import Kafka
from pipeline import PROGRAM, Pipeline, eventually
from servers import Servers

RATE = 1000  # events a second while latency is looked at, one in ten a checkout
BOUND = "50ms"  # out_of_order: what every row waits for anyway
VARIANTS = [("with a key", None), ("re-keyed, 100 ms", "100ms"), ("re-keyed, 1 s", "1s")]


def new_case(servers: Servers, databases: Server, interval: str | None) -> Case:
    name = "rekey_" + uuid.uuid4().hex[:6]
    database = databases.create(name)
    environment = {"KAFKA_BROKERS": servers.brokers, "DATABASE_URL": database.url}
    case = Case(Kafka(servers.brokers), database, Pipeline(name, servers.folder, environment))
    case.create_topics()
    case.pipeline.change("kafka.properties", None)
    case.pipeline.change("defaults.idle_timeout", None)
    case.pipeline.change("defaults.time.out_of_order", BOUND)
    if interval:
        case.pipeline.change("defaults.partitioned_by", None)
        rule = {"by": "user_id", "partitions": 4, "commit_interval": interval}
        case.pipeline.change("defaults.repartition", rule)
    return case


# --- processor time ---------------------------------------------------------------------------------------------------


def load(case: Case, events: int, keyed: bool) -> None:
    folder = case.pipeline.folder / case.pipeline.name
    sizes = ["--clicks", str(events), "--checkouts", str(events // 10), "--users", "10000", "--products", "1000"]
    subprocess.run([PROGRAM, "generate", "-q", "-o", folder, *sizes], check=True, stderr=subprocess.DEVNULL)
    for role, topic in case.topics.items():
        key = ["--key", "user_id"] if keyed else []
        command = [PROGRAM, "produce", "-q", "--topic", topic, *key, folder / f"{role}.jsonl"]
        environment = {**os.environ, **case.pipeline.environment}
        subprocess.run(command, check=True, env=environment, capture_output=True)
    subprocess.run(["rm", "-r", folder], check=True)


def cost(case: Case, *arguments: str) -> tuple[float, float]:
    """Seconds it took, and seconds of processor time."""
    before, since = os.times(), time.monotonic()
    process = case.pipeline.run("--once", *arguments, timeout=900)
    assert process.exit_code == 0, process.log[-2000:]
    wall, after = time.monotonic() - since, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def backlog(servers: Servers, databases: Server, events: int) -> None:
    total = events + events // 10
    for name, interval in VARIANTS:
        case = new_case(servers, databases, interval)
        load(case, events, keyed=interval is None)
        if interval:
            show(f"{name}: copying", total, *cost(case, "--only", "repartition"))
        show(f"{name}: joining", total, *cost(case, "--close", *(["--only", "attribute"] if interval else [])))


def show(name: str, total: int, wall: float, cpu: float) -> None:
    print(f"{name:28}{wall:8.1f} s{total / wall:12.0f} events/s{cpu / total * 1e6:8.2f} us CPU an event", flush=True)


# --- latency ----------------------------------------------------------------------------------------------------------


class Flow:
    """Events whose time is now."""

    def __init__(self, case: Case, keyed: bool):
        self.case, self.keyed, self.ended = case, keyed, threading.Event()
        self.base = time.time()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        producer, number = self.case.kafka.new_producer(**{"linger.ms": 1}), 0
        while not self.ended.wait(max(0.0, self.base + number / RATE - time.time())):
            events = []
            for _ in range(RATE // 100):
                make = checkout if number % 10 == 0 else click
                number += 1
                events.append(self._now(make, number))
            self.case.kafka.send(self.case.topics, events, producer)

    def _now(self, make, number: int):
        event = make(number % 997, at=time.time() - BASE.timestamp())
        if not self.keyed:
            event.key, event.partition = None, number % 4
        return event

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def latency(servers: Servers, databases: Server, seconds: float) -> None:
    for name, interval in VARIANTS:
        case = new_case(servers, databases, interval)
        case.pipeline.change("commit_interval", "50ms")
        table = case.pipeline.output["table"]
        case.database.execute(f"alter table {table} add column seen timestamptz default clock_timestamp()")
        with Flow(case, keyed=interval is None):
            process = case.start()
            eventually(lambda: case.database.query(f"select 1 from {table} limit 1"), "a first row", 60)
            since = time.time()
            time.sleep(seconds)  # the measuring interval
        assert process.stop() == 0, process.log[-2000:]
        late = "extract(epoch from seen) - extract(epoch from checkout_time at time zone 'UTC')"
        quantiles = f"percentile_cont(array[0.5, 0.99, 1]) within group (order by {late})"
        found = case.database.query(f"select {quantiles}, count(*) from {table} where seen > to_timestamp({since + 2})")
        (p50, p99, most), count = found[0]
        print(f"{name:28}{p50 * 1e3:8.0f} ms p50{p99 * 1e3:8.0f} ms p99{most * 1e3:8.0f} ms max of {count} rows", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    servers = Servers()
    try:
        databases = Server(servers.database_url)
        backlog(servers, databases, options.events)
        latency(servers, databases, options.seconds)
    finally:
        servers.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
