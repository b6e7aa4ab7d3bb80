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
