//! What a setting is called and what it does, read from clap: for the file of settings and for the document about them.

use clap::{Arg, ArgAction, Command};

/// One argument of a command, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingHelp {
    /// How it is written on the command line: `--listen <ADDRESS>` or, by position, `<FILE>`.
    pub usage: String,
    /// Its name in the environment, if it has one.
    pub variable: Option<String>,
    /// The value it has when it is not given; several are joined by commas. `None`: no fixed value.
    pub default: Option<String>,
    /// What it does, in whole sentences.
    pub help: String,
    /// The only values it takes, if they are listed.
    pub values: Vec<String>,
}

/// The settings of one command itself, without those of its subcommands and without `--help` and `--version`.
#[must_use]
pub fn settings_of(command: &Command) -> Vec<SettingHelp> {
    let own = command.get_arguments().filter(|argument| !argument.is_hide_set());
    own.filter(|argument| !["help", "version"].contains(&argument.get_id().as_str())).map(setting).collect()
}

fn setting(argument: &Arg) -> SettingHelp {
    // clap removes the full stop of a single sentence.
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let stop = if help.is_empty() || help.ends_with('.') { "" } else { "." };
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let values = if is_switch(argument) { Vec::new() } else { argument.get_possible_values() };
    SettingHelp {
        usage: usage(argument),
        variable: argument.get_env().and_then(|name| name.to_str()).map(str::to_owned),
        default: if is_switch(argument) {
            Some("false".to_owned())
        } else {
            Some(defaults.join(",")).filter(|value| !value.is_empty())
        },
        help: format!("{help}{stop}"),
        values: values.iter().map(|value| value.get_name().to_owned()).collect(),
    }
}

fn is_switch(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::SetTrue)
}

fn usage(argument: &Arg) -> String {
    let id = argument.get_id().as_str().to_uppercase();
    let names = argument.get_value_names().map(|names| names.iter().map(ToString::to_string).collect());
    let value = names.unwrap_or_else(|| vec![id]).join(" ");
    match argument.get_long() {
        Some(flag) if is_switch(argument) => format!("--{flag}"),
        Some(flag) => format!("--{flag} <{value}>"),
        None => format!("<{value}>"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::arguments::Arguments;
    use super::*;

    fn of(command: &str, usage: &str) -> SettingHelp {
        let arguments = Arguments::command();
        let command = arguments.find_subcommand(command).unwrap();
        let found = settings_of(command).into_iter().find(|setting| setting.usage == usage);
        found.unwrap_or_else(|| panic!("{usage}: {:?}", settings_of(command)))
    }

    #[test]
    fn a_setting_is_told_with_its_variable_default_and_help() {
        let listen = of("serve", "--listen <ADDRESS>");
        assert_eq!(listen.variable.as_deref(), Some("BRMS_LISTEN"));
        assert_eq!(listen.default.as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(
            listen.help,
            "The listen address; may be repeated. HOST:PORT with an IP address or the name of this machine, a PORT of \
             127.0.0.1, or unix:PATH; port 0 selects a free one."
        );
        let switch = of("serve", "--ephemeral");
        assert_eq!((switch.default.as_deref(), switch.values.len()), (Some("false"), 0));
        assert_eq!(of("serve", "--public-url <URL>").default, None);
        assert_eq!(of("serve", "--smtp-tls <HOW>").values, ["implicit", "starttls", "none"]);
        assert_eq!(of("backup", "<FILE>").variable, None);
    }

    #[test]
    fn help_and_version_are_no_settings() {
        let arguments = Arguments::command();
        let mut built = arguments.clone();
        built.build();
        assert_eq!(settings_of(&built), []);
        let serve = built.find_subcommand("serve").unwrap();
        assert!(settings_of(serve).iter().all(|setting| setting.usage != "--help"));
    }
}
