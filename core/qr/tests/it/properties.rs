//! Laws that hold for any input.

use proptest::prelude::*;
use sokhoe_domain::{Timestamp, Vnd};
use sokhoe_qr::emv::{Object, Payload, crc16};
use sokhoe_qr::signed::{Enrolment, PaymentOrder, PublicKey};
use sokhoe_qr::vietqr::{Service, VietQr, bank_safe_purpose};
use sokhoe_qr::{CitizenCard, InsuranceCard, InsuranceNumber, Matrix, scan};

use crate::signed::{enrolment, key};

fn with_crc(body: &str) -> String {
    let signed = format!("{body}6304");
    format!("{signed}{:04X}", crc16(signed.as_bytes()))
}

prop_compose! {
    fn transfers()(
        bin in "[0-9]{6}",
        account in "[A-Za-z0-9]{1,19}",
        amount in proptest::option::of(1_i64..500_000_000),
        reference in "[A-Z0-9]{0,19}",
        purpose in "\\PC{0,40}",
        bill in proptest::option::of("[ -~]{1,25}"),
        to_card in any::<bool>(),
    ) -> VietQr {
        let mut builder = VietQr::transfer(bin, account).reference(&reference).purpose(&purpose);
        if let Some(amount) = amount {
            builder = builder.amount(Vnd::new(amount));
        }
        if let Some(bill) = bill {
            builder = builder.bill(&bill);
        }
        if to_card {
            builder = builder.service(Service::ToCard);
        }
        builder.build().unwrap()
    }
}

/// Texts of objects that are mostly well-formed, some nested, with tags that matter.
fn tlv() -> impl Strategy<Value = String> {
    let tag = prop_oneof![
        Just(38_u8),
        Just(62),
        Just(54),
        Just(1),
        Just(53),
        Just(26),
        0_u8..100
    ];
    let leaf = (
        tag.clone(),
        "[0-9]{0,12}|A000000727|QRIBFTTA|704|\\PC{0,20}",
    );
    let node = leaf.prop_map(|(id, value)| format!("{id:02}{:02}{value}", value.chars().count()));
    let nested = (tag, proptest::collection::vec(node.clone(), 0..4)).prop_map(|(id, parts)| {
        let value = parts.concat();
        format!("{id:02}{:02}{value}", value.chars().count() % 100)
    });
    proptest::collection::vec(prop_oneof![node, nested], 0..8)
        .prop_map(|parts| format!("000201{}", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_built_is_read(code in transfers()) {
        let reading = VietQr::read(&code.to_payload()).unwrap();
        prop_assert_eq!(&reading.code, &code);
        prop_assert_eq!(reading.code.to_payload(), code.to_payload());
        prop_assert!(code.to_payload().is_ascii());
    }

    #[test]
    fn a_changed_character_is_refused(code in transfers(), index in any::<prop::sample::Index>(), c in 0x20_u8..0x7f) {
        let text = code.to_payload();
        let index = index.index(text.len());
        let mut changed = text.clone();
        changed.replace_range(index..=index, &char::from(c).to_string());
        // The checksum may be written in lower case: that is the same checksum.
        prop_assume!(!changed.eq_ignore_ascii_case(&text) || index < text.len() - 4);
        prop_assume!(changed != text);
        prop_assert!(VietQr::read(&changed).is_err());
    }

    #[test]
    fn read_then_write_loses_nothing(body in tlv()) {
        let text = with_crc(&body);
        if let Ok(payload) = Payload::read(&text) {
            prop_assert_eq!(payload.to_text(), text.clone());
            if let Ok(reading) = VietQr::from_payload(payload) {
                prop_assert_eq!(reading.code.to_payload(), text);
            }
        }
    }

    #[test]
    fn reading_anything_never_panics(text in "\\PC*|[\\x00-\\x7f]*", body in tlv()) {
        for text in [text.clone(), with_crc(&text), with_crc(&format!("000201{text}")), with_crc(&body)] {
            let _ = (scan(&text), VietQr::read(&text), CitizenCard::read(&text), InsuranceCard::read(&text));
            let _ = Enrolment::read(&text, Timestamp::from_millis(0));
            let _ = Enrolment::read(&format!("SK1.E.{text}"), Timestamp::from_millis(0));
            let _ = (text.parse::<PublicKey>(), text.parse::<InsuranceNumber>());
        }
    }

    #[test]
    fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = scan(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn cards_of_any_fields_never_panic(fields in proptest::collection::vec("[0-9]{12}|[0-9]{8}|[0-9a-f]{0,9}|-|\\PC{0,9}|\\$", 1..20)) {
        let _ = scan(&fields.join("|"));
    }

    #[test]
    fn a_citizen_card_comes_back(
        number in "[0-9]{12}", old in "([0-9]{9})?", name in "[A-ZĐ][a-zàáạảãêôơư]{1,8}( [A-ZĐ][a-zé]{1,8}){1,3}",
        day in 1_u32..=28, month in 1_u32..=12, year in 1900_i32..2100, sex in "Nam|Nữ", more in "(\\|\\|\\|\\|)?",
    ) {
        let text = format!("{number}|{old}|{name}|{day:02}{month:02}{year}|{sex}|Xã Mẫu, Hà Nội|01072024{more}");
        prop_assert_eq!(CitizenCard::read(&text).unwrap().card.to_text(), text);
    }

    #[test]
    fn a_purpose_is_safe(reference in "\\PC{0,30}", text in "\\PC{0,60}", limit in 0_usize..=25) {
        if let Some(purpose) = bank_safe_purpose(&reference, &text, limit) {
            prop_assert!(purpose.len() <= limit);
            prop_assert!(purpose.bytes().all(|b| b == b' ' || b.is_ascii_uppercase() || b.is_ascii_digit()));
            prop_assert!(!purpose.contains("  ") && purpose.trim() == purpose);
        }
    }

    #[test]
    fn an_object_is_read_as_written(id in 0_u8..=99, value in "\\PC{1,99}") {
        prop_assume!(id != 63);
        let body = format!("000201{id:02}{:02}{value}", value.chars().count());
        let payload = Payload::read(&with_crc(&body)).unwrap();
        prop_assert_eq!(payload.objects().last(), Some(&Object::new(id, value).unwrap()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_payment_order_comes_back(code in transfers(), reference in "[A-Z0-9]{1,19}", name in "\\PC{1,30}") {
        prop_assume!(!name.trim().is_empty());
        let details = sokhoe_qr::signed::PaymentOrderDetails {
            account: code.account().as_str().to_owned(),
            bin: code.bin().to_string(),
            amount: code.amount().unwrap_or(Vnd::new(1)),
            payee_name: name,
            reference,
            ..crate::signed::details()
        };
        let order = PaymentOrder::new(details).unwrap();
        let read = PaymentOrder::verify(&order.sign(&key(3)).unwrap(), &PublicKey::of(&key(3)).unwrap());
        prop_assert_eq!(read, Ok(order));
    }

    #[test]
    fn a_changed_enrolment_is_refused(index in any::<prop::sample::Index>(), c in any::<char>()) {
        let text = enrolment().sign(&key(1)).unwrap();
        let index = index.index(text.len());
        let mut changed = text.clone();
        changed.replace_range(index..=index, &c.to_string());
        prop_assume!(changed != text && changed.trim() != text);
        prop_assert!(Enrolment::read(&changed, Timestamp::from_millis(0)).is_err());
    }

    #[test]
    fn whatever_is_built_can_be_drawn(code in transfers()) {
        prop_assert!(Matrix::encode(&code.to_payload(), sokhoe_qr::draw::Level::Quartile).is_ok());
    }
}
