"""A pipeline file of a test's own, and the program run on it."""

import copy
import os
import signal
import subprocess
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("TRIBUTARY", "build/release/tributary")
FLAGSHIP = ROOT / "examples/checkouts/pipeline.yaml"


def eventually(condition, what: str, timeout: float = 30):
    """The condition's first true value; `what` says what did not happen when the time is over."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.05)


class Pipeline:
    """The flagship pipeline under another name, with its own topics. Change `document`, then run it."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]):
        self.name, self.folder, self.environment = name, folder, environment
        self.file = folder / "pipeline.yaml"
        self.document = yaml.safe_load(FLAGSHIP.read_text())
        self.document["pipeline"] = name
        self.topics = {role: f"{name}.{role}" for role in ("clicks", "checkouts")}
        for role, topic in self.topics.items():
            self.document["inputs"][role]["kafka"]["topic"] = topic
        self.dead_letters = f"{name}.dead-letters"
        self.document["dead_letters"]["topic"] = self.dead_letters
        self.document["commit_interval"] = "50ms"
        self.document["defaults"]["idle_timeout"] = 0
        # A member that was killed is forgotten in a second instead of ten.
        self.document["kafka"]["properties"] = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 300}
        self.processes: list[Process] = []

    def change(self, path: str, value) -> None:
        """change("attribute.window", "10m"); a value of None removes the setting."""
        *parents, last = path.split(".")
        at = self.document
        for name in parents:
            at = at.setdefault(name, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value

    def get(self, path: str, default=None):
        at = self.document
        for name in path.split("."):
            at = at.get(name) if isinstance(at, dict) else None
        return default if at is None else at

    def repartition(self, role: str) -> dict:
        """How an input is re-keyed; nothing for one that is not."""
        return self.get("defaults.repartition", {}) | self.get(f"inputs.{role}.repartition", {})

    @property
    def rekeyed(self) -> list[str]:
        return [role for role in self.topics if self.repartition(role)]

    def log_topic(self, role: str) -> str:
        """The topic that the join reads."""
        return f"{self.name}.{role}.rekeyed" if self.repartition(role) else self.topics[role]

    @property
    def output(self) -> dict:
        """The settings of its one output."""
        return self.document["outputs"][0]["postgres"]

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return [next(iter(c)) if isinstance(c, dict) else c for c in self.output["columns"]]

    def copy(self, name: str) -> "Pipeline":
        """The same file with another name, to run a variant beside it."""
        other = copy.copy(self)
        other.document = copy.deepcopy(self.document)
        other.file = self.folder / f"{name}.yaml"
        return other

    def write(self) -> Path:
        """At once: a process that was just started may be reading it."""
        new = self.file.with_suffix(".new")
        new.write_text(yaml.safe_dump(self.document, sort_keys=False))
        return new.replace(self.file)

    def start(self, *arguments: str, command: str = "run", fault: str = "") -> "Process":
        """Starts the program on the pipeline as it stands now; `fault` is for builds with points to kill it at."""
        environment = self.environment | ({"TRIBUTARY_FAULT": fault} if fault else {})
        process = Process([command, str(self.write()), *arguments], environment, self.folder, len(self.processes))
        self.processes.append(process)
        return process

    def run(self, *arguments: str, command: str = "run", timeout: float = 60) -> "Process":
        """Runs it to its end, whatever that is."""
        process = self.start(*arguments, command=command)
        process.wait(timeout)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()


class Process:
    """One run of the program. Its standard error goes to a file, which `log` reads."""

    def __init__(self, arguments: list[str], environment: dict[str, str], folder: Path, number: int = 0):
        self.log_file = folder / f"{number}-{arguments[0]}.log"
        self.output_file = folder / f"{number}-{arguments[0]}.out"
        with open(self.log_file, "wb") as log, open(self.output_file, "wb") as output:
            self.process = subprocess.Popen(
                [PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env={**os.environ, **environment},
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def output(self) -> str:
        return self.output_file.read_text(errors="replace")

    @property
    def exit_code(self) -> int | None:
        return self.process.poll()

    def wait(self, timeout: float = 30) -> int:
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            # An abort instead of a kill: where the program is built with sanitizers it says where it hangs.
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(10)
            raise AssertionError(f"the program did not end within {timeout} s; its log ends:\n{self.log[-3000:]}")

    def stop(self, timeout: float = 20) -> int:
        """SIGTERM, as an orchestrator sends it."""
        self.process.terminate()
        return self.wait(timeout)

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill_after(self, seconds: float) -> None:
        """SIGKILL at that moment; it must still have been running."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        assert self.exit_code == -signal.SIGKILL, f"it had ended by itself:\n{self.log[-3000:]}"

    def summary(self) -> list[dict[str, str]]:
        """The lines `summary input=clicks partition=0 records=100 touch_kept=98 …` that the log ends with."""
        lines = [line.split()[1:] for line in self.log.splitlines() if line.startswith("summary ")]
        return [dict(word.split("=", 1) for word in words) for words in lines]
