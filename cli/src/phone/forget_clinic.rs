//! `sokhoe phone forget-clinic`

use clap::Args;
use serde_json::json;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Take a clinic out of the person's book: what came from it is erased from this phone
#[derive(Debug, Args)]
pub(super) struct ForgetClinicArgs {
    /// Which clinic; not needed when there is only one
    #[arg(long, value_name = "ID")]
    clinic: Option<String>,

    /// Lose so many bookings and readings that the clinic does not have yet
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    unsent: u64,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &ForgetClinicArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    phone
        .app
        .forget_clinic(&person.id, &clinic.id, args.unsent)
        .await?;
    output.json(&json!({"person_id": person.id, "clinic_id": clinic.id}))?;
    output.line(phone.words.say_with(
        "phone-clinic-forgotten",
        &[("clinic", clinic.name), ("name", person.name)],
    ))
}
