"""What bench/guard says; run by it."""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from calls import Calls

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "bench/guard.txt"
BUILD = ROOT / "build/release"
MICRO, LIBRARY = BUILD / "bench/micro", BUILD / "tests/calls/libcalls.so"

# The difference of two runs of an operation is what it costs once everything is warm. It has a multiple of all the
# cycles there are: a block of 5,000 touches, an hour of 20,000, a commit of 1,000 events.
OPERATIONS = (10_000, 30_000)
TOLERANCE = 0.03
LEAST = {"instructions": 1.0, "allocations": 0.0005}  # a smaller difference is none
# The C library copies and compares with what the processor has; valgrind shows all processors with AVX2 as the same
# one, others not. Without these all take the same way. (libzstd asks by itself whether there is BMI2.)
WITHOUT = ("AVX2", "AVX", "AVX_Fast_Unaligned_Load", "ERMS", "SSSE3")
PLAIN = "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in WITHOUT)
MEMORY_ONLY = re.compile(r"\.resident$")  # another benchmark's operation, for the memory it takes


@dataclass
class Cost:
    """Of one operation."""

    instructions: float
    allocations: float


# --- counting -------------------------------------------------------------------------------------------------------


def micro(*arguments: str, under: tuple[str, ...] = (), environment: dict[str, str] | None = None) -> str:
    """What it prints. Nothing of the caller's environment is passed on that could change what it does."""
    fixed = {"PATH": os.environ["PATH"], "GLIBC_TUNABLES": PLAIN, "LD_BIND_NOW": "1"}
    environment = {**fixed, **(environment or {})}
    process = subprocess.run([*under, MICRO, *arguments], capture_output=True, text=True, env=environment)
    if process.returncode:
        sys.exit(f"guard: {' '.join(map(str, process.args))}: exit code {process.returncode}\n{process.stderr}")
    return process.stdout


def benchmarks(words: list[str]) -> list[str]:
    names = [name for name in micro("--list").split() if not MEMORY_ONLY.search(name)]
    chosen = [name for name in names if not words or any(word in name for word in words)]
    return chosen or sys.exit("guard: no benchmark has such a name\nhint: build/release/bench/micro --list")


def each(counts: list[int]) -> float:
    return (counts[1] - counts[0]) / (OPERATIONS[1] - OPERATIONS[0])


def count_instructions(names: list[str], folder: Path) -> list[float]:
    """All in one run of callgrind, which leaves a file each time micro_counted returns."""
    out = folder / "callgrind"
    callgrind = ("valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    marks = ("--zero-before=micro_counted", "--dump-after=micro_counted")
    runs = [word for name in names for operations in OPERATIONS for word in (name, str(operations))]
    micro("--count", *runs, under=callgrind + marks)
    totals = [total_of(Path(f"{out}.{number + 1}")) for number in range(len(names) * 2)]
    return [each(totals[i : i + 2]) for i in range(0, len(totals), 2)]


def total_of(file: Path) -> int:
    return int(re.search(r"^totals: (\d+)$", file.read_text(), re.MULTILINE)[1])


def count_allocations(name: str, folder: Path) -> float:
    file, counts = folder / "calls", []
    for operations in OPERATIONS:
        micro("--count", name, str(operations), environment=Calls.environment(LIBRARY, file))
        calls = Calls.read(file)
        counts.append(calls.ours["allocations"] + calls.others["allocations"])
    return each(counts)


def count(names: list[str]) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory(prefix="tributary-guard.") as folder:
        instructions = count_instructions(names, Path(folder))
        allocations = [count_allocations(name, Path(folder)) for name in names]
    return {name: Cost(*costs) for name, *costs in zip(names, instructions, allocations)}


# --- what is recorded -----------------------------------------------------------------------------------------------


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def toolchain() -> str:
    """What the counts depend on beside the sources."""
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
    name = "clang" if "clang" in output_of(compiler, "--version") else "gcc"
    version = output_of(compiler, "-dumpfullversion" if name == "gcc" else "-dumpversion")
    libraries = [
        f"{library} {output_of('pkg-config', '--modversion', library)}" for library in ("libzstd", "libxxhash")
    ]
    return ", ".join([platform.machine(), f"{name} {version}", os.confstr("CS_GNU_LIBC_VERSION"), *libraries])


def read_recorded() -> tuple[str, dict[str, Cost]]:
    """With which toolchain, and what."""
    if not RECORDED.exists():
        return "", {}
    made_with, costs = "", {}
    for line in RECORDED.read_text().splitlines():
        if line.startswith("# with "):
            made_with = line.removeprefix("# with ")
        elif line and not line.startswith("#"):
            name, instructions, allocations = line.split()
            costs[name] = Cost(float(instructions), float(allocations))
    return made_with, costs


def record(costs: dict[str, Cost]) -> None:
    lines = [
        "# What one operation of each micro-benchmark costs: written by bench/guard --record",
        f"# with {toolchain()}",
        f"# {'name':30}{'instructions':>14}{'allocations':>14}",
    ]
    lines += [f"{name:32}{cost.instructions:14.1f}{cost.allocations:14.4f}" for name, cost in costs.items()]
    RECORDED.write_text("\n".join(lines) + "\n")
    print(f"recorded in {RECORDED.relative_to(ROOT)}")


# --- judging --------------------------------------------------------------------------------------------------------


def change(was: Cost, now: Cost, what: str) -> int:
    """1: grown by more than the tolerance, -1: shrunk, 0: neither."""
    old, new = getattr(was, what), getattr(now, what)
    if abs(new - old) <= max(old * TOLERANCE, LEAST[what]):
        return 0
    return 1 if new > old else -1


def percentage(was: Cost, now: Cost) -> str:
    return f"{(now.instructions / was.instructions - 1) * 100:+.1f} %" if was.instructions else ""


def show(recorded: dict[str, Cost], counted: dict[str, Cost]) -> None:
    print(f"{'an operation':26}{'instructions':>14}{'were':>12}{'difference':>12}{'allocations':>14}{'were':>10}")
    for name, now in counted.items():
        was = recorded.get(name)
        old = (f"{was.instructions:.1f}", percentage(was, now)) if was else ("-", "")
        allocations = f"{was.allocations:.4f}" if was else "-"
        print(f"{name:26}{now.instructions:14.1f}{old[0]:>12}{old[1]:>12}{now.allocations:14.4f}{allocations:>10}")


def judge(recorded: dict[str, Cost], counted: dict[str, Cost], measures: list[str]) -> int:
    grown, shrunk, new = [], [], [name for name in counted if name not in recorded]
    for name, now in counted.items():
        for what in measures if name in recorded else []:
            old, value = getattr(recorded[name], what), getattr(now, what)
            said = f"{name}: {value:.5g} {what} an operation instead of {old:.5g}"
            {1: grown, 0: [], -1: shrunk}[change(recorded[name], now, what)].append(said)
    for said in shrunk:
        print(f"less: {said}")
    for said in grown:
        print(f"MORE: {said}")
    for name in new:
        print(f"not recorded: {name}")
    if shrunk or grown or new:
        print("hint: if the change is worth that, or makes it faster: bench/guard --record, and commit bench/guard.txt")
    return 1 if grown or new else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    made_with, recorded = read_recorded()
    counted = count(benchmarks(options.words))
    show(recorded, counted)
    if options.record:
        record(recorded | counted if options.words else counted)
        return 0
    measures = ["instructions", "allocations"]
    if made_with != toolchain():
        print(f"recorded with {made_with or 'nothing'}, this is {toolchain()}: instructions cannot be compared")
        if os.environ.get("CI") == "true":
            print("hint: bench/guard --record, and commit bench/guard.txt\nguard: failed")
            return 1
        measures.remove("instructions")
    code = judge(recorded, counted, measures)
    print("guard: failed" if code else "guard: passed")
    return code


if __name__ == "__main__":
    sys.exit(main())
