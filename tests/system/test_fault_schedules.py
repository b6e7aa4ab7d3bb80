"""Schedules of several faults each, from seeds. TRIBUTARY_SEED repeats one; scripts/test --faults N plays many more."""

import os

import pytest

from conftest import unavailable
from schedule import Plan, run
from stage import KINDS

# Those the random ones must not do without, each in one schedule together with others.
MIXES = [
    ("kill", "point", "cut", "postgres_crash"),
    ("freeze", "join", "leave", "sessions_ended", "table_locked"),
    ("black_hole", "slow", "kill"),
    ("kafka_restart", "kill"),
    ("disk_full", "postgres_crash", "point"),
    ("database_restored", "kill", "cut"),
    ("changelog_deleted", "changelog_spoilt", "kill", "join"),
]


def play(plan: Plan) -> None:
    report = run(plan)
    print(report)
    assert not report.failure, str(report)


def drawn(rnd) -> int:
    return int(os.environ.get("TRIBUTARY_SEED", rnd.randrange(10**6)))


@pytest.mark.parametrize("kinds", MIXES, ids="-".join)
def test_a_schedule_of(lane, rnd, kinds):
    if "disk_full" in kinds and lane.disk.problem:
        unavailable(f"cannot mount a small disk: {lane.disk.problem}")
    play(Plan(drawn(rnd), lane, kinds))


@pytest.mark.parametrize("number", range(int(os.environ.get("TRIBUTARY_SCHEDULES", "3"))))
def test_a_schedule_of_anything(lane, rnd, number):
    play(Plan(drawn(rnd) + number, lane))


def test_a_schedule_of_anything_without_keys(lane, rnd):
    play(Plan(drawn(rnd), lane, rekeyed=True))


def test_a_schedule_with_brokers_that_fail(cluster, rnd):
    play(Plan(drawn(rnd), cluster, ("broker_crash", "broker_crash", "kill", "cut", "freeze")))


def test_every_kind_is_in_a_mix():
    """A kind that nobody plays finds nothing."""
    assert set(KINDS) - {kind for mix in MIXES for kind in mix} == {"broker_crash"}
