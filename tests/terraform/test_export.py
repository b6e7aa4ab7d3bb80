"""The export to BigQuery: brings the table over row by row, with late corrections, any number of times, and computes
what a query over the whole table in Postgres computes."""

import random
from datetime import datetime, timedelta, timezone
from string import Template

import psycopg
import pytest
import sqlglot
from sqlglot import exp
from warehouse import NAMES, SQL, Warehouse, code, rendered, statements, tables

START = datetime(2026, 3, 1, tzinfo=timezone.utc)

# What gold must say, computed by Postgres from its own table, with its own functions.
EXPECTED = {
    "silver.attributed_checkouts": """select checkout_id, user_name, click_id, product_id, payment_method, total_amount,
        shipping_address, billing_address, user_agent, ip_address, checkout_time at time zone 'UTC',
        click_time at time zone 'UTC', attributed_at from commerce.attributed_checkouts""",
    "silver.attributed_applications": """select application_id, username, event_id, user_agent, ip_address, job_uuid,
        job_title, company_name, applied_at, click_time, attributed_at
        from job_board.attributed_successful_applications""",
    "gold.checkouts_by_product_day": """select checkout_time::date, product_id, count(*), count(click_id),
        count(click_id)::float8 / count(*), coalesce(sum(total_amount), 0),
        coalesce(sum(total_amount) filter (where click_id is not null), 0)
        from commerce.attributed_checkouts group by 1, 2""",
    "gold.checkouts_by_day": """select checkout_time::date, count(*), count(click_id),
        count(click_id)::float8 / count(*), coalesce(sum(total_amount), 0),
        coalesce(sum(total_amount) filter (where click_id is not null), 0), {}
        from commerce.attributed_checkouts,
        lateral (select extract(epoch from checkout_time - click_time)::float8 as seconds) s group by 1""",
    "gold.revenue_by_first_click": """select click_time::date, click_id, product_id, click_time at time zone 'UTC',
        count(*), count(distinct user_name), coalesce(sum(total_amount), 0), min(checkout_time) at time zone 'UTC',
        max(checkout_time) at time zone 'UTC'
        from commerce.attributed_checkouts where click_id is not null group by click_time, click_id, product_id""",
    "gold.applications_by_job_day": """select (applied_at at time zone 'UTC')::date, job_uuid, max(job_title),
        max(company_name), count(*), count(click_time), count(click_time)::float8 / count(*)
        from job_board.attributed_successful_applications group by 1, 2""",
    "gold.applications_by_day": """select (applied_at at time zone 'UTC')::date, count(*), count(click_time),
        count(click_time)::float8 / count(*), {}
        from job_board.attributed_successful_applications,
        lateral (select extract(epoch from applied_at - click_time)::float8 as seconds) s group by 1""",
}
QUANTILES = ", ".join(f"percentile_disc({q}) within group (order by seconds)" for q in (0.1, 0.5, 0.9, 0.99))


class Shop:
    """Writes rows as the pipeline does, at moments of the test's own choosing."""

    def __init__(self, db, seed: int):
        self.db, self.rnd, self.number = db, random.Random(seed), 0
        self.ids = {"checkouts": [], "applications": []}

    def at(self, days: float) -> datetime:
        return START + timedelta(days=days)

    def checkout(self, number: int, moved: bool = False) -> dict:
        time = self.at(self.rnd.uniform(0, 5)).replace(tzinfo=None)
        click = self.rnd.random() < 0.6
        return {
            "checkout_id": f"o{number}",
            "user_name": self.rnd.choice([None, "ann", "bob", "cyd"]),
            "click_id": f"c{number % 17}-{time:%d%H}" if click else None,
            "product_id": f"p{number % 5}",
            "payment_method": self.rnd.choice(["card", "vou'cher"]),
            "total_amount": self.rnd.choice([None, self.rnd.randrange(100000) / 100]),
            "shipping_address": "1 Long Road\nTown",
            "checkout_time": time,
            "click_time": time.replace(minute=0, second=0, microsecond=0) if click else None,
        }

    def application(self, number: int) -> dict:
        time = self.at(self.rnd.uniform(0, 5))
        click = self.rnd.random() < 0.6
        return {
            "application_id": f"a{number}",
            "username": f"user{number % 7}@example.org",
            "event_id": self.rnd.choice([None, number]) if click else None,
            "job_uuid": f"j{number % 4}",
            "job_title": f"Baker {number % 4}",
            "company_name": "Bread and Sons",
            "applied_at": time,
            "click_time": time - timedelta(seconds=self.rnd.randrange(3600)) if click else None,
        }

    def write(self, rows: int, corrections: int = 0) -> None:
        """New rows and corrections of earlier ones in one transaction."""
        for kind, table, key, make in (
            ("checkouts", "commerce.attributed_checkouts", "checkout_id", self.checkout),
            ("applications", "job_board.attributed_successful_applications", "application_id", self.application),
        ):
            numbers = self.rnd.sample(self.ids[kind], min(corrections, len(self.ids[kind])))
            numbers += range(self.number, self.number + rows)
            self.ids[kind] += range(self.number, self.number + rows)
            with self.db.transaction():
                for number in numbers:
                    upsert(self.db, table, key, make(number))
        self.number += rows

    def age(self, days: float, warehouse) -> None:
        """As if all that is there had been written, and brought over, that much earlier."""
        for table in ("commerce.attributed_checkouts", "job_board.attributed_successful_applications"):
            self.db.execute(f"alter table {table} disable trigger stamp_attributed_at")
            self.db.execute(f"update {table} set attributed_at = attributed_at - %s", [timedelta(days=days)])
            self.db.execute(f"alter table {table} enable trigger stamp_attributed_at")
        for name in ("attributed_checkouts", "attributed_applications"):
            sql = f"update silver.{name} set attributed_at = attributed_at - interval {round(days * 86400)} second"
            warehouse.db.execute(sql)


def upsert(db, table: str, key: str, row: dict) -> None:
    sets = ", ".join(f"{name} = excluded.{name}" for name in row if name != key)
    db.execute(
        f"insert into {table} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))}) "
        f"on conflict ({key}) do update set {sets}",
        list(row.values()),
    )


@pytest.fixture
def shop(database):
    return Shop(database, 7)


@pytest.fixture
def warehouse(database):
    return Warehouse(database)


def run(warehouse, **options) -> None:
    for name in ("checkouts", "applications"):
        warehouse.run(name, **options)


def check(warehouse) -> None:
    found = warehouse.contents()
    for name, query in EXPECTED.items():
        wanted = warehouse.source.execute(query.replace("{}", QUANTILES)).fetchall()
        assert [plain(r) for r in sorted(wanted, key=key)] == [plain(r) for r in sorted(found[name], key=key)], name


def plain(row) -> list:
    """Numbers as numbers; DuckDB and psycopg differ in the objects they make."""
    return [
        v.astimezone(timezone.utc) if isinstance(v, datetime) else round(float(v), 9) if is_number(v) else v
        for v in row
    ]


def is_number(value) -> bool:
    return hasattr(value, "real") or hasattr(value, "as_tuple")


def key(row) -> str:
    return repr(plain(row))


def test_the_first_run_brings_everything(shop, warehouse):
    shop.write(200)
    shop.age(400, warehouse)
    shop.write(50)
    run(warehouse)
    check(warehouse)
    assert len(warehouse.contents()["silver.attributed_checkouts"]) == 250


def test_twice_is_once(shop, warehouse):
    shop.write(150)
    run(warehouse)
    before = warehouse.contents()
    run(warehouse)
    assert warehouse.contents() == before
    check(warehouse)


@pytest.mark.parametrize("seed", range(5))
def test_late_corrections(database, warehouse, seed):
    """Rows and corrections of old rows, in many runs; days that were counted long ago change too."""
    shop = Shop(database, seed)
    for _ in range(8):
        shop.write(rows=25, corrections=10)
        run(warehouse)
        check(warehouse)
        shop.age(3, warehouse)


def test_only_what_is_new_is_asked_for(shop, warehouse):
    shop.write(100)
    shop.age(30, warehouse)
    run(warehouse)
    shop.write(0, corrections=3)
    run(warehouse)
    for query in warehouse.asked[-2:]:
        assert len(warehouse.source.execute(query).fetchall()) <= 100
    shop.age(2, warehouse)
    shop.write(5)
    run(warehouse)
    run(warehouse)
    assert [len(warehouse.source.execute(query).fetchall()) for query in warehouse.asked[-2:]] == [5, 5]
    check(warehouse)


def test_a_row_that_did_not_change_is_not_new(shop, database):
    row = shop.checkout(1)
    upsert(database, "commerce.attributed_checkouts", "checkout_id", row)
    (first,) = database.execute("select attributed_at from commerce.attributed_checkouts").fetchone()
    upsert(database, "commerce.attributed_checkouts", "checkout_id", row)
    assert database.execute("select attributed_at from commerce.attributed_checkouts").fetchone() == (first,)
    upsert(database, "commerce.attributed_checkouts", "checkout_id", {**row, "click_id": "another"})
    assert database.execute("select attributed_at from commerce.attributed_checkouts").fetchone()[0] > first


def test_a_commit_that_came_late(shop, warehouse, database, another):
    """A transaction that began before rows of the last run, and committed after it."""
    with another.transaction():
        another.execute("select now()")
        shop.write(20)
        run(warehouse)
        upsert(another, "commerce.attributed_checkouts", "checkout_id", shop.checkout(1000))
    run(warehouse)
    check(warehouse)


def test_deleted_rows_go(shop, warehouse, database):
    shop.write(80)
    run(warehouse)
    database.execute("delete from commerce.attributed_checkouts where checkout_id < 'o3'")
    database.execute("delete from job_board.attributed_successful_applications where job_uuid = 'j1'")
    run(warehouse)
    check(warehouse)


def test_all_rows_deleted(shop, warehouse, database):
    shop.write(10)
    run(warehouse)
    database.execute("truncate commerce.attributed_checkouts, job_board.attributed_successful_applications")
    run(warehouse)
    check(warehouse)


def test_an_old_row_that_was_deleted_goes_with_a_fresh_start(shop, warehouse, database):
    shop.write(30)
    shop.age(10, warehouse)
    shop.write(10)
    run(warehouse)
    database.execute("delete from commerce.attributed_checkouts where checkout_id = 'o1'")
    run(warehouse)
    with pytest.raises(AssertionError):
        check(warehouse)
    warehouse.db.execute("truncate silver.attributed_checkouts")
    run(warehouse)
    check(warehouse)


@pytest.mark.parametrize("at", ["merge", "insert into `p.gold.checkouts_by_day`", "commit"])
def test_a_run_that_fails_leaves_all_as_it_was(shop, warehouse, at):
    shop.write(60)
    run(warehouse)
    shop.write(30, corrections=20)
    before = warehouse.contents()
    with pytest.raises(InterruptedError):
        warehouse.run("checkouts", fail_at=at)
    assert warehouse.contents() == before
    run(warehouse)
    check(warehouse)


def test_an_empty_table(warehouse):
    run(warehouse)
    assert not any(warehouse.contents().values())


def test_after_a_pause_of_weeks(shop, warehouse):
    shop.write(50)
    shop.age(60, warehouse)
    run(warehouse)
    shop.write(40, corrections=30)
    shop.age(30, warehouse)
    shop.write(40, corrections=10)
    run(warehouse, repair_hours=1)
    check(warehouse)


def test_a_correction_that_moves_a_row_to_a_later_day(shop, warehouse, database):
    """The day that it leaves, and the day of the click that it leaves, are counted anew."""
    shop.write(60)
    shop.age(30, warehouse)
    late = {"checkout_id": "late", "checkout_time": "2026-03-05 12:00", "click_time": "2026-03-05 11:00", "click_id": "c"}
    upsert(database, "commerce.attributed_checkouts", "checkout_id", late)
    late = {"application_id": "late", "applied_at": "2026-03-05 12:00Z", "job_uuid": "j"}
    upsert(database, "job_board.attributed_successful_applications", "application_id", late)
    run(warehouse)
    database.execute(
        "update commerce.attributed_checkouts set checkout_time = '2026-03-05 13:00', click_id = 'other', "
        "click_time = '2026-03-05 12:30' where checkout_id = (select checkout_id from commerce.attributed_checkouts "
        "where click_id is not null order by checkout_time limit 1)"
    )
    database.execute(
        "update job_board.attributed_successful_applications set applied_at = '2026-03-05 13:00Z' where application_id = "
        "(select application_id from job_board.attributed_successful_applications order by applied_at limit 1)"
    )
    run(warehouse)
    check(warehouse)


def test_days_before_stay_untouched(shop, warehouse, database):
    """Gold is replaced from the earliest day that changed, and only from there."""

    def write(id: str, day: float) -> None:
        row = {**shop.checkout(1), "checkout_id": id, "checkout_time": shop.at(day).replace(tzinfo=None)}
        row["click_time"] = row["click_id"] = None
        upsert(database, "commerce.attributed_checkouts", "checkout_id", row)

    shop.write(100)
    shop.age(30, warehouse)
    write("new", 4.2)
    warehouse.run("checkouts")
    for table in ("checkouts_by_day", "checkouts_by_product_day"):
        warehouse.db.execute(f"update gold.{table} set revenue = -1")
    write("newer", 3.5)
    warehouse.run("checkouts")
    days = warehouse.db.execute("select day, revenue = -1 from gold.checkouts_by_day order by day").fetchall()
    assert [untouched for _, untouched in days] == [True, True, True, False, False]


@pytest.mark.parametrize("name", ["checkouts", "applications"])
def test_the_script_is_bigquery_sql(name):
    """Parsed by sqlglot; nothing is left that it does not understand, and no name of a template."""
    script = rendered(name, 24)
    assert "${" not in script and "$" not in script
    kinds = [type(sqlglot.parse_one(code(s), dialect="bigquery")) for s in statements(script) if plain_sql(code(s))]
    assert kinds.count(exp.Merge) == 1 and exp.Command not in kinds
    assert kinds[-1] is exp.Commit and exp.Transaction in kinds


def plain_sql(statement: str) -> bool:
    return statement.split()[0] not in ("declare", "set", "execute")


@pytest.mark.parametrize("view", [f.stem for f in SQL.glob("gold/*.sql")])
def test_views_are_bigquery_sql(view):
    sqlglot.parse_one(Template((SQL / f"gold/{view}.sql").read_text()).substitute(NAMES), dialect="bigquery")


@pytest.mark.parametrize("name", ["checkouts", "applications"])
def test_every_column_is_written(name):
    """The insert of each table names all the columns that its schema has, in their order."""
    inserts = {}
    for statement in map(code, statements(rendered(name, 24))):
        tree = sqlglot.parse_one(statement, dialect="bigquery") if plain_sql(statement) else None
        for insert in tree.find_all(exp.Insert) if tree is not None else []:
            target = insert.this if isinstance(insert.this, (exp.Schema, exp.Tuple)) else None
            table = target.this.name if isinstance(target, exp.Schema) else f"attributed_{name}"
            inserts[table] = [column.name for column in target.expressions]
    own = {t: [c["name"] for c in columns] for _, t, columns in tables() if t in inserts}
    assert inserts == own and len(inserts) == (4 if name == "checkouts" else 3)


def test_every_column_is_described():
    for _, table, columns in tables():
        assert all(len(column["description"]) > 5 for column in columns), table


def test_the_rights(database, another_url):
    """What grants/*.sql give is enough for the program and the reader, and the reader cannot do more."""
    tables_ = "commerce.attributed_checkouts, job_board.attributed_successful_applications"
    names = {"program": "tributary@p.iam", "reader": "bigquery", "schemas": "commerce, job_board", "tables": tables_}
    names |= {"lookups": "commerce.users, job_board.users", "database": database.info.dbname}
    database.execute("drop role if exists cloudsqlsuperuser")
    database.execute("create role cloudsqlsuperuser createdb createrole in role pg_read_all_data, pg_write_all_data")
    database.execute("create role \"tributary@p.iam\" login password 'p'")
    database.execute("create role bigquery login password 'p' createdb createrole in role cloudsqlsuperuser")
    try:
        for user in ("program", "reader"):
            database.execute(Template((SQL / f"grants/{user}.sql").read_text()).substitute(names))
        for name in ("checkouts", "applications"):
            query = Template((SQL / f"source/{name}.sql").read_text()).substitute(since="1970-01-01 00:00:00+00")
            with psycopg.connect(another_url, user="bigquery", password="p", autocommit=True) as reader:
                reader.execute(query)
                for refused in (
                    "select * from commerce.users",
                    "delete from commerce.attributed_checkouts",
                    "create role another",
                    "create schema own",
                ):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        reader.execute(refused)
        with psycopg.connect(another_url, user="tributary@p.iam", password="p", autocommit=True) as program:
            program.execute("create schema tributary")
            upsert(program, "commerce.attributed_checkouts", "checkout_id", {"checkout_id": "o1", "click_id": None})
            upsert(program, "commerce.attributed_checkouts", "checkout_id", {"checkout_id": "o1", "click_id": "c"})
            program.execute("select * from commerce.users")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                program.execute("delete from commerce.attributed_checkouts")
    finally:
        for role in ("tributary@p.iam", "bigquery", "cloudsqlsuperuser"):
            database.execute(f'drop owned by "{role}" cascade; drop role "{role}"')
