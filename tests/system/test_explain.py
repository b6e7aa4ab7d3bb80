"""tributary explain: for every touch the right reason, for every conversion the right choice."""

import json

import pytest
from confluent_kafka import TopicPartition

from events import checkout, click, text, when
from history import history

TABLE = "commerce.attributed_checkouts"


def explain(case, *arguments, code=0):
    process = case.pipeline.run(*map(str, arguments), "--json", command="explain")
    assert process.exit_code == code, process.output[-3000:] + process.log[-3000:]
    return json.loads(process.output)


def said(case, *arguments, code=0):
    process = case.pipeline.run(*map(str, arguments), command="explain")
    assert process.exit_code == code, process.output[-3000:] + process.log[-3000:]
    return process.output


def identity(event):
    return event.fields["checkout_id"]


def iso(at):
    return text(when(at)).replace(" ", "T").removesuffix(".000") + "Z"


def only(case, order, *arguments):
    """The one conversion of this id, and the whole."""
    whole = explain(case, identity(order), *arguments)
    [conversion] = whole["conversions"]
    return conversion, whole


@pytest.fixture
def story(case):
    """One checkout at 0 and every kind of click around it, all in one partition, in this order."""
    case.pipeline.change("attribute.window", "10m")
    clicks = [
        click(1, at=-700),  # before the window
        click(1, at=-100),  # counts
        click(1, at=-300),  # out of its bound, but read in time: the earliest
        click(1, at=5),  # afterwards
        click(1, "something else", at=15),  # the watermark is at the checkout, not past it
        click(1, at=-600),  # the very edge: no, this is the earliest
        click(1, "something else", at=15.001),  # past it
        click(1, at=-400),  # too late
        click(1, at=5000),  # far away
    ]
    order = checkout(1, at=0)
    case.send(*clicks, order)
    case.finish()
    case.clicks, case.order = clicks, order
    return case


def test_every_reason(story):
    conversion, whole = only(story, story.order)
    [record] = story.records("checkouts")
    assert (conversion["partition"], conversion["offset"]) == (record.partition, record.offset)
    assert conversion["time"] == iso(0) and conversion["window_from"] == iso(-600)
    assert conversion["key"] == {"user_id": 1, "product_id": story.order.fields["product_id"]}
    assert not conversion["late"] and conversion["committed"]
    touches = {touch["offset"]: touch for touch in conversion["touches"]}
    assert {offset: touch["verdict"] for offset, touch in touches.items()} == {
        0: "before_window",
        1: "counts",
        2: "counts",
        3: "after_conversion",
        5: "counts",
        7: "read_too_late",
    }
    assert [offset for offset, touch in touches.items() if touch["chosen"]] == [5]
    for offset, touch in touches.items():
        assert touch["fields"]["click_id"] == story.clicks[offset].fields["click_id"]
    assert touches[0]["watermark"] is None
    assert [touches[offset]["watermark"] for offset in (1, 2, 3, 5, 7)] == [
        iso(at) for at in (-715, -115, -115, 0, 0.001)
    ]
    assert conversion["touches_farther"] == 1
    assert (conversion["final"], conversion["final_offset"]) == ("touch", 6)
    assert conversion["final_watermark"] == iso(0.001)
    assert whole["table"]["agreement"] == "agrees"
    assert whole["table"]["found"]["click_id"] == story.clicks[5].fields["click_id"]
    assert whole["dead_letters"] == []


def test_what_people_read(story):
    output = said(story, identity(story.order))
    for line in (
        "late       no",
        f"window     {iso(-600)} to {iso(0)}, both included",
        "final      by the touch at offset 6",
        "100.000 s before the window",
        "5.000 s after the conversion",
        "the conversion was final when it was read; it came 0.001 s too late",
        "chosen: the earliest that counts",
        "1 more, over a window's length away",
        f"table {TABLE}: agrees",
    ):
        assert line in output, output


def test_the_conversion_can_be_named_by_its_place(story):
    [record] = story.records("checkouts")
    place = ("--partition", record.partition, "--offset", record.offset)
    assert explain(story, *place)["conversions"] == [only(story, story.order)[0]]
    assert "at partition" in said(story, "--partition", record.partition, "--offset", 77, code=1)


def test_a_table_that_does_not_agree(story):
    story.database.execute(f"update {TABLE} set click_id = 'wrong'")
    _, whole = only(story, story.order)
    assert (whole["table"]["agreement"], whole["table"]["columns"]) == ("differs", ["click_id"])
    assert whole["table"]["expected"]["click_id"] == story.clicks[5].fields["click_id"]
    assert "DIFFERS" in said(story, identity(story.order))
    story.database.execute(f"delete from {TABLE}")
    _, whole = only(story, story.order)
    assert whole["table"]["agreement"] == "missing" and whole["table"]["found"] is None


def test_made_final_by_silence(case):
    case.pipeline.change("defaults.idle_timeout", "500ms")
    order = checkout(1, at=100)
    case.send(click(1, at=99), order)
    process = case.start()
    case.await_rows(1)
    late = click(1, at=98)
    case.send(late, checkout(1, at=101))
    case.await_rows(2)
    assert process.stop() == 0
    conversion, whole = only(case, order)
    assert (conversion["final"], conversion["final_offset"]) == ("idle_advance", 1)
    assert [touch["verdict"] for touch in conversion["touches"]] == ["counts", "read_too_late"]
    assert whole["table"]["agreement"] == "agrees"
    assert "by an idle advance at offset 1" in said(case, identity(order))


def test_not_final_yet(case):
    order = checkout(1, at=0)
    case.send(click(1, at=0), order, click(1, "something else", at=15))
    assert case.pipeline.run("--once").exit_code == 0
    conversion, whole = only(case, order)
    assert conversion["final"] == "not_yet" and not conversion["committed"]
    assert whole["table"]["agreement"] == "unasked"
    assert "final      not yet" in said(case, identity(order))


def test_a_late_conversion(case):
    order = checkout(1, at=0)
    case.send(click(1, at=-1), checkout(1, at=100), order)
    case.finish()
    conversion, whole = only(case, order)
    assert conversion["late"] and conversion["watermark"] == iso(85)
    assert whole["table"]["agreement"] == "unasked"
    [dead] = whole["dead_letters"]
    assert dead["reason"] == "late" and dead["offset"] == 1
    output = said(case, identity(order))
    assert "late       by 85.000 s more than allowed" in output and "touches of its key" not in output


def test_a_late_conversion_that_is_attributed(case):
    """It sees only touches that are kept for certain."""
    case.pipeline.change("attribute.late", "attribute")
    case.pipeline.change("attribute.window", "1m")
    order = checkout(1, at=20)
    case.send(click(1, at=5), click(1, at=15), checkout(1, at=85), order)
    case.finish()
    conversion, whole = only(case, order)
    assert conversion["late"]
    assert [touch["verdict"] for touch in conversion["touches"]] == ["expired", "counts"]
    assert whole["table"]["agreement"] == "agrees"


def test_nothing_counts(case):
    orphan, nobody = checkout(1, at=0), checkout(2, at=0, product_id=None)
    case.send(click(1, "something else", at=-1), orphan, nobody)
    case.finish()
    conversion, whole = only(case, orphan)
    assert conversion["touches"] == [] and whole["table"]["agreement"] == "agrees"
    assert "the conversion is unattributed" in said(case, identity(orphan))
    assert "it joins with nothing" in said(case, identity(nobody))


def test_a_conversion_that_cannot_be_read(case):
    order = checkout(1, at=0, datetime_occured="2099-01-01 00:00:00")
    case.send(order)
    case.finish()
    conversion, whole = only(case, order)
    assert conversion["refused"] == "time_in_future" and "years" in conversion["detail"]
    assert whole["table"]["agreement"] == "unasked"
    assert "refused    time_in_future" in said(case, identity(order))


def test_a_row_that_the_table_cannot_hold(case):
    order = checkout(1, at=0, total_amount=1000)
    case.send(order)
    case.finish()
    conversion, whole = only(case, order)
    assert conversion["committed"] and whole["table"]["agreement"] == "unasked"
    [dead] = whole["dead_letters"]
    assert dead["reason"] == "value_refused" and "total_amount" in dead["detail"]


def test_a_conversion_that_is_only_in_the_dead_letters(case):
    order = checkout(1, at=0, total_amount=1000)
    case.send(order)
    case.finish()
    [record] = case.records("checkouts")
    gone = TopicPartition(case.topics["checkouts"], record.partition, 1)
    case.kafka.admin.delete_records([gone])[gone].result(30)
    whole = explain(case, identity(order))
    assert whole["conversions"] == []
    assert [(dead["partition"], dead["offset"], dead["reason"]) for dead in whole["dead_letters"]] == [
        (record.partition, record.offset, "value_refused")
    ]
    output = said(case, identity(order))
    assert "no longer reach back" in output and "value_refused" in output


def test_an_id_that_nobody_has(story):
    output = said(story, "nobody", code=1)
    assert 'no conversion "nobody"' in output and "1 records of 4 partitions" in output
    assert story.pipeline.dead_letters in output


def test_one_id_several_times(case):
    first = checkout(1, at=0)
    again = checkout(1, at=50, checkout_id=identity(first))
    seen = click(1, at=-1)
    case.send(seen, first, again)
    case.finish()
    whole = explain(case, identity(first))
    assert [c["time"] for c in whole["conversions"]] == [iso(0), iso(50)]
    assert whole["table"]["agreement"] == "agrees" and whole["table"]["found"]["checkout_time"].endswith("05:00:50")
    assert "2 conversions have this id" in said(case, identity(first))


def test_keys_of_several_columns_and_other_types(case):
    """The id is compared as the columns compare."""
    output = case.pipeline.document["outputs"][0]["postgres"]
    output["primary_key"] = ["checkout_id", "total_amount"]
    case.database.execute(
        f"alter table {TABLE} drop constraint attributed_checkouts_pkey, alter checkout_id type uuid "
        "using checkout_id::uuid, add primary key (checkout_id, total_amount)"
    )
    order = checkout(1, at=0, total_amount=7)
    case.send(order)
    case.finish()
    whole = explain(case, f"{identity(order).upper()},7.000")
    assert len(whole["conversions"]) == 1 and whole["table"]["agreement"] == "agrees"
    explain(case, f"{identity(order)},8", code=1)
    process = case.pipeline.run(identity(order), command="explain")
    assert process.exit_code == 2 and "checkout_id,total_amount" in process.log, process.log


def test_append_only_tables(case):
    case.append_without_key()
    order = checkout(1, at=0)
    case.send(order)
    case.finish()
    process = case.pipeline.run(identity(order), command="explain")
    assert process.exit_code == 2 and "--offset" in process.log
    [record] = case.records("checkouts")
    place = ("--partition", record.partition, "--offset", record.offset)
    assert explain(case, *place)["table"]["agreement"] == "agrees"
    case.database.execute(f"delete from {TABLE}")
    assert explain(case, *place)["table"]["agreement"] == "missing"


def test_explains_what_the_table_holds(case, rnd):
    """Of random rows of a random history: the touch chosen is the row's, and only touches that count are chosen."""
    case.pipeline.change("attribute.window", "2m")
    case.send(*history(rnd, 3_000, users=10))
    case.finish()
    rows = case.rows()
    for name in rnd.sample(sorted(rows), 12):
        whole = explain(case, name)
        assert whole["table"]["agreement"] == "agrees"
        last = whole["conversions"][-1]
        chosen = [touch["fields"]["click_id"] for touch in last["touches"] if touch["chosen"]]
        assert chosen == ([rows[name]["click_id"]] if rows[name]["click_id"] else [])
