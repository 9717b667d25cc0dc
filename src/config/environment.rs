//! Tells settings in the environment from other variables that have their prefix.

use clap::builder::Resettable;
use clap::{Command, CommandFactory};

use super::arguments::Arguments;

/// The prefix of all settings in the environment.
const PREFIX: &str = "BRMS_";
/// Read by build.rs, not by the program; it may still be set.
pub(super) const BUILD_ONLY: &[&str] = &["BRMS_CODEGEN"];
const LIKENESS_MIN: f64 = 0.7;
/// The schemes in port variables that Kubernetes and Docker create for services.
const SERVICE_SCHEMES: [&str; 3] = ["tcp://", "udp://", "sctp://"];

/// Rejects unknown variables with our prefix, since a misspelt setting would silently keep its default.
pub(super) fn refuse_unknown(variables: impl Iterator<Item = (String, String)>) -> Result<(), clap::Error> {
    let mut command = Arguments::command();
    let known = known_names(&command);
    let is_ours = |(name, value): &(String, String)| {
        name.starts_with(PREFIX) && !value.is_empty() && !is_of_a_service(name, value)
    };
    let unknown: Vec<String> =
        variables.filter(is_ours).map(|(name, _)| name).filter(|name| !known.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let told = unknown.iter().map(|name| match meant(name, &known) {
        Some(meant) => format!("{name} (did you mean {meant}?)"),
        None => name.clone(),
    });
    let told: Vec<String> = told.collect();
    let text = format!(
        "unknown in the environment: {}; `brms serve --help` has the names, and `brms init` writes all of them into a file",
        told.join(", ")
    );
    Err(command.error(clap::error::ErrorKind::UnknownArgument, text))
}

/// The setting that a misspelt name resembles most, by the measure and the threshold with which clap suggests flags.
fn meant<'k>(name: &str, known: &'k [String]) -> Option<&'k str> {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let likeness = |known: &String| strsim::jaro(rest, known.strip_prefix(PREFIX).unwrap_or(known));
    let best =
        known.iter().map(|known| (known, likeness(known))).max_by(|one, other| one.1.total_cmp(&other.1));
    best.filter(|(_, likeness)| *likeness > LIKENESS_MIN).map(|(known, _)| known.as_str())
}

/// The command without the variables that are empty (`${X:-}` in a compose file), which count as unset, and without
/// those of services.
pub(super) fn without_unset(command: Command, value_of: &dyn Fn(&str) -> Option<String>) -> Command {
    let is_unset =
        |name: &str| value_of(name).is_some_and(|value| value.is_empty() || is_of_a_service(name, &value));
    let command = command.mut_args(|argument| {
        let name = argument.get_env().and_then(|name| name.to_str()).map(str::to_owned);
        if name.is_some_and(|name| is_unset(&name)) { argument.env(Resettable::Reset) } else { argument }
    });
    command.mut_subcommands(|command| without_unset(command, value_of))
}

/// Whether Kubernetes created this variable for a service named `brms` or `brms-…`.
fn is_of_a_service(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    // BRMS_SERVICE_HOST, BRMS_SERVICE_PORT and BRMS_SERVICE_PORT_HTTP; BRMS_MAIL_SERVICE_HOST of `brms-mail`.
    let is_service =
        |rest: &str| rest == "SERVICE_HOST" || rest == "SERVICE_PORT" || rest.starts_with("SERVICE_PORT_");
    if is_service(rest) || rest.find("_SERVICE_").is_some_and(|at| is_service(&rest[at + 1..])) {
        return true;
    }
    // BRMS_PORT, BRMS_PORT_8080_TCP, BRMS_PORT_8080_TCP_ADDR and so on.
    if rest == "PORT" || rest.starts_with("PORT_") {
        return true;
    }
    // The same for `brms-mail`: the value distinguishes BRMS_SMTP_PORT of a service `brms-smtp` from our setting.
    let mut words = rest.rsplit("_PORT_").next().unwrap_or_default().split('_');
    let is_numbered = rest.contains("_PORT_")
        && words
            .next()
            .is_some_and(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
        && words.next().is_some_and(|word| ["TCP", "UDP", "SCTP"].contains(&word));
    let is_url = SERVICE_SCHEMES.iter().any(|scheme| value.starts_with(scheme));
    is_numbered || (rest.ends_with("_PORT") && is_url)
}

/// The names of all settings, sorted.
pub(super) fn known_names(command: &Command) -> Vec<String> {
    fn collect(command: &Command, names: &mut Vec<String>) {
        names.extend(
            command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)),
        );
        command.get_subcommands().for_each(|subcommand| collect(subcommand, names));
    }
    let mut names: Vec<String> = BUILD_ONLY.iter().map(|name| (*name).to_owned()).collect();
    collect(command, &mut names);
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: &str) -> Option<String> {
        refuse_unknown([(name.to_owned(), value.to_owned())].into_iter()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_name_in_the_environment_is_refused() {
        for name in ["BRMS_LISTEN", "PATH", "BRMS_CODEGEN"] {
            assert_eq!(refused(name, "x"), None, "{name}");
        }
        let error = refused("BRMS_LISTENN", "x").unwrap();
        assert_eq!(refused("BRMS_LISTENN", ""), None, "empty counts as unset");
        assert!(error.contains("BRMS_LISTENN (did you mean BRMS_LISTEN?)"), "{error}");
        for (name, meant) in [
            ("BRMS_LISEN", "BRMS_LISTEN"),
            ("BRMS_DATABSE", "BRMS_DATABASE"),
            ("BRMS_DB", "BRMS_DATABASE"),
            ("BRMS_SMPT_HOST", "BRMS_SMTP_HOST"),
            ("BRMS_MAILFROM", "BRMS_MAIL_FROM"),
            ("BRMS_QQQ", ""),
        ] {
            let error = refused(name, "x").unwrap();
            let is_meant = error.contains(&format!("(did you mean {meant}?)"));
            assert_eq!(
                (is_meant, error.contains("did you mean")),
                (!meant.is_empty(), !meant.is_empty()),
                "{error}"
            );
        }
    }

    #[test]
    fn fr_06_service_variables_of_kubernetes_are_not_settings() {
        for (name, value) in [
            ("BRMS_PORT", "tcp://10.0.0.7:80"),
            ("BRMS_SERVICE_HOST", "10.0.0.7"),
            ("BRMS_SERVICE_PORT", "80"),
            ("BRMS_SERVICE_PORT_HTTP", "80"),
            ("BRMS_PORT_80_TCP", "tcp://10.0.0.7:80"),
            ("BRMS_PORT_80_TCP_PROTO", "tcp"),
            ("BRMS_MAIL_SERVICE_HOST", "10.0.0.8"),
            ("BRMS_MAIL_PORT", "tcp://10.0.0.8:25"),
            ("BRMS_MAIL_PORT_25_TCP_ADDR", "10.0.0.8"),
        ] {
            assert_eq!(refused(name, value), None, "{name}={value}");
        }
        for (name, value) in [
            ("BRMS_SMPT_PORT", "25"),
            ("BRMS_SERVICES", "x"),
            ("BRMS_MAIL_PORT_X_TCP", "x"),
            ("BRMS_MY_SERVICE_NAME", "x"),
        ] {
            assert!(refused(name, value).is_some(), "{name}={value}");
        }
    }

    #[test]
    fn fr_11_an_empty_variable_counts_as_unset() {
        let taken = |variable: &'static str, value: &'static str| {
            let command = without_unset(Arguments::command(), &move |name| {
                (name == variable).then(|| value.to_owned())
            });
            let serve = command.find_subcommand("serve").unwrap().clone();
            let names = serve.get_arguments().filter_map(|argument| argument.get_env()).collect::<Vec<_>>();
            names.iter().any(|name| *name == variable)
        };
        assert!(taken("BRMS_LISTEN", "127.0.0.1:0") && taken("BRMS_SMTP_PORT", "25"));
        assert!(!taken("BRMS_LISTEN", "") && !taken("BRMS_SMTP_PORT", "tcp://10.0.0.7:25"));
    }
}
