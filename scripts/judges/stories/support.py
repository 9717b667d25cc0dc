"""Helpers of the scenarios in Python. They run in their client's environment and find the server by HOST."""

import json
import os
import subprocess
import urllib.error
import urllib.request

HOST = os.environ["HOST"]
UNKNOWN_ID = "0190a000-0000-7000-8000-00000000dead"


def mailed_code(address):
    """The code in the latest mail to an address."""
    ran = subprocess.run([os.environ["MAILED_CODE"], address], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def accept(code):
    """Submits the form as Ann's browser would, since the page is not in the description; returns the status."""
    body = json.dumps({"secret": code, "firstName": "Ann", "lastName": "Archer"}).encode()
    request = urllib.request.Request(f"{HOST}/invitations/accept", data=body)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def same(found, wanted):
    """Fails if a value is not as expected."""
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")
