"""tributary health: what a container's health check runs."""

import contextlib
import re
import socket
import subprocess
import threading
import time

import psycopg
import pytest

from pipeline import eventually
from watched import watch


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


HAS_IPV6 = has_ipv6()


@pytest.fixture
def health(program):
    def ask(*arguments, code: int) -> str:
        """The one line it prints; nothing else where it answers at all."""
        done = subprocess.run([program, "health", *map(str, arguments)], capture_output=True, text=True, timeout=90)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        if code == 2:
            assert done.stdout == ""
            return done.stderr
        assert done.stderr == "" and done.stdout.count("\n") == 1 and done.stdout.endswith("\n")
        return done.stdout

    return ask


@contextlib.contextmanager
def answering(answer: bytes, *, hold: bool = False, family=socket.AF_INET, host: str = "127.0.0.1"):
    """A server that takes one question, says this and hangs up, or with `hold` does not. Yields its port and what it
    was asked."""
    asked, done = bytearray(), threading.Event()
    listener = socket.create_server((host, 0), family=family)

    def serve():
        connection, _ = listener.accept()
        with connection:
            while b"\r\n\r\n" not in asked:
                asked.extend(connection.recv(1000))
            connection.sendall(answer)
            if hold:
                done.wait(60)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        done.set()
        thread.join(10)
        listener.close()


def answer(status: str, body: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


# --- a real process


def test_of_a_running_pipeline(case, health):
    watched = watch(case)
    url = f"http://{watched.address}"
    assert health("--url", url, code=0) == f"ok    {url}/healthz\n"
    watched.await_ready()
    assert health("--url", f"{url}/", "--ready", code=0) == f"ok    {url}/readyz\n"
    assert watched.process.stop() == 0
    assert health("--url", url, code=1) == f"wrong {url}/healthz: Connection refused\n"


def test_one_that_is_alive_and_not_ready(case, health):
    case.pipeline.run(command="init")
    with psycopg.connect(case.database.url) as other:  # the claim waits for this table; the loop turns on
        other.execute("lock table tributary.progress in exclusive mode")
        watched = watch(case)
        eventually(lambda: watched.get("/readyz")[0] == 503, "not ready")
        assert health("--url", f"http://{watched.address}", code=0)
        line = health("--url", f"http://{watched.address}", "--ready", code=1)
    assert re.fullmatch(f"wrong http://{watched.address}/readyz: .*(starting|assigned|claimed).*\n", line), line


def test_of_the_address_in_the_file(bare_case, health):
    pipeline = bare_case.pipeline
    with answering(answer("200 OK", "ok\n")) as (port, asked):
        pipeline.change("telemetry.listen", "127.0.0.1:${PORT}")
        pipeline.environment["PORT"] = str(port)
        process = pipeline.run("--ready", command="health")
    assert (process.exit_code, process.output) == (0, f"ok    http://127.0.0.1:{port}/readyz\n")
    assert asked.startswith(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n" % port)


@pytest.mark.parametrize("listen", [":{}", "0.0.0.0:{}", "127.0.0.1:{}", "localhost:{}"])
def test_of_every_way_to_say_this_machine(bare_case, health, listen):
    with answering(answer("200 OK", "ok\n")) as (port, _):
        bare_case.pipeline.change("telemetry.listen", listen.format(port))
        process = bare_case.pipeline.run(command="health")
    shown = listen.format(port) if not listen.startswith(":") else f"localhost:{port}"
    assert (process.exit_code, process.output) == (0, f"ok    http://{shown}/healthz\n"), process.log


@pytest.mark.parametrize("listen", ["[::]:{}", "[::1]:{}", ":{}"])
def test_of_the_other_family(bare_case, listen):
    if not HAS_IPV6:
        pytest.skip("this machine has no IPv6")
    with answering(answer("200 OK", "ok\n"), family=socket.AF_INET6, host="::1") as (port, _):
        bare_case.pipeline.change("telemetry.listen", listen.format(port))
        process = bare_case.pipeline.run(command="health")
    assert process.exit_code == 0, process.output + process.log


@pytest.mark.parametrize("listen, message", [("none", "there is nothing to ask"), (":0", "does not say which port")])
def test_a_file_that_names_no_place(bare_case, listen, message):
    bare_case.pipeline.change("telemetry.listen", listen)
    process = bare_case.pipeline.run(command="health")
    assert process.exit_code == 2 and message in process.log and process.output == ""


def test_a_file_that_is_wrong(health, tmp_path):
    file = tmp_path / "pipeline.yaml"
    file.write_text("version: 1\npipelin: x\n")
    assert 'did you mean "pipeline"' in health(file, code=2)


# --- answers of all kinds


def test_the_reason_is_in_the_line(health):
    why = "worker 0: its loop has not turned for 31 s\nworker 1: its loop has not turned for 32 s\n"
    with answering(answer("503 Service Unavailable", why)) as (port, _):
        line = health("--url", f"http://127.0.0.1:{port}", code=1)
    first, second = why.splitlines()
    assert line == f"wrong http://127.0.0.1:{port}/healthz: {first}; {second}\n"


@pytest.mark.parametrize(
    "said, reason",
    [
        (answer("404 Not Found", "no such page\n"), "it answers 404: no such page"),
        (answer("503 Service Unavailable"), "it answers 503"),
        (answer("301 Moved"), "it answers 301"),
        (answer("500 Error", "a\x1b[31mb\rc\n"), "it answers 500: a [31mb c"),
        (b"", "the answer is not HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 20", "the answer is not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200\0 OK\r\n\r\n", "the answer is not HTTP"),
        (b"x" * 100_000, "the answer is not HTTP"),
    ],
)
def test_answers_of_strangers(health, said, reason):
    with answering(said) as (port, _):
        assert health("--url", f"http://127.0.0.1:{port}", code=1) == f"wrong http://127.0.0.1:{port}/healthz: {reason}\n"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_silence_ends_with_the_timeout(health, said):
    with answering(said, hold=True) as (port, _):
        began = time.monotonic()
        line = health("--url", f"http://127.0.0.1:{port}", "--timeout", "200ms", code=1)
        assert line.endswith(": no answer within 200 ms\n")
        assert time.monotonic() - began < 30  # and not for ever


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--url", "https://127.0.0.1:1"], "not of the form http://HOST:PORT"),
        (["--url", "http://127.0.0.1"], "not of the form http://HOST:PORT"),
        (["--url", "http://:9469"], "not of the form http://HOST:PORT"),
        (["--url", "http://127.0.0.1:9469/healthz"], "not of the form http://HOST:PORT"),
        (["--url", "http://127.0.0.1:0"], "not of the form http://HOST:PORT"),
        (["a.yaml", "b.yaml"], "name one pipeline file, or none"),
        (["a.yaml", "--url", "http://127.0.0.1:1"], "choose one"),
        (["--timeout", "3"], "has no unit"),
        (["--timeout", "1h"], "is not between"),
        (["--nonsense"], "there is no option"),
        (["no-such-file.yaml"], "no-such-file.yaml"),
    ],
)
def test_a_wrong_question(health, arguments, message):
    assert message in health(*arguments, code=2)
