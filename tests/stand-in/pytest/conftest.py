"""A brms server for a run of pytest: started once, reset before each test. Copy it, set SEED to your seed file (without:
seed.json beside this file), and BRMS to the program unless it is on the PATH."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pytest

BRMS = os.environ.get("BRMS", "brms")
SEED = os.environ.get("SEED", pathlib.Path(__file__).with_name("seed.json"))


class StandIn:
    """The running server: its URL, and helpers for tests."""

    def __init__(self, url, token):
        self.url = url
        self._token = token

    def control(self, method, path, body=None):
        status, answer = call(method, f"{self.url}/_test/{path}", f"Test {self._token}", body)
        assert status == 200, answer
        return answer

    def next_mail(self, to, after=None):
        query = {"to": to, **({"after": after["id"]} if after else {})}
        return self.control("GET", f"mailbox/next?{urllib.parse.urlencode(query)}")


def call(method, url, authorization=None, body=None):
    """Status and JSON of the response, whatever the status."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if authorization:
        request.add_header("Authorization", authorization)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.fixture(scope="session")
def running_brms():
    # The server removes it at its end, also when this process is killed: its standard input ends then.
    ready = pathlib.Path(tempfile.gettempdir(), f"brms-{uuid.uuid4()}.json")
    try:
        process = subprocess.Popen(
            [BRMS, "serve", "--ephemeral", "--listen", "127.0.0.1:0", "--seed", SEED, "--test-api",
             "--ready-file", ready, "--exit-with-stdin", "--log", "error"], stdin=subprocess.PIPE)
    except FileNotFoundError as cause:
        raise RuntimeError(f"{BRMS} is not there: is brms installed? BRMS names another path of it") from cause
    try:
        while not ready.exists():
            assert process.poll() is None, f"brms did not start (exit code {process.returncode}); see its message"
            time.sleep(0.005)
        told = json.loads(ready.read_text())
        yield StandIn(told["url"], told["testApiToken"])
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdin.close()


@pytest.fixture
def brms(running_brms):
    """The same server for every test, reset before each."""
    running_brms.control("POST", "reset")
    return running_brms
