"""The scenario, with the client that openapi-python-client writes."""

from brms_client import Client
from brms_client.api.group import create_group, list_groups
from brms_client.api.infrastructure import health_check
from brms_client.api.invitation import list_invitations
from brms_client.api.member import invite_members, list_members, update_member
from brms_client.api.personal_access_token import (
    create_personal_access_token, delete_personal_access_token, get_personal_access_token, list_personal_access_tokens,
    regenerate_personal_access_token)
from brms_client.api.project import create_project
from brms_client.api.user import invite_users, list_users, send_user_invitation
from brms_client.models import (
    CreateProjectRequest, CreateTokenRequest, InvitationStatus, InviteMembersRequest, InviteUsersRequest, Permission,
    Problem, RegenerateTokenRequest, SaveGroupRequest, TokenExpiry, UpdateMemberRequest)

from example_seed import DORA, IAN, NINA, OWNER_SESSION, OWNER_TOKEN, PRICING, READER_SESSION
from support import HOST, UNKNOWN_ID, accept, mailed_code, same


def calling(authorization):
    """The client of a caller. It raises an error for undescribed responses."""
    headers = {"Authorization": authorization} if authorization else {}
    return Client(base_url=HOST, headers=headers, raise_on_unexpected_status=True)


def good(operation, *arguments, **options):
    """The successful response of an operation, parsed by the client."""
    answer = operation.sync_detailed(*arguments, **options)
    same(int(answer.status_code), 200)
    return answer.parsed


def refused(status, kind, operation, *arguments, **options):
    """A call that must fail with a problem, parsed by the client."""
    answer = operation.sync_detailed(*arguments, **options)
    same(int(answer.status_code), status)
    same(type(answer.parsed), Problem)
    same((answer.parsed.status, answer.parsed.type_), (status, f"urn:brms:problem:{kind}"))
    return answer


def project_and_group(token):
    made = good(create_project, client=token, body=CreateProjectRequest(name="Discounts", key="discounts")).project
    same((made.key, made.version), ("discounts", "v1"))
    body = SaveGroupRequest(name="Analysts", permissions=[Permission("documents:full"), Permission("releases")])
    group = good(create_group, made.id, client=token, body=body)
    same((group.name, group.permissions), ("Analysts", ["documents:full", "releases"]))
    same([group.id for group in good(list_groups, made.id, client=token).results], [group.id])
    return made.id, group.id


def invite_and_accept(session, token):
    body = InviteUsersRequest(emails=["ann@acme.test", "bob@acme.test"])
    ann, bob = good(invite_users, client=session, body=body)
    same((ann.email, ann.status, bob.email), ("ann@acme.test", "pending", "bob@acme.test"))
    first = mailed_code("ann@acme.test")
    again = good(send_user_invitation, ann.user_id, client=session)
    same((again.id, again.created_at, again.status), (ann.id, ann.created_at, "pending"))
    same([accept(first), accept(mailed_code("ann@acme.test"))], [410, 200])
    same(accept(mailed_code("ann@acme.test")), 410)
    found = good(list_users, client=token, search="ann@acme.test").results
    same([(user.type_, user.status, user.last_name) for user in found], [("member", "active", "Archer")])
    pending = good(list_invitations, client=token, status=InvitationStatus("pending"), search="bob").results
    same([invitation.user.id for invitation in pending], [bob.user_id])
    return ann.user_id, bob.user_id


def members(token, project, group, ann, bob):
    body = InviteMembersRequest(user_ids=[ann, bob, NINA], group_ids=[group])
    added = good(invite_members, project, client=token, body=body)
    same([str(member.user_id) for member in added], [str(ann), str(bob), NINA])
    same([member.user.type_ for member in added], ["MEMBER", "INVITED", "MEMBER"])
    same([member.groups[0].name for member in added], ["Analysts"] * 3)
    same(good(invite_members, project, client=token, body=body), [])
    page = good(list_members, project, client=token, page=1, per_page=2)
    same((len(page.results), page.paginate.total, page.results[0].owner), (2, 4, True))
    body = UpdateMemberRequest(group_ids=[], owner=True)
    changed = good(update_member, project, added[0].id, client=token, body=body)
    same((changed.owner, changed.groups), (True, []))


def tokens(session):
    body = CreateTokenRequest(note="for a story", all_projects=False, projects=[PRICING],
                              permissions=[Permission("project:manage")], expiry=TokenExpiry("month"))
    made = good(create_personal_access_token, client=session, body=body)
    with_first = calling(f"Bearer {made.token}")
    same(len(good(list_groups, PRICING, client=with_first).results), 2)
    body = RegenerateTokenRequest(expiry=TokenExpiry("week"))
    renewed = good(regenerate_personal_access_token, made.id, client=session, body=body)
    refused(401, "unauthenticated", list_groups, PRICING, client=with_first)
    same(len(good(list_groups, PRICING, client=calling(f"Bearer {renewed.token}")).results), 2)
    same([token.id for token in good(list_personal_access_tokens, client=session)][1:], [made.id])
    good(delete_personal_access_token, made.id, client=session)
    refused(404, "not-found", get_personal_access_token, made.id, client=session)


def errors(session, token):
    wrong = refused(400, "invalid-request", invite_users, client=session, body=InviteUsersRequest(emails=["no address"]))
    same(wrong.parsed.errors[0].pointer, "/emails/0")
    refused(401, "unauthenticated", list_users, client=calling(None))
    refused(401, "unauthenticated", send_user_invitation, IAN, client=token)
    refused(403, "forbidden", list_users, client=calling(READER_SESSION))
    body = InviteMembersRequest(user_ids=[UNKNOWN_ID])
    missing = refused(404, "not-found", invite_members, PRICING, client=token, body=body)
    same(missing.parsed.errors[0].pointer, "/userIds/0")
    refused(409, "user-disabled", invite_members, PRICING, client=token, body=InviteMembersRequest(user_ids=[DORA]))
    for _ in range(3):
        good(send_user_invitation, IAN, client=session)
    late = refused(429, "too-many-sends", send_user_invitation, IAN, client=session)
    same(int(late.headers["retry-after"]) > 0, True)


def main():
    session, token = calling(OWNER_SESSION), calling(OWNER_TOKEN)
    same(good(health_check, client=calling(None)), "healthy")
    project, group = project_and_group(token)
    ann, bob = invite_and_accept(session, token)
    members(token, project, group, ann, bob)
    tokens(session)
    errors(session, token)
    print("the whole scenario")


main()
