"""Cleaning steps over random dirty events, against a computation of its own in Python: what each event becomes, which
are filtered, which are dead letters, and which click every checkout gets. With keys of the producers and re-keyed."""

import hashlib
import hmac
import json
import re
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from events import BASE, HOUR, Event, text, when
from pipeline import eventually

KEY = "a key that nobody knows"
STEPS = {
    "clicks": [
        {"rename": {"visitor": "user"}},
        {"trim": ["user"]},
        {"lower": ["user"]},
        {"where": {"kind": ["click", "tap"], "followers": {"present": True}}},
        {"count_suffix": {"fields": ["followers"], "otherwise": 0}},
        {"strip_non_ascii": ["title"]},
        {"remove": {"fields": ["title"], "characters": ",;"}},
        {"replace": {"fields": ["title"], "text": "_", "with": " "}},
        {"trim": ["title"]},
        {"null_if": {"title": ["", "n/a"]}},
        {"default": {"title": "untitled"}},
        {"hash": {"fields": ["email"], "key": "${STEPS_HASH_KEY}"}},
    ],
    "checkouts": [
        {"coalesce": {"time": ["time", "created_at"]}},
        {"cast": {"time": "timestamp"}},
        {"trim": ["user"]},
        {"lower": ["user"]},
        {"cast": {"amount": "decimal", "items": "int", "gift": "bool"}},
        {"where": {"items": {"min": 1}, "status": {"not": ["test"]}}},
        {"default": {"gift": False}},
        {"upper": ["country"]},
        {"drop": ["card"]},
    ],
}
SPACE = " \t\u00a0\u3000\n"


class Bad(Exception):
    pass


class Filtered(Exception):
    pass


def texts(value, change):
    """Numbers, booleans and null have nothing to clean; lists and maps cannot be."""
    if isinstance(value, (list, dict)):
        raise Bad
    return change(value) if isinstance(value, str) else value


def count(value):
    if value is None or (isinstance(value, (int, Decimal)) and not isinstance(value, bool)):
        return value
    found = isinstance(value, str) and re.fullmatch(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*([kKmMbB]?)\s*", value)
    number = found and Decimal(found[1]) * {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}[found[2].lower()]
    return int(number) if found and number == number.to_integral_value() else 0


def decimal(value):
    if value is None or (isinstance(value, (int, Decimal)) and not isinstance(value, bool)):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\s*[-+]?[0-9]+(\.[0-9]+)?\s*", value):
        raise Bad
    return Decimal(value.strip())


def integer(value):
    if isinstance(value, bool):
        return int(value)
    number = decimal(value)
    if number is not None and number != int(number):
        raise Bad
    return None if number is None else int(number)


def boolean(value):
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    if not isinstance(value, (str, list, dict)) and value in (0, 1):
        return bool(value)
    raise Bad


def clean_click(event):
    if event.get("visitor") is not None:
        event["user"] = event.pop("visitor")
    event["user"] = texts(texts(event.get("user"), str.strip), str.lower)
    if event.get("kind") not in ("click", "tap") or event.get("followers") is None:
        raise Filtered
    event["followers"] = count(event["followers"])
    title = texts(event.get("title"), lambda t: t.encode("ascii", "ignore").decode())
    title = texts(title, lambda t: re.sub("[,;]", "", t).replace("_", " ").strip())
    event["title"] = "untitled" if title in (None, "", "n/a") else title
    if event.get("email") is not None:
        if isinstance(event["email"], (list, dict)):
            raise Bad
        event["email"] = hmac.new(KEY.encode(), str(event["email"]).encode(), hashlib.sha256).hexdigest()
    return event


def clean_checkout(event):
    event["time"] = event["time"] if event.get("time") is not None else event.get("created_at")
    event["user"] = texts(texts(event.get("user"), str.strip), str.lower)
    event["amount"] = decimal(event.get("amount"))
    event["items"] = integer(event.get("items"))
    event["gift"] = boolean(event.get("gift"))
    if event["items"] is None or event["items"] < 1 or event.get("status") == "test":
        raise Filtered
    event["gift"] = bool(event["gift"])
    event["country"] = texts(event.get("country"), str.upper)
    return event


class Dirt:
    """Clicks and checkouts of a few users, one every few seconds, as they should not be."""

    def __init__(self, rnd):
        self.rnd, self.at = rnd, 0.0

    def _user(self):
        name = self.rnd.choice(["ada", "bob", "\u00e9ve", "dan"])
        name = self.rnd.choice([name, name.upper(), name.title()])
        return self.rnd.choice([name, name, f" {name}", f"{name}{self.rnd.choice(SPACE)}", None])

    def _time(self):
        self.at += self.rnd.uniform(1, 60)
        return text(when(self.at))

    def click(self, number):
        choose = self.rnd.choice
        user = choose(["user", "visitor"])
        return {
            "id": f"c{number}",
            user: choose([self._user(), self._user(), self._user(), self._user(), 7, [1]]),
            "time": choose([self._time()] * 12 + ["soon", None]),
            "kind": choose(["click", "click", "tap", "view", None, 1]),
            "followers": choose(["12k", "1.2k", "3M", "User Info Error", "", 7, " 8 ", "1.23456k", "-2b", None]),
            "title": choose(["caf\u00e9, au; lait", " a_b ", "\u2603", "n/a", None, "", 5, "x" * 300, ["t"]]),
            "email": choose(["Ada@example.org", "", None, 7, {"a": 1}]),
        }

    def checkout(self, number):
        choose = self.rnd.choice
        time = {choose(["time", "created_at"]): choose([self._time()] * 12 + ["soon"])}
        return {
            "id": f"o{number}",
            "user": choose([self._user(), self._user(), self._user(), 7]),
            **time,
            "amount": choose(["12.50", 12.5, " +0.10 ", 0, "12,50", None, 9007199254740993, "9007199254740993.01"]),
            "items": choose([1, "2", "03", 4.0, 0, "-1", None, True, 1.5, "many"]),
            "gift": choose([True, "no", "YES", 1, None, "perhaps"]),
            "status": choose(["paid", "test", None]),
            "country": choose(["de", "\u00f6", None, 49]),
            "card": "4111",
        }

    def events(self, count):
        for number in range(count):
            yield ("checkouts", self.checkout(number)) if self.rnd.random() < 0.35 else ("clicks", self.click(number))


def judge(role, value: bytes):
    """What becomes of a record before anything is joined: its outcome, its time, and its cleaned fields."""
    event = json.loads(value, parse_float=Decimal)
    raw = dict(event)
    try:
        event = {"clicks": clean_click, "checkouts": clean_checkout}[role](event)
        outcome = None
    except Bad:
        return "step_failed", None, event
    except Filtered:
        outcome = "filtered"
    time = event.get("time")
    if role == "checkouts" and time is not None and not isinstance(time, str):
        return "step_failed", None, event
    try:
        moment = datetime.strptime(time.strip(), "%Y-%m-%d %H:%M:%S.%f" if "." in time else "%Y-%m-%d %H:%M:%S")
    except (ValueError, AttributeError):
        # The checkouts' times go through a cast, which fails before; null stays null.
        return ("step_failed" if role == "checkouts" and raw and time is not None else "time_invalid"), None, event
    return outcome, moment.replace(tzinfo=BASE.tzinfo), event


def key_of(user):
    return ("n" if not isinstance(user, str) else "s", user)


def expected(events):
    """The rows, the ledger and the reasons, by the definition in the documents; the events keep their bound."""
    clicks, rows, ledger, reasons = [], {}, Counter(), []
    judged = [(role, *judge(role, value)) for role, value in events]
    for role, outcome, time, event in judged:
        if role == "clicks" and outcome is None:
            outcome = "key_null" if event["user"] is None else "touch"
            if outcome == "touch":
                clicks.append((time, event))
        if outcome is None:
            continue
        ledger["touch" if role == "clicks" else "conversion", outcome] += 1
        if outcome not in ("touch", "filtered"):
            reasons.append(outcome)
    for role, outcome, time, event in judged:
        if role == "clicks" or outcome is not None:
            continue
        mine = [c for c in clicks if event["user"] is not None and key_of(c[1]["user"]) == key_of(event["user"])]
        mine = [c for c in mine if time - timedelta(hours=1) <= c[0] <= time]
        click = min(mine, key=lambda c: c[0])[1] if mine else {}
        amount = None if event["amount"] is None else Decimal(str(event["amount"]))
        shown = event["user"], event["country"], click.get("title")
        user, country, title = (None if value is None else str(value) for value in shown)
        rows[event["id"]] = (
            user, amount, event["items"], event["gift"], country, click.get("id"), click.get("followers"),
            title, click.get("email"),
        )
        ledger["conversion", "attributed" if click else "unattributed"] += 1
    return rows, ledger, Counter(reasons)


COLUMNS = [
    "id", {"username": "checkouts.user"}, "amount", "items", "gift", "country", {"click": "clicks.id"},
    {"followers": "clicks.followers"}, {"title": "clicks.title"}, {"email": "clicks.email"},
]


@pytest.fixture
def dirty(case):
    """A pipeline with the steps, and its table."""
    case.database.execute(
        "create table cleaned (id text primary key, username text, amount numeric, items bigint, gift boolean,"
        " country text, click text, followers bigint, title text, email text)"
    )
    pipeline = case.pipeline
    pipeline.environment["STEPS_HASH_KEY"] = KEY
    for path in ("lookups", "defaults.partitioned_by"):
        pipeline.change(path, None)
    pipeline.change("defaults.time.field", "time")
    pipeline.change("attribute.key", ["user"])
    for role, steps in STEPS.items():
        pipeline.change(f"inputs.{role}.steps", steps)
    pipeline.output.update(table="cleaned", primary_key=["id"], columns=COLUMNS)
    return case


def send(case, rnd, events, keyed: bool):
    records = []
    for n, (role, event) in enumerate(events):
        value = json.dumps(event, ensure_ascii=rnd.random() < 0.5).encode()
        # The producers know who a user is; without keys one event goes to one partition after the other.
        user = event.get("visitor") if event.get("visitor") is not None else event.get("user")
        name = user.strip().lower() if isinstance(user, str) else str(user)
        at = round((when(10**6) - datetime(1970, 1, 1, tzinfo=BASE.tzinfo)) / timedelta(milliseconds=1))
        records.append(Event(role, name.encode() if keyed else None, value, at, None if keyed else n % 4))
    case.send(*records)
    return [(record.role, record.value) for record in records]


def check(case, sent):
    rows, ledger, reasons = expected(sent)
    found = {
        row[0]: row[1:]
        for row in case.database.query(
            "select id, username, amount, items, gift, country, click, followers, title, email from cleaned"
        )
    }
    assert found == rows
    counted = Counter()
    for (role, outcome), n in case.ledger().items():
        counted[role, "touch" if outcome in ("touch_kept", "touch_too_old") else outcome] += n
    assert +counted == +ledger
    assert Counter(case.reasons()) == reasons
    return rows, ledger


def some_of_everything(rows, ledger):
    assert ledger["conversion", "attributed"] > 5 and ledger["conversion", "unattributed"] > 5
    assert all(ledger[role, "filtered"] > 10 and ledger[role, "step_failed"] > 10 for role in ("touch", "conversion"))
    assert ledger["touch", "time_invalid"] and ledger["touch", "key_null"]
    assert any(row[1] == 9007199254740993 for row in rows.values()), "no number beyond doubles"


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "rekeyed"])
def test_dirty_events(dirty, rnd, keyed):
    if not keyed:
        dirty.pipeline.change("defaults.repartition", {"by": "user", "partitions": 3})
    sent = send(dirty, rnd, Dirt(rnd).events(900), keyed)
    dirty.finish()
    some_of_everything(*check(dirty, sent))
    verified = dirty.pipeline.run(command="verify")
    assert verified.exit_code == 0, verified.log + verified.output


def test_filters_of_copies_may_change(dirty, rnd):
    """Copies are keyed as if no step filtered: what a filter that is widened lets through lies in the right place."""
    dirty.pipeline.change("defaults.repartition", {"by": "user", "partitions": 3})
    where = [step for step in STEPS["clicks"] if "where" in step][0]
    narrow = [step if "where" not in step else {"where": {"kind": "nothing"}} for step in STEPS["clicks"]]
    dirty.pipeline.change("inputs.clicks.steps", narrow)
    dirty.pipeline.change("attribute.window", "1d")
    sent = send(dirty, rnd, Dirt(rnd).events(200), keyed=False)
    clicks = [n for n, (role, _) in enumerate(sent) if role == "clicks"]
    dirty.finish()
    assert dirty.database.query("select count(*) from cleaned where click is not null") == [(0,)]
    dirty.pipeline.change("inputs.clicks.steps", STEPS["clicks"])
    assert where in STEPS["clicks"] and clicks
    at = text(when(13 * HOUR))
    later = [
        {"id": f"later-{name}", "user": name, "time": at, "items": 1, "status": "paid"}
        for name in ("ada", "bob", "\u00e9ve", "dan")
    ]
    send(dirty, rnd, [("checkouts", event) for event in later], keyed=False)
    process = dirty.finish()
    assert "the steps of the touches" in process.log
    judged = [judge(role, value) for role, value in sent if role == "clicks"]
    kept = [(time, event) for outcome, time, event in judged if outcome is None]
    for event in later:
        mine = [c for c in kept if c[1]["user"] == event["user"]]
        wanted = min(mine, key=lambda c: c[0])[1]["id"] if mine else None
        assert dirty.database.query("select click from cleaned where id = %s", event["id"]) == [(wanted,)]
    assert any(c[1]["user"] == "ada" for c in kept)


def test_changes_over_existing_state(dirty, rnd):
    """Steps of the conversions may change; those that their time comes from may not."""
    send(dirty, rnd, Dirt(rnd).events(100), keyed=True)
    dirty.finish()
    more = STEPS["checkouts"] + [{"lower": ["country"]}]
    dirty.pipeline.change("inputs.checkouts.steps", more)
    dirty.finish()
    dirty.pipeline.change("inputs.checkouts.steps", [{"trim": ["time"]}, *more])
    process = dirty.pipeline.run("--once")
    assert process.exit_code == 2
    assert "the steps that the time of the conversions comes from" in process.log


def test_what_explain_says(dirty, rnd):
    at = text(when(0))
    bad = {"id": "bad", "user": "ada", "time": at, "items": "many"}
    test = {"id": "test", "user": "Ada", "time": at, "items": 1, "status": "test"}
    good = {"id": "good", "user": " ADA", "time": at, "items": "1"}
    click = {"id": "c1", "visitor": "Ada ", "time": at, "kind": "click", "followers": "2k"}
    hidden = {"id": "c0", "visitor": "Ada ", "time": at, "kind": "view", "followers": "2k"}
    events = [("clicks", hidden), ("clicks", click), *(("checkouts", e) for e in (bad, test, good))]
    send(dirty, rnd, events, keyed=True)
    dirty.finish()
    said = {name: dirty.pipeline.run(name, command="explain").output for name in ("bad", "test", "good")}
    assert 'refused    step_failed: step 5, cast: field "items": "many" is not a whole number' in said["bad"]
    assert "filtered   by step 6 (where): it gets no row" in said["test"] and "no row is expected" in said["test"]
    assert "agrees" in said["good"] and '"c1"' in said["good"] and '"c0"' not in said["good"]
    as_json = json.loads(dirty.pipeline.run("test", "--json", command="explain").output)
    assert as_json["conversions"][0]["filtered_by"] == 6
    state = dirty.pipeline.run(command="state")
    assert state.exit_code == 0, state.log


def test_a_redrive_after_the_steps_were_mended(dirty, rnd):
    send(dirty, rnd, [("checkouts", {"id": "o", "user": "ada", "time": text(when(0)), "items": "many"})], keyed=True)
    dirty.finish()
    assert dirty.reasons() == ["step_failed"]
    dirty.pipeline.change("attribute.late", "attribute")
    steps = [{"null_if": {"items": "many"}}, {"default": {"items": 2}}, *STEPS["checkouts"]]
    dirty.pipeline.change("inputs.checkouts.steps", steps)
    redrive = dirty.pipeline.run("--redrive", "--yes", "--reason", "step_failed", command="dead-letters")
    assert redrive.exit_code == 0, redrive.log + redrive.output
    dirty.finish()
    assert dirty.database.query("select id, items from cleaned") == [("o", 2)]


def test_a_filtered_event_moves_the_watermark(dirty, rnd):
    """Clicks that are filtered let a live run decide."""
    process = dirty.start()
    at = text(when(0))
    send(dirty, rnd, [("checkouts", {"id": "o", "user": "ada", "time": at, "items": 1})], keyed=True)
    hidden = {"id": "c", "visitor": "ada", "time": text(when(HOUR)), "kind": "view", "followers": 1}
    send(dirty, rnd, [("clicks", hidden)], keyed=True)
    eventually(lambda: dirty.database.query("select id from cleaned") == [("o",)], "the row of the checkout")
    assert process.stop() == 0
