"""Re-keyed topics read independently of the program: which records are markers, what they say of event time, and
whether what lies between them is what the producers wrote."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator

from kafka import Record, murmur2_partition

MARKER, SOURCE = "tributary.marker", "tributary.source"


def is_marker(record: Record) -> bool:
    return MARKER in record.headers


def place(record: Record) -> str:
    """As the header names it in copies of the record."""
    return f"{record.partition}/{record.offset}"


def source_of(record: Record) -> tuple[int, int]:
    """Partition and offset of where it was first: here, unless a header says otherwise."""
    if SOURCE not in record.headers:
        return record.partition, record.offset
    partition, offset = record.headers[SOURCE].split("/")
    return int(partition), int(offset)


class Told:
    """What the markers of a re-keyed topic have said, by partition."""

    def __init__(self):
        self.sources = defaultdict(dict)  # partition -> source -> (greatest event time or None, idle)
        self.counts = defaultdict(int)
        self.times = {}  # partition -> the greatest time to which all sources came, which never falls

    def take(self, marker: Record) -> None:
        said, known = json.loads(marker.value), self.sources[marker.partition]
        self.counts[marker.partition] = max(self.counts[marker.partition], said["sources"])
        for source, time, idle in said["at"]:
            before = known.get(source, (None, False))[0]
            known[source] = (max((t for t in (before, time) if t is not None), default=None), idle)
        self._move(marker.partition)

    def _move(self, partition: int) -> None:
        known = [self.sources[partition].get(n, (None, False)) for n in range(self.counts[partition])]
        awake = [time for time, idle in known if not idle]
        if awake:
            now = None if None in awake else min(awake)
        else:
            now = max((time for time, _ in known if time is not None), default=None)
        if now is not None:
            self.times[partition] = max(now, self.times.get(partition, now))

    def time(self, partition: int) -> int | None:
        return self.times.get(partition)


def reading(records: list[Record], told: Told | None) -> Iterator[tuple[Record, tuple[int, int], int | None]]:
    """Every record but the markers, where it was first, and what the markers before it said. told: None of a topic
    that is not re-keyed."""
    for record in records:
        if told and is_marker(record):
            told.take(record)
        else:
            yield record, source_of(record), told and told.time(record.partition)


# --- against what the producers wrote ---------------------------------------------------------------------------------


def check_copies(sources: list[Record], log: list[Record], partitions: int, key_of: Callable) -> None:
    """Every source record is there once and as it was, where its key belongs, in the order of its source; key_of says
    which key it must have."""
    copies = [record for record in log if not is_marker(record)]
    found = defaultdict(list)
    for copy in copies:
        found[source_of(copy)].append(copy)
    doubled = {at: len(them) for at, them in found.items() if len(them) > 1}
    assert not doubled, f"copied more than once: {sorted(doubled.items())[:5]}"
    written = {(r.partition, r.offset): r for r in sources}
    assert found.keys() <= written.keys(), f"of no source: {sorted(found.keys() - written.keys())[:5]}"
    assert found.keys() == written.keys(), f"never copied: {sorted(written.keys() - found.keys())[:5]}"
    for at, [copy] in found.items():
        source, key = written[at], key_of(written[at])
        theirs = {name: value for name, value in copy.headers.items() if name != SOURCE}
        assert (copy.value, copy.timestamp_ms, theirs) == (source.value, source.timestamp_ms, source.headers), at
        target = murmur2_partition(key, partitions) if key is not None else source.partition % partitions
        assert (copy.key, copy.partition) == (key, target), at
    last = {}
    for copy in copies:
        partition, offset = source_of(copy)
        assert last.get((copy.partition, partition), -1) < offset, f"out of order: {copy}"
        last[copy.partition, partition] = offset


def check_markers(sources: list[Record], log: list[Record], time_of: Callable) -> None:
    """No marker says more of a source than what it had before its next record in this partition, nor less than the
    records that are there already; time_of gives a record's event time, or None."""
    greatest, last = {}, {}
    for record in sources:  # by partition and offset
        times = [last.get(record.partition), time_of(record)]
        last[record.partition] = max((t for t in times if t is not None), default=None)
        greatest[record.partition, record.offset] = last[record.partition]
    next_of, seen_of = {}, {}
    for record in reversed(log):
        if not is_marker(record):
            next_of[record.partition, source_of(record)[0]] = source_of(record)[1]
            continue
        for source, time, _ in json.loads(record.value)["at"]:
            following = next_of.get((record.partition, source))
            most = last.get(source) if following is None else greatest.get((source, following - 1))
            assert time is None or most is not None and time <= most, f"{record} is ahead of source {source}"
    for record in log:
        if not is_marker(record):
            at = source_of(record)
            seen_of[record.partition, at[0]] = greatest[at]
            continue
        for source, time, _ in json.loads(record.value)["at"]:
            least = seen_of.get((record.partition, source))
            assert least is None or time is not None and time >= least, f"{record} is behind source {source}"
