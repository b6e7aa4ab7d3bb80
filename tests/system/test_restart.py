"""Crashes, restarts and servers that go away, in the middle of a stream. What is in the table afterwards must not show
any of it."""

import os
import signal

import psycopg

from events import checkout, click
from history import history
from pipeline import eventually
from stream import Stream, await_progress, passed


def test_killed_again_and_again(case, rnd):
    """kill -9 at random moments while events arrive: no row is lost, none is wrong, no record is counted twice."""
    with Stream(case, history(rnd, 6000)) as stream:
        for _ in range(5):
            process = case.start()
            stream.await_progress()
            process.kill_after(rnd.uniform(0, 0.6))
    case.settle(duplicates=True)


def test_killed_while_it_starts(case, rnd):
    """At any moment of the way from the first line to the first commit."""
    case.send(*history(rnd, 500))
    for _ in range(6):
        process = case.start()
        process.kill_after(rnd.uniform(0, 0.5))
    case.settle(duplicates=True)


def test_ended_politely_and_started_again(case, rnd):
    """SIGTERM commits what is done: the dead letters are written once, and the next run goes on there."""
    with Stream(case, history(rnd, 5000)) as stream:
        for _ in range(3):
            process = case.start()
            stream.await_progress()
            assert process.stop() == 0
    case.settle()


def test_ends_within_seconds(case):
    case.send(*[click(user, at=user) for user in range(20)], *[checkout(user, at=30) for user in range(20)])
    process = case.start()
    await_progress(case, 0)
    assert process.stop(timeout=5) == 0
    assert "summary" in process.log


def test_ends_within_seconds_while_the_broker_is_silent(case, servers):
    """It neither commits what it cannot put into the changelog nor waits to say good-bye."""
    case.send(*[click(user, at=user) for user in range(20)], *[checkout(user, at=30) for user in range(20)])
    process = case.start()
    await_progress(case, 0)
    broker = int((servers.folder / "kafka/pid").read_text())
    case.send(*[click(user, at=60 + user) for user in range(20)])
    os.kill(broker, signal.SIGSTOP)
    try:
        assert process.stop(timeout=20) == 0
    finally:
        os.kill(broker, signal.SIGCONT)
    case.settle(duplicates=True)


def test_a_hangup_changes_nothing(case):
    """The file is read at the start only; whoever expects more is told, and nothing is lost by it."""
    case.send(*[click(user, at=user) for user in range(20)], *[checkout(user, at=30) for user in range(20)])
    process = case.start()
    await_progress(case, 0)
    process.process.send_signal(signal.SIGHUP)
    eventually(lambda: 'event=reload_refused reason=sighup hint="restart instead"' in process.log, "a word about it")
    assert process.stop() == 0
    case.settle()


def test_ended_while_the_database_is_silent(case, servers):
    """Nothing was begun that has to be finished."""
    first = int((servers.folder / "postgres/data/postmaster.pid").read_text().splitlines()[0])
    os.kill(first, signal.SIGSTOP)
    try:
        process = case.pipeline.start()
        eventually(lambda: "event=start" in process.log, "the first line of the log")
        assert process.stop(timeout=5) == 0
    finally:
        os.kill(first, signal.SIGCONT)


def test_ended_before_anything_happened(case):
    process = case.start()
    eventually(lambda: process.log, "the first line of the log")
    assert process.stop() == 0


def test_nothing_is_left_to_do_for_a_second_run(case, rnd):
    case.send(*history(rnd, 500))
    case.settle()
    before, letters = case.database.progress(), case.dead_letters()
    case.settle()
    after = case.database.progress()
    for name in ("touch_offset", "conversion_offset", "touch_ledger", "conversion_ledger"):
        assert [row[name] for row in after] == [row[name] for row in before]
    assert case.dead_letters() == letters


def test_the_closing_summary_is_the_ledger(case, rnd):
    """What the log ends with is what the database holds: every record once, by outcome."""
    case.send(*history(rnd, 500))
    process = case.settle()
    found = {}
    for line in process.summary():
        counts = {name: int(count) for name, count in line.items() if name not in ("input", "partition")}
        assert counts.pop("records") == sum(counts.values())
        found[line["input"], int(line["partition"])] = counts
    wanted = {}
    for row in case.database.progress():
        wanted["clicks", row["partition"]] = row["touch_ledger"]
        wanted["checkouts", row["partition"]] = row["conversion_ledger"]
    assert found == wanted


def test_a_run_without_close_leaves_the_undecided_for_the_next(case):
    first = click(1, at=0)
    decided, undecided = checkout(1, at=10), checkout(1, at=30)
    case.send(first, click(1, at=40), decided, undecided)
    process = case.pipeline.run("--once")
    assert process.exit_code == 0, process.log
    case.check(closed=False)
    assert list(case.rows()) == [decided.fields["checkout_id"]]
    case.send(click(1, at=60))
    process = case.pipeline.run("--once")
    case.check(closed=False)
    assert case.clicks_of(decided, undecided) == [first.fields["click_id"]] * 2


def test_state_survives_for_a_whole_window(case):
    """The click lies an hour back, behind many restarts: it is found again."""
    case.pipeline.change("attribute.window", "1h")
    clicks = [click(user, at=user) for user in range(30)]
    case.send(*clicks)
    case.finish()
    orders = []
    for minutes in (10, 30, 59):
        orders.append([checkout(user, at=minutes * 60) for user in range(30)])
        case.send(*orders[-1])
        case.finish()
    case.check()
    for some in orders:
        assert case.clicks_of(*some) == [c.fields["click_id"] for c in clicks]


def test_the_database_restarts(case, servers, rnd):
    with Stream(case, history(rnd, 5000)) as stream:
        process = case.start()
        stream.await_progress()
        for how in ("--immediate", None):
            servers.control("postgres", "stop", *([how] if how else []))
            servers.control("postgres", "start")
            case.database.reconnect()
            stream.await_progress()
    assert process.exit_code is None, process.log[-3000:]
    assert process.stop() == 0
    case.settle(duplicates=True)


def test_the_broker_restarts(case, servers, rnd):
    events = history(rnd, 5000)
    case.send(*events[:2500])
    process = case.start()
    await_progress(case, 0)
    servers.control("kafka", "stop")
    servers.control("kafka", "start")
    case.send(*events[2500:])
    await_progress(case, passed(case))
    assert process.exit_code is None, process.log[-3000:]
    assert process.stop() == 0
    case.settle(duplicates=True)


def test_sessions_of_the_database_are_cut(case, rnd):
    """Every connection is ended from outside at random moments, in the middle of a commit too."""
    with Stream(case, history(rnd, 5000)) as stream:
        process = case.start()
        for _ in range(8):
            stream.await_progress()
            case.database.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
    assert process.exit_code is None, process.log[-3000:]
    assert process.stop() == 0
    case.settle(duplicates=True)


def test_a_lock_on_the_result_table_only_delays(case, rnd):
    case.send(*history(rnd, 300))
    with psycopg.connect(case.database.url) as other:
        other.execute("lock table commerce.attributed_checkouts in access exclusive mode")
        process = case.start()
        eventually(lambda: waiting_for_lock(case), "the program waits for the lock")
    case.await_released()
    assert process.stop() == 0
    case.settle(duplicates=True)


def waiting_for_lock(case):
    sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return case.database.query(sql)[0][0] > 0
