"""What is generated from the table of commands agrees with --help, and the unit is one that systemd takes."""

import re
import shutil
import subprocess

import pytest

from pipeline import PROGRAM, ROOT

UNIT = ROOT / "packaging/tributary@.service"


def said(*arguments) -> str:
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout


def commands() -> list[str]:
    return re.findall(r"^  ([a-z-]+) +\S", said("--help").split("Commands:")[1].split("Examples:")[0], re.MULTILINE)


def options(command: str) -> set[str]:
    """Those that the lines of options in the command's --help begin with."""
    lines = re.findall(r"^ {2,6}(-.*)$", said(command, "--help"), re.MULTILINE)
    return {name for line in lines for name in re.findall(r"--[a-z][a-z-]*", re.split(r"  +", line)[0])}


def needs(tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"there is no {tool}")


def complete(script, *words: str) -> set[str]:
    quoted = " ".join(words)
    command = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _tributary; echo ${{COMPREPLY[@]}}"
    return set(subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True).stdout.split())


@pytest.fixture
def bash(program, tmp_path):
    script = tmp_path / "tributary.bash"
    script.write_text(said("reference", "--completion", "bash"))
    return script


def test_every_command_and_option_is_completed(bash):
    assert len(commands()) > 10
    assert set(commands()) <= complete(bash, "tributary", "''")
    for command in commands():
        assert complete(bash, "tributary", command, "--") == options(command) | {"--help"}, command


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_the_same(program, shell):
    script = said("reference", "--completion", shell)
    wanted = {(c, o) for c in commands() for o in options(c) | {"--help"}}
    if shell == "fish":
        found = re.findall(r"seen_subcommand_from ([a-z-]+)' -l ([a-z-]+)", script)
        assert {(command, f"--{option}") for command, option in found} == wanted
    else:
        bodies = re.findall(r"^  ([a-z-]+)\)\n(.*?);;", script, re.MULTILINE | re.DOTALL)
        assert {(c, o) for c, body in bodies for o in re.findall(r"[{',](--[a-z][a-z-]*)", body)} == wanted
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, check=True, text=True)


def test_an_unknown_shell(program):
    process = subprocess.run([PROGRAM, "reference", "--completion", "csh"], capture_output=True, text=True)
    assert process.returncode == 2 and "bash, zsh or fish" in process.stderr


def test_the_manual_page_has_every_option(program):
    page = said("reference", "--man").replace("\\-", "-")
    for command in commands():
        section = page.split(f".SH TRIBUTARY {command}\n")[1].split("\n.SH ")[0]
        named = {name for line in re.findall(r"^\\fB(.*)\\fR$", section, re.MULTILINE) for name in line.split(", ")}
        for option in options(command):
            assert any(name.startswith(option) for name in named), (command, option)


def test_the_manual_page_is_clean(program):
    needs("groff")
    page = said("reference", "--man")
    process = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z", "-rLL=120n"], input=page, capture_output=True, text=True
    )
    assert process.returncode == 0 and process.stderr == ""


def test_the_unit_is_one_that_systemd_takes(tmp_path):
    needs("systemd-analyze")
    unit = tmp_path / "tributary@x.service"
    text = UNIT.read_text().replace("/usr/bin/tributary", "/bin/true")
    unit.write_text("".join(line for line in text.splitlines(True) if not line.startswith("Documentation=")))
    process = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert process.returncode == 0 and process.stderr == ""
    process = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout[-300:]
