"""Flink: the job in SQL, on a cluster inside one process."""

from pathlib import Path

from . import artifacts
from .contender import Contender, Setting

FOLDER = Path(__file__).resolve().parent / "flink"
POM = FOLDER / "pom.xml"
HEAP = "4g"
OPENED = ["java.base/java.util", "java.base/java.lang"]  # to the serializers, which look inside the JDK's collections


class Flink(Contender):
    name = f"Flink {artifacts.version(POM)}"

    def prepare(self) -> None:
        artifacts.install_tools()
        self._classes()

    def _classes(self) -> str:
        """The class path; made first where it is not there."""
        jars = artifacts.jars("flink", POM)
        compiled = artifacts.classes("flink", FOLDER / "src/main/java", jars)
        return f"{compiled}:{FOLDER / 'src/main/resources'}:{jars}/*"

    def command(self, setting: Setting) -> tuple[list[str], dict[str, str]]:
        opened = [f"--add-opens={package}=ALL-UNNAMED" for package in OPENED]
        logging = f"-Dlog4j.configuration=file:{FOLDER / 'log4j.properties'}"
        line = ["java", f"-Xmx{HEAP}", *opened, logging, "-cp", self._classes(), "attribution.Job"]
        return line, artifacts.environment(setting)

    def settings(self) -> list[str]:
        return [
            "SQL: an interval join, ranked by click time for each checkout; users by a lookup join with a cache.",
            f"A cluster inside one process, parallelism 2, a heap of at most {HEAP}.",
            "State on the heap, checkpoints on to the file system every ten seconds.",
            "Postgres by batched upserts, of a second or 1,000 rows at most: at least once, the same rows in the end.",
            "The rank's state is never forgotten (no `table.exec.state.ttl`).",
        ]
