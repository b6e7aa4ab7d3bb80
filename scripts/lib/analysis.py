#!/usr/bin/env python3
"""analysis.py BUILD FOLDER CACHE: clang-tidy over the sources below FOLDER that BUILD/compile_commands.json has, as many at
a time as there are processors. What was clean before is not looked at again: CACHE keeps a mark for each source, named
after its text with all that it includes, its command and the rules. Prints what is found; exit code 1 when that is
anything."""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIDY = ["clang-tidy", "-quiet", "-extra-arg=-Wno-unknown-warning-option"]


def preprocessed(entry: dict) -> bytes:
    """Comments too: they may turn rules off."""
    words = shlex.split(entry["command"])
    output = words.index("-o")
    words[output : output + 2] = []
    words[words.index("-c")] = "-E"
    return subprocess.run([*words, "-C"], cwd=entry["directory"], check=True, capture_output=True).stdout


def mark_of(entry: dict, rules: bytes, marks: Path) -> Path:
    what = entry["command"].encode() + preprocessed(entry)
    here = os.getcwd().encode()  # another checkout of the same is the same
    return marks / hashlib.sha256(rules + what.replace(here, b".")).hexdigest()


def findings(entry: dict, rules: bytes, build: Path, marks: Path) -> str:
    mark = mark_of(entry, rules, marks)
    if mark.exists():
        return ""
    tidy = subprocess.run([*TIDY, "-p", build, entry["file"]], capture_output=True, text=True)
    if tidy.returncode:
        return tidy.stdout + tidy.stderr
    mark.touch()
    return ""


def main(build: Path, folder: Path, marks: Path) -> int:
    marks.mkdir(parents=True, exist_ok=True)
    entries = json.loads((build / "compile_commands.json").read_text())
    entries = [entry for entry in entries if folder in Path(entry["file"]).parents]
    version = subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout
    rules = version + Path(".clang-tidy").read_bytes()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(filter(None, pool.map(lambda entry: findings(entry, rules, build, marks), entries)))
    print("".join(found), end="")
    return 1 if found or not entries else 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument).resolve() for argument in sys.argv[1:4])))
