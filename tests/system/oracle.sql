-- What a pipeline must have done, computed from the records of its topics alone, by the definition of the result
-- (docs: "The result, exactly") and by nothing of the program's. Needs, in the search path:
--
--   raw(role, partition, "offset", timestamp_us, value bytea, refused text, time_us, source_partition, source_offset,
--       told_us)
--            every record of both topics; role is 'touch' or 'conversion'; refused: why it cannot be read (then it has
--            no time), else null; the source is where it was first, its own place unless the topic is re-keyed; told_us:
--            of a re-keyed topic, the greatest event time to which the markers before the record say its sources came
--   told(role, partition, time_us)
--            of re-keyed topics, and of them alone, the same at the end of each partition
--   advance(role, partition, next_offset, watermark_us)
--            where a watermark was raised by something other than the records: idleness, or the end of the input
--   settings(window_us, lateness_us, touch_bound_us, conversion_bound_us, late_policy, key_fields text[])
--
-- and makes the table verdict: one row a record with its outcome and, for a conversion, the row it stands for.
-- Times are microseconds since 1970.

create table verdict as
with event as (
    select role, partition, "offset", time_us, source_partition, source_offset, told_us,
        convert_from(value, 'UTF8')::json as fields
    from raw where refused is null
),
-- Keys compare by value, as jsonb does; a key with a part that is null joins with nothing.
keyed as (
    select *, case when key_value is not null then dense_rank() over (order by key_value) end as key
    from (
        select e.*,
            (select jsonb_agg(e.fields::jsonb -> name order by n)
             from settings, unnest(key_fields) with ordinality as k(name, n)
             having bool_and(e.fields ->> name is not null)) as key_value
        from event e
    ) e
),
-- The watermark before each event, from the events before it in its own log, or the markers where it is re-keyed, and
-- from stored advances.
seen as (
    select k.*,
        greatest(
            case when exists (select from told where told.role = k.role) then told_us
                 else max(time_us) over (partition by role, k.partition order by "offset"
                                         rows between unbounded preceding and 1 preceding) end
                - case role when 'touch' then touch_bound_us else conversion_bound_us end,
            (select max(a.watermark_us) from advance a
             where a.role = k.role and a.partition = k.partition and a.next_offset <= k."offset")
        ) as watermark_us
    from keyed k, settings
),
-- The touch watermark at the end of each log.
finish as materialized (
    select p.partition,
        greatest(
            case when exists (select from told where role = 'touch') then max(o.time_us) else max(e.time_us) end
                - max(s.touch_bound_us),
            max(a.watermark_us)
        ) as watermark_us
    from (select distinct partition from raw) p
    cross join settings s
    left join told o on o.role = 'touch' and o.partition = p.partition
    left join event e on e.role = 'touch' and e.partition = p.partition
    left join advance a on a.role = 'touch' and a.partition = p.partition
    group by p.partition
),
conversion as (
    select c.*, coalesce(c.time_us < c.watermark_us - s.lateness_us, false) as late,
        coalesce(f.watermark_us > c.time_us + s.lateness_us, false) as final
    from seen c join finish f using (partition), settings s
    where c.role = 'conversion'
),
touch as (select * from seen where role = 'touch' and key is not null),
-- The earliest touch that counts, by (time, offset); the offset is the one where it was first.
earliest as (
    select c.partition, c."offset", min(array[t.time_us, t.source_partition, t.source_offset, t."offset"]) as touch
    from conversion c join touch t on t.partition = c.partition and t.key = c.key, settings s
    where t.time_us between c.time_us - s.window_us and c.time_us
        and (t.watermark_us is null or t.watermark_us <= c.time_us + s.lateness_us)
        and (not c.late or t.time_us + s.window_us >= c.watermark_us - s.lateness_us)
    group by c.partition, c."offset"
),
choice as (
    select f.partition, f."offset", t."offset" as touch_offset, t.time_us as touch_time_us, t.fields as touch_fields
    from earliest f join touch t on t.partition = f.partition and t."offset" = f.touch[4]
),
-- The row a conversion stands for, and whether the table can hold it: numeric(5, 2), and a primary key.
candidate as (
    select c.partition, c."offset", c.late, c.final, x.touch_offset,
        c.fields ->> 'checkout_id' as checkout_id,
        u.username as user_name,
        x.touch_fields ->> 'click_id' as click_id,
        c.fields ->> 'product_id' as product_id,
        c.fields ->> 'payment_method' as payment_method,
        a.amount as total_amount,
        c.fields ->> 'shipping_address' as shipping_address,
        c.fields ->> 'billing_address' as billing_address,
        c.fields ->> 'user_agent' as user_agent,
        c.fields ->> 'ip_address' as ip_address,
        timestamp 'epoch' + c.time_us * interval '1 microsecond' as checkout_time,
        timestamp 'epoch' + x.touch_time_us * interval '1 microsecond' as click_time,
        c.fields ->> 'checkout_id' is not null and a.fits as fits
    from conversion c
    left join choice x using (partition, "offset")
    left join commerce.users u on u.id::text = c.fields ->> 'user_id'
    cross join lateral (
        select n.amount, n.amount is null and t.text is null or coalesce(abs(n.amount) < 1000, false) as fits
        from (select c.fields ->> 'total_amount' as text) t,
            lateral (select case when text ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$'
                                 then round(text::numeric, 2) end as amount) n
    ) a
)
select r.role, r.partition, r."offset",
    case
        when r.refused is not null then r.refused
        when r.role = 'touch' and t."offset" is null then 'key_null'
        when r.role = 'touch' then 'touch'
        when c.late and s.late_policy = 'dead_letter' then 'late'
        when not c.fits then 'value_refused'
        when c.touch_offset is not null then 'attributed'
        else 'unattributed'
    end as outcome,
    -- Whether a run that stopped here could say so: a conversion that is not final holds back all behind it.
    r.role = 'touch' or bool_and(coalesce(c.final or c.late and s.late_policy = 'dead_letter', true)) over (
        partition by r.role, r.partition order by r."offset") as released,
    checkout_id, user_name, click_id, product_id, payment_method, total_amount, shipping_address, billing_address,
    user_agent, ip_address, checkout_time, click_time
from raw r
cross join settings s
left join candidate c on r.role = 'conversion' and c.partition = r.partition and c."offset" = r."offset"
left join touch t on r.role = 'touch' and t.partition = r.partition and t."offset" = r."offset";
