"""Clicks and checkouts as the shop's site sends them, with whatever a test wants different about them."""

import itertools
import json
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

BASE = datetime(2024, 6, 17, 5, 0, tzinfo=timezone.utc)
SECOND, MINUTE, HOUR = 1, 60, 3600
MISSING = object()  # as a field's value: the field is not there

_numbers = itertools.count(1)


@dataclass
class Event:
    """A record to be produced. partition None: where murmur2_random puts the key."""

    role: str  # "clicks" or "checkouts"
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    partition: int | None = None
    fields: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)


def unkeyed(events, partitions: int = 4) -> list[Event]:
    """As a producer without keys sends them: to one partition after the other."""
    return [replace(event, key=None, partition=n % partitions) for n, event in enumerate(events)]


def when(at: float, us: int = 0) -> datetime:
    """`at` seconds (and `us` microseconds) after BASE."""
    return BASE + timedelta(milliseconds=round(at * 1000), microseconds=us)


def text(time: datetime) -> str:
    """Without zone; with three digits behind the point where they are enough."""
    return time.strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix("000")


def product(name) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"product {name}"))


def _event(role, fields, changes, at, us, timestamp, partition, key) -> Event:
    fields.update(changes)
    fields = {name: value for name, value in fields.items() if value is not MISSING}
    if key is MISSING:
        key = str(fields.get("user_id"))
    value = json.dumps(fields).encode()
    record_time = when(at, us) if timestamp is None else when(timestamp)
    timestamp_ms = round((record_time - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(milliseconds=1))
    return Event(role, None if key is None else key.encode(), value, timestamp_ms, partition, fields)


def click(user=1, product_name="lamp", at=0.0, *, us=0, timestamp=None, partition=None, key=MISSING, **changes):
    """A click `at` seconds after BASE; its record's timestamp is the same unless `timestamp` (seconds) is given."""
    number = next(_numbers)
    fields = {
        "click_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"click {number}")),
        "user_id": user,
        "product_id": product(product_name),
        "product": "Desk lamp",
        "price": 19.99,
        "url": f"http://shop.example/{number}",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "ip_address": "203.0.113.7",
        "datetime_occured": text(when(at, us)),
    }
    return _event("clicks", fields, changes, at, us, timestamp, partition, key)


def checkout(user=1, product_name="lamp", at=0.0, *, us=0, timestamp=None, partition=None, key=MISSING, **changes):
    number = next(_numbers)
    fields = {
        "checkout_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"checkout {number}")),
        "user_id": user,
        "product_id": product(product_name),
        "payment_method": "card",
        "total_amount": 42.5,
        "shipping_address": "12 Elm Street\nSpringfield",
        "billing_address": "12 Elm Street\nSpringfield",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "ip_address": "203.0.113.7",
        "datetime_occured": text(when(at, us)),
    }
    return _event("checkouts", fields, changes, at, us, timestamp, partition, key)


def raw(role, value, at=0.0, *, key="1", partition=None) -> Event:
    """A record with exactly these bytes (or str; None: a tombstone)."""
    event = _event(role, {}, {}, at, 0, None, partition, key)
    event.value = value.encode() if isinstance(value, str) else value
    return event
