"""The tools of the checks, in the cache, and a copy of what they read: terraform leaves things behind where it runs."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tributary/terraform"
ROOTS = ["gcp", "gcp/examples/minimal", "gcp/examples/complete", "aws", "aws/examples/minimal", "aws/examples/complete"]
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "GOOGLE_"))},
    "TF_CLI_CONFIG_FILE": str(CACHE / "terraformrc"),
    "TF_IN_AUTOMATION": "1",
    "NO_COLOR": "1",
}


def run(*line, cwd, codes=(0,), **env) -> str:
    """What it says, on both of its outputs; fails with that when it ends in another way."""
    done = subprocess.run(
        line, cwd=cwd, env={**ENVIRONMENT, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode in codes, f"{' '.join(map(str, line))}: exit code {done.returncode}\n{done.stdout}"
    return done.stdout


def terraform(folder: Path, *arguments, **options) -> str:
    return run("terraform", *arguments, cwd=folder, **options)


def copy_to(folder: Path) -> Path:
    """terraform/, and what it reads of the repository beside it."""
    for name in ("terraform", "examples", "sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    for name in (".tflint.hcl", ".checkov.yaml"):
        assert (folder / "terraform" / name).exists()
    return folder / "terraform"
