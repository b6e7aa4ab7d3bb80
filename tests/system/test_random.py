"""Large random histories through everything at once: disorder, duplicates, malformed records, several processes, kills.
TRIBUTARY_SEED repeats one."""

from history import history
from stream import Stream


def test_a_random_history_at_once(case, rnd):
    case.pipeline.change("batch_rows", rnd.choice([7, 100, 10_000]))
    case.pipeline.change("attribute.window", rnd.choice(["30s", "10m", "1h"]))
    case.pipeline.change("attribute.allowed_lateness", rnd.choice(["0s", "20s"]))
    case.pipeline.change("attribute.max_drift", rnd.choice(["1m", "1h"]))
    case.send(*history(rnd, 12_000, span=rnd.choice([600, 10_000])))
    case.settle("--workers", str(rnd.choice([1, 2, 4])), duplicates=True)


def test_a_random_history_through_kills(case, rnd):
    """Kills, polite ends, and changing numbers of processes, while events arrive and idleness decides."""
    case.pipeline.change("defaults.idle_timeout", rnd.choice(["200ms", "1s"]))
    case.pipeline.change("attribute.window", rnd.choice(["30s", "10m", "1h"]))
    case.pipeline.change("batch_rows", rnd.choice([7, 50, 10_000]))
    running = []
    with Stream(case, history(rnd, 12_000), rate=800) as stream:
        while stream.thread.is_alive():
            if len(running) < 2:
                running.append(case.start("--workers", str(rnd.choice([1, 2]))))
            victim = rnd.choice(running)
            stream.await_progress()
            if rnd.random() < 0.7:
                victim.kill_after(rnd.uniform(0, 0.5))
                running.remove(victim)
            elif rnd.random() < 0.5:
                assert victim.stop() == 0
                running.remove(victim)
    for process in running:
        assert process.stop() == 0
    case.settle(duplicates=True)
