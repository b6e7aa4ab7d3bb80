"""The container image, as scripts/image makes it: whole, small, repeatable, with nothing in it to be misused; its bill of
materials; and the program inside it at work against a real broker and database."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from unpacked import FOLDER, ROOT, USER, Image, build, digest_of, tool, unavailable, wrapper

import pipeline as pipelines
from events import HOUR, checkout, click, when
from secure import Secure, SecureCase
from servers import Unavailable
from watched import watch

LIMIT_MB = 15


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("image")


@pytest.fixture(scope="module")
def said(folder):
    return build(folder / "one", "--tar", str(folder / "image.tar"), "--list")


@pytest.fixture(scope="module")
def image(said, folder):
    return Image(folder / "one")


@pytest.fixture(scope="module")
def root(image, folder):
    image.unpack(folder / "root")
    return folder / "root"


# --- the image itself


def test_two_builds_are_the_same(image, said, folder):
    again = build(folder / "two")
    digest = image.described["digest"]
    assert f"tributary:0.1.0 {digest} " in again and f"tributary:0.1.0 {digest} " in said
    assert (folder / "two/sbom.spdx.json").read_bytes() == (folder / "one/sbom.spdx.json").read_bytes()
    shutil.rmtree(folder / "two")


def test_every_digest_is_right(image):
    """Image compares each blob with its descriptor as it reads it; and there is no other."""
    assert [digest_of(layer) for layer in image.layers] == image.config["rootfs"]["diff_ids"]
    parts = [image.described, image.manifest["config"], *image.manifest["layers"]]
    stored = {f"sha256:{path.name}" for path in (image.folder / "layout/blobs/sha256").iterdir()}
    assert stored == {part["digest"] for part in parts}
    assert json.loads((image.folder / "layout/oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}


def test_one_file_for_docker_and_for_others(image, folder):
    with tarfile.open(folder / "image.tar") as tar:
        files = {info.name: tar.extractfile(info).read() for info in tar}
    (loaded,) = json.loads(files.pop("manifest.json"))  # what `docker load` reads
    assert loaded["RepoTags"] == ["tributary:0.1.0"]
    assert json.loads(files[loaded["Config"]]) == image.config
    assert [digest_of(files[layer]) for layer in loaded["Layers"]] == [part["digest"] for part in image.manifest["layers"]]
    layout = image.folder / "layout"  # what other tools read
    assert files == {str(p.relative_to(layout)): p.read_bytes() for p in layout.rglob("*") if p.is_file()}


def test_how_it_is_run(image):
    config = image.config["config"]
    assert config["Entrypoint"] == ["/usr/bin/tributary"]
    assert config["Cmd"] == ["run", "--listen", ":9469", "/etc/tributary/pipeline.yaml"]
    assert config["User"] == f"{USER}:{USER}"
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/tributary", "health"]
    assert config["Healthcheck"]["Interval"] == 10 * 10**9
    assert config["ExposedPorts"] == {"9469/tcp": {}}
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["version"] == version() and labels["licenses"] == "Apache-2.0"
    assert labels["created"] == image.config["created"] and "${" not in "".join(labels.values())
    assert image.config["os"] == "linux" and image.config["architecture"]


def test_it_is_small(image, said):
    size = sum(part["size"] for part in image.manifest["layers"])
    assert size < LIMIT_MB * 10**6
    listed = re.findall(r"^ *([\d.]+) +\d+% +\d+  (\S+)$", said, re.MULTILINE)
    assert {"tributary", "librdkafka1", "tzdata"} <= {package for _, package in listed}
    assert [float(mb) for mb, _ in listed] == sorted((float(mb) for mb, _ in listed), reverse=True)


def test_nobody_can_write_become_root_or_get_a_shell(image):
    executables, paths = set(), set()
    for _, info, data in image.members():
        assert (info.uid, info.gid, info.mtime) == (0, 0, 0), info.name
        assert info.isreg() or info.isdir() or info.issym(), f"{info.name} is something else"
        assert info.issym() or not info.mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX | 0o222), info.name
        assert info.name not in paths or info.isdir(), f"{info.name} twice"
        paths.add(info.name)
        if info.isreg() and info.mode & 0o111:
            assert data.startswith(b"\x7fELF"), f"{info.name} is no program"
            executables.add(info.name)
    libraries = {name for name in executables if re.search(r"/(lib[^/]*|ld-[^/]*)\.so(\.|$)", name)}
    assert executables - libraries == {"usr/bin/tributary"}


def test_every_link_leads_somewhere(root):
    links = [path for path in root.rglob("*") if path.is_symlink()]
    assert {"lib", "etc/os-release", "usr/lib/ssl/cert.pem"} <= {str(path.relative_to(root)) for path in links}
    for link in links:
        target = root / str(link.readlink()).lstrip("/") if link.readlink().is_absolute() else link.parent / link.readlink()
        assert target.resolve().is_relative_to(root) and target.exists(), link


def test_the_zones_are_there(root):
    zones = root / "usr/share/zoneinfo"
    for name in ("America/Edmonton", "Europe/Berlin", "UTC", "US/Pacific"):
        assert (zones / name).read_bytes().startswith(b"TZif"), name
    assert not (zones / "right").exists() and not (zones / "posix").exists()


# --- the bill of materials


def test_the_bill_lists_every_file_as_it_is(image):
    bill = {file["fileName"]: file for file in image.bill["files"]}
    actual = {f"./{info.name}": data for _, info, data in image.members() if info.isreg()}
    assert bill.keys() == actual.keys()
    for name, data in actual.items():
        sums = {part["algorithm"]: part["checksumValue"] for part in bill[name]["checksums"]}
        assert sums == {"SHA1": hashlib.sha1(data).hexdigest(), "SHA256": hashlib.sha256(data).hexdigest()}, name


def test_the_bill_names_the_package_of_every_library(image):
    bill = image.bill
    packages = {package["SPDXID"]: package for package in bill["packages"]}
    files = {file["SPDXID"]: file["fileName"] for file in bill["files"]}
    owners = {}
    for relation in bill["relationships"]:
        if relation["relationshipType"] == "CONTAINS" and relation["relatedSpdxElement"] in files:
            owners[files[relation["relatedSpdxElement"]]] = packages[relation["spdxElementId"]]
    assert owners.keys() == set(files.values())
    licenses = {part["licenseId"]: part["extractedText"] for part in bill["hasExtractedLicensingInfos"]}
    libraries = [name for name in owners if ".so" in name]
    assert len(libraries) > 10
    for name in libraries:
        package = owners[name]
        installed = run("dpkg-query", "-W", "-f", "${Version}", package["name"]).stdout
        assert package["versionInfo"] == installed, name
        assert "opyright" in licenses[package["licenseDeclared"]], name
        assert package["externalRefs"][0]["referenceLocator"].startswith(f"pkg:deb/debian/{package['name']}@"), name


def test_the_bill_has_the_program_and_what_is_compiled_into_it(image):
    packages = {package["name"]: package for package in image.bill["packages"]}
    assert packages["tributary"]["versionInfo"] == version()
    linked = run(pipelines.PROGRAM, "version").stdout
    assert f"yyjson {packages['yyjson']['versionInfo']}\n" in linked
    assert packages["tributary:0.1.0"]["versionInfo"] == image.described["digest"]


def test_the_bill_is_linked(image):
    """Each name that is used is defined once: what a reader of SPDX asks first."""
    bill = image.bill
    defined = ["SPDXRef-DOCUMENT", *(part["SPDXID"] for kind in ("packages", "files") for part in bill[kind])]
    assert len(defined) == len(set(defined))
    for relation in bill["relationships"]:
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= set(defined)


# --- the program inside


@pytest.fixture(scope="session")
def secure():
    try:
        secure = Secure()
    except Unavailable as reason:
        unavailable(str(reason))
    yield secure
    secure.stop()


@pytest.fixture
def contained(image, root, secure, tmp_path, monkeypatch):
    """A case whose pipeline is run inside the image: as its user, with a root that cannot be written."""
    if os.geteuid() != 0:
        unavailable("mounting needs root")
    place = tmp_path / "etc"
    place.mkdir(mode=0o755)
    shutil.copy(secure.certificate("ca.pem"), place / "kafka.pem")
    shutil.copy(secure.folder / "postgres/tls/ca.pem", place / "postgres.pem")
    for file in place.iterdir():
        file.chmod(0o644)
    case = SecureCase(secure, f"image_{os.urandom(3).hex()}", place)
    url = case.pipeline.environment["DATABASE_URL"]
    case.pipeline.environment["DATABASE_URL"] = re.sub("sslrootcert=[^&]*", f"sslrootcert={FOLDER}/postgres.pem", url)
    case.pipeline.change("kafka.tls.ca", f"{FOLDER}/kafka.pem")

    def enter(certificates: Path | None = None) -> Path:
        script = wrapper(image, root, place, tmp_path / "tributary", certificates)
        monkeypatch.setattr(pipelines, "PROGRAM", script)
        return script

    program = enter()
    case.grant(user=case.role)
    case.allow()
    yield SimpleNamespace(case=case, enter=enter, program=program)
    case.end()


def seen_from_outside(process) -> dict[str, str]:
    text = Path(f"/proc/{process.process.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def send_local_times(case):
    """Clicks and a checkout with times of Edmonton, which is six hours behind in June, and names no zone."""
    case.pipeline.change("defaults.time.zone", "America/Edmonton")
    bought, seen = checkout(1, at=60, timestamp=6 * HOUR + 60), click(1, at=0, timestamp=6 * HOUR)
    case.send(seen, bought)
    return seen, bought


def test_a_join_with_tls_and_a_zone(contained):
    case = contained.case
    seen, bought = send_local_times(case)
    process = case.pipeline.run("--once", "--close")
    assert process.exit_code == 0, process.log
    row = case.row(bought)
    assert (row["click_id"], row["user_name"]) == (seen.fields["click_id"], "user 1")
    assert row["checkout_time"] == when(6 * HOUR + 60).replace(tzinfo=None)


def test_who_it_is_and_that_it_is_well(contained, root):
    """A running one: not root, without rights, in a root that it cannot write; and its health check, from inside."""
    watched = watch(contained.case)
    watched.await_ready()
    status = seen_from_outside(watched.process)
    assert status["Uid"].split() == status["Gid"].split() == [str(USER)] * 4
    assert status["CapEff"].strip("0 ") == "" and status["NoNewPrivs"] == "1" and status["Groups"].strip() == ""
    assert os.statvfs(f"/proc/{watched.process.process.pid}/root").f_flag & os.ST_RDONLY
    assert Path(f"/proc/{watched.process.process.pid}/exe").readlink() == root / "usr/bin/tributary"
    for page in ("health", "ready"):
        arguments = ["--ready"] if page == "ready" else []
        asked = run(contained.program, "health", "--url", f"http://{watched.address}", *arguments)
        assert asked.stdout.startswith("ok "), asked.stdout + asked.stderr
    assert watched.process.stop() == 0
    assert run(contained.program, "health", "--url", f"http://{watched.address}", code=1).stdout.startswith("wrong ")


def test_it_trusts_the_authorities_of_its_one_file(contained):
    """Nobody names an authority: the image's are asked, and where theirs is put instead, that one."""
    case = contained.case
    case.pipeline.change("kafka.tls", {})
    refused = case.pipeline.run("--once", "--close")
    assert refused.exit_code == 2 and "certificate" in refused.log, refused.log
    contained.enter(certificates=case.pipeline.folder / "kafka.pem")
    allowed = case.pipeline.run("--once", "--close")
    assert allowed.exit_code == 0, allowed.log


# --- the Dockerfile


def run(*line, code: int = 0, **options):
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True, timeout=240, **options)
    assert done.returncode == code, f"{line}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def version() -> str:
    return re.search(r"project\(tributary VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_hadolint_finds_nothing():
    assert run(tool("hadolint"), ROOT / "Dockerfile").stdout == ""


def test_nothing_of_the_last_stage_is_left_out(tmp_path):
    """scripts/image would otherwise make another image than Docker does."""
    changed = tmp_path / "Dockerfile"
    changed.write_text(dockerfile() + "ENV TZ=UTC\n")
    line = ["python3", "-B", "-c", "import dockerfile, sys, pathlib; dockerfile.configuration(pathlib.Path(sys.argv[1]), {})"]
    assert "does not know ENV" in run(*line, changed, code=1, cwd=ROOT / "packaging").stderr
    run(*line, ROOT / "Dockerfile", cwd=ROOT / "packaging")


def test_what_is_copied_exists_and_is_not_ignored():
    copied = [word for rest in re.findall(r"^COPY ((?!--from).*)$", dockerfile(), re.MULTILINE) for word in rest.split()[:-1]]
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(path.rstrip("/") for path in copied) == sorted(allowed)
    for path in copied:
        assert (ROOT / path).exists(), path


def test_the_version_is_the_programs():
    assert f"ARG VERSION={version()}\n" in dockerfile()


def test_the_base_has_a_tag_of_a_day():
    assert re.search(r"^ARG BASE=debian:trixie-20\d{6}-slim$", dockerfile(), re.MULTILINE)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--nonsense"], 'no such option: "--nonsense"'),
        (["--name", "registry:5000/tributary"], "has no tag"),
        (["--program", "no-such-program"], 'there is no program "'),
    ],
)
def test_a_wrong_command_line_of_the_script(tmp_path, arguments, message):
    done = run(ROOT / "scripts/image", "--output", tmp_path / "out", *arguments, code=1)
    assert message in done.stderr and "hint: " in done.stderr
    assert not (tmp_path / "out/layout").exists()
