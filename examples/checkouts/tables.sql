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
