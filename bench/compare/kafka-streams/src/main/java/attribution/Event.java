package attribution;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** A click or a checkout. The bytes it was read from are kept, for the store. */
record Event(byte[] json, Map<String, String> fields, long time) {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Set<String> UNUSED = Set.of("product", "price", "url");

    static Event parse(byte[] json) {
        Map<String, String> fields = new HashMap<>(16);
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                boolean used = parser.nextToken() != JsonToken.VALUE_NULL && !UNUSED.contains(name);
                if (used) fields.put(name, parser.getText());
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        LocalDateTime time = LocalDateTime.parse(fields.get("datetime_occured").replace(' ', 'T'));
        return new Event(json, fields, time.toInstant(ZoneOffset.UTC).toEpochMilli());
    }

    boolean isClick() {
        return fields.containsKey("click_id");
    }

    String get(String field) {
        return fields.get(field);
    }

    /** The user and the product, who must be the same in a click and the checkout it led to. */
    String pair() {
        return get("user_id") + '|' + get("product_id");
    }
}
