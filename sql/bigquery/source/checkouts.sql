select checkout_id, user_name, click_id, product_id, payment_method, total_amount::numeric(38, 9) as total_amount,
    shipping_address, billing_address, user_agent, ip_address,
    checkout_time at time zone 'UTC' as checkout_time, click_time at time zone 'UTC' as click_time, attributed_at
from commerce.attributed_checkouts
where attributed_at >= '${since}'
