//! `browser`: the clinic's pages in real Chromium.

use super::Tally;
use crate::{
    error::Result,
    process::{Log, find_program},
    results::cargo_test,
    tools::{debian, node},
    workspace::Workspace,
};

const PROGRAM: &str = "chromium";

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    // Vietnamese needs letters with two marks; the packages bring no fonts of their own.
    debian::program(PROGRAM, &["chromium", "fonts-noto-core"], log)?;
    node::modules(&workspace.root.join("tests/browser"), log)?;
    // Named for the whole workspace, so that features and therefore compiled crates are those of `rust`.
    let output = workspace
        .cargo()
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .args(["--features", "sokhoe-tests/browser", "--test", "browser"])
        // Each play has a browser of its own.
        .args(["--", "--test-threads", "2"])
        .env("SOKHOE_CHROMIUM", find_program(PROGRAM).unwrap_or_default())
        .output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
