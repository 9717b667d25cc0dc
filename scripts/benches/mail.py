"""10,000 queued mails to a sink, and what callers notice of a relay that hangs."""

import contextlib
import json
import multiprocessing
import smtplib
import socket
import sqlite3
import statistics
import sys
import threading
import time

from benches.servers import connect, copied, resident_mb, serving, serving_copy
from example_seed import OWNER_SESSION
from mail_sink import SinkServer

MAILS = 10_000
MAIL_WORKERS = 4
MAIL_SETTINGS = ["--mail-from", "brms@mail.test", "--public-url", "https://people.test", "--smtp-host", "127.0.0.1",
                 "--smtp-tls", "none", "--mail-workers", str(MAIL_WORKERS), "--inviter-sends-max", "1000000"]


@contextlib.contextmanager
def sink():
    """The port of a sink in a process of its own, and its count."""
    taken = multiprocessing.Value("i", 0)

    def take(_):
        with taken.get_lock():
            taken.value += 1
    server = SinkServer(take)
    process = multiprocessing.Process(target=server.serve_forever, daemon=True)
    process.start()
    try:
        yield server.server_address[1], taken
    finally:
        process.terminate()


def queue_mails(server, count):
    """Invites this many people, ten per call, and returns the milliseconds of each call."""
    client = connect(server)
    times = []
    for first in range(0, count, 10):
        begun = time.perf_counter()
        emails = [f"invited{number}@mail.test" for number in range(first, min(first + 10, count))]
        client.request("POST", "/api/users", json.dumps({"emails": emails}),
                       {"Authorization": OWNER_SESSION, "Content-Type": "application/json"})
        answer = client.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"inviteUsers: {answer.status} {body[:200]}")
        times.append((time.perf_counter() - begun) * 1000)
    return times


def smtplib_rate(port, message, count):
    def work():
        with smtplib.SMTP("127.0.0.1", port) as client:
            for _ in range(count // MAIL_WORKERS):
                client.sendmail("brms@mail.test", ["invited@mail.test"], message)
    threads = [threading.Thread(target=work) for _ in range(MAIL_WORKERS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - begun)


def measure_mail():
    with sink() as (port, taken), copied("small") as path:
        # Nothing listens on port 1, so all of them stay pending; then all become due at once, as after a relay outage.
        with serving(path, *MAIL_SETTINGS, "--smtp-port", "1") as server:
            queue_mails(server, MAILS)
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE mails SET next_attempt_at = created_at WHERE state = 'queued'")
        with serving(path, *MAIL_SETTINGS, "--smtp-port", port) as server:
            begun, memory = time.perf_counter(), []
            while taken.value < MAILS:
                memory.append(resident_mb(server))
                time.sleep(0.1)
            rate = MAILS / (time.perf_counter() - begun)
            memory.append(resident_mb(server))
        baseline = smtplib_rate(port, "Subject: x\r\n\r\n" + 80 * ("word " * 12 + "\r\n"), MAILS // 5)
        print(f"mails: {rate:.0f}/s of {MAILS} queued; smtplib to the same sink {baseline:.0f}/s; ratio {rate / baseline:.2f}")
        print(f"resident MB: first {memory[0]:.0f}, least {min(memory):.0f}, most {max(memory):.0f}, last {memory[-1]:.0f}")


def measure_hanging_relay():
    """The latency of callers while a relay accepts connections and never replies."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hanging:
        to_relay = [*MAIL_SETTINGS, "--smtp-port", str(hanging.getsockname()[1])]
        with serving_copy("small", *MAIL_SETTINGS[:4], *MAIL_SETTINGS[-2:]) as server:
            without = statistics.median(queue_mails(server, 2_000))
        with serving_copy("small", *to_relay) as server:
            hanging_ms = statistics.median(queue_mails(server, 2_000))
    print(f"inviteUsers of ten: {hanging_ms:.2f} ms while the relay hangs, {without:.2f} ms without a relay; "
          f"ratio {hanging_ms / without:.2f}")
