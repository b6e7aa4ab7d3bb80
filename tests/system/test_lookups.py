"""Lookups in tables of the database: chains of them, what becomes of conversions without a row, what is remembered
and for how long, and a database that does not answer."""

import copy
import json
import time

import psycopg
import pytest

from events import MISSING, checkout, click
from pipeline import eventually
from stream import await_progress
from watched import watch

TABLE = "commerce.attributed_checkouts"
# The types do not fit each other: the id is an integer here, a text there, and a number again in the third.
TABLES = f"""
    create schema job_board;
    create table job_board.users (email text primary key, id integer);
    insert into job_board.users values ('ann@x', 7), ('bob@x', 8), ('eve@x', null), ('sid@x', 9);
    create table job_board.names (user_id text primary key, name text, badge text);
    insert into job_board.names values ('7', 'Ann', '70.0'), ('9', 'Sid', 'none');
    create table job_board.badges (number bigint primary key, colour text);
    insert into job_board.badges values (70, 'red');
    alter table {TABLE} add email text, add account integer, add name text, add colour text
"""
# In the file the last is the first.
CHAIN = {
    "badges": {"table": "job_board.badges", "match": {"number": "names.badge"}},
    "names": {"table": "job_board.names", "match": {"user_id": "accounts.id"}},
    "accounts": {"table": "job_board.users", "match": {"email": "checkouts.email"}},
}
EMAILS = ["ann@x", "bob@x", "eve@x", "sid@x", "nobody@x", MISSING]
# Their rows: email, account, name and colour.
ANN, BOB = ("ann@x", 7, "Ann", None), ("bob@x", 8, None, None)
EVE, SID = ("eve@x", None, None, None), ("sid@x", 9, "Sid", None)
NOBODY, NONE = ("nobody@x", None, None, None), (None, None, None, None)


@pytest.fixture
def chained(case):
    case.database.execute(TABLES)
    case.pipeline.document["lookups"] |= copy.deepcopy(CHAIN)
    case.pipeline.output["columns"] += [
        "email",
        {"account": "accounts.id"},
        {"name": "names.name"},
        {"colour": "badges.colour"},
    ]
    return case


def orders(emails=EMAILS, at=10.0):
    return [checkout(1, n, at=at + n * 0.01, email=email) for n, email in enumerate(emails)]


def looked_up(case) -> set[tuple]:
    return set(case.database.query(f"select email, account, name, colour from {TABLE}"))


def name_of(case, order):
    """None until the row is there, then a tuple."""
    found = case.database.query(f"select user_name from {TABLE} where checkout_id = %s", order.fields["checkout_id"])
    return found[0] if found else None


def said(process) -> str:
    return process.output + process.log


# --- chains


def test_a_chain(chained):
    """70.0 is no bigint: that question is not asked, and stops nothing. `none` is another such."""
    chained.send(*orders())
    chained.finish()
    assert looked_up(chained) == {ANN, BOB, EVE, SID, NOBODY, NONE}
    chained.database.execute("update job_board.names set badge = '70' where user_id = '7'")
    chained.send(*orders(["ann@x"], at=100))
    chained.finish()
    assert looked_up(chained) == {ANN, (*ANN[:3], "red"), BOB, EVE, SID, NOBODY, NONE}


# Of accounts, names and badges; the rows, and how many are filtered and how many dead letters.
POLICIES = [
    (("drop", "keep", "keep"), {ANN, BOB, EVE, SID}, 2, []),
    (("keep", "drop", "keep"), {ANN, SID}, 4, []),
    (("keep", "keep", "dead_letter"), set(), 0, ["badges"] * 6),
    (("drop", "dead_letter", "keep"), {ANN, SID}, 2, ["names"] * 2),
    (("dead_letter", "drop", "keep"), {ANN, SID}, 2, ["accounts"] * 2),
    (("keep", "dead_letter", "drop"), set(), 2, ["names"] * 4),
]


@pytest.mark.parametrize("missing, rows, filtered, dead", POLICIES, ids=["-".join(row[0]) for row in POLICIES])
def test_the_first_that_does_not_keep_decides(chained, missing, rows, filtered, dead):
    for lookup, policy in zip(("accounts", "names", "badges"), missing):
        chained.pipeline.change(f"lookups.{lookup}.missing", policy)
    chained.send(*orders())
    chained.finish()
    assert looked_up(chained) == rows
    assert chained.ledger()["conversion", "filtered"] == filtered
    details = [letter.headers["detail"] for letter in chained.dead_letters()]
    assert sorted(detail.split('"')[1] for detail in details) == dead, details


def test_a_chain_is_the_same_everywhere(bare_case, tmp_path):
    """verify and explain ask the database, replay the same rows in files."""
    bare_case.create_topics(1)
    bare_case.database.execute(TABLES)
    chained = bare_case
    chained.pipeline.document["lookups"] |= copy.deepcopy(CHAIN)
    chained.pipeline.output["columns"] += ["email", {"account": "accounts.id"}, {"name": "names.name"}]
    chained.pipeline.change("lookups.badges", None)
    chained.pipeline.change("lookups.names.missing", "drop")
    sent = [*orders(), click(1, "closing", at=100)]
    chained.send(*sent)
    chained.finish()
    verified = chained.pipeline.run(command="verify")
    assert verified.exit_code == 0 and "agrees" in said(verified) and "note" not in said(verified), said(verified)
    explained = chained.pipeline.run(sent[0].fields["checkout_id"], command="explain")
    assert explained.exit_code == 0, explained.log
    for role in ("clicks", "checkouts"):
        lines = [event.value for event in sent if event.role == role]
        (tmp_path / f"{role}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    for lookup, table in (("users", "commerce.users"), ("accounts", "job_board.users"), ("names", "job_board.names")):
        with (tmp_path / f"{lookup}.csv").open("wb") as file:
            with chained.database.connection.cursor().copy(f"copy {table} to stdout with (format csv, header)") as rows:
                file.writelines(rows)
    arguments = []
    for name in ("clicks", "checkouts"):
        arguments += ["--input", f"{name}={tmp_path / name}.jsonl"]
    for name in ("users", "accounts", "names"):
        arguments += ["--lookup", f"{name}={tmp_path / name}.csv"]
    replayed = chained.pipeline.run(*arguments, command="replay")
    assert replayed.exit_code == 0, replayed.log
    rows = [json.loads(line) for line in replayed.output.splitlines()]
    found = chained.database.query(f"select email, account::text, name from {TABLE}")
    assert sorted((row["email"], str(row["account"]), row["name"]) for row in rows) == sorted(found)
    assert len(found) == 2
    chained.database.execute("delete from job_board.users where email = 'sid@x'")
    changed = chained.pipeline.run(command="verify")
    assert changed.exit_code == 0 and "1 rows differ in columns that come from lookups" in said(changed), said(changed)


def test_a_circle_is_refused(chained):
    chained.pipeline.change("lookups.accounts.match", {"email": "badges.colour"})
    process = chained.pipeline.run()
    assert process.exit_code == 2, process.log
    assert "in a circle: names -> accounts -> badges -> names" in process.log


# --- what is remembered


def counts(watched, lookup="users") -> dict[str, float]:
    samples = watched.metrics()
    return {
        answer: samples[("tributary_lookup_questions_total", lookup, answer)]
        for answer in ("found", "missing", "cached")
    }


class Shop:
    """A running pipeline and one checkout after the other, each final and committed when it returns."""

    def __init__(self, case):
        self.case, self.at = case, 0
        self.watched = watch(case)

    def name_of(self, user) -> str | None:
        self.at += 100
        order = checkout(user, at=self.at, partition=0)
        self.case.send(order, click(1, at=self.at + 50, partition=0))
        return eventually(lambda: name_of(self.case, order), f"the row of user {user}")[0]

    def stop(self) -> None:
        assert self.watched.process.stop() == 0, self.watched.process.log[-3000:]


def rename(case, user, name) -> None:
    change = "on conflict (id) do update set username = excluded.username"
    case.database.execute(f"insert into commerce.users values (%s, %s, '') {change}", user, name)


def test_without_a_cache_each_batch_asks(case):
    shop = Shop(case)
    assert shop.name_of(1) == "user 1" and shop.name_of(100) is None
    rename(case, 1, "new 1")
    rename(case, 100, "new 100")
    assert shop.name_of(1) == "new 1" and shop.name_of(100) == "new 100"
    eventually(lambda: counts(shop.watched) == {"found": 3, "missing": 1, "cached": 0}, "every question was asked")
    assert shop.watched.metrics()[("tributary_lookup_cache_bytes", "users")] == 0
    shop.stop()


def test_a_row_is_remembered(case):
    """For as long as it says, and no longer than the process lives."""
    case.pipeline.change("lookups.users.cache", {"ttl": "1h"})
    shop = Shop(case)
    assert shop.name_of(1) == "user 1"
    rename(case, 1, "new 1")
    assert shop.name_of(1) == "user 1" and shop.name_of(2) == "user 2"
    eventually(lambda: counts(shop.watched) == {"found": 2, "missing": 0, "cached": 1}, "one was remembered")
    assert 0 < shop.watched.metrics()[("tributary_lookup_cache_bytes", "users")] < 10_000
    shop.stop()
    shop.watched = watch(case)
    assert shop.name_of(1) == "new 1"
    shop.stop()


def test_a_row_is_forgotten_in_time(case):
    case.pipeline.change("lookups.users.cache", {"ttl": "2s"})
    shop = Shop(case)
    asked = time.monotonic()
    assert shop.name_of(1) == "user 1"
    rename(case, 1, "new 1")
    names = []
    eventually(lambda: names.append(shop.name_of(1)) or names[-1] == "new 1", "the new name is seen", 20)
    assert time.monotonic() - asked >= 2 and names[0] == "user 1", names
    shop.stop()


def test_that_there_is_no_row_is_remembered_shorter(case):
    case.pipeline.change("lookups.users.cache", {"ttl": "1h", "missing_ttl": "2s"})
    shop = Shop(case)
    asked = time.monotonic()
    assert shop.name_of(1) == "user 1" and shop.name_of(100) is None
    rename(case, 1, "new 1")
    rename(case, 100, "new 100")
    names = []
    eventually(lambda: names.append(shop.name_of(100)) or names[-1] == "new 100", "the new user is seen", 20)
    assert time.monotonic() - asked >= 2 and names[0] is None, names
    assert shop.name_of(1) == "user 1" and shop.name_of(100) == "new 100"
    shop.stop()


def test_a_chain_with_a_cache_in_the_middle(chained):
    """Keys that come from a remembered row are asked of the next table all the same."""
    chained.pipeline.change("lookups.accounts.cache", {"ttl": "1h"})
    watched = watch(chained)
    chained.send(*orders(), click(1, at=50))
    chained.await_rows(6)
    chained.database.execute("insert into job_board.names values ('8', 'Bob', null); update job_board.users set id = 9")
    chained.send(*orders(at=100), click(1, at=200))
    chained.await_rows(12)
    assert watched.process.stop() == 0
    assert looked_up(chained) == {ANN, BOB, (*BOB[:2], "Bob", None), EVE, SID, NOBODY, NONE}


# --- a database that does not answer


def waiting_for_lock(case) -> bool:
    sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return case.database.query(sql)[0][0] > 0


def await_log(process, *words) -> None:
    eventually(
        lambda: all(word in process.log for word in words) or process.exit_code is not None, f"{words} in the log"
    )
    assert process.exit_code is None, process.log[-3000:]


def test_a_table_that_is_locked(chained):
    """The first of the chain answers, the second does not in time: tried again, and the worker goes on turning."""
    chained.pipeline.change("postgres.statement_timeout", "1s")
    chained.send(checkout(1, "first", at=0), click(1, "first", at=60))
    watched = watch(chained)
    await_progress(chained, 1)
    with psycopg.connect(chained.database.url) as other:
        other.execute("lock table job_board.names in access exclusive mode")
        chained.send(*orders(at=100), click(1, at=200))
        eventually(lambda: waiting_for_lock(chained), "the program waits for the lock")
        assert watched.metrics()[("tributary_worker_turn_age_seconds", "0")] < 1
        await_log(watched.process, "commit_retry", 'lookup \\"names\\"', "55P03")
        errors = ("tributary_postgres_errors_total", "55")
        eventually(lambda: watched.metrics().get(errors, 0) >= 2, "the second attempt has its timeouts too")
        assert watched.metrics()[("tributary_worker_turn_age_seconds", "0")] < 1
        assert len(looked_up(chained)) == 1
    chained.await_rows(7)
    assert looked_up(chained) == {ANN, BOB, EVE, SID, NOBODY, NONE}
    assert watched.process.stop() == 0, watched.process.log[-3000:]


@pytest.mark.parametrize("how", ["", "--immediate"])
def test_the_server_is_restarted_in_mid_lookup(chained, servers, how):
    chained.send(checkout(1, "first", at=0), click(1, "first", at=60))
    process = chained.start()
    await_progress(chained, 1)
    other = psycopg.connect(chained.database.url)
    other.execute("lock table job_board.names in access exclusive mode")
    chained.send(*orders(at=100), click(1, at=200))
    eventually(lambda: waiting_for_lock(chained), "the program waits for the lock")
    servers.control("postgres", "stop", *how.split())
    servers.control("postgres", "start")
    other.close()
    chained.database.reconnect()
    chained.await_rows(7)
    assert "commit_retry" in process.log
    assert process.stop() == 0, process.log[-3000:]
    assert looked_up(chained) == {ANN, BOB, EVE, SID, NOBODY, NONE}
