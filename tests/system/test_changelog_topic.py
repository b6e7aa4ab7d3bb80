"""The changelog topic: made as it must be, and refused where it would lose what is kept in it."""

from confluent_kafka.admin import ConfigResource

from events import checkout, click


def changelog(case) -> str:
    return f"{case.pipeline.name}.changelog"


def settings(kafka, topic: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    found = kafka.admin.describe_configs([resource])[resource].result(30)
    return {name: entry.value for name, entry in found.items()}


def refused(case, *words, command="run", arguments=("--once",), code=2):
    process = case.pipeline.run(*arguments, command=command)
    said = process.log + process.output
    assert process.exit_code == code, said
    for word in (changelog(case), *words):
        assert word in said, said
    assert case.rows() == {}


def test_it_is_created_like_the_inputs(bare_case):
    bare_case.create_topics(3)
    bare_case.send(click(1, at=0), checkout(1, at=5))
    process = bare_case.settle()
    assert f"topic_created topic={changelog(bare_case)}" in process.log
    assert bare_case.kafka.topics()[changelog(bare_case)] == 3
    found = settings(bare_case.kafka, changelog(bare_case))
    assert found["cleanup.policy"] == "compact"
    assert found["max.message.bytes"] == str(16 * 1024 * 1024)
    assert int(found["segment.ms"]) <= 3600_000, "what lies in the last segment is never compacted"
    assert "topic_created" not in bare_case.finish().log


def test_init_creates_it(bare_case):
    bare_case.create_topics(2)
    for word in ("created", "found"):
        process = bare_case.pipeline.run(command="init")
        assert process.exit_code == 0, process.log
        line = next(line for line in process.output.splitlines() if changelog(bare_case) in line)
        assert line.startswith(word), process.output
    assert bare_case.kafka.topics()[changelog(bare_case)] == 2


def test_init_leaves_it_until_there_are_inputs(bare_case):
    process = bare_case.pipeline.run(command="init")
    assert process.exit_code == 0, process.log
    assert f'later   topic "{changelog(bare_case)}"' in process.output
    assert changelog(bare_case) not in bare_case.kafka.topics()


def test_check_looks_and_creates_nothing(bare_case):
    bare_case.create_topics(2)
    process = bare_case.pipeline.run("--connect", command="check")
    assert process.exit_code == 0, process.log + process.output
    assert f'ok    topic "{changelog(bare_case)}", to be created' in process.output
    assert changelog(bare_case) not in bare_case.kafka.topics()
    bare_case.kafka.create(changelog(bare_case), 2, cleanup_policy="delete")
    refused(bare_case, "cleanup.policy=delete", command="check", arguments=["--connect"])


def test_a_topic_that_forgets_by_age(case):
    case.kafka.create(changelog(case), 4, cleanup_policy="compact,delete")
    refused(case, "compact,delete", "kafka-configs.sh")


def test_a_topic_with_too_few_partitions(case):
    case.kafka.create(changelog(case), 3, cleanup_policy="compact")
    refused(case, "3 partitions", "4 partitions")


def test_a_topic_with_more_partitions_will_do(case):
    case.kafka.create(changelog(case), 7, cleanup_policy="compact")
    case.send(click(1, at=0), checkout(1, at=5))
    case.settle()


def test_replication_the_cluster_cannot_give(case):
    case.pipeline.change("changelog.replication", 3)
    refused(case, "replication", "3")
