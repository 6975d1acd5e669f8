//! `postgres`: what the clinic's tests ask of SQLite, asked of PostgreSQL; and several clinic processes on one database.

use super::Tally;
use crate::{
    error::Result, process::Log, results::cargo_test, simulate::built, tools::postgres::Server,
    workspace::Workspace,
};

/// Operations of a run of the crowd, in some five minutes of two cores: a booking there is many journeys to the server.
const ATTEMPTS: u64 = 100_000;

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let server = Server::start(log)?;
    // Named for the whole workspace, so that features and therefore compiled crates are those of `rust`.
    let output = workspace
        .cargo()
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .args(["--features", "sokhoe-tests/postgres"])
        .args(["--test", "clinic", "--test", "several_clinics"])
        .env("SOKHOE_TEST_POSTGRES", &server.url)
        .output(log)?;
    // In the build of the part `contention`.
    let crowd = built(workspace, "contention")
        .args(["--", "--show-output", "--ignored", "on_postgres"])
        .env("SOKHOE_ATTEMPTS", ATTEMPTS.to_string())
        .env("SOKHOE_TEST_POSTGRES", &server.url)
        .output(log)?;
    let lines = output.lines.iter().chain(&crowd.lines);
    let count = cargo_test::count(lines.map(String::as_str));
    let ended_well = output.status.success() && crowd.status.success();
    Ok(count.with_end(ended_well).into())
}
