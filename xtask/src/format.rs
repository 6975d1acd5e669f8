//! `cargo xtask format`: all hand-written Rust, Kotlin and Swift.

use crate::{
    error::{Error, Result},
    tools::{ktlint, swift},
    workspace::Workspace,
};

/// Runs the command; a language whose formatter cannot run here is told and left as it is.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut log = workspace.log("format")?;
    let fmt = workspace.cargo().args(["fmt", "--all"]);
    fmt.check(&mut log)?;
    let formatted = [
        ktlint::run(workspace, &["--format"], &mut log),
        swift::format(workspace, &["--in-place", "--parallel"], &mut log),
    ];
    for result in formatted {
        match result {
            Err(Error::Missing(why)) => log.say(&format!("not formatted: {why}")),
            other => other?,
        }
    }
    Ok(())
}
