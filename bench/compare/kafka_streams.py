"""Kafka Streams: the job as a processor with two stores."""

from pathlib import Path

from . import artifacts
from .contender import Contender, Setting

FOLDER = Path(__file__).resolve().parent / "kafka-streams"
POM = FOLDER / "pom.xml"
HEAP = "1g"


class KafkaStreams(Contender):
    name = f"Kafka Streams {artifacts.version(POM)}"

    def prepare(self) -> None:
        artifacts.install_tools()
        self._classes()

    def _classes(self) -> str:
        """The class path; made first where it is not there."""
        jars = artifacts.jars("kafka-streams", POM)
        compiled = artifacts.classes("kafka-streams", FOLDER / "src/main/java", jars)
        return f"{compiled}:{jars}/*"

    def command(self, setting: Setting) -> tuple[list[str], dict[str, str]]:
        logging = f"-Dlog4j.configuration=file:{FOLDER / 'log4j.properties'}"
        line = ["java", f"-Xmx{HEAP}", logging, "-cp", self._classes(), "attribution.Application"]
        return line, artifacts.environment(setting)

    def settings(self) -> list[str]:
        return [
            "A processor with two stores: clicks by user, product and time; checkouts by time, until the watermark of "
            "both topics has passed them.",
            f"Two threads, RocksDB stores with changelog topics, a heap of at most {HEAP} and RocksDB's memory.",
            "`processing.guarantee` is `at_least_once`, with a commit every ten seconds. Rows go to Postgres by "
            "batched upserts, committed before the offsets, so that they are the same in the end.",
            "Users are loaded at the start, later ones looked up.",
        ]
