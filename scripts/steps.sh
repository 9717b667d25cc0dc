#!/usr/bin/env bash
# What scripts/check and .ci/run share: the report of the steps with their times, and the steps that both run. To be sourced;
# the argument is the time limit for all steps, in minutes.
minutes_max=$1
steps=() name=

# Ends the previous step and begins the next.
step() {
    finish_step
    name=$1 begun=$SECONDS
    printf '\n== %s (%s)\n' "$name" "$(date -u +%H:%M:%S)"
}

finish_step() {
    if [[ -n $name ]]; then steps+=("$(printf '%5d s  %s' $((SECONDS - begun)) "$name")"); fi
    name=
}

# The time of each step, also after a failure: the last line is the step that failed.
report() {
    finish_step
    printf '\n== time of each step\n'
    printf '%s\n' "${steps[@]}"
    printf '%5d s  in all\n' "$SECONDS"
}
trap report EXIT

# Fails if the steps took longer than the time limit.
finish_in_time() {
    step "all checks passed, in time"
    if ((SECONDS > minutes_max * 60)); then
        echo "this took $((SECONDS / 60)) minutes, more than the $minutes_max allowed: see the time of each step" >&2
        exit 1
    fi
}

# The steps that need only Rust, a C compiler and git. They install nothing.
run_shared_steps() {
    local before
    before=$(mktemp -d)
    cp -r generated "$before/"

    step "brms.json is the vendored file"
    # Its hash is in a file of its own, so that an edit changes two files and is visible in a review.
    echo "$(cat scripts/brms.json.sha256)  brms.json" | sha256sum --check --quiet

    step "format"
    cargo fmt --check

    step "clippy, warnings denied"
    cargo clippy --locked --all-targets -- --deny warnings

    step "documentation, warnings denied"
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps

    step "house rules"
    cargo test --locked --test house

    step "all tests"
    cargo test --locked

    step "generated/ is up to date"
    # If it is not, a build has failed, or has regenerated it.
    diff --recursive "$before/generated" generated
    rm -rf "$before"
}
