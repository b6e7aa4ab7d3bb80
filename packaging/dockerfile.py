"""The last stage of the Dockerfile as the configuration of an image: what it says of user, ports, labels, health check,
entry point and command. Anything else there, but COPY and ARG, is refused, so that nothing is silently left out."""

import json
import re
import shlex
from pathlib import Path

NANOSECONDS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9}


def instructions(text: str) -> list[tuple[str, str]]:
    """Name and rest of each, with continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.strip().split(None, 1) for line in joined.splitlines())
    return [(name.upper(), rest.strip()) for name, rest in pairs]


def last_stage(text: str) -> list[tuple[str, str]]:
    all_of_it = instructions(text)
    first = max(n for n, (name, _) in enumerate(all_of_it) if name == "FROM")
    return all_of_it[first + 1 :]


def span(text: str) -> int:
    """"1m30s" in nanoseconds."""
    return sum(int(number) * NANOSECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m)", text))


def expand(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)


def health_check(rest: str) -> dict:
    """{"Test": ["CMD", …], "Interval": …}, as Docker writes it into the configuration."""
    options, command = rest.split("CMD", 1)
    check = {"Test": ["CMD", *json.loads(command)]}
    names = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod", "retries": "Retries"}
    for option, value in re.findall(r"--([a-z-]+)=(\S+)", options):
        check[names[option]] = int(value) if option == "retries" else span(value)
    return check


def configuration(file: Path, given: dict[str, str]) -> dict:
    """The `config` of an image. `given`: build arguments that have another value than the Dockerfile's default."""
    values, config = {}, {}
    for name, rest in last_stage(file.read_text()):
        match name:
            case "ARG":
                argument, _, default = rest.partition("=")
                values[argument] = given.get(argument, default)
            case "LABEL":
                pairs = (word.partition("=") for word in shlex.split(rest))
                config.setdefault("Labels", {}).update((label, expand(value, values)) for label, _, value in pairs)
            case "USER":
                config["User"] = rest
            case "EXPOSE":
                config["ExposedPorts"] = {f"{port}/tcp": {} for port in rest.split()}
            case "HEALTHCHECK":
                config["Healthcheck"] = health_check(rest)
            case "ENTRYPOINT":
                config["Entrypoint"] = json.loads(rest)
            case "CMD":
                config["Cmd"] = json.loads(rest)
            case "COPY":
                pass
            case _:
                raise ValueError(f"{file}: packaging/dockerfile.py does not know {name} in the last stage")
    config["WorkingDir"] = "/"
    return config
