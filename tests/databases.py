"""Real database servers for tests: PostgreSQL and MariaDB on 127.0.0.1, in a temporary place while a block lasts."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pymysql

from tests.patience import until
from tools.databases import parsed
from tools.errors import InputRefused
from tools.postgres import Postgres, _unprivileged, free_port

USER, PASSWORD, DATABASE = "coop", "s3gredo!", "cartoes"


@contextmanager
def postgresql(costly_passwords=True):
    """The address of a PostgreSQL with an empty database. A client hashes a password 4,096 times for SCRAM, which is a
    tenth of a night that connects dozens of times; without `costly_passwords` it is MD5's, hashed once."""
    with Postgres(USER, DATABASE) as server:
        url = parsed(f"postgresql://{USER}:{server.password}@127.0.0.1:{server.port}/{DATABASE}")
        if not costly_passwords:
            _hash_once(url)
        yield url


def _hash_once(url):
    with url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW hba_file")
        [[rules]] = cursor.fetchall()
        cursor.execute("SET password_encryption = 'md5'")
        cursor.execute(f"ALTER ROLE {USER} PASSWORD %s", [url.password])
        cursor.execute(f"COPY (SELECT 'host all all 127.0.0.1/32 md5') TO '{rules}'")
        cursor.execute("SELECT pg_reload_conf()")
    until(lambda: _opens(url))  # until then, MD5's hash is none that its rules take


def _opens(url):
    try:
        with url.connected():
            return True
    except InputRefused:
        return False


@dataclass(frozen=True)
class Authority:
    """A made-up authority, and the certificate that it gave to a server at localhost."""

    folder: Path

    @property
    def ca(self):
        return self.folder / "ca.pem"

    def opened(self, url, mode="verify-full", ca=None, host="localhost"):
        """The address of a server with what its query says of TLS."""
        who = f"{url.username}:{quote(url.password)}@{host}:{url.port}/{url.dbname}"
        certificates = f"&sslrootcert={ca or self.ca}" if mode.startswith("verify") else ""
        return parsed(f"{'postgresql' if url.engine == 'postgres' else 'mysql'}://{who}?sslmode={mode}{certificates}")


def authority(folder):
    """Make an authority and a server's certificate, in files that every user may read."""
    folder.mkdir(mode=0o755, parents=True)
    made = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
    for command in (
        ["req", "-x509", *made, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *made[:3], "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
        [
            *(
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "2",
            ),
            *("-extfile", "names", "-out", "server.pem"),
        ],
    ):
        (folder / "names").write_text("subjectAltName=DNS:localhost")
        subprocess.run(["openssl", *command], cwd=folder, capture_output=True, check=True)
    (folder / "server.key").chmod(0o644)
    return Authority(folder)


@contextmanager
def postgresql_with_tls(by):
    """A PostgreSQL that has a certificate of the authority."""
    with postgresql() as url, tempfile.TemporaryDirectory(prefix="nightshift-tls-") as place:
        uid, gid = _unprivileged()
        for name in ("server.pem", "server.key"):
            shutil.copyfile(by.folder / name, Path(place) / name)
            (Path(place) / name).chmod(0o600)
        for path in (Path(place), *Path(place).iterdir()):
            os.chown(path, uid, gid)
        with url.connected() as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER SYSTEM SET ssl_cert_file = '{place}/server.pem'")
                cursor.execute(f"ALTER SYSTEM SET ssl_key_file = '{place}/server.key'")
                cursor.execute("ALTER SYSTEM SET ssl = on")
                cursor.execute("SELECT pg_reload_conf()")
        until(lambda: _opens(by.opened(url, "require")))
        yield url


@contextmanager
def mariadb_with_tls(by):
    """A MariaDB that has a certificate of the authority."""
    with tempfile.TemporaryDirectory(prefix="nightshift-tls-") as place:
        Path(place).chmod(0o755)
        for name in ("server.pem", "server.key"):
            shutil.copyfile(by.folder / name, Path(place) / name)
        with mariadb(f"--ssl-cert={place}/server.pem", f"--ssl-key={place}/server.key") as url:
            yield url


@contextmanager
def mariadb(*flags):
    """The address of a MariaDB with an empty database, whose user must know the password."""
    home = Path(tempfile.mkdtemp(prefix="nightshift-maria-"))
    process = None
    try:
        home.chmod(0o755)
        data = home / "data"
        account = ["--user=mysql"] if os.geteuid() == 0 else []  # it refuses to run as root
        common = ["--no-defaults", f"--datadir={data}", *account]
        subprocess.run(
            ["mariadb-install-db", *common, "--skip-test-db", "--auth-root-authentication-method=normal"],
            capture_output=True,
            check=True,
        )
        port = free_port()
        files = [f"--socket={data / 'socket'}", f"--pid-file={data / 'pid'}"]
        listen = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [shutil.which("mariadbd") or "/usr/sbin/mariadbd", *common, *files, *listen, *flags],
                stdout=log,
                stderr=log,
            )
        _make_database(data / "socket", process, home / "log")
        yield parsed(f"mariadb://{USER}:{PASSWORD.replace('!', '%21')}@127.0.0.1:{port}/{DATABASE}")
    finally:
        if process:
            process.terminate()
            process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _make_database(socket, process, log):
    def connected():
        assert process.poll() is None, log.read_text()
        try:
            return pymysql.connect(unix_socket=str(socket), user="root")
        except pymysql.Error:
            return None

    with until(connected, what="a ready MariaDB") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        cursor.execute(f"CREATE USER {USER} IDENTIFIED BY %s", [PASSWORD])
        cursor.execute(f"GRANT ALL ON {DATABASE}.* TO {USER}")
