//! `power_cuts`: what a vault keeps when the power goes, the disk is full or the drive fails.

use super::Tally;
use crate::{
    error::Result, process::Log, results::cargo_test, simulate::built, workspace::Workspace,
};

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let output = built(workspace, "power_cuts").output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
