"""Load by wrk."""

import os
import re
import subprocess
import sys
from typing import NamedTuple


class Load(NamedTuple):
    """What a server answered under load."""

    answers: int
    per_second: float
    late_ms: float
    """The 99th percentile of the time of an answer."""


def load(url, connections, seconds, script=None, start=0):
    """Requests by one thread of wrk. The script finds in START the number of its first request. Ends the program if any
    answer is not 2xx."""
    # wrk counts an answer that is later than its time-out as an error; here it is only a slow one.
    command = ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s"]
    command += [*(["-s", str(script)] if script else []), url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True,
                             env=os.environ | {"START": str(start)}).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        sys.exit(printed)
    late, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed).groups()
    return Load(int(re.search(r"(\d+) requests in", printed)[1]),
                float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1]),
                float(late) * {"us": 0.001, "ms": 1, "s": 1000}[unit])
