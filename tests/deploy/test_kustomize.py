"""The plain manifests."""

import re
import shutil

import pytest
import yaml

from tools import ROOT, run, tool

OVERLAYS = ["base", "overlays/gcp", "overlays/aws", "overlays/local"]


def built(overlay: str) -> list[dict]:
    return list(yaml.safe_load_all(run(tool("kube"), "kubectl", "kustomize", ROOT / "k8s" / overlay).stdout))


@pytest.mark.parametrize("file", ["base/pipeline.yaml", "overlays/aws/pipeline.yaml", "beside-redpanda/pipeline.yaml"])
def test_the_pipeline_is_the_example(program, file):
    ours = yaml.safe_load((ROOT / "k8s" / file).read_text())
    example = yaml.safe_load((ROOT / "examples/checkouts/pipeline.yaml").read_text())
    assert {**ours, "kafka": 0, "postgres": 0} == {**example, "kafka": 0, "postgres": 0}
    assert ours["kafka"]["instance_id"] == "${POD_NAME}"
    environment = {name: "x" for name in ("KAFKA_BROKERS", "POD_NAME", "KAFKA_USERNAME", "KAFKA_PASSWORD")}
    run(program, "check", ROOT / "k8s" / file, env={**environment, "DATABASE_URL": "postgresql://tributary@db/shop"})


def test_the_tables_are_the_examples():
    tables = (ROOT / "k8s/overlays/local/tables.sql").read_bytes()
    assert tables == (ROOT / "examples/checkouts/tables.sql").read_bytes()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_selects_pods_finds_them(overlay):
    objects = built(overlay)
    labels = [o["spec"]["template"]["metadata"]["labels"] for o in objects if o["kind"] in ("StatefulSet", "Job")]
    for o in objects:
        if o["kind"] in ("Service", "PodDisruptionBudget"):
            selector = o["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            assert sum(wanted.items() <= pod.items() for pod in labels) == 1, o["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_variables_of_the_file_are_set(overlay):
    objects = built(overlay)
    (pipeline,) = [o["data"]["pipeline.yaml"] for o in objects if o["metadata"]["name"].startswith("tributary-pipeline")]
    (workload,) = [o for o in objects if o["kind"] == "StatefulSet" and o["metadata"]["name"] == "tributary"]
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    (servers,) = [o["data"] for o in objects if o["metadata"]["name"].startswith("tributary-servers")]
    known = {v["name"] for v in container["env"]} | set(servers)
    assert set(re.findall(r"\$\{([A-Z_]+)", pipeline)) <= known


def test_no_container_may_do_more_than_it_needs():
    for overlay in OVERLAYS:
        for o in built(overlay):
            if o["kind"] not in ("StatefulSet", "Job"):
                continue
            spec = o["spec"]["template"]["spec"]
            assert spec["securityContext"]["runAsNonRoot"] and spec["automountServiceAccountToken"] is False
            for c in spec["containers"] + spec.get("initContainers", []):
                assert c["securityContext"]["capabilities"] == {"drop": ["ALL"]}
                assert c["resources"]["limits"]["memory"]


def test_a_container_beside_a_broker(tmp_path):
    """As a component over a StatefulSet called redpanda, such as the local overlay's; the values say the same."""
    beside = tmp_path / "k8s/beside-redpanda"
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    (tmp_path / "k8s/kustomization.yaml").write_text(
        "resources: [overlays/local/redpanda.yaml]\ncomponents: [beside-redpanda]\n")
    objects = list(yaml.safe_load_all(run(tool("kube"), "kubectl", "kustomize", tmp_path / "k8s").stdout))
    (broker,) = [o for o in objects if o["kind"] == "StatefulSet"]
    spec = broker["spec"]["template"]["spec"]
    assert sorted(c["name"] for c in spec["containers"]) == ["redpanda", "tributary"]
    (ours,) = [c for c in spec["containers"] if c["name"] == "tributary"]
    assert "readinessProbe" not in ours, "a broker must not leave the service because of it"
    values = yaml.safe_load((beside / "values.yaml").read_text())["statefulset"]["podTemplate"]["spec"]
    assert values["containers"] == [ours]
    patch = yaml.safe_load((beside / "patch.yaml").read_text())["spec"]["template"]["spec"]
    assert patch == values
