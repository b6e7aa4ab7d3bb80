"""A control plane of Kubernetes of the test's own, on loopback: etcd, API server, controller manager and scheduler are real;
nodes and the pods on them are simulated by kwok, so pods become ready whatever their image is."""

import json
import os
import socket
import subprocess
from pathlib import Path

import yaml

from pipeline import eventually
from tools import FOLDER, run, tool

# Debian's etcd is too old for them; clients would ask again and again, with longer and longer pauses.
NO_WATCH_LISTS = {"KUBE_FEATURE_WatchListClient": "false"}
ZONES = ("europe-west1-b", "europe-west1-c")
PATIENCE = 90  # seconds, for controllers that take turns on a busy machine


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on; all are taken at the same time, so they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class ControlPlane:
    def __init__(self, folder: Path):
        self.folder, self.processes = folder, {}
        self.kubeconfig = folder / "kubeconfig"
        self.token = os.urandom(16).hex()
        self.etcd_port, self.peer_port, self.api_port, self.kwok_port = free_ports(4)

    def start(self) -> None:
        for name in ("kube", "kwok", "etcd", "openssl"):  # all that are missing are missed before anything runs
            tool(name)
        key, public = self.folder / "sa.key", self.folder / "sa.pub"
        run(tool("openssl"), "genrsa", "-out", key, "2048")
        run(tool("openssl"), "rsa", "-in", key, "-pubout", "-out", public)
        (self.folder / "tokens.csv").write_text(f'{self.token},admin,admin,"system:masters"\n')
        self._write_kubeconfig()
        self._etcd()
        self._api_server(key, public)
        eventually(lambda: self._answers("/readyz"), "the API server is ready", PATIENCE)
        kubeconfig = ["--kubeconfig", str(self.kubeconfig)]
        self._run("kube", "kube-controller-manager", *kubeconfig, "--service-account-private-key-file", str(key),
                  "--root-ca-file", str(self.folder / "pki/apiserver.crt"), "--leader-elect=false", "--secure-port=0",
                  "--concurrent-statefulset-syncs=2", "--node-monitor-grace-period=1h", log="controller-manager")
        self._run("kube", "kube-scheduler", *kubeconfig, "--leader-elect=false", "--secure-port=0", log="scheduler")
        self._run("kwok", *kubeconfig, "--manage-all-nodes=true", "--server-address", f"127.0.0.1:{self.kwok_port}",
                  log="kwok")
        self._nodes()
        for definition in sorted((FOLDER / "crds").glob("*.yaml")):
            self.kubectl("create", "-f", definition)
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")

    def stop(self) -> None:
        """Nothing of it is needed any more, so nobody is asked to finish anything."""
        for process in reversed(self.processes.values()):
            process.kill()
        for process in self.processes.values():
            process.wait()

    def kubectl(self, *arguments, **options) -> subprocess.CompletedProcess:
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        return run(tool("kube"), "kubectl", *arguments, env=environment, **options)

    def helm(self, *arguments, **options) -> subprocess.CompletedProcess:
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HELM_CACHE_HOME": str(self.folder / "helm")}
        return run(tool("helm"), *arguments, env=environment, **options)

    def get(self, *what) -> dict:
        return json.loads(self.kubectl("get", *what, "-o", "json").stdout)

    def namespace(self, name: str) -> str:
        """One in which only pods of the strictest profile may run."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        self.kubectl("apply", "-f", "-", input=json.dumps(document))
        eventually(lambda: self.kubectl("-n", name, "get", "serviceaccount", "default", check=False).returncode == 0,
                   f"namespace {name} has its service account", PATIENCE)
        return name

    def _run(self, name: str, *arguments, log: str) -> None:
        with open(self.folder / f"{log}.log", "w") as out:
            self.processes[log] = subprocess.Popen([tool(name), *arguments], stdout=out, stderr=subprocess.STDOUT,
                                                   env={**os.environ, **NO_WATCH_LISTS}, start_new_session=True)

    def _etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.peer_port}"
        self._run("etcd", "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", client,
                  "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                  "--initial-cluster", f"default={peer}", "--unsafe-no-fsync", log="etcd")

    def _api_server(self, key: Path, public: Path) -> None:
        self._run("kube", "kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{self.etcd_port}",
                  "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port", str(self.api_port),
                  "--cert-dir", str(self.folder / "pki"), "--service-account-key-file", str(public),
                  "--service-account-signing-key-file", str(key), "--endpoint-reconciler-type=none",
                  "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24",
                  "--authorization-mode=RBAC", "--feature-gates=WatchList=false", "--token-auth-file", str(self.folder / "tokens.csv"), log="apiserver")

    def _answers(self, path: str) -> bool:
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} has ended:\n{(self.folder / f'{name}.log').read_text()[-2000:]}"
        return self.kubectl("get", "--raw", path, check=False).returncode == 0

    def _write_kubeconfig(self) -> None:
        self.kubeconfig.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.api_port}",
                                                      "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        }))
        self.kubeconfig.chmod(0o600)

    def _nodes(self) -> None:
        size = {"cpu": "16", "memory": "64Gi", "pods": "110"}
        nodes = [{"apiVersion": "v1", "kind": "Node",
                  "metadata": {"name": f"node-{zone}", "annotations": {"kwok.x-k8s.io/node": "fake"},
                               "labels": {"kubernetes.io/hostname": f"node-{zone}", "kubernetes.io/os": "linux",
                                          "topology.kubernetes.io/region": zone[:-2],
                                          "topology.kubernetes.io/zone": zone}},
                  "status": {"allocatable": size, "capacity": size}} for zone in ZONES]
        self.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}))
