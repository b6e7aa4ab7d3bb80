"""The pipeline file comes out of the chart as it went in: every option that the program knows, every example."""

import json
import os

import pytest
import yaml

from chart import CASES, case, one, render, rendered
from tools import ROOT, run

EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))
# Texts and numbers that YAML or Go's templates could take for something else.
TEXTS = ["007", "1e3", "no", "null", "{{ .Values }}", "${NAME:-a b}", "é: #'\"\\", "0x10", "2024-06-17T05:00:00Z", " x ", "line\nline"]


def instances(schema: dict, described: dict, texts):
    """A value of a schema in which every property is given, and each property's path."""
    if "$ref" in described:
        described = schema["definitions"][described["$ref"].rsplit("/")[-1]]
    for key in ("allOf", "anyOf", "oneOf"):
        if key in described:  # of a short and a long form the long one
            form = next((form for form in described[key] if "$ref" in form), described[key][0])
            return instances(schema, form, texts)
    kind = described.get("type")
    if kind == "object" or "properties" in described:
        made = {name: instances(schema, each, texts) for name, each in described.get("properties", {}).items()}
        if isinstance(described.get("additionalProperties"), dict):
            made["name"] = instances(schema, described["additionalProperties"], texts)
        return made
    if kind == "array":
        return [instances(schema, described.get("items", {"type": "string"}), texts)]
    if kind == "integer":
        return described.get("maximum", 2**31)
    if kind == "boolean":
        return True
    if "enum" in described:
        return described["enum"][-1]
    return next(texts)


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from paths(each, (*path, key))


def cycled():
    while True:
        yield from TEXTS


def through_the_chart(folder, config) -> str:
    values = {"pipelines": {"checkouts": {"config": config, "staticMembership": False, "resources": {"limits": {"memory": "8Ti"}}}}}
    return one(render(folder, values), "ConfigMap")["data"]["pipeline.yaml"]


def test_every_option_goes_through(program, tmp_path):
    schema = json.loads(run(program, "reference", "--json-schema").stdout)
    config = instances(schema, schema, cycled())
    config["postgres"]["url"] = "${DATABASE_URL}"  # the chart refuses what looks like a secret
    config["kafka"]["sasl"]["password"] = config["kafka"]["tls"]["key_password"] = "${PASSWORD}"
    config["kafka"]["instance_id"] = "${POD_NAME}"
    config["memory_limit"] = "auto"
    named = {name for definition in [schema, *schema["definitions"].values()] for name in definition.get("properties", {})}
    assert len(named) > 50 and named <= {str(key) for path in paths(config) for key in path}
    assert yaml.safe_load(through_the_chart(tmp_path, config)) == config


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_example_means_the_same_afterwards(program, tmp_path, file):
    """Values as a person writes them, dates and numbers unquoted; the program itself says what it reads."""
    values = tmp_path / "values.yaml"
    indented = "".join(f"      {line}" for line in file.read_text().splitlines(True))
    values.write_text("pipelines:\n  checkouts:\n    staticMembership: false\n    config:\n" + indented
                      + "\n      start: 2024-06-17T05:00:00Z\n      batch_rows: 1000000\n")
    text = one(rendered(values), "ConfigMap")["data"]["pipeline.yaml"]
    (tmp_path / "after.yaml").write_text(text)
    (tmp_path / "before.yaml").write_text(file.read_text() + "\nstart: 2024-06-17T05:00:00Z\nbatch_rows: 1000000\n")
    environment = {**os.environ, "DATABASE_URL": "postgresql://tributary@db/shop"}
    before, after = (run(program, "check", tmp_path / name, "--print-config", env=environment).stdout
                     for name in ("before.yaml", "after.yaml"))
    assert before and meaning(before) == meaning(after)


def meaning(printed: str) -> dict:
    return yaml.load("\n".join(line for line in printed.splitlines() if not line.startswith("#")), yaml.BaseLoader)


@pytest.mark.parametrize("values", CASES, ids=lambda file: file.stem.removesuffix("-values"))
def test_the_program_takes_every_file(program, tmp_path, values):
    """With no zone known, too: an empty rack is that of no broker."""
    (tmp_path / "rack").write_text("europe-west1-b")
    environment = {"POD_NAME": "shop-0", "TRIBUTARY_RACK": "", "DATABASE_URL": "postgresql://tributary@db/shop"}
    files = [o["data"]["pipeline.yaml"] for o in rendered(values) if o["kind"] == "ConfigMap" and "pipeline.yaml" in o["data"]]
    assert files or values == case("existing-configmap")
    for text in files:
        (tmp_path / "pipeline.yaml").write_text(text.replace("/run/tributary", str(tmp_path)))
        said = run(program, "check", tmp_path / "pipeline.yaml", "--print-config", env=environment).stdout
        assert "client.rack" not in text or ("none" in said or "europe-west1-b" in said or "eu-west-1a" in text)
