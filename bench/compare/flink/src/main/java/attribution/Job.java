package attribution;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** Runs attribution.sql on a cluster inside this process, for ever. */
public final class Job {
    private Job() {}

    private static Configuration settings() {
        return Configuration.fromMap(Map.of(
                "parallelism.default", "2",
                "state.backend.type", "hashmap",
                "execution.checkpointing.interval", "10 s",
                "execution.checkpointing.min-pause", "5 s",
                "execution.checkpointing.timeout", "5 min",
                // the default, the job manager's memory, takes 5 MB a state and fails beyond
                "execution.checkpointing.storage", "filesystem",
                "execution.checkpointing.dir", "file://" + System.getenv("FOLDER") + "/checkpoints"));
    }

    private static String script() throws IOException {
        try (InputStream file = Job.class.getResourceAsStream("/attribution.sql")) {
            String sql = new String(file.readAllBytes(), StandardCharsets.UTF_8);
            for (String name : new String[] {"BROKERS", "CLICKS", "CHECKOUTS", "NAME", "JDBC_URL"})
                sql = sql.replace("${" + name + "}", System.getenv(name));
            return sql;
        }
    }

    public static void main(String[] arguments) throws Exception {
        StreamTableEnvironment tables =
                StreamTableEnvironment.create(StreamExecutionEnvironment.getExecutionEnvironment(settings()));
        for (String statement : script().split(";\\s*\n"))
            if (statement.contains("INSERT INTO")) tables.executeSql(statement).await();
            else tables.executeSql(statement);
    }
}
