//! `sokhoe phone reminders`

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use sokhoe_app::{ReminderKind, ReminderView};

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};

/// Show what a phone reminds of: appointments, and medicines whose times are told exactly
#[derive(Debug, Args)]
pub(super) struct RemindersArgs {
    /// Of so many days from now on
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=400))]
    days: u64,

    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: &RemindersArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?.id;
    let from = phone.ports.clock.now();
    let to = from.plus(Duration::from_secs(args.days * 86_400));
    let view = phone.app.reminders(&person, from, to, args.limit)?;
    output.json(&json!({
        "reminders": json::list(&view.reminders, reminder),
        "complete_until": view.complete_until.to_fhir(),
        "see_prescription": json::list(&view.see_prescription, |one| json!({
            "clinic_id": one.about.clinic_id,
            "resource": one.about.resource,
            "entry_id": one.entry_id,
            "title": one.title,
            "text": one.text,
        })),
    }))?;
    if view.reminders.is_empty() {
        output.line(phone.words.say("phone-no-reminders"))?;
    }
    let when = |view: &ReminderView| view.at.in_vietnam().format("%d/%m/%Y %H:%M").to_string();
    let reminders = view.reminders.iter().map(|one| {
        let body = one.body.replace('\n', "; ");
        vec![when(one), one.title.clone(), body]
    });
    let rows: Vec<Vec<String>> = reminders.collect();
    output.lines(table(&[Column::Left], &rows))?;
    for one in &view.see_prescription {
        output.line(format!("{}: {}", one.title, one.text))?;
    }
    Ok(())
}

fn reminder(view: &ReminderView) -> Value {
    let kind = match view.kind {
        ReminderKind::AppointmentTomorrow => "appointment_tomorrow",
        ReminderKind::AppointmentSoon => "appointment_soon",
        ReminderKind::TimeToLeave => "time_to_leave",
        ReminderKind::Medicines => "medicines",
    };
    json!({
        "id": view.id,
        "at": view.at.to_fhir(),
        "kind": kind,
        "title": view.title,
        "body": view.body,
        "discreet_text": view.discreet_text,
        "has_chosen_time": view.has_chosen_time,
        "about": json::list(&view.about, |about| json!({
            "clinic_id": about.clinic_id,
            "resource": about.resource,
        })),
    })
}
