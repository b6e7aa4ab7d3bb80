"""Inputs as large, as deep and as many as somebody can make them, and servers that are slow: what is accepted becomes a
row, the rest a dead letter or a message, and memory and descriptors stay bounded. docs/limits.md lists the bounds."""

import random
import re
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from events import BASE, Event, checkout, click, product, raw, text, when
from link import Link
from pipeline import PROGRAM, Process, eventually
from stream import Stream
from watched import watch

MB = 1_000_000
RECORD_MAX = 12 << 20  # of a record's key and value together
NOW = text(when(10))
TABLE = "commerce.attributed_checkouts"


def noise(count: int) -> str:
    """Text that does not become shorter by compression to less than three quarters."""
    return random.Random(count).randbytes(count * 3 // 4 + 3).hex()[:count]


# --- records


@pytest.fixture
def large(bare_case):
    """Topics that take records of 16 MB, and a producer for them."""
    case = bare_case
    for topic in case.topics.values():
        case.kafka.create(topic, 4, max_message_bytes=16 * MB)
    usual, case.kafka.producer = case.kafka.producer, case.kafka.new_producer(**{"message.max.bytes": 16 * MB})
    yield case
    case.kafka.producer = usual


def letters(case) -> list[tuple[str, str]]:
    """Why each dead letter is one, and its detail, by the record's offset."""
    found = sorted(case.dead_letters(), key=lambda letter: int(letter.headers["offset"]))
    return [(letter.headers["reason"], letter.headers["detail"]) for letter in found]


def test_records_of_ten_megabytes_are_rows(large):
    """One with a long text, kept of the touch too; others that are short as text and long once parsed."""
    columns = large.pipeline.output["columns"]
    columns[columns.index("user_agent")] = {"user_agent": "clicks.user_agent"}
    first = click(1, at=1, user_agent=noise(10 * MB))
    orders = [
        checkout(1, at=2, shipping_address=noise(10 * MB)),
        checkout(1, at=3, billing_address=[0] * (3 * MB)),
        checkout(1, at=4, unused={str(n): n for n in range(500_000)}),
    ]
    large.send(first, *orders)
    large.finish()
    assert large.clicks_of(*orders) == [first.fields["click_id"]] * 3
    row = large.row(orders[0])
    assert row["user_agent"] == first.fields["user_agent"]
    assert row["shipping_address"] == orders[0].fields["shipping_address"]
    assert len(large.row(orders[1])["billing_address"]) == 6 * MB + 1
    large.send(checkout(1, at=5))
    large.finish()  # with the touch from the changelog
    assert [row["user_agent"] for row in large.rows().values()] == [first.fields["user_agent"]] * 4


def test_records_that_are_too_large_are_dead_letters(large):
    fits = checkout(1, at=0, unused="")
    fits.value = fits.value[:-2] + b" " * (RECORD_MAX - len(fits.value) - len(fits.key)) + fits.value[-2:]
    beyond = raw("checkouts", fits.value.replace(b"  ", b"   ", 1))
    longest = raw("checkouts", noise(15 * MB))
    deep = raw("checkouts", "[" * 10 * MB)
    wide = raw("checkouts", "[" + "0," * 5 * MB + "0]")
    large.send(fits, beyond, longest, deep, wide, raw("clicks", noise(15 * MB)), checkout(1, at=1))
    large.finish()
    assert len(large.rows()) == 2
    by_reason = letters(large)
    assert sorted(reason for reason, _ in by_reason) == ["malformed"] * 4 + ["not_an_object"]
    assert ("malformed", "the record has 12582913 bytes with its key; no more than 12582912 are read") in by_reason
    cut = [letter for letter in large.dead_letters() if "truncated" in letter.headers]
    assert [letter.headers["truncated"] for letter in cut] == [str(15 * MB)] * 2
    assert all(len(letter.value) == 256 * 1024 for letter in cut)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def with_value(event: Event, name: str, value: bytes) -> Event:
    """With a field that Python would not write."""
    event.value = event.value[:-1] + b', "%s": %s}' % (name.encode(), value)
    return event


def test_deep_and_wide_records(large):
    """A hundred thousand levels and fields, in what is used and in what is not."""
    deep, wide = nested(100_000), {f"field {n}": n for n in range(100_000)}
    unused = with_value(checkout(1, at=1), "unused", deep)
    address = with_value(checkout(1, at=2), "shipping_address", deep)
    fields = checkout(1, at=3, **wide)
    keyed = with_value(checkout(1, at=4, key="1"), "product_id", deep)
    timed = with_value(checkout(1, at=5), "datetime_occured", deep)
    lookup = with_value(checkout(1, at=6, key="1"), "user_id", b'"%s"' % (b"9" * 100_000))
    broken = raw("checkouts", b'{"a":' * 100_000)
    touch = with_value(click(1, at=0, **wide), "unused", deep)
    large.send(touch, unused, address, fields, keyed, timed, lookup, broken)
    large.finish()
    assert [reason for reason, _ in letters(large)] == ["key_invalid", "time_invalid", "malformed"]
    assert large.clicks_of(unused, address, fields) == [touch.fields["click_id"]] * 3
    assert large.row(address)["shipping_address"] == deep.decode()
    assert large.row(lookup)["user_name"] is None


def test_json_columns_have_a_depth(case):
    case.database.execute(f"alter table {TABLE} alter shipping_address type json using null")
    good, bad = (with_value(checkout(1, at=n), "shipping_address", nested(5000 + n)) for n in range(2))
    case.send(good, bad)
    case.finish()
    ((reason, detail),) = letters(case)
    assert reason == "value_refused" and "5000" in detail
    assert case.database.query(f"select checkout_id from {TABLE}") == [(good.fields["checkout_id"],)]


def test_long_keys(case):
    """Of the join and of the record; the letter of a record with a key beyond 64 KiB goes without it."""
    name, other = "x" * MB, "x" * (MB - 1) + "y"
    first, second = click(1, at=0, product_id=name), click(1, at=1, product_id=other)
    orders = [checkout(1, at=2, product_id=name), checkout(1, at=3, product_id=other)]
    numbers = [click(2, at=0), checkout(2, at=3)]
    for event in numbers:
        with_value(event, "product_id", b"1" + b"0" * 100_000)
    case.send(first, second, *orders, *numbers)
    case.finish()
    assert case.clicks_of(*orders, numbers[1]) == [
        event.fields["click_id"] for event in (first, second, numbers[0])
    ]
    case.pipeline.change("defaults.partitioned_by", None)
    case.send(raw("checkouts", "{", key="k" * 900_000), raw("checkouts", "{", key="k" * 60_000))
    case.finish()
    keys = {len(letter.headers.get("key", "")): "truncated" in letter.headers for letter in case.dead_letters()}
    assert keys == {0: True, 60_000: False}


# --- files


def refused(case, content: str, seconds: float = 15, command: str = "check") -> str:
    """What is said of the file, and that soon."""
    file = case.pipeline.folder / "input.yaml"
    file.write_text(content)
    began = time.monotonic()
    process = Process([command, str(file)], case.pipeline.environment, case.pipeline.folder)
    case.pipeline.processes.append(process)
    assert process.wait() == 2, process.log[-2000:]
    assert time.monotonic() - began < seconds
    said = process.log + process.output
    assert len(said) < 100_000
    return said


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi")
)
FILES = {
    "ten megabytes": ("pipeline: " + "x" * 10 * MB, "input.yaml:1:1: the file is larger than 1 MiB"),
    "deep lists": ("inputs: " + "[" * 10_000 + "]" * 10_000, "input.yaml:1:24: nested more than 16 levels deep"),
    "deep maps": ("{a: " * 10_000, "input.yaml:1:65: nested more than 16 levels deep"),
    "aliases": (BOMB, 'input.yaml:1:4: anchors such as "&a" are not supported'),
    "many keys": ("".join(f"k{n}: 1\n" for n in range(3000)), "input.yaml:2001:1: more than 2000 entries"),
    "unknown keys": ("".join(f"pipelin{n}: 1\n" for n in range(2000)), "input.yaml: and 19"),
    "a long word": ("version: " + "1" * 900_000, 'input.yaml:1:10: "version" must be'),
    "long values": (
        "kafka: {brokers: %s, group: %s}\npostgres: {url: 'a%s'}\nattribute: {window: %s}"
        % ("b" * 200_000, "g" * 200_000, "=" * 200_000, "1h" * 100_000),
        '"kafka.group" must be a text of at most 240 bytes that is not empty, not "ggg',
    ),
}


OF_ANY_KIND = ("ten megabytes", "deep lists", "deep maps", "aliases", "many keys")  # case files are read likewise


@pytest.mark.parametrize("name", FILES)
def test_pipeline_files(bare_case, name):
    content, said = FILES[name]
    assert said in refused(bare_case, content)


@pytest.mark.parametrize("name", OF_ANY_KIND)
def test_case_files(bare_case, name):
    content, said = FILES[name]
    assert said in refused(bare_case, content, command="test")


def test_a_file_named_a_thousand_times(bare_case):
    secret = bare_case.pipeline.folder / "secret"
    secret.write_text("x" * 65536)
    value = "${file:%s}" % secret
    assert "with its variables the value is longer than 64 KiB" in refused(
        bare_case, 'pipeline: "%s"' % (value * 10_000)
    )
    values = "\n".join(f'  k{n}: "{value}"' for n in range(2000))
    assert "all values with variables, up to this one, are longer than 1 MiB" in refused(
        bare_case, "kafka:\n properties:\n" + values
    )


def test_a_file_without_line_ends(bare_case):
    for name in ("clicks", "checkouts"):
        file = bare_case.pipeline.folder / f"{name}.jsonl"
        file.write_text("x" * (17 << 20))
    inputs = [f"--input={name}={bare_case.pipeline.folder}/{name}.jsonl" for name in ("clicks", "checkouts")]
    process = bare_case.pipeline.run(*inputs, command="replay")
    assert process.exit_code == 2
    assert 'clicks.jsonl": the line after 0 records is longer than 16 MiB' in process.log


# --- bursts and slow servers


def sanitized() -> bool:
    return bool(re.search(b"__[at]san_init", PROGRAM.read_bytes()))


class Samples:
    """Memory, in MiB, and descriptors of a running process, twenty times a second."""

    def __init__(self, watched):
        self.watched, self.memory, self.descriptors, self.failure = watched, [], [], None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self._ended.wait(0.05):
                found = self.watched.metrics()
                self.memory.append(found[("process_resident_memory_bytes",)] / (1 << 20))
                self.descriptors.append(found[("process_open_fds",)])
        except Exception as failure:  # for the test's own thread to show
            self.failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            eventually(lambda: self.failure or len(self.memory) > 10, "a number of samples")
        self._ended.set()
        self._thread.join(20)

    def check(self, limit: float) -> None:
        assert self.failure is None, self.failure
        if not sanitized():
            assert max(self.memory) < limit, self.memory
        assert max(self.descriptors) <= self.descriptors[0] + 6, self.descriptors


def peak(process) -> float:
    """The most memory it ever had, in MiB."""
    with open(f"/proc/{process.process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024


CLICKS, ORDERS, USERS = 80_000, 8_000, 20_000
SPAN = 3000.0  # seconds of event time that a burst covers


def at(seconds: float) -> str:
    return text(when(seconds))


def fast(role: str, number: int, seconds: float) -> Event:
    """A click or a checkout, made in a microsecond or two: they are many. Users have their clicks in turn."""
    user, kind = number % USERS, number // USERS % 3
    field = "click_id" if role == "clicks" else "checkout_id"
    extra = "" if role == "clicks" else ', "payment_method": "card", "total_amount": 42.5'
    value = (
        f'{{"{field}": "{role[:2]}-{number:032d}", "user_id": {user}, "product_id": "{PRODUCTS[kind]}"{extra}, '
        f'"user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "datetime_occured": "{at(seconds)}"}}'
    )
    return Event(role, str(user).encode(), value.encode(), BASE_MS + int(seconds * 1000))


PRODUCTS = [product(name) for name in "abc"]
BASE_MS = int(BASE.timestamp() * 1000)


def test_more_conversions_than_fit_wait_for_touches_that_do_not_come(case):
    """With --once that is no reason to wait: they are left to the next run, or closed, as far as they are read."""
    case.pipeline.change("memory_limit", "64MiB")
    orders = 8000
    case.send(click(1, "a", at=0), *(fast("checkouts", n, 20 + n * 0.01) for n in range(orders)))
    assert case.pipeline.run("--once").exit_code == 0
    assert len(case.rows()) == 0
    case.settle()
    assert case.tally.rows == orders


def burst():
    """Ten clicks, then a checkout, and so on; at the end a click of every partition that makes all of them final."""
    for n in range(CLICKS):
        yield fast("clicks", n, n * SPAN / CLICKS)
        if n % (CLICKS // ORDERS) == 0:
            yield fast("checkouts", n // (CLICKS // ORDERS) * 7, n * SPAN / CLICKS)


def test_a_burst(case):
    case.pipeline.change("memory_limit", "64MiB")
    case.pipeline.change("attribute.window", "10m")
    watched = watch(case)
    watched.await_ready()
    with Samples(watched) as samples:
        case.send(*burst())
        eventually(lambda: sum(row["touch_offset"] for row in case.database.progress()) > CLICKS * 0.9, "most are read")
    samples.check(64)
    assert sanitized() or peak(watched.process) < 64
    assert watched.process.stop() == 0
    case.settle()
    assert case.tally.rows > ORDERS * 0.9


@pytest.fixture
def slow(case):
    """Postgres behind a link."""
    url = urlsplit(case.pipeline.environment["DATABASE_URL"])
    link = Link(url.port)
    case.pipeline.environment["DATABASE_URL"] = url._replace(
        netloc=url.netloc.replace(str(url.port), str(link.port))
    ).geturl()
    yield case, link
    link.close()


@contextmanager
def locked_table(case):
    """Nobody else writes a row."""
    with psycopg.connect(case.database.url) as holder:
        holder.execute(f"lock table {TABLE} in access exclusive mode")
        yield


def flowing(count: int):
    """Clicks and checkouts, and clicks that cannot be read and are large."""
    for n in range(count):
        yield fast("clicks", n, n * 0.05)
        if n % 5 == 0:
            yield fast("checkouts", n * 3, n * 0.05)
        if n % 20 == 0:
            yield raw("clicks", "{" + "x" * 60_000, n * 0.05, key=str(n))


def test_a_slow_database(slow):
    """Answers that come late, then a table that is locked: what is read meanwhile waits, and is not held."""
    case, link = slow
    case.pipeline.change("memory_limit", "64MiB")
    watched = watch(case)
    watched.await_ready()
    with Samples(watched) as samples:
        with Stream(case, list(flowing(20_000)), rate=3000) as stream:
            stream.await_progress()
            link.delay = 0.2
            stream.await_progress()
            link.delay = 0.0
            with locked_table(case):
                eventually(lambda: stream.sent > len(stream.events) * 0.95, "most are sent")
            stream.await_progress()
    samples.check(64)
    assert sanitized() or peak(watched.process) < 64
    assert watched.process.stop() == 0
    case.settle()
    assert case.tally.rows > 3000
