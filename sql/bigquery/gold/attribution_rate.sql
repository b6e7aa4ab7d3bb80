select day, 'checkouts' as conversion, checkouts as conversions, attributed, attribution_rate
from `${gold}.checkouts_by_day`
union all
select day, 'applications' as conversion, applications as conversions, attributed, attribution_rate
from `${gold}.applications_by_day`
