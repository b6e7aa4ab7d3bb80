"""Pathway: the job in Python, run by its engine in Rust."""

import re
from pathlib import Path

from . import artifacts
from .contender import Contender, Setting

FOLDER = Path(__file__).resolve().parent / "pathway"
REQUIREMENTS = FOLDER / "requirements.txt"


class Pathway(Contender):
    name = "Pathway " + re.search(r"^pathway==(.*)$", REQUIREMENTS.read_text(), re.M)[1]

    def prepare(self) -> None:
        artifacts.install_tools()
        self._python()

    def _python(self) -> Path:
        return artifacts.python("pathway", REQUIREMENTS)

    def command(self, setting: Setting) -> tuple[list[str], dict[str, str]]:
        # -I: with none of the modules of whoever starts it, some of which have the names of packages
        line = [str(self._python()), "-I", str(FOLDER / "job.py")]
        return line, {**artifacts.environment(setting), "PATHWAY_THREADS": "2"}

    def settings(self) -> list[str]:
        return [
            "An interval join, the minimum by checkout and a left join; users by a function that keeps their names.",
            "Two threads. State is neither stored, so that a crash makes it read everything again, nor bounded: "
            "bounded to the hour it loses matches where one topic is read ahead of the other.",
            "`total_amount` is made `double precision` for it, since it writes no `numeric`. Of clicks in the same "
            "millisecond it takes the one with the least id.",
        ]
