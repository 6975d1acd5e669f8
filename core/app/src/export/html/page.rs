//! What stands around the book: the head, bookings, contents, sources.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sokhoe_domain::Timestamp;

use super::Context;
use super::text::{css_string, date, readable};
use super::walk;
use crate::error::AppError;
use crate::views::{BookingStatus, BookingView};

/// A page is read on other days than it was made: nothing on it is "today".
const NEVER: Timestamp = Timestamp::from_millis(0);

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded, run or sent, whatever stands in the page.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn begin(
    context: &Context<'_>,
    put: &mut impl FnMut(Markup) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let words = context.words;
    let person = &context.book.person;
    let name = readable(&person.name);
    let title = words.say("export-title");
    let born = person
        .birth_date
        .as_deref()
        .map(|born| words.say_with("export-born", &[("date", date(born))]));
    let made = words.say_with(
        "export-made",
        &[(
            "when",
            context
                .now
                .in_vietnam()
                .format("%d/%m/%Y %H:%M")
                .to_string(),
        )],
    );
    let gender = person
        .gender
        .as_deref()
        .map(|gender| format!("export-gender-{gender}"))
        .filter(|key| words.has(key))
        .map(|key| words.say(&key));
    // Only what `css_string` made comes from outside.
    let running = format!(
        "{STYLE}@page{{@top-left{{content:{}}}@top-right{{content:{}}}}}",
        css_string(
            &[Some(name.clone()), born.clone()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ")
        ),
        css_string(&made),
    );
    let language = context.language.code();
    let head = html! {
        (DOCTYPE)
        (PreEscaped(format!("<html lang=\"{language}\">")))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="robots" content="noindex";
            meta name="format-detection" content="telephone=no";
            meta name="color-scheme" content="light";
            title { (title) " · " (name) }
            style { (PreEscaped(running)) }
        }
        (PreEscaped("<body><main>"))
        header.cover {
            p.kind { (title) }
            h1 { (name) }
            p.who {
                @if let Some(born) = &born { span { (born) } }
                @if let Some(gender) = &gender { span { (gender) } }
                span { (made) }
            }
            p.private { (words.say("export-in-the-clear")) }
        }
    };
    put(head)
}

/// The bookings that are still to come or that a clinic has yet to answer.
pub(super) fn bookings(context: &Context<'_>, bookings: &[BookingView]) -> Markup {
    let words = context.words;
    let open: Vec<_> = bookings
        .iter()
        .filter(|booking| match booking.status {
            BookingStatus::WaitingForNetwork
            | BookingStatus::Sending
            | BookingStatus::OnWaitingList
            | BookingStatus::Offered => true,
            BookingStatus::Confirmed => booking.end >= context.now || booking.cancelling,
            BookingStatus::CheckedIn => true,
            BookingStatus::Fulfilled
            | BookingStatus::NoShow
            | BookingStatus::Refused
            | BookingStatus::Cancelled => false,
        })
        .collect();
    html! {
        @if !open.is_empty() {
            section #bookings {
                h2 { (words.say("export-bookings")) }
                table {
                    thead { tr {
                        th scope="col" { (words.say("export-column-when")) }
                        th scope="col" { (words.say("export-column-what")) }
                        th scope="col" { (words.say("export-column-status")) }
                    } }
                    tbody {
                        @for booking in open {
                            tr {
                                td.when { (words.when(booking.start, NEVER)) }
                                td {
                                    (readable(&booking.service))
                                    @for more in [&booking.practitioner, &booking.location] {
                                        @if !more.is_empty() { div.small { (readable(more)) } }
                                    }
                                    div.small {
                                        (readable(context.clinic(&booking.clinic_id.as_str().into())))
                                    }
                                }
                                td { (readable(&booking.status_text)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Which sections there are, with how many rows.
pub(super) fn contents(context: &Context<'_>, has_trends: bool) -> Result<Markup, AppError> {
    let words = context.words;
    let counts = context.book.vault.counts()?;
    Ok(html! {
        nav.contents {
            h2 { (words.say("export-contents")) }
            @if counts.is_empty() {
                p { (words.say("export-nothing")) }
            }
            ul {
                @if has_trends {
                    li { a href="#trends" { (words.say("export-trends")) } }
                }
                @for (section, count) in counts {
                    li {
                        a href={ "#s" (section.code()) } { (words.section(section)) }
                        " " span.count { (count) }
                    }
                }
            }
        }
    })
}

/// Where everything came from, what could not be read, and the end.
pub(super) fn end(context: &Context<'_>) -> Result<Markup, AppError> {
    let words = context.words;
    let mut set_aside = 0_u64;
    walk(
        |each| {
            context
                .book
                .vault
                .for_each_set_aside(&mut |record, _| each(record))
        },
        |_| {
            set_aside += 1;
            Ok(())
        },
    )?;
    let has_own = !context.book.vault.own_documents()?.is_empty();
    let mut clinics: Vec<_> = context
        .clinics
        .iter()
        .filter(|(id, _)| has_own || !id.is_own())
        .map(|(_, name)| readable(name))
        .collect();
    clinics.sort();
    Ok(html! {
        section #sources {
            h2 { (words.say("export-sources")) }
            p { (words.say("export-sources-text")) }
            ul { @for clinic in clinics { li { (clinic) } } }
            @if set_aside > 0 {
                p.aside { (words.say_with("export-set-aside", &[("count", set_aside.to_string())])) }
            }
        }
        footer { p { (words.say("export-end")) } }
        (PreEscaped("</main></body></html>\n"))
    })
}
