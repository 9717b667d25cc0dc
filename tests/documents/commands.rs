//! What documents tell readers to type: every command of brms is one that brms takes.

use std::ffi::OsString;

use brms::config;
use clap::Command;

use crate::markdown::Document;
use crate::repository::Repository;

/// What stands in the place of a shell's variable.
const SOME_ID: &str = "0190a000-0000-7000-8000-000000000001";

/// Every call of brms in a block for a shell is read by the real command line.
pub fn blocks(document: &Document, _: &Repository) -> Vec<String> {
    let mut faults = Vec::new();
    for block in document.blocks.iter().filter(|block| block.language == "sh") {
        for arguments in block_commands(&block.text) {
            let words = arguments.iter().map(OsString::from);
            if let Err(error) = config::read(words)
                && error.exit_code() != 0
            {
                let text = error.to_string();
                let why = text.lines().next().unwrap_or_default();
                faults.push(document.fault(block.line, format!("{}: {why}", arguments.join(" "))));
            }
        }
    }
    faults
}

/// The calls of brms in a block, each with its arguments.
pub fn block_commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    text.lines().flat_map(simple_commands).filter_map(|command| arguments_of(&command)).collect()
}

/// A line of a shell, cut where one command ends and another begins. Without comments.
fn simple_commands(line: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    let mut quote = None;
    let mut before = ' ';
    for letter in line.chars() {
        match (quote, letter) {
            (None, '#') if before.is_whitespace() => break,
            (None, '|' | ';' | '&' | '(' | ')') => {
                commands.push(String::new());
                before = letter;
                continue;
            }
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if letter == open && before != '\\' => quote = None,
            _ => (),
        }
        before = letter;
        commands.last_mut().expect("one").push(letter);
    }
    commands
}

/// The words of a call of brms; `None`: the command calls something else.
fn arguments_of(command: &str) -> Option<Vec<String>> {
    let words = shlex::split(command)?;
    let is_assignment = |word: &&String| {
        word.split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_'))
    };
    let words: Vec<String> = words.iter().skip_while(is_assignment).cloned().collect();
    let rest = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["brms", ..] => &words[1..],
        ["cargo", "run", "--", ..] => &words[3..],
        ["cargo", "run", "--release", "--", ..] => &words[4..],
        _ => return None,
    };
    let rest = rest.iter().take_while(|word| !word.starts_with(['<', '>']));
    let value = |word: &String| if word.contains('$') { SOME_ID.to_owned() } else { word.clone() };
    Some(std::iter::once("brms".to_owned()).chain(rest.map(value)).collect())
}

/// `brms …` between backticks names commands and flags that exist, and so does `--flag`.
pub fn spans(document: &Document, repository: &Repository) -> Vec<String> {
    let mut faults = Vec::new();
    for code in &document.codes {
        let words: Vec<&str> = code.text.split_whitespace().collect();
        let unknown = match words.first() {
            Some(&"brms") => unknown_in_call(&repository.command, &words[1..]),
            Some(word) if word.starts_with("--") => {
                let flag = flag_name(word);
                (!repository.flags.contains(flag)).then(|| (*word).to_owned())
            }
            _ => None,
        };
        faults.extend(
            unknown.map(|word| document.fault(code.line, format!("`{}`: {word} is unknown", code.text))),
        );
    }
    faults
}

fn flag_name(word: &str) -> &str {
    let name = word.trim_matches(['[', ']', '-', ',']);
    name.split('=').next().unwrap_or_default()
}

fn unknown_in_call(command: &Command, words: &[&str]) -> Option<String> {
    let mut command = command;
    let mut is_open = true;
    for word in words {
        if word.trim_start_matches('[').starts_with("--") {
            let flag = flag_name(word);
            let has =
                |command: &Command| command.get_arguments().any(|argument| argument.get_long() == Some(flag));
            // Without a command brms serves.
            let serve = command.find_subcommand("serve").filter(|_| is_open);
            if !has(command) && !serve.is_some_and(has) {
                return Some((*word).to_owned());
            }
        } else if is_open
            && command.has_subcommands()
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
        {
            let Some(found) = command.find_subcommand(word) else { return Some((*word).to_owned()) };
            command = found;
        } else {
            is_open = false;
        }
    }
    None
}

#[test]
fn commands_are_found_between_others() {
    let text = "token=$(brms token create --user a@b.example \\\n   --kind internal | head -n 1)   # brms nonsense\n\
                BRMS_LOG=debug brms serve > log; curl -d '{\"a\":\"brms b\"}' x\ncargo run -- demo\nbrms mailbox show \"$mail\"\n";
    assert_eq!(
        block_commands(text),
        [
            &["brms", "token", "create", "--user", "a@b.example", "--kind", "internal"][..],
            &["brms", "serve"],
            &["brms", "demo"],
            &["brms", "mailbox", "show", SOME_ID],
        ]
    );
}
