//! All 47 payloads of `tests/vectors/vietqr.tsv`, both ways.

use std::collections::BTreeMap;

use sokhoe_domain::Vnd;
use sokhoe_qr::emv::{FormatErrorKind, ObjectError, Objects, Payload, Writer};
use sokhoe_qr::other_payment::Scheme;
use sokhoe_qr::vietqr::{
    AdditionalData, AlternateLanguage, Initiation, ReadError, Service, VietQr, Wallet,
};
use sokhoe_qr::{OtherPayment, Scanned, scan};

/// Rows of the classes that [`VietQr`] reads.
const GOOD_VIETQR: usize = 33;

type Row = BTreeMap<&'static str, &'static str>;

fn rows() -> Vec<Row> {
    let mut lines = include_str!("../vectors/vietqr.tsv").lines();
    let names: Vec<_> = lines.next().unwrap().split('\t').collect();
    lines
        .map(|line| names.iter().copied().zip(line.split('\t')).collect())
        .collect()
}

fn tag62(data: AdditionalData<'_>) -> String {
    let fields = data
        .objects()
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
    assert_eq!(code.as_str(), row["payload"], "{}", row["id"]);
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
    assert_eq!(code.payload().as_str(), row["payload"], "{}", row["id"]);
    assert!(
        matches!(VietQr::read(row["payload"]), Err(ReadError::Problems(_))),
        "{}",
        row["id"]
    );
}

/// The columns of a row, put into the builder.
fn rebuilt(row: &Row) -> String {
    let dong = |text: &str| Vnd::new(text.parse().unwrap());
    let mut builder = VietQr::transfer(row["bin"], row["account"]);
    builder = match row["service"] {
        "" => builder.without_service(),
        "QRIBFTTA" => builder,
        "QRIBFTTC" => builder.service(Service::ToCard),
        "QRPUSH" => builder.service(Service::Push),
        "QRCASH" => builder.service(Service::Cash),
        other => panic!("{other}"),
    };
    builder = builder.initiation(match row["pim"] {
        "11" => Initiation::Static,
        _ => Initiation::Dynamic,
    });
    if !row["amount"].is_empty() {
        builder = builder.amount(dong(row["amount"]));
    }
    if !row["mcc"].is_empty() {
        builder = builder.mcc(row["mcc"]);
    }
    if !row["merchant_name"].is_empty() {
        builder = builder.merchant_name(row["merchant_name"]);
    }
    for field in row["tag62"].split(';').filter(|field| !field.is_empty()) {
        let (tag, value) = field.split_once('=').unwrap();
        builder = match tag {
            "01" => builder.bill(value),
            "03" => builder.store(value),
            "05" => builder.reference_label(value),
            "07" => builder.terminal(value),
            "08" => builder.verbatim_purpose(value),
            other => panic!("{other}"),
        };
    }
    // The table has no columns for these.
    let payload = Payload::read(row["payload"]).unwrap();
    if let Some(city) = payload.get(60) {
        builder = builder.merchant_city(city);
    }
    if let Some(code) = payload.get(61) {
        builder = builder.postal_code(code);
    }
    let language = payload.template(64).unwrap();
    if let (Some(code), Some(name)) = (language.get(0), language.get(1)) {
        builder = builder.alternate_language(AlternateLanguage {
            language: code,
            name,
            city: language.get(2),
        });
    }
    let built = builder
        .build()
        .unwrap_or_else(|error| panic!("{}: {error}", row["id"]));
    built.as_str().to_owned()
}

#[test]
fn every_good_vector_can_be_written() {
    let rows = rows();
    let vietqr = ["good", "good-synthetic", "good-momo", "good-zalopay"];
    let good: Vec<_> = rows
        .iter()
        .filter(|row| vietqr.contains(&row["class"]))
        .collect();
    assert_eq!(good.len(), GOOD_VIETQR);
    for row in good {
        assert_eq!(rebuilt(row), row["payload"], "{}", row["id"]);
    }
}

/// Object by object, what is read can be written again, templates included.
#[test]
fn every_whole_vector_is_rewritten_object_by_object() {
    fn copy(objects: Objects<'_>, writer: &mut Writer) -> Result<(), ObjectError> {
        objects
            .into_iter()
            .try_for_each(|object| match object.children() {
                Some(children) => writer.template(object.id(), |inside| copy(children, inside)),
                None => writer.object(object.id(), object.value()),
            })
    }
    for row in rows() {
        if (row["crc_ok"], row["tlv_ok"]) != ("1", "1") {
            continue;
        }
        let payload = Payload::read(row["payload"]).unwrap();
        let mut writer = Writer::new();
        for object in payload.objects().skip(1) {
            match object.children() {
                Some(children) => writer.template(object.id(), |inside| copy(children, inside)),
                None => writer.object(object.id(), object.value()),
            }
            .unwrap();
        }
        let rewritten = writer.finish();
        let same = rewritten.as_str().eq_ignore_ascii_case(row["payload"]);
        assert!(same, "{}: {}", row["id"], rewritten.as_str());
    }
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
                    Payload::read(row["payload"]).unwrap().as_str(),
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
        assert_eq!(code.payload().as_str(), row["payload"], "{}", row["id"]);
    }
}

/// Over a million payloads: whole vectors and payments made here, with each character changed to each
/// other printable one.
#[test]
fn every_changed_character_is_refused() {
    let mut texts: Vec<String> = rows()
        .iter()
        .filter(|row| row["crc_ok"] == "1" && row["tlv_ok"] == "1")
        .map(|row| row["payload"].to_owned())
        .collect();
    texts.extend((0_i64..60).map(|n| {
        let account = format!("{}", 1_133_666_688 * (n + 1));
        let reference = format!("PK{}", 97 * n);
        let code = VietQr::transfer("970415", &account)
            .amount(Vnd::new(1 + 7_654_321 * n))
            .reference(&reference)
            .purpose("kham benh");
        code.build().unwrap().as_str().to_owned()
    }));
    let mut tried = 0_u32;
    for text in texts {
        let mut bytes = text.as_bytes().to_vec();
        let checksum_at = bytes.len() - 4;
        for index in 0..bytes.len() {
            let right = bytes[index];
            // A checksum in the other case is the same checksum.
            let same =
                |c: u8| c == right || (index >= checksum_at && c.eq_ignore_ascii_case(&right));
            for c in (b' '..=b'~').filter(|c| !same(*c)) {
                bytes[index] = c;
                let changed = std::str::from_utf8(&bytes).unwrap();
                assert!(Payload::read(changed).is_err(), "{text} at {index}");
                tried += 1;
            }
            bytes[index] = right;
        }
    }
    assert!(tried > 1_000_000, "{tried}");
}
