package attribution;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * The join of one task. Clicks go into a window store. Checkouts wait until the watermark has passed them, which is
 * behind the times of both topics; then each takes the earliest click of its hour. Rows are committed to Postgres
 * before the checkouts are removed from the store, and so before Streams commits their offsets.
 *
 * A click that comes into the window store makes it forget what is older than its retention. One so far ahead that
 * waiting checkouts would lose clicks by it waits with them.
 */
final class Join implements Processor<byte[], Event, Void, Void> {
    static final String CLICKS = "clicks", WAITING = "waiting";
    private static final Duration WINDOW = Duration.ofHours(1), OUT_OF_ORDER = Duration.ofSeconds(15);
    private static final Duration AHEAD = Duration.ofMinutes(5); // of the watermark: so far a click is not held back
    private static final Duration STEP = Duration.ofMinutes(1); // of event time, while there is a backlog …
    private static final Duration PAUSE = Duration.ofMillis(200); // … and of the clock, when there is none

    static final Duration RETENTION = WINDOW.plus(AHEAD).plusMinutes(1);

    private static final long NEVER = 0;

    private final String url;
    private WindowStore<String, String> clicks;
    private Waiting waiting;
    private Table table;
    private long clickTime = NEVER, checkoutTime = NEVER, watermark = NEVER;

    Join(String url) {
        this.url = url;
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
        clicks = context.getStateStore(CLICKS);
        KeyValueStore<byte[], byte[]> store = context.getStateStore(WAITING);
        waiting = new Waiting(store);
        try {
            table = new Table(url);
        } catch (SQLException error) {
            throw new IllegalStateException(error);
        }
        context.schedule(PAUSE, PunctuationType.WALL_CLOCK_TIME, now -> advance(reached()));
    }

    @Override
    public void process(Record<byte[], Event> record) {
        Event event = record.value();
        if (event.isClick()) clickTime = Math.max(clickTime, event.time());
        else checkoutTime = Math.max(checkoutTime, event.time());
        if (reached() >= watermark + STEP.toMillis()) advance(reached());
        if (event.isClick() && event.time() <= watermark + AHEAD.toMillis()) keep(event);
        else waiting.add(event);
    }

    private void keep(Event click) {
        clicks.put(click.pair(), click.get("click_id"), click.time());
    }

    private long reached() {
        return Math.min(clickTime, checkoutTime) - OUT_OF_ORDER.toMillis();
    }

    private void advance(long time) {
        if (time <= watermark) return;
        watermark = time;
        try {
            List<KeyValue<byte[], byte[]>> due = waiting.before(time);
            for (KeyValue<byte[], byte[]> each : due) release(Event.parse(each.value));
            table.commit();
            waiting.remove(due);
        } catch (SQLException error) {
            throw new IllegalStateException(error);
        }
    }

    private void release(Event event) throws SQLException {
        if (event.isClick()) keep(event);
        else table.add(event, earliestClick(event));
    }

    private Table.Click earliestClick(Event checkout) {
        long from = checkout.time() - WINDOW.toMillis();
        try (WindowStoreIterator<String> found = clicks.fetch(checkout.pair(), from, checkout.time())) {
            if (!found.hasNext()) return null;
            KeyValue<Long, String> first = found.next();
            return new Table.Click(first.value, first.key);
        }
    }

    @Override
    public void close() {
        try {
            table.close();
        } catch (SQLException error) {
            throw new IllegalStateException(error);
        }
    }
}
