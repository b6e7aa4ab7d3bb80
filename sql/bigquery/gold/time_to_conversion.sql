select day, 'checkouts' as conversion, attributed, seconds_p10, seconds_p50, seconds_p90, seconds_p99
from `${gold}.checkouts_by_day`
union all
select day, 'applications' as conversion, attributed, seconds_p10, seconds_p50, seconds_p90, seconds_p99
from `${gold}.applications_by_day`
