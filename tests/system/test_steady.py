"""No allocation and no lock for each event: what the program itself asks for while it works through a backlog, counted
by a preloaded library (tests/calls). What librdkafka and libpq do is theirs, and is left out."""

import re
import subprocess

import pytest

from calls import Calls
from case import Case
from conftest import unavailable
from pipeline import PROGRAM, Pipeline

CALLS = PROGRAM.parent / "tests/calls/libcalls.so"
FEW, MANY = 20_000, 120_000  # events; the difference is what steady work costs
# For each event. One for each checkout would be 0.09; what is there comes with buckets, chunks and commits, some 0.02,
# and with the ten snapshots a second of a slow machine.
BOUND = 0.05


@pytest.fixture
def library(program):
    if re.search(b"__[at]san_init", program.read_bytes()):
        pytest.skip("sanitizers have an allocator of their own")
    if not CALLS.exists():
        unavailable(f"there is no {CALLS}; scripts/build makes it")
    return CALLS


def load(case: Case, events: int) -> None:
    """One checkout to ten clicks."""
    folder, checkouts = case.pipeline.folder / f"{case.pipeline.name}.events", events // 11
    counts = [
        "--clicks",
        str(events - checkouts),
        "--checkouts",
        str(checkouts),
        "--users",
        "1000",
        "--products",
        "100",
    ]
    subprocess.run([PROGRAM, "generate", "-q", "-o", folder, *counts], check=True, capture_output=True)
    for role, topic in case.topics.items():
        command = [PROGRAM, "produce", "-q", "--topic", topic, "--key", "user_id", folder / f"{role}.jsonl"]
        subprocess.run(command, check=True, capture_output=True, env=case.pipeline.environment)


def work_through(case: Case, events: int, library) -> Calls:
    """A pipeline of its own over that many events."""
    pipeline = Pipeline(f"{case.pipeline.name}_{events}", case.pipeline.folder, case.pipeline.environment)
    case.pipeline.processes = pipeline.processes  # for the report of a failure
    part = Case(case.kafka, case.database, pipeline)
    part.create_topics()
    part.kafka.create(pipeline.dead_letters, 1)
    load(part, events)
    pipeline.change("commit_interval", "1m")  # commits for every so many rows, however slow the machine is
    file = pipeline.folder / f"{pipeline.name}.calls"
    pipeline.environment = pipeline.environment | Calls.environment(library, file)
    part.finish()
    assert sum(int(line["records"]) for line in pipeline.processes[-1].summary()) == events
    return Calls.read(file)


def test_steady_work_neither_allocates_nor_locks(bare_case, library):
    few, many = (work_through(bare_case, events, library) for events in (FEW, MANY))
    more = many - few
    print(f"of {MANY - FEW} events: ours {dict(more.ours)}, of libraries {dict(more.others)}")
    kinds = ("allocations", "locks")
    assert all(many.ours[kind] for kind in kinds), f"nothing counted: {many}"
    too_many = [kind for kind in kinds if more.ours[kind] >= BOUND * (MANY - FEW)]
    assert not too_many, "\n".join(more.busiest(PROGRAM, kind) for kind in too_many)
