"""bench/run: what it says of a run is so."""

import json
import os
import subprocess
import sys
import time

import pytest

from compare.measure import Running, Sampler
from compare.truth import Truth
from conftest import unavailable
from pipeline import FLAGSHIP, PROGRAM, ROOT

RIGHT = 300
SPOILT = {
    "nothing": ("select 1", (RIGHT, 0, 0)),
    "a sentinel": ("insert into {} (checkout_id) values ('sentinel-1')", (RIGHT, 0, 0)),
    "a row is missing": ("delete from {} where checkout_id = (select min(checkout_id) from {})", (RIGHT - 1, 0, 1)),
    "a row of no checkout": ("insert into {} (checkout_id) values ('never')", (RIGHT, 1, 0)),
    "a later click": ("update {} set click_time = click_time + interval '1 ms' where {first}", (RIGHT - 1, 1, 0)),
    "another click": ("update {} set click_id = 'other' where {first}", (RIGHT - 1, 1, 0)),
    "no click": ("update {} set click_id = null, click_time = null where {first}", (RIGHT - 1, 1, 0)),
    "no name": ("update {} set user_name = null where {first}", (RIGHT - 1, 1, 0)),
}
FIRST = "checkout_id = (select min(checkout_id) from {} where click_id is not null and user_name is not null)"


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Of a small shop, and its rows as the pipeline makes them."""
    folder = tmp_path_factory.mktemp("shop")
    sizes = ["--clicks", "3000", "--checkouts", str(RIGHT), "--users", "20", "--products", "5"]
    subprocess.run([PROGRAM, "generate", "-q", "-o", folder, *sizes], check=True)
    files = [f"--input={role}={folder / role}.jsonl" for role in ("clicks", "checkouts")]
    files += [f"--lookup=users={folder / 'users.csv'}", f"--output={folder / 'rows.jsonl'}"]
    subprocess.run([PROGRAM, "replay", "-q", FLAGSHIP, *files], check=True)
    return folder


@pytest.fixture
def table(database, events):
    """The rows in their table, the users in theirs."""
    database.execute("truncate commerce.users")
    with database.connection.cursor().copy("copy commerce.users from stdin (format csv, header)") as copy:
        copy.write((events / "users.csv").read_bytes())
    name = "commerce.attributed_checkouts"
    rows = f"[{','.join((events / 'rows.jsonl').read_text().splitlines())}]"
    base = f"jsonb_populate_record(null::{name}, jsonb_build_object('attributed_at', now()))"
    database.execute(f"insert into {name} select * from json_populate_recordset({base}, %s)", rows)
    return name


@pytest.mark.parametrize("spoilt", SPOILT)
def test_rows_are_judged(database, events, table, spoilt):
    sql, expected = SPOILT[spoilt]
    database.execute(sql.replace("{first}", FIRST).replace("{}", table))
    verdict = Truth(database.url, events).compare(database.url, keeps_unknown_users=True)
    assert (verdict.right, verdict.wrong, verdict.missing) == expected


def test_rows_of_unknown_users_are_excused(database, events, table):
    database.execute(f"delete from {table} where user_name is null")
    truth = Truth(database.url, events)
    assert truth.unknown > 0
    verdict = truth.compare(database.url, keeps_unknown_users=False)
    assert (verdict.right, verdict.missing, verdict.excused) == (RIGHT - truth.unknown, 0, truth.unknown)
    assert truth.compare(database.url, keeps_unknown_users=True).missing == truth.unknown


CHILD = "import time; held = bytearray(80_000_000)\nwhile time.process_time() < 0.4: pass"
PARENT = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {CHILD!r}]); time.sleep(60)"


def test_children_are_charged(tmp_path):
    """Processor time of a child that has ended; memory of one while it lives."""
    sampler = Sampler(os.getpid(), os.getpid())
    sampler.take(0.0)
    process = Running([sys.executable, "-c", PARENT], {}, tmp_path)
    try:
        deadline = time.monotonic() + 60
        while sampler.samples[-1].cpu < 0.4 or len(sampler.samples) < 3:
            assert time.monotonic() < deadline, sampler.samples
            process.ended.wait(0.05)
            sampler.take(time.time() - process.since, process.pid)
    finally:
        process.stop()
    assert sampler.memory > 80_000_000
    assert sampler.until(sampler.samples[-1].at).cpu >= 0.4
    assert process.exit_code == -15


def test_a_comparison(program, tmp_path):
    """The whole command, with what needs no other engine."""
    if not (program.parent / "bench/consumer").exists():
        unavailable(f"there is no {program.parent}/bench/consumer; scripts/build makes it")
    sizes = ["--clicks", "5000", "--checkouts", "500", "--users", "100", "--products", "10", "--sink-rows", "2000"]
    options = ["--only", "consumer,1 worker,writing", "--quiet", "2", "--output", tmp_path]
    line = [ROOT / "bench/run", *sizes, *options]
    done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, "TRIBUTARY": str(program)})
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "benchmarks.json").read_text())
    assert [run["right"] for run in results["runs"]] == [None, None, 500]
    assert all(run["wall"] > 0 and run["cpu"] > 0 and run["memory"] > 0 for run in results["runs"])
    assert [written["rows"] for written in results["written"]][:3] == [2000, 2000, 2000]
    assert "| Tributary" in (tmp_path / "benchmarks.md").read_text()
    assert (tmp_path / "benchmarks.svg").exists()
