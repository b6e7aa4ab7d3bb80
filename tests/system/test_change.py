"""A pipeline whose settings, name or topics change between two runs: it goes on where that is right, reads its touches
anew where they must be others, and stops with an explanation where the stored offsets or times mean something else.

The oracle knows one setting only, the last: the histories are such that what was decided before the change is the same
under both."""

import os
import pty
import subprocess

import pytest
from confluent_kafka.admin import NewPartitions

from events import HOUR, MINUTE, checkout, click
from history import history
from pipeline import PROGRAM, eventually
from stream import await_progress

KEPT = "tributary.progress", "tributary.idle_advances", "tributary.pipelines"


def kept(case, pipeline=None) -> list[int]:
    """How many rows each of Tributary's own tables has for the pipeline."""
    name = pipeline or case.pipeline.name
    return [case.database.query(f"select count(*) from {table} where pipeline = %s", name)[0][0] for table in KEPT]


def command(case, name, *arguments, code=0):
    process = case.pipeline.run(*arguments, command=name)
    assert process.exit_code == code, process.log + process.output
    return process.log + process.output


def answer(case, name, *arguments, says: str) -> tuple[int, str]:
    """Runs the command on a terminal of its own and answers its question."""
    ours, theirs = pty.openpty()
    line = [PROGRAM, name, case.pipeline.write(), *arguments]
    done = subprocess.Popen(
        line, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, **case.pipeline.environment},
    )
    os.write(ours, f"{says}\n".encode())
    output, _ = done.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return done.returncode, output


def call(pipeline, name) -> None:
    """The same pipeline file under another name."""
    pipeline.name = name
    pipeline.change("pipeline", name)


def some_orders(start=0.0, users=range(20)):
    """Each user's click and, a minute later, checkout; nothing late, nothing malformed."""
    clicks = [click(user, at=start + n) for n, user in enumerate(users)]
    return [*clicks, *(checkout(user, at=start + MINUTE + n) for n, user in enumerate(users))]


def changelog(case) -> str:
    return f"{case.pipeline.name}.changelog"


# --- reset


def test_after_a_reset_everything_is_read_again(case, rnd):
    case.send(*history(rnd, 800))
    case.settle()
    case.database.execute("truncate commerce.attributed_checkouts")
    case.finish()
    assert case.rows() == {}, "it did not go on where it stopped"
    assert all(kept(case))
    said = command(case, "reset", "--yes")
    assert case.pipeline.name in said and "commerce.attributed_checkouts stay" in said
    assert kept(case) == [0, 0, 0]
    case.settle(duplicates=True)
    assert case.rows()


def test_a_reset_empties_the_changelog(case):
    case.send(*some_orders())
    case.settle()
    assert case.kafka.read(changelog(case))
    assert changelog(case) in command(case, "reset", "--yes")
    eventually(lambda: not case.kafka.read(changelog(case)), "no block of before in the changelog")
    case.settle()


def test_a_reset_deletes_no_topic_that_is_no_changelog(case):
    other = f"{case.pipeline.name}.precious"
    case.kafka.create(other, 1)
    case.send(*some_orders())
    case.settle()
    case.pipeline.change("changelog.topic", other)
    assert "not compacted" in command(case, "reset", "--yes")
    assert other in case.kafka.topics() and kept(case) == [0, 0, 0]


def test_a_reset_says_what_an_append_table_will_hold(case):
    case.append_without_key()
    case.send(*some_orders(users=range(5)))
    case.settle()
    assert "ONCE MORE" in command(case, "reset", "--yes")
    case.finish()
    assert len(case.database.rows()) == 10


def test_a_reset_asks_first(case):
    case.send(*some_orders())
    case.settle()
    before = kept(case)
    assert "--yes" in command(case, "reset", code=2), "there was nobody to ask"
    code, said = answer(case, "reset", says="n")
    assert code == 1 and "[y/N]" in said and "nothing was changed" in said
    code, said = answer(case, "reset", says="")
    assert code == 1 and kept(case) == before
    code, said = answer(case, "reset", says="y")
    assert code == 0 and kept(case) == [0, 0, 0], said


def test_no_reset_while_a_process_runs(case):
    case.send(*some_orders())
    process = case.start()
    await_progress(case, 0)
    before = kept(case)
    said = command(case, "reset", "--yes", code=2)
    assert f'"tributary.{case.pipeline.name}" has 1 member' in said and "--force" in said
    assert kept(case) == before
    assert process.stop() == 0
    command(case, "reset", "--yes")
    assert kept(case) == [0, 0, 0]


def test_a_forced_reset_under_a_running_process(case):
    """It asks for nobody's leave; the process is fenced or finds no progress, and the table stays right."""
    case.send(*some_orders())
    process = case.start()
    await_progress(case, 0)
    command(case, "reset", "--yes", "--force")
    process.kill()
    case.settle(duplicates=True)


def test_a_reset_leaves_other_pipelines_alone(case):
    case.send(*some_orders())
    case.settle()
    name, before = case.pipeline.name, kept(case)
    call(case.pipeline, f"{name}-b")
    assert "nothing is stored" in command(case, "reset", "--yes")
    case.finish()
    command(case, "reset", "--yes")
    assert kept(case) == [0, 0, 0] and kept(case, name) == before
    call(case.pipeline, name)
    case.settle()


def test_a_reset_of_a_database_that_no_pipeline_ran_with(case):
    assert "tributary" in command(case, "reset", "--yes", code=2)
    assert not case.database.exists("tributary.progress")


# --- rename


def test_a_renamed_pipeline_goes_on(case):
    case.send(*some_orders())
    case.settle()
    old, before = case.pipeline.name, kept(case)
    assert all(before)
    read = [(row["touch_offset"], row["conversion_offset"]) for row in case.database.progress()]
    call(case.pipeline, f"{old}-new")
    said = command(case, "rename", old, "--yes")
    assert f"changelog: {{topic: {old}.changelog}}" in said
    assert kept(case) == before and kept(case, old) == [0, 0, 0]
    case.database.execute("truncate commerce.attributed_checkouts")
    case.finish()
    assert case.rows() == {}, "it began anew"
    assert [(row["touch_offset"], row["conversion_offset"]) for row in case.database.progress()] == read


@pytest.mark.parametrize("keep", [False, True])
def test_a_renamed_pipeline_still_has_its_touches(case, keep):
    """From the click topic, or from the changelog it takes along."""
    early = click(50, at=0)
    case.send(early, *some_orders())
    case.settle()
    old = case.pipeline.name
    call(case.pipeline, f"{old}-new")
    if keep:
        case.pipeline.change("changelog.topic", f"{old}.changelog")
    assert ("anew" in command(case, "rename", old, "--yes").split("begin anew")[1]) is not keep
    order = checkout(50, at=10 * MINUTE)
    case.send(order, click(1, at=11 * MINUTE))
    case.settle()
    assert case.clicks_of(order) == [early.fields["click_id"]]


def test_a_rename_asks_first(case):
    case.send(*some_orders())
    case.settle()
    old, before = case.pipeline.name, kept(case)
    call(case.pipeline, f"{old}-new")
    assert "--yes" in command(case, "rename", old, code=2)
    code, said = answer(case, "rename", old, says="no")
    assert code == 1 and "[y/N]" in said and kept(case, old) == before
    code, said = answer(case, "rename", old, says="yes")
    assert code == 0 and kept(case) == before, said


def test_renames_that_are_refused(case):
    case.send(*some_orders())
    case.settle()
    old, before = case.pipeline.name, kept(case)
    assert "already" in command(case, "rename", old, "--yes", code=2)
    assert "cannot be the name" in command(case, "rename", "a'b", "--yes", code=2)
    assert "nothing is stored" in command(case, "rename", "nobody", "--yes", code=2)
    call(case.pipeline, f"{old}-new")
    case.finish()
    assert "progress of its own" in command(case, "rename", old, "--yes", code=2)
    assert kept(case, old) == before


def test_no_rename_while_a_process_runs(case):
    case.send(*some_orders())
    old = case.pipeline.name
    process = case.start()
    await_progress(case, 0)
    before = kept(case)
    call(case.pipeline, f"{old}-new")
    said = command(case, "rename", old, "--yes", code=2)
    assert f'"tributary.{old}" has 1 member' in said
    assert process.stop() == 0
    command(case, "rename", old, "--yes")
    assert kept(case) == before
    case.settle()


# --- settings that change


def test_a_smaller_window_goes_on(case):
    case.send(*some_orders())
    case.settle()
    case.pipeline.change("attribute.window", "30m")
    near, far = checkout(1, at=2 * HOUR + 30 * MINUTE), checkout(1, at=2 * HOUR + 31 * MINUTE)
    first = click(1, at=2 * HOUR)
    case.send(first, near, far, click(2, at=3 * HOUR))
    case.settle()
    assert case.clicks_of(near, far) == [first.fields["click_id"], None]


def test_a_larger_window_finds_what_the_smaller_one_had_dropped(case):
    case.pipeline.change("attribute.window", "10m")
    early = click(50, at=0)
    case.send(early, *some_orders(), *some_orders(start=40 * MINUTE, users=range(60, 80)))
    case.settle()
    case.pipeline.change("attribute.window", "1h")
    order = checkout(50, at=45 * MINUTE)
    case.send(order, click(1, at=46 * MINUTE))
    case.settle()
    assert case.clicks_of(order) == [early.fields["click_id"]]


def test_another_key_holds_for_the_clicks_of_before(case):
    early = click(50, "lamp", at=0)
    case.send(early, *some_orders())
    case.settle()
    case.pipeline.change("attribute.key", ["user_id"])
    order = checkout(50, "sofa", at=10 * MINUTE)
    case.send(order, click(1, at=11 * MINUTE))
    case.settle()
    assert case.clicks_of(order) == [early.fields["click_id"]]


def test_a_further_column_from_clicks_of_before(case):
    early = click(50, at=0)
    case.send(early, *some_orders())
    case.settle()
    case.database.execute("alter table commerce.attributed_checkouts add column click_url text")
    case.pipeline.output["columns"].append({"click_url": "clicks.url"})
    order = checkout(50, at=10 * MINUTE)
    case.send(order, click(1, at=11 * MINUTE))
    case.settle()
    row = case.row(order)
    assert (row["click_id"], row["click_url"]) == (early.fields["click_id"], early.fields["url"])
    assert {row["click_url"] for row in case.rows().values()} == {early.fields["url"], None}


def test_a_further_column_when_older_clicks_are_gone(case):
    """The log begins with an offset that has no record, the marker of a transaction: that reading begins behind it does
    not mean that something older is still there."""
    case.send(*some_orders())
    producer = case.kafka.new_producer(**{"transactional.id": case.pipeline.name})
    producer.init_transactions(30)
    producer.begin_transaction()
    case.kafka.send(case.topics, [click(user, at=30) for user in range(20)], producer)
    producer.commit_transaction(30)
    case.settle()
    case.kafka.forget(case.topics["clicks"], but=1)
    case.database.execute("alter table commerce.attributed_checkouts add column click_url text")
    case.pipeline.output["columns"].append({"click_url": "clicks.url"})
    case.send(*[click(user, at=60) for user in range(20)])
    before = case.rows()
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2
    assert "touches that the pipeline needs are gone from it" in process.log
    assert case.rows() == before


def test_a_further_column_when_clicks_that_nobody_needs_are_gone(case):
    """What retention took lies before the window: the rest is enough, and the first record left proves it."""
    case.pipeline.change("attribute.window", "5m")
    case.send(*[click(user, at=0) for user in range(20)])
    case.send(*[checkout(user, at=1) for user in range(20)])
    case.settle()
    case.kafka.forget(case.topics["clicks"])
    case.send(*[click(user, at=at) for at in (2 * 60, 30 * 60) for user in range(20)])
    case.send(*[checkout(user, at=30 * 60) for user in range(20)])
    case.finish()
    case.database.execute("alter table commerce.attributed_checkouts add column click_url text")
    case.pipeline.output["columns"].append({"click_url": "clicks.url"})
    orders = [checkout(user, at=31 * 60) for user in range(20)]
    case.send(*orders)
    case.finish()
    assert all(case.row(order)["click_url"] for order in orders)


@pytest.mark.parametrize(
    "path, value",
    [
        ("attribute.allowed_lateness", "5m"),
        ("attribute.late", "attribute"),
        ("attribute.max_drift", "2h"),
        ("defaults.time.out_of_order", "1m"),
        ("defaults.time.out_of_order", "0s"),
        ("defaults.time.max_future", "10m"),
        ("defaults.idle_timeout", "10m"),
    ],
)
def test_settings_that_only_concern_what_comes(case, path, value):
    """In order and in time, as these events are, they make no difference; the clicks of before are still there."""
    early = click(50, at=0)
    case.send(early, *some_orders())
    case.settle()
    case.pipeline.change(path, value)
    order = checkout(50, at=10 * MINUTE)
    case.send(order, click(1, at=20 * MINUTE))
    case.settle()
    assert case.clicks_of(order) == [early.fields["click_id"]]


# --- settings that stop it


def stops(case, *words):
    """It ends with 2 and says why, and nothing has moved."""
    before, rows = case.database.progress(), case.rows()
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2, process.log[-3000:]
    for word in (*words, "tributary reset"):
        assert word in process.log, f"{word!r} is not in:\n{process.log[-3000:]}"
    assert case.rows() == rows
    for name in ("touch_offset", "conversion_offset", "touch_ledger", "conversion_ledger"):
        assert [row[name] for row in case.database.progress()] == [row[name] for row in before]


@pytest.mark.parametrize(
    "path, value, words",
    [
        ("defaults.time.zone", "Europe/Berlin", ("time zone of the touches", "UTC", "Europe/Berlin")),
        ("inputs.checkouts.time.format", "epoch_s", ("time format of the conversions", "iso", "epoch_s")),
        ("inputs.clicks.time.field", "at", ("time field of the touches", "datetime_occured")),
    ],
)
def test_times_read_in_another_way(case, path, value, words):
    case.send(*some_orders())
    case.settle()
    before = case.pipeline.get(path)
    case.pipeline.change(path, value)
    stops(case, *words)
    case.pipeline.change(path, before)
    case.send(*some_orders(start=10 * MINUTE))
    case.settle()


@pytest.mark.parametrize("role", ["clicks", "checkouts"])
def test_another_topic(case, role):
    case.send(*some_orders())
    case.settle()
    topic, other = case.topics[role], f"{case.pipeline.name}.other"
    case.kafka.create(other, 4)
    case.pipeline.change(f"inputs.{role}.kafka.topic", other)
    stops(case, f'"{topic}"', f'"{other}"')
    case.pipeline.change(f"inputs.{role}.kafka.topic", topic)
    case.send(*some_orders(start=10 * MINUTE))
    case.settle()


def test_topics_that_have_grown(case):
    case.send(*some_orders())
    case.settle()
    for topic in case.topics.values():
        case.kafka.admin.create_partitions([NewPartitions(topic, 6)])[topic].result(30)
        eventually(lambda: case.kafka.topics()[topic] == 6, "six partitions")
    stops(case, "number of partitions was 4, is now 6", "drained")


@pytest.mark.parametrize("roles", [("clicks", "checkouts"), ("clicks",)], ids=["both", "clicks"])
def test_topics_that_grow_while_they_are_read(case, roles):
    """The group gives new partitions of the conversions out at once; those of the touches it does not know."""
    case.pipeline.document["kafka"]["properties"]["topic.metadata.refresh.interval.ms"] = 500
    case.send(*some_orders())
    process = case.start()
    await_progress(case, 0)
    for role in roles:
        case.kafka.admin.create_partitions([NewPartitions(case.topics[role], 6)])[case.topics[role]].result(30)
    assert process.wait(60) == 2, process.log[-3000:]
    assert "has more partitions than the 4 that it had when this process began" in process.log
    assert "drained" in process.log
    assert len(case.database.progress()) == 4


def test_exchanged_roles(case):
    case.send(*some_orders())
    case.settle()
    case.pipeline.change("attribute.conversions", "clicks")
    case.pipeline.change("attribute.touches", "checkouts")
    case.pipeline.change("lookups", None)
    case.pipeline.output["columns"] = [{"checkout_id": "clicks.click_id"}]
    stops(case, "input of the touches", "input of the conversions")


def test_a_second_pipeline_of_the_same_name(case):
    """It ends by itself, and the first goes on."""
    case.send(*some_orders())
    process = case.start()
    await_progress(case, 0)
    case.await_released()
    other = case.pipeline.copy("second")
    for role, topic in case.topics.items():
        case.kafka.create(f"{topic}.second", 4)
        other.change(f"inputs.{role}.kafka.topic", f"{topic}.second")
    second = other.run()
    assert second.exit_code == 2, second.log[-3000:]
    assert f'"{case.topics["clicks"]}.second"' in second.log
    case.send(*some_orders(start=10 * MINUTE))
    case.await_released()
    assert process.stop() == 0
    case.settle()
