"""A mail server that accepts everything."""

import contextlib
import socketserver


class Sink(socketserver.StreamRequestHandler):
    """Hands each mail to its server's `take` before it is acknowledged."""

    def handle(self):
        # A client that was killed has its connection reset.
        with contextlib.suppress(ConnectionError):
            self.converse()

    def converse(self):
        def say(line):
            self.wfile.write(line + b"\r\n")
        say(b"220 sink")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                say(b"354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                # A client that went away meanwhile has not handed it over.
                if line:
                    self.server.take(b"".join(lines))
                    say(b"250 taken")
            elif word == b"QUIT":
                return say(b"221 bye")
            else:
                say(b"250 sink")


class SinkServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, take):
        super().__init__(("127.0.0.1", 0), Sink)
        self.take = take
