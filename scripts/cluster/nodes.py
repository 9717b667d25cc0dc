"""Two PostgreSQL servers with synchronous replication under Patroni, etcd, three brms, and HAProxy before them: processes on
loopback, with all their files in one folder."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request

from brms_server import Failure, environment, free_port, wait_for
from example_seed import SEED
from postgres_server import programs, unprivileged

PATIENCE_SECONDS = 60
PASSWORD = "of-this-test"


def tools():
    """The commands that are not there, each with its Debian package."""
    needed = {"patroni": "patroni", "etcd": "etcd-server", "haproxy": "haproxy"}
    return [package for command, package in needed.items() if not shutil.which(command)]


class Process:
    """A process that is started again when a test wants it to."""

    def __init__(self, name, folder, command, env=None):
        self.name, self.folder, self.command, self.env = name, folder, [str(word) for word in command], env
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=log, env=self.env,
                                            start_new_session=True)

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()


class Node:
    """A PostgreSQL server and the Patroni that runs it."""

    def __init__(self, name, folder, etcd_ports):
        self.name, self.port, self.api = name, free_port(), free_port()
        self.data = folder / name
        settings = {
            "scope": "brms",
            "name": name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"hosts": [f"127.0.0.1:{port}" for port in etcd_ports]},
            "bootstrap": {
                "dcs": {"ttl": 20, "loop_wait": 2, "retry_timeout": 3, "synchronous_mode": True,
                        # A crashed primary is not waited for: the standby takes over at once.
                        "primary_start_timeout": 0,
                        "postgresql": {"use_pg_rewind": True,
                                       "parameters": {"max_connections": 200, "wal_log_hints": "on"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data), "bin_dir": str(programs()), "pgpass": str(folder / f"pgpass-{name}"),
                "authentication": {role: {"username": role, "password": PASSWORD}
                                   for role in ("superuser", "replication", "rewind")},
                "pg_hba": ["host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"],
                "parameters": {"unix_socket_directories": str(folder)},
            },
            "watchdog": {"mode": "off"},
        }
        # JSON is YAML, too.
        file = folder / f"{name}.yaml"
        file.write_text(json.dumps(settings))
        self.patroni = Process(f"patroni-{name}", folder, [*unprivileged(), "patroni", file])

    def is_primary(self):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/primary", timeout=1) as answer:
                return answer.status == 200
        return False

    def is_synchronous(self):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/synchronous", timeout=1) as answer:
                return answer.status == 200
        return False

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])


class Cluster:
    def __init__(self, folder, brms, flags):
        self.folder = pathlib.Path(folder)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.brms_command, self.flags, self.all = brms, flags, []
        self.start_etcd()
        self.nodes = [Node(name, self.folder, self.etcd_ports) for name in ("one", "two")]
        self.all += [node.patroni for node in self.nodes]
        wait_for("a synchronous standby", lambda: any(node.is_synchronous() for node in self.nodes), 0.2)
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        self.url = f"postgres://superuser@{hosts}/postgres?target_session_attrs=read-write"
        self.ports = [free_port() for _ in range(3)]
        self.brms = [self.start_brms(number) for number in range(3)]
        self.all += self.brms
        self.start_haproxy()

    def start_etcd(self):
        peers, self.etcd_ports = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
        cluster = ",".join(f"etcd{n}=http://127.0.0.1:{port}" for n, port in enumerate(peers))
        self.etcd = [
            Process(f"etcd{n}", self.folder, [
                "etcd", "--name", f"etcd{n}", "--data-dir", self.folder / f"etcd{n}", "--initial-cluster", cluster,
                "--initial-advertise-peer-urls", f"http://127.0.0.1:{peers[n]}", "--listen-peer-urls",
                f"http://127.0.0.1:{peers[n]}", "--advertise-client-urls", f"http://127.0.0.1:{self.etcd_ports[n]}",
                "--listen-client-urls", f"http://127.0.0.1:{self.etcd_ports[n]}", "--unsafe-no-fsync"])
            for n in range(3)]
        self.all += self.etcd

    def etcd_leader(self):
        """The number of the leader among the processes of etcd."""
        for number, port in enumerate(self.etcd_ports):
            asked = urllib.request.Request(f"http://127.0.0.1:{port}/v3/maintenance/status", b"{}", method="POST")
            with urllib.request.urlopen(asked, timeout=2) as answer:
                status = json.load(answer)
            if status["leader"] == status["header"]["member_id"]:
                return number
        raise Failure("etcd has no leader")

    def start_brms(self, number):
        command = [self.brms_command, "serve", "--listen", f"127.0.0.1:{self.ports[number]}", "--database", self.url,
                   "--seed", SEED, "--instance-name", f"brms{number}", "--database-connections", "3", *self.flags]
        process = Process(f"brms{number}", self.folder, command, environment() | {"PGPASSWORD": PASSWORD})
        wait_for(f"brms{number}", lambda: self.is_ready(number), 0.05)
        return process

    def is_ready(self, number):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[number]}/readyz", timeout=2) as answer:
                return answer.status == 200
        return False

    def start_haproxy(self):
        self.port = free_port()
        servers = "\n".join(f"    server brms{n} 127.0.0.1:{port} check inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions"
                            for n, port in enumerate(self.ports))
        (self.folder / "haproxy.cfg").write_text(f"""
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    option redispatch 1
    retries 3
listen brms
    bind 127.0.0.1:{self.port}
    option httpchk GET /readyz
{servers}
""")
        self.all.append(Process("haproxy", self.folder, ["haproxy", "-db", "-f", "haproxy.cfg"]))
        wait_for("HAProxy", self.answers, 0.1)

    def answers(self):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return answer.status == 200
        return False

    def primary(self):
        return next(node for node in self.nodes if node.is_primary())

    def rows(self, sql):
        """The lines of a query on the primary."""
        hosts = ",".join("127.0.0.1" for _ in self.nodes)
        ports = ",".join(str(node.port) for node in self.nodes)
        place = f"host={hosts} port={ports} user=superuser dbname=postgres target_session_attrs=read-write"
        done = subprocess.run([programs() / "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", place, "--command", sql],
                              capture_output=True, text=True, env=os.environ | {"PGPASSWORD": PASSWORD}, check=True)
        return done.stdout.splitlines()

    def stop(self):
        for process in reversed(self.all):
            process.stop()
        # PostgreSQL has left the group of its Patroni.
        for node in self.nodes:
            with contextlib.suppress(OSError, ValueError):
                os.kill(node.postmaster(), signal.SIGQUIT)
        time.sleep(0.5)
