"""The models of attribution: random histories of each against the oracle, through restarts and crashes; conversions that
come again; touches without end; rows that the table refuses."""

import json
from decimal import Decimal

import pytest

from events import checkout, click
from history import history
from oracle import SHARING
from stream import Stream

MODELS = ["first", "last", "linear", "position", "time_decay"]
TABLE = "commerce.attributed_checkouts"


def options(rnd, model: str) -> dict:
    """Any that go with the model."""
    some = {
        "reach": rnd.choice([None, None, 1, 3]),
        "touch_cap": rnd.choice([None, None, 1, 2]),
        "credit_scale": rnd.choice([0, 2, 6, 6, 18]),
    }
    if model == "position" and rnd.random() < 0.7:
        some["weights"] = rnd.choice([{"first": 0, "last": 0}, {"first": 1, "last": 0}, {"first": 0.3333, "last": 0.5}])
    if model == "time_decay" and rnd.random() < 0.7:
        some["half_life"] = rnd.choice(["1s", "7m", "1d"])
    return some


def prepare(case, rnd, model: str, write: str) -> None:
    case.share_out(model, **options(rnd, model))
    if write == "append":
        case.append_without_key()
        case.database.execute(f"alter table {TABLE} alter checkout_id drop not null, alter touch_number drop not null")
        case.database.execute("drop index if exists commerce.attributed_checkouts_checkout_id_idx")
    case.pipeline.change("attribute.window", rnd.choice(["30s", "10m", "1h"]))
    case.pipeline.change("batch_rows", rnd.choice([1, 7, 100, 10_000]))


def sums(case) -> None:
    """Of each conversion, without the oracle: credits sum to 1, amounts to the amount."""
    wrong = case.database.query(
        f"""select checkout_id, sum(credit), sum(amount) from {TABLE} group by checkout_id, checkout_time, total_amount
            having mod(sum(credit), 1) <> 0 or sum(credit) = 0
                or min(touch_number) <> 1 or max(touch_number) <> greatest(max(touches), 1)"""
    )
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("model", MODELS)
def test_a_random_history(case, rnd, model):
    prepare(case, rnd, model, "upsert")
    case.pipeline.change("attribute.late", rnd.choice(["dead_letter", "attribute"]))
    case.pipeline.change("attribute.allowed_lateness", rnd.choice(["0s", "20s"]))
    events = history(rnd, 4_000, span=rnd.choice([600, 10_000]), users=rnd.choice([5, 40]))
    for part in (events[:1500], events[1500:]):  # another process goes on with what is stored
        case.send(*part)
        case.finish("--workers", str(rnd.choice([1, 2])))
    case.check(duplicates=True)  # a member that joins takes partitions away, and some records are read again
    sums(case)
    assert "agrees" in case.pipeline.run("--quiet", command="verify").output


@pytest.mark.parametrize("write", ["upsert", "append"])
@pytest.mark.parametrize("model", SHARING)
def test_killed_again_and_again(case, rnd, model, write):
    prepare(case, rnd, model, write)
    with Stream(case, history(rnd, 3_000, users=10)) as stream:
        for _ in range(3):
            process = case.start()
            stream.await_progress()
            process.kill_after(rnd.uniform(0, 0.6))
    case.settle(duplicates=True)
    sums(case)
    process = case.pipeline.run("--quiet", command="verify")
    assert process.exit_code == 0, process.output


@pytest.mark.parametrize("model", ["last", "linear"])
def test_of_rekeyed_inputs(case, rnd, model):
    """The order among touches of one time is that of the producers' topics."""
    case.share_out(model, reach=rnd.choice([None, 2]))
    case.rekey()
    case.send(*history(rnd, 1_500, users=8))
    case.settle()
    sums(case)


def credits(case, checkout_id) -> list[tuple]:
    return case.database.query(
        f"select touch_number, click_id, credit, amount from {TABLE} where checkout_id = %s order by 1", checkout_id
    )


def test_a_conversion_that_comes_again_stands_as_a_whole(case):
    """In one batch, in a later one, with more touches and with fewer: no row of the older one is left."""
    case.share_out("linear")
    clicks = [click(1, at=at) for at in (0, 10, 20)]
    ids = [c.fields["click_id"] for c in clicks]
    once = checkout(1, at=30, total_amount=9)
    name = once.fields["checkout_id"]
    again = checkout(1, at=15, checkout_id=name, total_amount=8)  # of two clicks
    none = checkout(1, "other", at=40, checkout_id=name, total_amount=7)
    case.send(*clicks, once)
    case.settle()
    assert [row[:2] for row in credits(case, name)] == [(1, ids[0]), (2, ids[1]), (3, ids[2])]
    case.send(again)
    case.settle()
    assert credits(case, name) == [(n + 1, ids[n], Decimal("0.5"), Decimal(4)) for n in range(2)]
    case.send(once, none)
    case.settle()
    assert credits(case, name) == [(1, None, Decimal(1), Decimal(7))]
    case.send(none, once)
    case.settle()
    assert len(credits(case, name)) == 3
    process = case.pipeline.run("--quiet", command="verify")
    assert process.exit_code == 0, process.output


def test_verify_finds_what_is_left_of_an_older_one(case):
    case.share_out("linear")
    once = checkout(1, at=30)
    case.send(click(1, at=0), click(1, at=20), once, checkout(1, at=16, checkout_id=once.fields["checkout_id"]))
    case.settle()
    assert "agrees" in case.pipeline.run("--quiet", command="verify").output
    case.database.execute(f"insert into {TABLE} (checkout_id, touch_number) select checkout_id, 2 from {TABLE}")
    process = case.pipeline.run("--quiet", command="verify")
    assert process.exit_code == 1 and "0 doubled, 1 unexplained" in process.output, process.output


def test_the_right_to_delete(case):
    """Asked for where a conversion can lose rows, and nowhere else."""
    case.share_out("linear")
    process = case.pipeline.run("--print-sql", command="init")
    assert 'GRANT SELECT, INSERT, UPDATE, DELETE ON "commerce"."attributed_checkouts"' in process.output
    case.pipeline.change("attribute.model", "first")
    process = case.pipeline.run("--print-sql", command="init")
    assert 'GRANT SELECT, INSERT, UPDATE ON "commerce"."attributed_checkouts"' in process.output


@pytest.mark.parametrize("write", ["upsert", "append"])
def test_rows_that_the_table_refuses(case, write):
    """One row of a conversion is refused: all of it is a dead letter, once, and the others are there."""
    case.share_out("linear")
    if write == "append":
        case.append_without_key()
    case.database.execute(f"alter table {TABLE} add constraint few check (touch_number < 3)")
    clicks = [click(user, at=at) for user in range(4) for at in range(user + 1)]
    orders = [checkout(user, n, at=100 + n, product_id=clicks[0].fields["product_id"]) for n, user in enumerate(range(4))]
    case.send(*clicks, *orders)
    case.finish()
    letters = [json.loads(letter.value)["checkout_id"] for letter in case.dead_letters()]
    assert sorted(letters) == sorted(order.fields["checkout_id"] for order in orders[2:])
    assert [len(credits(case, order.fields["checkout_id"])) for order in orders] == [1, 2, 0, 0]
    ledger = case.ledger()
    assert ledger["conversion", "row_refused"] == 2 and ledger["conversion", "attributed"] == 2
    assert case.pipeline.run("--quiet", command="verify").exit_code == 0


def test_what_is_refused_stands_in_nobodys_way(case):
    """The rows of one conversion are judged together: none of a refused one is there when the next is judged."""
    case.share_out("linear")
    case.database.execute(
        f"""alter table {TABLE} add constraint few check (touch_number < 3);
            create unique index on {TABLE} (click_id)"""
    )
    refused, taken = checkout(1, at=30), checkout(1, at=16)
    case.send(*[click(1, at=at) for at in (0, 10, 20)], refused, taken)
    case.finish()
    letters = [json.loads(letter.value)["checkout_id"] for letter in case.dead_letters()]
    assert letters == [refused.fields["checkout_id"]]
    assert len(credits(case, taken.fields["checkout_id"])) == 2


def test_keys_that_only_the_database_finds_equal(case):
    """They go one conversion at a time, with all of its rows, and the last stands as a whole."""
    case.share_out("linear")
    case.database.execute(
        f"""create collation commerce.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            alter table {TABLE} alter checkout_id type varchar collate commerce.nocase"""
    )
    case.send(
        *[click(1, at=at) for at in (0, 10, 20)],
        checkout(1, at=30, checkout_id="Order", total_amount=9),
        checkout(1, at=15, checkout_id="ORDER", total_amount=8),
    )
    case.finish()
    rows = case.database.query(f"select checkout_id, touch_number, amount from {TABLE} order by 2")
    assert rows == [("Order", 1, 4), ("Order", 2, 4)]


def test_touches_without_end(case):
    """A bot: a checkout of thousands of clicks is a batch of its own, whatever batch_rows says; with a cap it is not."""
    case.share_out("linear")
    case.pipeline.change("batch_rows", 10)
    case.pipeline.change("attribute.window", "16m")
    case.send(*[click(1, at=n / 10) for n in range(3000)], checkout(1, at=301), checkout(1, at=302), checkout(2, at=303))
    case.settle()
    assert case.database.query(f"select count(*) from {TABLE}") == [(6001,)]


def test_capped_touches_are_counted(case):
    case.share_out("linear", touch_cap=5)
    case.pipeline.change("attribute.window", "16m")  # sixteenths of one minute
    case.send(*[click(1, at=n) for n in range(600)], checkout(1, at=601))
    case.settle()
    ledger = case.ledger()
    assert ledger["touch", "capped"] == 600 - 10 * 5 and ledger["touch", "touch_kept"] == 10 * 5
    assert case.database.query(f"select count(*) from {TABLE}") == [(50,)]
    # Another cap is another state: the touches are read again.
    case.pipeline.change("attribute.touch_cap", 7)
    case.send(checkout(1, at=602))
    process = case.finish()
    assert "touch_cap was" in process.log, process.log
    assert case.database.query(f"select max(touches) from {TABLE}") == [(70,)]


@pytest.mark.parametrize("model", MODELS)
def test_explain(case, model):
    """Every candidate with its verdict, number and credit, and the row or rows."""
    case.share_out(model, reach=3, touch_cap=4)
    clicks = [click(1, at=at) for at in (0, 1, 2, 3, 4)]  # the fifth of its minute is not kept, the first out of reach
    order = checkout(1, at=30, total_amount=10)
    case.send(*clicks, order)
    case.settle()
    process = case.pipeline.run("--json", order.fields["checkout_id"], command="explain")
    assert process.exit_code == 0, process.log
    said = json.loads(process.output)
    touches = said["conversions"][0]["touches"]
    assert [t["verdict"] for t in touches] == ["out_of_reach", "counts", "counts", "counts", "capped"]
    numbers = [t.get("number") for t in touches]
    chosen = {"first": [None, 1, None, None, None], "last": [None, None, None, 1, None]}
    assert numbers == chosen.get(model, [None, 1, 2, 3, None])
    rows = {row[0]: row[2] for row in credits(case, order.fields["checkout_id"])}
    assert {t["number"]: Decimal(str(t["credit"])) for t in touches if "number" in t} == rows
    assert said["table"]["agreement"] == "agrees"
    found = said["table"]["found"]
    assert len(found) == len(rows) if model in SHARING else found["touch_number"] == 1
    text = case.pipeline.run(order.fields["checkout_id"], command="explain").output
    assert "reach: 3 are nearer" in text and "touch_cap: 4" in text
