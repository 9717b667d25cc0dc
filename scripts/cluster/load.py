"""A mixed load on the API, and what was answered to it."""

import collections
import http.client
import json
import threading
import time
from typing import NamedTuple

from example_seed import OWNER_SESSION

THREADS = 8
ACME_PROJECT = "0190a000-0000-7000-a000-000000000001"


class Answered(NamedTuple):
    at: float
    """When the answer came, or when the connection broke."""
    status: int
    """0 for a connection that broke."""
    what: str
    ids: list


class Load:
    """Threads that send one request after another until they are stopped."""

    def __init__(self, port):
        self.port, self.answered, self.lock = port, [], threading.Lock()
        self.is_over, self.number = threading.Event(), 0
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number

    def work(self):
        client = None
        while not self.is_over.is_set():
            what, method, path, body = request(self.next_number())
            status, ids = 0, []
            try:
                client = client or http.client.HTTPConnection("127.0.0.1", self.port, timeout=70)
                headers = {"Authorization": OWNER_SESSION} | ({"Content-Type": "application/json"} if body else {})
                client.request(method, path, body and json.dumps(body), headers)
                answer = client.getresponse()
                text = answer.read()
                status = answer.status
                if status == 200 and what == "invite":
                    ids = [(entry["userId"], entry["id"]) for entry in json.loads(text)]
                if answer.will_close:
                    client = None
            except (OSError, http.client.HTTPException):
                client = None
                # As a client does that waits a moment before it connects again.
                time.sleep(0.05)
            with self.lock:
                self.answered.append(Answered(time.monotonic(), status, what, ids))

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def since(self, begun):
        with self.lock:
            return [answered for answered in self.answered if answered.at >= begun]

    def longest_gap(self, begun):
        """The longest time in which nothing was answered with 200."""
        times = [begun, *(answered.at for answered in self.since(begun) if answered.status == 200)]
        return max(later - earlier for earlier, later in zip(times, [*times[1:], time.monotonic()]))

    def statuses(self, begun):
        counted = collections.Counter(answered.status for answered in self.since(begun))
        return ", ".join(f"{count} of {status or 'no answer'}" for status, count in sorted(counted.items()))


def request(number):
    """A third each: people who are invited by mail, lists, and changes of the organisation's settings."""
    kind = number % 3
    if kind == 0:
        return "invite", "POST", "/api/users", {"emails": [f"person{number}@acme.test"]}
    if kind == 1:
        return "list", "GET", f"/api/projects/{ACME_PROJECT}/members?perPage=10", None
    return "role", "POST", "/api/roles", {"name": f"role {number}", "allProjects": False}
