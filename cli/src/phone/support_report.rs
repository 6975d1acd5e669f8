//! `sokhoe phone support-report`

use serde_json::json;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let report = phone.app.support_report(Some(env!("CARGO_PKG_VERSION")))?;
    let lines: Vec<&str> = report.lines().collect();
    output.json(&json!({ "lines": lines }))?;
    for line in lines {
        output.line(line)?;
    }
    Ok(())
}
