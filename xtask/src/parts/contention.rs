//! `contention`: many clients at once for the same times, and a clinic that is killed while they ask.

use super::Tally;
use crate::{
    error::Result, process::Log, results::cargo_test, simulate::built, workspace::Workspace,
};

/// Operations of a run, in a minute of two cores.
const ATTEMPTS: u64 = 100_000;

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    // What was seen belongs to the log also when all went well.
    let output = built(workspace, "contention")
        .args(["--", "--show-output"])
        .env("SOKHOE_ATTEMPTS", ATTEMPTS.to_string())
        .output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
