//! `sokhoe qr read`: what is this code?

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use sokhoe_app::SystemClock;
use sokhoe_domain::ports::Clock as _;
use sokhoe_qr::scan::Why;
use sokhoe_qr::{PublicKey, Scanned, image, scan};

use super::content::{Context, found};
use super::fields::{Found, text};
use super::reason::Reason;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};
use crate::words::Words;

/// The longest text that is looked at: no QR code holds as much.
const LONGEST: u64 = 64 * 1024;

/// The largest file that is looked at: photos have some 20 MB.
const LARGEST_FILE: u64 = 256 << 20;

/// Say what a code is, what it says, and what is odd about it, as one JSON object
///
/// Reads VietQR and other payment codes, citizen cards (CCCD), health insurance cards (BHYT), and the
/// codes of Sổ Khỏe. Addresses are shown and never opened. A text that is none of these is of the kind
/// "unknown". A broken code gives {"error":{"code","message","position"}} and the exit code 2.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe qr read 00020101021238…6304A1B2
  sokhoe qr read --image photo.jpg
  sokhoe qr read - --plain < code.txt
  sokhoe qr read 71…  --clinic-key qc_6BE…     is this ticket good, here and now?")]
pub(super) struct ReadArgs {
    /// The text of the code; - reads it from stdin
    #[arg(
        value_name = "TEXT",
        allow_hyphen_values = true,
        required_unless_present = "image",
        conflicts_with = "image"
    )]
    text: Option<String>,

    /// Read the code in a picture: PNG, JPEG, WebP or GIF
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,

    /// The public key of a clinic whose tickets and codes count; may be given more than once
    #[arg(long, value_name = "KEY")]
    clinic_key: Vec<PublicKey>,

    /// Lines for people in place of JSON
    #[arg(long, conflicts_with = "json")]
    plain: bool,
}

pub(super) fn run(args: &ReadArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let mut results = texts(args)?
        .map_err(|reason| refuse(&reason, args.plain, words, output))?
        .into_iter()
        .map(|text| understood(&text, args, words))
        .collect::<Vec<_>>();
    let found =
        take_best(&mut results).map_err(|reason| refuse(&reason, args.plain, words, output))?;
    if args.plain {
        return output.lines(as_lines(&found, words));
    }
    let mut object = found.to_json();
    if !results.is_empty() {
        let others = results.iter().map(|other| match other {
            Ok(found) => found.to_json(),
            Err(reason) => reason.to_json(words),
        });
        object["others"] = Value::Array(others.collect());
    }
    output.object(&object)
}

/// Of several codes in a picture the first that says something; the others stay in their order.
fn take_best(results: &mut Vec<Result<Found, Reason>>) -> Result<Found, Reason> {
    let best = results
        .iter()
        .position(|result| matches!(result, Ok(found) if found.kind != "unknown"))
        .unwrap_or(0);
    results.remove(best)
}

/// Tells why, and gives what ends the command.
fn refuse(reason: &Reason, plain: bool, words: &Words, output: &mut Output) -> Failure {
    let told = if plain {
        let why = reason.in_words(words);
        crate::output::aside(&words.say_with("qr-unreadable", &[("why", why)]));
        Ok(())
    } else {
        output.object(&reason.to_json(words))
    };
    told.err().unwrap_or(Failure::Refused)
}

fn texts(args: &ReadArgs) -> Result<Result<Vec<String>, Reason>, Failure> {
    if let Some(path) = &args.image {
        return Ok(image::read(&file(path)?).map_err(Reason::of_picture));
    }
    let text = match args.text.as_deref() {
        Some("-") => from_stdin()?,
        text => text.unwrap_or_default().to_owned(),
    };
    Ok(Ok(vec![text]))
}

fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut bytes))
        .map_err(Failure::file(path))?;
    Ok(bytes)
}

fn from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin().take(LONGEST).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| Failure::said("qr-not-text"))
}

fn understood(text_of_code: &str, args: &ReadArgs, words: &Words) -> Result<Found, Reason> {
    let context = Context {
        now: SystemClock.now(),
        keys: &args.clinic_key,
        words,
    };
    match scan(text_of_code) {
        // Nothing is broken: it is merely not ours to know.
        Scanned::Unknown(why @ (Why::Unrecognised | Why::Empty | Why::TooLong)) => Ok(Found {
            kind: "unknown",
            fields: vec![text("why", Some(why.code()))],
            warnings: Vec::new(),
        }),
        Scanned::Unknown(why) => Err(Reason::of(&why)),
        scanned => found(scanned, &context).map_err(|refusal| Reason::of(&refusal.into())),
    }
}

fn as_lines(found: &Found, words: &Words) -> Vec<String> {
    let label = |key: &str| {
        words
            .find(&format!("qr-field-{key}"))
            .unwrap_or_else(|| key.to_owned())
    };
    let rows: Vec<Vec<String>> = found
        .fields
        .iter()
        .filter(|field| !field.text.is_empty())
        .map(|field| vec![label(field.key), field.text.clone()])
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_others_keep_their_order() {
        let found = |kind| {
            Ok(Found {
                kind,
                fields: Vec::new(),
                warnings: Vec::new(),
            })
        };
        let mut results = vec![found("unknown"), found("cccd"), found("bhyt"), found("emv")];
        assert_eq!(take_best(&mut results).unwrap().kind, "cccd");
        let others: Vec<_> = results
            .iter()
            .map(|other| other.as_ref().unwrap().kind)
            .collect();
        assert_eq!(others, ["unknown", "bhyt", "emv"]);
    }

    #[test]
    fn an_object_has_every_field_of_a_payment() {
        let words = Words::new(crate::words::Lang::En);
        let args = ReadArgs {
            text: None,
            image: None,
            clinic_key: Vec::new(),
            plain: false,
        };
        let payload = "00020101021126280010A0000007750110010215477853037045802VN5912TUGIACOMPANY62310315TU GIA COMPUTER0708TUGIACO16304DF44";
        let found = understood(payload, &args, &words).unwrap().to_json();
        assert_eq!(found["kind"], "vnpay");
        assert_eq!(found["merchant_name"], "TUGIACOMPANY");
        for absent in [
            "bin", "bank", "account", "service", "amount", "purpose", "mcc",
        ] {
            assert_eq!(found.get(absent), Some(&Value::Null), "{absent}");
        }
        assert_eq!(
            found["tags"][2]["children"][0]["value"],
            json!("A000000775")
        );
        assert_eq!(
            found["tags"].as_array().unwrap().last().unwrap()["value"],
            "DF44"
        );
    }
}
