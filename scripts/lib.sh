#!/usr/bin/env bash
# Helpers of the bash scripts. They source it with the prefix of their messages.
speaker=$1

say() { echo "$speaker: $1"; }

fail() {
    say "$1" >&2
    exit 1
}

# install_missing COMMAND=PACKAGE...    installs with apt-get the packages of missing commands, and Python's venv.
install_missing() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || fail "missing, and there is no apt-get: ${missing[*]}"
    apt-get update -qq
    apt-get install -qq --yes "${missing[@]}" >/dev/null
}

# install_pinned FOLDER INSTALL_NODE REQUIREMENTS PIN...    refills a folder unless it has the same pinned versions: with a
# virtual environment of the requirements, and by a function that installs what the other pins name.
install_pinned() {
    local folder=$1 install_node=$2 requirements=$3 wanted
    wanted=$(cat "${@:3}" | sha256sum)
    [[ $(cat "$folder/stamp" 2>/dev/null) != "$wanted" ]] || return 0
    rm -rf "$folder"
    python3 -m venv "$folder/python" || fail "cannot make a virtual environment"
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    "$install_node"
    echo "$wanted" > "$folder/stamp"
}
