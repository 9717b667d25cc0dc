"""brms on PostgreSQL beside brms on SQLite, on this machine, both durable: inviteMembers with one and with two instances,
lists, searches, and the time of a copy."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import statistics
import subprocess
import time

from benches.bare import BRMS_BODY, BRMS_PATH, script, seed
from benches.load import load
from benches.servers import FOLDER, connect, copied, database, in_turn, serving
from brms_server import BRMS, Server, environment
from example_seed import OWNER_TOKEN
from postgres_server import DURABLE, postgres

ROUNDS = 7
ROUND_SECONDS = 3
MEMBERS_AT_ONCE = 1000


def copy(server, file, name):
    """Copies a file into a new database, and returns its URL."""
    url = server.create_database(name)
    begun = time.perf_counter()
    printed = subprocess.run([BRMS, "copy", str(file), url], check=True, capture_output=True, text=True, env=environment())
    rows = re.search(r"(\d+) rows, compared", printed.stdout)[1]
    print(f"{time.perf_counter() - begun:8.1f} s   brms copy of {rows} rows")
    return url


def instance(url, number):
    return Server(BRMS, FOLDER / f"postgres-{number}.ready", "--database", url, "--log", "error")


def milliseconds(client, method, path, body=None):
    begun = time.perf_counter()
    headers = {"Authorization": OWNER_TOKEN} | ({"Content-Type": "application/json"} if body else {})
    client.request(method, path, body and json.dumps(body), headers)
    answer = client.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {text[:200]}")
    return (time.perf_counter() - begun) * 1000, json.loads(text)


def measure_writes(server):
    path = database("seeded", seed)
    lua = script("postgres", BRMS_PATH, BRMS_BODY, OWNER_TOKEN)
    with contextlib.ExitStack() as stack:
        copy_of_file = stack.enter_context(copied("seeded", "postgres"))
        # The copy checks that no server uses the file; it is opened again by the server on SQLite.
        url = copy(server, copy_of_file, "seeded")
        sqlite = stack.enter_context(serving(copy_of_file))
        one, two = (stack.enter_context(instance(url, number)) for number in (1, 2))
        rates = {"SQLite": [], "one instance": [], "two instances": []}
        latest, begun = [], {name: 0 for name in rates}

        def slice_of(name, urls, start):
            with concurrent.futures.ThreadPoolExecutor() as threads:
                loads = list(threads.map(
                    lambda at: load(at[1].url + "/", 64 // len(urls), ROUND_SECONDS, lua, start + at[0] * 500_000),
                    enumerate(urls)))
            return loads
        place = {"SQLite": 0, "PostgreSQL": 0}
        for turn in range(ROUNDS):
            for name in in_turn(turn, list(rates)):
                urls = {"SQLite": [sqlite], "one instance": [one], "two instances": [one, two]}[name]
                engine = "SQLite" if name == "SQLite" else "PostgreSQL"
                loads = slice_of(name, urls, place[engine])
                place[engine] += max(one_load.answers for one_load in loads) + 10
                rates[name].append(sum(one_load.per_second for one_load in loads))
                if name == "one instance":
                    latest.append(loads[0].late_ms)
        for name, values in rates.items():
            print(f"{statistics.median(values):8.0f} /s  inviteMembers with a group, -c64, {name}")
        by_sqlite = statistics.median(a / b for a, b in zip(rates["one instance"], rates["SQLite"]))
        by_one = statistics.median(a / b for a, b in zip(rates["two instances"], rates["one instance"]))
        print(f"{by_sqlite:8.2f}     PostgreSQL / SQLite")
        print(f"{by_one:8.2f}     two instances / one")
        print(f"{statistics.median(latest):8.1f} ms  99th percentile, one instance")
        people = [f"0190a000-0000-7000-8001-{number:012d}" for number in range(MEMBERS_AT_ONCE)]
        client = connect(one)
        times = []
        for number in range(5):
            made = {"name": f"many {number}", "key": f"many-{number}"}
            project = milliseconds(client, "POST", "/api/projects", made)[1]["project"]["id"]
            took, invited = milliseconds(client, "POST", f"/api/projects/{project}/members", {"userIds": people})
            if len(invited) != MEMBERS_AT_ONCE:
                raise SystemExit(f"{len(invited)} were invited")
            times.append(took)
        print(f"{statistics.median(times):8.1f} ms  inviteMembers of {MEMBERS_AT_ONCE} at once")


def measure_lists(server, lists):
    with copied("large", "postgres") as path:
        url = copy(server, path, "large")
    with instance(url, 1) as running:
        client = connect(running)
        project = milliseconds(client, "GET", "/api/projects?all=true")[1]["results"][5]["id"]
        print("median ms  list (large database)")
        for path in (path.format(project=project) for path in lists):
            times = [milliseconds(client, "GET", path)[0] for _ in range(15)]
            print(f"{statistics.median(times):9.1f}  {path}")


def measure_postgres(lists):
    pathlib.Path(FOLDER).mkdir(parents=True, exist_ok=True)
    with postgres(DURABLE, FOLDER) as server:
        measure_writes(server)
        measure_lists(server, lists)
