//! `sokhoe phone same-person`, `unite` and `part`

use clap::Args;
use serde_json::{Value, json};
use sokhoe_app::domain::SamePersonProof;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Make one person of two whom several clinics know: see `same-person` for who that may be
///
/// The second one's book is erased here, and comes into the first one's from its clinics with the next `sync`.
#[derive(Debug, Args)]
pub(super) struct UniteArgs {
    /// The one who is kept: an id or a part of the name
    #[arg(value_name = "PERSON")]
    keep: String,

    /// The one who becomes the same
    #[arg(value_name = "OTHER")]
    other: String,
}

/// Make what a clinic knows a person of their own again
#[derive(Debug, Args)]
pub(super) struct PartArgs {
    /// Which clinic: an id or a part of its name
    #[arg(long, value_name = "CLINIC")]
    clinic: String,

    /// Lose so many bookings and readings that the clinic does not have yet
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    unsent: u64,
}

pub(super) fn list(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let found = phone.app.same_persons()?;
    let same: Value = json::list(&found, |same| {
        json!({
            "person_id": same.person_id,
            "other_id": same.other_id,
            "proof": match same.proof {
                SamePersonProof::Cccd => "cccd",
                SamePersonProof::Bhyt => "bhyt",
            },
            "text": same.text,
        })
    });
    output.json(&json!({"same_persons": same}))?;
    if found.is_empty() {
        return output.line(phone.words.say("phone-no-same-person"));
    }
    for same in found {
        output.line(same.text)?;
        let ids = [("person", same.person_id), ("other", same.other_id)];
        output.line(phone.words.say_with("phone-unite-hint", &ids))?;
    }
    Ok(())
}

pub(super) async fn unite(
    phone: &Phone<'_>,
    args: &UniteArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let keep = phone.person_named(&args.keep)?;
    let other = phone.person_named(&args.other)?;
    let one = phone.app.unite_persons(&keep.id, &other.id).await?;
    output.json(&json!({"person": json::person(&one)}))?;
    let name = [("name", one.name)];
    output.line(phone.words.say_with("phone-united", &name))
}

pub(super) async fn part(
    phone: &Phone<'_>,
    args: &PartArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, Some(&args.clinic))?;
    let parted = phone
        .app
        .part_person(&person.id, &clinic.id, args.unsent)
        .await?;
    output.json(&json!({"person": json::person(&parted)}))?;
    let who = [
        ("clinic", clinic.name),
        ("name", parted.name),
        ("id", parted.id),
    ];
    output.line(phone.words.say_with("phone-parted", &who))
}
