"""The private servers and the events of a comparison."""

import json
import os
import subprocess
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from .contender import Database
from events import Event
from kafka import Kafka, murmur2_partition
from pipeline import PROGRAM, ROOT
from servers import Servers

PARTITIONS = 4
# The server of the tests is small and does not wait for the disk; this one does, as in production.
POSTGRES = {
    "fsync": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "track_commit_timestamp": "on",  # when a row was committed
}
TRUST = "host all all 127.0.0.1/32 trust\n"
TEMPLATE = "shop"
FIRST_SENTINEL = 10_000_000  # a user that no shop has
LATER = timedelta(hours=2)


@dataclass(frozen=True)
class Events:
    clicks_topic: str
    checkouts_topic: str
    clicks: int
    checkouts: int
    bytes_of_clicks: int
    bytes_of_checkouts: int
    folder: Path

    @property
    def total(self) -> int:
        return self.clicks + self.checkouts


class Shop:
    def __init__(self):
        self.servers = Servers()
        self.folder = self.servers.folder
        self._tune()
        with self.connect() as admin:
            self.template = Database("127.0.0.1", admin.info.port, "postgres", TEMPLATE)
        self.kafka = Kafka(self.servers.brokers)

    def _tune(self) -> None:
        with self.connect() as admin:
            for name, value in POSTGRES.items():
                admin.execute(f"alter system set {name} = '{value}'")
        (self.folder / "postgres/data/pg_hba.conf").write_text(TRUST)
        self.servers.control("postgres", "stop")
        self.servers.control("postgres", "start")

    def connect(self):
        return psycopg.connect(self.servers.database_url, autocommit=True)

    @property
    def brokers(self) -> str:
        return self.servers.brokers

    @property
    def postgres_pid(self) -> int:
        return int((self.folder / "postgres/data/postmaster.pid").read_text().split()[0])

    @property
    def broker_pid(self) -> int:
        return int(next(self.folder.glob("kafka/[1-9]/pid"), self.folder / "kafka/pid").read_text())

    def stop(self) -> None:
        self.servers.stop()

    # --- databases ---

    def lay_out(self, users: Path) -> None:
        """The database from which each run gets a copy: empty tables, and the users."""
        with self.connect() as admin:
            admin.execute(f"create database {TEMPLATE}")
        with psycopg.connect(self.template.url, autocommit=True) as template:
            template.execute((ROOT / "examples/checkouts/tables.sql").read_text())
            with template.cursor().copy("copy commerce.users from stdin (format csv, header)") as copy:
                copy.write(users.read_bytes())
            template.execute("analyze")

    def database(self, name: str) -> Database:
        with self.connect() as admin:
            admin.execute(f"create database {name} template {TEMPLATE}")
            admin.execute("checkpoint")  # what was written before is not paid for by the next
        return replace(self.template, name=name)

    def drop(self, database: Database) -> None:
        with self.connect() as admin:
            admin.execute(f"drop database {database.name} with (force)")

    # --- events ---

    def generate(self, name: str, clicks: int, checkouts: int, users: int, products: int) -> Events:
        """Makes events, in files, and loads them into two topics of that name; behind them the sentinels."""
        folder = self.folder / name
        sizes = {"clicks": clicks, "checkouts": checkouts, "users": users, "products": products}
        options = [word for option, number in sizes.items() for word in (f"--{option}", str(number))]
        _run("generate", "-q", "-o", str(folder), *options)
        topics = {role: f"{name}_{role}" for role in ("clicks", "checkouts")}
        for role, topic in topics.items():
            self.kafka.create(topic, PARTITIONS)
            file = str(folder / f"{role}.jsonl")
            _run("produce", "-q", "-b", self.brokers, "--topic", topic, "--key", "user_id", file)
        self.kafka.send(topics, _sentinels(_last_time(folder)))
        bytes_of = {role: (folder / f"{role}.jsonl").stat().st_size - sizes[role] for role in topics}  # no line ends
        return Events(*topics.values(), clicks, checkouts, *bytes_of.values(), folder)


def _run(*arguments: str) -> None:
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _last_time(folder: Path) -> datetime:
    """Of the files' last lines; events are a little out of order, which does not matter here."""
    return max(
        datetime.fromisoformat(json.loads(_last_line(folder / f"{role}.jsonl"))["datetime_occured"])
        for role in ("clicks", "checkouts")
    )


def _last_line(file: Path) -> bytes:
    with open(file, "rb") as lines:
        lines.seek(max(0, file.stat().st_size - 8192), os.SEEK_SET)
        return lines.read().splitlines()[-1]


def _sentinels(last: datetime):
    """A checkout for each partition, and a click a minute later, so that this checkout need not wait either."""
    for partition in range(PARTITIONS):
        user = next(u for u in range(FIRST_SENTINEL, 2 * FIRST_SENTINEL) if _partition(u) == partition)
        name = f"sentinel-{partition}"
        yield _sentinel("checkouts", user, last + LATER, CHECKOUT | {"checkout_id": name})
        yield _sentinel("clicks", user, last + LATER + timedelta(minutes=1), CLICK | {"click_id": name})


def _partition(user: int) -> int:
    return murmur2_partition(str(user).encode(), PARTITIONS)


CLICK = {"product_id": "sentinel", "product": "-", "price": 1.0, "url": "-", "user_agent": "-", "ip_address": "-"}
CHECKOUT = {
    "product_id": "sentinel",
    "payment_method": "-",
    "total_amount": 1.0,
    "shipping_address": "-",
    "billing_address": "-",
    "user_agent": "-",
    "ip_address": "-",
}


def _sentinel(role: str, user: int, at: datetime, fields: dict) -> Event:
    time = at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    value = json.dumps(fields | {"user_id": user, "datetime_occured": time}).encode()
    return Event(role, str(user).encode(), value, round(datetime.now().timestamp() * 1000))
