"""One private Kafka and one private PostgreSQL server for a whole test session, started by scripts/."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


class Unavailable(Exception):
    """A server that cannot be had on this machine."""


class Servers:
    def __init__(self, *kafka_options: str, postgres_options: tuple[str, ...] = (), folder: Path | None = None):
        self.folder = folder or Path(tempfile.mkdtemp(prefix="tributary-test-"))
        self.folder.chmod(0o711)  # PostgreSQL, which never runs as root, has to pass
        starting = [self._begin("kafka", "start", *kafka_options), self._begin("postgres", "start", *postgres_options)]
        for process in starting:
            output = process.communicate()[0]
            if process.returncode:
                for other in starting:
                    other.wait()
                self.stop()
                raise Unavailable(output)
        ports = sorted(self.folder.glob("kafka/port")) or sorted(self.folder.glob("kafka/[1-9]/port"))
        self.brokers = ",".join(f"127.0.0.1:{port.read_text().strip()}" for port in ports)
        self.database_url = (self.folder / "postgres/url").read_text().strip()

    def _begin(self, script: str, command: str, *arguments: str) -> subprocess.Popen:
        line = [SCRIPTS / script, command, self.folder / script, *arguments]
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def control(self, script: str, command: str, *arguments: str) -> None:
        """control("postgres", "stop", "--immediate"), and so on."""
        process = self._begin(script, command, *arguments)
        output = process.communicate()[0]
        assert process.returncode == 0, output

    def stop(self) -> None:
        self.end()
        if "TRIBUTARY_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)

    def end(self) -> None:
        """Their data stays."""
        stopping = [self._begin(n, "stop") for n in ("kafka", "postgres") if (self.folder / n).exists()]
        for process in stopping:
            process.communicate()
