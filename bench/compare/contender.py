"""What bench/run needs to know of something that it measures.

A module of this folder offers its contenders as objects at its top level, or in a list there; a class without an object
is made one. The driver prepares each of them, then for each run of each: a fresh database and folder, command(),
the process, SIGTERM once the table has been quiet for a while.

The job of all: read the topics `clicks` and `checkouts` of a Setting from their beginning, find for each checkout the
earliest click of the same user on the same product in the hour before, both ends included, add the user's name from
commerce.users, and write the row into commerce.attributed_checkouts. Fields, columns and key are those of
examples/checkouts. Behind the events each partition has one more click and one more checkout, two hours later, so that
engines which wait for event time come to their end: their product_id is "sentinel", their ids begin with "sentinel-".
What becomes of these is not looked at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable


@dataclass(frozen=True)
class Database:
    """Trusts whoever connects."""

    host: str
    port: int
    user: str
    name: str

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.name}"

    @property
    def jdbc(self) -> str:
        return f"jdbc:postgresql://{self.host}:{self.port}/{self.name}?user={self.user}"


@dataclass(frozen=True)
class Setting:
    """Of one run."""

    brokers: str  # host:port
    clicks: str  # topics of four partitions; records are keyed by the text of user_id
    checkouts: str
    database: Database
    folder: Path  # scratch, empty; what the process prints is in the file "log" there
    name: str  # unique; for consumer groups and application ids


class Contender:
    name: str  # as the table shows it, with its version
    kind = "engine"  # or "tributary", or "limit": what it is compared as
    writes_rows = True  # otherwise it only reads, and ends by itself
    keeps_unknown_users = True  # otherwise rows of users without a name are not expected

    def prepare(self) -> None:
        """Installs and compiles what it needs; not measured."""

    def command(self, setting: Setting) -> tuple[list[str], dict[str, str]]:
        """The arguments of a process that runs until it gets SIGTERM, and variables to add to its environment. What has
        to be there before it starts is made here; not measured."""
        raise NotImplementedError

    def settings(self) -> list[str]:
        """Sentences for the document: the settings it runs with, and why they are fair."""
        return []

    def observe(self, setting: Setting) -> Callable[[], dict[str, float]] | None:
        """Called in a thread of its own once the process runs; what it returns is asked for figures of the contender's
        own twice a second."""
        return None
