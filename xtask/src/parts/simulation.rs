//! `simulation`: lives of a family and its clinics, and the bugs that they must find.

use super::Tally;
use crate::{
    error::Result,
    process::Log,
    results::cargo_test,
    simulate::{built, in_lives},
    workspace::Workspace,
};

/// Lives of a run: a million hours of phones, in ten minutes of two cores.
const LIVES: u64 = 50_000;

/// After which no more lives begin, and the log says how many there were: on a machine of half the speed the other
/// parts must have their time too.
const MINUTES: u64 = 12;

/// What was lived belongs to the log also when all went well.
const TALLY: [&str; 2] = ["--", "--show-output"];

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let lived = in_lives(built(workspace, "simulation"), workspace)?
        .args(TALLY)
        .env("SOKHOE_LIVES", LIVES.to_string())
        .env("SOKHOE_MINUTES", MINUTES.to_string())
        .output(log)?;
    let planted = built(workspace, "simulation")
        .args(TALLY)
        .args(["--ignored", "planted::"])
        .output(log)?;
    let lines = lived.lines.iter().chain(&planted.lines);
    let count = cargo_test::count(lines.map(String::as_str));
    let ended_well = lived.status.success() && planted.status.success();
    Ok(count.with_end(ended_well).into())
}
