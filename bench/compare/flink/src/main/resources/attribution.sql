-- The job of examples/checkouts/pipeline.yaml. Job.java replaces ${NAME} and runs one statement after the other.

CREATE TEMPORARY TABLE clicks (
    click_id STRING,
    user_id INT,
    product_id STRING,
    datetime_occured TIMESTAMP(3),
    place BIGINT METADATA FROM 'offset' VIRTUAL,
    WATERMARK FOR datetime_occured AS datetime_occured - INTERVAL '15' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = '${CLICKS}',
    'properties.bootstrap.servers' = '${BROKERS}',
    'properties.group.id' = '${NAME}',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'json'
);

CREATE TEMPORARY TABLE checkouts (
    checkout_id STRING,
    user_id INT,
    product_id STRING,
    payment_method STRING,
    total_amount DECIMAL(5, 2),
    shipping_address STRING,
    billing_address STRING,
    user_agent STRING,
    ip_address STRING,
    datetime_occured TIMESTAMP(3),
    looked_up_at AS PROCTIME(),
    WATERMARK FOR datetime_occured AS datetime_occured - INTERVAL '15' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = '${CHECKOUTS}',
    'properties.bootstrap.servers' = '${BROKERS}',
    'properties.group.id' = '${NAME}',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'json'
);

CREATE TEMPORARY TABLE users (
    id INT,
    username STRING,
    PRIMARY KEY (id) NOT ENFORCED
) WITH (
    'connector' = 'jdbc',
    'url' = '${JDBC_URL}',
    'table-name' = 'commerce.users',
    'lookup.cache' = 'PARTIAL',
    'lookup.partial-cache.max-rows' = '100000',
    'lookup.partial-cache.expire-after-write' = '1 h'
);

CREATE TEMPORARY TABLE attributed_checkouts (
    checkout_id STRING,
    user_name STRING,
    click_id STRING,
    product_id STRING,
    payment_method STRING,
    total_amount DECIMAL(5, 2),
    shipping_address STRING,
    billing_address STRING,
    user_agent STRING,
    ip_address STRING,
    checkout_time TIMESTAMP(3),
    click_time TIMESTAMP(3),
    PRIMARY KEY (checkout_id) NOT ENFORCED
) WITH (
    'connector' = 'jdbc',
    'url' = '${JDBC_URL}&reWriteBatchedInserts=true',
    'table-name' = 'commerce.attributed_checkouts',
    'sink.buffer-flush.max-rows' = '1000',
    'sink.buffer-flush.interval' = '1 s'
);

-- The rank is by the click's time as a mere TIMESTAMP: by a time attribute, Flink would keep the first row by the
-- first time attribute there is, which is the checkout's.
INSERT INTO attributed_checkouts
SELECT checkout_id, user_name, click_id, product_id, payment_method, total_amount, shipping_address, billing_address,
    user_agent, ip_address, checkout_time, click_time
FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY checkout_id ORDER BY click_time, place) AS nth
    FROM (
        SELECT o.checkout_id, u.username AS user_name, c.click_id, o.product_id, o.payment_method, o.total_amount,
            o.shipping_address, o.billing_address, o.user_agent, o.ip_address, c.place,
            CAST(o.datetime_occured AS TIMESTAMP(3)) AS checkout_time,
            CAST(c.datetime_occured AS TIMESTAMP(3)) AS click_time
        FROM checkouts AS o
        LEFT JOIN users FOR SYSTEM_TIME AS OF o.looked_up_at AS u ON u.id = o.user_id
        LEFT JOIN clicks AS c ON c.user_id = o.user_id AND c.product_id = o.product_id
            AND c.datetime_occured BETWEEN o.datetime_occured - INTERVAL '1' HOUR AND o.datetime_occured
    )
)
WHERE nth = 1;
