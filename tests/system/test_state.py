"""tributary state: what it says is held is what the definition says must be held."""

import json
from datetime import datetime

import pytest

from events import checkout, click, text, when
from history import history
from oracle import duration_us
from pipeline import eventually


def state(case, *arguments, code=0):
    """The partitions, as --json writes them."""
    process = case.pipeline.run(*map(str, arguments), "--json", command="state")
    assert process.exit_code == code, process.output[-3000:] + process.log[-3000:]
    return [json.loads(line) for line in process.output.splitlines()]


def held(case, *arguments):
    process = case.pipeline.run(*map(str, arguments), "--clicks", command="state")
    assert process.exit_code == 0, process.output[-3000:] + process.log[-3000:]
    return [json.loads(line) for line in process.output.splitlines()]


def iso(at):
    return text(when(at)).replace(" ", "T").removesuffix(".000") + "Z"


@pytest.fixture
def resting(case):
    """A run that has ended: three clicks held in one partition, one undecided checkout and one not read yet."""
    case.pipeline.change("attribute.window", "10m")
    case.clicks = [click(1, at=0), click(1, at=60), click(1, at=30, referrer="none")]
    case.send(*case.clicks, checkout(1, at=20), checkout(1, at=100))
    assert case.pipeline.run("--once").exit_code == 0
    case.send(checkout(1, at=101), click(1, at=61), click(1, at=62))
    [case.partition] = {record.partition for record in case.records("checkouts")}
    return case


def test_positions_lag_and_what_waits(resting):
    partitions = state(resting)
    assert [row["partition"] for row in partitions] == [0, 1, 2, 3]
    row = partitions[resting.partition]
    assert row["touches"] == {"next": 3, "lag": 2, "max_time": iso(60), "watermark": iso(45)}
    assert row["conversions"] == {"next": 1, "lag": 2, "max_time": iso(20), "watermark": iso(5)}
    assert (row["undecided"], row["undecided_of"]) == (2, 2)
    assert (row["held"], row["found"], row["state"]) == (3, 3, "whole")
    assert (row["oldest"], row["newest"]) == (iso(0), iso(60))
    assert row["blocks"] >= 1 and row["bytes"] > 0 and row["epoch"] > 0 and row["updated_at"].endswith("Z")
    other = partitions[(resting.partition + 1) % 4]
    assert (other["held"], other["state"], other["oldest"]) == (0, "empty", None)
    assert state(resting, "--partition", resting.partition)[0]["held"] == 3
    assert resting.pipeline.run("--partition", "4", command="state").exit_code == 2


def test_the_touches_themselves(resting):
    rows = held(resting)
    assert [(row["partition"], row["offset"], row["time"]) for row in rows] == [
        (resting.partition, offset, iso(at)) for offset, at in enumerate([0, 60, 30])
    ]
    assert [row["fields"] for row in rows] == [{"click_id": c.fields["click_id"]} for c in resting.clicks]
    assert [row.get("watermark") for row in rows] == [None, None, iso(45)]
    assert len({row["key_hash"] for row in rows}) == 1 and len(rows[0]["key_hash"]) == 32
    assert held(resting, "--partition", (resting.partition + 1) % 4) == []


def test_what_people_read(resting):
    process = resting.pipeline.run("--partition", str(resting.partition), command="state")
    assert process.exit_code == 0
    for line in (
        f"partition {resting.partition}: epoch ",
        "next offset 3, lag 2",
        "2 conversions wait for touches, of 2",
        "3 touches, blocks: ",
        "exactly the touches that the progress describes",
    ):
        assert line in process.output, process.output


def test_fields_that_are_no_uuid(case):
    case.pipeline.output["columns"] += [{"user_agent": "clicks.url"}, {"ip_address": "clicks._key"}]
    case.pipeline.output["columns"] = [
        column for column in case.pipeline.output["columns"] if column not in ("user_agent", "ip_address")
    ]
    event = click(1, at=0, url='a "quoted" ü')
    case.send(event, click(1, at=1, url=None), checkout(1, at=2))
    assert case.pipeline.run("--once").exit_code == 0
    first, second = held(case)
    assert first["fields"] == {"click_id": event.fields["click_id"], "url": 'a "quoted" ü', "_key": "1"}
    assert second["fields"]["url"] is None


def test_a_changelog_that_lost_blocks(resting):
    topic = f"{resting.pipeline.name}.changelog"
    resting.kafka.admin.delete_topics([topic])[topic].result(30)
    eventually(lambda: topic not in resting.kafka.topics(), "the topic is gone")
    row = state(resting, code=1)[resting.partition]
    assert (row["held"], row["found"], row["state"]) == (3, 0, "incomplete")
    process = resting.pipeline.run(command="state")
    assert process.exit_code == 1 and "INCOMPLETE" in process.output


def test_after_a_random_history(case, rnd):
    """Every touch of the last window, as the topic has it, and none that no conversion can need."""
    case.pipeline.change("attribute.window", "2m")
    case.pipeline.change("batch_rows", rnd.choice([50, 10_000]))
    case.send(*history(rnd, 4_000, span=2_000))
    case.finish()
    progress = {row["partition"]: row for row in state(case)}
    assert all(row["state"] == "whole" for row in progress.values())
    rows = held(case)
    assert len(rows) == sum(row["held"] for row in progress.values()) == sum(r["found"] for r in progress.values())
    found = {(row["partition"], row["offset"]) for row in rows}
    assert len(found) == len(rows)
    window = duration_us("2m") / 1e6
    for record in case.records("clicks"):
        try:
            fields = json.loads(record.value)
            at, user = fields["datetime_occured"], fields["user_id"]
        except (TypeError, ValueError, KeyError):
            continue
        if at < "2090" and None not in (user, fields["product_id"]):
            at = at.replace(" ", "T") + "Z"
            floor = progress[record.partition]["conversions"]["watermark"]
            needed = _seconds(at) + window >= _seconds(floor)
            assert not needed or (record.partition, record.offset) in found, (record, floor)
    for row in rows:
        floor = progress[row["partition"]]["conversions"]["watermark"]
        assert _seconds(row["time"]) + window * 1.07 >= _seconds(floor) - window / 16


def _seconds(iso_time):
    return datetime.fromisoformat(iso_time.replace("Z", "+00:00")).timestamp()
