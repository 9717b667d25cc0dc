"""Faults for judges to find, injected by a proxy between a judge and a correct server."""

import dataclasses
import http.client
import http.server
import json
import threading
import urllib.parse
from typing import Callable, Optional

# Hop-by-hop headers, set anew by each sender.
OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclasses.dataclass
class Request:
    """A request of a judge."""

    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def path(self):
        return self.target.split("?")[0]

    def is_for(self, method, pattern):
        """Whether method and path match; `*` stands for one segment."""
        wanted, given = pattern.split("/"), self.path.split("/")
        fits = len(wanted) == len(given) and all(a in ("*", b) for a, b in zip(wanted, given))
        return self.method == method and fits


@dataclasses.dataclass
class Answer:
    """A response of the server, and its modifications."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @json.setter
    def json(self, value):
        self.body = json.dumps(value).encode()


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault, and the text by which its judge shows that it found this one and no other."""

    name: str
    objection: str
    # Modifies a request.
    asked: Optional[Callable[[Request], None]] = None
    # Modifies a response.
    answered: Optional[Callable[[Request, Answer], None]] = None
    # The part that is sufficient to find it, to save time.
    where: dict = dataclasses.field(default_factory=dict)


def answer_of(method, pattern, change):
    """A modification of every successful response of one operation."""
    def answered(request, answer):
        if request.is_for(method, pattern) and answer.status == 200:
            change(answer)
    return answered


def without_an_id(answer):
    """A modification of a response that is a list."""
    things = answer.json
    for thing in things:
        del thing["id"]
    answer.json = things


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of a judge, with one to the server."""

    protocol_version = "HTTP/1.1"
    # Disables Nagle's algorithm.
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.upstream = http.client.HTTPConnection(self.server.upstream)

    def __getattr__(self, name):
        # Judges send arbitrary methods.
        if name.startswith("do_"):
            return self.pass_on
        raise AttributeError(name)

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_ONE_HOP}
        request = Request(self.command, self.path, headers, body)
        fault = self.server.fault
        if fault.asked:
            fault.asked(request)
        self.upstream.request(request.method, request.target, request.body or None, request.headers)
        given = self.upstream.getresponse()
        headers = {name: value for name, value in given.getheaders() if name.lower() not in OF_ONE_HOP}
        answer = Answer(given.status, headers, given.read())
        if fault.answered:
            fault.answered(request, answer)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if request.method != "HEAD":
            self.wfile.write(answer.body)

    def finish(self):
        super().finish()
        self.upstream.close()


class Faulty(http.server.ThreadingHTTPServer):
    """A server with one fault, for the duration of the block."""

    daemon_threads = True

    def __init__(self, fault, url):
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault = fault
        self.upstream = urllib.parse.urlsplit(url).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A judge that disconnects is not an error."""
