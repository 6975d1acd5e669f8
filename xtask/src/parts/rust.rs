//! `rust`: the tests of every crate.

use super::Tally;
use crate::{error::Result, process::Log, results::cargo_test, workspace::Workspace};

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let output = workspace
        .cargo()
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .output(log)?;
    // Built apart: the bugs are in no other program.
    let planted = workspace
        .cargo()
        .args(["test", "--locked", "--package", "sokhoe-tests"])
        .args(["--features", "planted", "--test", "planted"])
        .output(log)?;
    let lines = output.lines.iter().chain(&planted.lines);
    let count = cargo_test::count(lines.map(String::as_str));
    let ended_well = output.status.success() && planted.status.success();
    Ok(count.with_end(ended_well).into())
}
