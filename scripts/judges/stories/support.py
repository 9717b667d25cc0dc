"""What the stories in Python share. They run in their client's environment and know the server by HOST."""

import json
import os
import subprocess
import urllib.error
import urllib.request

HOST = os.environ["HOST"]
NOBODY = "0190a000-0000-7000-8000-00000000dead"


def mailed_code(address):
    """The code in the latest mail to an address."""
    ran = subprocess.run([os.environ["MAILED_CODE"], address], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def accept(code):
    """What Ann's browser would post; the page is no part of the description. The status of the answer."""
    body = json.dumps({"secret": code, "firstName": "Ann", "lastName": "Archer"}).encode()
    request = urllib.request.Request(f"{HOST}/invitations/accept", data=body)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def same(found, wanted):
    """Stops the story where an answer is not what it should be."""
    if found != wanted:
        raise AssertionError(f"{found!r} and not {wanted!r}")
