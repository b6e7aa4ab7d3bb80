"""The commands of the README, and of the examples', do what they say. A fenced block of shell commands after a line
`<!-- run -->` is run as it stands, from the top of the project; blocks of one file run in one shell, in order."""

import os
import re
import subprocess
import sys

import pytest

from pipeline import PROGRAM, ROOT

BLOCK = re.compile(r"^<!-- run -->\n+```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("examples/*/README.md")), *sorted(ROOT.glob("docs/*.md"))]


def scripts():
    for page in PAGES:
        blocks = BLOCK.findall(page.read_text()) if page.exists() else []
        if blocks:
            yield pytest.param("\n".join(blocks), id=str(page.relative_to(ROOT)))


def test_the_picture_of_the_models_is_that_of_a_run(program):
    environment = {**os.environ, "TRIBUTARY": str(PROGRAM)}
    drawn = subprocess.run(
        [sys.executable, ROOT / "bench/models_picture.py"], env=environment, capture_output=True, text=True, check=True
    )
    assert drawn.stdout == (ROOT / "docs/models.svg").read_text(), "bench/models_picture.py > docs/models.svg"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", list(scripts()))
def test_commands_of_the_page(program, script, tmp_path):
    environment = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
