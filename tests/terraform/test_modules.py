"""The modules by terraform itself: their form, whether they fit the providers' schemas, their tests with mocked
providers."""

import re

import pytest
from tools import ROOT, ROOTS, copy_to, run, terraform

VALIDATION = re.compile(r'^variable "(\w+)" \{(.*?)^\}', re.M | re.S)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return copy_to(tmp_path_factory.mktemp("terraform"))


def initialised(tree, folder):
    if not (tree / folder / ".terraform").exists():
        terraform(tree / folder, "init", "-backend=false", "-input=false")
    return tree / folder


def test_format():
    terraform(ROOT / "terraform", "fmt", "-check", "-recursive", "-diff")


@pytest.mark.parametrize("folder", ROOTS)
def test_valid(tree, folder):
    assert "Success" in terraform(initialised(tree, folder), "validate")


def check_suite(tree, folder, name):
    said = terraform(initialised(tree, folder), "test", "-no-color", f"-filter=tests/{name}.tftest.hcl")
    passed = re.search(r"Success! (\d+) passed, 0 failed\.", said)
    assert passed and int(passed[1]) > 0, said


# Classes, since each runs in one lane.
class TestGcp:
    @pytest.mark.parametrize("name", ["resources", "variables"])
    def test_suite(self, tree, name):
        check_suite(tree, "gcp", name)


class TestAws:
    @pytest.mark.parametrize("name", ["resources", "variables"])
    def test_suite(self, tree, name):
        check_suite(tree, "aws", name)


class TestComplete:
    @pytest.mark.parametrize("cloud", ["gcp", "aws"])
    def test_suite(self, tree, cloud):
        check_suite(tree, f"{cloud}/examples/complete", "complete")


@pytest.mark.parametrize("change", [
    ("gcp/modules/postgres/main.tf", "availability_type ", "availability_kind "),
    ("gcp/modules/storage/main.tf", "uniform_bucket_level_access = true", 'uniform_bucket_level_access = "often"'),
    ("gcp/main.tf", 'resource "google_firestore_database"', 'resource "google_firestore_databank"'),
    ("gcp/modules/network/main.tf", "secondary_ip_range {", "secondary_range {"),
    ("gcp/modules/warehouse/main.tf", '  data_source_id       = "scheduled_query"\n', ""),
    ("aws/modules/storage/main.tf", "object_ownership =", "object_owner ="),
], ids=lambda change: change[0])
def test_the_schema_is_seen(tmp_path, change):
    """A name, a type, a block, a resource that the provider does not have, and an argument that it wants."""
    file, old, new = change
    tree = copy_to(tmp_path)
    text = (tree / file).read_text()
    assert old in text
    (tree / file).write_text(text.replace(old, new, 1))
    folder = initialised(tree, file.split("/")[0])
    assert "Error: " in terraform(folder, "validate", codes=(1,))


@pytest.mark.parametrize("cloud", ["gcp", "aws"])
def test_every_rule_has_a_case(cloud):
    """As many refusals of each variable as it has rules, at least; and every variable of more than yes and no has one."""
    cases = (ROOT / f"terraform/{cloud}/tests/variables.tftest.hcl").read_text()
    for name, body in VALIDATION.findall((ROOT / f"terraform/{cloud}/variables.tf").read_text()):
        rules = len(re.findall(r"^  validation \{", body, re.M))
        assert rules or re.search(r"^  type += bool$", body, re.M), f"{name} has no rule"
        assert len(re.findall(rf"expect_failures = \[var\.{name}\]", cases)) >= rules, name


def test_everything_is_described():
    for file in (ROOT / "terraform").glob("**/*.tf"):
        for kind, name, body in re.findall(r'^(variable|output) "(\w+)" \{(.*?)^\}', file.read_text(), re.M | re.S):
            assert re.search(r'^  description += ".{5,}"$', body, re.M), f"{file}: {name}"
            assert kind == "output" or re.search(r"^  type +=", body, re.M), f"{file}: {name}"


def test_versions_are_bounded():
    for file in (ROOT / "terraform").glob("**/versions.tf"):
        for line in re.findall(r"version += \"(.*)\"", file.read_text()):
            assert re.fullmatch(r">= [\d.]+, < [\d.]+", line), f"{file}: {line}"


def test_readmes_are_up_to_date():
    run(ROOT / "scripts/terraform-docs", "--check", cwd=ROOT)
