//! Keeps `generated/` in step with brms.json and scripts/codegen/.
//!
//! `generated/` is committed and `generated/stamp` holds a hash of everything it was made from and one of
//! the code itself. While both are right, which is nearly always, this only compares them and needs no
//! tool. Otherwise the pinned openapi-generator makes the code anew.
//!
//! `BRMS_CODEGEN=check`, or `CI` in the environment, only compares. `BRMS_CODEGEN=write` makes code even
//! under CI: its own check deletes the stamp, builds so, and looks whether the tree has changed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DESCRIPTION: &str = "brms.json";
const SETUP: &str = "scripts/codegen";
const FORMAT: &str = "rustfmt.toml";
const GENERATED: &str = "generated";
const STAMP: &str = "generated/stamp";
/// Where scripts/install-codegen puts things.
const INSTALLED: &str = ".codegen/bin";

fn main() {
    for path in [DESCRIPTION, SETUP, FORMAT, GENERATED, "build.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for variable in ["OPENAPI_GENERATOR", "BRMS_CODEGEN", "CI"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    // Returning normally keeps the report at this one line; an exit code would add ten of cargo's own.
    if let Err(problem) = run() {
        println!("cargo::error={problem}");
    }
}

fn run() -> Result<(), String> {
    if fs::read_to_string(STAMP).is_ok_and(|stamp| current_stamp().is_ok_and(|now| now == stamp)) {
        return Ok(());
    }
    if only_compares() {
        return Err(format!(
            "{GENERATED}/ does not match {DESCRIPTION} and {SETUP}/: run scripts/install-codegen once, \
             then BRMS_CODEGEN=write cargo build, and commit {GENERATED}/"
        ));
    }
    let code = generate()?;
    replace(&code).map_err(|error| format!("cannot write {GENERATED}/: {error}"))
}

fn only_compares() -> bool {
    match env::var("BRMS_CODEGEN").as_deref() {
        Ok("write") => false,
        Ok("check") => true,
        _ => env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false"),
    }
}

// ---- hashes ---------------------------------------------------------------------------------------

/// What the stamp says when everything is in step.
fn current_stamp() -> io::Result<String> {
    let mut inputs = vec![PathBuf::from(DESCRIPTION), PathBuf::from(FORMAT)];
    inputs.extend(files_under(Path::new(SETUP))?);
    let code =
        files_under(Path::new(GENERATED))?.into_iter().filter(|path| path != Path::new(STAMP)).collect();
    Ok(format!("inputs {:016x}\ncode   {:016x}\n", hash(inputs)?, hash(code)?))
}

fn files_under(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        } else if !path.ends_with("__pycache__") {
            files.extend(files_under(&path)?);
        }
    }
    Ok(files)
}

/// FNV-1a over names, lengths and contents. Contents and not times, since git keeps none; not std's
/// hasher, since that one may change with Rust.
fn hash(mut files: Vec<PathBuf>) -> io::Result<u64> {
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for file in files {
        let contents = fs::read(&file)?;
        take(file.to_string_lossy().as_bytes());
        take(&contents.len().to_le_bytes());
        take(&contents);
    }
    Ok(hash)
}

// ---- making the code ------------------------------------------------------------------------------

/// Makes the code in a scratch folder and gives back its files. What fails half-way touches nothing.
fn generate() -> Result<Vec<PathBuf>, String> {
    let version = pinned_version()?;
    let tool = find_tool(&version)?;
    let scratch = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo gave no OUT_DIR")?).join("codegen");
    let code = scratch.join("code");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)
            .map_err(|error| format!("cannot empty {}: {error}", scratch.display()))?;
    }
    fs::create_dir_all(&code).map_err(|error| format!("cannot make {}: {error}", code.display()))?;

    let prepared = scratch.join("prepared.json");
    let mut python = Command::new(python());
    python
        .arg(format!("{SETUP}/prepare.py"))
        .args([DESCRIPTION, &format!("{SETUP}/names.json")])
        .arg(&prepared);
    succeed(python, "prepare.py", "install Python 3")?;

    let mut generator = command(&tool);
    generator
        .args(["generate", "-c", &format!("{SETUP}/config.yaml"), "-i"])
        .arg(&prepared)
        .arg("-o")
        .arg(&code);
    succeed(generator, "openapi-generator", "run scripts/install-codegen")?;

    let files = rust_files(&code).map_err(|error| format!("cannot list {}: {error}", code.display()))?;
    // The settings are named because rustfmt would look for them beside the scratch folder.
    let mut rustfmt = Command::new(env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()));
    rustfmt.args(["--config-path", FORMAT]).args(&files);
    succeed(rustfmt, "rustfmt", "run rustup component add rustfmt")?;
    Ok(files)
}

/// The Rust files in a folder; the tool leaves other things there too.
fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let paths: io::Result<Vec<_>> = paths.collect();
    Ok(paths?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect())
}

/// The version of the tool, from the one place where it is written.
fn pinned_version() -> Result<String, String> {
    let path = format!("{SETUP}/requirements.txt");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let line = text.lines().find(|line| line.starts_with("openapi-generator-cli"));
    let version = line.and_then(|line| line.split_once("==")).map(|(_, version)| version.trim().to_owned());
    version.ok_or_else(|| format!("{path} pins no openapi-generator-cli"))
}

fn python() -> PathBuf {
    let installed = Path::new(INSTALLED).join("python3");
    if installed.exists() { installed } else { PathBuf::from("python3") }
}

/// The tool: what `OPENAPI_GENERATOR` names, else the installed one, else one on the PATH.
fn find_tool(wanted: &str) -> Result<OsString, String> {
    let candidates = match env::var_os("OPENAPI_GENERATOR") {
        Some(tool) => vec![tool],
        None => vec![
            format!("{INSTALLED}/openapi-generator-cli").into(),
            "openapi-generator-cli".into(),
            "openapi-generator".into(),
        ],
    };
    for tool in candidates {
        let Ok(output) = command(&tool).arg("version").output() else {
            continue;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        if said.trim() == wanted {
            return Ok(tool);
        }
        return Err(format!(
            "openapi-generator {wanted} is wanted and {} says {:?}: run scripts/install-codegen \
             and unset OPENAPI_GENERATOR if it is set",
            tool.display(),
            first_line(&output)
        ));
    }
    Err(format!(
        "{GENERATED}/ does not match {DESCRIPTION} and {SETUP}/, and openapi-generator {wanted} is not \
         there to renew it: run scripts/install-codegen and build again"
    ))
}

fn command(tool: &OsString) -> Command {
    if Path::new(tool).extension().is_some_and(|kind| kind == "jar") {
        let mut java = Command::new("java");
        java.arg("-jar").arg(tool);
        return java;
    }
    Command::new(tool)
}

fn succeed(mut command: Command, name: &str, remedy: &str) -> Result<(), String> {
    match command.output() {
        Err(error) => Err(format!("cannot run {name} ({error}): {remedy} and build again")),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{name}: {}", first_line(&output))),
    }
}

/// The line that says what went wrong: an exception's if there is one, else the first.
fn first_line(output: &Output) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let exception = lines.clone().find(|line| line.contains("Exception"));
    exception.or_else(|| lines.next()).unwrap_or("it failed without a word").to_owned()
}

// ---- replacing the code ---------------------------------------------------------------------------

/// Puts the new files in the place of the old ones, each by one rename, and the stamp last: whoever comes
/// in between, or after a crash, finds a stamp that does not fit and starts again.
fn replace(code: &[PathBuf]) -> io::Result<()> {
    let folder = Path::new(GENERATED);
    fs::create_dir_all(folder)?;
    for new in code {
        let Some(name) = new.file_name() else {
            continue;
        };
        put(&folder.join(name), &fs::read(new)?)?;
    }
    for old in files_under(folder)? {
        let kept = old == Path::new(STAMP) || code.iter().any(|new| new.file_name() == old.file_name());
        if !kept {
            fs::remove_file(old)?;
        }
    }
    put(Path::new(STAMP), current_stamp()?.as_bytes())
}

fn put(path: &Path, contents: &[u8]) -> io::Result<()> {
    // Outside of generated/, so that another build at the same time does not take it for a part of that.
    let beside = PathBuf::from(format!("{}.{}.new", GENERATED, std::process::id()));
    fs::write(&beside, contents)?;
    fs::rename(beside, path)
}
