//! `cargo xtask bindings`: the Kotlin and Swift sources, generated from the library's own metadata.
//!
//! They are never committed and never edited. A misspelt section of `uniffi.toml` is silent, so the generated
//! names are checked here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    process::Log,
    workspace::{Workspace, files_below, write_if_changed},
};

/// The folders that this command owns.
pub const GENERATED: &[&str] = &[
    "bindings/kotlin/target",
    "bindings/swift/Sources/SoKhoeCore",
    "bindings/swift/Sources/SoKhoeCoreFFI",
];

const KOTLIN: &str = "bindings/kotlin/target/generated/kotlin";
const KOTLIN_PACKAGE: &str = "vn.sokhoe.core";
const SWIFT: &str = "bindings/swift/Sources/SoKhoeCore";
const SWIFT_C: &str = "bindings/swift/Sources/SoKhoeCoreFFI";
const SWIFT_MODULE: &str = "SoKhoeCore";
const SWIFT_C_MODULE: &str = "SoKhoeCoreFFI";

/// A C target needs a C file. On Linux, Swift 6.0's Observation calls a function that its own libraries leave out.
const SHIM: &str = r#"#include "SoKhoeCoreFFI.h"

#if defined(__linux__)
#include <stdio.h>
#include <stdlib.h>

void _ZN5swift9threading5fatalEPKcz(const char *message, ...) {
    fputs(message, stderr);
    abort();
}
#endif
"#;

/// Runs the command.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut log = workspace.log("bindings")?;
    build(workspace, &mut log)?;
    generate(workspace, &mut log)?;
    log.say(&format!("Kotlin: {KOTLIN}"));
    log.say(&format!("Swift:  {SWIFT}, {SWIFT_C}"));
    Ok(())
}

/// Builds the library and its generator in the dev profile.
fn build(workspace: &Workspace, log: &mut Log) -> Result<()> {
    workspace
        .cargo()
        .args(["build", "--locked"])
        .args(["--package=sokhoe-ffi", "--package=sokhoe-uniffi-bindgen"])
        .check(log)?;
    Ok(())
}

/// Builds every library and program in the dev profile.
///
/// Features are chosen for the whole workspace and, because a test is named, as `cargo test --workspace` chooses
/// them: so what the part `rust` has compiled is not compiled again.
pub fn build_everything(workspace: &Workspace, log: &mut Log) -> Result<()> {
    workspace
        .cargo()
        .args(["build", "--locked", "--workspace"])
        .args(["--lib", "--bins", "--test", "commands"])
        .check(log)?;
    Ok(())
}

/// Generates both languages from the library that was built last.
pub fn generate(workspace: &Workspace, log: &mut Log) -> Result<()> {
    kotlin(workspace, log)?;
    swift(workspace, log)
}

fn kotlin(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let fresh = bindgen(workspace, "kotlin", log)?;
    let sources = files_below(&fresh)?;
    if sources.is_empty() {
        return Err(nothing_generated());
    }
    let package = format!("package {KOTLIN_PACKAGE}");
    for source in &sources {
        let text = fs::read_to_string(source).map_err(Error::file(source))?;
        if !text.lines().any(|line| line.trim_end() == package) {
            return Err(misnamed(source, &package));
        }
    }
    replace(&fresh, &workspace.root.join(KOTLIN))
}

fn swift(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let fresh = bindgen(workspace, "swift", log)?;
    let read = |name: String| {
        let path = fresh.join(name);
        fs::read_to_string(&path)
            .map_err(|_| misnamed(&path, &format!("{SWIFT_MODULE}, {SWIFT_C_MODULE}")))
    };
    let source = read(format!("{SWIFT_MODULE}.swift"))?;
    let header = read(format!("{SWIFT_C_MODULE}.h"))?;
    let map = read(format!("{SWIFT_C_MODULE}.modulemap"))?;
    let import = format!("import {SWIFT_C_MODULE}");
    if !source.lines().any(|line| line.trim() == import) {
        return Err(misnamed(&fresh, &import));
    }
    let module = format!("module {SWIFT_C_MODULE} {{");
    if !map.lines().any(|line| line.trim() == module) {
        return Err(misnamed(&fresh, &module));
    }
    let place = |from: &str, files: &[(&str, &str)]| -> Result<()> {
        let staged = workspace.scratch().join("bindings/staged").join(from);
        clear(&staged)?;
        for (name, content) in files {
            write_if_changed(&staged.join(name), content.as_bytes())?;
        }
        replace(&staged, &workspace.root.join(from))
    };
    place(SWIFT, &[("SoKhoeCore.swift", &source)])?;
    place(
        SWIFT_C,
        &[
            ("include/SoKhoeCoreFFI.h", &header),
            ("include/module.modulemap", &map),
            ("shim.c", SHIM),
        ],
    )
}

/// Generates one language into an empty folder.
fn bindgen(workspace: &Workspace, language: &str, log: &mut Log) -> Result<PathBuf> {
    let fresh = workspace.scratch().join("bindings").join(language);
    clear(&fresh)?;
    let library = workspace.built().join(format!(
        "{}sokhoe_ffi{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ));
    workspace
        .run(workspace.built().join("sokhoe-uniffi-bindgen"))
        .named("sokhoe-uniffi-bindgen")
        .args(["generate", "--no-format", "--config", "uniffi.toml"])
        .args(["--language", language, "--out-dir"])
        .arg(&fresh)
        .arg(library)
        .check(log)?;
    Ok(fresh)
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::file(folder))?;
    }
    fs::create_dir_all(folder).map_err(Error::file(folder))
}

/// Makes a folder equal to another one, leaving files that did not change untouched.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let relative = |folder: &Path, path: &Path| path.strip_prefix(folder).map(Path::to_path_buf);
    for old in files_below(to)? {
        if !relative(to, &old).is_ok_and(|name| from.join(name).exists()) {
            fs::remove_file(&old).map_err(Error::file(&old))?;
        }
    }
    for new in files_below(from)? {
        if let Ok(name) = relative(from, &new) {
            let content = fs::read(&new).map_err(Error::file(&new))?;
            write_if_changed(&to.join(name), &content)?;
        }
    }
    Ok(())
}

fn misnamed(at: &Path, expected: &str) -> Error {
    Error::Wrong(format!(
        "{}: expected `{expected}`; is a section of uniffi.toml misspelt?",
        at.display()
    ))
}

fn nothing_generated() -> Error {
    Error::Wrong("uniffi-bindgen generated nothing: does sokhoe-ffi export anything?".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_without_touching_what_did_not_change() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        let write =
            |path: PathBuf, text: &str| write_if_changed(&path, text.as_bytes()).expect("written");
        write(from.join("a/same.kt"), "same");
        write(from.join("new.kt"), "new");
        write(to.join("a/same.kt"), "same");
        write(to.join("stale.kt"), "stale");
        let before = fs::metadata(to.join("a/same.kt")).and_then(|data| data.modified());
        replace(&from, &to).expect("replaced");
        let after = fs::metadata(to.join("a/same.kt")).and_then(|data| data.modified());
        assert_eq!(before.expect("a time"), after.expect("a time"));
        let names = files_below(&to).expect("a folder");
        assert_eq!(names, [to.join("a/same.kt"), to.join("new.kt")]);
    }
}
