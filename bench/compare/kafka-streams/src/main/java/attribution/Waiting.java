package attribution;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** Events that are waiting for their time, in its order and at the same time clicks first. */
final class Waiting {
    private final KeyValueStore<byte[], byte[]> store;
    private long passed; // the last time that was asked for

    Waiting(KeyValueStore<byte[], byte[]> store) {
        this.store = store;
    }

    /** One whose time is over waits until the next. */
    void add(Event event) {
        byte kind = (byte) (event.isClick() ? 0 : 1);
        byte[] id = event.get(event.isClick() ? "click_id" : "checkout_id").getBytes(StandardCharsets.UTF_8);
        byte[] key = ByteBuffer.allocate(9 + id.length).putLong(Math.max(event.time(), passed)).put(kind).put(id).array();
        store.put(key, event.json());
    }

    /** Those before `time`; they stay until they are removed. Looks from the last `time` on: RocksDB would have to go
     * through all that has been removed before. */
    List<KeyValue<byte[], byte[]>> before(long time) {
        List<KeyValue<byte[], byte[]>> found = new ArrayList<>();
        try (KeyValueIterator<byte[], byte[]> all = store.range(bound(passed), bound(time))) {
            all.forEachRemaining(found::add);
        }
        passed = time;
        return found;
    }

    private static byte[] bound(long time) {
        return ByteBuffer.allocate(8).putLong(time).array();
    }

    void remove(List<KeyValue<byte[], byte[]>> done) {
        done.forEach(each -> store.delete(each.key));
    }
}
