"""What is set up wrongly is refused before anything is read, with exit code 2 and a message that says what to do."""

import re
from urllib.parse import urlsplit

import pytest

from events import checkout, click
from pipeline import Process


def refused(case, *words, arguments=("--once", "--close"), code=2):
    """Runs the pipeline; it must end with the code, name each of the words, and leave no row."""
    process = case.pipeline.run(*arguments)
    assert process.exit_code == code, process.log[-3000:]
    for word in words:
        assert word in process.log, f"{word!r} is not in:\n{process.log[-3000:]}"
    assert case.rows() == {}
    return process.log


# --- topics and keys


def test_topics_with_different_partition_counts(bare_case):
    bare_case.kafka.create(bare_case.topics["clicks"], 4)
    bare_case.kafka.create(bare_case.topics["checkouts"], 3)
    refused(bare_case, bare_case.topics["clicks"], bare_case.topics["checkouts"], "4", "3")


@pytest.mark.parametrize("role", ["clicks", "checkouts"])
def test_a_topic_that_does_not_exist(bare_case, role):
    other = {"clicks": "checkouts", "checkouts": "clicks"}[role]
    bare_case.kafka.create(bare_case.topics[other], 4)
    refused(bare_case, f'"{bare_case.topics[role]}"')
    assert bare_case.topics[role] not in bare_case.kafka.topics(), "asking created the topic"


def test_records_without_key_on_one_partition(bare_case):
    """With one partition there is nothing a key could decide."""
    bare_case.create_topics(1)
    first, order = click(1, at=0, key=None), checkout(1, at=5, key=None)
    bare_case.send(first, order)
    bare_case.settle()
    assert bare_case.clicks_of(order) == [first.fields["click_id"]]


def test_records_without_key_on_several_partitions(case):
    case.send(*[click(user, at=user, key=None) for user in range(20)])
    case.send(*[checkout(user, at=60, key=None) for user in range(20)])
    refused(case, f'"{case.topics["clicks"]}"', "repartition", "key")


def test_keys_that_do_not_hold_the_field(case):
    """Records keyed by something other than what the file says: the join would silently miss."""
    case.send(*[click(user, at=user, key=f"session {user}") for user in range(40)])
    case.send(*[checkout(user, at=60) for user in range(40)])
    refused(case, f'"{case.topics["clicks"]}"', "user_id")


def test_two_producers_with_different_partitioners(case):
    """librdkafka's default puts a key elsewhere than Java's: the same key, two partitions."""
    clicks = [click(user, at=user) for user in range(60)]
    case.kafka.send(case.topics, clicks, case.kafka.new_producer(partitioner="consistent_random"))
    case.send(*[checkout(user, at=60) for user in range(60)])
    refused(case, case.topics["clicks"], "partition")


# --- the database


def test_a_result_table_that_does_not_exist(case):
    case.database.execute("drop table commerce.attributed_checkouts")
    case.send(checkout(1, at=0))
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2, process.log
    assert "commerce.attributed_checkouts" in process.log


def test_a_lookup_table_that_does_not_exist(case):
    case.database.execute("drop table commerce.users")
    case.send(checkout(1, at=0))
    refused(case, "commerce.users")


def test_a_column_that_does_not_exist(case):
    case.database.execute("alter table commerce.attributed_checkouts rename column click_time to clicked")
    case.send(checkout(1, at=0))
    refused(case, "click_time", "commerce.attributed_checkouts")


def test_a_primary_key_that_is_none(case):
    case.database.execute("alter table commerce.attributed_checkouts drop constraint attributed_checkouts_pkey")
    case.send(checkout(1, at=0))
    refused(case, "primary_key", "commerce.attributed_checkouts")


def other_url(case, **changes):
    url = urlsplit(case.database.url)
    user, password = changes.get("user", url.username), changes.get("password", url.password)
    port, name = changes.get("port", url.port), changes.get("name", url.path[1:])
    return f"postgresql://{user}:{password}@{url.hostname}:{port}/{name}"


def test_a_wrong_password(case):
    case.send(checkout(1, at=0))
    case.pipeline.environment["DATABASE_URL"] = other_url(case, password="not-this-one")
    log = refused(case, "password")
    assert "not-this-one" not in log, "a secret in the log"


def test_a_database_that_does_not_exist(case):
    case.send(checkout(1, at=0))
    case.pipeline.environment["DATABASE_URL"] = other_url(case, name="nowhere")
    refused(case, "nowhere")


def test_a_role_without_rights_on_the_result_table(case):
    role = f"r_{case.pipeline.name}"[:60]
    case.database.execute(f"create role {role} login password 'secret'")
    case.database.execute(f"grant create on database {case.database.name} to {role}")
    case.database.execute(f"grant usage on schema commerce to {role}; grant select on commerce.users to {role}")
    case.send(checkout(1, at=0))
    case.pipeline.environment["DATABASE_URL"] = other_url(case, user=role, password="secret")
    try:
        refused(case, "commerce.attributed_checkouts")
    finally:
        case.database.execute(f"drop owned by {role}; drop role {role}")


def test_least_rights_are_enough(case):
    """What `init --print-sql` asks for is all that a run needs."""
    role = f"r_{case.pipeline.name}"[:60]
    case.database.execute(f"create role {role} login password 'secret'")
    created = case.pipeline.run(command="init")
    assert created.exit_code == 0, created.log
    case.database.execute(
        f"""grant usage on schema tributary, commerce to {role};
            grant select, insert, update, delete on all tables in schema tributary to {role};
            grant select on commerce.users to {role};
            grant select, insert, update on commerce.attributed_checkouts to {role}"""
    )
    case.send(click(1, at=0), checkout(1, at=5))
    owner = case.pipeline.environment["DATABASE_URL"]
    case.pipeline.environment["DATABASE_URL"] = other_url(case, user=role, password="secret")
    try:
        case.settle()
    finally:
        case.pipeline.environment["DATABASE_URL"] = owner
        case.database.execute(f"drop owned by {role}; drop role {role}")


# --- the file


def change_and_check(case, path, value, *words):
    """`check` names the file, the line, what is wrong, and what was meant; `run` refuses it the same way."""
    case.pipeline.change(path, value)
    for command in ("check", "run"):
        process = case.pipeline.run(command=command)
        said = process.log + process.output
        assert process.exit_code == 2, said
        assert re.search(r"pipeline\.yaml:\d+:\d+: ", said), said
        for word in words:
            assert word in said, said


def test_a_setting_nobody_knows(case):
    change_and_check(case, "attribute.windows", "1h", '"windows"', "window")


def test_a_setting_that_is_missing(case):
    change_and_check(case, "attribute.window", None, "window")


@pytest.mark.parametrize("window", ["an hour", "1", -1, "1h30", [1]])
def test_a_duration_that_is_none(case, window):
    change_and_check(case, "attribute.window", window, "window")


def test_an_input_nobody_knows(case):
    change_and_check(case, "attribute.touches", "click", '"click"', "clicks")


def test_a_column_of_an_input_nobody_knows(case):
    change_and_check(case, "lookups.users.match", {"id": "checkout.user_id"}, '"checkout"', '"checkouts"')


def test_an_unset_variable(case):
    change_and_check(case, "postgres.url", "${TRIBUTARY_NO_SUCH_VARIABLE}", "TRIBUTARY_NO_SUCH_VARIABLE")


def test_all_problems_are_named_at_once(case):
    case.pipeline.change("attribute.model", "best")
    case.pipeline.change("attribute.windw", "1h")
    case.pipeline.change("dead_letters.topic", "not a topic")
    change_and_check(case, "version", 7, "best", "windw", "not a topic", "version")


def test_a_file_that_is_not_there(case):
    case.pipeline.write()
    case.pipeline.file.unlink()
    process = Process(["run", str(case.pipeline.file)], case.pipeline.environment, case.pipeline.folder)
    assert process.wait() == 2
    assert str(case.pipeline.file) in process.log


# --- servers that are away


def test_servers_that_do_not_answer(case):
    """Not a mistake of the file's: the program tries for a while, says what it could not reach, and ends with 1."""
    case.send(checkout(1, at=0))
    there = dict(case.pipeline.environment)
    case.pipeline.environment = there | {"KAFKA_BROKERS": "127.0.0.1:1"}
    without_broker = case.pipeline.start()
    case.pipeline.environment = there | {"DATABASE_URL": other_url(case, port=1)}
    without_database = case.pipeline.start()
    assert without_broker.wait(60) == 1, without_broker.log
    assert "127.0.0.1:1" in without_broker.log
    assert without_database.wait(60) == 1, without_database.log
    assert "127.0.0.1" in without_database.log and "refused" in without_database.log
