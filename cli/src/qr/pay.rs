//! `sokhoe qr pay`: a VietQR to be paid.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_domain::Vnd;
use sokhoe_domain::text::fold;
use sokhoe_qr::draw::For;
use sokhoe_qr::draw::poster::{Language, Poster, PosterError};
use sokhoe_qr::vietqr::{BuildError, Initiation, SAFE_PURPOSE, Service, VietQrBuilder};
use sokhoe_qr::{Matrix, VietQr, bank};

use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, draw, parse_dong, table};
use crate::words::{Lang, Words};

/// Make a VietQR: its text, and drawn as PNG, as SVG, in the terminal, or as a poster
///
/// Every bank app of Vietnam reads it. The reference comes first in the transfer's text, because banks
/// cut what is long; both are written without marks, because banks drop them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe qr pay --bin 970415 --account 119000123456 --amount 150000 --reference SK8F3K2 --purpose 'khám bệnh'
  sokhoe qr pay --bin vietcombank --account 1012345678 --png pay.png --show
  sokhoe qr pay --bin 970415 --account CLINIC01 --service QRPUSH --mcc 8062 --merchant-name 'BV MAU' --city HUE
  sokhoe qr pay --bin 970415 --account 119000123456 --poster counter.pdf --hospital 'Bệnh viện Đa khoa tỉnh'")]
pub(super) struct PayArgs {
    /// The payee's bank: its six digits (BIN) or its short name
    #[arg(long, value_name = "BANK", value_parser = bank_number)]
    bin: String,

    /// The payee's account, 1 to 19 letters and digits
    #[arg(long, required_unless_present = "card")]
    account: Option<String>,

    /// How much, in đồng; left to the payer when not given
    #[arg(long, value_name = "ĐỒNG", value_parser = parse_dong)]
    amount: Option<Vnd>,

    /// What the payee finds the payment by; it comes first in the purpose
    #[arg(long)]
    reference: Option<String>,

    /// The text of the transfer, after the reference
    #[arg(long)]
    purpose: Option<String>,

    /// How long reference and purpose may be together, up to 25
    #[arg(long, value_name = "CHARACTERS", default_value_t = SAFE_PURPOSE)]
    purpose_limit: usize,

    /// The number of the bill
    #[arg(long)]
    bill: Option<String>,

    /// What the payment does
    #[arg(long, value_enum, ignore_case = true, default_value_t)]
    service: ServiceArg,

    /// The payee's card, in place of the account; alone it says that the account is a card's number.
    /// The same as --service QRIBFTTC
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, conflicts_with = "service")]
    card: Option<Option<String>>,

    /// The payee's name; needed by QRPUSH
    #[arg(long, value_name = "NAME")]
    merchant_name: Option<String>,

    /// The payee's city; needed by QRPUSH
    #[arg(long)]
    city: Option<String>,

    /// The merchant category, four digits, 8062 for hospitals; needed by QRPUSH, 6011 for QRCASH
    #[arg(long)]
    mcc: Option<String>,

    /// The store
    #[arg(long)]
    store: Option<String>,

    /// The terminal; needed by QRCASH
    #[arg(long)]
    terminal: Option<String>,

    /// The reference label, which few banks show; needed by QRCASH
    #[arg(long, value_name = "LABEL")]
    reference_label: Option<String>,

    /// For many payments, also with an amount
    #[arg(long = "static")]
    many: bool,

    /// Write a picture of any size
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write a picture of pixels
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,

    /// Write a sheet of A5 for the counter, as .pdf or .svg; its code is for many payments
    #[arg(long, value_name = "FILE")]
    poster: Option<PathBuf>,

    /// The name on the poster; the payee's name when not given
    #[arg(long, value_name = "NAME", requires = "poster")]
    hospital: Option<String>,

    /// Draw the code in the terminal too
    #[arg(long)]
    show: bool,
}

/// What a payment does, by its code in NAPAS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ServiceArg {
    /// A transfer to an account
    #[default]
    #[value(name = "QRIBFTTA")]
    ToAccount,
    /// A transfer to a card
    #[value(name = "QRIBFTTC")]
    ToCard,
    /// A payment to a merchant
    #[value(name = "QRPUSH")]
    Push,
    /// Cash from a machine
    #[value(name = "QRCASH")]
    Cash,
    /// A payment to a merchant whose code does not say so
    #[value(name = "none")]
    Absent,
}

pub(super) fn run(args: &PayArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let poster_is_known = |path: &PathBuf| {
        is_pdf(path) || (has_extension(path, "svg") && args.svg.as_ref() != Some(path))
    };
    if !args.poster.iter().all(poster_is_known) {
        return Err(Failure::said("qr-poster-file"));
    }
    let code = builder(args).build().map_err(|error| cannot(&error))?;
    let payload = code.as_str();
    let drawn =
        Matrix::encode_for(payload, For::Screen).map_err(|_| Failure::said("qr-too-long"))?;
    if let Some(path) = &args.svg {
        write(path, drawn.to_svg().as_bytes())?;
    }
    if let Some(path) = &args.png {
        let png = drawn.to_png_within(For::Screen.pixels());
        write(path, &png.ok_or_else(|| Failure::said("qr-too-long"))?)?;
    }
    if let Some(path) = &args.poster {
        poster(args, &code, path, words)?;
    }
    let bank = code.bin().short_name();
    output.json(&json!({
        "payload": payload,
        "bank": bank,
        "bin": code.bin().to_string(),
        "account": code.account().as_str(),
        "service": code.service().map(Service::as_code),
        "amount": code.amount().map(Vnd::dong),
        "static": code.is_static(),
        "purpose": code.purpose(),
        "svg": args.svg,
        "png": args.png,
        "poster": args.poster,
    }))?;
    if args.show {
        output.lines(draw(&drawn, output.is_terminal()))?;
        output.lines(summary(&code, &bank, words))?;
        output.line("")?;
    }
    output.line(payload)
}

fn builder(args: &PayArgs) -> VietQrBuilder<'_> {
    let card = args.card.as_ref().and_then(Option::as_ref);
    let account = card.or(args.account.as_ref()).map(String::as_str);
    let mut builder = VietQr::transfer(&args.bin, account.unwrap_or_default())
        .reference(args.reference.as_deref().unwrap_or_default())
        .purpose(args.purpose.as_deref().unwrap_or_default())
        .purpose_limit(args.purpose_limit);
    builder = match args.service {
        _ if args.card.is_some() => builder.service(Service::ToCard),
        ServiceArg::ToAccount => builder,
        ServiceArg::ToCard => builder.service(Service::ToCard),
        ServiceArg::Push => builder.service(Service::Push),
        ServiceArg::Cash => builder.service(Service::Cash),
        ServiceArg::Absent => builder.without_service(),
    };
    if let Some(amount) = args.amount {
        builder = builder.amount(amount);
    }
    if args.many || args.poster.is_some() {
        builder = builder.initiation(Initiation::Static);
    }
    if let Some(bill) = &args.bill {
        builder = builder.bill(bill);
    }
    if let Some(name) = &args.merchant_name {
        builder = builder.merchant_name(name);
    }
    if let Some(city) = &args.city {
        builder = builder.merchant_city(city);
    }
    if let Some(mcc) = &args.mcc {
        builder = builder.mcc(mcc);
    }
    if let Some(store) = &args.store {
        builder = builder.store(store);
    }
    if let Some(terminal) = &args.terminal {
        builder = builder.terminal(terminal);
    }
    if let Some(label) = &args.reference_label {
        builder = builder.reference_label(label);
    }
    builder
}

fn poster(args: &PayArgs, code: &VietQr, path: &Path, words: &Words) -> Result<(), Failure> {
    let hospital = args.hospital.as_ref().or(args.merchant_name.as_ref());
    let hospital = hospital.ok_or_else(|| Failure::said("qr-poster-name"))?;
    let poster = Poster::new(hospital, code).map_err(|error| match error {
        PosterError::NoName => Failure::said("qr-poster-name"),
        other => Failure::Said("qr-cannot", vec![("why", other.to_string())]),
    })?;
    let poster = match words.lang() {
        Lang::Vi => poster,
        Lang::En => poster.language(Language::English),
    };
    let poster = match &args.merchant_name {
        Some(name) => poster.payee(name),
        None => poster,
    };
    if is_pdf(path) {
        write(path, &poster.to_pdf())
    } else {
        write(path, poster.to_svg().as_bytes())
    }
}

fn is_pdf(path: &Path) -> bool {
    has_extension(path, "pdf")
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn summary(code: &VietQr, bank: &str, words: &Words) -> Vec<String> {
    let amount = code
        .amount()
        .map_or_else(|| words.say("qr-amount-open"), |amount| amount.to_string());
    let mut rows = vec![
        vec![words.say("qr-field-bank"), bank.to_owned()],
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
    table(&[Column::Left], &rows)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(Failure::file(path))
}

fn cannot(error: &BuildError) -> Failure {
    match error {
        BuildError::Account(_) => Failure::said("qr-bad-account"),
        BuildError::Amount | BuildError::AmountTooLarge => Failure::said("qr-bad-amount"),
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
