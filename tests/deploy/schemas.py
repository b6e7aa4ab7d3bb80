"""JSON Schemas for kubeconform, without the network: Kubernetes' own from the package kubernetes-validate, and those of custom
resources from their definitions. Unknown fields are errors."""

import json
from pathlib import Path

import kubernetes_validate
import yaml

from tools import FOLDER


def write_schemas(folder: Path, versions: tuple[str, ...]) -> list[str]:
    """Writes them; returns the arguments of kubeconform that name them."""
    package = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    for version in versions:
        to = folder / f"v{version}"
        to.mkdir()
        for file in (package / f"v{version}-local-strict").glob("*.json"):
            # The package's references lead to the network.
            schema = json.loads(file.read_text().replace('"/api/_definitions.json#', '"_definitions.json#'))
            schema.pop("$id", None)
            (to / file.name).write_text(json.dumps(schema))
    custom = folder / "custom"
    custom.mkdir()
    for file in (FOLDER / "crds").glob("*.yaml"):
        definition = yaml.safe_load(file.read_text())["spec"]
        for version in definition["versions"]:
            name = f"{definition['names']['kind'].lower()}-{definition['group'].split('.')[0]}-{version['name']}.json"
            (custom / name).write_text(json.dumps(closed(version["schema"]["openAPIV3Schema"], top=True)))
    return [argument for place in (
        f"{folder}/{{{{ .NormalizedKubernetesVersion }}}}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json",
        f"{folder}/custom/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json",
    ) for argument in ("-schema-location", place)]


def closed(schema, top=False):
    """The schema with unknown fields refused, but for metadata, which is everybody's."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if made.pop("x-kubernetes-int-or-string", False):
        made = {key: value for key, value in made.items() if key in ("description", "pattern")} | {
            "type": ["integer", "string"]}
    open_ended = made.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made and not open_ended:
        made["additionalProperties"] = False
    if top:
        made["properties"]["metadata"] = {"type": "object"}
    return made
