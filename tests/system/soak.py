"""python soak.py N [--from SEED] [--jobs J]: plays N schedules of faults, several at a time, each with a seed of its
own and on servers of its own. Prints for each what was done to it and what is in the table; ends with the sum. The exit
code is 1 when a row is lost, doubled or wrong, or anything else is not as it must be.

Needs a build with fault points (scripts/build faults) to interrupt the program between two steps; TRIBUTARY names the
program. scripts/test --faults N does all of it. Every eighth schedule runs against a cluster of three brokers; in every
third one, or with --rekeyed in all, the producers send no key."""

import argparse
import queue
import random
import sys
import threading

from lane import Lane
from sanitizers import Sanitizers
from schedule import Plan, Report, run
from stage import has_fault_points

CLUSTER_SHARE, REKEYED_SHARE = 8, 3


def work(seeds: queue.Queue, brokers: int, reports: list[Report], lock: threading.Lock) -> None:
    """One lane, for as long as there are seeds."""
    if seeds.empty():
        return
    lane = Lane(brokers)
    try:
        while True:
            seed, rekeyed = seeds.get_nowait()
            report = run(Plan(seed, lane, rekeyed=rekeyed))
            with lock:
                reports.append(report)
                print(report, flush=True)
    except queue.Empty:
        pass
    finally:
        lane.stop()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("schedules", type=int)
    parser.add_argument("--from", dest="first", type=int, default=random.randrange(10**6), help="the first seed")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--rekeyed", action="store_true", help="producers without keys in all of them")
    options = parser.parse_args()
    if not has_fault_points():
        print("this build has no fault points: the program is killed only from outside")
    sanitizers = Sanitizers()
    single, cluster = queue.Queue(), queue.Queue()
    for n in range(options.schedules):
        seeds = cluster if n % CLUSTER_SHARE == CLUSTER_SHARE - 1 else single
        seeds.put((options.first + n, options.rekeyed or n % REKEYED_SHARE == REKEYED_SHARE - 1))
    reports, lock = [], threading.Lock()
    lanes = [(single, 1)] * options.jobs + [(cluster, 3)]
    threads = [threading.Thread(target=work, args=(*lane, reports, lock)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = sanitizers.take_reports()
    print("\n".join(said), end="")
    return conclude(reports, options) or int(bool(said))


def conclude(reports: list[Report], options) -> int:
    failed = [report for report in reports if report.failure]
    rows, lost, doubled, wrong = (
        sum(getattr(report.tally, name) for report in reports) for name in ("rows", "lost", "doubled", "wrong")
    )
    print(
        f"{len(reports)} schedules (seeds {options.first}…{options.first + options.schedules - 1}), {rows} rows, "
        f"{lost} lost, {doubled} doubled, {wrong} wrong; {len(failed)} failed"
        + (": " + " ".join(str(report.seed) for report in failed) if failed else "")
    )
    return 1 if failed or len(reports) < options.schedules else 0


if __name__ == "__main__":
    sys.exit(main())
