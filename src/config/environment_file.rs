//! A file of all settings as `NAME=value` lines, generated from the flags.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::arguments::Arguments;
use super::settings::{SettingHelp, settings_of};

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
    for setting in settings_of(command) {
        let Some(name) = &setting.variable else { continue };
        if !written.contains(name) {
            written.push(name.clone());
            write_one(&setting, name, text);
        }
    }
    command.get_subcommands().for_each(|command| write_all(command, written, text));
}

fn write_one(setting: &SettingHelp, name: &str, text: &mut String) {
    text.push('\n');
    for line in setting.help.lines() {
        write_wrapped(line, text);
    }
    // Writing into a String cannot fail.
    let _ = writeln!(text, "#{name}={}", quoted(setting.default.as_deref().unwrap_or_default()));
}

/// The value after the `=`, quoted so that a shell reads it as one word.
fn quoted(value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@,+=%".contains(letter);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("\"{value}\"") }
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
            "port 0 selects a free one.\n#BRMS_LISTEN=127.0.0.1:8080\n",
            "#BRMS_ORGANISATION=\"My organisation\"\n",
            "#BRMS_ALLOW_SEEDED_SECRETS=false\n",
            "#BRMS_CONNECTIONS_MAX=1024\n",
            "\n#BRMS_PUBLIC_URL=\n",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }
}
