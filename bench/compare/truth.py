"""The right answer, computed once by plain SQL, and how a contender's table compares with it."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
CHUNK = 1 << 20
# Lines as they are: neither of these bytes is in any JSON.
LINES = "format csv, delimiter E'\\x01', quote E'\\x02'"
COLUMNS = (
    "checkout_id, user_name, click_id, product_id, payment_method, total_amount::numeric(5, 2), shipping_address, "
    "billing_address, user_agent, ip_address, checkout_time::timestamp, click_time::timestamp"
)


@dataclass(frozen=True)
class Verdict:
    right: int
    wrong: int
    missing: int  # of those that were to be expected
    excused: int  # rows of users without a name, where the engine drops these


class Truth:
    """In a database that has the users."""

    def __init__(self, url: str, events: Path):
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("set work_mem = '256MB'")
        for name in ("click", "checkout"):
            self.connection.execute(f"create unlogged table raw_{name} (event json)")
            self._load(f"raw_{name}", events / f"{name}s.jsonl")
        self.connection.execute((HERE / "truth.sql").read_text())
        for table in ("click", "expected"):  # now, so that the server does not do it by itself during a run
            self.connection.execute(f"vacuum (analyze) {table}")
        sql = "select count(*), count(clicks), count(*) filter (where user_name is null) from expected"
        self.rows, self.attributed, self.unknown = self.connection.execute(sql).fetchone()

    def _load(self, table: str, file: Path) -> None:
        with open(file, "rb") as lines, self.connection.cursor().copy(f"copy {table} from stdin ({LINES})") as copy:
            while chunk := lines.read(CHUNK):
                copy.write(chunk)

    def compare(self, url: str, keeps_unknown_users: bool) -> Verdict:
        self._fetch(url)
        right, wrong, missing, unknown = self.connection.execute((HERE / "verdict.sql").read_text()).fetchone()
        excused = 0 if keeps_unknown_users else unknown
        return Verdict(right, wrong, missing - excused, excused)

    def _fetch(self, url: str) -> None:
        self.connection.execute("drop table if exists actual")
        self.connection.execute(
            f"create temp table actual as select {COLUMNS} from commerce.attributed_checkouts with no data"
        )
        rows = f"select {COLUMNS} from commerce.attributed_checkouts where checkout_id not like 'sentinel-%'"
        with psycopg.connect(url) as other, other.cursor().copy(f"copy ({rows}) to stdout") as out:
            with self.connection.cursor().copy("copy actual from stdin") as into:
                for data in out:
                    into.write(data)
        self.connection.execute("analyze actual")

    def write_rows(self, file: Path, rows: int) -> None:
        """That many rows as COPY writes them: those of the table, again and again, each with an id of its own."""
        sql = (
            "select gen_random_uuid(), user_name, clicks[1], product_id, payment_method, total_amount, "
            "shipping_address, billing_address, user_agent, ip_address, checkout_time, click_time "
            f"from generate_series(1, {rows // self.rows + 1}), (select * from expected order by checkout_time) e "
            f"limit {rows}"
        )
        with open(file, "wb") as out, self.connection.cursor().copy(f"copy ({sql}) to stdout") as copy:
            for data in copy:
                out.write(data)
