use ring::signature::Ed25519KeyPair;
use sokhoe_domain::{Timestamp, Vnd};
use sokhoe_qr::payee::{PayeeCheck, compare_payee};
use sokhoe_qr::signed::{
    Enrolment, EnrolmentError, Kind, PaymentOrder, PaymentOrderDetails, PaymentOrderError,
    PublicKey, SignError, TokenError, sign, verify,
};
use sokhoe_qr::vietqr::{Service, VietQr, VietQrBuilder};

const NOW: Timestamp = Timestamp::from_millis(1_795_312_800_000);
const LATER: Timestamp = Timestamp::from_millis(1_795_312_800_001);

pub fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

pub fn enrolment() -> Enrolment {
    Enrolment {
        clinic_url: "https://benhvien.example/fhir".to_owned(),
        clinic_name: "Bệnh viện Đa khoa tỉnh Mẫu".to_owned(),
        code: "K7QF-2M9X".to_owned(),
        public_key: PublicKey::of(&key(1)).unwrap(),
        expires: LATER,
    }
}

pub fn details() -> PaymentOrderDetails {
    PaymentOrderDetails {
        invoice: "inv-2026-0001".to_owned(),
        clinic: "bvmau".to_owned(),
        bin: "970415".to_owned(),
        account: "113366668888".to_owned(),
        payee_name: "BENH VIEN DA KHOA TINH MAU".to_owned(),
        amount: Vnd::new(150_000),
        reference: "PK8F3K2".to_owned(),
        issued: NOW,
    }
}

pub fn order() -> PaymentOrder {
    PaymentOrder::new(details()).unwrap()
}

#[test]
fn an_enrolment_comes_back() {
    let text = enrolment().sign(&key(1)).unwrap();
    assert!(text.starts_with("SK1.E."));
    assert_eq!(Enrolment::read(&text, NOW), Ok(enrolment()));
    assert_eq!(
        Enrolment::read(&format!(" {text}\r\n"), NOW),
        Ok(enrolment())
    );
    assert_eq!(Enrolment::read(&text, LATER), Err(EnrolmentError::Expired));
}

#[test]
fn any_changed_character_of_an_enrolment_is_refused() {
    let text = enrolment().sign(&key(1)).unwrap();
    for index in 0..text.len() {
        for replacement in ["A", "B", "_", "."] {
            let mut changed = text.clone();
            changed.replace_range(index..=index, replacement);
            if changed != text {
                assert!(Enrolment::read(&changed, NOW).is_err(), "{changed}");
            }
        }
        assert!(Enrolment::read(&text[..index], NOW).is_err());
    }
}

#[test]
fn other_texts_are_not_enrolments() {
    let payment = order().sign(&key(1)).unwrap();
    for text in [
        "",
        "https://benhvien.example",
        "SK2.E.e30.e30",
        "SK1.X.e30.e30",
        &payment,
    ] {
        assert_eq!(
            Enrolment::read(text, NOW),
            Err(EnrolmentError::NotOurs),
            "{text}"
        );
    }
    for text in [
        "SK1.E",
        "SK1.E.e30",
        "SK1.E.e30.e30",
        "SK1.E.e30.e30.e30",
        "SK1.E.!!.e30",
    ] {
        assert_eq!(
            Enrolment::read(text, NOW),
            Err(EnrolmentError::Malformed),
            "{text}"
        );
    }
}

#[test]
fn a_signature_of_someone_else_is_refused() {
    let text = enrolment().sign(&key(1)).unwrap();
    let (signed, _) = text.rsplit_once('.').unwrap();
    let forged = enrolment_of(2);
    let (_, other_signature) = forged.rsplit_once('.').unwrap();
    assert_eq!(
        Enrolment::read(&format!("{signed}.{other_signature}"), NOW),
        Err(EnrolmentError::Altered)
    );
    assert_eq!(enrolment().sign(&key(2)), Err(SignError::WrongKey));
}

fn enrolment_of(seed: u8) -> String {
    Enrolment {
        public_key: PublicKey::of(&key(seed)).unwrap(),
        ..enrolment()
    }
    .sign(&key(seed))
    .unwrap()
}

#[test]
fn a_signed_enrolment_to_a_bad_address_is_refused() {
    let bad = Enrolment {
        clinic_url: "http://benhvien.example".to_owned(),
        ..enrolment()
    };
    assert_eq!(bad.sign(&key(1)), Err(SignError::Invalid));
    let payload = serde_json::json!({
        "u": bad.clinic_url, "n": bad.clinic_name, "c": bad.code, "k": bad.public_key, "x": LATER.as_millis(),
    });
    let text = sign(Kind::Enrolment, &payload, &key(1)).unwrap();
    assert_eq!(Enrolment::read(&text, NOW), Err(EnrolmentError::Malformed));
}

#[test]
fn a_kind_does_not_pass_as_another() {
    let public = PublicKey::of(&key(1)).unwrap();
    let text = order().sign(&key(1)).unwrap();
    assert_eq!(
        verify(&text.replacen(".P.", ".E.", 1), &public),
        Err(TokenError::Altered)
    );
    let enrolment = enrolment().sign(&key(1)).unwrap();
    assert_eq!(
        PaymentOrder::verify(&enrolment, &public),
        Err(PaymentOrderError::Token(TokenError::NotOurs))
    );
}

#[test]
fn a_payment_order_comes_back_and_gives_its_code() {
    let text = order().sign(&key(1)).unwrap();
    let read = PaymentOrder::verify(&text, &PublicKey::of(&key(1)).unwrap()).unwrap();
    assert_eq!(read, order());
    assert_eq!(
        read.to_vietqr().to_payload(),
        "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA530370454061500005802VN62110807PK8F3K263045D61"
    );
    assert_eq!(
        PaymentOrder::verify(&text, &PublicKey::of(&key(2)).unwrap()),
        Err(PaymentOrderError::Token(TokenError::Altered))
    );
}

#[test]
fn orders_that_no_bank_takes_are_refused() {
    let refused = |change: fn(&mut PaymentOrderDetails)| {
        let mut details = details();
        change(&mut details);
        PaymentOrder::new(details).unwrap_err()
    };
    assert_eq!(refused(|d| d.invoice.clear()), PaymentOrderError::Empty);
    assert_eq!(
        refused(|d| d.reference = "pk8f3k2".to_owned()),
        PaymentOrderError::Reference
    );
    assert_eq!(
        refused(|d| d.reference.clear()),
        PaymentOrderError::Reference
    );
    assert!(matches!(
        refused(|d| d.amount = Vnd::new(0)),
        PaymentOrderError::Code(_)
    ));
    assert!(matches!(
        refused(|d| d.amount = Vnd::new(500_000_000)),
        PaymentOrderError::Code(_)
    ));
    assert!(matches!(
        refused(|d| d.bin = "97".to_owned()),
        PaymentOrderError::Code(_)
    ));
}

#[test]
fn a_public_key_is_text() {
    let public = PublicKey::of(&key(1)).unwrap();
    assert_eq!(public.to_string().parse(), Ok(public));
    let json = serde_json::to_string(&public).unwrap();
    assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), public);
    for bad in ["", "AAAA", &format!("{public}="), &format!("{public}A")] {
        assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
    }
}

#[test]
fn another_payee_is_a_red_stop() {
    let check = |builder: VietQrBuilder| compare_payee(&builder.build().unwrap(), &order());
    let right = || VietQr::transfer("970415", "113366668888");
    let stop = |bank, account, amount, reference| PayeeCheck::Mismatch {
        bank,
        account,
        amount,
        reference,
    };
    assert_eq!(
        compare_payee(&order().to_vietqr(), &order()),
        PayeeCheck::Matches
    );
    assert_eq!(check(right()), PayeeCheck::Matches);
    assert_eq!(check(right().verbatim_purpose("***")), PayeeCheck::Matches);
    assert_eq!(
        check(right().verbatim_purpose("Chuyen tien pk8f 3k2")),
        PayeeCheck::Matches
    );
    assert_eq!(
        check(VietQr::transfer("970436", "113366668888")),
        stop(true, false, false, false)
    );
    assert_eq!(
        check(VietQr::transfer("970415", "113366668889")),
        stop(false, true, false, false)
    );
    assert_eq!(
        check(right().service(Service::ToCard)),
        stop(false, true, false, false)
    );
    assert_eq!(
        check(right().amount(Vnd::new(150_001))),
        stop(false, false, true, false)
    );
    assert_eq!(
        check(right().reference("PK8F3K3")),
        stop(false, false, false, true)
    );
}

#[test]
fn debug_shows_no_secret_and_no_account() {
    let text = order().sign(&key(1)).unwrap();
    let verified = verify(&text, &PublicKey::of(&key(1)).unwrap()).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {verified:?}",
        enrolment(),
        order(),
        details()
    );
    for secret in ["K7QF", "113366668888", "BENH VIEN DA"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
