//! The health book: it comes in, and is read without a network.

use serde_json::json;
use sokhoe_app::{BrowseRequest, EntryView};

use super::report::Told;
use super::stage::Phone;
use crate::failure::Failure;
use crate::phone::json;
use crate::phone::results::{mark, trend_lines};
use crate::stopwatch::Stopwatch;
use crate::text::{Column, Numbers, table};
use crate::words::Words;

/// As a hurried thumb types it.
const WORDS: &str = "duong huyet";
const ROWS: u32 = 20;
const SHOWN: usize = 5;
const POINTS: u32 = 40;

/// Takes in the whole book.
pub(super) async fn sync(phone: &Phone, words: &Words) -> Result<((), Told), Failure> {
    let watch = Stopwatch::start();
    let view = phone.app.sync(&phone.person.id).await?;
    let span = watch.read();
    if view.stored == 0 {
        return Err(Failure::said("demo-empty-book"));
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate to read"
    )]
    let rate = (view.stored as f64 / span.as_secs_f64().max(0.001)) as u64;
    let numbers = Numbers::of(words);
    let values = [
        ("stored", numbers.whole(view.stored)),
        ("rate", numbers.whole(rate)),
    ];
    let aside = words.say_with(
        "demo-set-aside",
        &[("count", numbers.whole(view.set_aside))],
    );
    let mut data = json::sync(&view);
    data["resources_per_second"] = json!(rate);
    let told = Told {
        data,
        lines: vec![words.say_with("demo-synced", &values), aside],
        drawing: Vec::new(),
    };
    Ok(((), told))
}

/// Searches while there is no network.
#[expect(clippy::unused_async, reason = "a step like the others")]
pub(super) async fn search(phone: &Phone, words: &Words) -> Result<(EntryView, Told), Failure> {
    let page = phone.app.browse(BrowseRequest {
        person_id: phone.person.id.clone(),
        text: WORDS.to_owned(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: ROWS,
    })?;
    let row = page
        .rows
        .iter()
        .find(|row| row.trend_code.is_some())
        .ok_or_else(|| Failure::said("demo-nothing-found"))?;
    let shown: Vec<Vec<String>> = page
        .rows
        .iter()
        .take(SHOWN)
        .map(|row| {
            vec![
                row.when_text.clone(),
                row.title.clone(),
                row.detail.clone(),
                mark(row.kind).to_owned(),
            ]
        })
        .collect();
    let mut lines = vec![words.say_with("demo-searched", &[("words", WORDS.to_owned())])];
    lines.extend(table(
        &[Column::Left, Column::Cut(50), Column::Cut(20)],
        &shown,
    ));
    if page.rows.len() > SHOWN || page.next.is_some() {
        lines.push("…".to_owned());
    }
    let told = Told {
        data: json!({"words": WORDS, "entries": json::list(&page.rows, json::entry)}),
        lines,
        drawing: Vec::new(),
    };
    Ok((row.clone(), told))
}

/// Opens a result and sees how it went over the years.
#[expect(clippy::unused_async, reason = "a step like the others")]
pub(super) async fn read_with_trend(phone: &Phone, row: &EntryView) -> Result<((), Told), Failure> {
    let detail = phone.app.entry(&phone.person.id, row.id)?;
    let code = row.trend_code.as_deref().unwrap_or_default();
    let trend = phone.app.trend(&phone.person.id, code, POINTS)?;
    let rows: Vec<Vec<String>> = detail
        .fields
        .iter()
        .map(|field| vec![field.label.clone(), field.value.clone()])
        .take(SHOWN)
        .collect();
    let mut lines = table(&[Column::Left, Column::Cut(60)], &rows);
    lines.push(String::new());
    lines.extend(trend_lines(&trend, SHOWN));
    let told = Told {
        data: json!({"entry": json::entry(&detail.entry), "trend": json::trend(&trend)}),
        lines,
        drawing: Vec::new(),
    };
    Ok(((), told))
}
