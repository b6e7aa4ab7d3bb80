"""The bill of materials of the image, SPDX 2.3 as JSON: each file with its checksums, the Debian package or project it
comes from, and what that one's copyright file says of licenses, in full."""

import hashlib
import re
from pathlib import Path

OWN = "tributary"
# The version is in the header that is compiled in; scripts/image's test holds that both agree.
YYJSON = Path(__file__).resolve().parents[1] / "third_party/yyjson"


def read_contents(file: Path) -> dict[str, str]:
    """Path within the image to the name of its package."""
    return dict(line.split("\t") for line in file.read_text().splitlines())


def spdx_id(*words: str) -> str:
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(words))


def checksums(data: bytes) -> list[dict]:
    return [
        {"algorithm": name, "checksumValue": hashlib.new(name, data, usedforsecurity=False).hexdigest()}
        for name in ("SHA1", "SHA256")
    ]


def file_of(path: str, real: Path) -> dict:
    data = real.read_bytes()
    return {
        "SPDXID": spdx_id("File", hashlib.sha256(path.encode()).hexdigest()[:16]),
        "fileName": f"./{path}",
        "checksums": checksums(data),
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def verification(files: list[dict]) -> dict:
    """As the specification computes it: over the files' SHA1, sorted."""
    sums = sorted(file["checksums"][0]["checksumValue"] for file in files)
    code = hashlib.sha1("".join(sums).encode(), usedforsecurity=False).hexdigest()
    return {"packageVerificationCodeValue": code}


def debian_fields(stanza: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z][\w-]*): (.*)$", stanza, re.MULTILINE))


def debian_package(rootfs: Path, name: str, release: dict[str, str]) -> tuple[dict, dict]:
    """The package, and its copyright file as a license of its own name: Debian's files rarely say it in one of SPDX's."""
    fields = debian_fields((rootfs / "base/var/lib/dpkg/status.d" / name).read_text())
    license_id = "LicenseRef-" + spdx_id("debian", name).removeprefix("SPDXRef-")
    copyright_path = f"usr/share/doc/{name}/copyright"
    distro = f"{release['ID']}-{release.get('VERSION_ID', 'unknown')}"
    version = fields["Version"].replace(":", "%3A").replace("+", "%2B")
    package = {
        "SPDXID": spdx_id("Package", name),
        "name": name,
        "versionInfo": fields["Version"],
        "supplier": f"Person: {fields['Maintainer'].partition(' <')[0]}",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": license_id,
        "copyrightText": "NOASSERTION",
        "comment": f"source package: {fields.get('Source', name)}; its copyright file: /{copyright_path}",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:deb/{release['ID']}/{name}@{version}?arch={fields['Architecture']}&distro={distro}",
            }
        ],
    }
    text = (rootfs / "base" / copyright_path).read_text(errors="replace")
    return package, {"licenseId": license_id, "name": f"copyright file of {name}", "extractedText": text}


def own_package(version: str) -> dict:
    return {
        "SPDXID": spdx_id("Package", OWN),
        "name": OWN,
        "versionInfo": version,
        "supplier": "Organization: the Tributary authors",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "the Tributary authors",
    }


def yyjson_package() -> dict:
    """Carried along in source, and part of the program."""
    header = (YYJSON / "yyjson.h").read_text()
    version = re.search(r'#define YYJSON_VERSION_STRING "([\d.]+)"', header)[1]
    return {
        "SPDXID": spdx_id("Package", "yyjson"),
        "name": "yyjson",
        "versionInfo": version,
        "supplier": "Person: YaoYuan",
        "downloadLocation": f"https://github.com/ibireme/yyjson/releases/tag/{version}",
        "filesAnalyzed": False,
        "licenseConcluded": "MIT",
        "licenseDeclared": "MIT",
        "copyrightText": re.search(r"Copyright .*", (YYJSON / "LICENSE").read_text())[0],
        "checksums": checksums((YYJSON / "yyjson.c").read_bytes()),
        "comment": "compiled into /usr/bin/tributary; the checksums are those of yyjson.c",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:github/ibireme/yyjson@{version}",
            }
        ],
    }


def image_package(name: str, digest: str) -> dict:
    return {
        "SPDXID": spdx_id("Image"),
        "name": name,
        "versionInfo": digest,
        "primaryPackagePurpose": "CONTAINER",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def related(one: str, how: str, other: str) -> dict:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def release_of(rootfs: Path) -> dict[str, str]:
    text = (rootfs / "base/usr/lib/os-release").read_text()
    return {name: value.strip('"') for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)}


def files_by_package(rootfs: Path, contents: dict[str, str]) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for path, package in contents.items():
        real = next(place for layer in ("base", "program") if (place := rootfs / layer / path).is_symlink() or place.exists())
        if not real.is_symlink():
            found.setdefault(package, []).append(file_of(path, real))
    return found


def document(arguments, contents: dict[str, str], digest: str) -> dict:
    """The bill for an image with that manifest digest."""
    rootfs, release = arguments.rootfs, release_of(arguments.rootfs)
    files = files_by_package(rootfs, contents)
    packages, licenses = [image_package(arguments.name, digest)], []
    for name in sorted(files):
        package, text = (own_package(arguments.version), None) if name == OWN else debian_package(rootfs, name, release)
        packages.append({**package, "packageVerificationCode": verification(files[name])})
        licenses += [text] if text else []
    image, program = spdx_id("Image"), spdx_id("Package", OWN)
    relations = [related("SPDXRef-DOCUMENT", "DESCRIBES", image)]
    relations += [related(image, "CONTAINS", package["SPDXID"]) for package in packages[1:]]
    relations += [related(spdx_id("Package", name), "CONTAINS", file["SPDXID"]) for name in sorted(files) for file in files[name]]
    packages.append(yyjson_package())
    relations.append(related(program, "STATIC_LINK", packages[-1]["SPDXID"]))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": arguments.name,
        "documentNamespace": f"https://spdx.org/spdxdocs/tributary-{arguments.version}-{digest.removeprefix('sha256:')}",
        "creationInfo": {"created": arguments.created, "creators": ["Tool: tributary-scripts-image"]},
        "packages": packages,
        "files": [file for name in sorted(files) for file in files[name]],
        "hasExtractedLicensingInfos": licenses,
        "relationships": relations,
    }
