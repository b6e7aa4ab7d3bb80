package attribution;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** Runs the join on both topics until it is told to stop. */
public final class Application {
    private Application() {}

    private static Properties settings() {
        Properties settings = new Properties();
        settings.putAll(Map.of(
                StreamsConfig.APPLICATION_ID_CONFIG, System.getenv("NAME"),
                StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("BROKERS"),
                StreamsConfig.STATE_DIR_CONFIG, System.getenv("FOLDER"),
                StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2,
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE,
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 10_000,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest"));
        return settings;
    }

    /** Event time, by which Streams reads the topics side by side and the store forgets. */
    private static final TimestampExtractor EVENT_TIME = (record, greatest) -> ((Event) record.value()).time();

    /** Two clicks of a user on a product in the same millisecond are both kept, in their order. */
    private static StoreBuilder<WindowStore<String, String>> clicks() {
        Duration window = Duration.ofMillis(1);
        var store = Stores.persistentWindowStore(Join.CLICKS, Join.RETENTION, window, true);
        return Stores.windowStoreBuilder(store, Serdes.String(), Serdes.String());
    }

    private static StoreBuilder<KeyValueStore<byte[], byte[]>> waiting() {
        var store = Stores.persistentKeyValueStore(Join.WAITING);
        return Stores.keyValueStoreBuilder(store, Serdes.ByteArray(), Serdes.ByteArray());
    }

    private static Topology topology(String url, String... topics) {
        Topology topology = new Topology();
        topology.addSource(
                Topology.AutoOffsetReset.EARLIEST,
                "events",
                EVENT_TIME,
                new ByteArrayDeserializer(),
                (topic, json) -> Event.parse(json),
                topics);
        topology.addProcessor("join", () -> new Join(url), "events");
        topology.addStateStore(clicks().withLoggingEnabled(Map.of()), "join");
        topology.addStateStore(waiting().withLoggingEnabled(Map.of()), "join");
        return topology;
    }

    public static void main(String[] arguments) {
        Topology topology = topology(System.getenv("JDBC_URL"), System.getenv("CLICKS"), System.getenv("CHECKOUTS"));
        KafkaStreams streams = new KafkaStreams(topology, settings());
        streams.setUncaughtExceptionHandler(error -> StreamThreadExceptionResponse.SHUTDOWN_APPLICATION);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
    }
}
