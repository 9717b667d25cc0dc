"""What a client of the API may want to know, each in milliseconds."""

import http.client

import pytest

from conftest import call

OWNER = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000"
IVY = "0190a000-0000-7000-8000-000000000005"
NINA = "0190a000-0000-7000-8000-000000000009"
PRICING = "0190a000-0000-7000-a000-000000000001"


def send_invitation(brms, user):
    status, answer = call("POST", f"{brms.url}/api/users/{user}/invitation", OWNER)
    assert status == 200, answer


def accept(brms, mail):
    return call("POST", f"{brms.url}/invitations/accept", body={"secret": mail["code"]})


def invite_nina(brms):
    return call("POST", f"{brms.url}/api/projects/{PRICING}/members", OWNER, {"userIds": [NINA]})


def test_who_is_invited_gets_a_mail_and_comes_in(brms):
    send_invitation(brms, IVY)
    mail = brms.next_mail("ivy@acme.test")
    assert mail["subject"] == "You are invited to join Acme Ltd"
    status, invitation = accept(brms, mail)
    assert (status, invitation["status"]) == (200, "accepted")


def test_a_link_is_dead_after_a_week_or_when_a_newer_one_was_sent(brms):
    send_invitation(brms, IVY)
    first = brms.next_mail("ivy@acme.test")
    send_invitation(brms, IVY)
    second = brms.next_mail("ivy@acme.test", after=first)
    assert accept(brms, first)[1]["type"] == "urn:brms:problem:invitation-replaced"
    brms.control("POST", "clock/advance", {"by": "8d"})
    assert accept(brms, second)[1]["type"] == "urn:brms:problem:invitation-expired"


def test_a_response_that_fails_twice_succeeds_the_third_time(brms):
    brms.control("POST", "fail", {"operation": "inviteMembers", "times": 2, "status": 503})
    assert [invite_nina(brms)[0] for _ in range(3)] == [503, 503, 200]


def test_when_the_response_is_lost_the_operation_was_executed_and_a_retry_is_safe(brms):
    brms.control("POST", "fail", {"operation": "inviteMembers", "drop": "after"})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        invite_nina(brms)
    assert invite_nina(brms) == (200, []), "she is already a member"


def test_an_address_with_a_plus_gets_its_mail(brms):
    call("POST", f"{brms.url}/api/users", OWNER, {"emails": ["ann+test@acme.test"]})
    assert brms.next_mail("ann+test@acme.test")["to"] == "ann+test@acme.test"


def test_each_test_starts_with_a_clean_server(brms):
    assert brms.control("GET", "mailbox") == []
    assert invite_nina(brms)[1] != [], "no invitation of an earlier test is left"
