"""Alerts and dashboard: promtool takes them, they name metrics and labels that the program has, and each alert has cases and a
section in the runbook."""

import json
import re

import pytest
import yaml

from tools import ROOT, run, tool

RULES = ROOT / "monitoring/rules.yaml"
CASES = ROOT / "monitoring/rules.test.yaml"
DASHBOARD = json.loads((ROOT / "monitoring/dashboard.json").read_text())
RUNBOOK = ROOT / "docs/operate.md"
# What Prometheus adds to each sample, and what the chart's monitors do.
ADDED = {"job", "instance", "namespace", "pipeline", "alertname", "alertstate"}


def alerts() -> dict[str, dict]:
    return {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def panels() -> list[tuple[str, str]]:
    return list(each_panel())


def each_panel():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def metrics(program) -> dict[str, set[str]]:
    """Name to labels, with the series that a histogram has."""
    known = {"up": set()}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", run(program, "reference", "--metrics").stdout, re.M):
        own = set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            known |= {f"{name}_bucket": own | {"le"}, f"{name}_sum": own, f"{name}_count": own}
        else:
            known[name] = own
    return known


def check_names(expression: str, known: dict[str, set[str]]) -> set[str]:
    """The metrics of an expression; each exists, and the labels asked for are among theirs."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    used = set(re.findall(r"\b(?:tributary|process)_\w+|\bup\b", text))
    assert used and used <= set(known), used - set(known)
    for name, selector in re.findall(r"\b((?:tributary|process)_\w+|up)\{([^}]*)\}", text):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        assert labels <= known[name] | ADDED, (name, labels)
    grouped = {label.strip() for by in re.findall(r"\b(?:by|on) \(([^)]*)\)", text) for label in by.split(",")}
    assert grouped <= set().union(*(known[name] for name in used)) | ADDED, grouped
    return used


def test_promtool_takes_the_rules():
    run(tool("promtool"), "check", "rules", RULES)


def test_the_cases_of_the_rules():
    run(tool("promtool"), "test", "rules", CASES.name, cwd=CASES.parent)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_not():
    tests = yaml.safe_load(CASES.read_text())["tests"]
    fires = set(re.findall(r'alertname="(\w+)"', CASES.read_text()))
    rests = set()
    for each in tests:
        for alert in each.get("alert_rule_test", []):
            (fires if alert["exp_alerts"] else rests).add(alert["alertname"])
    assert fires == set(alerts()) and rests == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert(program, name):
    rule = alerts()[name]
    check_names(rule["expr"], metrics(program))
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"] and rule["annotations"]["description"]
    page, anchor = rule["annotations"]["runbook_url"].split("#")
    assert page.endswith("/docs/operate.md") and anchor == name.lower()
    section = re.search(rf"^### {name}\n(.*?)(?=^##)", RUNBOOK.read_text() + "\n## ", re.M | re.S)
    assert section, f"docs/operate.md has no section {name}"
    assert "**Means**" in section[1] and "**Do**" in section[1], "what it means, and what to do"


def test_the_runbook_has_no_alert_that_is_gone():
    assert set(re.findall(r"^### (Tributary\w+)$", RUNBOOK.read_text(), re.M)) == set(alerts())


@pytest.mark.parametrize("title, expression", panels())
def test_a_query_of_the_dashboard(program, title, expression):
    check_names(expression, metrics(program))


def test_promtool_takes_the_queries_of_the_dashboard(tmp_path):
    rules = [{"record": f"query:{n}", "expr": expression.replace("$__rate_interval", "5m").replace("$namespace", ".*")
              .replace("$pipeline", ".*")} for n, (_, expression) in enumerate(panels())]
    assert len(rules) > 40 and not any("$" in rule["expr"] for rule in rules)
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run(tool("promtool"), "check", "rules", file)


def test_the_dashboard_shows_every_metric_of_the_program(program):
    shown = set().union(*(check_names(expression, metrics(program)) for _, expression in panels()))
    hidden = {name for name in metrics(program) if name.startswith("tributary_")} - shown
    # Offsets behind the lag, time stamps behind the delays, and the halves of histograms.
    assert {re.sub("_(sum|count)$", "", name) for name in hidden} == {
        "tributary_build_info", "tributary_pipeline_info", "tributary_next_offset", "tributary_committed_offset",
        "tributary_high_watermark_offset", "tributary_watermark_timestamp_seconds", "tributary_input_waiting",
        "tributary_commit_duration_seconds", "tributary_rekey_watermark_timestamp_seconds",
        "tributary_rekey_transaction_duration_seconds",
    }


def test_the_dashboard_is_whole():
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    boxes = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for box in boxes for x in range(box["x"], box["x"] + box["w"]) for y in range(box["y"], box["y"] + box["h"])]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24, "panels overlap"
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "namespace", "pipeline"}
    sources = [target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    assert set(sources) == {"${datasource}"}
