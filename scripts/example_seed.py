"""Secrets and ids of tests/fixtures/seed-example.json, by name."""

import pathlib

SEED = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/seed-example.json"

OWNER_SESSION = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000"
OWNER_TOKEN = "Bearer brms_pat_seed_owner_00000000000000000000000000000000000000"
READER_SESSION = "Internal brms_ses_seed_reader_0000000000000000000000000000000000000"
# The owner of another organisation.
STRANGER_SESSION = "Internal brms_ses_seed_globex_0000000000000000000000000000000000000"

PRICING = "0190a000-0000-7000-a000-000000000001"
EDITORS = "0190a000-0000-7000-9000-000000000001"

# Two invited users, a disabled one, a service account, two members.
IVY, IAN = "0190a000-0000-7000-8000-000000000005", "0190a000-0000-7000-8000-000000000006"
DORA = "0190a000-0000-7000-8000-000000000007"
ROBOT = "0190a000-0000-7000-8000-000000000008"
NINA, OTTO = "0190a000-0000-7000-8000-000000000009", "0190a000-0000-7000-8000-000000000010"
