//! docs/settings.md: made from the flags themselves.

use std::fmt::Write;

use brms::config::{SettingHelp, settings_of};
use clap::Command;

use crate::repository::{Repository, read, root};

const PATH: &str = "docs/settings.md";

const INTRODUCTION: &str = "\
# Settings

<!-- Written by tests/documents/settings.rs from the command line: DOCUMENTS=write cargo test --test documents -->

Every command of `brms` with its arguments and flags. Most flags have a variable in the environment: the flag wins
over it, and an empty variable counts as not set. An unknown name that begins with `BRMS_` is refused, except those
that Kubernetes makes for a service called `brms` (`BRMS_PORT`, `BRMS_SERVICE_HOST` and so on). In the environment a
switch is `true` or `false`, and several values are joined by commas. `brms init` writes all variables into a file,
`brms.env`.

A length of time is a number with a unit: `90s`, `10m`, `7d`. Where the default is empty, there is none, or the
description says what it depends on.
";

/// The text of the document.
fn document(command: &Command) -> String {
    let mut text = INTRODUCTION.to_owned();
    // Those of serve come first: the other commands share some of them.
    let serve = command.find_subcommand("serve").into_iter();
    let others = command.get_subcommands().filter(|command| !["serve", "help"].contains(&command.get_name()));
    for command in serve.chain(others) {
        write_command(command, "brms", &mut text);
    }
    text
}

fn write_command(command: &Command, parent: &str, text: &mut String) {
    let name = format!("{parent} {}", command.get_name());
    let settings = settings_of(command);
    if !command.has_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let stop = if about.ends_with('.') { "" } else { "." };
        // Writing into a String cannot fail.
        let _ = write!(text, "\n## {name}\n\n{}\n", wrapped(&format!("{about}{stop}")));
    }
    if !settings.is_empty() {
        text.push_str("\n| flag | variable | default | what it does |\n|---|---|---|---|\n");
        for setting in &settings {
            write_row(setting, text);
        }
    }
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        write_command(command, &name, text);
    }
}

fn write_row(setting: &SettingHelp, text: &mut String) {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let code = |text: Option<&str>| text.map(|text| format!("`{}`", cell(text))).unwrap_or_default();
    let values: Vec<String> = setting.values.iter().map(|value| format!("`{value}`")).collect();
    let values = if values.is_empty() { String::new() } else { format!(" One of {}.", values.join(", ")) };
    let usage = setting.usage.replace(['<', '>'], "");
    let (variable, default) = (code(setting.variable.as_deref()), code(setting.default.as_deref()));
    let _ =
        writeln!(text, "| `{}` | {variable} | {default} | {}{values} |", cell(&usage), cell(&setting.help));
}

fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("a line");
        if line.len() + 1 + word.len() < crate::COLUMNS_MAX {
            let space = if line.is_empty() { "" } else { " " };
            let _ = write!(line, "{space}{word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

/// The first line that differs.
pub fn difference(written: &str, right: &str) -> Option<String> {
    let (mut written, mut right) = (written.lines(), right.lines());
    for line in 1.. {
        match (written.next(), right.next()) {
            (None, None) => break,
            (found, wanted) if found == wanted => (),
            (found, wanted) => return Some(format!("line {line}: {found:?} and not {wanted:?}")),
        }
    }
    None
}

#[test]
fn the_document_of_settings_is_what_the_command_line_says() {
    let right = document(&Repository::new().command);
    if std::env::var_os("DOCUMENTS").is_some_and(|value| value == "write") {
        std::fs::write(root().join(PATH), right).expect("it is written");
        return;
    }
    let difference = difference(&read(PATH), &right);
    assert_eq!(difference, None, "{PATH}; DOCUMENTS=write cargo test --test documents writes it anew");
}

#[test]
fn a_flag_or_a_word_of_help_that_is_new_is_seen() {
    let right = document(&Repository::new().command);
    let row = "| `--listen ADDRESS` | `BRMS_LISTEN` | `127.0.0.1:8080` | The listen address; may be repeated. HOST:PORT with an IP address or the name of this machine, a PORT of 127.0.0.1, or unix:PATH; port 0 selects a free one. |\n";
    assert!(right.contains(row), "{right}");
    assert!(right.contains("\n## brms token create\n"), "{right}");
    for changed in
        [right.replace(row, ""), right.replace("selects a free one", "selects any"), format!("{right}x\n")]
    {
        assert!(difference(&changed, &right).is_some());
    }
}
