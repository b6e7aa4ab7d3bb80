"""The jobs of the examples on the data that they are made for, sent as their producers send it: without keys, into
topics that the broker creates by itself. What comes out is compared with a plain SQL join over what was sent."""

import json
import random
import subprocess
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import yaml
from confluent_kafka import Producer

from kafka import QUIET
from pipeline import eventually, PROGRAM, ROOT, Pipeline

CHECKOUTS = ROOT / "examples/checkouts"
JOBS = ROOT / "examples/job-applications"
EDMONTON = ZoneInfo("America/Edmonton")


def text(moment: datetime) -> str:
    """As the producers write it: no zone, milliseconds."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"


def example(case, file, **topics) -> Pipeline:
    """The example's file, with topics and a name that no other test has."""
    pipeline = case.pipeline.copy(file.stem)
    pipeline.document = yaml.safe_load(file.read_text())
    pipeline.document["pipeline"] = pipeline.name = f"{case.pipeline.name}_{file.stem.replace('-', '_')}"
    for name, topic in topics.items():
        pipeline.change(f"inputs.{name}.kafka.topic", topic)
    pipeline.change("dead_letters.topic", f"{case.pipeline.name}.dead-letters")
    return pipeline


def finish(pipeline: Pipeline):
    process = pipeline.run("--once", "--close", timeout=90)
    assert process.exit_code == 0, process.log[-3000:]
    return process


# --- checkouts

EXPECTED_CHECKOUTS = """
    with click as (select event, (event ->> 'datetime_occured')::timestamp as time from sent where topic = 'clicks'),
    checkout as (select event, (event ->> 'datetime_occured')::timestamp as time from sent where topic = 'checkouts')
    select distinct on (o.event ->> 'checkout_id')
        o.event ->> 'checkout_id', u.username, c.event ->> 'click_id', o.event ->> 'product_id',
        o.event ->> 'payment_method', (o.event ->> 'total_amount')::numeric(5, 2), o.event ->> 'shipping_address',
        o.event ->> 'billing_address', o.event ->> 'user_agent', o.event ->> 'ip_address', o.time, c.time
    from checkout o
    left join click c on c.event -> 'user_id' = o.event -> 'user_id'
        and c.event -> 'product_id' = o.event -> 'product_id'
        and c.time between o.time - interval '1 hour' and o.time
    left join commerce.users u on u.id = (o.event ->> 'user_id')::int
    order by o.event ->> 'checkout_id', c.time
"""


class Shop:
    """Clicks and checkouts of users 1 to 100, the last of whom is nobody's. Time passes from event to event; each may
    be up to 10 s older than those before it, and no two are at the same millisecond."""

    def __init__(self, rnd: random.Random, start: datetime):
        self.rnd, self.now, self.used = rnd, start, set()
        self.products = [self._uuid() for _ in range(5)]
        self.clicked = []

    def _uuid(self) -> str:
        h = f"{self.rnd.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def _moment(self) -> str:
        self.now += timedelta(seconds=self.rnd.uniform(5, 60))
        moment = self.now
        while text(moment) in self.used:
            moment += timedelta(milliseconds=1)
        moment = moment if self.rnd.random() < 0.7 else moment - timedelta(seconds=self.rnd.uniform(0, 10))
        self.used.add(text(moment))
        return text(moment)

    def _of(self, user: int) -> dict:
        return {"user_agent": f"Mozilla/5.0 ({user})", "ip_address": f"192.0.2.{user}"}

    def click(self) -> tuple[str, dict]:
        user, product = self.rnd.choice([*range(1, 13), 100, 100]), self.rnd.choice(self.products)
        self.clicked.append((user, product))
        own = {"click_id": self._uuid(), "user_id": user, "product_id": product, "product": "Lamp", "price": 19.5}
        return "clicks", {**own, "url": "/lamp", **self._of(user), "datetime_occured": self._moment()}

    def checkout(self) -> tuple[str, dict]:
        known = self.clicked and self.rnd.random() < 0.8
        user, product = self.rnd.choice(self.clicked[-60:]) if known else (100, self._uuid())  # nobody clicked it
        own = {"checkout_id": self._uuid(), "user_id": user, "product_id": product, "payment_method": "card"}
        amount = {"total_amount": round(self.rnd.uniform(1, 999), 2)}
        where = {"shipping_address": "12 Elm Street", "billing_address": "12 Elm Street\nSpringfield"}
        return "checkouts", {**own, **amount, **where, **self._of(user), "datetime_occured": self._moment()}

    def events(self, count: int):
        for _ in range(count):
            yield self.checkout() if self.rnd.random() < 0.25 else self.click()


def send_alone(brokers: str, topic: str, event: dict) -> None:
    """A producer for this one message, which has no key; the broker creates the topic."""
    producer = Producer({"bootstrap.servers": brokers, **QUIET})
    refused = []
    producer.produce(topic, json.dumps(event), on_delivery=lambda error, _: refused.append(error) if error else None)
    assert producer.flush(30) == 0 and not refused, refused


@pytest.fixture
def sent(bare_case):
    """Sends events as they come and keeps each in the table `sent` (topic, event)."""
    case = bare_case
    case.database.execute("create table sent (topic text, event jsonb)")

    def send(events, topics, alone=True):
        refused = []
        for topic in () if alone else topics.values():
            if topic not in case.kafka.topics():
                case.kafka.create(topic)
                eventually(lambda: case.kafka.is_led(topic), f"{topic} led by a broker")
        for name, event in events:
            if alone:
                send_alone(case.kafka.brokers, topics[name], event)
            else:
                told = lambda error, _: refused.append(error) if error else None
                case.kafka.producer.produce(topics[name], json.dumps(event), on_delivery=told)
            case.database.execute("insert into sent values (%s, %s)", name, json.dumps(event))
        assert case.kafka.producer.flush(30) == 0 and not refused, refused
        if not alone:
            there = sum(sum(case.kafka.ends(topic).values()) for topic in topics.values())
            assert [(there,)] == case.database.query("select count(*) from sent"), "what was acknowledged is there"

    return send


def test_checkouts_of_producers_without_keys(bare_case, sent, rnd):
    case, topics = bare_case, bare_case.topics
    pipeline = example(case, CHECKOUTS / "unkeyed.yaml", **topics)
    pipeline.change("defaults.idle_timeout", 0)
    shop = Shop(rnd, datetime.now(timezone.utc) - timedelta(hours=12))
    sent([shop.click(), shop.checkout()], topics)
    assert {n: case.kafka.topics()[t] for n, t in topics.items()} == {"clicks": 4, "checkouts": 4}
    live = pipeline.start()
    sent(shop.events(240), topics)
    case.await_rows(10, timeout=60)
    assert live.stop() == 0, live.log[-3000:]
    finish(pipeline)
    wanted = case.database.query(EXPECTED_CHECKOUTS)
    found = [tuple(row.values()) for row in case.database.rows()]
    assert sorted(wanted) == sorted(found)
    assert any(row[1] is None for row in wanted) and any(row[1] for row in wanted)
    assert any(row[2] is None for row in wanted) and any(row[2] for row in wanted)
    assert case.dead_letters() == []


def test_topics_that_are_not_there_yet(bare_case, sent, rnd):
    """Started before the producers, it says which topic it lacks and makes none in its place; later it runs."""
    case, topics = bare_case, bare_case.topics
    pipeline = example(case, CHECKOUTS / "unkeyed.yaml", **topics)
    shop = Shop(rnd, datetime.now(timezone.utc) - timedelta(hours=1))
    for missing in ("clicks", "checkouts"):
        process = pipeline.run()
        assert process.exit_code == 2
        assert f'topic "{topics[missing]}" does not exist on "{case.kafka.brokers}"' in process.log.splitlines()[-1]
        assert topics[missing] not in case.kafka.topics()
        sent([shop.click() if missing == "clicks" else shop.checkout()], topics)
    finish(pipeline)
    assert len(case.rows()) == 1


def test_unkeyed_differs_in_nothing_else():
    keyed, unkeyed = (yaml.safe_load((CHECKOUTS / f).read_text()) for f in ("pipeline.yaml", "unkeyed.yaml"))
    assert keyed["defaults"].pop("partitioned_by") == "user_id"
    assert unkeyed["defaults"].pop("repartition") == {"by": "user_id", "partitions": 4}
    assert keyed == unkeyed


def test_the_cases_hold_without_keys(program, tmp_path):
    """What re-keying does is not seen where each partition is given."""
    (tmp_path / "unkeyed.yaml").write_text((CHECKOUTS / "unkeyed.yaml").read_text())
    cases = {file.name: file.read_text() for file in CHECKOUTS.glob("cases/*.yaml")}
    keyed = {name: text for name, text in cases.items() if "pipeline: ../pipeline.yaml\n" in text}
    files = [tmp_path / name for name in keyed]
    for file in files:
        file.write_text(keyed[file.name].replace("../pipeline.yaml", "unkeyed.yaml"))
    done = subprocess.run([PROGRAM, "test", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert done.stdout.count("\nok ") > 40


def test_replay_is_the_same_without_keys(program, tmp_path):
    size = ["--clicks", "3000", "--checkouts", "500", "--users", "50", "--products", "20", "--disorder", "1m"]
    subprocess.run([PROGRAM, "generate", "-q", "-o", tmp_path, *size], check=True)
    inputs = [f"-i{name}={tmp_path}/{name}.jsonl" for name in ("clicks", "checkouts")]
    found = []
    for file in ("pipeline.yaml", "unkeyed.yaml"):
        line = [PROGRAM, "replay", CHECKOUTS / file, "-q", *inputs, f"-lusers={tmp_path}/users.csv"]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        found.append((done.stdout, done.stderr))
    assert found[0] == found[1]
    assert found[0][0].count("\n") > 300 and " late=" in found[0][1]


# --- job applications

EXPECTED_APPLICATIONS = """
    with click as (
        select event, (event ->> 'event_time')::timestamp at time zone 'America/Edmonton' as time
        from sent where topic = 'clicks'
    ),
    application as (
        select s.event, (s.event ->> 'event_time')::timestamp at time zone 'America/Edmonton' as time,
            u.email, {user} as user_id
        from sent s left join job_board.users u on {match} where s.topic = 'applications'
    )
    select distinct on (a.event ->> 'application_id')
        a.event ->> 'application_id', a.email, (c.event ->> 'id')::int, a.event ->> 'user_agent',
        a.event ->> 'ip_address', a.event ->> 'job_uuid', a.event ->> 'job_title', a.event ->> 'company_name',
        a.time, c.time
    from application a
    left join click c on (c.event ->> 'user_id')::int = a.user_id and c.event ->> 'job_uuid' = a.event ->> 'job_uuid'
        and c.time between a.time - interval '1 hour' and a.time
    order by a.event ->> 'application_id', c.time
"""
BY = {
    "pipeline": {"user": "(s.event ->> 'user_id')::int", "match": "u.id = (s.event ->> 'user_id')::int"},
    "by-email": {"user": "u.id", "match": "u.email = s.event ->> 'email'"},
}


class Board:
    """A night of clicks and applications in Edmonton, through the hour that the clocks leave out."""

    def __init__(self, rnd: random.Random, by_email: bool):
        self.rnd, self.by_email = rnd, by_email
        self.now = datetime(2024, 3, 10, 7, 0, tzinfo=timezone.utc)

    def events(self, count: int):
        for number in range(count):
            self.now += timedelta(seconds=self.rnd.randrange(20, 100), milliseconds=number)
            at = text((self.now - timedelta(seconds=self.rnd.choice([0, 0, 10]))).astimezone(EDMONTON))
            user, job = self.rnd.choice([1, 2, 3, 4, 501]), self.rnd.choice(["j1", "j2"])
            common = {"user_agent": "Mozilla/5.0", "event_time": at, "job_uuid": job, "ip_address": "192.0.2.1"}
            if self.rnd.random() < 0.6:
                own = {"event_type": "click", "template_name": "list", "tag": "organic", "user_id": user}
                yield "clicks", {**common, **own, **({"id": number} if number % 3 else {})}
            else:
                who = {"email": f"user{user}@example.org"} if self.by_email else {"user_id": user}
                own = {"application_id": f"a{number:03}", "job_title": "Baker", "company_name": "Bread and Sons"}
                yield "applications", {**common, **own, **who}


def job_board(case) -> None:
    case.database.execute((JOBS / "tables.sql").read_text())
    case.database.execute(
        "insert into job_board.users (first_name, email) select 'U', 'user' || n || '@example.org'"
        " from generate_series(1, 4) n"
    )


@pytest.mark.parametrize("file", list(BY))
def test_job_applications(bare_case, sent, rnd, file):
    case, topics = bare_case, {name: f"{bare_case.pipeline.name}.{name}" for name in ("clicks", "applications")}
    job_board(case)
    sent(Board(rnd, file == "by-email").events(300), topics, alone=False)
    finish(example(case, JOBS / f"{file}.yaml", **topics))
    wanted = case.database.query(EXPECTED_APPLICATIONS.format(**BY[file]))
    found = case.database.query("select * from job_board.attributed_successful_applications order by application_id")
    found = [row[:-1] for row in found]  # attributed_at is no column of the pipeline
    assert wanted == found
    assert any(row[1] is None for row in wanted), "no user that nobody knows"
    assert any(row[2] is not None for row in wanted) and any(row[9] and row[2] is None for row in wanted)
    assert case.dead_letters() == []


def replay(file, clicks, applications, *arguments) -> list[dict]:
    line = [PROGRAM, "replay", file, "-q", "-i", f"clicks={clicks}", "-i", f"applications={applications}", *arguments]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(row) for row in done.stdout.splitlines()]


@pytest.mark.parametrize("missing", ["keep", "drop", "dead_letter"])
def test_replay_treats_missing_users_as_run_does(bare_case, sent, rnd, tmp_path, missing):
    case, topics = bare_case, {name: f"{bare_case.pipeline.name}.{name}" for name in ("clicks", "applications")}
    job_board(case)
    events = list(Board(rnd, by_email=True).events(150))
    sent(events, topics, alone=False)
    pipeline = example(case, JOBS / "by-email.yaml", **topics)
    pipeline.change("lookups.users.missing", missing)
    finish(pipeline)
    for name in topics:
        (tmp_path / name).write_text("".join(json.dumps(event) + "\n" for n, event in events if n == name))
    (tmp_path / "users.csv").write_text("id,email\n" + "".join(f"{n},user{n}@example.org\n" for n in range(1, 5)))
    line = (f"-lusers={tmp_path}/users.csv", "-d", tmp_path / "dead")
    rows = replay(pipeline.file, tmp_path / "clicks", tmp_path / "applications", *line)
    sql = "select application_id, click_time from job_board.attributed_successful_applications"
    found = {key: time and time.timestamp() for key, time in case.database.query(sql)}
    times = {row["application_id"]: row["click_time"] for row in rows}
    assert found == {key: time and datetime.fromisoformat(time).timestamp() for key, time in times.items()}
    unknown = sum(event.get("email") == "user501@example.org" for _, event in events)
    kept = sum(name == "applications" for name, _ in events) - (0 if missing == "keep" else unknown)
    assert unknown and len(found) == kept
    letters = [json.loads(letter)["reason"] for letter in (tmp_path / "dead").read_text().splitlines()]
    assert letters == case.reasons() == ["lookup_missing"] * (unknown if missing == "dead_letter" else 0)


def seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def test_the_sample_data_of_job_applications(program):
    """The time from click to application, in seconds; the sixth is of a user that nobody knows."""
    data = JOBS / "data"
    users = f"-lusers={data}/users.csv"
    spans = {}
    for file, applications in (("pipeline", "applications"), ("by-email", "applications-by-email")):
        rows = replay(JOBS / f"{file}.yaml", data / "clicks.jsonl", data / f"{applications}.jsonl", users)
        names = [row["username"] and row["username"].split("@")[0] for row in rows]
        assert names == ["ada", "ada", "bob", "bob", "cleo", None, "ada"]
        spans[file] = [row["click_time"] and seconds_between(row["click_time"], row["applied_at"]) for row in rows]
    assert spans["pipeline"] == [1800, None, 3600, None, 3310, 2100, None]
    assert spans["by-email"] == [1800, None, 3600, None, 3310, None, None]


def local_times() -> list[str]:
    """Every few minutes of both nights on which the clocks change, and the times of the cases."""
    starts = (datetime(2024, 3, 10), datetime(2024, 11, 3))
    sweep = [text(start + timedelta(minutes=7 * n)) for start in starts for n in range(35)]
    cases = yaml.safe_load((JOBS / "cases/daylight-saving.yaml").read_text())["cases"]
    events = [event for case in cases for event in case["events"]]
    given = [fields["event_time"] for event in events for fields in event.values()]
    exact = ["2024-03-10 02:00:00.000", "2024-03-10 02:59:59.999", "2024-03-10 03:00:00.000"]
    exact += ["2024-11-03 01:00:00.000", "2024-11-03 01:59:59.999", "2024-11-03 02:00:00.000"]
    return sweep + exact + [time for time in given if "T" not in time]


def test_local_times_are_those_of_postgres(program, database, tmp_path):
    sql = "select t, t::timestamp at time zone 'America/Edmonton' as u from unnest(%s::text[]) t order by u, t"
    resolved = database.query(sql, local_times())
    assert len(resolved) > 80
    common = {"user_id": 1, "job_uuid": "j"}
    applications = [{"application_id": n, "event_time": t, **common} for n, (t, _) in enumerate(resolved)]
    (tmp_path / "clicks.jsonl").touch()
    (tmp_path / "applications.jsonl").write_text("".join(json.dumps(a) + "\n" for a in applications))
    rows = replay(JOBS / "pipeline.yaml", tmp_path / "clicks.jsonl", tmp_path / "applications.jsonl")
    found = [datetime.fromisoformat(row["applied_at"]).timestamp() for row in rows]
    assert found == [moment.timestamp() for _, moment in resolved]
