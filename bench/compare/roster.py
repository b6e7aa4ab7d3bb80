"""Who takes part."""

import sys

from . import limit, tributary
from .contender import Contender
from .flink import Flink
from .kafka_streams import KafkaStreams
from .pathway import Pathway

OWN = [limit.discarding, limit.parsing, tributary.ONE, tributary.TWO]
WRITING = "writing rows"  # as --only knows it


def everybody() -> list[Contender]:
    return [*OWN, Flink(), KafkaStreams(), Pathway()]


def names() -> list[str]:
    return [*(contender.name for contender in everybody()), WRITING]


def choose(only: str | None) -> tuple[list[Contender], bool]:
    """Those that --only names, and whether writing is among them."""
    if not only:
        return everybody(), True
    words = [word.strip().lower() for word in only.split(",")]
    for word in words:
        if not any(word in name.lower() for name in names()):
            sys.exit(f'bench/run: nothing is called "{word}"\nhint: bench/run --list')
    chosen = [c for c in everybody() if any(word in c.name.lower() for word in words)]
    return chosen, any(word in WRITING for word in words)
