//! A file of all settings as `NAME=value` lines, generated from the flags.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::arguments::Arguments;

const INTRODUCTION: &str = "\
# The settings of brms. Each setting is commented out and shows its default; remove the # to change
# it. A flag on the command line takes precedence. brms does not read this file itself:
#
#   a shell:      set -a; . ./brms.env; set +a; brms serve
#   systemd:      EnvironmentFile=/etc/brms/brms.env
#   containers:   --env-file brms.env (without quotation marks around values)
";

/// The widest comment line.
const WIDTH: usize = 100;

/// The text of the file.
#[must_use]
pub fn environment_file() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut written = Vec::new();
    let command = Arguments::command();
    // Those of `serve` come first: commands that share a setting with it may have another default.
    let serve = command.find_subcommand("serve").into_iter();
    for command in serve.chain(command.get_subcommands()) {
        write_all(command, &mut written, &mut text);
    }
    text
}

fn write_all(command: &Command, written: &mut Vec<String>, text: &mut String) {
    for argument in command.get_arguments() {
        let Some(name) = argument.get_env().and_then(|name| name.to_str()) else { continue };
        if !written.iter().any(|written| written == name) {
            written.push(name.to_owned());
            write_one(argument, name, text);
        }
    }
    command.get_subcommands().for_each(|command| write_all(command, written, text));
}

fn write_one(argument: &Arg, name: &str, text: &mut String) {
    text.push('\n');
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    // clap removes the full stop of a single sentence.
    let stop = if help.ends_with('.') { "" } else { "." };
    for line in format!("{help}{stop}").lines() {
        write_wrapped(line, text);
    }
    // Writing into a String cannot fail.
    let _ = writeln!(text, "#{name}={}", default_of(argument));
}

/// The value after the `=`: empty where the default is not a fixed value.
fn default_of(argument: &Arg) -> String {
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return "false".to_owned();
    }
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let value = defaults.join(",");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@,+=%".contains(letter);
    if value.chars().all(is_plain) { value } else { format!("\"{value}\"") }
}

fn write_wrapped(line: &str, text: &mut String) {
    let mut width = 0;
    for word in line.split_whitespace() {
        if width == 0 || width + 1 + word.len() > WIDTH {
            text.push_str(if width == 0 { "#" } else { "\n#" });
            width = 1;
        }
        text.push(' ');
        text.push_str(word);
        width += 1 + word.len();
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::environment::{BUILD_ONLY, known_names};
    use super::*;

    #[test]
    fn it_contains_every_setting_once_commented_out() {
        let text = environment_file();
        let mut names = known_names(&Arguments::command());
        names.retain(|name| !BUILD_ONLY.contains(&name.as_str()));
        assert!(names.len() > 15, "{names:?}");
        for name in names {
            assert_eq!(text.matches(&format!("\n#{name}=")).count(), 1, "{name}: {text}");
        }
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }

    #[test]
    fn it_shows_defaults_and_explains_them() {
        let text = environment_file();
        for wanted in [
            "# The listen address; port 0 selects a free one.\n#BRMS_LISTEN=127.0.0.1:8080\n",
            "#BRMS_ORGANISATION=\"My organisation\"\n",
            "#BRMS_ALLOW_SEEDED_SECRETS=false\n",
            "#BRMS_CONNECTIONS_MAX=1024\n",
            "\n#BRMS_PUBLIC_URL=\n",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }
}
