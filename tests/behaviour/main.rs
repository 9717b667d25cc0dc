//! The behaviour of brms from outside: real requests to a real server on a free port, with a database for each test.
//! One test program, so that it is linked once.

mod support;

mod as_sent;
mod bodies;
mod credentials;
mod cross_origin;
mod hints;
mod hostile;
mod isolation;
mod members;
mod members_together;
mod noise;
mod odd_requests;
mod operator_rules;
mod proxies;
mod request_log;
mod requests;
mod rights;
mod secrets;

mod accept_limits;
mod accepting;
mod addresses;
mod addresses_shared;
mod bulk_refusals;
mod codes;
mod complaints;
mod delivery;
mod delivery_beyond_ascii;
mod delivery_failures;
mod delivery_killed;
mod delivery_outage;
mod invitations;
mod inviter_limit;
mod inviting;
mod mail_commands;
mod mail_server;
mod mail_templates;
mod mails;
mod pasted_codes;
mod planted_texts;
mod unknown_pages;

mod profile;
mod service_accounts;
mod tokens;
mod users;
mod users_update;

mod approvals;
mod audit_changes;
mod audit_export;
mod audit_logs;
mod call_budget;
mod groups;
#[cfg(target_os = "linux")]
mod largest_calls;
mod list_statements;
mod member_lists;
mod projects;
mod projects_changed;
mod projects_deleted;
mod roles;
mod roles_reach;
mod search_index;
mod searching;
mod value_limits;

mod idempotency;
mod idempotency_kept;
mod idempotency_killed;

mod breaking_changes;
mod compatibility;
mod description_differences;
mod descriptions;
mod descriptions_kept;
mod isolation_all;
mod matrix;
mod matrix_callers;
mod matrix_requests;
mod matrix_table;

mod backups;
mod checks;
#[cfg(unix)]
mod closed_pipes;
mod command_line;
mod compacting;
mod connections;
mod docs;
mod durability;
mod exiting_with_stdin;
mod export_memory;
#[cfg(target_os = "linux")]
mod failing_calls;
mod faults;
#[cfg(target_os = "linux")]
mod file_access;
#[cfg(target_os = "linux")]
mod file_changes;
mod file_names;
mod first_contact;
mod fuzz;
mod instances;
mod kills;
#[cfg(unix)]
mod listening;
#[cfg(target_os = "linux")]
mod log_changes;
#[cfg(target_os = "linux")]
mod machine_limits;
mod metrics;
mod model;
mod people_commands;
mod postgres_commands;
mod postgres_commits;
mod previews;
mod processes;
mod read_errors;
mod readiness;
mod restoring;
mod retention;
mod schemas;
mod seeds;
#[cfg(unix)]
mod service_manager;
mod sign_in;
mod sign_in_attacks;
mod sign_in_limits;
mod sign_in_pages;
mod sign_in_sessions;
mod starting;
mod statistics;
#[cfg(target_os = "linux")]
mod staying_alive;

mod testing_clock;
mod testing_door;
mod testing_ephemeral;
mod testing_export;
mod testing_faults;
mod testing_mailbox;
mod testing_much;
mod testing_reset;
mod totals;
