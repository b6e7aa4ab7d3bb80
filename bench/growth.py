"""What bench/growth says; run by it."""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from itertools import islice
from pathlib import Path

import lab
from case import Case
from database import Server
from growth_picture import draw
from pipeline import PROGRAM, ROOT, Pipeline, eventually
from servers import Servers
from watched import Watched, watch

IDLE_SECONDS = 4.0
STEADY_SECONDS = 8.0
COMMITTED = 1.5  # seconds after which what was read has been committed
NAP = 0.002  # between two questions whether it is ready


def say(text: str) -> None:
    print(text, flush=True)


# --- the store alone --------------------------------------------------------------------------------------------------


def store(options) -> list[dict]:
    say(f"\nstore: {'touches':>10}{'insert':>9}{'turnover':>10}{'hit':>7}{'miss':>7} ns{'bytes each':>12}")
    figures = []
    for touches in options.touches:
        found = subprocess.run([PROGRAM.parent / "bench/growth_store", str(touches)], capture_output=True, check=True)
        f = json.loads(found.stdout)
        say(
            f"{f['touches']:17d}{f['insert_ns']:9.0f}{f['turnover_ns']:10.0f}{f['hit_ns']:7.0f}{f['miss_ns']:7.0f}"
            f"{f['resident_bytes']:15.1f}"
        )
        figures.append(f)
    return figures


# --- the whole program, as more clicks are held -----------------------------------------------------------------------


def split(file: Path, lines: int) -> tuple[Path, Path]:
    """The file's first lines, and the others."""
    parts = file.with_suffix(".first"), file.with_suffix(".rest")
    with open(file, "rb") as source, open(parts[0], "wb") as first, open(parts[1], "wb") as rest:
        first.writelines(islice(source, lines))
        rest.writelines(source)
    file.unlink()
    return parts


def hour_and_more(folder: Path, retained: int, events: int) -> tuple[dict, dict]:
    """Events of a shop with so many clicks an hour, which is the window: those of the first hour, and so many more."""
    more = events * 10 // 11
    files = lab.generate_files(folder, retained + more, "--span", f"{3600 * (retained + more) // retained}s")
    first, rest = {}, {}
    for role, lines in (("clicks", retained), ("checkouts", retained // 10)):
        first[role], rest[role] = split(files[role], lines)
    return first, rest


def read_on(watched: Watched, case: Case, files: dict[str, Path], events: int) -> float:
    """Loads the files, waits until so many events in all have been read and committed; seconds it took to read them."""
    since = time.monotonic()
    lab.load(case, files)
    lab.await_read(watched, events)
    wall = time.monotonic() - since
    time.sleep(COMMITTED)
    return wall


def hold(case: Case, retained: int, events: int, folder: Path) -> dict:
    first, rest = hour_and_more(folder, retained, events)
    watched = watch(case)
    watched.await_ready()
    pid = watched.process.process.pid
    empty, before = lab.resident(pid), retained + retained // 10
    read_on(watched, case, first, before)
    spent = lab.cpu(pid)
    wall = read_on(watched, case, rest, before + events)
    spent, metrics = lab.cpu(pid) - spent, watched.metrics()
    held = lab.total(metrics, "tributary_touches_held")
    figures = {
        "retained": held,
        "events": events,
        "wall_seconds": wall,
        "cpu_us_per_event": spent / events * 1e6,
        "empty_mb": empty / 1e6,
        "resident_mb": lab.resident(pid) / 1e6,
        "store_bytes_per_click": lab.total(metrics, "tributary_touches_held_bytes") / held,
        "resident_bytes_per_click": (lab.resident(pid) - empty) / held,
    }
    assert watched.process.stop() == 0, watched.process.log[-2000:]
    return figures


def retained(servers: Servers, databases: Server, options) -> list[dict]:
    say(f"\nretained: {'clicks held':>12}{'us/event':>10}{'MB':>8}{'store':>8}{'resident':>10} bytes a click")
    figures = []
    for clicks in options.retained:
        case = lab.flagship(servers, databases)
        try:
            with tempfile.TemporaryDirectory(dir=servers.folder) as folder:
                f = hold(case, clicks, options.events // 11 * 11, Path(folder))
        finally:
            lab.drop(case)
        say(
            f"{f['retained']:22.0f}{f['cpu_us_per_event']:10.2f}{f['resident_mb']:8.1f}"
            f"{f['store_bytes_per_click']:8.1f}{f['resident_bytes_per_click']:10.1f}"
        )
        figures.append(f)
    return figures


# --- as partitions grow -----------------------------------------------------------------------------------------------


def backlog(case: Case, files: dict[str, Path], events: int) -> dict:
    """The program from its start to its end, over what was loaded before."""
    lab.load(case, files)
    process, since = case.pipeline.start("--once", "--close"), time.monotonic()
    _, status, used = os.wait4(process.process.pid, 0)
    process.process.returncode = os.waitstatus_to_exitcode(status)
    assert process.exit_code == 0, process.log[-2000:]
    return {
        "backlog_seconds": time.monotonic() - since,
        "backlog_us_per_event": (used.ru_utime + used.ru_stime) / events * 1e6,
        "backlog_peak_mb": used.ru_maxrss * 1024 / 1e6,
    }


def idle_and_steady(case: Case, rate: int) -> dict:
    watched = watch(case)
    watched.await_ready()
    pid = watched.process.process.pid

    def share(seconds: float) -> float:
        spent, since = lab.cpu(pid), time.monotonic()
        time.sleep(seconds)
        return (lab.cpu(pid) - spent) / (time.monotonic() - since)

    time.sleep(1)
    idle, memory = share(IDLE_SECONDS), lab.resident(pid)
    topics = [f"--{role}-topic={topic}" for role, topic in case.topics.items()]
    pace = ["--rate", rate, "--duration", f"{STEADY_SECONDS + 3:.0f}s"]
    producer = lab.program(case, "generate", "-q", *pace, *lab.SHOP, *topics)
    time.sleep(2)  # the first commit takes longer: connections are made
    before = watched.metrics()
    steady, after = share(STEADY_SECONDS), watched.metrics()
    lab.await_all([producer])
    assert watched.process.stop() == 0, watched.process.log[-2000:]
    commits = lab.total(after, "tributary_commits_total") - lab.total(before, "tributary_commits_total")
    took = [lab.total(metrics, "tributary_commit_duration_seconds_sum") for metrics in (before, after)]
    return {
        "idle_mb": memory / 1e6,
        "idle_cpu_share": idle,
        "steady_us_per_event": steady / rate * 1e6,
        "steady_cpu_share": steady,
        "steady_mb": lab.total(after, "process_resident_memory_bytes") / 1e6,
        "commit_ms": (took[1] - took[0]) / max(1.0, commits) * 1e3,
    }


def partitions(servers: Servers, databases: Server, options) -> list[dict]:
    say(f"\npartitions: {'idle MB':>12}{'CPU':>7}   at {options.rate}/s: {'us/event':>9}{'commit ms':>11}   "
        f"backlog: {'us/event':>9}{'peak MB':>9}{'events/s':>10}")  # fmt: skip
    figures = []
    with tempfile.TemporaryDirectory(dir=servers.folder) as folder:
        clicks = options.events * 10 // 11
        files = lab.generate_files(Path(folder), clicks)
        events = clicks + clicks // 10
        for count in options.partitions:
            f = {"partitions": count, "events": events, "rate": options.rate}
            for measure in (lambda c: backlog(c, files, events), lambda c: idle_and_steady(c, options.rate)):
                case = lab.flagship(servers, databases, count)
                try:
                    f |= measure(case)
                finally:
                    lab.drop(case)
            say(
                f"{count:11d}{f['idle_mb']:12.1f}{f['idle_cpu_share'] * 100:6.1f}%{f['steady_us_per_event']:22.1f}"
                f"{f['commit_ms']:11.1f}{f['backlog_us_per_event']:21.2f}{f['backlog_peak_mb']:9.1f}"
                f"{events / f['backlog_seconds']:10.0f}"
            )
            figures.append(f)
    return figures


# --- restore ----------------------------------------------------------------------------------------------------------


def restore(options) -> list[dict]:
    say(f"\nrestore: {'clicks':>10}{'changelog s':>13}{'topic s':>9}{'times':>7}{'bytes of memory':>17}")
    figures = []
    for clicks in options.restored:
        with tempfile.NamedTemporaryFile() as report:
            command = [ROOT / "bench/restore", "--clicks", str(clicks), "--report", report.name]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            f = json.loads(report.read())
        say(
            f"{f['clicks']:19d}{f['changelog_seconds']:13.2f}{f['topic_seconds']:9.2f}"
            f"{f['topic_seconds'] / f['changelog_seconds']:7.1f}{f['peak_bytes_per_click']:17.1f}"
        )
        figures.append(f)
    return figures


# --- start ------------------------------------------------------------------------------------------------------------


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return "{}:{}".format(*server.getsockname())


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def time_to_ready(pipeline: Pipeline, address: str) -> tuple[float, Watched]:
    pipeline.change("telemetry.listen", address)
    process, since = pipeline.start(), time.monotonic()
    while not is_ready(address):
        assert process.exit_code is None, process.log[-2000:]
        time.sleep(NAP)
    return time.monotonic() - since, Watched(process)


def start(servers: Servers, databases: Server, options) -> dict:
    case, seconds, memory = lab.flagship(servers, databases), [], []
    address = free_address()
    for _ in range(options.rounds + 1):
        took, watched = time_to_ready(case.pipeline, address)
        seconds.append(took)
        time.sleep(2)  # what a start needs for a moment is given back by then
        pid = watched.process.process.pid
        memory.append((lab.resident(pid) / 1e6, lab.anonymous(pid) / 1e6))
        assert watched.process.stop() == 0, watched.process.log[-2000:]
    lab.drop(case)
    first, again = seconds[0], seconds[1:]
    f = {"first_seconds": first, "median_seconds": statistics.median(again), "max_seconds": max(again)}
    f["idle_mb"], f["idle_anonymous_mb"] = max(memory)
    say(f"\nstart to ready: {f['median_seconds']:.2f} s, median of {len(again)}; most {f['max_seconds']:.2f} s")
    say(f"the very first, which makes tables and topics: {first:.2f} s")
    say(f"idle {f['idle_mb']:.1f} MB, {f['idle_anonymous_mb']:.1f} MB of them not of files")
    return f


# --- all of it --------------------------------------------------------------------------------------------------------

SERVED = {"retained": retained, "partitions": partitions, "start": start}
ALONE = {"store": store, "restore": restore}
SECTIONS = ["start", "store", "retained", "partitions", "restore"]


def number(text: str) -> int:
    units = {"k": 1000, "M": 1000000}
    return int(text[:-1]) * units[text[-1]] if text[-1:] in units else int(text)


def numbers(text: str) -> list[int]:
    return [number(word) for word in text.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", type=lambda text: text.split(","), default=SECTIONS)
    parser.add_argument("--touches", type=numbers, default="100k,1M,10M")
    parser.add_argument("--retained", type=numbers, default="100k,1M")
    parser.add_argument("--events", type=number, default="300k")
    parser.add_argument("--partitions", type=numbers, default="1,16,64,256")
    parser.add_argument("--restored", type=numbers, default="300k,1M")
    parser.add_argument("--rate", type=number, default="1000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    unknown = set(options.only) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    if options.picture and not options.report:
        parser.error("--picture draws a report: --report FILE")
    return options


def main() -> int:
    options = arguments()
    wanted = [section for section in SECTIONS if section in options.only]
    for section in wanted:
        if section in ALONE:
            lab.keep(options.report, section, ALONE[section](options))
    if any(section in SERVED for section in wanted):
        servers = Servers()
        try:
            databases = Server(servers.database_url)
            for section in wanted:
                if section in SERVED:
                    lab.keep(options.report, section, SERVED[section](servers, databases, options))
        finally:
            servers.stop()
    if options.picture:
        draw(options.report, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
