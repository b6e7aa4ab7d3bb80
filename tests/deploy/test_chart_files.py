"""What the chart is made of: lint, and the files that are copies of others."""

import json
import re
import shutil

import pytest
import yaml
from yamllint import config, linter

from chart import CASES, CHART, DEFAULTS
from tools import ROOT, helm, run, tool


@pytest.mark.parametrize("values", CASES, ids=lambda file: file.stem.removesuffix("-values"))
def test_helm_lint(values):
    done = helm("lint", "--strict", CHART, "-f", values)
    assert "0 chart(s) failed" in done.stdout and "[WARNING]" not in done.stdout, done.stdout


@pytest.mark.parametrize("name", ["rules.yaml", "dashboard.json"])
def test_the_chart_has_the_projects_rules_and_dashboard(name):
    assert (CHART / "files" / name).read_bytes() == (ROOT / "monitoring" / name).read_bytes(), (
        f"cp monitoring/{name} helm/tributary/files/"
    )


def test_the_readme_is_made_from_the_comments(tmp_path):
    copy = tmp_path / "tributary"
    shutil.copytree(CHART, copy)
    (copy / "README.md").unlink()
    run(tool("helm-docs"), "--chart-search-root", copy, cwd=tmp_path)
    assert (copy / "README.md").read_text() == (CHART / "README.md").read_text(), (
        'run "helm-docs" in helm/tributary: see CONTRIBUTING.md'
    )


def test_every_value_has_a_comment():
    rows = re.findall(r"^\| ([\w.]+) \| .* \| (.*) \|$", (CHART / "README.md").read_text(), re.MULTILINE)
    undocumented = [name for name, comment in rows if not comment.strip()]
    assert len(rows) > 100 and not undocumented


def test_the_schema_knows_exactly_the_values():
    schema = json.loads((CHART / "values.schema.json").read_text())

    def names(values, described, path=""):
        if "$ref" in described:
            described = schema["definitions"][described["$ref"].rsplit("/")[-1]]
        known = described.get("properties")
        if not isinstance(values, dict) or known is None:
            return set()
        unknown = {path + key for key in values if key not in known}
        return unknown.union(*(names(v, known[k], f"{path}{k}.") for k, v in values.items() if k in known))

    assert names(DEFAULTS, schema) == set()

    def leaves(described, path=""):
        if "$ref" in described:
            described = schema["definitions"][described["$ref"].rsplit("/")[-1]]
        for key, value in described.get("properties", {}).items():
            yield path + key
            yield from leaves(value, f"{path}{key}.")

    def has(path):
        at = DEFAULTS
        for key in path.split("."):
            if not isinstance(at, dict) or key not in at:
                return False
            at = at[key]
        return True

    # Where an empty map or list stands for what Kubernetes knows, or a default is absent on purpose.
    free = re.compile(
        r"^global$|^defaults\.(resources|probes)\.|^defaults\.cloudSqlProxy\.resources\.|minAvailable$"
    )
    assert [path for path in leaves(schema) if not has(path) and not free.search(path)] == []


def test_the_version_is_the_programs():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = re.search(r"project\(\s*tributary\s+VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.I)[1]
    assert chart["appVersion"] == version
    tag = yaml.safe_load((ROOT / "k8s/base/kustomization.yaml").read_text())["images"][0]["newTag"]
    assert tag == version


def test_yaml_is_clean():
    files = [f for folder in ("helm/tributary", "k8s", "monitoring") for f in sorted((ROOT / folder).rglob("*.yaml"))]
    files = [f for f in files if "templates" not in f.parts]
    rules = config.YamlLintConfig(file=str(ROOT / "tests/deploy/yamllint.yaml"))
    problems = [f"{f.relative_to(ROOT)}:{p}" for f in files for p in linter.run(f.read_text(), rules)]
    assert len(files) > 20 and problems == []
