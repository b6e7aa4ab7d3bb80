"""Events sent in the background while the program runs, and how far the program has come."""

import threading

from pipeline import eventually


class Stream:
    """with Stream(case, events): …   sends them at a rate, a few at a time; all are sent when the block is left."""

    def __init__(self, case, events, rate: int = 800, pause: float = 0.05):
        self.case, self.events, self.rate, self.pause = case, events, rate, pause
        self.sent, self.failure = 0, None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        producer = self.case.kafka.new_producer()
        pause, step = threading.Event(), max(1, int(self.rate * self.pause))
        try:
            while self.sent < len(self.events):
                self.case.kafka.send(self.case.topics, self.events[self.sent : self.sent + step], producer)
                self.sent += step
                pause.wait(self.pause)
        except Exception as failure:  # for the test's own thread to show
            self.failure = failure

    def __enter__(self) -> "Stream":
        self.thread.start()
        return self

    def __exit__(self, already_failed, *_) -> None:
        if already_failed:
            self.end_here()
        self.thread.join(150)
        if already_failed:
            return
        assert self.failure is None, self.failure
        assert self.sent >= len(self.events), "the events could not be sent in time"

    def end_here(self) -> None:
        """What has not been sent yet never will be."""
        self.events = self.events[: self.sent]

    def await_progress(self, timeout: float = 30) -> None:
        """Waits for a commit, as long as there is something to commit."""
        before = passed(self.case)
        what = f"a commit beyond {before} records"
        eventually(lambda: passed(self.case) > before or not self.thread.is_alive(), what, timeout)


def passed(case) -> int:
    """How many records the committed offsets have passed."""
    if not case.database.exists("tributary.progress"):
        return 0
    return sum(row["touch_offset"] + row["conversion_offset"] for row in case.database.progress())


def await_progress(case, beyond: int) -> None:
    eventually(lambda: passed(case) > beyond, f"a commit beyond {beyond} records")
