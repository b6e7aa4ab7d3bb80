"""Servers of the tests: a private PostgreSQL, and a database of its own for every test."""

import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def postgres():
    """Its URL. The folder is not pytest's: the server's user must be able to reach it."""
    scratch = Path(tempfile.mkdtemp(prefix="tributary-terraform-"))
    scratch.chmod(0o755)
    folder = scratch / "server"
    script = str(ROOT / "scripts/postgres")
    subprocess.run([script, "start", str(folder)], check=True, stdout=subprocess.DEVNULL)
    try:
        said = subprocess.run([script, "env", str(folder)], check=True, capture_output=True, text=True).stdout
        yield said.split("DATABASE_URL=", 1)[1].splitlines()[0].strip("'\"")
    finally:
        subprocess.run([script, "stop", str(folder)], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(scratch)


@pytest.fixture
def another_url(postgres):
    """A fresh database with the tables of both examples."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"create database {name}")
    url = urlsplit(postgres)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"alter database {name} set timezone = 'America/Edmonton'")
        for example in ("checkouts", "job-applications"):
            connection.execute((ROOT / f"examples/{example}/tables.sql").read_text())
    yield url
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(another_url):
    with psycopg.connect(another_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def another(another_url):
    with psycopg.connect(another_url, autocommit=True) as connection:
        yield connection
