"""The test's side of Kafka: topics, exact records in, all records out."""

import time
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition, TIMESTAMP_NOT_AVAILABLE
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from pipeline import eventually

QUIET = {"log_level": 0}


@dataclass
class Record:
    partition: int
    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: dict


class Kafka:
    def __init__(self, brokers: str):
        self.brokers = brokers
        self.admin = AdminClient({"bootstrap.servers": brokers, **QUIET})
        self.producer = self.new_producer()
        self.consumer = self._new_consumer()
        self.uncommitted = self._new_consumer(**{"isolation.level": "read_uncommitted"})

    def _new_consumer(self, **settings) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": "reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                **QUIET,
                **settings,
            }
        )

    def new_producer(self, **settings) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self.brokers,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 2,
                "message.max.bytes": 4_000_000,
                **QUIET,
                **settings,
            }
        )

    def create(self, topic: str, partitions: int = 4, **config) -> None:
        config = {name.replace("_", "."): v for name, v in config.items()}
        new = NewTopic(topic, partitions, -1, config=config)  # as many replicas as the brokers want
        eventually(lambda: self._created(new), f"topic {topic} created")
        eventually(lambda: topic in self.topics(), f"topic {topic} known to the broker")

    def is_led(self, topic: str) -> bool:
        """Whether brokers answer for each partition. A record that came before was seen to be acknowledged, without an
        offset, and not to be there."""
        try:
            return len(self.ends(topic)) > 0
        except (KafkaException, KeyError):
            return False

    def _created(self, new: NewTopic) -> bool:
        """False when the client threw the question away, which it does when it learns of a broker's proper name."""
        try:
            self.admin.create_topics([new])[new.topic].result(30)
            return True
        except KafkaException as error:
            if error.args[0].code() == KafkaError._DESTROY_BROKER:
                return False
            raise

    def configure(self, topic: str, **config) -> None:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        for name, value in config.items():
            entry = ConfigEntry(name.replace("_", "."), str(value), incremental_operation=AlterConfigOpType.SET)
            resource.add_incremental_config(entry)
        self.admin.incremental_alter_configs([resource])[resource].result(30)

    def topics(self) -> dict[str, int]:
        """Partition counts by topic."""
        return {name: len(t.partitions) for name, t in self.admin.list_topics(timeout=30).topics.items()}

    def drop_all_of(self, mark: str) -> None:
        """Begins to delete every topic with `mark` in its name."""
        topics = [name for name in self.topics() if mark in name]
        if topics:
            self.admin.delete_topics(topics)

    def send(self, topics: dict[str, str], events, producer: Producer | None = None) -> None:
        """Produces the events in their order and waits until the broker has them all."""
        producer = producer or self.producer
        refused = []

        def delivered(error, _message):
            if error:
                refused.append(error)

        for event in events:
            partition = {} if event.partition is None else {"partition": event.partition}
            while True:
                try:
                    producer.produce(
                        topics[event.role],
                        key=event.key,
                        value=event.value,
                        timestamp=event.timestamp_ms,
                        headers=event.headers,
                        on_delivery=delivered,
                        **partition,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(60) == 0, "the broker does not take the records"
        assert not refused, refused[:3]

    def read(self, topic: str, seconds: float = 60, uncommitted: bool = False) -> list[Record]:
        """Every record of the topic as it is now, by partition and offset; or those of open and aborted transactions
        as well. A consumer of its own reads them: one that is assigned again and again was once seen never to reach the
        end."""
        missing, records = set(range(self.topics().get(topic, 0))), []
        isolation = "read_uncommitted" if uncommitted else "read_committed"
        consumer, deadline = self._new_consumer(**{"isolation.level": isolation}), time.monotonic() + seconds
        consumer.assign([TopicPartition(topic, p, 0) for p in missing])
        while missing and time.monotonic() < deadline:
            for message in consumer.consume(1000, timeout=0.02):
                error = message.error()
                if error and error.code() == KafkaError._PARTITION_EOF:
                    missing.discard(message.partition())
                elif error:
                    raise KafkaException(error)
                else:
                    records.append(_record(message))
        at = consumer.position([TopicPartition(topic, p) for p in missing])
        consumer.close()
        assert not missing, f"no end of {topic} after {seconds} s: at {at}, ends {self.ends(topic)}"
        return sorted(records, key=lambda r: (r.partition, r.offset))

    def ends(self, topic: str, uncommitted: bool = False) -> dict[int, int]:
        """Where each partition ends, for whoever reads committed records or also those of open transactions."""
        consumer = self.uncommitted if uncommitted else self.consumer
        return {p: consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in range(self.topics()[topic])}

    def has_open_transaction(self, topic: str) -> bool:
        return self.ends(topic) != self.ends(topic, uncommitted=True)

    def forget(self, topic: str, but: int = 0) -> None:
        """Deletes every record that the topic has, as retention does; or leaves the last offsets."""
        ends = [TopicPartition(topic, p, max(0, end - but)) for p, end in self.ends(topic).items()]
        for future in self.admin.delete_records(ends).values():
            future.result(30)

    def replace(self, topic: str, partitions: int, **config) -> None:
        """Deletes the topic and makes it anew."""
        self.admin.delete_topics([topic])[topic].result(30)
        eventually(lambda: topic not in self.topics(), f"topic {topic} gone")
        self.create(topic, partitions, **config)

    def group_members(self, group: str) -> list[int]:
        """How many partitions each member of the consumer group has."""
        group = self.admin.describe_consumer_groups([group])[group].result(30)
        return sorted(len(m.assignment.topic_partitions) for m in group.members)


def _record(message) -> Record:
    kind, timestamp = message.timestamp()
    return Record(
        message.partition(),
        message.offset(),
        None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
        message.key(),
        message.value(),
        {name: value.decode() for name, value in message.headers() or []},
    )


def murmur2_partition(key: bytes, partitions: int) -> int:
    """The partition Kafka's default partitioner gives a key; written from its definition, to check ours."""
    seed, m, r, mask = 0x9747B28C, 0x5BD1E995, 24, 0xFFFFFFFF
    h = seed ^ len(key)
    whole = len(key) // 4 * 4
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little") * m & mask
        k ^= k >> r
        h = (h * m & mask) ^ (k * m & mask)
    rest = key[whole:]
    if rest:
        h ^= int.from_bytes(rest, "little")
        h = h * m & mask
    h ^= h >> 13
    h = h * m & mask
    h ^= h >> 15
    return (h & 0x7FFFFFFF) % partitions
