"""The topics that inputs are copied into: created as they must be, and refused where they are not."""

import pytest

from events import checkout, click


@pytest.fixture
def copied(bare_case):
    """Producers' topics with three partitions, records without keys, to be copied into two."""
    case = bare_case
    case.create_topics(3)
    case.pipeline.change("defaults.partitioned_by", None)
    case.pipeline.change("defaults.repartition", {"by": "user_id", "partitions": 2, "retention": "2h"})
    for role in ("clicks", "checkouts"):
        case.pipeline.change(f"inputs.{role}.partitioned_by", None)
    return case


def topic_of(case, role):
    return f"{case.pipeline.name}.{role}.rekeyed"


def settings_of(case, topic):
    from confluent_kafka.admin import ConfigResource

    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entries = case.kafka.admin.describe_configs([resource])[resource].result(30)
    return {name: entry.value for name, entry in entries.items()}


def check(case):
    process = case.pipeline.run("--connect", command="check")
    return process.exit_code, process.output


def init(case):
    process = case.pipeline.run(command="init")
    return process.exit_code, process.output + process.log


def test_init_creates_them_and_finds_them(copied):
    case = copied
    case.send(*[click(user, at=user, key=None) for user in range(30)])
    case.send(*[checkout(user, at=60, key=None) for user in range(30)])
    code, said = check(case)
    assert code == 0, said
    assert f'topic "{topic_of(case, "clicks")}", to be created' in said
    assert "2 partitions, as joined" in said
    assert f'topics "{case.topics["clicks"]}" and "{case.topics["checkouts"]}"' in said
    code, said = init(case)
    assert code == 0, said
    for role in ("clicks", "checkouts"):
        topic = topic_of(case, role)
        assert f'created topic "{topic}"' in said
        assert case.kafka.topics()[topic] == 2
        settings = settings_of(case, topic)
        assert settings["cleanup.policy"] == "delete"
        assert settings["retention.ms"] == str(2 * 3600 * 1000)
        assert settings["message.timestamp.type"] == "CreateTime"
        assert settings["max.message.bytes"] == "16777216"
        assert settings["compression.type"] == "producer"
    assert case.kafka.topics()[f"{case.pipeline.name}.changelog"] == 2
    code, said = init(case)
    assert code == 0 and f'found   topic "{topic_of(case, "clicks")}"' in said
    code, said = check(case)
    assert code == 0 and "to be created" not in said, said


@pytest.mark.parametrize(
    "partitions, config, words",
    [
        (4, {}, ["4 partitions", "partitions: 4"]),
        (2, {"cleanup_policy": "compact"}, ["cleanup.policy=compact", "--add-config cleanup.policy=delete"]),
        (2, {"message_timestamp_type": "LogAppendTime"}, ["message.timestamp.type=LogAppendTime"]),
    ],
)
def test_one_that_does_not_fit_is_refused(copied, partitions, config, words):
    topic = topic_of(copied, "checkouts")
    copied.kafka.create(topic, partitions, **config)
    for code, said in (check(copied), init(copied)):
        assert code == 2
        assert topic in said and "hint: " in said
        for word in words:
            assert word in said


def test_only_one_input_is_copied(copied):
    """Then it must be copied into as many partitions as the other has."""
    copied.pipeline.change("inputs.checkouts.partitioned_by", "user_id")
    code, said = check(copied)
    assert code == 2
    assert f'"{copied.topics["checkouts"]}" has 3 partitions' in said and "{partitions: 3}" in said
    copied.pipeline.change("defaults.repartition.partitions", 3)
    code, said = check(copied)
    assert code == 0, said


def test_the_topic_of_the_producers_must_be_there(bare_case):
    bare_case.pipeline.change("defaults.partitioned_by", None)
    bare_case.pipeline.change("defaults.repartition", {"by": "user_id", "partitions": 2})
    for role in ("clicks", "checkouts"):
        bare_case.pipeline.change(f"inputs.{role}.partitioned_by", None)
    code, said = check(bare_case)
    assert code == 2
    assert f'"{bare_case.topics["clicks"]}"' in said


def test_rights(copied):
    said = copied.pipeline.run("--print-acls", command="init").output
    name, group = copied.pipeline.name, copied.pipeline.get("kafka.group", f"tributary.{copied.pipeline.name}")
    assert f"--operation Read --topic '{copied.topics['clicks']}'" in said
    assert f"--operation Read --topic '{name}.clicks.rekeyed'" in said
    assert (
        f"--operation Write --operation Create --operation DescribeConfigs --topic '{name}.checkouts.rekeyed'" in said
    )
    assert f"--operation Read --group '{group}.repartition'" in said
    transactional = "--operation Write --operation Describe --resource-pattern-type prefixed --transactional-id"
    assert f"{transactional} '{group}.repartition'" in said
    assert "No transactional ids" not in said
    operator = said.split("OPERATOR:-")[1]
    assert f"--operation Read --topic '{copied.pipeline.dead_letters}'" in operator
