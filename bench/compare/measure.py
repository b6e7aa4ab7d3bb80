"""Processes and what they take: time, processor time, memory, looked at in /proc."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
HIGH_WATER = "VmHWM:"


@dataclass(frozen=True)
class Stat:
    """One process as it is now."""

    parent: int
    session: int
    own: float  # seconds of processor time
    waited: float  # likewise, of those of its children that it has waited for

    @property
    def cpu(self) -> float:
        return self.own + self.waited


def scan() -> dict[int, Stat]:
    """Every process of the machine."""
    return {pid: stat for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if (stat := _stat(pid))}


def scan_around(roots: list[int]) -> dict[int, Stat]:
    """The same, at a moment when none of the roots was just waiting for a child: it would be counted twice or not at
    all."""
    for _ in range(20):
        before = _waited(roots)
        processes = scan()
        if _waited(roots) == before:
            break
    return processes


def _waited(roots: list[int]) -> list[float]:
    return [stat.waited for root in roots if (stat := _stat(root))]


def _stat(pid: int) -> Stat | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    own, waited = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return Stat(int(fields[1]), int(fields[3]), own / TICKS, waited / TICKS)


def family(processes: dict[int, Stat], root: int) -> list[int]:
    """The root, its descendants, and what its session has left behind."""
    found = {pid for pid, stat in processes.items() if pid == root or stat.session == root}
    while more := {pid for pid, stat in processes.items() if stat.parent in found} - found:
        found |= more
    return list(found)


def cpu_of(processes: dict[int, Stat], root: int) -> float:
    return sum(processes[pid].cpu for pid in family(processes, root))


def memory_of(processes: dict[int, Stat], root: int) -> int:
    """Bytes: the greatest resident size that each of them had so far, added up."""
    return sum(map(_high_water, family(processes, root)))


def _high_water(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(HIGH_WATER):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def busy() -> float:
    """Seconds that the machine's processors have worked, for whomever."""
    fields = [int(word) / TICKS for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return sum(fields[:3]) + sum(fields[5:8])


class Running:
    """A process in a session of its own; a thread waits for it, so that its end is known to the millisecond."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path):
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.since = time.time()
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=inherited | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid, self.ended = self.process.pid, threading.Event()
        self.seconds = self.cpu = 0.0  # in all, once it has ended
        self._waiter = threading.Thread(target=self._wait)
        self._waiter.start()

    def _wait(self) -> None:
        _, status, usage = os.wait4(self.pid, 0)
        self.seconds = time.time() - self.since
        self.cpu = usage.ru_utime + usage.ru_stime
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.ended.set()

    @property
    def exit_code(self) -> int | None:
        return self.process.returncode

    def stop(self, seconds: float = 30) -> None:
        """SIGTERM; then SIGKILL to all that is left of it."""
        if not self.ended.is_set():
            self.process.send_signal(signal.SIGTERM)
            self.ended.wait(seconds)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._waiter.join()


@dataclass(frozen=True)
class Sample:
    at: float  # seconds since the process was started
    cpu: float
    postgres: float
    broker: float
    own: float  # of this program that looks on
    busy: float

    def minus(self, start: "Sample") -> "Sample":
        return Sample(*(after - before for after, before in zip(self._all(), start._all())))

    def _all(self) -> tuple[float, ...]:
        return self.at, self.cpu, self.postgres, self.broker, self.own, self.busy

    @property
    def others(self) -> float:
        """Processor seconds of programs that have nothing to do with it."""
        return max(0.0, self.busy - self.cpu - self.postgres - self.broker - self.own)


class Sampler:
    """Samples of a process and its servers, kept with the time they were taken."""

    def __init__(self, postgres: int, broker: int):
        self.postgres, self.broker = postgres, broker
        self.samples: list[Sample] = []
        self.memory = 0

    def take(self, at: float, root: int | None = None) -> None:
        processes = scan_around([self.postgres, self.broker, *([root] if root else [])])
        cpu = cpu_of(processes, root) if root else 0.0
        servers = cpu_of(processes, self.postgres), cpu_of(processes, self.broker)
        self.samples.append(Sample(at, cpu, *servers, sum(os.times()[:2]), busy()))
        if root:
            self.memory = max(self.memory, memory_of(processes, root))

    def until(self, at: float) -> Sample:
        """What had been used at that moment: between two samples a share of the difference."""
        start = self.samples[0]
        for before, after in zip(self.samples, self.samples[1:]):
            if after.at >= at:
                share = (at - before.at) / (after.at - before.at) if after.at > before.at else 0.0
                return _between(before, after, share).minus(start)
        return self.samples[-1].minus(start)


def _between(before: Sample, after: Sample, share: float) -> Sample:
    return Sample(*(b + share * (a - b) for b, a in zip(before._all(), after._all())))
