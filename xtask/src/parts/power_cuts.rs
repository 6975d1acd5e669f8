//! `power_cuts`: what a vault keeps when the power goes, the disk is full, the drive fails or the files are damaged.

use super::Tally;
use crate::{
    error::Result, process::Log, results::cargo_test, simulate::built, workspace::Workspace,
};

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let output = built(workspace, "power_cuts")
        .args(["--test", "damaged_files", "--no-fail-fast"])
        .output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
