//! cargo-deny's checks.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    process::{Log, Run},
    tools::deny,
    workspace::Workspace,
};

/// Licences, bans and sources: they need only the lock file.
pub(super) fn without_network(workspace: &Workspace, log: &mut Log) -> Result<()> {
    deny(workspace, log)?
        .args(["check", "--hide-inclusion-graph"])
        .args(["licenses", "bans", "sources"])
        .check(log)
        .map(drop)
}

/// Known holes, when the database of advisories can be reached; a red one is a failure, an unreachable one is told.
pub(super) fn advisories(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let fetch = deny(workspace, log)?
        .args(["fetch", "db"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .quiet()
        .limit(Duration::from_secs(120));
    match fetch.output(log) {
        Ok(output) if !is_out_of_reach(&output.lines) => {}
        Ok(_) | Err(Error::TimedOut { .. }) => {
            return Err(Error::Unreachable(
                "the database of advisories cannot be reached from here".to_owned(),
            ));
        }
        Err(error) => return Err(error),
    }
    deny(workspace, log)?
        .args(["check", "--disable-fetch", "advisories"])
        .check(log)
        .map(drop)
}

fn deny(workspace: &Workspace, log: &mut Log) -> Result<Run> {
    let program = deny::ensure(workspace, log)?;
    Ok(workspace.run(program).named("cargo-deny").args([
        "--workspace",
        "--locked",
        "--all-features",
    ]))
}

/// Says whether cargo-deny could not fetch its database; anything else that is wrong shows in the check itself.
fn is_out_of_reach(lines: &[String]) -> bool {
    lines
        .iter()
        .any(|line| line.contains("failed to fetch advisory database"))
}
