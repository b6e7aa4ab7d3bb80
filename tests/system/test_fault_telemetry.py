"""Health as others see it while a thread of the program is delayed (scripts/build faults)."""

import re

import pytest

from conftest import unavailable
from pipeline import PROGRAM, eventually
from stage import has_fault_points
from watched import some_events, watch


@pytest.fixture
def points(program):
    if not has_fault_points():
        unavailable(f"{PROGRAM} has no fault points; scripts/build faults makes one, TRIBUTARY names it")


def test_ready_only_once_it_has_restored(bare_case, points):
    case = bare_case
    case.create_topics(1)
    case.send(*some_events())
    case.pipeline.run("--once")
    watched = watch(case, fault="restore.done:1:delay=3000")
    eventually(lambda: "event=restored" in watched.process.log, "it has restored, and is delayed there")
    code, reason = watched.get("/readyz")
    assert (code, reason) == (503, "worker 0: 1 of 1 partitions are being restored\n")
    assert watched.get("/healthz") == (200, "ok\n")
    watched.await_ready()
    samples = watched.metrics()
    assert samples[("tributary_restores_total",)] == 1
    assert samples[("tributary_restore_seconds_total",)] > 0


@pytest.mark.timeout(150)
def test_a_loop_that_hangs_is_not_healthy(case, points):
    case.send(*some_events())
    watched = watch(case, fault="commit.rows:1:delay=100000")
    assert watched.get("/healthz") == (200, "ok\n")
    code, text = eventually(
        lambda: (answer := watched.get("/healthz"))[0] == 503 and answer, "it is not healthy", timeout=60
    )
    assert re.fullmatch(r"worker 0: its loop has not turned for 3\d s\n", text)
    assert watched.get("/readyz")[0] == 503
    assert watched.metrics()[("tributary_worker_turn_age_seconds", "0")] > 30
