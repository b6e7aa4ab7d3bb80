"""What re-keying shows of itself: metrics, status, readiness, closing summary, and the alarm when it stands still."""

import shutil
import subprocess

import pytest

from conftest import unavailable
from events import MINUTE, checkout, click, unkeyed
from pipeline import eventually
from watched import watch

SOURCES = 4
ROLES = ("checkouts", "clicks")


@pytest.fixture
def rekeyed(case):
    case.rekey()
    return case


def send_journeys(case):
    """Forty of each, ten in each source partition."""
    clicks = [click(user, "lamp", at=user) for user in range(40)]
    orders = [checkout(user, "lamp", at=user + 5 * MINUTE) for user in range(40)]
    case.send(*unkeyed(clicks, SOURCES), *unkeyed(orders, SOURCES))


def series(samples, name):
    return {key[1:]: value for key, value in samples.items() if key[0] == name}


def all_forwarded(watched):
    records = series(watched.metrics(), "tributary_rekey_records_total")
    return sum(value for key, value in records.items() if key[2] == "forwarded") == 80


def sources_of(watched):
    return [source for rekeyer in watched.status()["repartition"] for source in rekeyer["sources"]]


def check_sources(watched):
    """All of them, each once, read to the end."""
    sources = sources_of(watched)
    places = [(source["input"], source["partition"]) for source in sources]
    assert sorted(places) == [(role, n) for role in ROLES for n in range(SOURCES)]
    for source in sources:
        assert source["phase"] == "running" and source["lag_records"] == 0 and source["watermark"]
        assert source["next_offset"] == source["committed_offset"] == source["forwarded"] == 10


def check_summary(process):
    lines = [line for line in process.summary() if "source" in line]
    assert sorted((line["input"], line["source"]) for line in lines) == [
        (role, str(n)) for role in ROLES for n in range(SOURCES)
    ]
    assert {(line["records"], line["forwarded"]) for line in lines} == {("10", "10")}


def test_both_stages_are_seen(rekeyed):
    send_journeys(rekeyed)
    watched = watch(rekeyed, "--workers", "2")
    watched.await_ready()
    eventually(lambda: all_forwarded(watched), "every record is forwarded")
    eventually(lambda: sum(series(watched.metrics(), "tributary_rekey_lag_records").values()) == 0, "no lag")
    check_sources(watched)
    samples = watched.metrics()
    assert sum(value for key, value in series(samples, "tributary_rekey_sources").items() if key[1] == "running") == 8
    committed = samples[("tributary_rekey_transactions_total", "committed")]
    assert committed >= 2
    assert samples[("tributary_rekey_transaction_duration_seconds_count",)] == committed
    assert set(series(samples, "tributary_rekey_stalled").values()) == {0}
    assert len(series(samples, "tributary_rekey_source_idle")) == len(ROLES) * SOURCES
    assert max(series(samples, "tributary_rekey_turn_age_seconds").values()) < 5
    assert {key[1] for key in series(samples, "tributary_rekey_stalled")} == {"0", "1", "2"}
    assert watched.process.stop() == 0
    check_summary(watched.process)


def test_promtool_finds_nothing(rekeyed):
    if not shutil.which("promtool"):
        unavailable("there is no promtool; scripts/install-deps metrics installs it")
    send_journeys(rekeyed)
    watched = watch(rekeyed)
    eventually(lambda: all_forwarded(watched), "every record is forwarded")
    text = watched.get("/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_process_that_only_re_keys_is_ready(rekeyed):
    send_journeys(rekeyed)
    watched = watch(rekeyed, "--only", "repartition")
    watched.await_ready()
    eventually(lambda: all_forwarded(watched), "every record is forwarded")
    eventually(lambda: sum(series(watched.metrics(), "tributary_rekey_lag_records").values()) == 0, "no lag")
    check_sources(watched)
    status = watched.status()
    assert status["ready"] and status["alive"] and status["workers"] == []
    samples = watched.metrics()
    assert samples[("tributary_ready",)] == 1 and samples[("tributary_commits_total",)] == 0
    assert samples[("tributary_memory_limit_bytes",)] > 0
    assert watched.process.stop() == 0
    check_summary(watched.process)


def test_a_join_without_re_keyers_says_so(rekeyed):
    send_journeys(rekeyed)
    join = watch(rekeyed, "--only", "attribute")
    join.await_ready()
    assert join.status()["repartition"] == []
    eventually(lambda: set(series(join.metrics(), "tributary_rekey_stalled").values()) == {1}, "stalled", 60)
    assert "event=rekey_stalled input=clicks" in join.process.log
    sides = [side for partition in join.status()["workers"][0]["partitions"] for side in partition["inputs"]]
    assert len(sides) == 6 and all(side["stalled"] for side in sides)
    rekeyers = watch(rekeyed, "--only", "repartition")
    eventually(lambda: set(series(join.metrics(), "tributary_rekey_stalled").values()) == {0}, "going on", 60)
    eventually(lambda: "event=rekey_resumed input=clicks" in join.process.log, "it says so")
    assert rekeyers.process.stop() == 0 and join.process.stop() == 0


def test_once_sums_up_both_stages(rekeyed):
    send_journeys(rekeyed)
    watched = watch(rekeyed, "--once")
    assert watched.process.wait() == 0
    check_summary(watched.process)
    assert {line["input"] for line in watched.process.summary() if "partition" in line} == {"clicks", "checkouts"}
