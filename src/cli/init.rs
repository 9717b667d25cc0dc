//! `brms init [FOLDER]`: a starter seed, a file of all settings, and instructions.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::config::{InitSettings, environment_file};
use crate::failure::Failure;
use crate::{private_file, seed};

const SEED: &str = "brms.seed.json";
const SETTINGS: &str = "brms.env";

/// Writes both files, or neither if one of them exists.
pub(super) fn run(settings: &InitSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = &settings.folder;
    let seed = format!("{:#}\n", seed::starter());
    write_files(folder, &[(SEED, seed), (SETTINGS, environment_file())])?;
    writeln!(
        out,
        "wrote {}: an organisation with an owner, a member, an invited user and a project;",
        folder.join(SEED).display()
    )?;
    writeln!(out, "  its secrets are newly generated")?;
    writeln!(out, "wrote {}: every setting, commented out", folder.join(SETTINGS).display())?;
    write_next(folder, out)?;
    Ok(())
}

fn write_files(folder: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|cause| format!("the folder {} cannot be created: {cause}", folder.display()))?;
    for (position, (name, contents)) in files.iter().enumerate() {
        let path = folder.join(name);
        let Err(cause) = private_file::write_new(&path, contents) else { continue };
        for (written, _) in &files[..position] {
            let _ = fs::remove_file(folder.join(written));
        }
        return Err(match cause.kind() {
            io::ErrorKind::AlreadyExists => format!(
                "{} already exists, and nothing was written; move it away, or name another folder",
                path.display()
            ),
            _ => format!("{} cannot be written: {cause}", path.display()),
        }
        .into());
    }
    Ok(())
}

fn write_next(folder: &Path, out: &mut dyn Write) -> io::Result<()> {
    let enter = match folder.to_string_lossy().as_ref() {
        "." => String::new(),
        other => format!("  cd {}\n", quoted(other)),
    };
    let owner = seed::OWNER_EMAIL;
    writeln!(
        out,
        "\nStart the server:\n\n{enter}  brms serve --seed {SEED}\n\n\
         and in another terminal, in the same folder:\n\n  \
         token=$(brms token create --user {owner} --kind internal | head -n 1)\n  \
         curl -H \"Authorization: Internal $token\" http://127.0.0.1:8080/api/users\n  \
         xdg-open http://127.0.0.1:8080/docs"
    )
}

/// A path quoted as one shell word.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_quoted_as_one_shell_word() {
        for (word, wanted) in [("a/b-1", "a/b-1"), ("a b", "'a b'"), ("it's", "'it'\\''s'")] {
            assert_eq!(quoted(word), wanted);
        }
    }
}
