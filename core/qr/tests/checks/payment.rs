use sokhoe_domain::Vnd;
use sokhoe_qr::emv::{Object, ObjectError, Payload, Writer, crc16};
use sokhoe_qr::vietqr::{
    AlternateLanguage, Fee, Initiation, Service, VietQr, VietQrBuilder, bank_safe_reference,
};
use sokhoe_qr::{Bin, OtherPayment};

use super::{assert_error_hides, assert_hidden, shown};

/// Any text as the objects of a payment code, as it is and with its checksum made right.
pub fn emv_payload(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    objects(&text);
    objects(&with_crc(&text));
}

/// Any text as VietQR, as it is and with its checksum made right.
pub fn vietqr(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    code(&text);
    code(&with_crc(&text));
}

/// Lines of `field=value` as a new code.
pub fn payment(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let fields = || text.lines().filter_map(|line| line.split_once('='));
    let value = |name| fields().find(|(field, _)| *field == name);
    let value = |name| value(name).map_or("", |(_, value)| value);
    let (bin, account) = (value("bin"), value("account"));
    let builder = fields().fold(VietQr::transfer(bin, account), |builder, (field, value)| {
        with_field(builder, field, value)
    });
    let mut on_purpose = Vec::new();
    on_purpose.extend(bin.parse::<Bin>().map(|bin| shown(&bin)));
    let amounts = fields().filter(|(field, _)| *field == "amount");
    on_purpose.extend(
        amounts
            .filter_map(|(_, value)| value.parse().ok())
            .map(|dong| shown(&Vnd::new(dong))),
    );
    assert_hidden(&text, &shown(&builder), &on_purpose);
    match builder.build() {
        Ok(built) => {
            let reading = VietQr::read(built.as_str()).expect("what is built can be read");
            assert!(reading.code == built, "another payment comes back");
            assert_eq!(
                (built.bin().to_string().as_str(), built.account().as_str()),
                (bin, account)
            );
            assert!(built.as_str().is_ascii() || built.alternate_language().is_some());
            if fields().all(|(field, _)| field != "verbatim") {
                let reference = fields().rfind(|(field, _)| *field == "reference");
                let reference = bank_safe_reference(reference.map_or("", |(_, value)| value));
                assert!(built.purpose().unwrap_or_default().starts_with(&reference));
            }
            objects(built.as_str());
            code(built.as_str());
        }
        Err(error) => assert_error_hides(&text, &error),
    }
}

/// What `Debug` of a code shows on purpose.
pub(super) fn on_purpose(code: &VietQr) -> Vec<String> {
    vec![shown(&code.bin()), shown(&code.amount())]
}

fn with_crc(body: &str) -> String {
    let signed = format!("{body}6304");
    format!("{signed}{:04X}", crc16(signed.as_bytes()))
}

fn code(text: &str) {
    match VietQr::read(text) {
        Ok(reading) => {
            let code = &reading.code;
            assert_eq!(code.as_str(), text);
            assert!(
                text.contains(&code.bin().to_string()) && text.contains(code.account().as_str())
            );
            assert_eq!(code.amount().is_some(), code.payload().get(54).is_some());
            assert!(code.amount().is_none_or(|amount| amount.dong() > 0));
            let parts = (code.additional(), code.alternate_language(), code.wallet());
            assert_hidden(text, &shown(&(&reading, parts)), &on_purpose(code));
            for warning in &reading.warnings {
                assert!(warning.to_string().starts_with(warning.code()));
            }
        }
        Err(error) => {
            assert_error_hides(text, &error);
            assert!(
                error
                    .position()
                    .is_none_or(|position| position <= text.chars().count())
            );
        }
    }
}

fn objects(text: &str) {
    let payload = match Payload::read(text) {
        Ok(payload) => payload,
        Err(error) => {
            assert!(error.position <= text.chars().count());
            return assert_error_hides(text, &error);
        }
    };
    assert_eq!(payload.as_str(), text);
    assert_hidden(text, &shown(&payload), &[]);
    let other = OtherPayment::from_payload(payload.clone());
    assert_hidden(text, &shown(&(&other, other.warnings())), &[]);

    let body = &text[..text.len() - "6304CCCC".len()];
    let counted = |count: fn(&str) -> usize| -> String {
        let object = |o: Object<'_>| format!("{:02}{:02}{}", o.id(), count(o.value()), o.value());
        payload.objects().map(object).collect()
    };
    let is_standard = counted(|value| value.chars().count()) == body;
    let in_utf16 = |value: &str| value.encode_utf16().count();
    assert!(
        is_standard || counted(str::len) == body || counted(in_utf16) == body,
        "something is lost"
    );
    let mut rest = payload.objects();
    let begins_as_written = rest.next().is_some_and(|first| first.value() == "01");
    let is_writable = |o: Object<'_>| o.id() != 0 && !o.value().is_empty();
    if is_standard && begins_as_written && rest.all(is_writable) {
        let mut writer = Writer::new();
        for object in payload.objects().skip(1) {
            write(&mut writer, object).expect("what was read can be written");
        }
        assert_eq!(writer.finish().as_str(), with_crc(body));
    }
}

fn write(writer: &mut Writer, object: Object<'_>) -> Result<(), ObjectError> {
    match object.children() {
        None => writer.object(object.id(), object.value()),
        Some(mut children) => writer.template(object.id(), |inside| {
            children.try_for_each(|child| write(inside, child))
        }),
    }
}

fn with_field<'a>(builder: VietQrBuilder<'a>, field: &str, value: &'a str) -> VietQrBuilder<'a> {
    let tagged = || {
        let (tag, value) = value.split_once(':')?;
        Some((tag.parse().ok()?, value))
    };
    let dong = value.parse().map(Vnd::new);
    match (field, dong, tagged()) {
        ("amount", Ok(amount), _) => builder.amount(amount),
        ("fee", Ok(fee), _) => builder.fee(Fee::Fixed(fee)),
        ("object", _, Some((tag, value))) => builder.object(tag, value),
        ("additional", _, Some((tag, value))) => builder.additional_object(tag, value),
        ("percent", ..) if value.parse::<u16>().is_ok() => {
            builder.fee(Fee::Percent(value.parse().unwrap_or_default()))
        }
        ("tip", ..) => builder.fee(Fee::Asked),
        ("service", ..) => builder.service(service(value)),
        ("merchant", ..) => builder.without_service(),
        ("once", ..) => builder.initiation(Initiation::Dynamic),
        ("many", ..) => builder.initiation(Initiation::Static),
        ("reference", ..) => builder.reference(value),
        ("purpose", ..) => builder.purpose(value),
        ("limit", ..) => builder.purpose_limit(value.parse().unwrap_or_default()),
        ("verbatim", ..) => builder.verbatim_purpose(value),
        ("bill", ..) => builder.bill(value),
        ("mobile", ..) => builder.mobile(value),
        ("store", ..) => builder.store(value),
        ("loyalty", ..) => builder.loyalty(value),
        ("label", ..) => builder.reference_label(value),
        ("customer", ..) => builder.customer(value),
        ("terminal", ..) => builder.terminal(value),
        ("request", ..) => builder.consumer_request(value),
        ("mcc", ..) => builder.mcc(value),
        ("name", ..) => builder.merchant_name(value),
        ("city", ..) => builder.merchant_city(value),
        ("postal", ..) => builder.postal_code(value),
        ("language", ..) => builder.alternate_language(language(value)),
        _ => builder,
    }
}

fn service(code: &str) -> Service {
    match code {
        "account" => Service::ToAccount,
        "card" => Service::ToCard,
        "push" => Service::Push,
        "cash" => Service::Cash,
        other => Service::Other(other.to_owned()),
    }
}

/// `vi/name/city`
fn language(text: &str) -> AlternateLanguage<'_> {
    let mut parts = text.splitn(3, '/');
    let mut part = || parts.next();
    AlternateLanguage {
        language: part().unwrap_or_default(),
        name: part().unwrap_or_default(),
        city: part(),
    }
}
