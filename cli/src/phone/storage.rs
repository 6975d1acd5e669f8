//! `sokhoe phone storage`

use clap::Args;
use serde_json::json;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Show what the documents of a book take on the phone, or set what they may take
#[derive(Debug, Args)]
pub(super) struct StorageArgs {
    /// What they may take from now on, in millions of bytes
    #[arg(long, value_name = "MB")]
    budget: Option<u64>,
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: &StorageArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?.id;
    let storage = match args.budget {
        Some(megabytes) => phone
            .app
            .set_blob_budget(&person, megabytes.saturating_mul(1_000_000))?,
        None => phone.app.storage(&person)?,
    };
    output.json(&json!({
        "budget": storage.budget,
        "used": storage.used,
        "own": storage.own,
        "last_copies": storage.last_copies,
        "evictable": storage.evictable,
    }))?;
    let megabytes = |bytes: u64| (bytes.div_ceil(100_000) as f64 / 10.0).to_string();
    output.line(phone.words.say_with(
        "phone-storage",
        &[
            ("used", megabytes(storage.used)),
            ("budget", megabytes(storage.budget)),
            ("own", megabytes(storage.own)),
            ("evictable", megabytes(storage.evictable)),
        ],
    ))
}
