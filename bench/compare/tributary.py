"""Tributary as users run it: the example's file, another name and other topics in it."""

import re
import subprocess
from typing import Callable

import yaml

from .contender import Contender, Setting
from pipeline import FLAGSHIP, PROGRAM
from watched import Watched

SHOWN = {
    "clicks_held": "tributary_touches_held",
    "clicks_held_bytes": "tributary_touches_held_bytes",
    "commit_seconds": "tributary_commit_duration_seconds_sum",
    "commits": "tributary_commits_total",
    "rows_written": "tributary_rows_written_total",
    "dead_letters": "tributary_dead_letters_total",
}


class Log:
    """What Watched needs of a process."""

    def __init__(self, file):
        self.file = file

    @property
    def log(self) -> str:
        return self.file.read_text(errors="replace")


def version() -> str:
    said = subprocess.run([PROGRAM, "version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"\d+\.\d+\.\d+", said)[0]


class Tributary(Contender):
    kind = "tributary"

    def __init__(self, workers: int):
        self.workers = workers
        self.name = f"Tributary {version()}, {workers} worker{'s' if workers > 1 else ''}"

    def command(self, setting: Setting) -> tuple[list[str], dict[str, str]]:
        file = setting.folder / "pipeline.yaml"
        file.write_text(yaml.safe_dump(self._document(setting), sort_keys=False))
        environment = {"KAFKA_BROKERS": setting.brokers, "DATABASE_URL": setting.database.url}
        done = subprocess.run([PROGRAM, "init", file], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return [str(PROGRAM), "run", str(file), "--workers", str(self.workers)], environment

    def _document(self, setting: Setting) -> dict:
        document = yaml.safe_load(FLAGSHIP.read_text())
        document["pipeline"] = setting.name
        document["inputs"]["clicks"]["kafka"]["topic"] = setting.clicks
        document["inputs"]["checkouts"]["kafka"]["topic"] = setting.checkouts
        document["dead_letters"]["topic"] = f"{setting.name}.dead-letters"
        document["telemetry"] = {"listen": "127.0.0.1:0"}
        return document

    def settings(self) -> list[str]:
        return ["`examples/checkouts/pipeline.yaml` with every default; state in its changelog topic, exactly once."]

    def observe(self, setting: Setting) -> Callable[[], dict[str, float]]:
        watched = Watched(Log(setting.folder / "log"))

        def look() -> dict[str, float]:
            metrics = watched.metrics()
            return {
                name: sum(value for series, value in metrics.items() if series[0] == metric)
                for name, metric in SHOWN.items()
            }

        return look


ONE = Tributary(1)
TWO = Tributary(2)
