"""What the database may say instead of "done": some of it passes, some needs the rows sent differently, and the rest
ends the process with the server's words and exit code 2."""

import re
from urllib.parse import urlsplit

import psycopg
import pytest

from events import checkout, click, raw
from pipeline import eventually
from stream import await_progress, passed

TABLE = "commerce.attributed_checkouts"


def orders(count: int, *, at=10.0, **changes):
    return [checkout(n % 20, n, at=at + n * 0.01, **changes) for n in range(count)]


def end_sessions(case) -> None:
    """What is set for the database holds for new sessions only."""
    case.database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )


def waiting_for_lock(case) -> bool:
    sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return case.database.query(sql)[0][0] > 0


def await_log(process, *words) -> None:
    eventually(lambda: all(word in process.log for word in words) or process.exit_code is not None, f"{words} in the log")
    assert process.exit_code is None, process.log[-3000:]


def start(case, *first):
    """A running process that has committed something."""
    case.send(checkout(1, "first", at=0), click(1, "first", at=60))
    process = case.start()
    await_progress(case, 1)
    return process


def later(count: int = 50):
    """Checkouts, and the click that makes them final."""
    return [*[checkout(1, n, at=100 + n * 0.01) for n in range(count)], click(1, "closing", at=300)]


# --- statements that take too long


def slow_down(case, seconds: float) -> None:
    case.database.execute(
        "create or replace function commerce.dawdle() returns trigger language plpgsql as "
        f"$$ begin perform pg_sleep({seconds}); return new; end $$"
    )


def add_slow_trigger(case, seconds: float) -> None:
    """Every row takes this long, and the size of every statement that succeeds is written down."""
    slow_down(case, seconds)
    case.database.execute(
        f"""create trigger dawdle before insert on {TABLE} for each row execute function commerce.dawdle();
            create table commerce.pieces (number serial, size bigint);
            create function commerce.note() returns trigger language plpgsql as
                $$ begin insert into commerce.pieces (size) select count(*) from written; return null; end $$;
            create trigger note after insert on {TABLE} referencing new table as written
                for each statement execute function commerce.note()"""
    )


def pieces(case) -> list[int]:
    return [size for size, in case.database.query("select size from commerce.pieces order by number")]


def test_rows_that_take_too_long_go_in_pieces(case):
    add_slow_trigger(case, 0.05)
    case.pipeline.change("postgres.statement_timeout", "1s")
    case.pipeline.change("commit_interval", "1m")
    case.send(*orders(100))
    process = case.settle()
    sizes = pieces(case)
    assert sum(sizes) == 100 and max(sizes) < 20, sizes
    assert len(re.findall("event=rows_halved", process.log)) == 3, process.log
    # One transaction all the same.
    assert case.database.query(f"select count(distinct xmin::text) from {TABLE}") == [(1,)]


def test_pieces_grow_again(case):
    add_slow_trigger(case, 0.1)
    case.pipeline.change("postgres.statement_timeout", "1s")
    case.send(*[checkout(1, n, at=10 + n * 0.01) for n in range(60)], click(1, at=60))
    process = case.start()
    await_log(process, "rows_halved")
    case.await_rows(60)
    assert max(pieces(case)) < 10
    slow_down(case, 0)
    case.send(*[checkout(1, n, at=100 + n * 0.01) for n in range(500)], click(1, at=200))
    case.await_rows(560)
    assert max(pieces(case)) >= 64, pieces(case)
    assert process.stop() == 0
    case.settle()


def test_one_row_that_takes_too_long_waits(case):
    """It is not the row's fault: it is tried again until it works."""
    add_slow_trigger(case, 1.5)
    case.pipeline.change("postgres.statement_timeout", "1s")
    case.send(*[checkout(1, n, at=10) for n in range(3)], click(1, at=60))
    process = case.start()
    await_log(process, "event=rows_halved rows=1", "commit_retry", "57014")
    assert case.rows() == {} and case.dead_letters() == []
    slow_down(case, 0)
    case.await_rows(3)
    assert process.stop() == 0
    case.settle()


def test_a_slow_trigger_and_a_refused_row(case):
    add_slow_trigger(case, 0.05)
    case.database.execute(f"alter table {TABLE} add check (payment_method <> 'barter')")
    case.pipeline.change("postgres.statement_timeout", "1s")
    case.pipeline.change("commit_interval", "1m")
    events = orders(40)
    events[7] = checkout(7, 7, at=10.07, payment_method="barter")
    case.send(*events)
    case.finish()
    assert len(case.rows()) == 39 and case.reasons() == ["row_refused"]


# --- what passes


BROKEN = raw("checkouts", "{", at=100)  # its dead letter is written once, however often the database is tried again


def check_passes(case, process) -> None:
    case.await_released()
    assert process.exit_code is None, process.log[-3000:]
    assert process.stop() == 0, process.log[-3000:]
    case.settle()


def test_a_read_only_database(case):
    """As a standby is before it is promoted."""
    process = start(case)
    case.database.execute(f"alter database {case.database.name} set default_transaction_read_only = on")
    end_sessions(case)
    case.send(*later(), BROKEN)
    await_log(process, "commit_retry", "25006")
    case.database.execute(f"begin read write; alter database {case.database.name} reset default_transaction_read_only; commit")
    check_passes(case, process)


def test_a_deadlock(case):
    """Another session wants a row and the progress, in the wrong order; the program is the victim."""
    process = start(case)
    order = checkout(1, "wanted", at=100)
    name = order.fields["checkout_id"]
    with psycopg.connect(case.database.url) as other:
        other.execute("set deadlock_timeout = '20s'")
        other.execute(f"insert into {TABLE} (checkout_id) values (%s)", [name])
        case.send(order, click(1, "closing", at=300))
        eventually(lambda: waiting_for_lock(case), "the program waits for the row")
        other.execute("select * from tributary.progress for update")  # ends when the program has given way
        await_log(process, "commit_retry", "40P01")
    check_passes(case, process)


def test_a_lock_that_is_not_given_in_time(case):
    """The rows wait; they are not sent in smaller pieces, which would not help."""
    case.pipeline.change("postgres.statement_timeout", "1s")
    process = start(case)
    with psycopg.connect(case.database.url) as other:
        other.execute(f"lock table {TABLE} in access exclusive mode")
        case.send(*later(), BROKEN)
        await_log(process, "commit_retry", "55P03")
    assert "rows_halved" not in process.log
    check_passes(case, process)


@pytest.fixture
def role(case):
    """The program's own, with the least rights."""
    created = case.pipeline.run(command="init")
    assert created.exit_code == 0, created.log
    role = f"r_{case.pipeline.name}"[:60]
    case.database.execute(
        f"""create role {role} login password 'secret';
            grant usage on schema tributary, commerce to {role};
            grant select, insert, update, delete on all tables in schema tributary to {role};
            grant select on commerce.users to {role};
            grant select, insert, update on {TABLE} to {role}"""
    )
    owner = case.pipeline.environment["DATABASE_URL"]
    url = urlsplit(owner)
    place = f"{role}:secret@{url.hostname}:{url.port}"
    case.pipeline.environment["DATABASE_URL"] = url._replace(netloc=place).geturl()
    yield role
    case.pipeline.environment["DATABASE_URL"] = owner
    case.pipeline.end()
    case.database.execute(f"drop owned by {role}; drop role {role}")


def test_too_many_connections(case, role):
    """The connection is lost in the middle of a commit and cannot be had again for a while."""
    process = start(case)
    with psycopg.connect(case.database.url) as other:
        other.execute(f"lock table {TABLE} in access exclusive mode")
        case.send(*later(), BROKEN)
        eventually(lambda: waiting_for_lock(case), "the program waits for the lock")
        case.database.execute(f"alter role {role} connection limit 0")
        case.database.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", role)
        await_log(process, "commit_retry", "too many connections")
    case.database.execute(f"alter role {role} connection limit -1")
    check_passes(case, process)


# --- what does not pass


def check_stops(case, process, *words) -> None:
    before = passed(case)
    case.send(*later())
    assert process.wait(30) == 2, process.log[-3000:]
    last = process.log.strip().rsplit("tributary run: ", 1)[-1]
    for word in words:
        assert word in last, process.log[-3000:]
    assert case.dead_letters() == []
    assert passed(case) >= before


def test_the_table_is_dropped(case):
    process = start(case)
    case.database.execute(f"drop table {TABLE}")
    check_stops(case, process, "output: ", TABLE, "42P01")


def test_a_column_is_dropped(case):
    process = start(case)
    case.database.execute(f"alter table {TABLE} drop column billing_address")
    check_stops(case, process, "output: ", '"billing_address"', "42703")


def test_a_lookup_table_is_dropped(case):
    process = start(case)
    case.database.execute("drop table commerce.users")
    check_stops(case, process, 'lookup "users": ', "commerce.users", "42P01")


def test_a_right_is_revoked(case, role):
    process = start(case)
    case.database.execute(f"revoke insert on {TABLE} from {role}")
    check_stops(case, process, "output: ", "attributed_checkouts", "42501")


def test_the_password_is_changed(case, role):
    process = start(case)
    case.database.execute(f"alter role {role} password 'another'")
    end_sessions(case)
    check_stops(case, process, "password authentication failed")


def test_what_nobody_foresaw(case):
    case.database.execute(
        f"""create function commerce.judge() returns trigger language plpgsql as
                $$ begin raise feature_not_supported using message = 'not today'; end $$;
            create trigger judge before insert on {TABLE} for each row
                when (new.payment_method = 'barter') execute function commerce.judge()"""
    )
    process = start(case)
    case.send(checkout(1, at=90, payment_method="barter"))
    check_stops(case, process, "not today", "0A000")


# --- settings


SETTINGS = {
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Kolkata",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "default_transaction_isolation": "serializable",
    "lc_monetary": "C",
}


def test_results_do_not_depend_on_settings(case):
    """Of the database or the role: neither what look-ups answer nor how columns are read."""
    case.database.execute(
        f"""create table commerce.things (id int primary key, d date, t timestamptz, i interval, f float8, b bytea);
            insert into commerce.things values (1, '2024-02-01', '2024-02-01 03:04:05.6+00', '1 day 02:03:04', '0.30000000000000004', '\\x00ff5c');
            alter table {TABLE} add d varchar, add t varchar, add i varchar, add f varchar, add b varchar, add day date,
                add at timestamptz"""
    )
    things = {"table": "commerce.things", "match": {"id": "checkouts.user_id"}}
    case.pipeline.document["lookups"]["things"] = things
    columns = case.pipeline.document["outputs"][0]["postgres"]["columns"]
    columns += [{name: f"things.{name}"} for name in "dtifb"]
    columns += [{"day": "checkouts.day"}, {"at": "checkouts._time"}]
    for name, value in SETTINGS.items():
        case.database.execute(f"alter database {case.database.name} set {name} = '{value}'")
    order = checkout(1, at=0, day="2024-02-03")
    case.send(order)
    case.finish()
    case.database.execute("set timezone = 'UTC'; set datestyle = 'ISO, MDY'")
    [row] = case.database.query(f"select d, t, i, f, b, day::text, at::text from {TABLE}")
    assert row == (
        "2024-02-01",
        "2024-02-01 03:04:05.6+00",
        "1 day 02:03:04",
        "0.30000000000000004",
        "\\x00ff5c",
        "2024-02-03",
        "2024-06-17 05:00:00+00",
    )
