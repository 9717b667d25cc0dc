#!/usr/bin/env bash
# Invites a user, reads the mail, advances the clock beyond the expiry, and injects a fault: with curl alone.
#
#   BRMS=target/release/brms tests/stand-in/invite.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

brms=${BRMS:-target/release/brms}
folder=$(mktemp -d)
"$brms" serve --ephemeral --listen 127.0.0.1:0 --seed tests/fixtures/seed-example.json \
    --test-api --ready-file "$folder/ready.json" --log error &
server=$!
trap 'kill $server; wait $server || true; rm -r "$folder"' EXIT
until [[ -s $folder/ready.json ]]; do
    kill -0 $server
    sleep 0.01
done

# The value of a field of the JSON on standard input; sufficient for the responses here.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

url=$(field url < "$folder/ready.json")
token=$(field testApiToken < "$folder/ready.json")
ivy=0190a000-0000-7000-8000-000000000005
nina=0190a000-0000-7000-8000-000000000009
pricing=0190a000-0000-7000-a000-000000000001

# Calls a test control.
control() { curl --silent --show-error --fail-with-body --request "$1" --header "Authorization: Test $token" \
    --header 'Content-Type: application/json' "$url/_test/$2" "${@:3}"; }
# Calls the API as the owner in the seed.
api() { curl --silent --show-error --request "$1" --header 'Content-Type: application/json' \
    --header 'Authorization: Internal brms_ses_seed_owner_00000000000000000000000000000000000000' "$url$2" "${@:3}"; }
accept() { curl --silent --output /dev/null --write-out '%{http_code}' --json "{\"secret\":\"$1\"}" "$url/invitations/accept"; }

expect() {
    [[ $2 == "$3" ]] || { echo "$1: $2 instead of $3" >&2; exit 1; }
    echo "$1: $2"
}

api POST "/api/users/$ivy/invitation" > "$folder/sent.json"
control GET 'mailbox/next?to=ivy@acme.test' > "$folder/mail.json"
mail=$(sed -n 's/^{"id":"\([^"]*\)".*/\1/p' "$folder/mail.json")
code=$(field code < "$folder/mail.json")

control POST clock/advance --data '{"by":"8d"}' > /dev/null
expect "the link after eight days" "$(accept "$code")" 410

api POST "/api/users/$ivy/invitation" > "$folder/sent.json"
code=$(control GET "mailbox/next?to=ivy@acme.test&after=$mail" | field code)
expect "the link of the second mail" "$(accept "$code")" 200

control POST fail --data '{"operation":"inviteMembers","status":503}' > /dev/null
invite=(--output "$folder/answer.json" --write-out '%{http_code}' --data "{\"userIds\":[\"$nina\"]}")
expect "an answer that was made to fail" "$(api POST "/api/projects/$pricing/members" "${invite[@]}")" 503
expect "the same request again" "$(api POST "/api/projects/$pricing/members" "${invite[@]}")" 200

control POST reset > "$folder/reset.json"
expect "the mailbox after a reset" "$(control GET mailbox)" '[]'
