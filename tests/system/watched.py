"""A running program, looked at over HTTP."""

import json
import re
import urllib.error
import urllib.request

from events import HOUR, checkout, click
from pipeline import eventually

SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Watched:
    """A process and where it listens."""

    def __init__(self, process):
        self.process = process
        found = eventually(lambda: re.search(r"event=listening address=(\S+)", process.log), "it listens")
        self.address = found[1]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self) -> dict[tuple, float]:
        """By name and the labels' values: ("tributary_lag_records", "clicks", "0")."""
        status, text = self.get("/metrics")
        assert status == 200
        samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.fullmatch(line).groups()
            series = (name, *(value for _, value in LABEL.findall(labels or "")))
            assert series not in samples, f"twice: {line}"
            samples[series] = float(value)
        return samples

    def status(self) -> dict:
        code, text = self.get("/status")
        assert code == 200
        return json.loads(text)

    def await_ready(self) -> None:
        eventually(lambda: self.get("/readyz")[0] == 200, "it is ready")


def watch(case, *arguments: str, **options) -> Watched:
    case.pipeline.change("telemetry.listen", "127.0.0.1:0")
    return Watched(case.pipeline.start(*arguments, **options))


def some_events(count: int = 60):
    for n in range(count):
        yield click(n % 7, "lamp", at=n)
        yield checkout(n % 7, "lamp", at=n + 0.5)
    yield click(1, key="1", datetime_occured="never")
    yield from (click(n, "end", at=3 * HOUR) for n in range(40))
