"""The chart, rendered."""

import functools
import json
from pathlib import Path

import yaml

from tools import ROOT, helm

CHART = ROOT / "helm/tributary"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


def case(name: str) -> Path:
    return CHART / "ci" / f"{name}-values.yaml"


@functools.cache
def rendered(values: Path, release: str = "shop", *arguments: str) -> tuple[dict, ...]:
    """The objects of a values file, hooks and tests among them."""
    text = helm("template", release, CHART, "-f", values, "-n", "shop", "--kube-version", "1.35.0", *arguments).stdout
    return tuple(document for document in yaml.safe_load_all(text) if document)


def render(folder: Path, values: dict, *arguments: str) -> tuple[dict, ...]:
    return rendered(written(folder, values), "shop", *arguments)


def written(folder: Path, values: dict) -> Path:
    """JSON is YAML, and says exactly which type a value has."""
    file = folder / f"values-{len(list(folder.iterdir()))}.yaml"
    file.write_text(json.dumps(values))
    return file


def of_kind(objects, kind: str, name: str | None = None) -> list[dict]:
    return [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]


def one(objects, kind: str, name: str | None = None) -> dict:
    found = of_kind(objects, kind, name)
    assert len(found) == 1, f"{len(found)} of kind {kind}, not 1: {[o['metadata']['name'] for o in found]}"
    return found[0]


def pod_specs(objects):
    """(object, pod template) of everything that makes pods."""
    for o in objects:
        if o["kind"] in ("StatefulSet", "Deployment", "Job"):
            yield o, o["spec"]["template"]
        elif o["kind"] == "CronJob":
            yield o, o["spec"]["jobTemplate"]["spec"]["template"]


def container(template: dict, name: str = "tributary") -> dict:
    (found,) = [c for c in template["spec"]["containers"] + template["spec"].get("initContainers", []) if c["name"] == name]
    return found


def variable(template: dict, name: str) -> dict:
    (found,) = [v for v in container(template)["env"] if v["name"] == name]
    return found


def with_pipeline(**settings) -> dict:
    """Values of one pipeline "checkouts", the minimal one with settings over it."""
    values = yaml.safe_load(case("minimal").read_text())
    values["pipelines"]["checkouts"].update(settings)
    return values
