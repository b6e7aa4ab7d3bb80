"""Another version of the program than the one that left the state: an older state is brought forward and goes on, a
newer one is refused."""

import re
from pathlib import Path

import pytest

from events import checkout, click
from history import history

MIGRATIONS = sorted((Path(__file__).resolve().parents[2] / "sql/migrations").glob("*.sql"))


def take_back(case, version: int) -> None:
    """The tables as that version had them, with what they hold: what later migrations have added is dropped."""
    for migration in MIGRATIONS[version:]:
        sql = migration.read_text()
        for table, columns in re.findall(r"^ALTER TABLE (\S+)\n((?:    ADD COLUMN .*\n)+)", sql, re.M):
            for column in re.findall(r"ADD COLUMN IF NOT EXISTS (\w+)", columns):
                case.database.execute(f"alter table {table} drop column {column}")
        for table in re.findall(r"CREATE TABLE IF NOT EXISTS (\S+)", sql):
            case.database.execute(f"drop table {table}")
    case.database.execute(f"delete from tributary.schema_version where version > {version}")


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_state_of_an_older_version_goes_on(case, rnd, version):
    events = history(rnd, 1500)
    case.send(*events[:800])
    case.finish()
    take_back(case, version)
    case.send(*events[800:])
    log = case.settle().log
    assert f"event=schema_created schema=tributary version={len(MIGRATIONS)}" in log
    assert ("event=rereading" in log) == (version < 2)  # there was no changelog yet


def test_tables_of_a_newer_version_are_refused(case):
    case.send(click(1, at=0), checkout(1, at=1))
    case.settle()
    before = case.rows()
    case.database.execute("insert into tributary.schema_version (version) values (99)")
    case.send(click(2, at=2), checkout(2, at=3))
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2
    assert f'schema "tributary" have version 99, this program knows {len(MIGRATIONS)}' in process.log
    assert "hint: run a newer tributary" in process.log
    assert case.rows() == before


@pytest.mark.parametrize(
    "mishap", ["raise 'full' using errcode = '53100'", "perform pg_terminate_backend(pg_backend_pid())"]
)
def test_a_migration_that_fails_for_now_is_begun_anew(case, mishap):
    """Twice, in the middle of its transaction; a sequence is not rolled back."""
    case.database.execute("create sequence tries")
    case.database.execute(
        "create function mishap() returns event_trigger language plpgsql as "
        f"$$begin if nextval('tries') <= 2 then {mishap}; end if; end$$"
    )
    when = "ddl_command_start when tag in ('CREATE TABLE')"
    case.database.execute(f"create event trigger mishap on {when} execute function mishap()")
    case.send(click(1, at=0), checkout(1, at=1))
    log = case.settle().log
    assert "event=schema_created" in log
    assert case.database.query("select last_value from tries")[0][0] > 2
