"""The changelog topic deleted, spoilt and out of step with the database: the state comes from it where it can, from the
touches' own topic where it cannot, and never is a row wrong."""

import pytest

from history import history
from lane import Lane
from pipeline import eventually
from servers import Unavailable
from conftest import unavailable
from stage import Stage
from stream import Stream, passed


@pytest.fixture(scope="module")
def lane():
    try:
        lane = Lane()
    except Unavailable as reason:
        unavailable(str(reason))
    yield lane
    lane.stop()


@pytest.fixture
def stage(lane, mark, program, request):
    case = lane.new_case(mark)
    request.node.pipeline = case.pipeline
    yield Stage(lane, case)
    lane.drop(case)


def read(stage, events) -> None:
    """A run that reads the events and is killed when it has."""
    before = passed(stage.case)
    stage.case.send(*events)
    member = stage.start()
    progress(stage, before + len(events) // 2)
    stage.kill(member)


def progress(stage, beyond: int) -> None:
    """Waits for it, and sees when nobody is left to make it."""

    def made():
        stage.tend()
        return passed(stage.case) > beyond

    eventually(made, f"a commit beyond {beyond} records")


def needs_changelog(stage) -> None:
    if not stage.has_changelog():
        pytest.skip("this build keeps no changelog")


def halves(rnd) -> tuple:
    events = history(rnd, 2000, span=1500)
    return events[:1000], events[1000:]


def test_deleted_while_stopped(stage, rnd):
    first, second = halves(rnd)
    read(stage, first)
    needs_changelog(stage)
    stage.delete_changelog()
    stage.case.send(*second)
    stage.case.settle(duplicates=True)


def test_deleted_while_running(stage, rnd):
    """Whether it goes on by itself, or says so and ends, and the next one makes it anew."""
    first, second = halves(rnd)
    stage.case.send(*first)
    stage.start()
    progress(stage, len(first) // 2)
    needs_changelog(stage)
    with Stream(stage.case, second):
        stage.delete_changelog()
        progress(stage, passed(stage.case) + len(second) // 2)
    stage.end()
    stage.mend_changelog()
    stage.case.settle(duplicates=True)


@pytest.mark.parametrize("share", [0.1, 1])
def test_spoilt(stage, rnd, share):
    """A block with a wrong byte, or half of one, is no block."""
    first, second = halves(rnd)
    read(stage, first)
    needs_changelog(stage)
    eventually(lambda: stage.spoil_changelog(rnd, share), "a block was spoilt")
    stage.case.send(*second)
    stage.case.settle(duplicates=True)


def test_foreign_records_in_it(stage, rnd):
    """Keys that no writer writes, and no key at all."""
    first, second = halves(rnd)
    read(stage, first)
    needs_changelog(stage)
    producer = stage.case.kafka.new_producer()
    for key in (b"x", b"0/5", b"0/9-3", b"99/0-1", b"0/0-99999999999999999999", "ü".encode()):
        for partition in range(4):
            producer.produce(stage.changelog, key=key, value=rnd.randbytes(rnd.randrange(60)), partition=partition)
    assert producer.flush(30) == 0
    stage.case.send(*second)
    stage.case.settle(duplicates=True)


@pytest.mark.parametrize("append", [False, True], ids=["upsert", "append"])
def test_database_restored_to_an_earlier_state(stage, rnd, append):
    """The changelog is ahead of the progress then: what lies behind it is read again, and counts once."""
    if append:
        stage.case.append_without_key()
    first, second = halves(rnd)
    read(stage, first)
    stage.snapshot()
    read(stage, second)
    stage.restore()
    stage.case.settle(duplicates=True)


def test_database_restored_and_the_changelog_gone(stage, rnd):
    first, second = halves(rnd)
    read(stage, first)
    stage.snapshot()
    read(stage, second)
    if stage.has_changelog():
        stage.delete_changelog()
    stage.restore()
    stage.case.settle(duplicates=True)


def test_progress_lost_and_the_changelog_there(stage, rnd):
    """Begun anew under the old name: blocks of an earlier life do no harm."""
    first, second = halves(rnd)
    read(stage, first)
    for table in ("tributary.progress", "tributary.idle_advances", "commerce.attributed_checkouts"):
        stage.case.database.execute(f"delete from {table}")
    stage.case.send(*second)
    stage.case.settle(duplicates=True)
