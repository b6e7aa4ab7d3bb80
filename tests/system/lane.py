"""Servers to be broken: a Kafka and a PostgreSQL of one's own, with a link in front of each that the program uses,
while the test itself goes past it; the database on a disk that can be filled up."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from case import Case
from database import Server
from kafka import Kafka
from link import Link
from pipeline import Pipeline, eventually
from servers import Servers

DISK_MB = 1024
PAGE = 4096


class Disk:
    """A small disk for the database, where this machine lets us mount one."""

    def __init__(self, folder: Path):
        self.folder, self.ballast = folder, None
        folder.mkdir()
        options = f"size={DISK_MB}m,mode=755"
        command = ["mount", "-t", "tmpfs", "-o", options, "tributary-test", str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.problem = done.stdout.strip() if done.returncode else ""

    def fill(self) -> None:
        """To the last page; the server goes on taking pages meanwhile."""
        self.ballast = self.folder / "ballast"
        piece = DISK_MB << 20
        with open(self.ballast, "ab") as file:
            while piece >= PAGE:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, piece)
                except OSError:
                    piece //= 2

    def free(self) -> None:
        if self.ballast:
            self.ballast.unlink()
            self.ballast = None

    def unmount(self) -> None:
        if not self.problem:
            subprocess.run(["umount", str(self.folder)], check=True)


def _working_in(folder: Path) -> list[int]:
    """The processes whose working directory that is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
    return found


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Lane:
    """The servers for one schedule after the other. brokers: 1, or 3 (a cluster: then there is no link to Kafka)."""

    def __init__(self, brokers: int = 1):
        folder = Path(tempfile.mkdtemp(prefix="tributary-fault-"))
        self.disk = Disk(folder / "postgres")
        self.kafka_link = Link() if brokers == 1 else None
        options = ["--proxy", str(self.kafka_link.port)] if self.kafka_link else ["--brokers", str(brokers)]
        try:
            self.servers = Servers(*options, folder=folder)
        except Exception:
            self.disk.unmount()
            raise
        self.kafka = Kafka(self.servers.brokers)
        self.addresses = self.servers.brokers
        if self.kafka_link:
            self.kafka_link.target = int((folder / "kafka/proxied-port").read_text())
            self.addresses = f"127.0.0.1:{self.kafka_link.port}"
        self.brokers = brokers
        self.postgres_link = Link(urlsplit(self.servers.database_url).port)
        self._tune_postgres()
        self.database_server = Server(self.servers.database_url)
        self.folder = folder

    def _tune_postgres(self) -> None:
        """Write-ahead log in new files, so that it too meets a full disk."""
        with psycopg.connect(self.servers.database_url, autocommit=True) as admin:
            for setting in ("max_wal_size = '64MB'", "min_wal_size = '32MB'", "wal_recycle = off"):
                admin.execute(f"alter system set {setting}")
            admin.execute("select pg_reload_conf()")

    @property
    def links(self) -> list[tuple[str, Link]]:
        links = {"kafka": self.kafka_link, "postgres": self.postgres_link}
        return [(name, link) for name, link in links.items() if link]

    def new_case(self, name: str, partitions: int = 4) -> Case:
        mark = re.sub(r"\W+", "_", name)[:40].lower() + "_" + uuid.uuid4().hex[:6]
        folder = self.folder / mark
        folder.mkdir()
        database = self.database_server.create(mark)
        at = urlsplit(database.url)
        url = at._replace(netloc=at.netloc.replace(f":{at.port}", f":{self.postgres_link.port}")).geturl()
        pipeline = Pipeline(mark, folder, {"KAFKA_BROKERS": self.addresses, "DATABASE_URL": url})
        case = Case(self.kafka, database, pipeline)
        case.create_topics(partitions)
        self.kafka.create(pipeline.dead_letters, 1)
        return case

    def drop(self, case: Case) -> None:
        """After this nothing of the case is left; it cannot fail because of what the case did to the servers."""
        case.pipeline.end()
        self.heal()
        case.database.drop()
        self.kafka.drop_all_of(case.pipeline.name)
        shutil.rmtree(case.pipeline.folder)

    def heal(self) -> None:
        """Every server runs, and every connection flows."""
        for _, link in self.links:
            link.heal()
        self.disk.free()
        self.start_postgres()
        for broker in range(1, self.brokers + 1):
            self.servers.control("kafka", "restart", str(broker))
        if self.brokers > 1:
            eventually(self._in_sync, "every replica in sync", 60)

    def _in_sync(self) -> bool:
        topics = self.kafka.admin.list_topics(timeout=30).topics.values()
        return all(len(p.isrs) == self.brokers for topic in topics for p in topic.partitions.values())

    # --- breaking

    def crash_postgres(self, kill: bool) -> None:
        """As a crash would end it: all its processes at once, or the first one only, whose children notice."""
        pid = self._postgres_pid()
        if pid in _working_in(self.servers.folder / "postgres/data"):  # otherwise it has crashed already
            _signal(pid, signal.SIGKILL if kill else signal.SIGQUIT)

    def start_postgres(self) -> None:
        """Tried again while children of one that was killed are still there, or it recovers. It needs some disk."""
        self.disk.free()

        def serves():
            try:
                self.servers.control("postgres", "start")
                psycopg.connect(self.servers.database_url, connect_timeout=10).close()
                return True
            except (AssertionError, psycopg.OperationalError):
                self._end_orphans()
                return False

        eventually(serves, "PostgreSQL is back", 60)

    def _end_orphans(self) -> None:
        """What is left of a server whose first process is gone. A child that waits for a lock of another that died with
        it never notices, and PostgreSQL does not start beside it: ending it is left to the one who operates it."""
        left = _working_in(self.servers.folder / "postgres/data")
        if self._postgres_pid() not in left:
            for pid in left:
                _signal(pid, signal.SIGKILL)

    def _postgres_pid(self) -> int:
        """Of the first process as its file tells it; 0: none."""
        try:
            return int((self.servers.folder / "postgres/data/postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError):
            return 0

    def leader_of(self, topic: str, partition: int) -> int:
        """The broker that leads a partition, as scripts/kafka numbers them."""
        return self.kafka.admin.list_topics(topic, timeout=30).topics[topic].partitions[partition].leader

    def stop(self) -> None:
        for _, link in self.links:
            link.close()
        self.disk.free()
        self.servers.end()
        self.disk.unmount()
        if "TRIBUTARY_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)
