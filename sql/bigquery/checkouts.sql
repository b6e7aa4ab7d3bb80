-- Brings the attributed checkouts into silver, and gold up to date with them. Can be run at any time, any number of
-- times.
declare since timestamp default (
  select timestamp_sub(coalesce(max(attributed_at), timestamp '1970-01-02 00:00:00+00'), interval ${repair_hours} hour)
  from `${silver}.attributed_checkouts`
);
declare first_day date;
declare first_click_day date;

-- The external query has to be a literal; only the time in it changes.
execute immediate format('''
create temp table changed as
select * from external_query('${connection}', """
${source}
""")
''', format_timestamp('%F %H:%M:%E6S+00', since, 'UTC'));

-- The rows as they were, of all that is changed, or gone.
create temp table before as
select checkout_time, click_time from `${silver}.attributed_checkouts`
where attributed_at >= since or checkout_id in (select checkout_id from changed);

set first_day = (
  select min(date(checkout_time))
  from (select checkout_time from changed union all select checkout_time from before)
);
set first_click_day = (
  select min(date(click_time))
  from (select click_time from changed union all select click_time from before)
);

begin transaction;

merge `${silver}.attributed_checkouts` as silver
using changed
on silver.checkout_id = changed.checkout_id
when matched then update set
  user_name = changed.user_name,
  click_id = changed.click_id,
  product_id = changed.product_id,
  payment_method = changed.payment_method,
  total_amount = changed.total_amount,
  shipping_address = changed.shipping_address,
  billing_address = changed.billing_address,
  user_agent = changed.user_agent,
  ip_address = changed.ip_address,
  checkout_time = changed.checkout_time,
  click_time = changed.click_time,
  attributed_at = changed.attributed_at
when not matched by target then insert
  (checkout_id, user_name, click_id, product_id, payment_method, total_amount, shipping_address, billing_address,
    user_agent, ip_address, checkout_time, click_time, attributed_at)
  values
  (changed.checkout_id, changed.user_name, changed.click_id, changed.product_id, changed.payment_method,
    changed.total_amount, changed.shipping_address, changed.billing_address, changed.user_agent, changed.ip_address,
    changed.checkout_time, changed.click_time, changed.attributed_at)
when not matched by source and silver.attributed_at >= since then delete;

delete from `${gold}.checkouts_by_product_day` where day >= first_day;

insert into `${gold}.checkouts_by_product_day`
  (day, product_id, checkouts, attributed, attribution_rate, revenue, attributed_revenue)
select date(checkout_time), product_id, count(*), count(click_id), count(click_id) / count(*),
  coalesce(sum(total_amount), 0), coalesce(sum(case when click_id is not null then total_amount end), 0)
from `${silver}.attributed_checkouts`
where date(checkout_time) >= first_day
group by date(checkout_time), product_id;

delete from `${gold}.checkouts_by_day` where day >= first_day;

insert into `${gold}.checkouts_by_day`
  (day, checkouts, attributed, attribution_rate, revenue, attributed_revenue, seconds_p10, seconds_p50, seconds_p90,
    seconds_p99)
with timed as (
  select date(checkout_time) as day, click_id, total_amount,
    timestamp_diff(checkout_time, click_time, microsecond) / 1000000 as seconds
  from `${silver}.attributed_checkouts`
  where date(checkout_time) >= first_day
),
ranked as (
  -- Checkouts without a click come last, and count for no quantile.
  select day, click_id, total_amount, seconds,
    row_number() over (partition by day order by seconds is null, seconds) as place,
    count(seconds) over (partition by day) as places
  from timed
)
select day, count(*), count(click_id), count(click_id) / count(*),
  coalesce(sum(total_amount), 0), coalesce(sum(case when click_id is not null then total_amount end), 0),
  min(case when 100 * place >= 10 * places then seconds end),
  min(case when 100 * place >= 50 * places then seconds end),
  min(case when 100 * place >= 90 * places then seconds end),
  min(case when 100 * place >= 99 * places then seconds end)
from ranked
group by day;

delete from `${gold}.revenue_by_first_click` where click_day >= first_click_day;

insert into `${gold}.revenue_by_first_click`
  (click_day, click_id, product_id, click_time, checkouts, users, revenue, first_checkout_time, last_checkout_time)
select date(click_time), click_id, product_id, click_time, count(*), count(distinct user_name),
  coalesce(sum(total_amount), 0), min(checkout_time), max(checkout_time)
from `${silver}.attributed_checkouts`
where date(click_time) >= first_click_day and click_id is not null
group by date(click_time), click_id, product_id, click_time;

commit transaction;
