"""The tools that scripts/install-deps deploy has put into the cache, and how to run them."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("TRIBUTARY", "build/release/tributary")
CI = os.environ.get("CI") == "true"
KUBERNETES = "1.35.0"  # what the control plane here is of, but for the patch
OLDEST_KUBERNETES = "1.29.0"  # what Chart.yaml asks for


class Missing(Exception):
    """A tool is not there; the text says how it comes."""


def _folder() -> Path:
    found = subprocess.run(
        ["bash", "-euc", '. scripts/lib/say.sh; . scripts/lib/cache.sh; . scripts/lib/deploy.sh; deploy_tools'],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    return Path(found.stdout.strip())


FOLDER = _folder()


def tool(name: str) -> str:
    """The path of one of the tools."""
    path = FOLDER / name
    if path.exists():
        return str(path)
    found = shutil.which(name) if name in ("etcd", "promtool", "openssl", "curl") else None
    if not found:
        raise Missing(f"there is no {name}; scripts/install-deps deploy installs it")
    return found


def run(*command, check: bool = True, **options) -> subprocess.CompletedProcess:
    """A command with its output taken; what it said is in the failure."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **{"timeout": 200, **options})
    if check:
        assert done.returncode == 0, f"{' '.join(map(str, command))[:300]}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def helm(*arguments, **options) -> subprocess.CompletedProcess:
    return run(tool("helm"), *arguments, **options)
