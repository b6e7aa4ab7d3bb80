"""The chart and the manifests in a real control plane: installed, upgraded, rolled back, refused."""

import json
import os
import subprocess

import pytest
import yaml

from chart import CASES, CHART, case, container, of_kind, pod_specs, rendered, with_pipeline, written
from conftest import unavailable
from control_plane import PATIENCE, ZONES, ControlPlane
from pipeline import eventually
from tools import ROOT, Missing, helm, tool

OVERLAYS = ["base", "overlays/gcp", "overlays/aws", "overlays/local"]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    plane = ControlPlane(tmp_path_factory.mktemp("cluster"))
    try:
        plane.start()
        yield plane
    except Missing as reason:
        unavailable(str(reason))
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def shop(cluster, tmp_path_factory):
    """The chart, installed once: with the init job before, and waited for until the pods are ready."""
    cluster.namespace("shop")
    values = with_pipeline(init={"enabled": True}, partitions=8, minReadySeconds=0)
    values["monitoring"] = {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}
    file = written(tmp_path_factory.mktemp("shop"), values)
    cluster.helm("install", "shop", CHART, "-n", "shop", "-f", file, "--wait", "--timeout", "120s")
    return Release(cluster, values)


class Release:
    def __init__(self, cluster, values):
        self.cluster, self.values, self.name = cluster, values, "shop-tributary-checkouts"

    def kubectl(self, *arguments, **options):
        return self.cluster.kubectl("-n", "shop", *arguments, **options)

    def rolled_out(self) -> str:
        return self.kubectl("rollout", "status", f"statefulset/{self.name}", "--timeout=90s").stdout

    def workload(self) -> dict:
        return self.cluster.get("-n", "shop", "statefulset", self.name)

    def pods(self) -> list[dict]:
        return self.cluster.get("-n", "shop", "pods", "-l", "app.kubernetes.io/component=pipeline")["items"]

    def file_in_use(self) -> dict:
        return yaml.safe_load(self.cluster.get("-n", "shop", "configmap", self.name)["data"]["pipeline.yaml"])

    def checksum(self) -> str:
        return self.workload()["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    def history(self) -> list[str]:
        revisions = self.cluster.get("-n", "shop", "controllerrevisions")["items"]
        return [r["metadata"]["name"] for r in sorted(revisions, key=lambda r: r["revision"])]

    def upgrade(self, tmp_path, *arguments, **options):
        return self.cluster.helm("upgrade", "shop", CHART, "-n", "shop", "-f", written(tmp_path, self.values), "--wait",
                                 "--timeout", "120s", *arguments, **options)


def test_the_version_is_the_one_of_the_checks(cluster):
    assert json.loads(cluster.kubectl("version", "-o", "json").stdout)["serverVersion"]["gitVersion"].startswith("v1.35.")


def test_installed(shop):
    assert "roll" in shop.rolled_out()
    pods = shop.pods()
    assert sorted(p["metadata"]["name"] for p in pods) == [f"{shop.name}-0", f"{shop.name}-1"]
    assert all(any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"]["conditions"]) for p in pods)
    assert {p["spec"]["nodeName"] for p in pods} == {f"node-{zone}" for zone in ZONES}, "spread over both zones"
    budget = eventually(lambda: shop.cluster.get("-n", "shop", "pdb", shop.name)["status"].get("disruptionsAllowed"),
                        "the budget has found its pods", PATIENCE)
    assert budget == 1
    assert not shop.cluster.get("-n", "shop", "jobs")["items"], "the init job is done and gone"


def test_helm_test_runs_the_check(shop):
    assert "Phase:          Succeeded" in shop.cluster.helm("test", "shop", "-n", "shop", "--timeout", "90s").stdout


def test_upgrade_rollback_restart_and_undo(shop, tmp_path):
    before, first = shop.checksum(), shop.history()
    shop.values["pipelines"]["checkouts"]["config"]["attribute"]["window"] = "2h"
    shop.upgrade(tmp_path)
    shop.rolled_out()
    assert shop.checksum() != before, "a change of the file replaces the pods"
    assert shop.file_in_use()["attribute"]["window"] == "2h"
    assert len(shop.history()) == len(first) + 1

    shop.cluster.helm("rollback", "shop", "1", "-n", "shop", "--wait", "--timeout", "120s")
    shop.rolled_out()
    assert shop.checksum() == before and shop.file_in_use()["attribute"]["window"] == "1h"

    uids = {p["metadata"]["uid"] for p in shop.pods()}
    shop.kubectl("rollout", "restart", f"statefulset/{shop.name}")
    shop.rolled_out()
    assert not uids & {p["metadata"]["uid"] for p in shop.pods()}, "every pod is another one"
    assert sorted(p["metadata"]["name"] for p in shop.pods()) == [f"{shop.name}-0", f"{shop.name}-1"]

    restarted = shop.workload()["spec"]["template"]["metadata"]["annotations"]
    assert "kubectl.kubernetes.io/restartedAt" in restarted
    shop.kubectl("rollout", "undo", f"statefulset/{shop.name}")
    shop.rolled_out()
    assert "kubectl.kubernetes.io/restartedAt" not in shop.workload()["spec"]["template"]["metadata"]["annotations"]


def test_a_bad_values_file_changes_nothing(shop, tmp_path):
    before = (shop.workload()["metadata"]["generation"], len(json.loads(
        shop.cluster.helm("history", "shop", "-n", "shop", "-o", "json").stdout)))
    shop.values["pipelines"]["checkouts"]["terminationGracePeriodSeconds"] = 5
    try:
        done = shop.upgrade(tmp_path, check=False)
    finally:
        del shop.values["pipelines"]["checkouts"]["terminationGracePeriodSeconds"]
    assert done.returncode != 0 and "20 is the least" in done.stderr
    assert before == (shop.workload()["metadata"]["generation"], len(json.loads(
        shop.cluster.helm("history", "shop", "-n", "shop", "-o", "json").stdout)))


def test_a_roll_out_that_gets_stuck_is_undone(shop):
    """The second pod never gets a node, so the first one is left alone; undo needs no hand."""
    nowhere = {"spec": {"template": {"spec": {"nodeSelector": {"no": "such-node"}}}}}
    shop.kubectl("patch", "statefulset", shop.name, "-p", json.dumps(nowhere))

    def phases():
        return {p["metadata"]["name"][-1]: p["status"]["phase"] for p in shop.pods() if "deletionTimestamp" not in p["metadata"]}

    eventually(lambda: phases() == {"0": "Running", "1": "Pending"}, "one pod runs, one waits for a node", PATIENCE)
    stuck = shop.kubectl("rollout", "status", f"statefulset/{shop.name}", "--timeout=1s", check=False)
    assert stuck.returncode != 0 and phases() == {"0": "Running", "1": "Pending"}
    shop.kubectl("rollout", "undo", f"statefulset/{shop.name}")
    shop.rolled_out()
    assert phases() == {"0": "Running", "1": "Running"}


def test_scaling_out_and_in(shop):
    for replicas in (4, 2):
        shop.kubectl("scale", f"statefulset/{shop.name}", f"--replicas={replicas}")
        eventually(lambda: shop.workload()["status"].get("availableReplicas") == replicas
                   and len(shop.pods()) == replicas, f"{replicas} pods", PATIENCE)


def test_a_batch_runs_to_its_end(cluster, tmp_path):
    cluster.namespace("nightly")
    cluster.helm("install", "nightly", CHART, "-n", "nightly", "-f", case("batch"), "--wait", "--timeout", "120s")
    found = cluster.get("-n", "nightly", "cronjob", "nightly-tributary-nightly")
    assert found["spec"]["timeZone"] == "America/Edmonton"
    cluster.kubectl("-n", "nightly", "create", "job", "now", "--from=cronjob/nightly-tributary-nightly")
    cluster.kubectl("-n", "nightly", "wait", "--for=condition=Complete", "job/now", "--timeout=90s")


@pytest.mark.parametrize("values", CASES, ids=lambda file: file.stem.removesuffix("-values"))
def test_the_api_server_takes_every_object(cluster, values):
    cluster.namespace("dry-run")
    text = helm("template", values.stem.removesuffix("-values"), CHART, "-f", values, "-n", "dry-run").stdout
    done = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=text)
    assert "Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_api_server_takes_the_manifests(cluster, overlay):
    for name in ("tributary", "tributary-local"):
        cluster.namespace(name)
    built = cluster.kubectl("kustomize", ROOT / "k8s" / overlay).stdout
    done = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=built)
    assert "Warning" not in done.stderr, done.stderr


def test_the_local_overlay_rolls_out_and_back(cluster, tmp_path):
    cluster.namespace("tributary-local")
    built = cluster.kubectl("kustomize", ROOT / "k8s/overlays/local").stdout
    cluster.kubectl("apply", "-f", "-", input=built)
    space = ["-n", "tributary-local"]
    for name in ("redpanda", "postgres", "tributary"):
        cluster.kubectl(*space, "rollout", "status", f"statefulset/{name}", "--timeout=90s")
    cluster.kubectl(*space, "wait", "--for=condition=Complete", "job/topics", "--timeout=90s")

    def mounted():
        volumes = cluster.get(*space, "statefulset", "tributary")["spec"]["template"]["spec"]["volumes"]
        (name,) = [v["configMap"]["name"] for v in volumes if v["name"] == "pipeline"]
        return yaml.safe_load(cluster.get(*space, "configmap", name)["data"]["pipeline.yaml"])["attribute"]["window"]

    copy = tmp_path / "k8s"
    subprocess.run(["cp", "-r", ROOT / "k8s", copy], check=True)
    file = copy / "base/pipeline.yaml"
    file.write_text(file.read_text().replace("window: 1h", "window: 3h"))
    cluster.kubectl("apply", "-k", copy / "overlays/local")
    cluster.kubectl(*space, "rollout", "status", "statefulset/tributary", "--timeout=90s")
    assert mounted() == "3h"
    cluster.kubectl(*space, "rollout", "undo", "statefulset/tributary")
    cluster.kubectl(*space, "rollout", "status", "statefulset/tributary", "--timeout=90s")
    assert mounted() == "1h", "the old file is still there, under its own name"


def test_a_pod_gets_its_nodes_zone(shop):
    """rack.from: podLabel. Kubernetes 1.35 copies the label when the pod is bound, before a container starts."""
    for pod in shop.pods():
        zone = pod["metadata"]["labels"].get("topology.kubernetes.io/zone")
        assert f"node-{zone}" == pod["spec"]["nodeName"]


def test_the_init_container_finds_the_zone(cluster, tmp_path):
    """rack.from: nodeLabel. Its script, run here with the rights that the chart gives it, and without them."""
    cluster.namespace("racks")
    cluster.helm("install", "racks", CHART, "-n", "racks", "-f", case("rack"), "--wait", "--timeout", "120s")
    objects = rendered(case("rack"), "racks")
    (template,) = [t for o, t in pod_specs(of_kind(objects, "StatefulSet")) if "initContainers" in t["spec"]]
    rack = container(template, "rack")
    answer = run_rack_script(cluster, tmp_path, rack, "racks-tributary")
    assert answer.returncode == 0 and (tmp_path / "rack").read_text() == ZONES[0], answer.stderr
    refused = run_rack_script(cluster, tmp_path, rack, "default")
    assert refused.returncode != 0 and "403" in refused.stderr


def run_rack_script(cluster, folder, rack, account):
    (folder / "token").write_text(cluster.kubectl("-n", "racks", "create", "token", account).stdout)
    (script,) = rack["args"]
    script = script.replace("/var/run/secrets/node-reader/ca.crt", str(cluster.folder / "pki/apiserver.crt"))
    script = script.replace("/var/run/secrets/node-reader", str(folder)).replace("/run/tributary", str(folder))
    script = script.replace("--retry 5 --retry-all-errors", "")
    environment = {**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1", "NODE_NAME": f"node-{ZONES[0]}",
                   "KUBERNETES_SERVICE_PORT": str(cluster.api_port),
                   "RACK_LABEL": [v["value"] for v in rack["env"] if v["name"] == "RACK_LABEL"][0]}
    tool("curl")
    return subprocess.run([*rack["command"], script], env=environment, capture_output=True, text=True, timeout=30)
