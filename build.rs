//! Keeps `generated/` in sync with brms.json and scripts/codegen/.
//!
//! `generated/` is committed, and `generated/stamp` has a hash of its inputs and one of the code. If both match, which
//! is the normal case, nothing is generated and no tool is needed. Otherwise the pinned openapi-generator generates
//! the code.
//!
//! `BRMS_CODEGEN=check`, or `CI` in the environment, only compares. `BRMS_CODEGEN=write` generates even under CI: the
//! CI script deletes the stamp, builds with it, and checks whether the tree has changed.
//!
//! It also extracts the files of Swagger UI from their archive.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

const DESCRIPTION: &str = "brms.json";
const SETUP: &str = "scripts/codegen";
const FORMAT: &str = "rustfmt.toml";
const GENERATED: &str = "generated";
const STAMP: &str = "generated/stamp";
/// Where scripts/install-codegen installs the tools.
const INSTALLED: &str = ".codegen/bin";

fn main() {
    for path in [DESCRIPTION, SETUP, FORMAT, GENERATED, "build.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for variable in ["OPENAPI_GENERATOR", "BRMS_CODEGEN", "CI"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    // Returning normally keeps the report to this one line; an exit code would add ten lines of cargo's own.
    if let Err(problem) = run().and_then(|()| extract_swagger_ui()) {
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

/// The stamp for the current inputs and code.
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

/// FNV-1a over names, lengths and contents. Not over times, because git does not keep them, and not std's hasher,
/// because it may change with Rust.
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

/// Generates the code in a scratch folder and returns its files. A failure leaves `generated/` unchanged.
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
    // Set explicitly, because rustfmt would search for its settings beside the scratch folder.
    let mut rustfmt = Command::new(env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()));
    rustfmt.args(["--config-path", FORMAT]).args(&files);
    succeed(rustfmt, "rustfmt", "run rustup component add rustfmt")?;
    Ok(files)
}

/// The Rust files in a folder, without other output of the tool.
fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let paths: io::Result<Vec<_>> = paths.collect();
    Ok(paths?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect())
}

/// The pinned version of the tool.
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

/// The tool: from `OPENAPI_GENERATOR`, or the installed one, or from the PATH.
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
            "openapi-generator {wanted} is required, but {} is {:?}: run scripts/install-codegen \
             and unset OPENAPI_GENERATOR if it is set",
            tool.display(),
            first_line(&output)
        ));
    }
    Err(format!(
        "{GENERATED}/ does not match {DESCRIPTION} and {SETUP}/, and openapi-generator {wanted} is not \
         installed to generate it: run scripts/install-codegen and build again"
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

/// The most informative line of the output: that of an exception if there is one, else the first.
fn first_line(output: &Output) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let exception = lines.clone().find(|line| line.contains("Exception"));
    exception.or_else(|| lines.next()).unwrap_or("it failed without any output").to_owned()
}

// ---- replacing the code ---------------------------------------------------------------------------

/// Replaces the old files by the new ones, each with one rename, and the stamp last: after an interruption the stamp
/// does not match, and the next build generates again.
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
    // Outside generated/, so that a concurrent build does not take it for a part of the code.
    let beside = PathBuf::from(format!("{}.{}.new", GENERATED, std::process::id()));
    fs::write(&beside, contents)?;
    fs::rename(beside, path)
}

// ---- Swagger UI -----------------------------------------------------------------------------------

/// The files that the page at /docs loads.
const SWAGGER_UI_FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

/// Writes the files to `OUT_DIR`, compressed as they are in the archive; `src/web/docs.rs` decompresses them.
fn extract_swagger_ui() -> Result<(), String> {
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo gave no OUT_DIR")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).map_err(|cause| cause.to_string())?;
    for name in SWAGGER_UI_FILES {
        let compressed =
            compressed(&mut archive, name).map_err(|cause| format!("Swagger UI's {name}: {cause}"))?;
        let path = folder.join(format!("{name}.deflate"));
        fs::write(&path, compressed).map_err(|cause| format!("cannot write {}: {cause}", path.display()))?;
    }
    Ok(())
}

/// The compressed bytes of a file in the folder `dist`, which lies in a folder that is named after the version.
fn compressed(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, String> {
    let wanted = ["dist", name].map(str::as_bytes);
    let is_wanted = |path: &[u8]| path.split(|byte| *byte == b'/').skip(1).eq(wanted);
    let position = archive.file_names_raw().position(is_wanted).ok_or("the archive has no such file")?;
    let mut file = archive.by_index_raw(position).map_err(|cause| cause.to_string())?;
    if file.compression() != CompressionMethod::DEFLATE {
        return Err(format!("unexpected compression {:?}", file.compression()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|cause| cause.to_string())?;
    Ok(bytes)
}
