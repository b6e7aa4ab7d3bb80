"""The commands beside run."""

import csv
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from decimal import Decimal

import pytest
import yaml

from events import checkout, click
from kafka import murmur2_partition
from pipeline import PROGRAM, ROOT

EXAMPLE = ROOT / "examples/checkouts"


def test_every_exit_code_is_documented():
    """In the order of the program's own table."""
    codes = re.findall(r"EXIT_\w+ = (\d+),", (ROOT / "sidecar/commands/command.h").read_text())
    table = (ROOT / "docs/operations.md").read_text().split("| Code | Means |")[1].split("\n\n")[0]
    assert codes and re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == codes


def test_every_event_of_the_log_is_documented():
    """And no other. A summary is one too, with a section of its own."""
    sources = "".join(file.read_text() for file in (ROOT / "sidecar").rglob("*.c"))
    events = set(re.findall(r"log_(?:event|repeated)\(\s*LOG_LEVEL_\w+,\s*\"(\w+)\"", sources)) - {"summary"}
    table = (ROOT / "docs/operations.md").read_text().split("| Event | Level | Says |")[1].split("\n\n")[0]
    names = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert events and set(re.findall(r"`(\w+)`", "".join(names))) == events


@pytest.fixture
def tributary(program, tmp_path):
    """Runs the program in a folder of its own."""

    def run(*arguments, code=0, **environment):
        line = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment or None)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done

    return run


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- the command line itself


def test_help_and_version(tributary):
    general = tributary("--help").stdout
    for command in ("run", "check", "init", "reset", "rename", "replay", "test", "generate", "produce"):
        assert command in general
        assert f"tributary {command}" in tributary(command, "--help").stdout
    assert tributary("version").stdout.strip()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["run"], ["run", "--nonsense", "x"], ["replay"], ["test"]])
def test_a_wrong_command_line(tributary, arguments):
    done = tributary(*arguments, code=2)
    assert done.stderr and "help" in (done.stderr + done.stdout)


# --- check and init


def test_check_of_a_good_file(case):
    process = case.pipeline.run(command="check")
    assert process.exit_code == 0, process.log


def test_check_with_connections(case):
    case.send(click(1, at=0), checkout(1, at=5))
    process = case.pipeline.run("--connect", command="check")
    assert process.exit_code == 0, process.log + process.output
    case.database.execute("alter table commerce.attributed_checkouts drop column click_time")
    case.database.execute("drop table commerce.users")
    process = case.pipeline.run("--connect", command="check")
    said = process.log + process.output
    assert process.exit_code == 2 and "click_time" in said and "commerce.users" in said, said


def test_check_of_keys_and_topics(bare_case):
    bare_case.kafka.create(bare_case.topics["clicks"], 4)
    bare_case.kafka.create(bare_case.topics["checkouts"], 2)
    process = bare_case.pipeline.run("--connect", command="check")
    said = process.log + process.output
    assert process.exit_code == 2 and bare_case.topics["clicks"] in said, said


def test_init_is_what_run_does_by_itself(case):
    for _ in range(2):
        process = case.pipeline.run(command="init")
        assert process.exit_code == 0, process.log
    assert case.database.exists("tributary.progress")
    assert case.pipeline.dead_letters in case.kafka.topics()
    case.send(click(1, at=0), checkout(1, at=5))
    case.settle()


def test_init_prints_statements_that_work(case):
    process = case.pipeline.run("--print-sql", command="init")
    assert process.exit_code == 0, process.log
    assert not case.database.exists("tributary.progress"), "it printed, and did it too"
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", case.database.url, "-f", process.output_file]
    subprocess.run(psql, check=True, timeout=30)
    assert case.database.exists("tributary.progress")
    case.send(click(1, at=0), checkout(1, at=5))
    case.settle()


# --- generate, produce, replay


def test_generate_is_a_function_of_its_seed(tributary, tmp_path):
    options = ("--clicks", 500, "--checkouts", 100, "--span", "2h", "--disorder", "10s")
    for folder, seed in (("a", 7), ("b", 7), ("c", 8)):
        tributary("generate", "--seed", seed, *options, "-o", tmp_path / folder)
    names = ["checkouts.jsonl", "clicks.jsonl", "users.csv"]
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == names
    for name in names[:2]:
        a, b, c = ((tmp_path / folder / name).read_bytes() for folder in "abc")
        assert a == b != c
    clicks, checkouts = (lines(tmp_path / "a" / name) for name in ("clicks.jsonl", "checkouts.jsonl"))
    assert (len(clicks), len(checkouts)) == (500, 100)
    assert set(click(1).fields) == set(clicks[0]) and set(checkout(1).fields) == set(checkouts[0])
    users = list(csv.DictReader((tmp_path / "a/users.csv").open()))
    assert {"id", "username"} <= set(users[0])


def test_produce_puts_every_line_where_its_key_belongs(case, tributary, tmp_path):
    events = [click(user, at=user) for user in range(200)]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(e.value + b"\n" for e in events))
    topic = case.topics["clicks"]
    tributary("produce", "--brokers", case.kafka.brokers, "--topic", topic, "--key", "user_id", file)
    records = case.records("clicks")
    assert sorted(r.value for r in records) == sorted(e.value for e in events)
    for record in records:
        assert record.key == str(json.loads(record.value)["user_id"]).encode()
        assert record.partition == murmur2_partition(record.key, 4)


def test_generated_events_through_topics(case, tributary, tmp_path):
    """generate, produce, run: and the oracle agrees."""
    tributary("generate", "--clicks", 3000, "--checkouts", 600, "--span", "3h", "--disorder", "15s", "-o", tmp_path)
    for role, topic in case.topics.items():
        file = tmp_path / f"{role}.jsonl"
        tributary("produce", "--brokers", case.kafka.brokers, "--topic", topic, "--key", "user_id", file)
    case.settle()
    assert len(case.rows()) == 600
    ledger = case.ledger()
    assert ledger["conversion", "attributed"] > 300 and ledger["conversion", "unattributed"] > 50


def comparable(row):
    """A row of the table, or one that replay printed, in one form."""
    amount = row["total_amount"]
    times = {}
    for name in ("checkout_time", "click_time"):
        value = row[name]
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
        times[name] = value
    return {**row, **times, "total_amount": None if amount is None else round(Decimal(str(amount)), 2)}


def test_replay_is_run_without_servers(bare_case, tributary, tmp_path):
    """The same rows, from the same events in one partition."""
    bare_case.create_topics(1)
    tributary("generate", "--clicks", 800, "--checkouts", 300, "--span", "2h", "--disorder", "20s", "-o", tmp_path)
    with (tmp_path / "checkouts.jsonl").open("a") as file:
        file.write('broken\n{"user_id": 1}\n')
    bare_case.database.execute("truncate commerce.users")
    with bare_case.database.connection.cursor().copy("copy commerce.users from stdin with (format csv, header)") as copy:
        copy.write((tmp_path / "users.csv").read_bytes())
    for role, topic in bare_case.topics.items():
        for line in (tmp_path / f"{role}.jsonl").read_bytes().splitlines():
            bare_case.kafka.producer.produce(topic, value=line)
    assert bare_case.kafka.producer.flush(30) == 0
    bare_case.settle()
    done = tributary(
        "replay",
        bare_case.pipeline.file,
        *("--input", f"clicks={tmp_path / 'clicks.jsonl'}"),
        *("--input", f"checkouts={tmp_path / 'checkouts.jsonl'}"),
        *("--lookup", f"users={tmp_path / 'users.csv'}"),
        *("--dead-letters", tmp_path / "dead.jsonl"),
    )
    replayed = {row["checkout_id"]: comparable(row) for row in map(json.loads, done.stdout.splitlines())}
    assert replayed == {name: comparable(row) for name, row in bare_case.rows().items()}
    dead = lines(tmp_path / "dead.jsonl")
    assert sorted(letter["reason"] for letter in dead) == sorted(bare_case.reasons())
    assert {"malformed", "time_invalid"} <= {letter["reason"] for letter in dead}


def test_replay_refuses_files_that_are_not_there(tributary, tmp_path):
    done = tributary(
        *("replay", EXAMPLE / "pipeline.yaml", "--input", "clicks=nowhere.jsonl", "--input", "checkouts=nowhere.jsonl"),
        code=2,
    )
    assert "nowhere.jsonl" in done.stderr


def test_live_generation_goes_into_the_topics(case, tributary):
    tributary(
        *("generate", "--brokers", case.kafka.brokers, "--rate", 400, "--duration", "2s"),
        *("--clicks-topic", case.topics["clicks"], "--checkouts-topic", case.topics["checkouts"]),
    )
    records = case.records("clicks")
    assert len(records) > 300
    for record in records[:50]:
        assert record.partition == murmur2_partition(record.key, 4)
    case.settle()
    assert len(case.rows()) == len(case.records("checkouts"))


# --- test


def test_the_cases_of_the_example(tributary, tmp_path):
    cases = sorted(EXAMPLE.glob("cases/*.yaml"))
    assert cases
    tributary("test", *cases, "--junit", tmp_path / "junit.xml")
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot()
    found = suites.findall(".//testcase")
    assert found and not suites.findall(".//failure")


def test_a_case_that_fails(tributary, tmp_path):
    """An expectation that does not hold is shown, and the exit code says so."""
    text = sorted(EXAMPLE.glob("cases/*.yaml"))[0].read_text()
    document = yaml.safe_load(text)
    broken = tmp_path / "broken.yaml"
    rows = next(value for value in walk(document) if isinstance(value, dict) and "checkout_id" in value)
    rows["checkout_id"] = "nobody sent this"
    document["pipeline"] = str(EXAMPLE / "pipeline.yaml")
    broken.write_text(yaml.safe_dump(document))
    done = tributary("test", broken, "--junit", tmp_path / "junit.xml", code=3)
    assert "nobody sent this" in done.stdout + done.stderr
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().findall(".//failure")


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from walk(child)
