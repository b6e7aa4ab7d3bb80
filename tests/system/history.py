"""Random histories: disorder within and beyond the bound, duplicates, ties, hot keys, malformed records."""

import random

from events import Event, checkout, click, raw

BROKEN = ["", None, "{", "[]", b"\xff", b'{"a": "\0"}', '{"datetime_occured": "soon"}']


def history(rnd: random.Random, length: int, *, users: int = 40, span: float | None = None) -> list[Event]:
    """`length` events over `span` seconds of event time, in the order in which they are to be produced."""
    span = span or length / 2
    events = []
    for n in range(length):
        at = n * span / length
        user = rnd.choice([1, 100, *(rnd.randrange(users) for _ in range(6))])
        events.append(_event(rnd, user, at))
        if rnd.random() < 0.02:
            events.append(rnd.choice(events[-20:]))  # sent again
    return events


def _event(rnd: random.Random, user: int, at: float) -> Event:
    timestamp = at  # the record comes now, with a time a little back, or far
    if rnd.random() < 0.4:
        at -= rnd.uniform(0, 15)
    elif rnd.random() < 0.04:
        at -= rnd.uniform(15, 300)
    make = rnd.choice([click, click, checkout])
    role = "clicks" if make is click else "checkouts"
    what = rnd.choice("abc")
    luck = rnd.random()
    if luck < 0.01:
        return raw(role, rnd.choice(BROKEN), at=timestamp, key=str(user))
    if luck < 0.015:
        return make(user, what, at, timestamp=timestamp, product_id=None)
    if luck < 0.02:
        return make(user, what, at, timestamp=timestamp, datetime_occured="2099-01-01 00:00:00")
    if luck < 0.03 and make is checkout:
        return checkout(user, what, at, timestamp=timestamp, total_amount=rnd.choice([1000, 999.995, 10.005, -3, None]))
    if luck < 0.2:
        at = float(round(at))  # several events at one moment
    return make(user, what, at, timestamp=timestamp)
