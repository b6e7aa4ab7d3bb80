"""The connection is lost, or the program dies, between a COMMIT and its answer. Whether it arrived is in the progress
row; every row is written once, into a table without any key too."""

import random
from collections import Counter
from urllib.parse import urlsplit

import pytest

from events import checkout, click
from pipeline import eventually
from proxy import PostgresProxy
from stream import Stream

BEFORE, AFTER = PostgresProxy.BEFORE, PostgresProxy.AFTER


class Cuts:
    """Which COMMITs are interfered with: each one with this probability, at one of these moments."""

    def __init__(self, seed: int, moments, share: float):
        self.rnd, self.moments, self.share = random.Random(seed), moments, share
        self.commits, self.done = 0, Counter()

    def __call__(self):
        self.commits += 1
        if self.rnd.random() >= self.share:
            return None
        moment = self.rnd.choice(self.moments)
        self.done[moment] += 1
        return moment


@pytest.fixture
def through(case):
    """through(cuts, on_cut): the pipeline's database through a proxy."""
    proxies = []
    direct = case.pipeline.environment["DATABASE_URL"]
    url = urlsplit(direct)

    def connect(cuts, on_cut=None):
        proxy = PostgresProxy(url.hostname, url.port, cuts, on_cut).__enter__()
        proxies.append(proxy)
        place = f"{url.username}:{url.password}@127.0.0.1:{proxy.port}"
        case.pipeline.environment["DATABASE_URL"] = url._replace(netloc=place).geturl()
        return proxy

    yield connect
    case.pipeline.environment["DATABASE_URL"] = direct
    for proxy in proxies:
        proxy.__exit__()


@pytest.fixture
def append(case):
    """The result table has no key: nothing but the protocol keeps a row from being there twice."""
    case.database.execute("alter table commerce.attributed_checkouts drop constraint attributed_checkouts_pkey")
    case.pipeline.document["outputs"][0]["postgres"]["write"] = "append"
    del case.pipeline.document["outputs"][0]["postgres"]["primary_key"]
    case.pipeline.change("commit_interval", "20ms")


def shopping(count: int):
    """Clicks and checkouts of many users, each checkout with its click."""
    events = []
    for n in range(count):
        events += [click(n % 50, n, at=n * 0.5), checkout(n % 50, n, at=n * 0.5 + 0.1)]
    return events


def check_once_each(case, events):
    wanted = [e.fields["checkout_id"] for e in events if e.role == "checkouts"]
    rows = case.database.query("select checkout_id, click_id from commerce.attributed_checkouts")
    found = Counter(row[0] for row in rows)
    assert [name for name, count in found.items() if count > 1] == [], "written more than once"
    assert found.keys() == set(wanted)
    assert all(row[1] for row in rows), "a checkout has lost its click"
    ledger = case.ledger()
    assert ledger["conversion", "attributed"] == len(wanted)
    assert sum(count for (role, _), count in ledger.items() if role == "touch") == len(wanted)


@pytest.mark.parametrize("moments", [[BEFORE], [AFTER], [BEFORE, AFTER]], ids=["before", "after", "both"])
def test_the_answer_to_a_commit_is_lost(case, append, through, rnd, moments):
    events = shopping(1500)
    cuts = Cuts(rnd.random(), moments, share=0.5)
    through(cuts)
    with Stream(case, events, rate=600) as stream:
        process = case.start()
        eventually(lambda: sum(cuts.done.values()) >= 8 or not stream.thread.is_alive(), "8 cuts", 60)
    cuts.share = 0
    assert process.exit_code is None, process.log[-3000:]
    assert process.stop() == 0, process.log[-3000:]
    case.finish()
    assert all(cuts.done[moment] >= 2 for moment in moments), (cuts.commits, cuts.done)
    assert "commit_retry" in process.log
    assert "fenced" not in process.log, "its own commit was taken for another worker's"
    check_once_each(case, events)


@pytest.mark.parametrize("moments", [[BEFORE], [AFTER]], ids=["before", "after"])
def test_every_answer_is_lost(case, append, through, rnd, moments):
    """Not one COMMIT in a row is answered. Those that arrive count all the same; the others wait."""
    events = shopping(300)
    cuts = Cuts(rnd.random(), moments, share=1)
    through(cuts)
    case.send(*events)
    process = case.start()
    eventually(lambda: cuts.commits >= 4, "several attempts", 60)
    assert process.exit_code is None, process.log[-3000:]
    count = case.database.query("select count(*) from commerce.attributed_checkouts")[0][0]
    assert (count > 0) == (moments == [AFTER])
    cuts.share = 0
    process.kill()
    case.finish()
    check_once_each(case, events)


@pytest.mark.parametrize("moment", [BEFORE, AFTER], ids=["before", "after"])
def test_killed_at_a_commit(case, append, through, rnd, moment):
    """kill -9 in the place of the cut; the next process finds out what the last one did."""
    events = shopping(2000)
    running = []
    cuts = Cuts(rnd.random(), [moment], share=1)
    through(cuts, on_cut=lambda _: running[-1].process.kill())
    with Stream(case, events, rate=400) as stream:
        while cuts.done[moment] < 6 and stream.thread.is_alive():
            running.append(case.start())
            eventually(lambda: running[-1].exit_code is not None or not stream.thread.is_alive(), "a COMMIT")
            if stream.thread.is_alive():
                assert running[-1].exit_code == -9, running[-1].log[-3000:]
    cuts.share = 0
    assert cuts.done[moment] >= 3
    running[-1].kill()
    case.finish()
    check_once_each(case, events)
