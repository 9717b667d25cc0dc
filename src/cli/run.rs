//! Runs a command and maps its result to an exit code.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use super::failed::Failed;
use super::output::Output;
use super::{
    backup, check, compact, completions, copy, demo, export, health, init, invitation, mail, mailbox, man,
    openapi, project, restore, seed, serve, sign_in, stats, token, user, user_email,
};
use crate::config::{
    Command, InvitationCommand, MailCommand, MailboxCommand, ProjectCommand, SignInCommand, TokenCommand,
    UserCommand,
};
use crate::{log, terminal};

use crate::failure::Failure;

/// Runs a command. The exit code is 0 only if it succeeded, else usually 1.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    log::report_panics();
    survive_file_size_limit();
    let mut out = Output::new();
    let done = match command {
        Command::Serve(settings) => serve::run(&settings, &mut out),
        Command::Init(settings) => init::run(&settings, &mut out),
        Command::Demo(settings) => demo::run(&settings, &mut out),
        Command::Seed(settings) => seed::run(&settings, &mut out),
        Command::Export(settings) => export::run(&settings, &mut out),
        Command::Mail(command) => run_mail(command, &mut out),
        Command::Mailbox(MailboxCommand::List(data)) => mailbox::list(&data, &mut out),
        Command::Mailbox(MailboxCommand::Show { id, raw: false, data }) => mailbox::show(&data, id, &mut out),
        Command::Mailbox(MailboxCommand::Show { id, raw: true, data }) => {
            mailbox::show_raw(&data, id, &mut out)
        }
        Command::User(command) => run_user(&command, &mut out),
        Command::Invitation(command) => run_invitation(&command, &mut out),
        Command::SignIn(SignInCommand::Link(settings)) => sign_in::link(&settings, &mut out),
        Command::Token(TokenCommand::Create(settings)) => token::create(&settings, &mut out),
        Command::Token(TokenCommand::List(data)) => token::list(&data, &mut out),
        Command::Token(TokenCommand::Revoke { id, data }) => token::revoke(&data, id, &mut out),
        Command::Project(ProjectCommand::List(data)) => project::list(&data, &mut out),
        Command::Project(ProjectCommand::Delete { id, data }) => project::delete(&data, id, &mut out),
        Command::Check(settings) => return end(check::run(&settings, &mut out), &mut out),
        Command::Stats(settings) => stats::run(&settings, &mut out),
        Command::Compact(settings) => compact::run(&settings, &mut out),
        Command::Backup(settings) => backup::run(&settings, &mut out),
        Command::Restore(settings) => restore::run(&settings, &mut out),
        Command::Copy(settings) => copy::run(&settings, &mut out),
        Command::Health(settings) => health::run(&settings, &mut out),
        Command::Openapi(settings) => openapi::run(&settings, &mut out),
        Command::Completions { shell } => completions::run(shell, &mut out),
        Command::Man { folder } => man::run(&folder, &mut out),
    };
    end(done.map_err(Failed::from), &mut out)
}

/// Reports the outcome of a command, and returns its exit code.
fn end(done: Result<(), Failed>, out: &mut Output) -> ExitCode {
    let done = done.and_then(|()| Ok(out.flush().map_err(Failure::from)?));
    log::finish();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if out.is_closed() => ExitCode::SUCCESS,
        Err(Failed { failure, code }) => {
            // If even standard error is closed, nothing else can be done.
            let failure = format!("{failure}{}", file_size_limit());
            let _ = writeln!(std::io::stderr(), "brms: {}", terminal::lines(&failure));
            code
        }
    }
}

/// Prints an error of the command line, or a help text, and returns the exit code.
#[must_use]
pub fn report_usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let is_active = |argument: &OsString| {
        let text = argument.to_string_lossy();
        terminal::line(&text) != text
    };
    if arguments.iter().any(is_active) {
        // The message may quote the argument with its line breaks, so all of it is one line.
        let _ = writeln!(std::io::stderr(), "{}", terminal::line(error.render().to_string().trim_end()));
    } else {
        let text = error.render().to_string();
        match terminal::lines(&text) {
            // The library prints in colour.
            Cow::Borrowed(_) => {
                let printed = error.print().and_then(|()| std::io::stdout().flush());
                // A help text that is lost is a failure, like other output; an error has its exit code already.
                if let Err(cause) = printed
                    && !error.use_stderr()
                    && cause.kind() != std::io::ErrorKind::BrokenPipe
                {
                    let _ = writeln!(std::io::stderr(), "brms: {cause}");
                    return ExitCode::FAILURE;
                }
            }
            // A value from the environment.
            Cow::Owned(escaped) => drop(writeln!(std::io::stderr(), "{}", escaped.trim_end())),
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
}

fn run_user(command: &UserCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        UserCommand::List { print, data } => user::list(data, *print, out),
        UserCommand::Show { user, print, data } => user::show(data, user, *print, out),
        UserCommand::SetEmail { user, email, print, data } => user_email::set(data, user, email, *print, out),
    }
}

fn run_invitation(command: &InvitationCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        InvitationCommand::List { print, data } => invitation::list(data, *print, out),
        InvitationCommand::Link(settings) => invitation::link(settings, out),
        InvitationCommand::Withdraw { invitation, print, data } => {
            invitation::withdraw(data, invitation, *print, out)
        }
    }
}

fn run_mail(command: MailCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        MailCommand::Test { address, mail } => mail::test(&mail, &address, out),
        MailCommand::List { state, data } => mail::list(&data, state, out),
        MailCommand::Show { id, data } => mail::show(&data, id, out),
        MailCommand::Retry { id, data, invitations } => mail::retry(&data, &invitations, id, out),
        MailCommand::Cancel { id, data } => mail::cancel(&data, id, out),
    }
}

/// The system sends SIGXFSZ to a process that exceeds its file size limit, which would kill it. With a handler the
/// write fails instead, and is reported like a full disk.
#[cfg(unix)]
fn survive_file_size_limit() {
    let unused = std::sync::Arc::default();
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, unused);
}

#[cfg(not(unix))]
fn survive_file_size_limit() {}

/// Appended to a failure if the process has a file size limit: SQLite reports a write beyond it as an I/O error.
#[cfg(unix)]
fn file_size_limit() -> String {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Fsize).current;
    limit.map_or_else(String::new, |bytes| {
        format!(" (files may have at most {bytes} bytes here: `ulimit -f`, LimitFSIZE= of a systemd unit)")
    })
}

#[cfg(not(unix))]
fn file_size_limit() -> String {
    String::new()
}
