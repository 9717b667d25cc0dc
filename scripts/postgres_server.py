"""A PostgreSQL server of one's own: from Debian's package or the PATH, on loopback, with its data in one folder."""

import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from brms_server import free_port

USER = "brms"
# Whether an acknowledged commit survives a power failure.
DURABLE = {"fsync": "on", "synchronous_commit": "on"}
FAST = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "wal_level": "minimal", "max_wal_senders": "0"}


def programs():
    """The folder of initdb and the others: what POSTGRES_PROGRAMS names, or else of the newest version that Debian has
    installed, or on the PATH."""
    if named := os.environ.get("POSTGRES_PROGRAMS"):
        return pathlib.Path(named)
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    on_path = shutil.which("initdb")
    if not installed and not on_path:
        sys.exit("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    return pathlib.Path(installed[-1]) if installed else pathlib.Path(os.path.realpath(on_path)).parent


def unprivileged():
    """The beginning of a command that root runs as another user: PostgreSQL does not run as root."""
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.geteuid() == 0 else []


class Postgres:
    """A running server. `url` leads to it, without the name of a database."""

    def __init__(self, folder, settings):
        self.folder, self.port = pathlib.Path(folder), free_port()
        self.url = f"postgres://{USER}@127.0.0.1:{self.port}"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        data = self.folder / "data"
        self.run("initdb", "--pgdata", data, "--auth", "trust", "--username", USER, "--encoding", "UTF8",
                 "--locale", "C", "--no-sync")
        all_settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                        "max_connections": 400, "shared_buffers": "256MB"} | settings
        options = " ".join(f"-c {name}='{value}'" for name, value in all_settings.items())
        # Its log goes to a file: the server would keep our pipe open.
        self.run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", self.folder / "log", "--options", options,
                 stdout=subprocess.DEVNULL)

    def run(self, program, *arguments, check=True, stdout=subprocess.PIPE, **more):
        own = programs() / program
        # Some distributions of the server have no client.
        command = [*unprivileged(), str(own) if own.exists() else program, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, text=True, stdout=stdout, stderr=subprocess.PIPE if stdout == subprocess.PIPE else None,
                              **more)
        if check and done.returncode:
            sys.exit(f"{program}: {done.stdout}{done.stderr}")
        return done

    def psql(self, text, database="postgres", check=True, stop_at_error=True):
        """Runs statements, and returns what psql has printed."""
        stop = ["--set", "ON_ERROR_STOP=1"] if stop_at_error else []
        return self.run("psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", *stop, "--host", "127.0.0.1",
                        "--port", self.port, "--username", USER, "--dbname", database, "--file", "-", check=check,
                        input=text)

    def create_database(self, name):
        """Makes an empty database, and returns its URL."""
        self.psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE); CREATE DATABASE "{name}";')
        return f"{self.url}/{name}"

    def stop(self):
        self.run("pg_ctl", "stop", "--pgdata", self.folder / "data", "--mode", "immediate", check=False)


@contextlib.contextmanager
def postgres(settings, parent=None):
    """A server until the block ends; then its folder, below `parent`, is removed."""
    with tempfile.TemporaryDirectory(prefix="brms-postgres-", dir=parent) as folder:
        server = Postgres(folder, settings)
        try:
            yield server
        finally:
            server.stop()
