//! `postgres`: what the clinic's tests ask of SQLite, asked of PostgreSQL; and several clinic processes on one database.

use super::Tally;
use crate::{
    error::Result, process::Log, results::cargo_test, tools::postgres::Server, workspace::Workspace,
};

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
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
