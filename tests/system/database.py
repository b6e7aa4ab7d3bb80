"""A database of its own for every test, copied from a template with the example's tables and users in it."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "tributary_template"
USERS = 100  # ids 0..99, as in the shop; user 100 places orders and does not exist


class Server:
    def __init__(self, url: str):
        self.url = url
        with self.connect() as admin:
            admin.execute(f"create database {TEMPLATE}")
        with psycopg.connect(self.url_of(TEMPLATE), autocommit=True) as template:
            template.execute((ROOT / "examples/checkouts/tables.sql").read_text())
            template.execute(
                "insert into commerce.users select n, 'user ' || n, 'secret' from generate_series(0, %s) n", [USERS - 1]
            )

    def connect(self):
        return psycopg.connect(self.url, autocommit=True)

    def url_of(self, name: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def create(self, name: str) -> "Database":
        with self.connect() as admin:
            admin.execute(f"create database {name} template {TEMPLATE}")
            # A zone far from UTC: nothing may depend on the session's.
            admin.execute(f"alter database {name} set timezone = 'America/Edmonton'")
        return Database(self, name)


class Database:
    def __init__(self, server: Server, name: str):
        self.server, self.name, self.url = server, name, server.url_of(name)
        self._connection = None

    @property
    def connection(self):
        """Open, and anew after the server was restarted."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.url, autocommit=True)
        return self._connection

    def reconnect(self) -> None:
        """Forgets a connection that the server's restart broke."""
        if self._connection is not None:
            self._connection.close()

    def query(self, sql: str, *values) -> list[tuple]:
        return self.connection.execute(sql, values or None).fetchall()

    def execute(self, sql: str, *values) -> None:
        self.connection.execute(sql, values or None)

    def exists(self, table: str) -> bool:
        return self.query("select to_regclass(%s) is not null", table)[0][0]

    def rows(self) -> list[dict]:
        """The table of results, without the column that the pipeline does not fill."""
        cursor = self.connection.cursor(row_factory=psycopg.rows.dict_row)
        rows = cursor.execute("select * from commerce.attributed_checkouts order by checkout_id").fetchall()
        return [{name: value for name, value in row.items() if name != "attributed_at"} for row in rows]

    def progress(self) -> list[dict]:
        """The progress of every partition; each test has one pipeline."""
        cursor = self.connection.cursor(row_factory=psycopg.rows.dict_row)
        sql = (
            "select partition, epoch, touch_ledger, conversion_ledger, coalesce(touch_offset, 0) as touch_offset, "
            "coalesce(conversion_offset, 0) as conversion_offset from tributary.progress order by partition"
        )
        return cursor.execute(sql).fetchall()

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        with self.server.connect() as admin:
            admin.execute(f"drop database {self.name} with (force)")
