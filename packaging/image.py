"""Writes the folders that packaging/rootfs lays out as an OCI image: scripts/image calls it. The same input gives the same
bytes: files are sorted and belong to root; their modes and times are those that packaging/rootfs gave them."""

import argparse
import gzip
import hashlib
import io
import json
import stat
import tarfile
from pathlib import Path

import dockerfile
import sbom

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"
ARCHITECTURES = {"armhf": {"architecture": "arm", "variant": "v7"}, "ppc64el": {"architecture": "ppc64le"}}


def canonical(document) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(root: Path, path: Path) -> tarfile.TarInfo:
    info, status = tarfile.TarInfo(str(path.relative_to(root))), path.lstat()
    info.mode, info.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
    if path.is_symlink():
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif path.is_dir():
        info.type = tarfile.DIRTYPE
    else:
        info.size = status.st_size
    return info


def archive(root: Path) -> bytes:
    """The folder as an uncompressed layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            info = entry(root, path)
            tar.addfile(info, io.BytesIO(path.read_bytes()) if info.isreg() else None)
    return out.getvalue()


class Layout:
    """An OCI image layout in a folder, which must not exist."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True)

    def blob(self, data: bytes, media_type: str) -> dict:
        """Stores it; its descriptor."""
        digest = digest_of(data)
        self.path(digest).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def path(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.replace(":", "/")

    def finish(self, manifest: dict, platform: dict, name: str) -> None:
        tag = name.rpartition(":")[2]
        annotations = {"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": name}
        listed = {**manifest, "platform": platform, "annotations": annotations}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]}
        (self.folder / "index.json").write_bytes(canonical(index))
        (self.folder / "oci-layout").write_bytes(canonical({"imageLayoutVersion": "1.0.0"}))


def describe(arguments, config: dict, layers: list[bytes]) -> dict:
    """The image's configuration."""
    history = [f"scripts/image: {name}" for name in ("libraries, zones, certificates", "tributary")]
    return {
        **platform_of(arguments.architecture),
        "created": arguments.created,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        "history": [{"created": arguments.created, "created_by": line} for line in history],
    }


def platform_of(architecture: str) -> dict:
    """Debian's name of an architecture as Go's, which images use; most are the same."""
    return {"os": "linux", **ARCHITECTURES.get(architecture, {"architecture": architecture})}


def pack(path: Path, layout: Layout, manifest: dict, name: str) -> None:
    """One file that both `docker load` (by its manifest.json) and OCI tools (by its index.json) take."""
    config, *layers = ["blobs/" + part["digest"].replace(":", "/") for part in (manifest["config"], *manifest["layers"])]
    files = {str(p.relative_to(layout.folder)): p.read_bytes() for p in layout.folder.rglob("*") if p.is_file()}
    files["manifest.json"] = canonical([{"Config": config, "RepoTags": [name], "Layers": layers}])
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for file, data in sorted(files.items()):
            info = tarfile.TarInfo(file)
            info.size, info.mode = len(data), 0o444
            tar.addfile(info, io.BytesIO(data))


def show(rootfs: Path, contents: dict[str, str], compressed: int) -> None:
    """What is in it, by package, the heaviest first."""
    files = [path for layer in ("base", "program") for path in (rootfs / layer).rglob("*") if path.is_file()]
    sizes: dict[str, tuple[int, int]] = {}
    for path in files:
        if path.is_symlink():
            continue
        package = contents[str(path.relative_to(rootfs)).partition("/")[2]]
        count, size = sizes.get(package, (0, 0))
        sizes[package] = count + 1, size + path.stat().st_size
    total = sum(size for _, size in sizes.values())
    print(f"{'MB':>7}  {'share':>5}  {'files':>5}  package")
    for package, (count, size) in sorted(sizes.items(), key=lambda item: (-item[1][1], item[0])):
        print(f"{size / 1e6:7.2f}  {size / total:5.0%}  {count:5}  {package}")
    print(f"{total / 1e6:7.2f}  {1:5.0%}  {len(files):5}  in all; {compressed / 1e6:.2f} MB compressed")


def options():
    parser = argparse.ArgumentParser()
    for name in ("rootfs", "output", "dockerfile"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("architecture", "name", "version", "revision", "created"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--tar", type=Path)
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def main() -> None:
    arguments = options()
    layout = Layout(arguments.output / "layout")
    layers = [archive(arguments.rootfs / name) for name in ("base", "program")]
    given = {name.upper(): getattr(arguments, name) for name in ("version", "revision", "created")}
    config = describe(arguments, dockerfile.configuration(arguments.dockerfile, given), layers)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.blob(canonical(config), CONFIG),
        "layers": [layout.blob(gzip.compress(layer, 9, mtime=0), LAYER) for layer in layers],
    }
    described = layout.blob(canonical(manifest), MANIFEST)
    layout.finish(described, platform_of(arguments.architecture), arguments.name)
    contents = sbom.read_contents(arguments.rootfs / "contents")
    bill = sbom.document(arguments, contents, described["digest"])
    (arguments.output / "sbom.spdx.json").write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")
    if arguments.tar:
        pack(arguments.tar, layout, manifest, arguments.name)
    compressed = sum(part["size"] for part in (described, manifest["config"], *manifest["layers"]))
    if arguments.list:
        show(arguments.rootfs, contents, compressed)
    print(f"{arguments.name} {described['digest']} ({compressed / 1e6:.2f} MB)")


main()
