import os
import random
import re
import signal
import uuid

import pytest

from case import Case
from database import Server
from kafka import Kafka
from lane import Lane
from pipeline import PROGRAM, Pipeline
from sanitizers import EXIT_CODE, Sanitizers
from servers import Servers, Unavailable

# What the tests start is told to read its file anew: also where nohup has told them to ignore that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

CI = os.environ.get("CI") == "true"


def unavailable(reason: str):
    """What is missing is a reason to skip on a developer's machine, never where tests must be complete."""
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sanitizers():
    return Sanitizers()


@pytest.fixture(autouse=True)
def no_sanitizer_reports(sanitizers, request):
    """Of no process of a test, whatever became of it."""
    yield
    processes = request.node.pipeline.processes if hasattr(request.node, "pipeline") else []
    reports = sanitizers.take_reports() + [p.log[-8000:] for p in processes if p.exit_code == EXIT_CODE]
    if reports:
        pytest.fail("\n".join(report[:8000] for report in reports[:5]), pytrace=False)


@pytest.fixture(scope="session")
def servers():
    try:
        servers = Servers()
    except Unavailable as reason:
        unavailable(str(reason))
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def kafka(servers):
    return Kafka(servers.brokers)


@pytest.fixture(scope="session")
def database_server(servers):
    return Server(servers.database_url)


@pytest.fixture
def mark(request):
    """A name nothing else has: of the test, and unique."""
    name = re.sub(r"\W+", "_", request.node.originalname.removeprefix("test_"))[:30]
    return f"{name}_{uuid.uuid4().hex[:6]}".lower()


@pytest.fixture
def database(database_server, mark):
    database = database_server.create(mark)
    yield database
    database.drop()


@pytest.fixture
def rnd():
    """Chance, to be repeated with TRIBUTARY_SEED."""
    seed = int(os.environ.get("TRIBUTARY_SEED", random.randrange(10**6)))
    print(f"TRIBUTARY_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def program():
    if not PROGRAM.exists():
        unavailable(f"there is no {PROGRAM}; scripts/build makes it")
    return PROGRAM


@pytest.fixture
def bare_case(program, kafka, database, mark, tmp_path, request):
    """A case whose topics do not exist yet."""
    environment = {"KAFKA_BROKERS": kafka.brokers, "DATABASE_URL": database.url}
    pipeline = Pipeline(mark, tmp_path, environment)
    request.node.pipeline = pipeline
    yield Case(kafka, database, pipeline)
    pipeline.end()
    kafka.drop_all_of(mark)


@pytest.fixture
def case(bare_case):
    bare_case.create_topics()
    bare_case.kafka.create(bare_case.pipeline.dead_letters, 1)
    return bare_case


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the program said."""
    report = yield
    if report.failed and hasattr(item, "pipeline"):
        for process in item.pipeline.processes:
            report.sections.append((process.log_file.name, process.log[-4000:]))
    return report


def one_lane(brokers: int):
    try:
        lane = Lane(brokers)
    except Unavailable as reason:
        unavailable(str(reason))
    yield lane
    lane.stop()


@pytest.fixture(scope="module")
def lane():
    """Servers to be broken, one broker."""
    yield from one_lane(1)


@pytest.fixture(scope="module")
def cluster():
    """The same with three brokers."""
    yield from one_lane(3)
