//! The order of the steps.

use serde_json::json;

use super::report::{Report, Told};
use super::stage::{Phone, Stage};
use super::{arrive, book, pay, visit};
use crate::failure::Failure;
use crate::folder::bytes_below;
use crate::output::Output;
use crate::phone::json;
use crate::text::{Column, Numbers, table};
use crate::words::Words;

/// Plays the story; every step does what it says or the story ends.
pub(super) async fn play(
    stage: &mut Stage,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut report = Report::new(words, output);
    report.title()?;
    report
        .step("clinic", arrive::open_clinic(stage, words))
        .await?;
    let folder = stage.folder.join("phone");
    let Some(open) = &stage.clinic else {
        return Err(Failure::said("failure-fault"));
    };

    let colours = report.in_colours();
    let phone = report
        .step("enrol", arrive::enrol(open, &folder, words, colours))
        .await?;
    let times = report.step("find", visit::find(&phone, words)).await?;
    report
        .step("book", visit::book(&phone, &times.first, words))
        .await?;
    report.step("sync", book::sync(&phone, words)).await?;
    let waiting = report
        .step("offline", visit::book_offline(&phone, &times.second, words))
        .await?;
    let row = report.step("search", book::search(&phone, words)).await?;
    report
        .step("trend", book::read_with_trend(&phone, &row))
        .await?;
    report
        .step("reconnect", visit::reconnect(&phone, &waiting, words))
        .await?;
    let invoice = report
        .step("invoice", pay::fetch_invoice(&phone, words))
        .await?;
    report
        .step(
            "payment-qr",
            pay::draw_code(&phone, &invoice, words, colours),
        )
        .await?;
    report
        .step("paid", pay::be_told(&phone, open, &invoice, words))
        .await?;

    let whole = report.so_far();
    report
        .step("summary", async { sum_up(&phone, &folder, whole, words) })
        .await
}

fn sum_up(
    phone: &Phone,
    folder: &std::path::Path,
    whole: std::time::Duration,
    words: &Words,
) -> Result<((), Told), Failure> {
    let book = phone.app.book_view(&phone.person.id)?;
    let bytes = bytes_below(folder)?;
    let rows: u64 = book.sections.iter().map(|section| section.entries).sum();
    let numbers = Numbers::of(words);
    let sections: Vec<Vec<String>> = book
        .sections
        .iter()
        .map(|section| vec![section.name.clone(), numbers.whole(section.entries)])
        .collect();
    let mut lines = vec![words.say_with(
        "demo-summary",
        &[
            ("name", phone.person.name.clone()),
            ("rows", numbers.whole(rows)),
            ("bytes", numbers.bytes(bytes)),
        ],
    )];
    lines.extend(
        table(&[Column::Left, Column::Right], &sections)
            .into_iter()
            .map(|line| format!("  {line}")),
    );
    lines.push(words.say("demo-summary-events"));
    lines.extend(book.events.iter().map(|event| format!("  {}", event.text)));
    lines.push(words.say_with("demo-summary-time", &[("span", numbers.span(whole))]));
    let told = Told {
        data: json!({
            "story_millis": u64::try_from(whole.as_millis()).unwrap_or(u64::MAX),
            "rows": rows,
            "phone_bytes": bytes,
            "sections": json::list(&book.sections, |section| json!({"section": section.section, "entries": section.entries})),
            "bookings": json::list(&book.bookings, json::booking),
            "invoices": json::list(&book.invoices, json::invoice),
            "events": json::list(&book.events, json::event),
        }),
        lines,
        drawing: Vec::new(),
    };
    // The demo's viewer has seen them now.
    for event in &book.events {
        phone.app.acknowledge(&phone.person.id, event.id)?;
    }
    Ok(((), told))
}
