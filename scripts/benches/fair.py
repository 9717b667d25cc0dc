"""What one organisation notices of another that sends as much as it can, and what all notice of strangers."""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import socket
import sqlite3
import statistics
import subprocess
import threading
import time
import uuid

from benches.servers import FOLDER, copied, database, resident_mb, serving
from example_seed import OWNER_SESSION, STRANGER_SESSION

SECONDS = 10
CONNECTIONS = 64
# The limits of issue and documents, in milliseconds.
MEDIAN_MAX, LATE_MAX = 100, 1000
STRANGERS = 1000
STRANGERS_LATE_MAX = 500
STRANGERS_MB_MAX = 100

WRITE = """
local ids = io.open("{ids}")
request = function()
  return wrk.format("POST", "/api/projects/" .. ids:read() .. "/members",
    {{["Authorization"] = "{caller}", ["Content-Type"] = "application/json"}}, ids:read())
end
"""
READ = """
request = function() return wrk.format("GET", "{path}", {{["Authorization"] = "{caller}"}}) end
"""
WRONG = """
request = function()
  local headers = {{["Authorization"] = "{caller}", ["Content-Type"] = "application/json"}}
  return wrk.format("{method}", "{path}", headers, '{body}')
end
"""


class Hog:
    """wrk with a script, until it is ended."""

    def __init__(self, server, name, script, connections=CONNECTIONS):
        path = FOLDER / f"fair-{name}.lua"
        path.write_text(script)
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS + 4}s", "--timeout", "60s", "-s", str(path), server.url],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self):
        printed, _ = self.process.communicate()
        rate = next((line.split()[1] for line in printed.splitlines() if line.startswith("Requests/sec")), "0")
        return float(rate)


def writes(ids_of_each):
    """inviteMembers with so many ids, no pair of which is used twice."""
    with contextlib.closing(sqlite3.connect(database("large"))) as connection:
        def ids(sql):
            return [str(uuid.UUID(bytes=row[0])) for row in connection.execute(sql)]
        users = ids("SELECT id FROM users WHERE email LIKE 'user%@large.test' LIMIT 20000")
        projects = ids("SELECT id FROM projects WHERE key LIKE 'project-%'")
    path = FOLDER / f"fair-{ids_of_each}.txt"
    with path.open("w") as file:
        parts = [users[first:first + ids_of_each] for first in range(0, len(users), ids_of_each)]
        for project, part in itertools.islice(itertools.product(projects, parts), 400_000 // min(ids_of_each, 50)):
            file.write(f"{project}\n{json.dumps({'userIds': part})}\n")
    return WRITE.format(ids=path, caller=OWNER_SESSION)


HOGS = {
    "nothing": None,
    "inviteMembers, a user each": lambda: writes(1),
    "inviteMembers, 1,000 users each": lambda: writes(1000),
    "audit pages of 500, deep": lambda: READ.format(
        path="/api/audit-logs?page=1900&perPage=500&orderBy=type", caller=OWNER_SESSION),
    "lists of 500 users": lambda: READ.format(path="/api/users?perPage=500", caller=OWNER_SESSION),
    "searches that find nothing": lambda: READ.format(path="/api/users?search=zzqqxx", caller=OWNER_SESSION),
}


def percentile(values, part):
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def calls(server, method, path, caller, seconds, body=None):
    """Calls one after the other, and how many milliseconds each of them took."""
    took, connection = [], http.client.HTTPConnection(server.url.removeprefix("http://"))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.perf_counter()
        connection.request(method, path, body, {"Authorization": caller, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status}")
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.005)
    connection.close()
    return took


def invited(server):
    """Somebody whom the other organisation has invited."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("POST", "/api/users", json.dumps({"emails": ["waits@globex.test"]}),
                       {"Authorization": STRANGER_SESSION, "Content-Type": "application/json"})
    answer = json.load(connection.getresponse())
    connection.close()
    return answer[0]["userId"]


def measure_fair():
    # As the unit and the container have it.
    os.environ["MALLOC_ARENA_MAX"] = "1"
    too_slow = []
    print(f"sendUserInvitation of another organisation while one sends on {CONNECTIONS} connections")
    print(f"{'median ms':>10} {'99 % ms':>9} {'its calls/s':>12}  what the one sends")
    limits = ["--invitation-sends-max", "1000000", "--inviter-sends-max", "1000000"]
    with copied("large") as path, serving(path, *limits) as server:
        send = f"/api/users/{invited(server)}/invitation"
        for name, script in HOGS.items():
            hog = Hog(server, "hog", script()) if script else None
            time.sleep(2)
            took = calls(server, "POST", send, STRANGER_SESSION, SECONDS)
            rate = hog.end() if hog else 0
            median, late = statistics.median(took), percentile(took, 0.99)
            print(f"{median:10.1f} {late:9.1f} {rate:12.0f}  {name}", flush=True)
            if median > MEDIAN_MAX or late > LATE_MAX:
                too_slow.append(name)
    too_slow += measure_strangers()
    if too_slow:
        raise SystemExit(f"beyond a limit: {', '.join(too_slow)}")


def opened(server, sends):
    """Connections that send this and then nothing. One that the server closes is opened again."""
    host, port = server.url.removeprefix("http://").split(":")
    open_ones = []
    for _ in range(STRANGERS):
        with contextlib.suppress(OSError):
            connection = socket.create_connection((host, int(port)), timeout=5)
            connection.sendall(sends)
            open_ones.append(connection)
    return open_ones


def wrong(method, path, body="", caller="Bearer brms_pat_wrong_000000000000000000000000000000000000000000"):
    return WRONG.format(method=method, path=path, body=body, caller=caller)


HALF_HEAD = b"POST /api/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer brms_pat_" + b"x" * 4000
HALF_BODY = (b"POST /api/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer brms_pat_wrong\r\n"
             b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n" + b" " * 60_000)
HALF_ACCEPT = (b"POST /invitations/accept HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               b"Content-Length: 8000\r\n\r\n" + b" " * 7_000)
JUNK = json.dumps({"secret": "brms_inv_" + "x" * 43})
STRANGER_KINDS = {
    "idle": b"", "half a head": HALF_HEAD, "half a body, wrong token": HALF_BODY, "half an acceptance": HALF_ACCEPT,
    "wrong tokens": wrong("GET", "/api/users"), "accept with junk": wrong("POST", "/invitations/accept", JUNK, ""),
    "preview with junk": wrong("POST", "/invitations/preview", JUNK, ""),
}


def measure_strangers():
    too_much = []
    print(f"a call with credentials while strangers have {STRANGERS} connections, and the most memory")
    print(f"{'99 % ms':>10} {'MB':>9} {'MB after':>9}  what the strangers do")
    for name, does in STRANGER_KINDS.items():
        with copied("small") as path, serving(path) as server:
            most, is_over = [0.0], threading.Event()

            def watch():
                while not is_over.wait(0.05):
                    most[0] = max(most[0], resident_mb(server))

            watching = threading.Thread(target=watch)
            watching.start()
            hog = Hog(server, "stranger", does, STRANGERS) if isinstance(does, str) else None
            open_ones = opened(server, does) if isinstance(does, bytes) else []
            time.sleep(1)
            took = calls(server, "GET", "/api/users?perPage=10", OWNER_SESSION, SECONDS)
            for connection in open_ones:
                connection.close()
            if hog:
                hog.end()
            is_over.set()
            watching.join()
            time.sleep(5)
            late, after = percentile(took, 0.99), resident_mb(server)
            print(f"{late:10.1f} {most[0]:9.1f} {after:9.1f}  {name}", flush=True)
            if late > STRANGERS_LATE_MAX or most[0] > STRANGERS_MB_MAX:
                too_much.append(name)
    return too_much
