//! All 47 payloads of `tests/vectors/vietqr.tsv`, both ways.

use std::collections::BTreeMap;

use sokhoe_qr::emv::{FormatErrorKind, Payload};
use sokhoe_qr::other_payment::Scheme;
use sokhoe_qr::vietqr::{AdditionalData, Initiation, ReadError, Service, VietQr, Wallet};
use sokhoe_qr::{OtherPayment, Scanned, scan};

type Row = BTreeMap<&'static str, &'static str>;

fn rows() -> Vec<Row> {
    let mut lines = include_str!("../vectors/vietqr.tsv").lines();
    let names: Vec<_> = lines.next().unwrap().split('\t').collect();
    lines
        .map(|line| names.iter().copied().zip(line.split('\t')).collect())
        .collect()
}

fn tag62(data: &AdditionalData) -> String {
    let fields = data
        .objects()
        .iter()
        .map(|object| format!("{:02}={}", object.id(), object.value()));
    fields.collect::<Vec<_>>().join(";")
}

fn or_empty(text: Option<&str>) -> &str {
    text.unwrap_or_default()
}

fn check_vietqr(row: &Row) {
    let code = VietQr::read(row["payload"])
        .unwrap_or_else(|error| panic!("{}: {error}", row["id"]))
        .code;
    let amount = code.amount().map(|amount| amount.dong().to_string());
    let read = [
        or_empty(code.initiation().map(Initiation::as_code)),
        &code.bin().to_string(),
        code.account().as_str(),
        or_empty(code.service().map(Service::as_code)),
        or_empty(amount.as_deref()),
        &tag62(code.additional()),
        or_empty(code.mcc()),
        or_empty(code.merchant_name()),
    ];
    let expected = [
        "pim",
        "bin",
        "account",
        "service",
        "amount",
        "tag62",
        "mcc",
        "merchant_name",
    ]
    .map(|column| row[column]);
    assert_eq!(read, expected, "{}", row["id"]);
    assert_eq!(code.to_payload(), row["payload"], "{}", row["id"]);
    assert!(
        matches!(scan(row["payload"]), Scanned::VietQr(_)),
        "{}",
        row["id"]
    );
    let wallet = match row["class"] {
        "good-momo" => Some(Wallet::MoMo),
        "good-zalopay" => Some(Wallet::ZaloPay),
        _ => None,
    };
    if wallet.is_some() {
        assert_eq!(code.wallet(), wallet, "{}", row["id"]);
    }
}

fn check_vnpay(row: &Row) {
    let Scanned::OtherPayment(code) = scan(row["payload"]) else {
        panic!("{}", row["id"])
    };
    let amount = code.amount().map(|amount| amount.dong().to_string());
    let read = [
        or_empty(amount.as_deref()),
        &tag62(code.additional()),
        or_empty(code.mcc()),
        or_empty(code.merchant_name()),
    ];
    assert_eq!(
        read,
        ["amount", "tag62", "mcc", "merchant_name"].map(|column| row[column]),
        "{}",
        row["id"]
    );
    assert_eq!(code.scheme(), Scheme::VnPay, "{}", row["id"]);
    assert_eq!(code.merchant_id().map(str::len), Some(10), "{}", row["id"]);
    assert_eq!(code.payload().to_text(), row["payload"], "{}", row["id"]);
    assert!(
        matches!(VietQr::read(row["payload"]), Err(ReadError::Problems(_))),
        "{}",
        row["id"]
    );
}

#[test]
fn every_vector() {
    let rows = rows();
    assert_eq!(rows.len(), 47);
    for row in &rows {
        let refused = || VietQr::read(row["payload"]).expect_err(row["id"]);
        match row["class"] {
            "good" | "good-synthetic" | "good-momo" | "good-zalopay" => check_vietqr(row),
            "good-vnpay" => check_vnpay(row),
            "bad-crc" => {
                assert_eq!(
                    refused().code(),
                    FormatErrorKind::WrongCrc.code(),
                    "{}",
                    row["id"]
                );
                assert_eq!(
                    refused().position(),
                    Some(row["payload"].len() - 4),
                    "{}",
                    row["id"]
                );
            }
            "bad-tlv" => assert!(matches!(refused(), ReadError::Format(_)), "{}", row["id"]),
            "semantic-bad" => {
                assert!(matches!(refused(), ReadError::Problems(_)), "{}", row["id"]);
                assert_eq!(
                    Payload::read(row["payload"]).unwrap().to_text(),
                    row["payload"]
                );
            }
            other => panic!("unknown class {other}"),
        }
    }
}

#[test]
fn the_spec_misprint_is_refused_where_it_breaks() {
    let row = rows().into_iter().find(|row| row["id"] == "E01").unwrap();
    let error = VietQr::read(row["payload"]).unwrap_err();
    // 38.01 holds "0006970403" and "0112001101234567" and then one digit too many.
    assert_eq!((error.code(), error.position()), ("bad_tag", Some(60)));
}

#[test]
fn other_schemes_keep_their_text() {
    for row in rows()
        .iter()
        .filter(|row| row["crc_ok"] == "1" && row["tlv_ok"] == "1")
    {
        let code = OtherPayment::from_payload(Payload::read(row["payload"]).unwrap());
        assert_eq!(code.payload().to_text(), row["payload"], "{}", row["id"]);
    }
}

/// About 480,000 payloads: each good one with each character changed to each other printable one.
#[test]
fn every_changed_character_is_refused() {
    let mut tried = 0_u32;
    for row in rows()
        .iter()
        .filter(|row| row["crc_ok"] == "1" && row["tlv_ok"] == "1")
    {
        let mut bytes = row["payload"].as_bytes().to_vec();
        let checksum_at = bytes.len() - 4;
        for index in 0..bytes.len() {
            let right = bytes[index];
            // A checksum in the other case is the same checksum.
            let same =
                |c: u8| c == right || (index >= checksum_at && c.eq_ignore_ascii_case(&right));
            for c in (b' '..=b'~').filter(|c| !same(*c)) {
                bytes[index] = c;
                let changed = std::str::from_utf8(&bytes).unwrap();
                assert!(Payload::read(changed).is_err(), "{} at {index}", row["id"]);
                tried += 1;
            }
            bytes[index] = right;
        }
    }
    assert!(tried > 400_000, "{tried}");
}
