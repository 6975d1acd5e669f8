//! `access`: who may see what at the clinic, asked in every way that a request can be written.

use super::Tally;
use crate::{
    error::Result, process::Log, results::cargo_test, simulate::built, workspace::Workspace,
};

/// Random requests that must not tell whether somebody else is there, in seconds of two cores.
const REQUESTS: u64 = 100_000;

/// Schedules in which a helper's book must not be read after its lease.
const SCHEDULES: u64 = 3_000;

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    // The number of cases belongs to the log also when all went well.
    let output = built(workspace, "access")
        .args(["--", "--show-output"])
        .env("SOKHOE_REQUESTS", REQUESTS.to_string())
        .env("SOKHOE_SCHEDULES", SCHEDULES.to_string())
        .output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
