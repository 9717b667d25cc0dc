"""inviteMembers on a small and on a large file, and beside another build."""

import contextlib
import itertools
import random
import sqlite3
import statistics
import uuid

from benches.load import load
from benches.servers import FOLDER, SIZES, copied, database, in_turn, serving
from example_seed import OWNER_TOKEN

SLICES = 20
SLICE_SECONDS = 2
# More than any machine achieves in that time.
SLICE_REQUESTS_MAX = 90_000

# Each line of the file has a project and a user who is not a member of it yet.
LUA = """
local pairs_to_send = io.open("{pairs}")
request = function()
  local project, user = pairs_to_send:read():match("(%S+) (%S+)")
  return wrk.format("POST", "/api/projects/" .. project .. "/members",
    {{["Authorization"] = "{bearer}", ["Content-Type"] = "application/json"}}, '{{"userIds":["' .. user .. '"]}}')
end
"""


def invite_scripts(name):
    """A script for each slice. No pair is used twice: a repeated invitation does nothing, and the small file has
    fewer pairs."""
    with contextlib.closing(sqlite3.connect(database(name))) as connection:
        def ids(sql):
            return [str(uuid.UUID(bytes=row[0])) for row in connection.execute(sql)]
        users = ids("SELECT id FROM users WHERE email LIKE 'user%@large.test' ORDER BY random() LIMIT 20000")
        projects = ids("SELECT id FROM projects WHERE key LIKE 'project-%'")
    chosen = iter(random.sample(range(len(users) * len(projects)), SLICES * SLICE_REQUESTS_MAX))
    for number in range(SLICES):
        lines = FOLDER / f"invite-{name}-{number}.txt"
        with lines.open("w") as file:
            for pair in itertools.islice(chosen, SLICE_REQUESTS_MAX):
                user, project = divmod(pair, len(projects))
                file.write(f"{projects[project]} {users[user]}\n")
        script = lines.with_suffix(".lua")
        script.write_text(LUA.format(pairs=lines, bearer=OWNER_TOKEN))
        yield script


def requests_per_second(server, path, script=None):
    return load(server.url + path, 64, SLICE_SECONDS, script).per_second


def measure_invite(builds):
    scripts = {size: list(invite_scripts(size)) for size in SIZES}
    rates = {"health": []}
    with contextlib.ExitStack() as stack:
        servers = {}
        for size in SIZES:
            for name, brms in builds.items():
                path = stack.enter_context(copied(size, f"{size}-{name}"))
                servers[size, name] = stack.enter_context(serving(path, brms=brms))
                rates[size, name] = []
        for turn in range(SLICES):
            rates["health"].append(requests_per_second(servers["small", "this"], "/api/health"))
            for size, name in in_turn(turn, list(servers)):
                rates[size, name].append(requests_per_second(servers[size, name], "/", scripts[size][turn]))
    for what, values in rates.items():
        what = what if what == "health" else " ".join(what)
        print(f"{what:>12}: {statistics.median(values):8.0f}/s  ({min(values):.0f} to {max(values):.0f})")

    def ratio(one, two):
        return statistics.median(rates[one]) / statistics.median(rates[two])
    print(f"inviteMembers, large / small: {ratio(('large', 'this'), ('small', 'this')):.2f}")
    for size in SIZES if "other" in builds else []:
        pairs = [one / two for one, two in zip(rates[size, "this"], rates[size, "other"])]
        print(f"inviteMembers, {size}, this / other: {ratio((size, 'this'), (size, 'other')):.3f} "
              f"(median of the pairs {statistics.median(pairs):.3f})")
