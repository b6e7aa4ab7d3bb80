"""tributary dead-letters: what is in the topic, and records sent again, each once whatever happens meanwhile."""

import json
from collections import Counter
from datetime import datetime

import pytest
from confluent_kafka import Producer

from events import checkout, click, raw
from pipeline import eventually


def letters(case, *arguments, code=0):
    process = case.pipeline.run(*map(str, arguments), command="dead-letters")
    assert process.exit_code == code, process.output[-3000:] + process.log[-3000:]
    return process


def listed(case, *arguments):
    return [json.loads(line) for line in letters(case, "--list", "--json", *arguments).output.splitlines()]


def counts(case, *arguments):
    whole = json.loads(letters(case, "--json", *arguments).output)
    assert whole["topic"] == case.pipeline.dead_letters
    assert whole["letters"] == sum(group["letters"] for group in whole["groups"])
    return {(group["input"], group["reason"]): group["letters"] for group in whole["groups"]}


def redrive(case, *arguments, code=0):
    return letters(case, "--redrive", "--yes", *arguments, code=code)


def run_once(case):
    process = case.pipeline.run("--once")
    assert process.exit_code == 0, process.log[-3000:]


def content(record):
    return record.partition, record.key, record.value, record.timestamp_ms, record.headers


def broken(case):
    """Three kinds of dead letters."""
    case.send(
        click(1, at=0),
        raw("clicks", "{", at=1),
        raw("clicks", b"\xff\x00", at=2),
        raw("checkouts", "{", at=3),
        checkout(1, at=4, datetime_occured="soon"),
        raw("checkouts", "[", at=5),
    )
    run_once(case)


def test_counts_and_filters(case):
    broken(case)
    everything = {
        ("clicks", "malformed"): 1,
        ("clicks", "encoding"): 1,
        ("checkouts", "malformed"): 2,
        ("checkouts", "time_invalid"): 1,
    }
    assert counts(case) == everything
    assert counts(case, "--input", "clicks") == {k: v for k, v in everything.items() if k[0] == "clicks"}
    assert counts(case, "--reason", "encoding", "--reason", "time_invalid") == {
        k: v for k, v in everything.items() if k[1] != "malformed"
    }
    times = sorted((datetime.fromisoformat(letter["time"]), letter["time"]) for letter in listed(case))
    middle, written = times[2]
    assert sum(counts(case, "--since", written).values()) == sum(time >= middle for time, _ in times)
    assert sum(counts(case, "--until", written).values()) == sum(time < middle for time, _ in times)
    text = letters(case).output
    assert '5 dead letters in "' in text and "time_invalid" in text and '"soon" is not a time' in text


def test_the_headers_of_a_letter(case):
    broken(case)
    [letter] = [letter for letter in case.dead_letters() if letter.headers["reason"] == "time_invalid"]
    headers = letter.headers
    assert headers["class"] == "field" and headers["key"] == "1" and headers["topic"] == case.topics["checkouts"]
    assert headers["pipeline"] == case.pipeline.name and headers["time"].endswith("Z")


def test_one_in_full(case):
    broken(case)
    [place] = [letter for letter in listed(case) if letter["reason"] == "time_invalid"]
    where = f"{place['partition']}:{place['offset']}"
    whole = json.loads(letters(case, "--show", where, "--json").output)
    [source] = [r for r in case.records("checkouts") if b"soon" in r.value]
    assert whole["key"] == "1" and whole["value"] == source.value.decode() and whole["class"] == "field"
    assert whole["origin"] == {
        "topic": case.topics["checkouts"],
        "partition": source.partition,
        "offset": source.offset,
        "there": True,
        "headers": [],
    }
    assert source.value.decode() in letters(case, "--show", where).output
    assert "no dead letter" in letters(case, "--show", "0:99", code=1).log


def test_after_a_fix_the_row_is_there(case):
    """A clock that was ahead by more than the file allowed. Everything about the record stays."""
    producer = Producer({"bootstrap.servers": case.kafka.brokers, "log_level": 0})
    order = checkout(1, at=10, timestamp=-300)
    case.send(click(1, at=0))
    producer.produce(
        case.topics["checkouts"],
        key=order.key,
        value=order.value,
        timestamp=order.timestamp_ms,
        partition=case.records("clicks")[0].partition,
        headers={"trace": "abc", "empty": b""},
    )
    assert producer.flush(30) == 0
    run_once(case)
    assert case.reasons() == ["time_in_future"] and case.rows() == {}
    case.pipeline.change("inputs.checkouts.time.max_future", "1h")
    assert "1 record is to be sent" in letters(case, "--redrive", "--dry-run").output
    assert len(case.records("checkouts")) == 1
    redrive(case)
    first, second = case.records("checkouts")
    assert content(first) == content(second) and second.headers["trace"] == "abc"
    case.finish()
    assert case.row(order)["click_id"] is not None
    assert counts(case) == {("checkouts", "time_in_future"): 1}
    [letter] = listed(case)
    assert letter["redriven"]


def test_after_the_column_has_the_right_type(case):
    order = checkout(1, at=10, total_amount=1e20)
    case.pipeline.change("attribute.late", "attribute")
    case.send(click(1, at=0), order)
    case.finish()
    assert case.reasons() == ["value_refused"] and case.rows() == {}
    case.database.execute("alter table commerce.attributed_checkouts alter total_amount type numeric")
    redrive(case, "--reason", "value_refused")
    case.finish()
    assert case.row(order)["click_id"] is not None


def test_a_second_redrive_sends_nothing_unless_asked(case):
    broken(case)
    redrive(case, "--reason", "malformed")
    assert [len(case.records(role)) for role in ("clicks", "checkouts")] == [4, 5]
    assert "left out: 3 sent again already" in redrive(case).output
    assert [len(case.records(role)) for role in ("clicks", "checkouts")] == [5, 6]
    assert "nothing is to be sent again" in redrive(case).output
    redrive(case, "--again", "--input", "clicks")
    assert [len(case.records(role)) for role in ("clicks", "checkouts")] == [7, 6]


def many_broken(case, count):
    """That many dead letters, and enough good records among them that the pipeline does not stop for it."""
    bad = [raw("clicks", f"{{{n}", at=n, key=str(n)) for n in range(count)]
    case.send(*[event for n, event in enumerate(bad) for event in (event, *(click(n + i, at=n) for i in range(2)))])
    run_once(case)
    return bad


def test_killed_in_the_middle(case):
    """Records that were sent are noted in the same transaction: every letter once, whenever it dies."""
    bad = many_broken(case, 8000)
    process = case.pipeline.start("--redrive", "--yes", command="dead-letters")
    noted = len(case.dead_letters())
    eventually(lambda: sum(case.kafka.ends(case.pipeline.dead_letters).values()) > noted, "the first note")
    process.kill()
    assert process.exit_code == -9, "it had ended before"
    again = redrive(case)
    assert "sent again already" in again.output
    values = Counter(record.value for record in case.records("clicks"))
    assert {values[event.value] for event in bad} == {2}
    assert "nothing is to be sent again" in redrive(case).output


def overslept(case, process) -> bool:
    """Stops it for as long as a transaction is open. That may have been on its way to be committed: then it goes on."""
    topic = case.topics["clicks"]
    process.freeze()
    if case.kafka.has_open_transaction(topic):
        eventually(lambda: not case.kafka.has_open_transaction(topic), "the brokers end it")
        if len(case.kafka.read(topic, uncommitted=True)) > len(case.records("clicks")):
            return True
    assert process.exit_code is None, "it had ended before"
    process.thaw()
    return False


def test_a_transaction_that_takes_too_long(case):
    """The brokers abort it while the process is stopped. It says so, and the next redrive sends what is missing."""
    bad = many_broken(case, 4000)
    case.pipeline.document["kafka"]["properties"]["transaction.timeout.ms"] = 1000
    process = case.pipeline.start("--redrive", "--yes", command="dead-letters")
    eventually(lambda: overslept(case, process), "a transaction that the brokers abort")
    process.thaw()
    assert process.wait(60) == 1, process.log
    last = process.log[process.log.rindex("tributary dead-letters: ") :]
    late = "longer than `transaction.timeout.ms`" in last and "hint: begin it again" in last
    assert late or "_MSG_TIMED_OUT" in last, last  # a record that had not been sent may notice it first
    values = Counter(record.value for record in case.records("clicks"))
    assert {values[event.value] for event in bad} <= {1, 2}
    missing = sum(values[event.value] == 1 for event in bad)
    assert missing and f"sent {missing} records again" in redrive(case).output
    values = Counter(record.value for record in case.records("clicks"))
    assert {values[event.value] for event in bad} == {2}


def test_a_note_that_was_not_committed_notes_nothing(case):
    """Its records are not there either."""
    broken(case)
    keys = [letter.key for letter in case.dead_letters()]
    producer = case.kafka.new_producer(**{"transactional.id": f"tributary.{case.pipeline.name}.redrive"})
    producer.init_transactions(30)
    producer.begin_transaction()
    headers = {"redriven": str(len(keys)), "pipeline": case.pipeline.name}
    producer.produce(case.pipeline.dead_letters, value=b"\n".join(keys), headers=headers)
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    assert f"sent {len(keys)} records again" in redrive(case).output


def test_a_record_that_is_refused_takes_the_others_with_it(case):
    """The topic takes smaller records now: what went before in the same transaction is not there either."""
    case.send(raw("clicks", "{", at=0), raw("clicks", "{" + "x" * 20_000, at=1), click(1, at=2), click(2, at=2))
    run_once(case)
    before = len(case.records("clicks"))
    case.pipeline.document["kafka"]["properties"]["compression.type"] = "none"
    case.kafka.configure(case.topics["clicks"], max_message_bytes=10_000)
    assert "MSG_SIZE_TOO_LARGE" in redrive(case, code=1).log
    assert len(case.records("clicks")) == before
    case.kafka.configure(case.topics["clicks"], max_message_bytes=1_000_000)
    assert "sent 2 records again" in redrive(case).output


def test_a_later_redrive_ends_an_earlier_one(case):
    """Both at once send no letter twice."""
    bad = many_broken(case, 4000)
    processes = [case.pipeline.start("--redrive", "--yes", command="dead-letters") for _ in range(2)]
    codes = [process.wait(60) for process in processes]
    assert 0 in codes, [process.log for process in processes]
    values = Counter(record.value for record in case.records("clicks"))
    assert {values[event.value] for event in bad} == {2}
    for process, code in zip(processes, codes):
        assert code == 0 or "taken over" in process.log, process.log


def test_what_came_too_late_is_left_out(case):
    case.send(checkout(1, at=5000), checkout(1, at=0))
    case.finish()
    assert case.reasons() == ["late"]
    assert "left out: 1 that came too late" in redrive(case).output
    assert len(case.records("checkouts")) == 2
    assert "would be late" in letters(case, "--help").output
    redrive(case, "--reason", "late")
    assert len(case.records("checkouts")) == 3


def test_what_is_gone_is_sent_from_its_letter(case):
    broken(case)
    before = {r.value: r for r in case.records("clicks")}
    case.kafka.forget(case.topics["clicks"])
    output = redrive(case, "--input", "clicks").output
    assert "sent 2 records" in output and "2 of them as the dead letter has them" in output
    after = case.records("clicks")
    assert len(after) == 2 and all(content(r) == content(before[r.value]) for r in after)


def test_a_topic_that_was_made_anew(case):
    """Another record at that place is not taken for the one that became a dead letter."""
    broken(case)
    case.kafka.replace(case.topics["clicks"], 4)
    case.send(*[click(1, at=n) for n in range(4)])
    redrive(case, "--input", "clicks")
    assert Counter(r.value for r in case.records("clicks"))[b"{"] == 1


@pytest.mark.parametrize("role", ["checkouts", "dead_letters"])
def test_refused_without_the_topic(case, role):
    broken(case)
    topic = case.pipeline.dead_letters if role == "dead_letters" else case.topics[role]
    case.kafka.admin.delete_topics([topic])[topic].result(30)
    eventually(lambda: topic not in case.kafka.topics(), "the topic gone")
    before = case.records("clicks")
    assert topic in redrive(case, code=2).log
    assert case.records("clicks") == before


def test_it_asks_first(case):
    broken(case)
    assert "--yes goes ahead" in letters(case, "--redrive", code=2).log
    assert len(case.records("clicks")) == 3


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--reason", "malfromed"], 'did you mean "malformed"?'),
        (["--reason", "attributed"], "is not the reason of a dead letter"),
        (["--input", "nothing"], 'has no input "nothing"'),
        (["--show", "3"], "is not PARTITION:OFFSET"),
        (["--show", "0:1", "--reason", "late"], "--show goes with --json only"),
        (["--yes"], "go with --redrive"),
        (["--list", "--redrive"], "exclude each other"),
    ],
)
def test_refused_options(case, arguments, message):
    assert message in letters(case, *arguments, code=2).log


def test_retention_of_the_topic(bare_case):
    """Of the topic that Tributary makes."""
    from confluent_kafka.admin import ConfigResource

    case = bare_case
    case.create_topics()
    case.pipeline.change("dead_letters.retention", "3d")
    process = case.pipeline.run(command="init")
    assert process.exit_code == 0, process.log
    resource = ConfigResource(ConfigResource.Type.TOPIC, case.pipeline.dead_letters)
    settings = case.kafka.admin.describe_configs([resource])[resource].result(30)
    assert settings["retention.ms"].value == str(3 * 24 * 3600 * 1000)
    assert settings["cleanup.policy"].value == "delete"
