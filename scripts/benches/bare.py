"""inviteMembers beside a bare hyper server, and beside PocketBase."""

import contextlib
import json
import os
import pathlib
import socket
import sqlite3
import statistics
import subprocess
import time
import urllib.request

from benches import pocketbase
from benches.load import load
from benches.servers import FOLDER, copied, database, serving
from brms_server import BRMS, ROOT, free_port, wait_for
from example_seed import OWNER_TOKEN, SEED

USERS, PROJECTS = 100_000, 40
CONNECTIONS = [16, 64, 256]
ROUNDS = 7
ROUND_SECONDS = 3

# No pair of a user and a project comes twice in four million requests: the factor is a prime.
LUA = """
local n = tonumber(os.getenv("START"))
request = function()
  local k = n * 1299709 %% (%(users)d * %(projects)d)
  n = n + 1
  local user, project = k %% %(users)d, math.floor(k / %(users)d)
  return wrk.format("POST", string.format("%(path)s", project),
    {["Content-Type"] = "application/json", ["Authorization"] = "%(authorization)s"},
    string.format('%(body)s', user, project))
end
"""
BRMS_PATH = "/api/projects/0190a000-0000-7000-a001-%012d/members"
BRMS_BODY = '{"userIds":["0190a000-0000-7000-8001-%012d"],"groupIds":["0190a000-0000-7000-9001-%012d"]}'


def script(name, path, body, authorization=""):
    file = FOLDER / f"bare-{name}.lua"
    file.write_text(LUA % {"users": USERS, "projects": PROJECTS, "path": path, "body": body,
                           "authorization": authorization})
    return file


def seed(path):
    """Makes the file: the example seed, and all that the load names."""
    document = json.loads(SEED.read_text())
    organisation = document["organisations"][0]
    organisation["users"] += [
        {"id": f"0190a000-0000-7000-8001-{n:012d}", "email": f"u{n}@acme.test", "firstName": "U", "lastName": str(n),
         "type": "member", "status": "active"} for n in range(USERS)]
    organisation["projects"] += [
        {"id": f"0190a000-0000-7000-a001-{n:012d}", "key": f"bench{n}", "name": f"Bench {n}", "members": [],
         "groups": [{"id": f"0190a000-0000-7000-9001-{n:012d}", "name": "G", "description": None,
                     "permissions": ["releases"]}]} for n in range(PROJECTS)]
    written = path.with_suffix(".json")
    written.write_text(json.dumps(document))
    return [BRMS, "seed", str(written), "--database", str(path)]


@contextlib.contextmanager
def running(command, port, **how):
    """The URL of a server that is told its port, once it accepts connections."""
    process = subprocess.Popen([str(word) for word in command], **how)

    def accepts():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
    try:
        wait_for(command[0], accepts)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def bare_hyper(answer_bytes):
    """A running bare server."""
    folder = ROOT / "scripts/benches/bare_hyper"
    target = FOLDER / "bare_hyper"
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", folder / "Cargo.toml"],
                   check=True, env=os.environ | {"CARGO_TARGET_DIR": str(target)})
    port = free_port()
    return running([target / "release/bare_hyper", port, answer_bytes], port)


TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
THREADS = {"brms-writer": "writer", "tokio-rt-worker": "workers", "brms-checkpoint": "checkpoint"}


def processor_time(server):
    """The seconds of user and system time that each kind of thread has taken."""
    taken = {kind: [0, 0] for kind in THREADS.values()}
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        kind = THREADS.get((task / "comm").read_text().strip())
        if kind:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
            user, system = (int(ticks) / TICKS_PER_SECOND for ticks in fields[11:13])
            taken[kind] = [taken[kind][0] + user, taken[kind][1] + system]
    return taken


def for_each_request(before, after, requests):
    """Processor time in microseconds, user + system."""
    def shown(kind):
        user, system = ((end - begin) * 1e6 / requests for begin, end in zip(before[kind], after[kind]))
        return f"{kind} {user:.1f} + {system:.1f}"
    return ", ".join(map(shown, before))


class Side:
    """A server under load, request after request, and how fast it was in each round."""

    def __init__(self, url, load_script):
        self.url, self.script, self.sent, self.answers, self.rates = url, load_script, 0, 0, []

    def run(self, connections):
        done = load(self.url + "/", connections, ROUND_SECONDS, self.script, self.sent)
        # Requests that wrk did not wait for may have been carried out.
        self.sent += done.answers + connections
        self.answers += done.answers
        self.rates.append(done.per_second)

    def shown(self):
        return f"{statistics.median(self.rates):7.0f}/s ({min(self.rates):.0f} to {max(self.rates):.0f})"


def ratio(brms, other, connections):
    """The median of the rounds' ratios, the other one first in each."""
    brms.rates.clear()
    for _ in range(ROUNDS):
        other.run(connections)
        brms.run(connections)
    return statistics.median(one / two for one, two in zip(brms.rates, other.rates))


def answer_bytes(server):
    """The length of an answer; the pair is the last that the load would come to."""
    request = urllib.request.Request(
        server.url + BRMS_PATH % (PROJECTS - 1), method="POST", data=(BRMS_BODY % (USERS - 1, PROJECTS - 1)).encode(),
        headers={"Authorization": OWNER_TOKEN, "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return len(answer.read())


def rows(path, table):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def measure(connections):
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(copied("seeded", f"bare-{connections}"))
        with contextlib.ExitStack() as servers:
            server = servers.enter_context(serving(path))
            length = answer_bytes(server)
            brms = Side(server.url, script("brms", BRMS_PATH, BRMS_BODY, OWNER_TOKEN))
            bare = Side(servers.enter_context(bare_hyper(length)), brms.script)
            time.sleep(0.3)
            before, answered = processor_time(server), brms.answers
            to_bare = ratio(brms, bare, connections)
            after, answered = processor_time(server), brms.answers - answered
            print(f"-c{connections}: inviteMembers {brms.shown()}, bare hyper {bare.shown()}, answers of {length} B: "
                  f"ratio {to_bare:.3f}")
            print(f"       processor time of a request, µs user + system: {for_each_request(before, after, answered)}")
            folder, port = FOLDER / "pocketbase", free_port()
            peer_url = servers.enter_context(running(pocketbase.prepared(folder, port), port,
                                                     stdout=subprocess.DEVNULL))
            pocketbase.make_collection(peer_url)
            peer = Side(peer_url, script("pocketbase", pocketbase.PATH, pocketbase.BODY))
            to_peer = ratio(brms, peer, connections)
            print(f"       inviteMembers {brms.shown()}, PocketBase {peer.shown()}, {pocketbase.durability(peer_url)}: "
                  f"ratio {to_peer:.1f}")
        for name, side, found in [("brms", brms, rows(path, "members")),
                                  ("PocketBase", peer, rows(folder / "data/data.db", "members"))]:
            print(f"       {name}: {found} rows for {side.answers} answers")
            if found < side.answers:
                raise SystemExit("an answer has no row")


def measure_bare():
    database("seeded", seed)
    for connections in CONNECTIONS:
        measure(connections)
