-- The tables of the job applications example. Tributary itself only needs to read the first and to write the second.
create schema if not exists job_board;

create table if not exists job_board.users (
    id serial primary key,
    first_name varchar(255),
    last_name varchar(255),
    email varchar(255) not null unique
);

create table if not exists job_board.attributed_successful_applications (
    application_id varchar primary key,
    username varchar,
    event_id int,
    user_agent varchar,
    ip_address varchar,
    job_uuid varchar,
    job_title varchar,
    company_name varchar,
    applied_at timestamptz,
    click_time timestamptz
);

-- When the row became what it is (the start of the transaction that wrote it). The pipeline does not fill it: what
-- copies the table elsewhere asks with it for what is new. A correction moves it; an upsert that changes nothing does not.
alter table job_board.attributed_successful_applications add column if not exists attributed_at timestamptz not null default now();

create index if not exists attributed_successful_applications_attributed_at on job_board.attributed_successful_applications
    using brin (attributed_at);

create or replace function job_board.stamp_attributed_at() returns trigger language plpgsql as $$
begin
    new.attributed_at := greatest(now(), old.attributed_at);
    return new;
end
$$;

create or replace trigger stamp_attributed_at before update on job_board.attributed_successful_applications
    for each row when (new.* is distinct from old.*) execute function job_board.stamp_attributed_at();
