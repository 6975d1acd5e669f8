//! The first page: what a doctor must see before anything else.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use sokhoe_domain::{EntryKind, Section};
use sokhoe_vault::ExportedEntry;

use super::Context;
use super::sections::{detail, flag};
use super::text::{day, range, readable};
use super::walk;
use crate::error::AppError;

/// Lines a box has at most; the rest is in its section.
const LONGEST: usize = 12;

/// Conditions and allergies that are over, or that were never there.
const OVER: [&str; 7] = [
    "resolved",
    "inactive",
    "remission",
    "refuted",
    "entered-in-error",
    "cancelled",
    "completed",
];

pub(super) struct Summary {
    allergies: Lines,
    conditions: Lines,
    medicines: Lines,
    out_of_range: Lines,
    /// What the values of each code are called.
    titles: HashMap<String, String>,
}

#[derive(Default)]
struct Lines {
    shown: Vec<ExportedEntry>,
    titles: HashSet<String>,
    more: usize,
}

impl Lines {
    /// The newest of each title; rows come newest first.
    fn add(&mut self, entry: ExportedEntry) {
        if !self.titles.insert(entry.row.title.clone()) {
            return;
        }
        if self.shown.len() < LONGEST {
            self.shown.push(entry);
        } else {
            self.more += 1;
        }
    }
}

impl Summary {
    pub(super) fn of(context: &Context<'_>) -> Result<Self, AppError> {
        let vault = &context.book.vault;
        let mut summary = Self {
            allergies: Lines::default(),
            conditions: Lines::default(),
            medicines: Lines::default(),
            out_of_range: Lines::default(),
            titles: HashMap::new(),
        };
        walk(
            |each| vault.for_each_entry(Section::AllergiesAndConditions, each),
            |entry| {
                if OVER.contains(&entry.row.status.as_str()) {
                    return Ok(());
                }
                match entry.row.resource.kind.as_str() {
                    "AllergyIntolerance" => summary.allergies.add(entry),
                    _ => summary.conditions.add(entry),
                }
                Ok(())
            },
        )?;
        walk(
            |each| vault.for_each_entry(Section::Medicines, each),
            |entry| {
                if matches!(entry.row.status.as_str(), "active" | "on-hold") {
                    summary.medicines.add(entry);
                }
                Ok(())
            },
        )?;
        for section in [Section::Results, Section::Measurements] {
            let mut newest = HashSet::new();
            walk(
                |each| vault.for_each_entry(section, each),
                |entry| {
                    if let Some(code) = &entry.row.trend {
                        summary
                            .titles
                            .entry(code.clone())
                            .or_insert_with(|| entry.row.title.clone());
                    }
                    // An old value that has since been better is no news.
                    if newest.insert(entry.row.title.clone()) && entry.row.kind != EntryKind::Plain
                    {
                        summary.out_of_range.add(entry);
                    }
                    Ok(())
                },
            )?;
        }
        Ok(summary)
    }

    pub(super) const fn titles(&self) -> &HashMap<String, String> {
        &self.titles
    }

    pub(super) fn show(&self, context: &Context<'_>) -> Markup {
        let words = context.words;
        let boxes = [
            ("allergies", "export-allergies", &self.allergies, false),
            ("conditions", "export-conditions", &self.conditions, false),
            ("medicines", "export-medicines-now", &self.medicines, false),
            (
                "out-of-range",
                "export-out-of-range",
                &self.out_of_range,
                true,
            ),
        ];
        html! {
            section #summary {
                h2 { (words.say("export-summary")) }
                div.boxes {
                    @for (id, key, lines, with_value) in boxes {
                        div.box id=(id) {
                            h3 { (words.say(key)) }
                            @if lines.shown.is_empty() {
                                p.none { (words.say("export-none-told")) }
                            }
                            ul {
                                @for entry in &lines.shown {
                                    (line(context, entry, with_value))
                                }
                            }
                            @if lines.more > 0 {
                                p.none {
                                    (words.say_with("export-more", &[("count", lines.more.to_string())]))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn line(context: &Context<'_>, entry: &ExportedEntry, with_value: bool) -> Markup {
    let row = &entry.row;
    let detail = detail(context, row);
    let limits = range(entry.range.low, entry.range.high, "");
    html! {
        li {
            span.what { (readable(&row.title)) }
            @if !detail.is_empty() {
                " " span.detail { (detail) (flag(context, row.kind)) }
            }
            span.small {
                @if with_value && !limits.is_empty() { " (" (limits) ")" }
                @if let Some(at) = row.when { " " (day(at)) }
            }
        }
    }
}
