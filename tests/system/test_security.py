"""TLS, SASL, tokens, and the least rights, with servers that insist on them: who has them works; who has not learns in
seconds what is wrong, where, and what to do."""

import os
import stat

import time

import pytest

from events import checkout, click, unkeyed
from pipeline import eventually
from secure import MARK, Secure, SecureCase, token
from servers import Unavailable
from watched import watch

SOON = 15  # seconds in which a refusal is known


@pytest.fixture(scope="session")
def secure():
    try:
        secure = Secure()
    except Unavailable as reason:
        pytest.fail(str(reason), pytrace=False) if os.environ.get("CI") == "true" else pytest.skip(str(reason))
    yield secure
    secure.stop()


@pytest.fixture
def case(program, secure, mark, tmp_path, request):
    case = SecureCase(secure, mark, tmp_path)
    request.node.pipeline = case.pipeline
    yield case
    tell_nothing(case)
    case.end()


@pytest.fixture
def allowed(case):
    """With exactly the printed rights."""
    case.grant(user=case.role)
    case.allow()
    return case


def tell_nothing(case):
    """No process of any test here has shown a password or a token."""
    secrets = [MARK, case.secure.kafka_password, token().split(".")[0] + "."]
    for process in case.pipeline.processes:
        for said in (process.log, process.output):
            for secret in secrets:
                assert secret not in said, f"a secret is in {process.log_file.name} or its output"


def join(case):
    case.send(click(1, at=0), checkout(1, at=5))
    case.settle()


def refused(case, *words, code=2, run=("--once", "--close"), soon=SOON, whole=False):
    """`run` says once what is wrong, in the words given, and ends soon. Its last words, or all of them."""
    start = time.monotonic()
    process = case.pipeline.run(*run, timeout=60)
    seconds = time.monotonic() - start
    last = process.log[process.log.rindex("tributary run: ") :]
    assert process.exit_code == code, process.log
    for word in words:
        assert word in last, last
    assert process.log.count("tributary run: ") == 1, process.log
    assert seconds < soon, f"{seconds} s"
    return process.log if whole else last


# --- what works


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
def test_a_password(allowed, mechanism):
    allowed.by_sasl(mechanism)
    join(allowed)


def test_a_client_certificate(allowed):
    allowed.by_certificate()
    join(allowed)


def test_a_token_from_a_file(allowed, tmp_path):
    (tmp_path / "token").write_text(token() + "\n")
    allowed.by_token(token_file=str(tmp_path / "token"))
    join(allowed)


def program_that_prints(tmp_path, what: str):
    """A program that counts its runs, too."""
    program = tmp_path / "print"
    program.write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs\necho noise on the side >&2\n{what}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def runs(tmp_path) -> int:
    return (tmp_path / "runs").read_text().count("run") if (tmp_path / "runs").exists() else 0


def test_a_token_is_fetched_again_before_it_expires(allowed, tmp_path):
    script = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
    script += "import base64, json, time\n"
    script += "e = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b'=').decode()\n"
    script += "now = time.time()\n"
    script += "print(e({'alg': 'none'}) + '.' + e({'sub': 'tributary', 'iat': now, 'exp': now + 5}) + '.')\n"
    (tmp_path / "token.py").write_text(script)
    program = program_that_prints(tmp_path, f"exec python3 {tmp_path}/token.py")
    allowed.by_token(token_command=[str(program)])
    process = allowed.start()
    eventually(lambda: "event=reading" in process.log, "it reads", 30)
    before = runs(tmp_path)
    eventually(lambda: runs(tmp_path) >= before + 3, "the token is fetched again", 30)
    allowed.send(click(1, at=0), checkout(1, at=5), click(1, at=4000), checkout(1, at=4000))
    eventually(lambda: allowed.database.rows(), "a row with a later token", 30)
    assert process.stop() == 0, process.log


@pytest.mark.parametrize("source", ["command", "file"])
def test_a_database_password_is_fetched(allowed, tmp_path, source):
    """The password changes while the pipeline runs; the next connection has the new one."""
    (tmp_path / "password").write_text(allowed.password + "\n")
    allowed.change_url(password="")
    if source == "command":
        program = program_that_prints(tmp_path, f"exec cat {tmp_path}/password")
        allowed.pipeline.change("postgres.password_command", [str(program)])
    else:
        allowed.pipeline.change("postgres.password_file", str(tmp_path / "password"))
    process = allowed.start()
    eventually(lambda: "event=reading" in process.log, "it reads", 30)
    allowed.database.execute(f"alter role {allowed.role} password '{MARK}-new'")
    (tmp_path / "password").write_text(f"{MARK}-new\n")
    allowed.database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", allowed.role)
    allowed.send(click(1, at=0), checkout(1, at=5), click(1, at=4000), checkout(1, at=4000))
    eventually(lambda: allowed.database.rows(), "a row by a connection with the new password", 30)
    assert process.stop() == 0, process.log


def test_a_slow_command_does_not_cost_the_membership(allowed, tmp_path):
    """While it runs, longer than a session lasts, the worker stays in the group."""
    allowed.change_url(password="")
    (tmp_path / "password").write_text(allowed.password)
    (tmp_path / "seconds").write_text("0")
    program = program_that_prints(tmp_path, f"sleep $(cat {tmp_path}/seconds)\ncat {tmp_path}/password")
    allowed.pipeline.change("postgres.password_command", [str(program)])
    short = {"session.timeout.ms": 1500, "heartbeat.interval.ms": 300, "max.poll.interval.ms": 1600}
    allowed.pipeline.change("kafka.properties", short)
    process = allowed.start()
    eventually(lambda: "event=reading" in process.log, "it reads", 30)
    (tmp_path / "seconds").write_text("4")
    before = runs(tmp_path)
    allowed.database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", allowed.role)
    allowed.send(click(1, at=0), checkout(1, at=5), click(1, at=4000), checkout(1, at=4000))
    eventually(lambda: runs(tmp_path) > before, "the command runs again", 30)
    eventually(lambda: allowed.database.rows(), "the row", 40)
    assert process.log.count("event=assigned") == 1, process.log
    assert "poll_interval_exceeded" not in process.log
    assert process.stop() == 0, process.log


def test_every_command_with_the_printed_rights(case):
    """The operator's role is another than the run's, and owns nothing; what is printed is enough for each command."""
    operator = f"o_{case.pipeline.name}"
    case.database.execute(f"create role {operator} login password '{case.password}'")
    case.pipeline.output["write"] = "append"
    case.pipeline.output.pop("primary_key")
    try:
        case.grant(user=case.role, operator=operator)
        case.allow(operator=True)
        checked = case.pipeline.run("--connect", command="check")
        assert checked.exit_code == 0, checked.output
        case.send(click(1, at=0), checkout(1, at=5))
        case.finish()
        sent = case.records("checkouts")[0]
        case.change_url(user=operator)
        group, changelog = f"tributary.{case.pipeline.name}", f"{case.pipeline.name}.changelog"
        case.pipeline.change("kafka.group", group)
        case.pipeline.change("changelog.topic", changelog)
        other = case.pipeline.copy("renamed")
        other.change("pipeline", f"{case.pipeline.name}_2")
        process = other.run(case.pipeline.name, "--yes", command="rename")
        assert process.exit_code == 0, process.log
        for command, *arguments in (
            ("verify",),
            ("state",),
            ("explain", "--partition", str(sent.partition), "--offset", str(sent.offset)),
            ("reset", "--yes"),
        ):
            process = other.run(*arguments, command=command)
            assert process.exit_code == 0, f"{command}: {process.log}{process.output}"
        assert "deleted the topic" in process.output, process.output
    finally:
        case.database.execute(f"drop owned by {operator}; drop role {operator}")


def test_rekeying_with_the_printed_rights(case):
    """Its own group, transactions, and topics that it creates."""
    case.rekey(partitions=2)
    case.grant(user=case.role)
    case.allow()
    case.send(*unkeyed([click(1, at=0), click(2, at=1), checkout(1, at=5), checkout(2, at=6)], 2))
    case.settle()
    assert len(case.rows()) == 2


def test_a_transaction_that_is_not_allowed(case):
    case.rekey(partitions=2)
    case.grant(user=case.role)
    case.allow(without=(".repartition", "WRITE"))
    case.send(*unkeyed([click(1, at=0), checkout(1, at=5)], 2))
    refused(case, "ransactional", "uthorization failed", "--print-acls")


# --- what does not: Kafka


def test_a_wrong_password(allowed):
    allowed.pipeline.environment["KAFKA_PASSWORD"] = f"{MARK}-wrong"
    refused(allowed, "refuse the connection", "invalid credentials", "hint: ", "kafka.sasl")


def test_an_unknown_authority(allowed):
    allowed.pipeline.change("kafka.tls.ca", allowed.secure.certificate("other-ca.pem"))
    refused(allowed, "certificate verify failed", "kafka.tls.ca")


def test_the_certificate_of_another_host(allowed):
    allowed.by_elsewhere()
    refused(allowed, "certificate verify failed", "name the host")


def test_verification_is_switched_off_with_a_warning(allowed):
    """The other host's certificate is taken then, by who says so; that connection has no rights, but it is one."""
    allowed.by_elsewhere()
    allowed.pipeline.change("kafka.tls.verify", "ca")
    process = allowed.pipeline.run("--once", "--close")
    assert "event=tls_unverified" in process.log and "not_verified=hostname" in process.log, process.log
    assert "certificate verify failed" not in process.log
    assert process.log.count("event=tls_unverified") == 1


@pytest.mark.parametrize("wrong", ["host", "authority"])
def test_nothing_is_verified_with_a_warning(allowed, wrong):
    if wrong == "host":
        allowed.by_elsewhere()
    else:
        allowed.pipeline.change("kafka.tls.ca", allowed.secure.certificate("other-ca.pem"))
    allowed.pipeline.change("kafka.tls.verify", "none")
    join(allowed)
    [process] = [p for p in allowed.pipeline.processes if "event=start" in p.log]
    assert process.log.count("event=tls_unverified") == 1 and "not_verified=certificate,hostname" in process.log


@pytest.mark.parametrize("how", ["option", "property"])
def test_a_secret_in_clear_is_warned_of(allowed, how):
    """The test's brokers do not take it so; the warning comes before the first connection."""
    allowed.by_sasl("PLAIN")
    allowed.pipeline.change("kafka.tls", None)
    allowed.pipeline.change("kafka.brokers", allowed.kafka.brokers)
    if how == "property":
        allowed.pipeline.change("kafka.sasl", None)
        allowed.pipeline.document["kafka"]["properties"] |= {
            "security.protocol": "sasl_plaintext",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "tributary",
            "sasl.password": "${KAFKA_PASSWORD}",
        }
    log = refused(allowed, "refuse the connection", whole=True)
    assert log.count("event=secret_in_clear") == 1 and "mechanism=PLAIN" in log, log


@pytest.mark.parametrize("name", ["kafka.sasl.password", "kafka.properties"])
def test_a_password_written_in_the_file(allowed, name):
    secret = f"{MARK}-written"
    allowed.pipeline.change(name, secret if name.endswith("password") else {"sasl.password": secret})
    assert "is a secret written in the file" in allowed.pipeline.run(command="check").log


def test_a_property_that_says_it_again(allowed):
    allowed.pipeline.document["kafka"]["properties"]["sasl.mechanisms"] = "PLAIN"
    refused(allowed, '"sasl.mechanisms" is set by `kafka.sasl.mechanism` as well', "hint: ")


def test_without_tls_where_there_is_tls(allowed):
    """It looks like a broker that is away, so that it is waited for; but what it may be is said."""
    allowed.pipeline.change("kafka.tls", None)
    refused(allowed, "connecting to a SSL listener?", "hint: ", "`kafka.tls`", code=1, soon=45)


def test_a_missing_client_certificate(allowed):
    allowed._listener("tls")
    refused(allowed, "certificate", "kafka.tls.certificate")


def test_tls_where_there_is_none(allowed):
    allowed.pipeline.change("kafka.brokers", allowed.kafka.brokers)
    refused(allowed, "refuse the connection", "is this port one with TLS?")


def test_an_expired_token(allowed, tmp_path):
    (tmp_path / "token").write_text(token(seconds=-60))
    allowed.by_token(token_file=str(tmp_path / "token"))
    refused(allowed, "the token expired 6", "s ago")


def test_a_token_command_that_fails(allowed, tmp_path):
    program = program_that_prints(tmp_path, f"echo {MARK}; exit 3")
    allowed.by_token(token_command=[str(program)])
    refused(allowed, "failed with exit code 3", str(program), "hint: ")


@pytest.mark.parametrize(
    "role, operation, words",
    [
        (".clicks", "READ", ("clicks",)),
        (".checkouts", "READ", ("checkouts",)),
        ("", "READ", ("group",)),
        (".changelog", "WRITE", ("changelog",)),
        (".changelog", "CREATE", ("changelog",)),
        (".changelog", "DESCRIBE_CONFIGS", ("changelog",)),
        (".dead-letters", "CREATE", ("dead-letters",)),
        (".dead-letters", "WRITE", ("dead-letters",)),
    ],
)
def test_a_missing_right_in_kafka(case, role, operation, words):
    case.grant(user=case.role)
    name = f"{case.pipeline.name}{role}" if role else f"tributary.{case.pipeline.name}"
    case.allow(without=(name, operation))
    if operation == "WRITE" and role == ".dead-letters":
        case.kafka.create(case.pipeline.dead_letters, 1)
    bad = checkout(1, at=6, datetime_occured="never")
    case.send(click(1, at=0), checkout(1, at=5), bad)
    refused(case, *words, "uthorization failed", "hint: ", "--print-acls")


def test_a_changelog_that_may_not_be_read(allowed):
    """The first start reads nothing from it, but the next does."""
    allowed.send(click(1, at=0), checkout(1, at=5))
    assert allowed.pipeline.run("--once").exit_code == 0
    allowed.forbid(allowed.pipeline.name + ".changelog", "READ")
    refused(allowed, "changelog", "authorization failed", "--print-acls", run=["--once"])


# --- what does not: Postgres


def test_a_wrong_database_password(allowed):
    """The server says so in German where it can, so that nothing depends on its words."""
    allowed.change_url(password=f"{MARK}-wrong")
    refused(allowed, "28P01", "hint: are user and password right")


def test_a_password_that_is_fetched_and_wrong(allowed, tmp_path):
    program = program_that_prints(tmp_path, f"echo {MARK}-wrong")
    allowed.change_url(password="")
    allowed.pipeline.change("postgres.password_command", [str(program)])
    refused(allowed, "28P01")
    assert runs(tmp_path) == 3, "it may just have changed: asked three times, and no more"


def test_an_unknown_database_server(allowed):
    allowed.change_url(ca="other-ca.pem")
    refused(allowed, "certificate verify failed", "sslrootcert")


def test_a_database_server_of_another_name(allowed):
    allowed.change_url(host="127.0.0.2")
    allowed.pipeline.environment["DATABASE_URL"] += "&hostaddr=127.0.0.1"
    refused(allowed, "does not match host name", "hint: ")


def test_a_missing_grant(allowed):
    allowed.database.execute(f"revoke select on commerce.users from {allowed.role}")
    refused(allowed, "users", "GRANT SELECT")


def test_no_connection_without_tls(allowed):
    allowed.change_url(sslmode="disable")
    refused(allowed, "28000")


# --- what is still tried again


def test_a_database_that_is_starting_is_waited_for(allowed):
    allowed.send(click(1, at=0), checkout(1, at=5))
    allowed.secure.servers.control("postgres", "stop")
    process = allowed.start("--once", "--close")
    eventually(lambda: "event=postgres_retry" in process.log, "it tries again", 20)
    allowed.secure.servers.control("postgres", "start")
    allowed.database.reconnect()
    assert process.wait(60) == 0, process.log
    allowed.check()


def test_credentials_that_are_refused_while_it_runs(allowed):
    """They may be about to be exchanged: it goes on trying, is not ready, and says why; once they are taken again, it
    goes on where it was."""
    watched = watch(allowed)
    watched.await_ready()
    allowed.send(click(1, at=0), checkout(1, at=5), click(1, at=4000), checkout(1, at=4000))
    allowed.await_rows(1)
    assert watched.status()["refused"] is None
    allowed.secure.forget_user()
    try:
        allowed.secure.servers.control("kafka", "stop")
        allowed.secure.servers.control("kafka", "restart")
        refusal = (503, "the brokers refuse this process: _AUTHENTICATION")
        eventually(lambda: is_answer(watched.get("/readyz"), *refusal), "it is not ready", 60)
        assert watched.get("/healthz")[0] == 200 and watched.status()["refused"] == "_AUTHENTICATION"
        assert "event=kafka_refused" in watched.process.log and "invalid credentials" in watched.process.log
    finally:
        allowed.secure.remember_user()
    allowed.send(click(1, at=8000), checkout(1, at=8000))
    allowed.await_rows(2)
    eventually(lambda: watched.get("/readyz")[0] == 200, "it is ready again", 90)
    assert watched.status()["refused"] is None
    assert watched.process.log.count("event=kafka_refused") < 40
    assert watched.process.stop() == 0, watched.process.log


def is_answer(answer: tuple[int, str], code: int, text: str) -> bool:
    return answer[0] == code and text in answer[1]


@pytest.mark.parametrize("role", ["clicks", "checkouts"])
def test_a_right_that_is_taken_away_while_it_runs(allowed, role):
    """No exchange of credentials does that, so it ends, as it would at the start."""
    process = allowed.start()
    allowed.send(click(1, at=0), checkout(1, at=5), click(1, at=4000), checkout(1, at=4000))
    allowed.await_rows(1)
    allowed.forbid(allowed.topics[role], "READ")
    allowed.send(click(1, at=4001), checkout(1, at=4001))
    assert process.wait(30) == 2, process.log
    last = process.log[process.log.rindex("tributary run: ") :]
    assert role in last and "authorization failed" in last and "--print-acls" in last, last


# --- what is never shown


def test_no_secret_is_shown(allowed, tmp_path):
    """Whatever is printed: the configuration, and everything the client libraries have to say at their loudest."""
    allowed.by_certificate()
    allowed.pipeline.change("kafka.properties.debug", "security,broker,protocol,feature,conf")
    shown = allowed.pipeline.run("--print-config", command="check")
    assert shown.exit_code == 0 and '"***"' in shown.output, shown.output
    join(allowed)
    allowed.by_sasl("PLAIN")
    allowed.pipeline.run("--once", "--close")
    allowed.by_token(token_command=["printf", "%s", MARK])
    allowed.pipeline.run("--once", "--close")
    assert MARK in allowed.pipeline.file.read_text(), "it is in the file, so it could be shown"
    tell_nothing(allowed)
