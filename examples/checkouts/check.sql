-- Is the table right? Recomputes it from the raw events with a plain window join and counts the checkouts that differ.
-- Needs the events in raw.clicks and raw.checkouts (partition, "offset", event json). This is what the result must be
-- wherever no event is later than its bound (out_of_order: 15s).
with click as (
    select partition, "offset", event ->> 'click_id' as click_id, event ->> 'user_id' as user_id,
        event ->> 'product_id' as product_id, (event ->> 'datetime_occured')::timestamp as time
    from raw.clicks
),
checkout as (
    select partition, "offset", event, event ->> 'user_id' as user_id, event ->> 'product_id' as product_id,
        (event ->> 'datetime_occured')::timestamp as time
    from raw.checkouts
),
expected as (
    select distinct on (o.partition, o."offset")
        o.event ->> 'checkout_id', u.username, c.click_id, o.product_id, o.event ->> 'payment_method',
        (o.event ->> 'total_amount')::numeric(5, 2), o.event ->> 'shipping_address', o.event ->> 'billing_address',
        o.event ->> 'user_agent', o.event ->> 'ip_address', o.time, c.time
    from checkout o
    left join click c on c.user_id = o.user_id and c.product_id = o.product_id
        and c.time between o.time - interval '1 hour' and o.time
    left join commerce.users u on u.id::text = o.user_id
    order by o.partition, o."offset", c.time, c.partition, c."offset"
),
actual as (
    select checkout_id, user_name, click_id, product_id, payment_method, total_amount, shipping_address,
        billing_address, user_agent, ip_address, checkout_time, click_time
    from commerce.attributed_checkouts
),
different as (
    (table expected except table actual)
    union all
    (table actual except table expected)
)
select (select count(*) from raw.clicks) as clicks,
    (select count(*) from raw.checkouts) as checkouts,
    (select count(*) from commerce.attributed_checkouts) as rows,
    (select count(click_id) from commerce.attributed_checkouts) as attributed,
    (select count(*) from different) as mismatches;
