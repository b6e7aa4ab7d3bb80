# shop.sh: the checkouts example's database: its tables, its raw events, its rows. Needs DATABASE_URL; runs in the
# project's folder. Sourced by bash.
# shellcheck shell=bash

sql() { PGOPTIONS="-c client_min_messages=warning" psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" "$@"; }
# The answer alone, columns separated by blanks.
ask() { sql -At -F ' ' -c "$1"; }

# lay_out_shop USERS_CSV
lay_out_shop() {
    sql -f examples/checkouts/tables.sql
    sql -c "\\copy commerce.users from '$1' with (format csv, header)"
}

# load_events TABLE FILE: lines of partition, offset and event, separated by the byte 1, which is in no JSON.
load_events() {
    sql -c "create schema if not exists raw" \
        -c "create table raw.$1 (partition int, \"offset\" bigint, event json)" \
        -c "\\copy raw.$1 from '$2' with (format csv, delimiter E'\\x01', quote E'\\x02')"
}

# read_topic BROKERS TOPIC FILE: a topic as it is now, for load_events.
read_topic() { kcat -C -q -e -o beginning -b "$1" -t "$2" -f '%p\x01%o\x01%s\n' >"$3"; }

# load_rows FILE: rows as `tributary replay` prints them.
load_rows() {
    sql -c "create temp table line (row json)" \
        -c "\\copy line from '$1' with (format csv, delimiter E'\\x01', quote E'\\x02')" \
        -c "insert into commerce.attributed_checkouts
            select r.* from line, json_populate_record(
                jsonb_populate_record(null::commerce.attributed_checkouts, jsonb_build_object('attributed_at', now())), row) r"
}

# "clicks checkouts rows attributed mismatches"
check_shop() { sql -At -F ' ' -f examples/checkouts/check.sql; }

# The rows that were written last.
latest_rows() {
    sql -P footer=off -P border=1 -c "
        select left(checkout_id, 8) as checkout, user_name as \"user\", total_amount as amount,
            to_char(checkout_time, 'HH24:MI:SS') as checkout_time, coalesce(left(click_id, 8), '-') as click,
            coalesce(to_char(click_time, 'HH24:MI:SS'), 'no click') as click_time
        from commerce.attributed_checkouts order by checkout_time desc limit ${1:-6}"
}
