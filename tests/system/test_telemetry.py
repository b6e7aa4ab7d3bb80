"""What a running pipeline shows of itself over HTTP, and its log as JSON."""

import json
import shutil
import socket
import subprocess
from collections import Counter

from conftest import unavailable
from events import HOUR, MINUTE, checkout, click
from pipeline import eventually
from watched import Watched, some_events, watch

def records_of(samples) -> Counter:
    return Counter({key[1:]: value for key, value in samples.items() if key[0] == "tributary_records_total"})


def records_in(summary) -> Counter:
    counts = Counter()
    for line in summary:
        for outcome, count in line.items():
            if outcome not in ("input", "partition", "records"):
                counts[line["input"], line["partition"], outcome] = int(count)
    return counts


def test_the_metrics_are_the_ledger(case):
    case.send(*some_events())
    watched = watch(case)
    watched.await_ready()
    case.await_rows(60)

    def all_committed():
        samples = watched.metrics()
        ends = {key[1:]: value for key, value in samples.items() if key[0] == "tributary_high_watermark_offset"}
        committed = {key[1:]: value for key, value in samples.items() if key[0] == "tributary_committed_offset"}
        clicks = {key: value for key, value in ends.items() if key[0] == "clicks"}
        return len(clicks) == 4 and all(committed[key] == end for key, end in clicks.items()) and samples

    def all_counted():  # rows are seen in the table a moment before they are counted
        samples = all_committed()
        return samples and samples[("tributary_rows_written_total",)] >= 60 and samples

    samples = eventually(all_counted, "every click committed, every row counted")
    assert sum(value for key, value in samples.items() if key[0] == "tributary_lag_records") == 0
    assert samples[("tributary_rows_written_total",)] == 60
    assert samples[("tributary_dead_letters_total", "time_invalid")] == 1
    assert samples[("tributary_ready",)] == 1
    assert samples[("tributary_partitions", "0", "running")] == 4
    commits = samples[("tributary_commits_total",)]
    assert commits >= 1 and samples[("tributary_commit_duration_seconds_count",)] == commits
    assert samples[("tributary_worker_turn_age_seconds", "0")] < 5
    assert samples[("process_resident_memory_bytes",)] > 1 << 20
    held = sum(value for key, value in samples.items() if key[0] == "tributary_touches_held")
    assert held >= 40
    assert watched.process.stop() == 0
    assert records_of(samples) == records_in(watched.process.summary())


def test_the_status_says_where_it_is(case):
    case.send(*some_events())
    watched = watch(case)
    watched.await_ready()
    eventually(lambda: watched.status()["workers"][0]["rows_written"] == 60, "60 rows")
    status = watched.status()
    assert status["pipeline"] == case.pipeline.name and status["alive"] and status["ready"]
    assert status["uptime_seconds"] > 0 and status["last_error"] is None
    (worker,) = status["workers"]
    assert worker["last_commit"] and worker["commits"] >= 1
    assert [partition["partition"] for partition in worker["partitions"]] == [0, 1, 2, 3]
    assert {partition["state"] for partition in worker["partitions"]} == {"running"}
    assert {side["input"] for side in worker["partitions"][0]["inputs"]} == {"clicks", "checkouts"}
    everything = "".join(watched.get(path)[1] for path in ("/status", "/metrics", "/healthz", "/readyz"))
    assert case.pipeline.environment["DATABASE_URL"] not in everything


def test_a_member_without_partitions_is_ready(bare_case):
    bare_case.create_topics(1)
    watched = watch(bare_case, "--workers", "2")
    watched.await_ready()
    samples = watched.metrics()
    running = [samples[("tributary_partitions", worker, "running")] for worker in "01"]
    assert sorted(running) == [0, 1]


def test_a_server_that_is_away_is_counted(case):
    case.send(*some_events())
    watched = watch(case)
    watched.await_ready()
    case.await_rows(60)
    case.database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'tributary' and datname = current_database()"
    )
    case.send(click(1, at=4 * HOUR), checkout(1, at=4 * HOUR + MINUTE))

    def counted():
        samples = watched.metrics()
        return sum(value for key, value in samples.items() if key[0] == "tributary_postgres_errors_total") and samples

    eventually(counted, "the lost connection is counted")
    error = watched.status()["last_error"]
    assert error["source"] == "postgres" and error["at"]


def test_promtool_finds_nothing(case):
    if not shutil.which("promtool"):
        unavailable("there is no promtool; scripts/install-deps metrics installs it")
    case.send(*some_events())
    watched = watch(case)
    watched.await_ready()
    case.await_rows(60)
    text = watched.get("/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_taken_port_is_said_before_anything_else(bare_case):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = "127.0.0.1:%d" % other.getsockname()[1]
        bare_case.pipeline.change("telemetry.listen", address)
        process = bare_case.pipeline.run()
    assert process.exit_code == 2
    assert f'cannot listen on "{address}": Address already in use\nhint: another process has this port' in process.log


def test_without_an_address_two_processes_get_along(case):
    first, second = (Watched(case.pipeline.start()) for _ in range(2))
    assert first.address != second.address
    assert all(watched.address.startswith("127.0.0.1:") for watched in (first, second))
    for watched in (first, second):
        watched.await_ready()


def test_none_listens_nowhere(case):
    case.send(*some_events())
    case.pipeline.change("telemetry.listen", "none")
    process = case.pipeline.run("--once")
    assert process.exit_code == 0 and "event=listening" not in process.log


def test_the_log_as_json(case):
    case.send(*some_events())
    case.pipeline.change("log.format", "json")
    process = case.pipeline.run("--once", "--close")
    lines = [json.loads(line) for line in process.log.splitlines()]
    assert process.exit_code == 0
    assert all(line["level"] == "info" and line["time"].endswith("Z") for line in lines)
    started = next(line for line in lines if line["event"] == "start")
    assert started["pipeline"] == case.pipeline.name and started["workers"] == 1
    summaries = [line for line in lines if line["event"] == "summary"]
    assert len(summaries) == 8 and sum(line["records"] for line in summaries) == 161


def test_an_error_as_json(bare_case):
    bare_case.pipeline.change("log", {"format": "json", "level": "error"})
    process = bare_case.pipeline.run()
    (line,) = [json.loads(line) for line in process.log.splitlines()]
    assert process.exit_code == 2
    assert line["level"] == "error" and line["event"] == "failed" and "does not exist" in line["error"]


def test_an_input_that_waits_is_seen(bare_case):
    bare_case.create_topics(1)
    bare_case.pipeline.change("attribute.max_drift", "1m")
    bare_case.send(*(click(n % 5, at=n * MINUTE) for n in range(3000)), checkout(1, at=0.0))
    watched = watch(bare_case)
    watched.await_ready()

    def waits():
        samples = watched.metrics()
        return samples[("tributary_input_waiting", "clicks", "0", "drift")] and samples

    eventually(waits, "the clicks wait for the checkouts")
    before = watched.metrics()[("tributary_input_wait_seconds_total", "clicks", "drift")]
    after = eventually(
        lambda: (samples := watched.metrics())[("tributary_input_wait_seconds_total", "clicks", "drift")]
        >= before + 1
        and ("tributary_lag_records", "clicks", "0") in samples
        and samples,
        "a second of waiting",
    )
    assert after[("tributary_high_watermark_offset", "clicks", "0")] == 3000
    assert 0 < after[("tributary_lag_records", "clicks", "0")] < 3000
    assert after[("tributary_input_waiting", "checkouts", "0", "drift")] == 0


def test_conversions_decided_by_silence_are_counted(bare_case):
    bare_case.create_topics(1)
    bare_case.pipeline.change("defaults.idle_timeout", "200ms")
    bare_case.send(click(1, at=0.0), *(checkout(1, at=1.0 + n) for n in range(3)))
    watched = watch(bare_case)
    bare_case.await_rows(3)
    series = ("tributary_idle_decided_conversions_total", "0")
    eventually(lambda: watched.metrics()[series] == 3, "three were decided so")
