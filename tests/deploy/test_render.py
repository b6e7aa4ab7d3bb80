"""What the chart makes of its values."""

import re

import pytest
import yaml

from chart import CASES, CHART, case, container, of_kind, one, pod_specs, render, rendered, variable, with_pipeline
from tools import ROOT

ALL = pytest.mark.parametrize("values", CASES, ids=lambda file: file.stem.removesuffix("-values"))


def pipeline_file(objects, name="shop-tributary-checkouts") -> dict:
    return yaml.safe_load(one(objects, "ConfigMap", name)["data"]["pipeline.yaml"])


@ALL
def test_every_container_is_locked_in(values):
    templates = list(pod_specs(rendered(values)))
    assert templates
    for o, template in templates:
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for c in spec["containers"] + spec.get("initContainers", []):
            assert c["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
            }, (o["metadata"]["name"], c["name"])
            assert c["resources"]["limits"]["memory"]


@ALL
def test_the_chart_makes_no_secret(values):
    assert not of_kind(rendered(values), "Secret")


@ALL
def test_selectors_find_the_pods_of_one_pipeline(values):
    objects = rendered(values)
    pods = [(o["metadata"]["name"], t["metadata"]["labels"]) for o, t in pod_specs(objects)]
    selecting = [o for o in objects if o["kind"] in ("Service", "PodDisruptionBudget", "StatefulSet", "Deployment")]
    for o in selecting:
        wanted = o["spec"]["selector"]
        wanted = wanted.get("matchLabels", wanted)
        assert [name for name, labels in pods if wanted.items() <= labels.items()] == [o["metadata"]["name"]]


@ALL
def test_variables_of_the_file_are_set(values):
    objects = rendered(values)
    for o, template in pod_specs(objects):
        (volume,) = [v["configMap"] for v in template["spec"]["volumes"] if v["name"] == "config"]
        maps = of_kind(objects, "ConfigMap", volume["name"])
        if maps:
            wanted = set(re.findall(r"\$\{([A-Z_]+)", maps[0]["data"]["pipeline.yaml"]))
            assert wanted <= {v["name"] for v in container(template)["env"]}, o["metadata"]["name"]


def test_the_least():
    objects = rendered(case("minimal"))
    kinds = sorted(o["kind"] for o in objects)
    assert kinds == ["ConfigMap", "Job", "PodDisruptionBudget", "Service", "ServiceAccount", "StatefulSet"]
    workload = one(objects, "StatefulSet")
    assert workload["spec"]["replicas"] == 2 and workload["spec"]["podManagementPolicy"] == "Parallel"
    assert workload["spec"]["serviceName"] == one(objects, "Service")["metadata"]["name"]
    program = container(workload["spec"]["template"])
    assert program["image"] == "ghcr.io/tributary/tributary:0.1.0"
    assert program["args"] == ["run", "/etc/tributary/pipeline.yaml", "--listen", ":9469"]
    assert workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 20


def test_probes_ask_what_they_should():
    program = container(one(rendered(case("minimal")), "StatefulSet")["spec"]["template"])
    paths = {p: program[p]["httpGet"] for p in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {p: a["path"] for p, a in paths.items()} == {
        "startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"
    }
    assert {a["port"] for a in paths.values()} == {"metrics"}
    assert program["ports"][0]["name"] == "metrics"


def test_the_file_has_what_was_left_out():
    file = pipeline_file(rendered(case("minimal")))
    assert (file["version"], file["pipeline"], file["kafka"]["instance_id"]) == (1, "checkouts", "${POD_NAME}")
    pod = one(rendered(case("minimal")), "StatefulSet")["spec"]["template"]
    assert variable(pod, "POD_NAME")["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_what_the_file_says_stays(tmp_path):
    values = with_pipeline()
    values["pipelines"]["checkouts"]["config"] |= {"version": 1, "pipeline": "other"}
    values["pipelines"]["checkouts"]["config"]["kafka"]["instance_id"] = "${POD_NAME}.eu"
    file = pipeline_file(render(tmp_path, values))
    assert (file["pipeline"], file["kafka"]["instance_id"]) == ("other", "${POD_NAME}.eu")


@pytest.mark.parametrize("kind, said, static", [
    ("StatefulSet", "auto", True), ("StatefulSet", True, True), ("StatefulSet", False, False),
    ("Deployment", "auto", False), ("Deployment", False, False),
])
def test_static_membership(tmp_path, kind, said, static):
    file = pipeline_file(render(tmp_path, with_pipeline(kind=kind, staticMembership=said)))
    assert ("instance_id" in file["kafka"]) == static


def test_a_pipelines_own_settings_go_before_the_defaults(tmp_path):
    values = with_pipeline(podDisruptionBudget={"enabled": False}, replicas=0, terminationGracePeriodSeconds=60)
    values["defaults"] = {"replicas": 5, "podLabels": {"team": "growth"}}
    objects = render(tmp_path, values)
    workload = one(objects, "StatefulSet")
    assert workload["spec"]["replicas"] == 0, "0 is a value"
    assert workload["spec"]["template"]["metadata"]["labels"]["team"] == "growth"
    assert not of_kind(objects, "PodDisruptionBudget"), "false is one, too"


def test_a_change_of_the_file_replaces_the_pods_and_nothing_else_does(tmp_path):
    def checksum(values):
        return one(render(tmp_path, values), "StatefulSet")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    values = with_pipeline()
    first = checksum(values)
    values["pipelines"]["checkouts"]["replicas"] = 3
    assert checksum(values) == first
    values["pipelines"]["checkouts"]["config"]["attribute"]["window"] = "2h"
    assert checksum(values) != first


def test_existing_configmap_and_secrets_as_files():
    objects = rendered(case("existing-configmap"))
    assert not of_kind(objects, "ConfigMap")
    spec = one(objects, "StatefulSet")["spec"]["template"]["spec"]
    volumes = {v["name"]: v for v in spec["volumes"]}
    assert volumes["config"]["configMap"] == {
        "name": "shop-pipeline", "items": [{"key": "checkouts.yaml", "path": "pipeline.yaml"}]
    }
    assert volumes["secret-1"]["secret"]["items"] == [{"key": "password", "path": "password"}]
    mounts = {m["name"]: m["mountPath"] for m in spec["containers"][0]["volumeMounts"]}
    assert mounts["secret-0"] == "/run/secrets/kafka" and mounts["rds-ca"] == "/run/rds"
    assert spec["containers"][0]["envFrom"] == [{"secretRef": {"name": "shop-kafka"}}]


def test_a_batch():
    (job,) = of_kind(rendered(case("batch")), "CronJob")
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("15 3 * * *", "America/Edmonton", "Forbid")
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert container({"spec": pod})["args"][:4] == ["run", "/etc/tributary/pipeline.yaml", "--once", "--close"]
    assert "livenessProbe" not in container({"spec": pod}) and pod["restartPolicy"] == "Never"
    codes = spec["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]
    assert codes["action"] == "FailJob" and codes["onExitCodes"]["values"] == [2, 4]
    assert not of_kind(rendered(case("batch")), "PodDisruptionBudget")


def test_keda_stops_at_the_partitions_and_counts_the_right_lag():
    objects = rendered(case("keda"))
    kafka = one(objects, "ScaledObject", "shop-tributary-checkouts")["spec"]
    assert (kafka["minReplicaCount"], kafka["maxReplicaCount"]) == (2, 12)
    (trigger,) = kafka["triggers"]
    assert trigger["metadata"] == {
        "bootstrapServers": "redpanda:9092", "consumerGroup": "tributary.checkouts", "topic": "checkouts",
        "lagThreshold": "50000", "offsetResetPolicy": "earliest", "allowIdleConsumers": "false",
        "sasl": "scram_sha512", "tls": "enable",
    }
    assert trigger["authenticationRef"] == {"name": "kafka-for-keda"}
    other = one(objects, "ScaledObject", "shop-tributary-by-prometheus")["spec"]
    assert other["maxReplicaCount"] == 6, "two workers in a pod"
    query = other["triggers"][0]["metadata"]["query"]
    assert query == 'sum(tributary_lag_records{namespace="shop",pipeline="by-prometheus"})'
    assert all("replicas" not in w["spec"] for w in of_kind(objects, "StatefulSet")), "or each upgrade would set them back"


def test_the_two_stages_of_rekeying_scale_apart():
    objects = rendered(case("rekeying"))
    copying = one(objects, "ScaledObject", "shop-tributary-copying")["spec"]["triggers"]
    assert {(t["metadata"]["consumerGroup"], t["metadata"]["topic"]) for t in copying} == {
        ("tributary.checkouts.repartition", "clicks"), ("tributary.checkouts.repartition", "checkouts")
    }
    (joining,) = one(objects, "ScaledObject", "shop-tributary-joining")["spec"]["triggers"]
    assert joining["metadata"]["consumerGroup"] == "tributary.checkouts"
    assert joining["metadata"]["topic"] == "checkouts.checkouts.rekeyed"
    args = container(one(objects, "StatefulSet", "shop-tributary-copying")["spec"]["template"])["args"]
    assert args[-2:] == ["--only", "repartition"]


def test_hpa():
    objects = rendered(case("hpa"))
    scaler = one(objects, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 60
    assert one(objects, "PodDisruptionBudget")["spec"]["minAvailable"] == 1


def test_gke():
    objects = rendered(case("gcp"))
    account = one(objects, "ServiceAccount", "shop-tributary")
    assert account["metadata"]["annotations"]["iam.gke.io/gcp-service-account"]
    for o, template in pod_specs(objects):
        proxy = container(template, "cloud-sql-proxy")
        assert proxy["restartPolicy"] == "Always", "a native sidecar: a job ends although it runs"
        assert proxy["args"][-1] == "project:europe-west1:shop" and "--auto-iam-authn" in proxy["args"]
        assert "startupProbe" in proxy, "the program starts when the proxy answers"


def test_init_comes_before_everything():
    objects = rendered(case("gcp"))
    hooks = [o for o in objects if o["metadata"].get("annotations", {}).get("helm.sh/hook") == "pre-install,pre-upgrade"]

    def weight(kind, name):
        return int(one(hooks, kind, name)["metadata"]["annotations"]["helm.sh/hook-weight"])

    job = one(hooks, "Job", "shop-tributary-checkouts-init")
    spec = job["spec"]["template"]["spec"]
    assert container({"spec": spec})["args"] == ["init", "/etc/tributary/pipeline.yaml"]
    last = weight("Job", job["metadata"]["name"])
    assert weight("ServiceAccount", spec["serviceAccountName"]) < last
    (file,) = [v["configMap"]["name"] for v in spec["volumes"] if v["name"] == "config"]
    assert weight("ConfigMap", file) < last


def test_racks():
    label = one(rendered(case("aws")), "StatefulSet")["spec"]["template"]
    assert variable(label, "TRIBUTARY_RACK")["valueFrom"]["fieldRef"]["fieldPath"] == (
        "metadata.labels['topology.kubernetes.io/zone']"
    )
    assert pipeline_file(rendered(case("aws")))["kafka"]["properties"] == {"client.rack": "${TRIBUTARY_RACK:-none}"}
    objects = rendered(case("rack"))
    assert pipeline_file(objects)["kafka"]["properties"] == {"client.rack": "${file:/run/tributary/rack}"}
    assert pipeline_file(objects, "shop-tributary-checkouts-init")["kafka"]["properties"] == {
        "client.rack": "${TRIBUTARY_RACK:-none}"
    }
    assert one(objects, "ClusterRole")["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    pod = one(objects, "StatefulSet", "shop-tributary-checkouts")["spec"]["template"]
    assert [m["name"] for m in container(pod)["volumeMounts"] if "token" in m["mountPath"] or "node" in m["name"]] == []
    value = one(objects, "StatefulSet", "shop-tributary-elsewhere")["spec"]["template"]
    assert variable(value, "TRIBUTARY_RACK")["value"] == "eu-west-1a"


def test_near_the_brokers():
    affinity = one(rendered(case("aws")), "StatefulSet")["spec"]["template"]["spec"]["affinity"]
    (term,) = affinity["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"] == {
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "redpanda"}}, "namespaces": ["redpanda"],
        "topologyKey": "topology.kubernetes.io/zone",
    }


def test_pods_are_spread():
    spread = one(rendered(case("minimal")), "StatefulSet")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [s["topologyKey"] for s in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert all(s["labelSelector"]["matchLabels"]["tributary/pipeline"] == "checkouts" for s in spread)


def test_the_network():
    policy = one(rendered(case("aws")), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"][0]["ports"] == [{"port": 9469, "protocol": "TCP"}]
    assert policy["ingress"][0]["from"][0]["namespaceSelector"]
    ports = {p["port"] for rule in policy["egress"] for p in rule["ports"]}
    assert ports == {53, 9096, 5432, 80, 987, 988}
    gke = {p["port"] for rule in one(rendered(case("gcp")), "NetworkPolicy")["spec"]["egress"] for p in rule["ports"]}
    assert {443, 3307} <= gke
    rack = {p["port"] for rule in one(rendered(case("rack")), "NetworkPolicy")["spec"]["egress"] for p in rule["ports"]}
    assert 6443 in rack


def test_monitoring():
    objects = rendered(case("monitoring"))
    rules = one(objects, "PrometheusRule")["spec"]
    ours = yaml.safe_load((ROOT / "monitoring/rules.yaml").read_text())
    for group in ours["groups"]:
        for rule in group["rules"]:
            anchor = rule["annotations"]["runbook_url"].split("#")[1]
            rule["annotations"]["runbook_url"] = f"https://runbooks.example.com/tributary.md#{anchor}"
    assert rules == ours
    dashboard = one(objects, "ConfigMap", "shop-tributary-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["data"]["tributary.json"].strip() == (ROOT / "monitoring/dashboard.json").read_text().strip()
    for objects, kind, key in ((objects, "ServiceMonitor", "endpoints"), (rendered(case("batch")), "PodMonitor", "podMetricsEndpoints")):
        (endpoint,) = one(objects, kind)["spec"][key]
        assert {r["targetLabel"] for r in endpoint["relabelings"]} == {"job", "pipeline"}


def test_rules_without_an_address_of_ones_own(tmp_path):
    values = with_pipeline()
    values["monitoring"] = {"prometheusRule": {"enabled": True}}
    assert one(render(tmp_path, values), "PrometheusRule")["spec"] == yaml.safe_load(
        (ROOT / "monitoring/rules.yaml").read_text())


def test_pod_settings_are_passed_on():
    workload = one(rendered(case("deployment")), "Deployment")
    spec = workload["spec"]["template"]["spec"]
    assert spec["priorityClassName"] == "system-cluster-critical" and spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec["tolerations"][0]["key"] == "dedicated" and spec["imagePullSecrets"] == [{"name": "registry"}]
    assert container(workload["spec"]["template"])["args"][-2:] == ["--log-format", "json"]
    assert container(workload["spec"]["template"])["image"].startswith("registry.example.com/tributary@sha256:")
    assert workload["metadata"]["labels"]["cost-centre"] == "1234"
    assert workload["spec"]["template"]["metadata"]["annotations"]["example.com/owner"] == "growth"
    assert workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 1


def test_names(tmp_path):
    values = with_pipeline()
    assert one(render(tmp_path, {**values, "fullnameOverride": "x"}), "StatefulSet")["metadata"]["name"] == "x-checkouts"
    assert (CHART / "templates/NOTES.txt").exists()
