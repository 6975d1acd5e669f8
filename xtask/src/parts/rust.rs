//! `rust`: the tests of every crate.

use super::Tally;
use crate::{error::Result, process::Log, results::cargo_test, workspace::Workspace};

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    // The simulation's lives, the power cuts and the thousand clients are parts of their own, in a build that is
    // quicker than this one.
    let output = workspace
        .cargo()
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .args(["--", "--skip", "lives::", "--skip", "cuts::"])
        .args(["--skip", "faults::", "--skip", "thousand_clients::"])
        .output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
