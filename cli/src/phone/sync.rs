//! `sokhoe phone sync`

use std::time::Duration;

use clap::Args;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::stopwatch::Stopwatch;
use crate::text::Numbers;

/// Send what waits, and take in what is new
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// When there is nothing new, wait so many seconds for it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=25))]
    wait: Option<u64>,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &SyncArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let watch = Stopwatch::start();
    let view = match args.wait {
        Some(seconds) => {
            phone
                .app
                .wait_for_changes(&person.id, Duration::from_secs(seconds))
                .await?
        }
        None => phone.app.sync(&person.id).await?,
    };
    output.json(&json::sync(&view))?;
    let numbers = Numbers::of(phone.words);
    let values = [
        ("stored", numbers.whole(view.stored)),
        ("deleted", numbers.whole(view.deleted)),
        ("span", numbers.span(watch.read())),
    ];
    output.line(phone.words.say_with("phone-synced", &values))?;
    for (key, count) in [
        ("phone-settled", view.settled),
        ("phone-still-waiting", view.waiting),
        ("phone-set-aside", view.set_aside),
    ] {
        if count > 0 {
            output.line(
                phone
                    .words
                    .say_with(key, &[("count", numbers.whole(count))]),
            )?;
        }
    }
    if view.unreachable_clinic_ids.is_empty() {
        return Ok(());
    }
    let clinics = phone.app.clinics()?;
    let names: Vec<String> = clinics
        .into_iter()
        .filter(|clinic| view.unreachable_clinic_ids.contains(&clinic.id))
        .map(|clinic| clinic.name)
        .collect();
    Err(Failure::Said(
        "phone-unreachable",
        vec![("clinics", names.join(", "))],
    ))
}
