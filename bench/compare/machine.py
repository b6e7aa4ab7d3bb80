"""Where it was measured, and with which versions."""

import os
import platform
import re
import subprocess
from pathlib import Path

from pipeline import PROGRAM, ROOT
from .shop import POSTGRES, Shop


def describe() -> dict[str, str]:
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    return {
        "processor": _first(r"model name\s*:\s*(.+)", "/proc/cpuinfo") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory / 2**20:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "system": (_first(r'PRETTY_NAME="(.+)"', "/etc/os-release") or platform.system()),
    }


def _first(pattern: str, file: str) -> str | None:
    try:
        found = re.search(pattern, Path(file).read_text())
    except OSError:
        return None
    return found[1].strip() if found else None


def versions(shop: Shop) -> dict[str, str]:
    with shop.connect() as admin:
        postgres = admin.execute("show server_version").fetchone()[0]
    return {
        "Tributary": _output(str(PROGRAM), "version"),
        "revision": _output("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "Kafka": _first(r"<kafka.version>(.+)</kafka.version>", str(ROOT / "tests/kafka/pom.xml")) or "?",
        "PostgreSQL": postgres.split()[0],
        "PostgreSQL settings": ", ".join(f"{name}={value}" for name, value in POSTGRES.items()),
    }


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return ", ".join(done.stdout.splitlines()) or "?"
