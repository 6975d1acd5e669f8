//! Laws that hold for any input.

use proptest::prelude::*;
use sokhoe_domain::{Timestamp, Vnd};
use sokhoe_qr::emv::{Payload, Writer, crc16};
use sokhoe_qr::signed::{Enrolment, PaymentOrder, PublicKey, Ticket, TicketGate, TicketWindow};
use sokhoe_qr::vietqr::{
    AlternateLanguage, BuildError, Fee, Initiation, Service, VietQr, bank_safe_purpose,
};
use sokhoe_qr::{CitizenCard, InsuranceCard, InsuranceNumber, Matrix, scan};

use crate::signed::{enrolment, key};

fn with_crc(body: &str) -> String {
    let signed = format!("{body}6304");
    format!("{signed}{:04X}", crc16(signed.as_bytes()))
}

/// What a payment of any service may say.
#[derive(Debug)]
struct Payment {
    bin: String,
    account: String,
    service: Option<Service>,
    initiation: Option<Initiation>,
    amount: Option<Vnd>,
    fee: Option<Fee>,
    reference: String,
    purpose: String,
    labels: [Option<String>; 7],
    request: Option<String>,
    merchant: Option<[String; 3]>,
    postal_code: Option<String>,
    language: Option<(String, String, Option<String>)>,
    others: Option<[String; 2]>,
}

impl Payment {
    /// The code; unset when tag 62 would be too long, or the name in another language makes it ambiguous.
    fn code(&self) -> Option<VietQr> {
        let mut builder = VietQr::transfer(&self.bin, &self.account)
            .reference(&self.reference)
            .purpose(&self.purpose);
        builder = match &self.service {
            Some(service) => builder.service(service.clone()),
            None => builder.without_service(),
        };
        if let Some(initiation) = self.initiation {
            builder = builder.initiation(initiation);
        }
        if let Some(amount) = self.amount {
            builder = builder.amount(amount);
        }
        if let Some(fee) = self.fee {
            builder = builder.fee(fee);
        }
        let [bill, mobile, store, loyalty, label, customer, terminal] = &self.labels;
        let cash = self.service == Some(Service::Cash);
        if let Some(bill) = bill {
            builder = builder.bill(bill);
        }
        if let Some(mobile) = mobile {
            builder = builder.mobile(mobile);
        }
        if let Some(store) = store {
            builder = builder.store(store);
        }
        if let Some(loyalty) = loyalty {
            builder = builder.loyalty(loyalty);
        }
        if let Some(customer) = customer {
            builder = builder.customer(customer);
        }
        if let Some(label) = label.as_deref().or(cash.then_some("R")) {
            builder = builder.reference_label(label);
        }
        if let Some(terminal) = terminal.as_deref().or(cash.then_some("T")) {
            builder = builder.terminal(terminal);
        }
        if let Some(request) = &self.request {
            builder = builder.consumer_request(request);
        }
        let needs_merchant = matches!(self.service, None | Some(Service::Push));
        if let Some([mcc, name, city]) = &self.merchant {
            builder = builder.mcc(mcc).merchant_name(name).merchant_city(city);
        } else if needs_merchant {
            builder = builder
                .mcc("8062")
                .merchant_name("Bệnh viện")
                .merchant_city("Huế");
        }
        if cash {
            builder = builder.mcc("6011");
        }
        if let Some(code) = &self.postal_code {
            builder = builder.postal_code(code);
        }
        if let Some((language, name, city)) = &self.language {
            builder = builder.alternate_language(AlternateLanguage {
                language,
                name,
                city: city.as_deref(),
            });
        }
        if let Some([first, second]) = &self.others {
            builder = builder.object(3, first).object(91, second);
        }
        match builder.build() {
            Ok(code) => Some(code),
            // By chance another code by bytes.
            Err(BuildError::TooMuch | BuildError::Field("the other language")) => None,
            Err(other) => panic!("{other}: {self:?}"),
        }
    }
}

fn maybe(pattern: &'static str) -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.3, pattern)
}

fn services() -> impl Strategy<Value = Option<Service>> {
    prop_oneof![
        4 => Just(Some(Service::ToAccount)),
        2 => Just(Some(Service::ToCard)),
        2 => Just(Some(Service::Push)),
        2 => Just(Some(Service::Cash)),
        1 => "[A-Z]{1,10}".prop_map(|code| Some(Service::Other(code))),
        2 => Just(None),
    ]
}

fn fees() -> impl Strategy<Value = Fee> {
    prop_oneof![
        Just(Fee::Asked),
        (1_i64..1_000_000).prop_map(|dong| Fee::Fixed(Vnd::new(dong))),
        (1_u16..10_000).prop_map(Fee::Percent),
    ]
}

prop_compose! {
    fn payments()(
        (bin, account) in ("[0-9]{6}", "[A-Za-z0-9]{1,19}"),
        (service, initiation) in (
            services(),
            proptest::option::of(prop_oneof![Just(Initiation::Static), Just(Initiation::Dynamic)]),
        ),
        (amount, fee) in (
            proptest::option::of((1_i64..500_000_000).prop_map(Vnd::new)),
            proptest::option::weighted(0.2, fees()),
        ),
        (reference, purpose) in ("[A-Z0-9]{0,19}", "\\PC{0,40}"),
        labels in proptest::array::uniform7(maybe("[!-~][ -~]{0,11}")),
        request in maybe("A?M?E"),
        merchant in proptest::option::of(["[0-9]{4}", "[A-ZĐa-zạ][ -~ạếđ]{0,30}", "[A-ZĐa-zạ][ -~ạếđ]{0,20}"]),
        postal_code in maybe("[0-9]{5,10}"),
        language in proptest::option::weighted(0.2, ("[a-z]{2}", "[ -~đạếộưỳ病😀]{1,25}", maybe("[ -~đạếộưỳ]{1,15}"))),
        others in proptest::option::weighted(0.2, ["[ -~]{1,99}", "[ -~]{1,99}"]),
    ) -> Payment {
        Payment {
            bin, account, service, initiation, amount, fee, reference, purpose, labels, request, merchant,
            postal_code, language, others,
        }
    }
}

/// Payment codes of every service.
fn codes() -> impl Strategy<Value = VietQr> {
    payments().prop_filter_map("tag 62 is too long", |payment| payment.code())
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
    fn what_is_built_is_read(code in codes()) {
        let reading = VietQr::read(code.as_str()).unwrap();
        prop_assert_eq!(&reading.code, &code);
        prop_assert_eq!(reading.code.as_str(), code.as_str());
        // Only the other language may leave ASCII.
        prop_assert!(code.as_str().is_ascii() || code.alternate_language().is_some());
    }

    #[test]
    fn what_is_paid_is_what_was_asked(payment in payments()) {
        let Some(code) = payment.code() else { return Ok(()) };
        prop_assert_eq!(code.bin().to_string(), payment.bin);
        prop_assert_eq!(code.account().as_str(), payment.account);
        prop_assert_eq!(code.amount(), payment.amount);
        prop_assert_eq!(code.fee(), payment.fee);
        prop_assert_eq!(code.additional().customer(), payment.labels[5].as_deref());
        prop_assert_eq!(code.additional().consumer_request(), payment.request.as_deref());
        prop_assert!(code.purpose().unwrap_or_default().starts_with(&payment.reference));
        prop_assert_eq!(code.postal_code(), payment.postal_code.as_deref());
    }

    /// One byte for another: what a checksum of 16 bits always notices.
    #[test]
    fn a_changed_character_is_refused(code in codes(), index in any::<prop::sample::Index>(), c in 0x20_u8..0x7f) {
        let text = code.as_str();
        let at = index.index(text.len());
        prop_assume!(text.as_bytes()[at].is_ascii());
        let changed = format!("{}{}{}", &text[..at], char::from(c), &text[at + 1..]);
        // The checksum may be written in lower case: that is the same checksum.
        prop_assume!(!changed.eq_ignore_ascii_case(text) || at < text.len() - 4);
        prop_assume!(changed != text);
        prop_assert!(VietQr::read(&changed).is_err());
    }

    #[test]
    fn read_then_write_loses_nothing(body in tlv()) {
        let text = with_crc(&body);
        if let Ok(payload) = Payload::read(&text) {
            prop_assert_eq!(payload.as_str(), &text);
            let whole = payload.objects().skip(1).all(|object| !object.value().is_empty() && object.id() != 0);
            if whole && text.is_ascii() {
                let mut writer = Writer::new();
                for object in payload.objects().skip(1) {
                    writer.object(object.id(), object.value()).unwrap();
                }
                prop_assert_eq!(writer.finish(), payload.clone());
            }
            if let Ok(reading) = VietQr::from_payload(payload) {
                prop_assert_eq!(reading.code.as_str(), text);
            }
        }
    }

    #[test]
    fn reading_anything_never_panics(text in "\\PC*|[\\x00-\\x7f]*", body in tlv()) {
        for text in [text.clone(), with_crc(&text), with_crc(&format!("000201{text}")), with_crc(&body)] {
            let _ = (scan(&text), VietQr::read(&text), CitizenCard::read(&text), InsuranceCard::read(&text));
            let _ = (scan(&format!("SK1E:{text}")), scan(&format!("shlink:/{text}")));
            let _ = (text.parse::<PublicKey>(), text.parse::<InsuranceNumber>());
        }
    }

    /// Well-formed outside, anything inside: what is signed is read too.
    #[test]
    fn codes_of_any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 65..300), kind in "[A-Z]") {
        let _ = scan(&format!("SK1{kind}:{}", base45::encode(&bytes)));
    }

    #[test]
    fn tickets_of_any_digits_never_panic(digits in "7[0-9]{177}", more in "1[0-2][0-9]{175}") {
        let gate = TicketGate::new([PublicKey::of(&key(1)).unwrap()]);
        for text in [digits, format!("7{more}0")] {
            let _ = scan(&text);
            prop_assert!(gate.check(&text, crate::signed::NOW).is_err());
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
        let last = payload.objects().last().unwrap();
        prop_assert_eq!((last.id(), last.value()), (id, value.as_str()));
        if id != 0 {
            let mut writer = Writer::new();
            writer.object(id, &value).unwrap();
            prop_assert_eq!(writer.finish(), payload);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_payment_order_comes_back(code in codes(), reference in "[A-Z0-9]{1,19}", name in "[A-ZĐÊ][A-Za-zđêếạ0-9 .-]{0,29}") {
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
    fn a_ticket_comes_back(number: u32, steps in 0_i64..1 << 23, half_hour in 0_u8..48, on_paper: bool) {
        let start = Timestamp::from_millis(1_704_067_200_000 + steps * 300_000);
        let window = if on_paper { TicketWindow::Paper } else { TicketWindow::HalfHour(half_hour) };
        let ticket = Ticket::new(number, start, window);
        let text = ticket.sign(&key(4)).unwrap();
        let gate = TicketGate::new([PublicKey::of(&key(4)).unwrap()]);
        prop_assert_eq!(gate.check(&text, ticket.valid_from()), Ok(ticket));
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
    fn whatever_is_built_can_be_drawn(code in codes()) {
        prop_assert!(Matrix::encode(code.as_str(), sokhoe_qr::draw::Level::Quartile).is_ok());
    }
}
