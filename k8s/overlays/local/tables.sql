-- The tables of the checkouts example. Tributary itself only needs to read the first and to write the second.
create schema if not exists commerce;

create table if not exists commerce.users (
    id int primary key,
    username varchar(255) not null,
    password varchar(255) not null
);

create table if not exists commerce.attributed_checkouts (
    checkout_id varchar primary key,
    user_name varchar,
    click_id varchar,
    product_id varchar,
    payment_method varchar,
    total_amount numeric(5, 2),
    shipping_address varchar,
    billing_address varchar,
    user_agent varchar,
    ip_address varchar,
    checkout_time timestamp,
    click_time timestamp
);

-- When the row became what it is (the start of the transaction that wrote it). The pipeline does not fill it: what
-- copies the table elsewhere asks with it for what is new. A correction moves it; an upsert that changes nothing does not.
alter table commerce.attributed_checkouts add column if not exists attributed_at timestamptz not null default now();

create index if not exists attributed_checkouts_attributed_at on commerce.attributed_checkouts
    using brin (attributed_at);

create or replace function commerce.stamp_attributed_at() returns trigger language plpgsql as $$
begin
    new.attributed_at := greatest(now(), old.attributed_at);
    return new;
end
$$;

create or replace trigger stamp_attributed_at before update on commerce.attributed_checkouts
    for each row when (new.* is distinct from old.*) execute function commerce.stamp_attributed_at();

-- Of last.yaml, and of the models that share a checkout out among its clicks.
create table if not exists commerce.last_clicks (
    checkout_id varchar primary key,
    click_id varchar,
    click_time timestamp,
    product_id varchar,
    total_amount numeric(5, 2),
    checkout_time timestamp
);

create table if not exists commerce.linear_credits (
    checkout_id varchar,
    touch_number int,
    touches int not null,
    click_id varchar,
    click_time timestamp,
    credit numeric(7, 6) not null,
    amount numeric(10, 2),
    checkout_time timestamp,
    primary key (checkout_id, touch_number)
);

create table if not exists commerce.position_credits (like commerce.linear_credits including all);
create table if not exists commerce.time_decay_credits (like commerce.linear_credits including all);
