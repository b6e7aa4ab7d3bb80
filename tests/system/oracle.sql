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
--   settings(window_us, lateness_us, touch_bound_us, conversion_bound_us, late_policy, key_fields text[],
--            model, reach, touch_cap, first_weight, last_weight, half_life_us, credit_scale, credit_of)
--            reach and touch_cap are null where there is none, the weights in billionths
--
-- and makes the table verdict: one row a record with its outcome and, for a conversion, the row it stands for; several
-- where the model shares it out.
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
-- Of a key, and of each sixteenth of the window, the first touches to be read are held.
touch as (
    select t.*, touch_cap is null or row_number() over (
        partition by t.partition, key, floor(time_us::numeric / ((window_us + 15) / 16)) order by "offset") <= touch_cap
        as held
    from seen t, settings
    where role = 'touch' and key is not null
),
-- The touches that count, in their order: by time, and then by where they were first.
counting as (
    select c.partition, c."offset", t."offset" as touch_offset, t.time_us, t.fields,
        row_number() over (partition by c.partition, c."offset"
                           order by t.time_us, t.source_partition, t.source_offset, t."offset") as n,
        count(*) over (partition by c.partition, c."offset") as counting
    from conversion c join touch t on t.partition = c.partition and t.key = c.key, settings s
    where t.held and t.time_us between c.time_us - s.window_us and c.time_us
        and (t.watermark_us is null or t.watermark_us <= c.time_us + s.lateness_us)
        and (not c.late or t.time_us + s.window_us >= c.watermark_us - s.lateness_us)
),
near as (
    select c.*, n - greatest(counting - coalesce(reach, counting), 0) as number,
        least(counting, coalesce(reach, counting)) as touches
    from counting c, settings
),
choice as (
    select partition, "offset", touch_offset, time_us as touch_time_us, fields as touch_fields,
        case when model in ('first', 'last') then 1 else number end as number,
        case when model in ('first', 'last') then 1 else touches end as touches,
        max(time_us) over (partition by partition, "offset") as latest_us
    from near, settings
    where number >= 1
        and case model when 'first' then number = 1 when 'last' then number = touches else true end
),
weighed as (
    select c.*,
        case model
            when 'position' then
                case when touches = 1 or touches = 2 and first_weight + last_weight = 0 then 1
                     when number = 1 then first_weight * greatest(touches - 2, 1)
                     when number = touches then last_weight * greatest(touches - 2, 1)
                     else 1000000000 - first_weight - last_weight end::numeric
            when 'time_decay' then
                round(power(2.0000000000000000000000000000000000000000,
                            -(latest_us - touch_time_us)::numeric(60, 40) / half_life_us) * 1000000000000000000)
            else 1
        end as weight
    from choice c, settings
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
        coalesce(x.number, 1) as touch_number, coalesce(x.touches, 0) as touches, coalesce(x.weight, 1) as weight,
        -- What is shared out, each in a unit that is not divided: the credit, and the amount.
        power(10::numeric, s.credit_scale) as credit_units,
        m.amount is not null as has_amount, sign(m.amount) as amount_sign,
        round(abs(m.amount) * power(10::numeric, greatest(scale(m.amount), 2))) as amount_units,
        power(10::numeric, greatest(scale(m.amount), 2)) as amount_unit,
        c.fields ->> 'checkout_id' is not null and a.fits as fits
    from conversion c
    cross join settings s
    left join weighed x using (partition, "offset")
    left join commerce.users u on u.id::text = c.fields ->> 'user_id'
    cross join lateral (
        select n.amount, n.amount is null and t.text is null or coalesce(abs(n.amount) < 1000, false) as fits
        from (select c.fields ->> 'total_amount' as text) t,
            lateral (select case when text ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$'
                                 then round(text::numeric, 2) end as amount) n
    ) a
    cross join lateral (
        select case when text ~ '^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?$' then text::numeric end as amount
        from (select c.fields ->> s.credit_of as text) t
    ) m
),
-- The largest remainder: everybody gets the whole units of his part, and those with the greatest remainder one more
-- each until none is left.
divided as (
    select c.*, div(credit_units * weight, sum(weight) over o) as credit_part,
        mod(credit_units * weight, sum(weight) over o) as credit_rest,
        div(amount_units * weight, sum(weight) over o) as amount_part,
        mod(amount_units * weight, sum(weight) over o) as amount_rest
    from candidate c
    window o as (partition by partition, "offset")
),
shared as (
    select d.*,
        round((credit_part + (row_number() over (o order by credit_rest desc, touch_number)
                       <= credit_units - sum(credit_part) over o)::int) / credit_units, 18) as credit,
        case when has_amount then round(
            amount_sign * (amount_part + (row_number() over (o order by amount_rest desc, touch_number)
                                          <= amount_units - sum(amount_part) over o)::int) / amount_unit, 18) end as amount
    from divided d
    window o as (partition by partition, "offset")
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
    user_agent, ip_address, checkout_time, click_time, coalesce(touch_number, 1) as touch_number, touches, credit, amount
from raw r
cross join settings s
left join shared c on r.role = 'conversion' and c.partition = r.partition and c."offset" = r."offset"
left join touch t on r.role = 'touch' and t.partition = r.partition and t."offset" = r."offset";
