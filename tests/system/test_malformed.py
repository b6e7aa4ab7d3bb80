"""Records that are not what they should be: each is a dead letter with its reason, and changes nothing else."""

import json

import pytest

from events import MISSING, checkout, click, raw, text, when

NOW = text(when(10))

UNREADABLE = {
    "empty": ["", None],
    "encoding": [b'{"click_id": "\xff"}', b"\xc3\x28", b'{"a": "\xed\xa0\x80"}'],
    "nul": [b'{"a": "\0"}', '{"click_id": "a\\u0000b", "datetime_occured": "%s"}' % NOW],
    "malformed": [
        "{",
        "click",
        '{"a": 1,}',
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": 01}',
        '{"a": "\\ud800"}',
        '{"datetime_occured": "%s"} {}' % NOW,
        "[" * 100_000,
    ],
    "not_an_object": ["null", "[]", "5", '"text"', "true"],
    "time_invalid": [
        "{}",
        '{"datetime_occured": null}',
        '{"datetime_occured": 1718600400}',
        '{"datetime_occured": "yesterday"}',
        '{"datetime_occured": "2023-02-29 00:00:00"}',
        '{"datetime_occured": "2024-06-17 24:00:00"}',
        '{"datetime_occured": "2024-06-17"}',
        '{"datetime_occured": {"$date": 5}}',
        '{"datetime_occured": "0000-01-01 00:00:00"}',
    ],
    "key_invalid": [
        '{"datetime_occured": "%s", "user_id": [1], "product_id": "p"}' % NOW,
        '{"datetime_occured": "%s", "user_id": 1, "product_id": {}}' % NOW,
    ],
}


@pytest.mark.parametrize("role", ["clicks", "checkouts"])
def test_records_that_cannot_be_read(case, role):
    reasons = [reason for reason, values in UNREADABLE.items() for _ in values]
    records = [raw(role, value, at=10) for values in UNREADABLE.values() for value in values]
    first, order = click(1, at=9), checkout(1, at=11)
    # Between good records of the same partition.
    case.send(click(1, "chair", at=8), checkout(1, "chair", at=8), *records, first, order)
    case.settle()
    assert case.clicks_of(order) == [first.fields["click_id"]]
    letters = sorted(case.dead_letters(), key=lambda r: int(r.headers["offset"]))
    assert [letter.headers["reason"] for letter in letters] == reasons


def test_a_touch_without_key_is_a_dead_letter(case):
    case.send(click(1, at=0, product_id=None), click(1, at=0, product_id=MISSING), click(None, at=0))
    case.settle()
    assert case.reasons() == ["key_null"] * 3


def test_fields_that_are_missing_or_null_are_null_columns(case):
    order = checkout(1, at=0, payment_method=None, total_amount=MISSING, ip_address=None, user_agent=MISSING)
    case.send(order)
    case.settle()
    row = case.row(order)
    assert [row[c] for c in ("payment_method", "total_amount", "ip_address", "user_agent")] == [None] * 4


def test_a_checkout_without_id_cannot_be_a_row(case):
    case.send(checkout(1, at=0, checkout_id=None), checkout(1, at=0, checkout_id=MISSING), checkout(2, at=1))
    case.settle()
    assert case.reasons() == ["value_refused"] * 2
    assert len(case.rows()) == 1


def test_other_types_are_written_as_they_are(case):
    order = checkout(
        1, at=0, payment_method=True, shipping_address={"street": "Elm"}, billing_address=["a", 1], user_agent=12.50
    )
    case.send(order)
    case.finish()
    row = case.row(order)
    assert json.loads(row["billing_address"]) == ["a", 1]
    assert json.loads(row["shipping_address"]) == {"street": "Elm"}
    assert (row["payment_method"], row["user_agent"]) == ("true", "12.5")


def test_users_that_are_not_numbers_are_just_not_found(case):
    case.pipeline.change("defaults.partitioned_by", None)
    orders = [checkout(user, at=1, key="1") for user in ("bob", "", 1.5, 99999999999999999999, -1, True)]
    case.send(*orders)
    case.finish()
    assert [row["user_name"] for row in case.rows().values()] == [None] * len(orders)


AMOUNTS = {
    12.345: "12.35",
    2.675: "2.68",
    999.99: "999.99",
    999.994: "999.99",
    -0.005: "-0.01",
    -999.99: "-999.99",
    0: "0.00",
    5: "5.00",
}
TEXT_AMOUNTS = {"1e2": "100.00", "1E-3": "0.00", "0.1": "0.10", "99999e-2": "999.99", "12.3450000000000000001": "12.35"}


def with_amount(amount_text, **changes):
    """A checkout whose amount is written exactly so."""
    order = checkout(at=0, total_amount=0, **changes)
    order.value = order.value.replace(b'"total_amount": 0', b'"total_amount": ' + amount_text.encode())
    return order


def test_amounts_are_rounded_as_the_database_does(case):
    amounts = {json.dumps(amount): stored for amount, stored in AMOUNTS.items()} | TEXT_AMOUNTS
    orders = {text: with_amount(text) for text in amounts}
    quoted = with_amount('"7.5"')
    case.send(*orders.values(), quoted)
    case.settle()
    assert {text: str(case.row(order)["total_amount"]) for text, order in orders.items()} == amounts
    assert str(case.row(quoted)["total_amount"]) == "7.50"


def test_amounts_that_do_not_fit_are_dead_letters(case):
    amounts = ["1000", "999.995", "-1000", "1e3", "1e300", "123456789012345678901234567890", '"a lot"', "true", "{}"]
    case.send(checkout(at=0), *[with_amount(amount) for amount in amounts], checkout(at=1))
    case.settle()
    assert case.reasons() == ["value_refused"] * len(amounts)
    assert len(case.rows()) == 2


def test_a_correction_that_does_not_fit_leaves_the_row_before_it(case):
    order = checkout(at=0, payment_method="card")
    case.send(order, with_amount("1000", checkout_id=order.fields["checkout_id"]))
    case.settle()
    assert case.row(order)["payment_method"] == "card"


def test_a_time_far_ahead_of_its_record_moves_no_watermark(case):
    """One wrong clock must not make everything behind it late."""
    wrong = [
        click(1, at=0, datetime_occured="2099-01-01 00:00:00"),
        checkout(1, at=0, datetime_occured="2099-01-01 00:00:00"),
        click(1, at=60, us=1000, timestamp=0),
    ]
    just_so = click(1, "chair", at=60, timestamp=0)
    first, order = click(1, at=1), checkout(1, at=2)
    case.send(*wrong, just_so, first, order)
    case.settle()
    assert case.reasons() == ["time_in_future"] * 3
    # just_so is valid and moved the touch watermark to 45 s: too far for a click at 1 s to count at 2 s.
    assert case.clicks_of(order) == [None]
    letter = next(r for r in case.dead_letters() if b"2099" in r.value)
    assert "zone" in letter.headers["detail"] and "2099" in letter.headers["detail"]


def test_a_large_record_that_cannot_be_read(case):
    case.send(raw("checkouts", "{" + " " * 900_000), checkout(1, at=0))
    case.settle()
    assert case.reasons() == ["malformed"]


def test_text_survives_as_it_was_sent(case):
    address = 'ünïcödé 漢字 🛒 "quotes" \\ back\tslash,\r\n{curly} \N{LINE SEPARATOR} $1 %s \'; drop table x'
    order = checkout(1, at=0, shipping_address=address, billing_address="", user_agent="NULL")
    case.send(order)
    case.settle()
    row = case.row(order)
    assert (row["shipping_address"], row["billing_address"], row["user_agent"]) == (address, "", "NULL")


def test_a_field_twice_in_one_object(case):
    order = checkout(1, at=0)
    order.value = order.value[:-1] + b', "payment_method": "second"}'
    case.send(order)
    case.settle()
    assert case.row(order)["payment_method"] == "second"
