"""The oracle: what the table, the dead letters and the ledger must be, from the records of the topics and oracle.sql.

It shares nothing with the program: records are read back with a plain consumer, Python decides which of them can be
read at all, and one SQL query does the rest.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from kafka import Record
from rekeyed import SOURCE, Told, place, reading

QUERY = (Path(__file__).parent / "oracle.sql").read_text()
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
UNITS = {"us": 1, "ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
COLUMNS = (
    "checkout_id user_name click_id product_id payment_method total_amount shipping_address billing_address "
    "user_agent ip_address checkout_time click_time"
).split()
# What the model says of a row, where the output has such columns.
CREDITS = "touch_number touches credit amount".split()
SHARING = ("linear", "position", "time_decay")
FOR_EVER_US = 10**16  # three hundred years
ROLES = {"clicks": "touch", "checkouts": "conversion"}


def duration_us(text) -> int:
    if not text:
        return 0
    amount, unit = re.fullmatch(r"(\d+)(us|ms|s|m|h|d)", text).groups()
    return int(amount) * UNITS[unit]


@dataclass
class Settings:
    window_us: int = duration_us("1h")
    lateness_us: int = 0
    touch_bound_us: int = duration_us("15s")
    conversion_bound_us: int = duration_us("15s")
    max_future_us: int = duration_us("1m")
    late_policy: str = "dead_letter"
    key_fields: tuple = ("user_id", "product_id")
    time_field: str = "datetime_occured"
    keep_all: bool = False  # write: append, into a table without a unique key
    model: str = "first"
    reach: int | None = None
    touch_cap: int | None = None
    first_weight: Decimal = Decimal("0.4")
    last_weight: Decimal = Decimal("0.4")
    half_life_us: int | None = None
    credit_scale: int = 6
    credit_of: str | None = None
    shown: tuple = ()  # which of CREDITS are columns of the table
    rekeyed: tuple = ()  # the roles whose records are read from a topic of Tributary's own

    @staticmethod
    def of(pipeline) -> "Settings":
        """What the pipeline file says."""

        def time(role, name, default):
            return pipeline.get(f"inputs.{role}.time.{name}", pipeline.get(f"defaults.time.{name}", default))

        return Settings(
            duration_us(pipeline.get("attribute.window")),
            duration_us(pipeline.get("attribute.allowed_lateness")),
            duration_us(time("clicks", "out_of_order", "0s")),
            duration_us(time("checkouts", "out_of_order", "0s")),
            duration_us(time("clicks", "max_future", "1m")),
            pipeline.get("attribute.late", "dead_letter"),
            tuple(pipeline.get("attribute.key")),
            time("clicks", "field", None),
            pipeline.output.get("write") == "append",
            pipeline.get("attribute.model", "first"),
            pipeline.get("attribute.reach"),
            pipeline.get("attribute.touch_cap"),
            Decimal(str(pipeline.get("attribute.weights.first", "0.4"))),
            Decimal(str(pipeline.get("attribute.weights.last", "0.4"))),
            duration_us(pipeline.get("attribute.half_life")) or duration_us(pipeline.get("attribute.window")) // 2,
            pipeline.get("attribute.credit_scale", 6),
            pipeline.get("attribute.credit_of"),
            tuple(name for name in CREDITS if name in pipeline.columns),
            tuple(ROLES[name] for name in pipeline.rekeyed),
        )

    def unbounded(self) -> "Settings":
        """No event is late, whatever the order."""
        return replace(self, touch_bound_us=FOR_EVER_US, conversion_bound_us=FOR_EVER_US, rekeyed=())


# --- reading a record -------------------------------------------------------------------------------------------------

TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)?([Zz]|[-+]\d\d(?::?\d\d)?)?")


def time_us(value) -> int | None:
    """An ISO-like time; UTC unless it says otherwise; digits past the sixth cut off."""
    match = isinstance(value, str) and TIME.fullmatch(value)
    if not match or not value.isascii():
        return None
    year, month, day, hour, minute = map(int, match.group(1, 2, 3, 4, 5))
    zone = (match[8] or "Z").upper()
    offset = timedelta(0)
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].lstrip(":") or 0))
        offset = -offset if zone[0] == "-" else offset
    try:
        seconds = datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=timezone.utc)
    except ValueError:
        return None
    return (seconds - offset - EPOCH) // timedelta(microseconds=1) + int((match[7] or "").ljust(6, "0")[:6])


def _refuse(word):
    raise ValueError(word)


def _has_nul(value) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(k) or _has_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


def classify(record: Record, settings: Settings) -> tuple[str | None, int | None]:
    """(None, event time), or (the outcome of a record that cannot be read, None)."""
    if not record.value:
        return "empty", None
    try:
        text = record.value.decode("utf-8")
    except UnicodeDecodeError:
        return "encoding", None
    if "\0" in text:
        return "nul", None
    try:
        value = json.loads(text, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates
    except (ValueError, RecursionError):
        return "malformed", None
    if not isinstance(value, dict):
        return "not_an_object", None
    if _has_nul(value):
        return "nul", None
    time = time_us(value.get(settings.time_field))
    if time is None:
        return "time_invalid", None
    if record.timestamp_ms is not None and time > record.timestamp_ms * 1000 + settings.max_future_us:
        return "time_in_future", None
    if any(isinstance(value.get(name), (list, dict)) for name in settings.key_fields):
        return "key_invalid", None
    return None, time


def rekey(record: Record, settings: Settings, by: str) -> bytes | None:
    """The key that a record without a usable one is copied under: numbers by their value, written plainly."""
    if rekey_time(record, settings, by) is None:
        return None
    value = json.loads(record.value, parse_float=Decimal, parse_int=Decimal).get(by)
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    return None if value is None else value.encode()


def rekey_time(record: Record, settings: Settings, by: str) -> int | None:
    """The event time as whoever copies the record sees it, who knows no other key than this."""
    return classify(record, replace(settings, key_fields=(by,)))[1]


# --- the verdict ------------------------------------------------------------------------------------------------------


class Oracle:
    """Loaded once with the records of both topics, asked as often as wanted. Of re-keyed topics the markers are among
    the records."""

    def __init__(self, database, settings: Settings, touches: list[Record], conversions: list[Record]):
        self.database, self.settings = database, settings
        self.records = {"touch": touches, "conversion": conversions}
        self.sources = {}  # (role, partition, offset) -> partition and offset of where the record was first
        self.told = {}  # role -> what the markers say, of one that is re-keyed
        database.execute("create schema if not exists oracle")
        database.execute("drop table if exists oracle.raw, oracle.told, oracle.settings, oracle.advance")
        database.execute(
            """create table oracle.raw (role text, partition int, "offset" bigint, timestamp_us bigint, value bytea,
                                        refused text, time_us bigint, source_partition int, source_offset bigint,
                                        told_us bigint, primary key (role, partition, "offset"));
               create table oracle.told (role text, partition int, time_us bigint);
               create table oracle.advance (role text, partition int, next_offset bigint, watermark_us bigint);
               create table oracle.settings (window_us bigint, lateness_us bigint, touch_bound_us bigint,
                                             conversion_bound_us bigint, late_policy text, key_fields text[],
                                             model text, reach bigint, touch_cap bigint, first_weight numeric,
                                             last_weight numeric, half_life_us bigint, credit_scale int,
                                             credit_of text)"""
        )
        database.execute(
            f"insert into oracle.settings values ({', '.join(['%s'] * 14)})",
            settings.window_us,
            settings.lateness_us,
            settings.touch_bound_us,
            settings.conversion_bound_us,
            settings.late_policy,
            list(settings.key_fields),
            settings.model,
            settings.reach,
            settings.touch_cap,
            settings.first_weight * 10**9,
            settings.last_weight * 10**9,
            settings.half_life_us or settings.window_us // 2,
            settings.credit_scale,
            settings.credit_of,
        )
        with database.connection.cursor().copy("copy oracle.raw from stdin") as copy:
            for role, records in self.records.items():
                told = Told() if role in settings.rekeyed else None
                for r, source, told_us in reading(records, told):
                    timestamp = None if r.timestamp_ms is None else r.timestamp_ms * 1000
                    judged = classify(r, settings)
                    copy.write_row((role, r.partition, r.offset, timestamp, r.value, *judged, *source, told_us))
                    self.sources[role, r.partition, r.offset] = source
                self.told[role] = told
        self._load_ends(database)
        database.execute("analyze oracle.raw, oracle.told, oracle.settings")

    @staticmethod
    def of_sources(database, settings: Settings, touches: list[Record], conversions: list[Record]) -> "Oracle":
        """Over what the producers wrote, as if all of it lay in one partition in a good order: the plain window join.
        It is what a run must come to as long as no event breaks its bound."""

        def in_one(records):
            return [replace(r, partition=0, offset=n, headers={SOURCE: place(r)}) for n, r in enumerate(records)]

        return Oracle(database, settings.unbounded(), in_one(touches), in_one(conversions))

    def _load_ends(self, database) -> None:
        for role, told in self.told.items():
            if told is None:
                continue
            for partition in {p for _, p, _ in self.sources}:
                database.execute("insert into oracle.told values (%s, %s, %s)", role, partition, told.time(partition))

    def judge(self, closed: bool) -> None:
        """Makes the table verdict, which the questions below are put to. closed: every conversion is final."""
        with self.database.connection.transaction(), self.database.connection.cursor() as cursor:
            cursor.execute("drop table if exists oracle.verdict; analyze oracle.advance")
            # The planner knows nothing about what comes out of the query's steps, and guesses loops within loops.
            for setting in ("search_path = oracle", "jit = off", "enable_nestloop = off", "enable_mergejoin = off"):
                cursor.execute(f"set local {setting}")
            cursor.execute(QUERY)
            if closed:
                cursor.execute("update verdict set released = true")

    def rows(self) -> list[dict]:
        """The table as it must be: of several conversions with one id the greatest offset stands, with all of its rows,
        or all do. Greatest of all partitions: an id is in one of them only."""
        names = COLUMNS + list(self.settings.shown)
        standing = "" if self.settings.keep_all else 'where "offset" = standing'
        rows = self.database.query(
            f"""select {', '.join(names)} from (
                    select *, max("offset") over (partition by checkout_id) as standing from oracle.verdict
                    where released and outcome in ('attributed', 'unattributed')) v
                {standing} order by checkout_id, "offset" desc, touch_number"""
        )
        return [dict(zip(names, row)) for row in rows]

    def outcomes(self) -> list[tuple[str, int, int, str, bool]]:
        """Of every record: role, partition, offset, outcome, released."""
        return self.database.query(
            'select role, partition, "offset", outcome, released from oracle.verdict where touch_number = 1 '
            "order by 1, 2, 3"
        )


# Columns that say how a row came about; what it says is the same without them.
HISTORY = ("final", "revision")


def _by_value(row: dict) -> str:
    """Equal numbers are one text, however many digits they are written with."""
    said = {name: value for name, value in row.items() if name not in HISTORY}
    plain = {name: value.normalize() if isinstance(value, Decimal) else value for name, value in said.items()}
    return str(sorted(plain.items()))


def numbered(rows: list[dict], key: str) -> dict:
    """Rows by key, and where several have the same one by their number, in an order that only they decide."""
    found = {}
    for row in sorted(rows, key=_by_value):
        found.setdefault(row[key], []).append(row)
    return {(name, n): row for name, same in found.items() for n, row in enumerate(same)}


def differences(expected: list[dict], actual: list[dict], key: str = "checkout_id") -> list[str]:
    """One readable line for every row that is missing, unexpected or different."""
    lines = []
    wanted, found = numbered(expected, key), numbered(actual, key)
    for name in sorted(wanted.keys() | found.keys(), key=str):
        shown = name[0] if name[1] == 0 else f"{name[0]} (number {name[1] + 1})"
        if name not in found:
            lines.append(f"missing    {shown}: {_shown(wanted[name])}")
        elif name not in wanted:
            lines.append(f"unexpected {shown}: {_shown(found[name])}")
        elif wanted[name] != found[name]:
            columns = [c for c in wanted[name] if wanted[name][c] != found[name].get(c)]
            for c in columns:
                lines.append(f"different  {shown}: {c} is {found[name].get(c)!r}, must be {wanted[name][c]!r}")
    return lines


@dataclass
class Tally:
    """The table in numbers."""

    rows: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0  # a row, but not the right one

    @staticmethod
    def of(expected: list[dict], actual: list[dict], key: str = "checkout_id") -> "Tally":
        wanted, found = numbered(expected, key), numbered(actual, key)
        wrong = sum(wanted[name] != found[name] for name in wanted.keys() & found.keys())
        return Tally(len(actual), len(wanted.keys() - found.keys()), len(found.keys() - wanted.keys()), wrong)


def _shown(row: dict) -> str:
    return ", ".join(f"{name}={str(value)!r}" for name, value in row.items() if value is not None)
