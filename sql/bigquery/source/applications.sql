select application_id, username, event_id, user_agent, ip_address, job_uuid, job_title, company_name,
    applied_at, click_time, attributed_at
from job_board.attributed_successful_applications
where attributed_at >= '${since}'
