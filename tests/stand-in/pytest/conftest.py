"""A brms server for a run of pytest: started once, reset before each test. Copy it and set SEED to your file."""

import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BRMS = os.environ.get("BRMS", str(ROOT / "target/release/brms"))
SEED = ROOT / "tests/fixtures/seed-example.json"


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
        return self.control("GET", f"mailbox/next?to={to}" + (f"&after={after['id']}" if after else ""))


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
def running_brms(tmp_path_factory):
    ready = tmp_path_factory.mktemp("brms") / "ready.json"
    process = subprocess.Popen(
        [BRMS, "serve", "--ephemeral", "--listen", "127.0.0.1:0", "--seed", SEED, "--test-api", "--ready-file", ready,
         "--log", "error"])
    try:
        while not ready.exists():
            assert process.poll() is None, "brms did not start"
            time.sleep(0.005)
        told = json.loads(ready.read_text())
        yield StandIn(told["url"], told["testApiToken"])
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def brms(running_brms):
    """The same server for every test, reset before each."""
    running_brms.control("POST", "reset")
    return running_brms
