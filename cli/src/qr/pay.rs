//! `sokhoe qr pay`: a VietQR to be paid.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sokhoe_domain::Vnd;
use sokhoe_domain::text::fold;
use sokhoe_qr::draw::Level;
use sokhoe_qr::vietqr::BuildError;
use sokhoe_qr::{Matrix, VietQr, bank};

use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, draw, parse_dong, table};
use crate::words::Words;

/// Pixels of a PNG for each module of the code.
const PIXELS: u8 = 8;

/// Make a VietQR: its text, and drawn in the terminal, as SVG or as PNG
///
/// Every bank app of Vietnam reads it. The reference comes first in the transfer's text, because banks
/// cut what is long; both are written without marks, because banks drop them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe qr pay --bin 970415 --account 119000123456 --amount 150000 --reference SK8F3K2 --purpose 'khám bệnh'
  sokhoe qr pay --bin vietcombank --account 1012345678 --png pay.png
  sokhoe qr pay --bin 970415 --account 119000123456 --amount 20000 --json")]
pub(super) struct PayArgs {
    /// The payee's bank: its six digits (BIN) or its short name
    #[arg(long, value_name = "BANK", value_parser = bank_number)]
    bin: String,

    /// The payee's account, 1 to 19 letters and digits
    #[arg(long)]
    account: String,

    /// How much, in đồng; left to the payer when not given
    #[arg(long, value_name = "ĐỒNG", value_parser = parse_dong)]
    amount: Option<Vnd>,

    /// What the payee finds the payment by
    #[arg(long)]
    reference: Option<String>,

    /// Words after the reference; reference and words have 19 characters together
    #[arg(long)]
    purpose: Option<String>,

    /// Write a picture of any size
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write a picture of pixels
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

pub(super) fn run(args: PayArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let mut builder = VietQr::transfer(args.bin, args.account);
    if let Some(amount) = args.amount {
        builder = builder.amount(amount);
    }
    builder = builder.reference(args.reference.as_deref().unwrap_or_default());
    builder = builder.purpose(args.purpose.as_deref().unwrap_or_default());
    let code = builder.build().map_err(|error| cannot(&error))?;
    let payload = code.as_str();
    let drawn =
        Matrix::encode(&payload, Level::Medium).map_err(|_| Failure::said("qr-too-long"))?;
    if let Some(path) = &args.svg {
        write(path, drawn.to_svg().as_bytes())?;
    }
    if let Some(path) = &args.png {
        write(path, &drawn.to_png(PIXELS))?;
    }
    let bank = code
        .bin()
        .bank()
        .map_or_else(|| code.bin().to_string(), |bank| bank.short_name.to_owned());
    output.json(&json!({
        "payload": payload,
        "bank": bank,
        "bin": code.bin().to_string(),
        "account": code.account().as_str(),
        "amount": code.amount().map(Vnd::dong),
        "purpose": code.purpose(),
        "svg": args.svg,
        "png": args.png,
    }))?;
    output.lines(draw(&drawn, output.is_terminal()))?;
    let amount = code
        .amount()
        .map_or_else(|| words.say("qr-amount-open"), |amount| amount.to_string());
    let mut rows = vec![
        vec![words.say("qr-field-bank"), bank],
        vec![
            words.say("qr-field-account"),
            code.account().as_str().to_owned(),
        ],
        vec![words.say("qr-field-amount"), amount],
    ];
    rows.extend(
        code.purpose()
            .map(|purpose| vec![words.say("qr-field-purpose"), purpose.to_owned()]),
    );
    output.lines(table(&[Column::Left], &rows))?;
    output.line("")?;
    output.line(payload)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(Failure::file(path))
}

fn cannot(error: &BuildError) -> Failure {
    match error {
        BuildError::Account(_) => Failure::said("qr-bad-account"),
        BuildError::Amount | BuildError::Refused(_) => Failure::said("qr-bad-amount"),
        BuildError::Reference => Failure::said("qr-bad-reference"),
        other => Failure::Said("qr-cannot", vec![("why", other.to_string())]),
    }
}

/// Six digits as they are; otherwise the bank whose short name or code this is.
fn bank_number(text: &str) -> Result<String, String> {
    if text.parse::<bank::Bin>().is_ok() {
        return Ok(text.to_owned());
    }
    let wanted = fold(text);
    let named = |name: fn(&bank::Bank) -> &str| {
        bank::all()
            .iter()
            .filter(|bank| fold(name(bank)) == wanted)
            .collect::<Vec<_>>()
    };
    // Short codes conflict between sources: a name that two banks have names none.
    match (&*named(|bank| bank.short_name), &*named(|bank| bank.code)) {
        ([bank], _) | ([], [bank]) => Ok(bank.bin.to_string()),
        _ => Err("six digits, or a bank's short name like vietcombank".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_is_known_by_number_and_by_name() {
        for (text, bin) in [
            ("970415", "970415"),
            ("VietinBank", "970415"),
            ("vietcombank", "970436"),
            ("000001", "000001"),
        ] {
            assert_eq!(bank_number(text).as_deref(), Ok(bin), "{text}");
        }
        assert!(bank_number("nowhere").is_err());
    }
}
