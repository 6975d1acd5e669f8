//! `sokhoe phone check`

use serde_json::json;
use sokhoe_app::BookCheck;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let person = phone.person()?.id;
    let found = phone.app.check_book(&person)?;
    output.json(&json!({"whole": found == BookCheck::Whole}))?;
    output.line(phone.words.say(match found {
        BookCheck::Whole => "phone-check-whole",
        BookCheck::Rebuilt => "phone-check-rebuilt",
    }))
}
