package attribution;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;

/** Postgres: the users, and the rows, which are upserted in batches. */
final class Table implements AutoCloseable {
    private static final String UPSERT = """
            insert into commerce.attributed_checkouts (checkout_id, user_name, click_id, product_id, payment_method,
                total_amount, shipping_address, billing_address, user_agent, ip_address, checkout_time, click_time)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (checkout_id) do update set user_name = excluded.user_name, click_id = excluded.click_id,
                click_time = excluded.click_time""";

    /** A click that may have led to a checkout. */
    record Click(String id, long time) {}

    private final Connection connection;
    private final PreparedStatement upsert, lookup;
    private final Map<Integer, String> names = new HashMap<>();
    private int rows;

    Table(String url) throws SQLException {
        connection = DriverManager.getConnection(url + "&reWriteBatchedInserts=true");
        connection.setAutoCommit(false);
        upsert = connection.prepareStatement(UPSERT);
        lookup = connection.prepareStatement("select username from commerce.users where id = ?");
        loadUsers();
    }

    private void loadUsers() throws SQLException {
        try (PreparedStatement all = connection.prepareStatement("select id, username from commerce.users");
                ResultSet found = all.executeQuery()) {
            while (found.next()) names.put(found.getInt(1), found.getString(2));
        }
        connection.commit();
    }

    /** Null where there is none. Whoever came after the start is looked up when first seen. */
    private String nameOf(int user) throws SQLException {
        String name = names.get(user);
        if (name != null) return name;
        lookup.setInt(1, user);
        try (ResultSet found = lookup.executeQuery()) {
            if (found.next()) names.put(user, found.getString(1));
        }
        return names.get(user);
    }

    /** click: null where there is none. */
    void add(Event checkout, Click click) throws SQLException {
        upsert.setString(1, checkout.get("checkout_id"));
        upsert.setString(2, nameOf(Integer.parseInt(checkout.get("user_id"))));
        upsert.setString(3, click == null ? null : click.id());
        upsert.setString(4, checkout.get("product_id"));
        upsert.setString(5, checkout.get("payment_method"));
        upsert.setBigDecimal(6, new BigDecimal(checkout.get("total_amount")));
        upsert.setString(7, checkout.get("shipping_address"));
        upsert.setString(8, checkout.get("billing_address"));
        upsert.setString(9, checkout.get("user_agent"));
        upsert.setString(10, checkout.get("ip_address"));
        upsert.setObject(11, timestamp(checkout.time()));
        upsert.setObject(12, click == null ? null : timestamp(click.time()));
        upsert.addBatch();
        rows++;
    }

    private static LocalDateTime timestamp(long time) {
        return LocalDateTime.ofInstant(Instant.ofEpochMilli(time), ZoneOffset.UTC);
    }

    void commit() throws SQLException {
        if (rows > 0) upsert.executeBatch();
        rows = 0;
        connection.commit();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
