//! `sokhoe phone book-search`, `show` and `trend`: reading the book, without a network.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_app::{BrowseRequest, EntryView, TrendView};
use sokhoe_domain::{EntryKind, Section, Timestamp};

use super::json;
use super::open::Phone;
use super::times::day;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, plain, sparkline, table};

/// Search the book, without a network: words without accents, their beginnings, in any order
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone book-search duong huyet
  sokhoe phone book-search --section medicines
  sokhoe phone book-search cholesterol --from 2025-01-01 --to 2025-12-31
  sokhoe phone book-search hba1c --limit 3 --json")]
pub(super) struct SearchArgs {
    /// What to look for; everything when not given
    words: Vec<String>,

    /// Only this part of the book
    #[arg(long, value_enum)]
    section: Option<SectionArg>,

    /// Only what came from this clinic (its id stands in `list --json`)
    #[arg(long, value_name = "ID")]
    clinic: Option<String>,

    /// Only from this day on
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<NaiveDate>,

    /// Only up to this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<NaiveDate>,

    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,

    /// Where the last page ended
    #[arg(long)]
    cursor: Option<String>,
}

/// Show a row of the book with everything behind it
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The number before the row in `book-search`
    entry: i64,
}

/// Show the course of a value
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe phone trend 'http://loinc.org|4548-4'        (the code stands in `show`)")]
pub(super) struct TrendArgs {
    /// The value's code
    code: String,

    /// The last so many values
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

/// A part of the book, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SectionArg {
    Results,
    Medicines,
    Visits,
    Images,
    Vaccines,
    Measurements,
    Documents,
    AllergiesAndConditions,
    Appointments,
    Invoices,
    Procedures,
}

impl From<SectionArg> for Section {
    fn from(arg: SectionArg) -> Self {
        match arg {
            SectionArg::Results => Self::Results,
            SectionArg::Medicines => Self::Medicines,
            SectionArg::Visits => Self::Visits,
            SectionArg::Images => Self::Images,
            SectionArg::Vaccines => Self::Vaccines,
            SectionArg::Measurements => Self::Measurements,
            SectionArg::Documents => Self::Documents,
            SectionArg::AllergiesAndConditions => Self::AllergiesAndConditions,
            SectionArg::Appointments => Self::Appointments,
            SectionArg::Invoices => Self::Invoices,
            SectionArg::Procedures => Self::Procedures,
        }
    }
}

pub(super) fn search(
    phone: &Phone<'_>,
    args: SearchArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let page = phone.app.browse(BrowseRequest {
        person_id: phone.person()?.id,
        text: args.words.join(" "),
        section: args.section.map(Section::from),
        clinic_id: args.clinic,
        from: args.from.map(Timestamp::start_of_day),
        to: args
            .to
            .and_then(|day| day.succ_opt())
            .map(Timestamp::start_of_day),
        cursor: args.cursor,
        limit: args.limit,
    })?;
    output.json(&json!({"entries": json::list(&page.rows, json::entry), "next": page.next}))?;
    if page.rows.is_empty() {
        return output.line(phone.words.say("phone-nothing-found"));
    }
    output.lines(entry_lines(&page.rows))?;
    match page.next {
        Some(cursor) => output.line(phone.words.say_with("phone-more", &[("cursor", cursor)])),
        None => Ok(()),
    }
}

pub(super) fn show(phone: &Phone<'_>, args: &ShowArgs, output: &mut Output) -> Result<(), Failure> {
    let detail = phone.app.entry(&phone.person()?.id, args.entry)?;
    output.json(&json::entry_detail(&detail))?;
    let entry = &detail.entry;
    output.line(format!("{}  {}", entry.title, entry.detail).trim_end())?;
    let mut rows = vec![vec![phone.words.say("phone-when"), entry.when_text.clone()]];
    rows.extend(
        detail
            .fields
            .into_iter()
            .map(|field| vec![field.label, field.value]),
    );
    rows.extend(
        entry
            .trend_code
            .clone()
            .map(|code| vec![phone.words.say("phone-trend-code"), code]),
    );
    output.lines(
        table(&[Column::Left], &rows)
            .into_iter()
            .map(|line| format!("  {line}")),
    )
}

pub(super) fn trend(
    phone: &Phone<'_>,
    args: &TrendArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let trend = phone
        .app
        .trend(&phone.person()?.id, &args.code, args.limit)?;
    output.json(&json::trend(&trend))?;
    output.lines(trend_lines(&trend, usize::MAX))
}

/// Rows of the book, each with the number that `show` takes.
fn entry_lines(rows: &[EntryView]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                row.when_text.clone(),
                row.title.clone(),
                row.detail.clone(),
                mark(row.kind).to_owned(),
                behind(row),
            ]
        })
        .collect();
    table(
        &[
            Column::Right,
            Column::Left,
            Column::Cut(60),
            Column::Cut(60),
            Column::Left,
            Column::Cut(70),
        ],
        &rows,
    )
}

/// Where a search found its words, when that is not in the row itself.
fn behind(row: &EntryView) -> String {
    let text: String = row.snippet.iter().map(|part| part.text.as_str()).collect();
    let text = text.trim_matches('…');
    if text.is_empty() || format!("{} · {}", row.title, row.detail).contains(text) {
        String::new()
    } else {
        format!("…{text}…")
    }
}

/// How a value stands to its range, in one sign.
pub(crate) fn mark(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Plain => "",
        EntryKind::High => "↑",
        EntryKind::Low => "↓",
        EntryKind::Abnormal => "!",
    }
}

/// A course as one line of bars and its last `last` values, the oldest first.
pub(crate) fn trend_lines(trend: &TrendView, last: usize) -> Vec<String> {
    let values: Vec<f64> = trend.points.iter().map(|point| point.value).collect();
    let (first, newest) = (
        values.first().copied().unwrap_or_default(),
        values.last().copied().unwrap_or_default(),
    );
    let mut lines = vec![
        trend.title.clone(),
        format!(
            "{} {} {} {}",
            plain(first),
            sparkline(&values),
            plain(newest),
            trend.unit
        ),
    ];
    let skipped = trend.points.len().saturating_sub(last);
    let rows: Vec<Vec<String>> = trend
        .points
        .iter()
        .skip(skipped)
        .map(|point| {
            let side = match (point.low, point.high) {
                (_, Some(high)) if point.value > high => EntryKind::High,
                (Some(low), _) if point.value < low => EntryKind::Low,
                _ => EntryKind::Plain,
            };
            let range = match (point.low, point.high) {
                (Some(low), Some(high)) => {
                    format!("({} – {})", plain(low), plain(high))
                }
                (Some(low), None) => format!("(≥ {})", plain(low)),
                (None, Some(high)) => format!("(≤ {})", plain(high)),
                (None, None) => String::new(),
            };
            vec![
                point.when_text.clone(),
                plain(point.value),
                trend.unit.clone(),
                mark(side).to_owned(),
                range,
            ]
        })
        .collect();
    lines.extend(table(&[Column::Left, Column::Right], &rows));
    lines
}

#[cfg(test)]
mod tests {
    use sokhoe_app::PointView;
    use sokhoe_domain::Timestamp;

    use super::*;

    #[test]
    fn a_course_is_a_line_of_bars_and_a_table() {
        let point = |when_text: &str, value: f64| PointView {
            at: Timestamp::default(),
            when_text: when_text.to_owned(),
            value,
            low: Some(3.9),
            high: Some(5.6),
        };
        let trend = TrendView {
            title: "Đường huyết".to_owned(),
            unit: "mmol/L".to_owned(),
            points: vec![
                point("a", 3.0),
                point("Hôm qua", 5.0),
                point("Hôm nay", 10.5),
            ],
        };
        assert_eq!(
            trend_lines(&trend, 2),
            [
                "Đường huyết",
                "3 ▁▃█ 10.5 mmol/L",
                "Hôm qua     5  mmol/L     (3.9 – 5.6)",
                "Hôm nay  10.5  mmol/L  ↑  (3.9 – 5.6)"
            ]
        );
    }
}
