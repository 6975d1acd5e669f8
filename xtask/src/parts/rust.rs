//! `rust`: the tests of every crate.

use super::Tally;
use crate::{error::Result, process::Log, results::cargo_test, workspace::Workspace};

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    // Without those of `built`, which are parts of their own.
    let output = workspace
        .cargo()
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
