"""What a program asks for: allocations and locks, its own apart from those of its libraries (tests/calls)."""

import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Calls:
    ours: Counter = field(default_factory=Counter)  # by kind: "allocations", "locks"
    others: Counter = field(default_factory=Counter)
    sites: Counter = field(default_factory=Counter)  # ours, by kind and addresses in the program

    @staticmethod
    def environment(library: Path, file: Path) -> dict[str, str]:
        """Under which a program leaves its counts in `file`."""
        return {"LD_PRELOAD": str(library), "TRIBUTARY_CALLS": str(file)}

    @staticmethod
    def read(file: Path) -> "Calls":
        calls = Calls()
        for line in file.read_text().splitlines():
            kind, what, count, *addresses = line.split()
            if what == "at":
                calls.sites[kind, tuple(addresses)] += int(count)
            else:
                (calls.ours if what == "ours" else calls.others)[kind] += int(count)
        return calls

    def __sub__(self, fewer: "Calls") -> "Calls":
        return Calls(self.ours - fewer.ours, self.others - fewer.others, self.sites - fewer.sites)

    def busiest(self, program: Path, kind: str, count: int = 12) -> str:
        """Where most of ours come from: functions with file and line, the innermost first."""
        sites = Counter({addresses: calls for (of, addresses), calls in self.sites.items() if of == kind})
        lines = []
        for addresses, calls in sites.most_common(count):
            lines.append(f"{calls} {kind}")
            lines += [f"    {place}" for place in places(program, addresses)]
        return "\n".join(lines)


def places(program: Path, addresses: tuple[str, ...]) -> list[str]:
    """ "buffer_reserve at sidecar/base/buffer.c:20", inlined functions too."""
    command = ["addr2line", "-i", "-p", "-f", "-s", "-e", str(program), *addresses]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
