"""The export to BigQuery, played by other databases: Postgres answers the external query itself, and DuckDB runs the
script, translated from BigQuery's SQL by sqlglot. What only BigQuery's scripts have (declare, set, execute immediate)
is done here; every other statement is the file's own."""

import json
from functools import cache
from pathlib import Path
from string import Template

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "sql/bigquery"
NAMES = {"silver": "p.silver", "gold": "p.gold", "connection": "p.eu.attribution"}
TYPES = {"STRING": "varchar", "NUMERIC": "decimal(38, 9)", "INTEGER": "bigint", "TIMESTAMP": "timestamptz"}
TYPES |= {"FLOAT": "double", "DATE": "date"}


def tables() -> list[tuple[str, str, list[dict]]]:
    """Dataset, table, columns."""
    return [(f.parent.name, f.stem, json.loads(f.read_text())) for f in sorted(SQL.glob("schema/*/*.json"))]


@cache
def rendered(name: str, repair_hours: int) -> str:
    """A script as Terraform's templatefile makes it."""
    source = Template((SQL / f"source/{name}.sql").read_text()).substitute(since="%s").strip()
    return Template((SQL / f"{name}.sql").read_text()).substitute(NAMES, source=source, repair_hours=repair_hours)


@cache
def statements(script: str) -> list[str]:
    """Split where BigQuery splits it: not within strings."""
    start, parts = 0, []
    for token in sqlglot.tokenize(script, dialect="bigquery"):
        if token.token_type == TokenType.SEMICOLON:
            parts.append(script[start : token.start].strip())
            start = token.end + 1
    assert not script[start:].strip(), "the script ends within a statement"
    return parts


def code(statement: str) -> str:
    """Without the comments before it."""
    lines = statement.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("--")):
        lines.pop(0)
    return "\n".join(lines)


@cache
def parsed(statement: str) -> exp.Expression:
    tree = sqlglot.parse_one(statement, dialect="bigquery")
    assert not isinstance(tree, exp.Command), f"not understood: {statement}"
    return tree


def duck(statement: str, variables: dict) -> str:
    """A statement in DuckDB's SQL, the script's variables replaced by their values."""
    tree = parsed(statement)

    def value(node):
        if isinstance(node, exp.Column) and node.sql("bigquery") in variables:
            return variables[node.sql("bigquery")].copy()
        if isinstance(node, exp.Table) and node.catalog:
            node = node.copy()
            node.set("catalog", None)
        return node

    return tree.transform(value).sql("duckdb")


class Warehouse:
    """BigQuery's two datasets, in memory."""

    def __init__(self, source):
        """source: a connection to Postgres."""
        self.source, self.db = source, duckdb.connect()
        self.db.execute("set TimeZone = 'UTC'")
        for dataset in ("silver", "gold"):
            self.db.execute(f"create schema {dataset}")
        for dataset, table, columns in tables():
            lines = [f"{c['name']} {TYPES[c['type']]}" + " not null" * (c["mode"] == "REQUIRED") for c in columns]
            self.db.execute(f"create table {dataset}.{table} ({', '.join(lines)})")
        for view in SQL.glob("gold/*.sql"):
            query = Template(view.read_text()).substitute(NAMES)
            self.db.execute(f"create view gold.{view.stem} as {duck(query, {})}")
        self.asked, self.replaced = [], {}

    def run(self, name: str, repair_hours: int = 24, fail_at: str = "") -> None:
        """fail_at: the statement that begins with this does not come to its end."""
        variables = {}
        try:
            for statement in map(code, statements(rendered(name, repair_hours))):
                if fail_at and statement.startswith(fail_at):
                    raise InterruptedError(fail_at)
                self._statement(name, statement, variables)
        except Exception:
            if fail_at:
                self.db.execute("rollback")
            raise
        finally:
            for table in ("changed", "before"):
                self.db.execute(f"drop table if exists temp.{table}")
        self.replaced = {n: v.this for n, v in variables.items()}

    def _statement(self, name: str, statement: str, variables: dict) -> None:
        word, rest = statement.split(None, 1)
        if word == "declare":
            variable, rest = rest.split(None, 1)
            default = rest.partition(" default ")[2]
            variables[variable] = self._value(f"select {default}", variables) if default else exp.null()
        elif word == "set":
            variable, _, value = rest.partition("=")
            variables[variable.strip()] = self._value(f"select {value}", variables)
        elif word == "execute":
            self._external(name, statement, variables["since"])
        else:
            self.db.execute(duck(statement, variables))

    def _value(self, query: str, variables: dict):
        value = self.db.execute(duck(query, variables)).fetchone()[0]
        if value is None:
            return exp.null()
        kind = "timestamptz" if hasattr(value, "hour") else "date"
        return exp.cast(exp.Literal.string(value.isoformat()), kind)

    def _external(self, name: str, statement: str, since) -> None:
        """What BigQuery makes of the format string, cut out of the text; Postgres answers it."""
        query = statement.split('"""')[1]
        assert statement.startswith("execute immediate format('''") and query.count("%") == query.count("%s") == 1
        query = query.replace("%s", since.this.this.replace("T", " "))
        self.asked.append(query)
        assert len(query) < 10000 and "\\" not in query
        cursor = self.source.execute(query)
        columns = [column.name for column in cursor.description]
        types = self._types_of(name)
        assert columns == list(types), "the external query has the columns of silver, in their order"
        made = ", ".join(f"{column} {kind}" for column, kind in types.items())
        self.db.execute(f"create temp table changed ({made})")
        rows = cursor.fetchall()
        if rows:
            line = f"({', '.join('?' * len(columns))})"
            values = [value for row in rows for value in row]
            self.db.execute(f"insert into changed values {', '.join([line] * len(rows))}", values)

    def _types_of(self, name: str) -> dict:
        columns = json.loads((SQL / f"schema/silver/attributed_{name}.json").read_text())
        return {column["name"]: TYPES[column["type"]] for column in columns}

    def contents(self) -> dict:
        """All tables and views, row by row."""
        names = [f"{dataset}.{table}" for dataset, table, _ in tables()]
        names += [f"gold.{view.stem}" for view in SQL.glob("gold/*.sql")]
        return {name: sorted(self.db.execute(f"from {name}").fetchall(), key=repr) for name in names}
