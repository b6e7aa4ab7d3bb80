"""What benchmarks of the running program share: pipelines as users write them, processes looked at from outside, and
reports."""

import json
import os
import platform
import re
import subprocess
import time
import uuid
from pathlib import Path

from case import Case
from database import Server
from kafka import Kafka
from pipeline import PROGRAM, Pipeline
from servers import Servers
from watched import Watched

TICK, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
USERS = 10000  # of the shop, each with its row in the table
SHOP = ["--users", str(USERS), "--products", "1000"]


# --- pipelines --------------------------------------------------------------------------------------------------------


def flagship(servers: Servers, databases: Server, partitions: int = 4) -> Case:
    """The flagship pipeline without what tests change in it, with topics and a database of its own."""
    name = "bench_" + uuid.uuid4().hex[:6]
    database = databases.create(name)
    users = "insert into commerce.users select n, 'user ' || n, 'secret' from generate_series(100, %s) n"
    database.execute(users, USERS - 1)
    environment = {"KAFKA_BROKERS": servers.brokers, "DATABASE_URL": database.url}
    case = Case(Kafka(servers.brokers), database, Pipeline(name, servers.folder, environment))
    case.create_topics(partitions)
    case.pipeline.change("kafka.properties", None)
    case.pipeline.change("defaults.idle_timeout", None)
    case.pipeline.change("commit_interval", None)
    return case


def drop(case: Case) -> None:
    case.pipeline.end()
    case.database.drop()
    case.kafka.drop_all_of(case.pipeline.name)


def program(case: Case, *arguments) -> subprocess.Popen:
    """The program beside the pipeline, to make or to load events."""
    environment = {**os.environ, **case.pipeline.environment}
    command = [PROGRAM, *map(str, arguments)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, text=True, **pipes)


def await_all(processes: list[subprocess.Popen]) -> list[str]:
    """What they print."""
    outputs = [process.communicate() for process in processes]
    for process, (_, complaints) in zip(processes, outputs):
        assert process.returncode == 0, complaints
    return [printed for printed, _ in outputs]


def generate_files(folder: Path, clicks: int, *arguments: str) -> dict[str, Path]:
    sizes = ["--clicks", str(clicks), "--checkouts", str(clicks // 10), *SHOP, *arguments]
    subprocess.run([PROGRAM, "generate", "-q", "-o", folder, *sizes], check=True, capture_output=True)
    return {role: folder / f"{role}.jsonl" for role in ("clicks", "checkouts")}


def load(case: Case, files: dict[str, Path]) -> None:
    """Both files at the same time."""
    options = ("--key", "user_id")
    await_all([program(case, "produce", "-q", "--topic", case.topics[r], *options, f) for r, f in files.items()])


def total(metrics: dict[tuple, float], name: str, *labels: str) -> float:
    return sum(value for series, value in metrics.items() if series[: 1 + len(labels)] == (name, *labels))


def await_read(watched: Watched, events: int, timeout: float = 600) -> None:
    """Until that many records, of both inputs together, have been read."""
    end = time.monotonic() + timeout
    while total(watched.metrics(), "tributary_next_offset") < events:
        assert watched.process.exit_code is None, watched.process.log[-2000:]
        assert time.monotonic() < end, f"{events} events are not read after {timeout} s"
        time.sleep(0.2)


# --- processes --------------------------------------------------------------------------------------------------------


def _stat(pid: int) -> list[str]:
    """What follows the name: state, parent …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu(pid: int) -> float:
    """Seconds of processor time."""
    return sum(map(int, _stat(pid)[11:13])) / TICK


def cpu_with_children(pid: int) -> float:
    """The same with that of its children, those that have ended among them."""
    ticks = sum(map(int, _stat(pid)[11:15]))
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = _stat(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat[1]) == pid:
            ticks += sum(map(int, stat[11:13]))
    return ticks / TICK


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def anonymous(pid: int) -> int:
    """The part of it that is its own: the rest is of the program's and libraries' files."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def machine_cpu() -> tuple[float, float]:
    """Seconds that processors were busy, and seconds that there were."""
    ticks = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(ticks) - ticks[3] - ticks[4]) / TICK, sum(ticks) / TICK


def kafka_pid(servers: Servers) -> int:
    return int((servers.folder / "kafka/pid").read_text())


def postgres_pid(servers: Servers) -> int:
    return int((servers.folder / "postgres/data/postmaster.pid").read_text().split()[0])


# --- reports ----------------------------------------------------------------------------------------------------------


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def conditions() -> dict:
    """Where and when figures were taken; the load says whether the machine was quiet."""
    version = subprocess.run([PROGRAM, "version"], capture_output=True, text=True, check=True).stdout
    return {
        "taken": time.strftime("%Y-%m-%d", time.gmtime()),
        "processors": f"{os.cpu_count()} x {_processor()}",
        "load": round(os.getloadavg()[0], 1),
        "program": version.splitlines()[0],
    }


def keep(file: Path | None, section: str, figures) -> None:
    """Replaces one section of the report; others stay, so that sections can be taken one by one."""
    if not file:
        return
    report = json.loads(file.read_text()) if file.exists() and file.stat().st_size else {}
    report[section] = {"conditions": conditions(), "figures": figures}
    file.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
