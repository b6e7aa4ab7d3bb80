"""The job of examples/checkouts/pipeline.yaml on Pathway; where everything is, the environment says."""

import os

import pathway as pw
import psycopg

HOUR = pw.Duration(hours=1)
BATCH_MS = 1000


class Click(pw.Schema):
    click_id: str
    user_id: int
    product_id: str
    datetime_occured: str


class Checkout(pw.Schema):
    checkout_id: str
    user_id: int
    product_id: str
    payment_method: str
    total_amount: float
    shipping_address: str
    billing_address: str
    user_agent: str
    ip_address: str
    datetime_occured: str


class Users:
    """Names by id: those of the start are loaded at once, later ones looked up when first seen."""

    def __init__(self, url: str):
        self.connection = psycopg.connect(url, autocommit=True)
        self.names = dict(self.connection.execute("select id, username from commerce.users").fetchall())

    def name_of(self, user: int) -> str | None:
        if user not in self.names:
            found = self.connection.execute("select username from commerce.users where id = %s", [user]).fetchone()
            if found:
                self.names[user] = found[0]
        return self.names.get(user)


def read(topic: str, schema) -> pw.Table:
    settings = {
        "bootstrap.servers": os.environ["BROKERS"],
        "group.id": os.environ["NAME"],
        "auto.offset.reset": "earliest",
    }
    events = pw.io.kafka.read(settings, topic=topic, format="json", schema=schema, autocommit_duration_ms=BATCH_MS)
    time = pw.this.datetime_occured.dt.strptime("%Y-%m-%d %H:%M:%S.%f")
    return events.with_columns(time=time).without(pw.this.datetime_occured)


def first_clicks(checkouts: pw.Table, clicks: pw.Table) -> pw.Table:
    """The earliest click of each checkout that has one."""
    pairs = checkouts.interval_join_inner(
        clicks,
        checkouts.time,
        clicks.time,
        pw.temporal.interval(-HOUR, pw.Duration(0)),
        checkouts.user_id == clicks.user_id,
        checkouts.product_id == clicks.product_id,
    ).select(checkouts.checkout_id, click=pw.make_tuple(clicks.time, clicks.click_id))
    first = pairs.groupby(pairs.checkout_id).reduce(pairs.checkout_id, click=pw.reducers.min(pairs.click))
    return first.select(first.checkout_id, click_time=first.click[0], click_id=first.click[1])


def rows(checkouts: pw.Table, clicks: pw.Table, users: Users) -> pw.Table:
    first = first_clicks(checkouts, clicks)
    name_of = pw.udf(users.name_of, deterministic=True)
    named = checkouts.with_columns(user_name=name_of(pw.this.user_id))
    return named.join_left(first, named.checkout_id == first.checkout_id).select(
        named.checkout_id,
        named.user_name,
        first.click_id,
        named.product_id,
        named.payment_method,
        named.total_amount,
        named.shipping_address,
        named.billing_address,
        named.user_agent,
        named.ip_address,
        checkout_time=named.time,
        click_time=first.click_time,
    )


def write(table: pw.Table, url: str) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(url)
    pw.io.postgres.write(
        table,
        {"password": "", **{name: str(value) for name, value in parts.items()}},
        "attributed_checkouts",
        schema_name="commerce",
        output_table_type="snapshot",
        primary_key=[table.checkout_id],
    )


def main() -> None:
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as connection:  # Pathway has no decimal numbers, and writes its own to no numeric column
        connection.execute("alter table commerce.attributed_checkouts alter total_amount type double precision")
    clicks, checkouts = read(os.environ["CLICKS"], Click), read(os.environ["CHECKOUTS"], Checkout)
    write(rows(checkouts, clicks, Users(url)), url)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


main()
