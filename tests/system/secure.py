"""Servers that let nobody in without TLS and a password, and pipelines with exactly the rights that `init` prints."""

import base64
import json
import os
import shlex
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from case import Case
from database import Server
from kafka import Kafka
from pipeline import Pipeline
from servers import Servers

USER = "tributary"
MARK = "r3cognisable"  # part of every password in these tests


def token(subject: str = USER, seconds: float = 3600) -> str:
    """Without a signature, as the test's broker takes them."""
    parts = {"alg": "none"}, {"sub": subject, "iat": time.time() - 1000, "exp": time.time() + seconds}
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join(encoded) + "."


class Secure:
    """The servers, which start once a session. The test itself comes by the broker's plain port as somebody who may do
    everything, and as the database's superuser."""

    def __init__(self):
        self.servers = Servers("--secure", postgres_options=("--secure",))
        self.kafka = Kafka(self.servers.brokers)
        self.folder = self.servers.folder
        self.kafka_password = (self.folder / "kafka/password").read_text().strip()
        self.database = Server(self.url())

    def port(self, listener: str) -> str:
        return (self.folder / f"kafka/{listener}-port").read_text().strip()

    def certificate(self, name: str) -> str:
        return str(self.folder / "kafka/tls" / name)

    def url(self, ca: str = "ca.pem", **changes: str) -> str:
        """Of the superuser, or with another user, password, host, database or sslmode."""
        url = urlsplit(self.servers.database_url)
        user, password = changes.get("user", url.username), changes.get("password", url.password)
        who = f"{user}:{quote(password, safe='')}" if password else user
        query = f"sslmode={changes.get('sslmode', 'verify-full')}&sslrootcert={self.folder}/postgres/tls/{ca}"
        place = f"{changes.get('host', '127.0.0.1')}:{url.port}"
        return f"postgresql://{who}@{place}/{changes.get('database', 'postgres')}?{query}"

    def forget_user(self) -> None:
        """The brokers no longer know "tributary" by this password."""
        self._alter(UserScramCredentialDeletion(USER, ScramMechanism.SCRAM_SHA_512))

    def remember_user(self) -> None:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        self._alter(UserScramCredentialUpsertion(USER, info, self.kafka_password.encode()))

    def _alter(self, alteration) -> None:
        for future in self.kafka.admin.alter_user_scram_credentials([alteration]).values():
            future.result(30)

    def stop(self) -> None:
        self.servers.stop()


class SecureCase(Case):
    """A case whose pipeline comes as the user "tributary" and a database role of its own, without any rights yet."""

    def __init__(self, secure: Secure, name: str, folder: Path):
        self.secure = secure
        self.role, self.password = f"r_{name}", f"{MARK}-{name}"
        database = secure.database.create(name)
        environment = {"KAFKA_PASSWORD": secure.kafka_password}
        super().__init__(secure.kafka, database, Pipeline(name, folder, environment))
        database.execute(f"create role {self.role} login password '{self.password}'")
        self.create_topics(2)
        self.by_sasl()
        self.change_url()

    def change_url(self, **changes: str) -> None:
        who = {"user": self.role, "password": self.password, "database": self.database.name}
        self.pipeline.environment["DATABASE_URL"] = self.secure.url(**(who | changes))

    def _listener(self, listener: str, host: str = "localhost") -> None:
        self.pipeline.change("kafka.brokers", f"{host}:{self.secure.port(listener)}")
        self.pipeline.change("kafka.tls", {"ca": self.secure.certificate("ca.pem")})
        self.pipeline.change("kafka.sasl", None)

    def by_sasl(self, mechanism: str = "SCRAM-SHA-512") -> None:
        self._listener("sasl")
        sasl = {"mechanism": mechanism, "username": USER, "password": "${KAFKA_PASSWORD}"}
        self.pipeline.change("kafka.sasl", sasl)

    def by_token(self, **source) -> None:
        self._listener("sasl")
        self.pipeline.change("kafka.sasl", {"mechanism": "OAUTHBEARER", **source})
        # librdkafka copies the broker's answer to a token, bytes without an end, by strndup: right, but not strictly.
        self.pipeline.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":strict_string_checks=0"

    def by_certificate(self, *, key: str = "client-encrypted.key") -> None:
        self._listener("tls")
        self.pipeline.change("kafka.tls.certificate", self.secure.certificate("client.pem"))
        self.pipeline.change("kafka.tls.key", self.secure.certificate(key))
        self.pipeline.change("kafka.tls.key_password", "${KAFKA_PASSWORD}")

    def by_elsewhere(self) -> None:
        self._listener("elsewhere")

    def printed(self, option: str) -> Path:
        process = self.pipeline.run(option, command="init")
        assert process.exit_code == 0, process.log
        return process.output_file

    def grant(self, **variables: str) -> None:
        """What `init --print-sql` prints, for the roles of these variables."""
        settings = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        url = self.secure.url(database=self.database.name)
        psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *settings, url, "-f", self.printed("--print-sql")]
        subprocess.run(psql, check=True, timeout=30, stderr=subprocess.PIPE)

    def allow(self, *, without: tuple[str, str] = ("", ""), operator: bool = False) -> None:
        """What `init --print-acls` prints, but for an operation on a topic or group whose name ends like that. The
        shell runs what is printed; the commands it would call are collected and done here, without a JVM for each."""
        environment = os.environ | {"PRINCIPAL": f"User:{USER}", "KAFKA_ACLS": "echo"}
        if operator:
            environment["OPERATOR"] = f"User:{USER}"
        script = ["sh", str(self.printed("--print-acls"))]
        lines = subprocess.run(script, env=environment, check=True, capture_output=True, text=True).stdout
        bindings = {b for line in lines.splitlines() for b in bindings_of(shlex.split(line))}
        name, operation = without
        kept = [b for b in bindings if not name or not b.name.endswith(name) or b.operation.name != operation]
        assert bool(name) == (len(kept) < len(bindings)), "there is no such right to take away"
        for future in self.kafka.admin.create_acls(kept).values():
            future.result(30)

    def forbid(self, name: str, operation: str) -> None:
        """Takes the right away from everybody."""
        which = AclBindingFilter(
            ResourceType.TOPIC,
            name,
            ResourcePatternType.LITERAL,
            None,
            None,
            getattr(AclOperation, operation),
            AclPermissionType.ALLOW,
        )
        assert [len(f.result(30)) for f in self.kafka.admin.delete_acls([which]).values()] == [1]

    def end(self) -> None:
        self.pipeline.end()
        everything = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
        )
        for future in self.kafka.admin.delete_acls([everything]).values():
            future.result(30)
        self.kafka.drop_all_of(self.pipeline.name)
        self.database.execute(f"drop owned by {self.role}; drop role {self.role}")
        self.database.drop()


def bindings_of(words: list[str]) -> list[AclBinding]:
    """--add --allow-principal User:x --operation Read --operation Write --topic t, or --group, or --transactional-id"""
    pairs = [(words[i], words[i + 1]) for i in range(len(words) - 1) if words[i].startswith("--")]
    principal = next(value for option, value in pairs if option == "--allow-principal")
    kinds = ("--topic", "--group", "--transactional-id")
    kind, name = next((option[2:].replace("-", "_"), value) for option, value in pairs if option in kinds)
    pattern = dict(pairs).get("--resource-pattern-type", "literal")
    operations = [value for option, value in pairs if option == "--operation"]
    names = {"DescribeConfigs": "DESCRIBE_CONFIGS"}
    return [
        AclBinding(
            getattr(ResourceType, kind.upper()),
            name,
            getattr(ResourcePatternType, pattern.upper()),
            principal,
            "*",
            getattr(AclOperation, names.get(operation, operation.upper())),
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]
