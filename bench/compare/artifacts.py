"""What the rivals run on, fetched once with pinned versions into the cache, and their classes, in the build tree."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from .contender import Setting

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tributary"
BUILD = ROOT / "build/bench"


def install_tools() -> None:
    """Java's compiler, Maven and Python's venv."""
    subprocess.run([ROOT / "scripts/install-deps", "bench"], check=True)


def version(pom: Path) -> str:
    return re.search(r"<peer\.version>(.*)</peer\.version>", pom.read_text())[1]


def jars(name: str, pom: Path) -> Path:
    """The folder with all that the file names and what that needs."""

    def fetch(folder: Path) -> None:
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        _run(name, "mvn", "-q", "-B", "-Dstyle.color=never", "-f", pom, *goal)

    return _fetched(f"{name}-{version(pom)}", pom.read_text(), fetch)


def python(name: str, requirements: Path) -> Path:
    """The interpreter of an environment that has the packages."""

    def fetch(folder: Path) -> None:
        _run(name, sys.executable, "-m", "venv", folder)
        options = ["-q", "--disable-pip-version-check", "--only-binary", ":all:"]
        _run(name, folder / "bin/python", "-m", "pip", "install", *options, "-r", requirements)

    return _fetched(f"{name}-venv", f"Python {sys.version}\n{requirements.read_text()}", fetch) / "bin/python"


def classes(name: str, sources: Path, libraries: Path) -> Path:
    """The folder with the compiled classes, made anew when it is older than one of the sources."""
    target, found = BUILD / name, sorted(sources.rglob("*.java"))
    stamp = target / "stamp"
    if not stamp.exists() or any(source.stat().st_mtime > stamp.stat().st_mtime for source in [*found, libraries]):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        line = ["javac", "-Xlint:all,-processing,-classfile,-path", "-Werror", "--release", "17"]
        subprocess.run([*line, "-cp", f"{libraries}/*", "-d", target, *found], check=True)
        stamp.touch()
    return target


def environment(setting: Setting) -> dict[str, str]:
    """How the rivals are told where everything is."""
    return {
        "BROKERS": setting.brokers,
        "CLICKS": setting.clicks,
        "CHECKOUTS": setting.checkouts,
        "DATABASE_URL": setting.database.url,
        "JDBC_URL": setting.database.jdbc,
        "FOLDER": str(setting.folder),
        "NAME": setting.name,
    }


def _fetched(name: str, stamp: str, fetch) -> Path:
    """The folder in the cache; filled where it was not, or was with something else. Whole or not at all."""
    folder = CACHE / name
    with _locked(name):
        if (folder / "stamp").exists() and (folder / "stamp").read_text() == stamp:
            return folder
        print(f"fetching {name}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        fetch(folder)
        (folder / "stamp").write_text(stamp)
    return folder


@contextmanager
def _locked(name: str):
    """While nobody else fetches the same. The lock of the whole cache would hold up all scripts for minutes."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(name: str, *line) -> None:
    """What the command said is shown only where it failed; that it did comes last."""
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}\ncould not fetch {name}: {line[0]} failed")
