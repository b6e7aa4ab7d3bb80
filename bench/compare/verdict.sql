-- The rows of a run, in `actual`, beside `expected`: how many are right, how many are wrong (another value, or a
-- checkout that there never was), how many are missing, and how many of these are of users without a name.
select
    count(*) filter (where same) as right,
    count(*) filter (where not same) as wrong,
    count(*) filter (where found is null) as missing,
    count(*) filter (where found is null and user_name is null) as unknown
from (
    select a.checkout_id as found, e.user_name,
        case when a.checkout_id is not null then
            e.checkout_id is not null
            and (e.user_name, e.product_id, e.payment_method, e.total_amount, e.shipping_address, e.billing_address,
                 e.user_agent, e.ip_address, e.checkout_time, e.click_time)
                is not distinct from
                (a.user_name, a.product_id, a.payment_method, a.total_amount, a.shipping_address, a.billing_address,
                 a.user_agent, a.ip_address, a.checkout_time, a.click_time)
            and (a.click_id is null and e.clicks is null or coalesce(a.click_id = any (e.clicks), false))
        end as same
    from expected e full join actual a using (checkout_id)
) pair
