-- What the table must hold: one plain window join over the raw events. Needs them in raw_click and raw_checkout
-- (event json) and the users in commerce.users; makes `expected`, one row for each checkout. Where several clicks share
-- the earliest time, any of them will do.
create unlogged table click as
select event ->> 'click_id' as click_id, event ->> 'user_id' as user_id, event ->> 'product_id' as product_id,
    (event ->> 'datetime_occured')::timestamp as time
from raw_click;
drop table raw_click;
create index on click (user_id, product_id, time);
analyze click;

create unlogged table expected as
select o.event ->> 'checkout_id' as checkout_id, u.username as user_name, c.clicks,
    o.event ->> 'product_id' as product_id, o.event ->> 'payment_method' as payment_method,
    (o.event ->> 'total_amount')::numeric(5, 2) as total_amount, o.event ->> 'shipping_address' as shipping_address,
    o.event ->> 'billing_address' as billing_address, o.event ->> 'user_agent' as user_agent,
    o.event ->> 'ip_address' as ip_address, (o.event ->> 'datetime_occured')::timestamp as checkout_time,
    c.time as click_time
from raw_checkout o
left join commerce.users u on u.id::text = o.event ->> 'user_id'
left join lateral (
    select time, array_agg(click_id) as clicks
    from click
    where user_id = o.event ->> 'user_id' and product_id = o.event ->> 'product_id'
        and time between (o.event ->> 'datetime_occured')::timestamp - interval '1 hour'
            and (o.event ->> 'datetime_occured')::timestamp
    group by time
    order by time
    limit 1
) c on true;
drop table raw_checkout;
alter table expected add primary key (checkout_id);
