//! Every row of the book, section by section, by the day and by who sent it.

use maud::{Markup, PreEscaped, html};
use sokhoe_domain::{EntryKind, Section};
use sokhoe_vault::{EntryRow, ExportedEntry};

use super::Context;
use super::text::{day, range, readable};
use super::walk;
use crate::error::AppError;

pub(super) fn write(
    context: &Context<'_>,
    put: &mut impl FnMut(Markup) -> Result<(), AppError>,
) -> Result<(), AppError> {
    for (section, _) in context.book.vault.counts()? {
        one(context, section, put)?;
    }
    Ok(())
}

fn one(
    context: &Context<'_>,
    section: Section,
    put: &mut impl FnMut(Markup) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let words = context.words;
    let measured = matches!(section, Section::Results | Section::Measurements);
    put(html! {
        (PreEscaped(format!("<section id=\"s{}\">", section.code())))
        h2 { (words.section(section)) }
        (PreEscaped("<table>"))
        thead { tr {
            th scope="col" { (words.say("export-column-what")) }
            @if measured {
                th scope="col" { (words.say("export-column-value")) }
                th scope="col" { (words.say("export-column-range")) }
            } @else {
                th scope="col" { (words.say("export-column-detail")) }
                th scope="col" { (words.say("export-column-status")) }
            }
        } }
    })?;
    let mut group = None;
    walk(
        |each| context.book.vault.for_each_entry(section, each),
        |entry| {
            let its = heading(context, &entry);
            if group.as_ref() != Some(&its) {
                put(html! {
                    @if group.is_some() { (PreEscaped("</tbody>")) }
                    (PreEscaped("<tbody>"))
                    tr.day { th colspan="3" scope="rowgroup" {
                        span.date { (its.0) } " " span.small { (its.1) }
                    } }
                })?;
                group = Some(its);
            }
            put(row(context, &entry, measured))
        },
    )?;
    put(html! {
        @if group.is_some() { (PreEscaped("</tbody>")) }
        (PreEscaped("</table></section>"))
    })
}

/// The day, and who sent it and when it was received: rows that share them stand together.
fn heading(context: &Context<'_>, entry: &ExportedEntry) -> (String, String) {
    let words = context.words;
    let date = entry
        .row
        .when
        .map_or_else(|| words.say("export-no-date"), day);
    let from = words.say_with(
        "export-from",
        &[
            ("clinic", readable(context.clinic(&entry.row.clinic))),
            ("date", day(entry.received)),
        ],
    );
    (date, from)
}

fn row(context: &Context<'_>, entry: &ExportedEntry, measured: bool) -> Markup {
    let row = &entry.row;
    let detail = detail(context, row);
    let status = context.words.code("status", row.status.clone());
    // What nearly every value is, is not worth a line each.
    let odd_status = !matches!(row.status.as_str(), "" | "final");
    html! {
        tr class=(class(row.kind)) {
            td.what {
                (readable(&row.title))
                @if measured && odd_status { div.small { (readable(&status)) } }
            }
            td.detail { (detail) (flag(context, row.kind)) }
            @if measured {
                td.range { (range(entry.range.low, entry.range.high, &entry.unit)) }
            } @else {
                td.status { (readable(&status)) }
            }
        }
    }
}

/// What stands beside the title; an invoice's is an amount already.
pub(super) fn detail(_context: &Context<'_>, row: &EntryRow) -> String {
    readable(&row.detail)
}

const fn class(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Plain => "plain",
        EntryKind::High | EntryKind::Low | EntryKind::Abnormal => "odd",
    }
}

/// An arrow and a word: colour alone is lost on a black and white printer.
pub(super) fn flag(context: &Context<'_>, kind: EntryKind) -> Markup {
    let (arrow, key) = match kind {
        EntryKind::Plain => return html! {},
        EntryKind::High => ("▲", "export-high"),
        EntryKind::Low => ("▼", "export-low"),
        EntryKind::Abnormal => ("●", "export-abnormal"),
    };
    html! { " " strong.flag { (arrow) " " (context.words.say(key)) } }
}
