create schema if not exists marketing;

create table if not exists marketing.sign_ups (
    sign_up_id text primary key,
    person     text,
    plan       text,
    country    text,
    signed_up  timestamptz not null,
    pin        bigint,
    title      text,
    tags       text,
    poster     text,
    followers  bigint
);
