//! `sokhoe phone persons`, `today` and `events`

use clap::Args;
use serde_json::json;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};

/// Show what must not be missed: again and again, until it is acknowledged
#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// They were seen: do not show them again
    #[arg(long)]
    acknowledge: bool,
}

pub(super) fn persons(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let (persons, clinics) = (phone.app.persons()?, phone.app.clinics()?);
    output.json(&json!({
        "persons": json::list(&persons, json::person),
        "clinics": json::list(&clinics, json::clinic),
    }))?;
    if persons.is_empty() {
        return output.line(phone.words.say("phone-nobody"));
    }
    let helped: Vec<String> = persons
        .iter()
        .filter_map(|person| {
            Some(format!(
                "{}: {}",
                person.name,
                person.helping.as_ref()?.text
            ))
        })
        .collect();
    let rows: Vec<Vec<String>> = persons
        .into_iter()
        .map(|person| {
            let at: Vec<String> = clinics
                .iter()
                .filter(|clinic| person.clinic_ids.contains(&clinic.id))
                .map(|clinic| clinic.name.clone())
                .collect();
            vec![
                person.name,
                person.birth_date.unwrap_or_default(),
                at.join(", "),
                person.id,
            ]
        })
        .collect();
    output.lines(table(&[Column::Left], &rows))?;
    helped.into_iter().try_for_each(|line| output.line(line))
}

pub(super) fn today(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let today = phone.app.today()?;
    output.json(&json!({"today": json::list(&today, |of| json!({
        "person": json::person(&of.person),
        "needs": json::list(&of.needs, |need| json!({
            "kind": need.kind.code(),
            "subject": need.subject_id,
            "text": need.text,
        })),
    }))}))?;
    if today.is_empty() {
        return output.line(phone.words.say("phone-nobody"));
    }
    for of in today {
        output.line(&of.person.name)?;
        if of.needs.is_empty() {
            output.line(format!("  {}", phone.words.say("phone-needs-nothing")))?;
        }
        output.lines(of.needs.into_iter().map(|need| format!("  {}", need.text)))?;
    }
    Ok(())
}

pub(super) fn events(
    phone: &Phone<'_>,
    args: &EventsArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let events = phone.app.events(&person.id)?;
    output.json(&json!({"events": json::list(&events, json::event)}))?;
    if events.is_empty() {
        output.line(phone.words.say("phone-no-events"))?;
    }
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            vec![
                event.at.in_vietnam().format("%d/%m/%Y %H:%M").to_string(),
                event.text.clone(),
            ]
        })
        .collect();
    output.lines(table(&[Column::Left], &rows))?;
    // Only what could be shown counts as seen.
    if args.acknowledge {
        for event in &events {
            phone.app.acknowledge(&person.id, event.id)?;
        }
    }
    Ok(())
}
