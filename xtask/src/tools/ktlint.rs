//! ktlint: the Kotlin linter and formatter, one jar.

use std::path::PathBuf;

use crate::{
    error::{Error, Result},
    process::Log,
    tools::{installed::Installed, maven},
    workspace::Workspace,
};

const VERSION: &str = "1.8.0";

/// Makes sure that ktlint is there.
pub fn ensure(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    maven::ensure(log)?;
    let folder = Installed::new(workspace.tools.join("ktlint"), VERSION).or_install(
        &format!("ktlint {VERSION}"),
        log,
        |folder, log| {
            let artifact = format!("com.pinterest.ktlint:ktlint-cli:{VERSION}:jar:all");
            maven::copy(&artifact, folder, log)
        },
    )?;
    Ok(folder.join(format!("ktlint-cli-{VERSION}-all.jar")))
}

/// ktlint over all hand-written Kotlin, with the rules of `.editorconfig` and further arguments.
pub fn run(workspace: &Workspace, arguments: &[&str], log: &mut Log) -> Result<()> {
    let files = workspace.sources(&["bindings/kotlin", "android"], &[".kt", ".kts"], log)?;
    if files.is_empty() {
        return Err(Error::Missing("there is no Kotlin yet".to_owned()));
    }
    let jar = ensure(workspace, log)?;
    workspace
        .run("java")
        .arg("-jar")
        .arg(jar)
        .arg("--relative")
        .args(arguments)
        .args(&files)
        .named(format!("ktlint ({} files)", files.len()))
        .check(log)?;
    Ok(())
}
