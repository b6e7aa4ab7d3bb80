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
