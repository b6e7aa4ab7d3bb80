"""What the changelog holds, and what a restart makes of it."""

from events import checkout, click
from pipeline import eventually
from stream import await_progress, passed

COMPACTED_AT_ONCE = {
    "cleanup_policy": "compact",
    "segment_ms": "1000",
    "min_cleanable_dirty_ratio": "0.01",
    "max_compaction_lag_ms": "1000",
    "delete_retention_ms": "1000",
    "file_delete_delay_ms": "1000",
}
WINDOW = 60
WINDOWS = 30
USERS = 20


def changelog(case) -> str:
    return f"{case.pipeline.name}.changelog"


def one_window(number: int) -> list:
    start = number * WINDOW
    events = [click(user, at=start + second) for second in range(0, WINDOW, 6) for user in range(USERS)]
    return events + [checkout(user, at=start + WINDOW - 1) for user in range(USERS)]


def written(case) -> int:
    """How many records the topic has ever taken."""
    return sum(case.kafka.ends(changelog(case)).values())


def test_a_topic_that_is_compacted_stays_bounded(case):
    """Thirty windows go by; the topic ends up holding about two, with compaction and deletion done by a real broker."""
    case.kafka.create(changelog(case), 4, **COMPACTED_AT_ONCE)
    case.pipeline.change("attribute.window", f"{WINDOW}s")
    case.pipeline.change("changelog", {"tombstone_grace": 0})
    process = case.start()
    for number in range(WINDOWS):
        case.send(*one_window(number))
        await_progress(case, (number * (WINDOW // 6 + 1) + 1) * USERS - USERS)
    sizes = []

    def compacted():
        """The log's last segment rolls, and is then cleaned, only when something more is written."""
        case.send(*one_window(WINDOWS + len(sizes)))
        records = case.kafka.read(changelog(case))
        sizes.append(sum(len(record.value or b"") for record in records))
        alive = {record.key: record for record in records}
        clicks = WINDOW // 6 * USERS
        print(f"{written(case)} records written, {len(records)} there, {len(alive)} keys, {sizes[-1]} bytes")
        return sizes[-1] < 4 * clicks * 60 and len(records) < written(case) / 2

    eventually(compacted, "a changelog of about two windows", 90)
    assert process.stop() == 0
    assert "event=restored" in case.settle(duplicates=True).log


def test_a_restart_reads_the_changelog_and_not_the_clicks(case):
    case.send(*one_window(0))
    case.finish()
    log = case.settle().log
    assert log.count("source=changelog") == log.count("event=restored") == len(
        {row["partition"] for row in case.database.progress() if row["touch_offset"]}
    )
    assert "rereading" not in log


def test_clicks_that_retention_took_are_still_in_the_changelog(case):
    """The click topic forgets what it has; the join does not."""
    clicks = [click(user, at=user) for user in range(USERS)]
    case.send(*clicks)
    case.finish()
    case.kafka.forget(case.topics["clicks"])
    orders = [checkout(user, at=60 + user) for user in range(USERS)]
    case.send(*orders)
    case.finish()
    assert case.clicks_of(*orders) == [c.fields["click_id"] for c in clicks]


def test_gone_from_both(case):
    """Neither the changelog nor the click topic has them: no row is written without them."""
    case.send(*[click(user, at=user) for user in range(USERS)])
    case.finish()
    case.kafka.forget(case.topics["clicks"])
    case.kafka.replace(changelog(case), 4, cleanup_policy="compact")
    case.send(*[checkout(user, at=60 + user) for user in range(USERS)])
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2
    assert "gone from it, and the changelog does not have them either" in process.log
    assert case.rows() == {}


def test_the_click_topic_made_anew(case):
    """As long as before, with other records: not taken for the one that was read."""
    events = one_window(0)
    case.send(*events)
    case.finish()
    before = case.rows()
    case.kafka.replace(case.topics["clicks"], 4)
    case.send(*[click(user, "other", at=7) for _ in range(2 * WINDOW) for user in range(USERS)])
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 2
    assert "made anew" in process.log and "tributary reset" in process.log
    assert case.rows() == before


def test_progress_is_kept_while_nothing_is_held(case):
    """A pipeline that has only conversions writes no blocks and needs none."""
    case.send(*[checkout(user, at=user) for user in range(USERS)])
    case.finish()
    assert case.kafka.read(changelog(case)) == []
    assert passed(case) == USERS
    case.settle()
