"""emit: early, killed between the statements of its commit. Needs a build with points at which that can be done
(scripts/build faults)."""

import pytest

from conftest import unavailable
from events import checkout
from history import history
from pipeline import PROGRAM, eventually
from stage import fault_points, has_fault_points
from stream import Stream
from test_early import owned
from test_fault_points import interrupted, was_killed

POINTS = [name for name in fault_points() if name in ("commit.corrections", "commit.news", "commit.owned")]


@pytest.fixture
def pointed(case):
    if not has_fault_points():
        unavailable(f"{PROGRAM} has no fault points; scripts/build faults makes one, TRIBUTARY names it")
    case.pipeline.change("attribute.emit", "early")
    case.pipeline.change("workers", 2)
    return case


@pytest.mark.parametrize("point", [*POINTS, "commit.commit_sent"])
def test_killed_there(pointed, rnd, point):
    # Ten seconds of event time a second, so that many checkouts wait for clicks.
    with Stream(pointed, history(rnd, 20_000, span=400), rate=500) as stream:
        for passage in (1, rnd.randint(2, 6)):
            fault = f"{point}:{passage}"
            assert interrupted(pointed, fault, was_killed), f"{fault} was never passed"
        stream.end_here()
    pointed.settle(duplicates=True)
    assert owned(pointed) == []


def test_killed_when_a_row_was_taken_back(pointed):
    pointed.pipeline.change("lookups.users.missing", "dead_letter")
    stays, goes = checkout(1, at=60), checkout(2, at=60)
    pointed.send(stays, goes)
    process = pointed.start()
    eventually(lambda: len(pointed.rows()) == 2, "both rows")
    assert process.stop() == 0
    pointed.database.execute("delete from commerce.users where id = 2")
    process = pointed.pipeline.start("--once", "--close", fault="commit.gone:1")
    eventually(lambda: was_killed(process), "it is killed there")
    assert len(pointed.rows()) == 2
    pointed.finish()
    assert set(pointed.rows()) == {stays.fields["checkout_id"]}
