"""The limit: what a librdkafka consumer in C takes for the same events, doing nothing else. See consumer.c."""

import json

from .contender import Contender, Setting
from pipeline import PROGRAM

CONSUMER = PROGRAM.parent / "bench/consumer"


class Consumer(Contender):
    kind = "limit"
    writes_rows = False

    def __init__(self, name: str, *options: str):
        self.name, self.options = name, options

    def command(self, setting: Setting) -> tuple[list[str], dict[str, str]]:
        return [str(CONSUMER), *self.options, setting.brokers, setting.clicks, setting.checkouts], {}

    def read(self, setting: Setting) -> int:
        """How many records it found in all, sentinels included."""
        return json.loads((setting.folder / "log").read_text())["records"]


discarding = Consumer("consumer, discarding")
parsing = Consumer("consumer, parsing", "--parse")
