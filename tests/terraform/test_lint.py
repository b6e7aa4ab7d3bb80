"""tflint and checkov."""

import json
import re
import subprocess

import pytest
from tools import CACHE, ENVIRONMENT, ROOT, copy_to, run

TERRAFORM = ROOT / "terraform"


@pytest.mark.parametrize("cloud", ["gcp", "aws"])
def test_tflint(cloud):
    line = (CACHE / "bin/tflint", "--recursive", f"--config={TERRAFORM}/.tflint.hcl")
    assert run(*line, cwd=TERRAFORM / cloud).strip() == ""


def test_tflint_sees_what_is_unused(tmp_path):
    folder = copy_to(tmp_path)
    with open(folder / "aws/variables.tf", "a") as file:
        file.write('\nvariable "unused" {\n  description = "Nobody asks."\n  type = string\n  default = ""\n}\n')
    line = (CACHE / "bin/tflint", "--recursive", f"--config={folder}/.tflint.hcl")
    assert "terraform_unused_declarations" in run(*line, cwd=folder / "aws", codes=(2,))


def test_checkov(tmp_path):
    """What it finds are the exceptions that have a reason, all of them, and nothing else."""
    text = (TERRAFORM / ".checkov.yaml").read_text()
    excepted = re.findall(r"^  - (CKV2?_\w+) +# .{10,}$", text, re.M)
    assert len(excepted) == len(re.findall(r"^  - ", text, re.M)), "an exception without a reason"
    folder = copy_to(tmp_path)
    (folder / ".checkov.yaml").unlink()  # it would be heeded, and hide what is excepted
    line = (CACHE / "checkov/bin/checkov", "-d", folder, "--framework", "terraform", "--skip-path", "/tests/")
    env = {**ENVIRONMENT, "HCL_PARSE_TIMEOUT_SEC": "600"}  # of ten seconds, on a machine that has other things to do
    line += ("--skip-download", "--soft-fail", "-o", "json")
    done = subprocess.run(line, env=env, cwd=folder, capture_output=True, text=True)
    results = json.loads(done.stdout)["results"]
    assert not results.get("parsing_errors"), results["parsing_errors"]
    found = {}
    for failed in results["failed_checks"]:
        found.setdefault(failed["check_id"], []).append(f"{failed['check_name']}: {failed['resource']}")
    assert not {k: v for k, v in found.items() if k not in excepted}
    assert not set(excepted) - set(found), "not needed any more"
    assert len(results["passed_checks"]) > 100
