"""compose.yaml: docker compose's own library reads it, all that it names is there, and what it tells Tributary to do is
done, in its order, by the real program with a real broker and database. No container is started."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
import yaml

from unpacked import ROOT, tool, unavailable

from pipeline import PROGRAM, Process, eventually
from servers import Servers, Unavailable
from watched import Watched

FILE = ROOT / "compose.yaml"
IMAGE = "tributary:0.1.0"


def read(file: Path, code: int = 0):
    line = [tool("compose-go"), "-format", "json", file]
    done = subprocess.run(line, cwd=file.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def model():
    """The file as docker compose understands it: merged, with whole paths, checked against the schema."""
    return json.loads(read(FILE).stdout)


@pytest.fixture(scope="module")
def services(model):
    return model["services"]


def ours(services) -> dict[str, dict]:
    return {name: service for name, service in services.items() if service["image"] == IMAGE}


@pytest.mark.parametrize(
    "before, after, message",
    [
        ("read_only: true", "read_onli: true", "Additional property read_onli is not allowed"),
        ("condition: service_healthy", "condition: service_helthy", "must be one of the following"),
        ("stop_grace_period: 20s", "stop_grace_period: [20]", "must be a string"),
    ],
)
def test_the_library_refuses_what_is_wrong(tmp_path, before, after, message):
    """It does look."""
    text = FILE.read_text()
    assert before in text
    (tmp_path / "compose.yaml").write_text(text.replace(before, after))
    assert message in read(tmp_path / "compose.yaml", code=1).stderr


def test_every_service_is_there(services):
    servers = {"redpanda", "console", "postgres", "prometheus", "grafana"}
    assert set(services) == servers | {"topics", "init", "tributary", "shop"}
    assert set(ours(services)) == {"topics", "init", "tributary", "shop"}


def test_every_image_is_pinned(services):
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+(\.\d+)+", tag), f"{name}: {service['image']}"


def test_every_file_that_is_mounted_exists(services):
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                source = Path(volume["source"])
                assert source.is_file() and source.is_relative_to(ROOT), f"{name}: {source}"
                assert volume["read_only"], f"{name}: {source} can be written"


def test_it_listens_on_this_machine_alone_and_no_port_twice(services):
    ports = [(name, port) for name, service in services.items() for port in service.get("ports", [])]
    assert all(port["host_ip"] == "127.0.0.1" for _, port in ports)
    published = [port["published"] for _, port in ports]
    assert len(published) == len(set(published))
    assert {(name, port["target"]) for name, port in ports} >= {("tributary", 9469), ("grafana", 3000), ("postgres", 5432)}


def test_who_is_waited_for_can_be_waited_for(services):
    """service_healthy needs a health check, service_completed_successfully something that ends."""
    lasting = {"redpanda", "console", "postgres", "tributary", "shop", "prometheus", "grafana"}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}, which there is not"
            condition, check = how["condition"], services[other].get("healthcheck", {})
            if condition == "service_healthy":
                assert check.get("test"), f"{name} waits for the health of {other}"
            else:
                assert condition == "service_completed_successfully" and other not in lasting, f"{name}: {other}"


def test_ours_can_do_little(services):
    for name, service in ours(services).items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "entrypoint" not in service or service["entrypoint"] is None, name
        assert service["build"]["context"] == str(ROOT), name
        disabled = service.get("healthcheck", {}).get("disable", False)
        assert disabled == (name != "tributary"), f"{name}: only run answers health checks"


def test_names_agree(services):
    """What is reached by a name is a service of that name, which listens there."""
    environment = services["tributary"]["environment"]
    assert environment["KAFKA_BROKERS"] == "redpanda:9092"
    assert "--advertise-kafka-addr=internal://redpanda:9092,external://localhost:19092" in services["redpanda"]["command"]
    database = services["postgres"]["environment"]
    password, name = database["POSTGRES_PASSWORD"], database["POSTGRES_DB"]
    assert environment["DATABASE_URL"] == f"postgresql://postgres:{password}@postgres:5432/{name}"
    assert services["console"]["environment"]["KAFKA_BROKERS"] == "redpanda:9092"
    (scrape,) = yaml.safe_load((ROOT / "packaging/compose/prometheus.yml").read_text())["scrape_configs"]
    assert (scrape["job_name"], scrape["static_configs"][0]["targets"]) == ("tributary", ["tributary:9469"])
    (source,) = yaml.safe_load((ROOT / "packaging/compose/datasources.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"


def mounted(service, target: str) -> Path:
    (found,) = [Path(volume["source"]) for volume in service["volumes"] if volume["target"] == target]
    return found


def test_prometheus_takes_its_files(services, tmp_path):
    if not shutil.which("promtool"):
        unavailable("there is no promtool; scripts/install-deps metrics installs it")
    for name in ("prometheus.yml", "rules.yaml"):
        shutil.copy(mounted(services["prometheus"], f"/etc/prometheus/{name}"), tmp_path / name)
    line = ["promtool", "check", "config", tmp_path / "prometheus.yml"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "1 rule files found" in done.stdout, done.stdout + done.stderr


def test_grafana_finds_its_dashboard(services):
    grafana = services["grafana"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    dashboard = json.loads(mounted(grafana, home).read_text())
    assert dashboard["title"] and dashboard["panels"]
    provider = mounted(grafana, "/etc/grafana/provisioning/dashboards/tributary.yml")
    (one,) = yaml.safe_load(provider.read_text())["providers"]
    assert one["options"]["path"] == str(Path(home).parent)


def test_no_secret_but_the_laptops(model):
    """The one password is the database's, which only this machine can reach."""
    text = FILE.read_text()
    assert set(re.findall(r"PASSWORD: (\S+)|postgres:([^@\s/]+)@", text)) == {("laptop", ""), ("", "laptop")}


# --- what Tributary is told to do


@pytest.fixture(scope="module")
def servers():
    try:
        servers = Servers()
    except Unavailable as reason:
        unavailable(str(reason))
    yield servers
    servers.stop()


@pytest.fixture
def laptop(program, services, servers, tmp_path):
    """Runs a service of ours as it stands in the file, with the test's servers in the place of the laptop's."""
    with psycopg.connect(servers.database_url, autocommit=True) as database:
        scripts = sorted(services["postgres"]["volumes"], key=lambda volume: volume["target"])
        for volume in scripts:  # as the database's image does when it is new, in the order of the names
            if volume["target"].startswith("/docker-entrypoint-initdb.d/"):
                database.execute(Path(volume["source"]).read_text())
        environment = {"KAFKA_BROKERS": servers.brokers, "DATABASE_URL": servers.database_url}
        started = []

        def start(name: str, command: list[str] | None = None) -> Process:
            service = services[name]
            assert set(service["environment"]) == set(environment)
            file = mounted(service, "/etc/tributary/pipeline.yaml")
            words = [str(file) if word == "/etc/tributary/pipeline.yaml" else word for word in command or service["command"]]
            started.append(Process(words, environment, tmp_path, len(started)))
            return started[-1]

        yield SimpleNamespace(start=start, database=database)
        for process in started:
            process.kill()


@pytest.fixture
def program():
    if not PROGRAM.exists():
        unavailable(f"there is no {PROGRAM}; scripts/build makes it")
    return PROGRAM


def test_what_tributary_is_told_to_do(laptop, services):
    """topics and init end well; then the shop sends and the pipeline, by the image's own command, writes rows."""
    for name in ("topics", "init"):
        process = laptop.start(name)
        assert process.wait(60) == 0, process.log
    assert not services["tributary"].get("command")
    command = json.loads(re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1])
    at = command.index("--listen") + 1
    assert command[at] == ":9469"
    watched = Watched(laptop.start("tributary", [*command[:at], "127.0.0.1:0", *command[at + 1 :]]))
    watched.await_ready()
    shop = laptop.start("shop")

    def rows():
        assert shop.exit_code is None and watched.process.exit_code is None, shop.log + watched.process.log
        return laptop.database.execute(
            "select count(user_name), count(click_id) from commerce.attributed_checkouts"
        ).fetchone()

    # A row comes when clicks have passed it by 15 s, as this pipeline says.
    eventually(lambda: all(rows()), "rows with users and clicks", 120)
    assert watched.process.stop() == 0
