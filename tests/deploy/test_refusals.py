"""Values that contradict each other, or say nothing, are refused with a sentence that says what to do."""

import copy

import pytest

from chart import CHART, with_pipeline, written
from tools import helm

CONFIG = with_pipeline()["pipelines"]["checkouts"]["config"]


def changed(**paths) -> dict:
    """The inline file with values at dotted paths (written with two underscores)."""
    config = copy.deepcopy(CONFIG)
    for path, value in paths.items():
        at = config
        *way, last = path.split("__")
        for key in way:
            at = at.setdefault(key, {})
        at[last] = value
    return {"config": config}


KEDA = {"with": "keda"}
REFUSED = {
    "no file": ({"config": {}}, "there is no pipeline file"),
    "two files": ({"existingConfigMap": {"name": "x"}}, "both config and existingConfigMap"),
    "long name": (None, "leaves room for 46"),
    "two racks": ({"rack": {"from": "podLabel"}, **changed(kafka__properties={"client.rack": "a"})}, "leave one of them out"),
    "no rack": ({"rack": {"from": "value"}}, "rack.value is empty"),
    "init without a zone": (
        {"config": {}, "existingConfigMap": {"name": "x"}, "rack": {"from": "nodeLabel"}, "init": {"enabled": True}},
        "init cannot read the node's zone"),
    "password as a value": ({"env": [{"name": "KAFKA_PASSWORD", "value": "secret"}]}, "put it into a Secret"),
    "password in a url": ({"env": [{"name": "DATABASE_URL", "value": "postgresql://a:b@db/shop"}]}, "has a password in it"),
    "password in the file": (changed(postgres__url="postgresql://a:b@db/shop"), "has a password in it"),
    "sasl password": (changed(kafka__sasl={"mechanism": "PLAIN", "username": "a", "password": "b"}), "config.kafka.sasl.password"),
    "key password": (changed(kafka__tls={"key_password": "b"}), "config.kafka.tls.key_password"),
    "static deployment": ({"kind": "Deployment", "staticMembership": True}, "staticMembership needs kind StatefulSet"),
    "one name for all": (changed(kafka__instance_id="tributary"), "let only one of them in"),
    "too little grace": ({"terminationGracePeriodSeconds": 19}, "20 is the least"),
    "no memory limit": ({"resources": {"limits": {"memory": None}}}, "resources.limits.memory is missing"),
    "more than the limit": (changed(memory_limit="1GiB"), "the kernel would end the process first"),
    "batch that scales": ({"kind": "CronJob", "cron": {"schedule": "0 0 * * *"}, "autoscaling": KEDA}, "a batch runs in one pod"),
    "no end of scaling": ({"autoscaling": KEDA}, "say how many partitions"),
    "more pods than partitions": ({"partitions": 4, "autoscaling": {**KEDA, "maxReplicas": 5}}, "keep at most 4 pods busy"),
    "more pods than workers need": (
        {"partitions": 4, "autoscaling": {**KEDA, "maxReplicas": 3}, **changed(workers=2)}, "keep at most 2 pods busy"),
    "more than the most": ({"partitions": 4, "autoscaling": {**KEDA, "minReplicas": 5}}, "more than the greatest number"),
    "hpa without a request": (
        {"partitions": 4, "autoscaling": {"with": "hpa"}, "resources": {"requests": {"cpu": None}}}, "requests.cpu is missing"),
    "a budget of nothing": ({"podDisruptionBudget": {"minAvailable": 2}}, "no pod could ever be evicted"),
    "keda without prometheus": ({"partitions": 4, "autoscaling": {**KEDA, "keda": {"trigger": "prometheus"}}}, "prometheusAddress is empty"),
    "keda without brokers": ({"partitions": 4, "autoscaling": KEDA, **changed(kafka__brokers="${BROKERS}")}, "set autoscaling.keda.bootstrapServers"),
    "keda without a topic": (
        {"partitions": 4, "autoscaling": {**KEDA, "keda": {"bootstrapServers": "a:9092"}}, "config": {},
         "existingConfigMap": {"name": "x"}}, "set autoscaling.keda.topics"),
    "keda without a group": (
        {"partitions": 4, "autoscaling": {**KEDA, "keda": {"bootstrapServers": "a:9092", "topics": ["t"]}}, "config": {},
         "existingConfigMap": {"name": "x"}}, "set autoscaling.keda.consumerGroup"),
    "batch without a time": ({"kind": "CronJob"}, "cron.schedule is empty"),
    "zone in the schedule": ({"kind": "CronJob", "cron": {"schedule": "CRON_TZ=UTC 0 0 * * *"}}, "belongs into cron.timeZone"),
    "a time without a batch": ({"cron": {"schedule": "0 0 * * *"}}, "Set kind to CronJob"),
    "proxy without instance": ({"cloudSqlProxy": {"enabled": True}}, "cloudSqlProxy.instance is empty"),
}


def refusal(folder, values, release="shop") -> str:
    done = helm("template", release, CHART, "-f", written(folder, values), check=False)
    assert done.returncode != 0, "it was taken"
    return done.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_a_contradiction_is_refused(name, tmp_path):
    settings, sentence = REFUSED[name]
    if settings is None:
        said = refusal(tmp_path, with_pipeline(), release="a-release-with-a-name-that-is-too-long")
    else:
        said = refusal(tmp_path, with_pipeline(**settings))
    assert sentence in said and "pipelines.checkouts:" in said, said


def test_no_pipeline(tmp_path):
    assert "There is no pipeline" in refusal(tmp_path, {})


def test_scraped_twice(tmp_path):
    values = {**with_pipeline(), "monitoring": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}}
    assert "scraped twice" in refusal(tmp_path, values)


def test_two_pipelines_of_one_name(tmp_path):
    values = with_pipeline()
    again = copy.deepcopy(values["pipelines"]["checkouts"])
    again["config"]["pipeline"] = "checkouts"
    values["pipelines"]["again"] = again
    assert "from the same progress" in refusal(tmp_path, values)


@pytest.mark.parametrize("values, where", [
    ({"pipeline": {}}, "pipeline"),
    ({"defaults": {"replica": 3}}, "replica"),
    ({"defaults": {"kind": "DaemonSet"}}, "kind"),
    ({"defaults": {"replicas": "two"}}, "replicas"),
    ({"defaults": {"rack": {"from": "zone"}}}, "from"),
    ({"pipelines": {"Checkouts": {}}}, "Checkouts"),
    ({"image": {"digest": "latest"}}, "digest"),
    ({"service": {"port": 80}}, "port"),
    ({"monitoring": {"podMonitor": {"interval": "often"}}}, "interval"),
    ({"defaults": {"env": [{"name": "A", "value": "b", "valueFrom": {}}]}}, "env"),
])
def test_the_schema_refuses(values, where, tmp_path):
    merged = with_pipeline()
    for key, value in values.items():
        merged[key] = {**merged.get(key, {}), **value}
    said = refusal(tmp_path, merged)
    assert "values don't meet the specifications of the schema" in said and where in said
