//! `sokhoe phone sync`

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::stopwatch::Stopwatch;
use crate::text::{Column, Numbers, table};

/// Send what waits, and take in what is new
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// When there is nothing new, wait so many seconds for it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=25))]
    wait: Option<u64>,

    /// Everybody's, as a background job of a phone does it: what was decided first, then the oldest book
    #[arg(long, conflicts_with_all = ["wait", "person"])]
    all: bool,

    /// With --all: end within so many seconds
    #[arg(long, value_name = "SECONDS", requires = "all", value_parser = clap::value_parser!(u64).range(1..=3600))]
    window: Option<u64>,
}

/// Everybody's books within one window.
async fn all(phone: &Phone<'_>, window: Option<u64>, output: &mut Output) -> Result<(), Failure> {
    let window = window.map(Duration::from_secs);
    let view = phone.app.sync_all_by_schedule(window).await?;
    output.json(&json!({
        "persons": json::list(&view.persons, |of| json!({
            "person_id": of.person_id,
            "synced": of.synced.as_ref().map(json::sync),
            "trouble": of.trouble_text,
        })),
        "finished": view.finished,
    }))?;
    let names: HashMap<_, _> = phone
        .app
        .persons()?
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    let rows: Vec<Vec<String>> = view
        .persons
        .iter()
        .map(|of| {
            let said = match (&of.trouble_text, &of.synced) {
                (Some(trouble), _) => trouble.clone(),
                (None, None) => phone.words.say("phone-window-no-turn"),
                (None, Some(synced)) => {
                    let key = match synced.finished {
                        true => "phone-window-finished",
                        false => "phone-window-goes-on",
                    };
                    let stored = Numbers::of(phone.words).whole(synced.stored);
                    phone.words.say_with(key, &[("stored", stored)])
                }
            };
            vec![names.get(&of.person_id).cloned().unwrap_or_default(), said]
        })
        .collect();
    output.lines(table(&[Column::Left], &rows))
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &SyncArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    if args.all {
        return all(phone, args.window, output).await;
    }
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
