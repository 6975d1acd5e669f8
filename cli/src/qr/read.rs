//! `sokhoe qr read`: what is this code?

use std::io::{self, Read as _};

use clap::Args;
use serde_json::{Map, Value, json};
use sokhoe_app::SystemClock;
use sokhoe_domain::ports::Clock as _;
use sokhoe_qr::Scanned;
use sokhoe_qr::scan;

use super::fields::{Found, found};
use super::reason::Reason;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};
use crate::words::Words;

/// The longest text that is looked at: no QR code holds as much.
const LONGEST: u64 = 64 * 1024;

/// Say what a code is, what it says, and what is odd about it
///
/// Reads VietQR and other payment codes, citizen cards (CCCD), health insurance cards (BHYT), and the
/// codes of Sổ Khỏe. Addresses are shown and never opened. The exit code is 1 when the text is none of
/// these, or a broken one of these.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe qr read 00020101021238…6304A1B2
  zbarimg --quiet --raw photo.png | sokhoe qr read -
  sokhoe qr read - --json < code.txt")]
pub(super) struct ReadArgs {
    /// The text of the code; - reads it from stdin
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
}

pub(super) fn run(args: &ReadArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let text = if args.text == "-" {
        from_stdin()?
    } else {
        args.text.clone()
    };
    let scanned = scan(text.trim_end_matches(['\r', '\n']));
    if let Scanned::Unknown(why) = &scanned {
        let reason = Reason::of(why);
        output
            .json(&json!({"kind": "unknown", "why": reason.code, "position": reason.position}))?;
        return Err(Failure::Said(
            "qr-unreadable",
            vec![("why", reason.in_words(why, words))],
        ));
    }
    let found = found(&scanned, &text, SystemClock.now(), words)?;
    output.json(&as_json(&found))?;
    output.lines(as_lines(&found, words))
}

fn from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin().take(LONGEST).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| Failure::said("qr-not-text"))
}

fn as_json(found: &Found) -> Value {
    let fields: Map<String, Value> = found
        .fields
        .iter()
        .map(|field| (field.key.to_owned(), field.value.clone()))
        .collect();
    let warnings: Vec<Value> = found
        .warnings
        .iter()
        .map(|warning| json!({"code": warning.code, "tag": warning.tag}))
        .collect();
    json!({"kind": found.kind, "fields": fields, "warnings": warnings})
}

fn as_lines(found: &Found, words: &Words) -> Vec<String> {
    let rows: Vec<Vec<String>> = found
        .fields
        .iter()
        .map(|field| {
            vec![
                words.say(&format!("qr-field-{}", field.key)),
                field.text.clone(),
            ]
        })
        .collect();
    let mut lines = vec![words.say(&format!("qr-kind-{}", found.kind))];
    lines.extend(
        table(&[Column::Left], &rows)
            .into_iter()
            .map(|line| format!("  {line}")),
    );
    for warning in &found.warnings {
        let text = words
            .find(&format!("qr-warning-{}", warning.code))
            .unwrap_or_else(|| warning.code.to_owned());
        let tag = warning
            .tag
            .as_ref()
            .map(|tag| format!(" ({tag})"))
            .unwrap_or_default();
        lines.push(format!("! {text}{tag}"));
    }
    lines
}
