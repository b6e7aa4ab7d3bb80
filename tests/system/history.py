"""Random histories: disorder within and beyond the bound, duplicates, ties, hot keys, malformed records."""

import json
import random
from datetime import datetime, timedelta

from events import Event, checkout, click, raw, text

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


def skewed(rnd: random.Random, events: list[Event]) -> None:
    """Some producers' clocks are wrong, by seconds, minutes or hours, in both directions: what they stamp on a record,
    or that and the time in the event. Some events lie in the future, within and beyond what is allowed."""
    wrong = {str(user).encode(): _clock(rnd) for user in range(100) if rnd.random() < 0.1}
    for event in events:
        stamp, own = wrong.get(event.key, (0, 0))
        if rnd.random() < 0.02:
            own += rnd.choice([0.5, 30, 59.999, 60, 60.001, 90, 3600])
        event.timestamp_ms += round(stamp * 1000)
        if own and "datetime_occured" in event.fields:
            _shift(event, own)


def _clock(rnd: random.Random) -> tuple[float, float]:
    """By how much the record's and the event's time are off."""
    off = rnd.choice([1, -1]) * rnd.choice([rnd.uniform(0, 60), rnd.uniform(60, 1800), rnd.uniform(3600, 20_000)])
    return rnd.choice([(off, 0), (off, 0), (off, min(off, 120))])


def _shift(event: Event, seconds: float) -> None:
    time = datetime.fromisoformat(event.fields["datetime_occured"])
    event.fields["datetime_occured"] = text(time + timedelta(seconds=seconds))
    event.value = json.dumps(event.fields).encode()
