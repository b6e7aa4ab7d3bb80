-- Brings the attributed applications into silver, and gold up to date with them. Can be run at any time, any number of
-- times.
declare since timestamp default (
  select timestamp_sub(coalesce(max(attributed_at), timestamp '1970-01-02 00:00:00+00'), interval ${repair_hours} hour)
  from `${silver}.attributed_applications`
);
declare first_day date;

-- The external query has to be a literal; only the time in it changes.
execute immediate format('''
create temp table changed as
select * from external_query('${connection}', """
${source}
""")
''', format_timestamp('%F %H:%M:%E6S+00', since, 'UTC'));

-- The earliest day of all that is changed, or gone, as it is and as it was.
set first_day = (
  select min(date(applied_at))
  from (
    select applied_at from changed
    union all
    select applied_at from `${silver}.attributed_applications`
    where attributed_at >= since or application_id in (select application_id from changed)
  )
);

begin transaction;

merge `${silver}.attributed_applications` as silver
using changed
on silver.application_id = changed.application_id
when matched then update set
  username = changed.username,
  event_id = changed.event_id,
  user_agent = changed.user_agent,
  ip_address = changed.ip_address,
  job_uuid = changed.job_uuid,
  job_title = changed.job_title,
  company_name = changed.company_name,
  applied_at = changed.applied_at,
  click_time = changed.click_time,
  attributed_at = changed.attributed_at
when not matched by target then insert
  (application_id, username, event_id, user_agent, ip_address, job_uuid, job_title, company_name, applied_at,
    click_time, attributed_at)
  values
  (changed.application_id, changed.username, changed.event_id, changed.user_agent, changed.ip_address,
    changed.job_uuid, changed.job_title, changed.company_name, changed.applied_at, changed.click_time,
    changed.attributed_at)
when not matched by source and silver.attributed_at >= since then delete;

delete from `${gold}.applications_by_job_day` where day >= first_day;

-- The click's id may be missing where there was a click, so its time says whether there was one.
insert into `${gold}.applications_by_job_day`
  (day, job_uuid, job_title, company_name, applications, attributed, attribution_rate)
select date(applied_at), job_uuid, max(job_title), max(company_name), count(*), count(click_time),
  count(click_time) / count(*)
from `${silver}.attributed_applications`
where date(applied_at) >= first_day
group by date(applied_at), job_uuid;

delete from `${gold}.applications_by_day` where day >= first_day;

insert into `${gold}.applications_by_day`
  (day, applications, attributed, attribution_rate, seconds_p10, seconds_p50, seconds_p90, seconds_p99)
with timed as (
  select date(applied_at) as day, click_time, timestamp_diff(applied_at, click_time, microsecond) / 1000000 as seconds
  from `${silver}.attributed_applications`
  where date(applied_at) >= first_day
),
ranked as (
  -- Applications without a click come last, and count for no quantile.
  select day, click_time, seconds,
    row_number() over (partition by day order by seconds is null, seconds) as place,
    count(seconds) over (partition by day) as places
  from timed
)
select day, count(*), count(click_time), count(click_time) / count(*),
  min(case when 100 * place >= 10 * places then seconds end),
  min(case when 100 * place >= 50 * places then seconds end),
  min(case when 100 * place >= 90 * places then seconds end),
  min(case when 100 * place >= 99 * places then seconds end)
from ranked
group by day;

commit transaction;
