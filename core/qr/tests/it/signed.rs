use std::collections::BTreeSet;

use ring::signature::Ed25519KeyPair;
use sokhoe_domain::{GrantScope, Timestamp, Vnd};
use sokhoe_qr::draw::Level;
use sokhoe_qr::payee::{PayeeDifference, compare_payee};
use sokhoe_qr::signed::{
    Enrolment, Invitation, Kind, MoveParcel, MoveRequest, PaymentOrder, PaymentOrderDetails,
    PaymentOrderError, PublicKey, Refusal, ShareLink, SignError, Trust, Unproven,
};
use sokhoe_qr::vietqr::{AlternateLanguage, Fee, Service, VietQr, VietQrBuilder};
use sokhoe_qr::{HealthLink, Matrix};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_312_800_000);
const LATER: Timestamp = Timestamp::from_millis(1_795_312_801_000);

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

pub fn invitation() -> Invitation {
    Invitation {
        clinic_url: "https://benhvien.example".to_owned(),
        clinic_name: "Bệnh viện Đa khoa tỉnh Mẫu".to_owned(),
        code: "H7QF-2M9X".to_owned(),
        person: "Bà Lò Thị Mẫu".to_owned(),
        scopes: BTreeSet::from([GrantScope::Book, GrantScope::SeeSummary]),
        public_key: PublicKey::of(&key(1)).unwrap(),
        expires: LATER,
        clinic_key: None,
        word: None,
    }
}

/// As a person's phone makes it.
pub fn invitation_of_phone() -> Invitation {
    Invitation {
        clinic_key: Some(PublicKey::of(&key(2)).unwrap()),
        word: Some(vec![7; 300]),
        ..invitation()
    }
}

pub fn share() -> ShareLink {
    let mut link = HealthLink::new("https://benhvien.example/shl/Y9xwkUdtmN9wwoJo", [7; 32]);
    link.expires = Some(LATER);
    link.label = Some("Kết quả xét nghiệm".to_owned());
    link.passcode = true;
    ShareLink {
        link,
        clinic_name: "Bệnh viện Đa khoa tỉnh Mẫu".to_owned(),
        public_key: PublicKey::of(&key(1)).unwrap(),
    }
}

pub fn move_request() -> MoveRequest {
    MoveRequest {
        device_name: "Điện thoại mới của Lan".to_owned(),
        sealing_key: [9; 32],
        public_key: PublicKey::of(&key(4)).unwrap(),
        expires: LATER,
    }
}

pub fn move_parcel(part: u8, of: u8) -> MoveParcel {
    MoveParcel {
        request: MoveRequest::id_of(&move_request().sign(&key(4)).unwrap()),
        part,
        of,
        content: vec![part; MoveParcel::LONGEST_CONTENT],
        public_key: PublicKey::of(&key(5)).unwrap(),
    }
}

fn texts() -> [String; 3] {
    [
        enrolment().sign(&key(1)).unwrap(),
        invitation().sign(&key(1)).unwrap(),
        share().sign(&key(1)).unwrap(),
    ]
}

#[test]
fn codes_come_back() {
    let [first, second, third] = texts();
    assert!(
        first.starts_with("SK1E:") && second.starts_with("SK1I:") && third.starts_with("SK1L:")
    );
    assert_eq!(Enrolment::read(&first, NOW), Ok(enrolment()));
    assert_eq!(
        Enrolment::read(&format!(" {first}\r\n"), NOW),
        Ok(enrolment())
    );
    assert_eq!(Enrolment::read(&first, LATER), Err(Refusal::Expired));
    assert_eq!(Invitation::read(&second, NOW), Ok(invitation()));
    assert_eq!(Invitation::read(&second, LATER), Err(Refusal::Expired));
    assert_eq!(invitation().key_of_clinic(), invitation().public_key);
    let of_phone = invitation_of_phone();
    let text = of_phone.sign(&key(1)).unwrap();
    assert_eq!(Invitation::read(&text, NOW), Ok(of_phone.clone()));
    assert_eq!(of_phone.key_of_clinic(), PublicKey::of(&key(2)).unwrap());
    let long_winded = Invitation {
        word: Some(vec![7; 1_001]),
        ..of_phone
    };
    assert_eq!(long_winded.sign(&key(1)), Err(SignError::Invalid));
    assert_eq!(ShareLink::read(&third, NOW, Trust::Carried), Ok(share()));
    assert_eq!(
        ShareLink::read(&third, LATER, Trust::Carried),
        Err(Refusal::Expired)
    );
}

/// In alphanumeric mode, and not larger than what a cheap camera reads from a screen.
#[test]
fn codes_are_compact() {
    for (text, most) in texts().iter().zip([10, 12, 12]) {
        let drawn = Matrix::encode(text, Level::Medium).unwrap();
        let version = (drawn.size() - 17) / 4;
        assert!(
            version <= most,
            "version {version} for {} characters",
            text.len()
        );
    }
}

#[test]
fn any_changed_character_is_refused() {
    for (which, text) in texts().iter().enumerate() {
        let refused = |changed: &str| match which {
            0 => Enrolment::read(changed, NOW).is_err(),
            1 => Invitation::read(changed, NOW).is_err(),
            _ => ShareLink::read(changed, NOW, Trust::Carried).is_err(),
        };
        for index in 0..text.len() {
            for replacement in ["A", "B", "0", "$", "é"] {
                let mut changed = text.clone();
                changed.replace_range(index..=index, replacement);
                assert!(changed == *text || refused(&changed), "{changed}");
            }
            assert!(refused(&text[..index]));
        }
    }
}

#[test]
fn what_goes_from_phone_to_phone_comes_back() {
    let request = move_request().sign(&key(4)).unwrap();
    assert!(request.starts_with("SK1M:"));
    assert_eq!(
        MoveRequest::read(&format!(" {request}\n"), NOW),
        Ok(move_request())
    );
    assert_eq!(MoveRequest::read(&request, LATER), Err(Refusal::Expired));
    let parcel = move_parcel(2, 3).sign(&key(5)).unwrap();
    assert!(parcel.starts_with("SK1D:"));
    assert_eq!(MoveParcel::read(&parcel), Ok(move_parcel(2, 3)));
    for (text, longest, version) in [(&request, 300, 10), (&parcel, 1_000, 20)] {
        assert!(text.len() <= longest, "{} characters", text.len());
        let drawn = Matrix::encode(text, Level::Low).unwrap();
        assert!((drawn.size() - 17) / 4 <= version, "{}", drawn.size());
    }
    for index in 0..parcel.len() {
        let mut changed = parcel.clone();
        changed.replace_range(
            index..=index,
            if changed[index..].starts_with('A') {
                "B"
            } else {
                "A"
            },
        );
        MoveParcel::read(&changed).unwrap_err();
    }
    for bad in [
        move_parcel(0, 3),
        move_parcel(4, 3),
        MoveParcel {
            content: Vec::new(),
            ..move_parcel(1, 1)
        },
        MoveParcel {
            content: vec![0; MoveParcel::LONGEST_CONTENT + 1],
            ..move_parcel(1, 1)
        },
    ] {
        assert_eq!(bad.sign(&key(5)), Err(SignError::Invalid));
    }
    assert_eq!(move_parcel(1, 1).sign(&key(4)), Err(SignError::WrongKey));
}

#[test]
fn other_texts_are_not_enrolments() {
    let payment = order().sign(&key(1)).unwrap();
    for text in ["", "https://benhvien.example", "SK", "SK1E", &payment] {
        assert_eq!(Enrolment::read(text, NOW), Err(Refusal::NotOurs), "{text}");
    }
    for text in ["SK3E:AAA", "SK1X:AAA", "SK2E:AAA"] {
        assert_eq!(
            Enrolment::read(text, NOW),
            Err(Refusal::NewerVersion),
            "{text}"
        );
    }
    for text in [
        "SK1E:",
        "SK1E:AAA",
        "SK1E:!!!",
        "SK1E:aaa",
        &format!("SK1E:{}", "0".repeat(9_000)),
    ] {
        assert_eq!(
            Enrolment::read(text, NOW),
            Err(Refusal::Malformed),
            "{text}"
        );
    }
}

#[test]
fn a_clinic_that_is_not_known_is_foreign() {
    let [_, _, share_text] = texts();
    let keys = [2, 3].map(|seed| PublicKey::of(&key(seed)).unwrap());
    assert_eq!(
        ShareLink::read(&share_text, NOW, Trust::Known(&keys)),
        Err(Refusal::Foreign)
    );
    let keys = [1, 2].map(|seed| PublicKey::of(&key(seed)).unwrap());
    assert_eq!(
        ShareLink::read(&share_text, NOW, Trust::Known(&keys)),
        Ok(share())
    );
    assert_eq!(enrolment().sign(&key(2)), Err(SignError::WrongKey));
    // An order carries no key: without one it proves nothing.
    let order = order().sign(&key(1)).unwrap();
    let order = Unproven::<PaymentOrderDetails>::read(&order).unwrap();
    assert_eq!(order.claims(), &details());
    assert_eq!(order.prove(NOW, Trust::Carried), Err(Refusal::Foreign));
}

#[test]
fn what_no_reader_takes_is_not_signed() {
    let bad_url = Enrolment {
        clinic_url: "http://benhvien.example".to_owned(),
        ..enrolment()
    };
    assert_eq!(bad_url.sign(&key(1)), Err(SignError::Invalid));
    let no_name = Enrolment {
        clinic_name: " ".to_owned(),
        ..enrolment()
    };
    assert_eq!(no_name.sign(&key(1)), Err(SignError::Invalid));
    let nothing = Invitation {
        scopes: BTreeSet::new(),
        ..invitation()
    };
    assert_eq!(nothing.sign(&key(1)), Err(SignError::Invalid));
    let mut endless = share();
    endless.link.expires = None;
    assert_eq!(endless.sign(&key(1)), Err(SignError::Invalid));
    let mut contradicting = share();
    contradicting.link.single_file = true;
    assert_eq!(contradicting.sign(&key(1)), Err(SignError::Invalid));
}

#[test]
fn names_that_cannot_be_seen_are_not_signed() {
    for name in [
        "\u{200b}",
        "BV\u{202e}iaM hcaB",
        "BV\u{2028}X",
        "\u{3164}",
        "\u{1b}[2J",
    ] {
        let code = Enrolment {
            clinic_name: name.to_owned(),
            ..enrolment()
        };
        assert_eq!(code.sign(&key(1)), Err(SignError::Invalid), "{name:?}");
    }
}

/// The decoder reduces a last pair that is too large: another text would be the same code.
#[test]
fn a_code_has_one_text() {
    let text = enrolment().sign(&key(1)).unwrap();
    let (head, tail) = text.split_at(text.len() - 2);
    let mut taken = 0;
    for last in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".chars() {
        for before in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".chars() {
            let changed = format!("{head}{before}{last}");
            taken += u32::from(Enrolment::read(&changed, NOW).is_ok());
        }
    }
    assert_eq!(taken, 1, "{tail}");
}

#[test]
fn a_kind_does_not_pass_as_another() {
    let public = PublicKey::of(&key(1)).unwrap();
    let text = order().sign(&key(1)).unwrap();
    assert_eq!(Kind::of(&text), Ok(Kind::PaymentOrder));
    assert!(Enrolment::read(&text.replacen("SK1P", "SK1E", 1), NOW).is_err());
    let enrolment = enrolment().sign(&key(1)).unwrap();
    assert_eq!(
        PaymentOrder::verify(&enrolment, &public),
        Err(PaymentOrderError::Refused(Refusal::NotOurs))
    );
    let [_, invitation_text, _] = texts();
    let as_enrolment = invitation_text.replacen("SK1I", "SK1E", 1);
    assert!(Enrolment::read(&as_enrolment, NOW).is_err());
}

#[test]
fn a_payment_order_comes_back_and_gives_its_code() {
    let text = order().sign(&key(1)).unwrap();
    let read = PaymentOrder::verify(&text, &PublicKey::of(&key(1)).unwrap()).unwrap();
    assert_eq!(read, order());
    assert_eq!(
        read.to_vietqr().as_str(),
        "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA530370454061500005802VN62110807PK8F3K263045D61"
    );
    assert_eq!(
        PaymentOrder::verify(&text, &PublicKey::of(&key(2)).unwrap()),
        Err(PaymentOrderError::Refused(Refusal::Altered))
    );
}

#[test]
fn orders_that_no_bank_takes_are_refused() {
    let refused = |change: fn(&mut PaymentOrderDetails)| {
        let mut details = details();
        change(&mut details);
        PaymentOrder::new(details).unwrap_err()
    };
    assert_eq!(refused(|d| d.invoice.clear()), PaymentOrderError::Field);
    assert_eq!(
        refused(|d| d.payee_name = "\u{1b}[2JBV".to_owned()),
        PaymentOrderError::Field
    );
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
    use PayeeDifference::{Account, Amount, Bank, Extra, Reference};
    let check = |builder: VietQrBuilder<'_>| {
        let code = builder.build().unwrap();
        compare_payee(&code, &order())
            .into_iter()
            .collect::<Vec<_>>()
    };
    let right = || VietQr::transfer("970415", "113366668888");
    let nothing: Vec<PayeeDifference> = Vec::new();
    assert!(compare_payee(&order().to_vietqr(), &order()).is_empty());
    assert_eq!(check(right()), nothing);
    assert_eq!(check(right().verbatim_purpose("***")), nothing);
    assert_eq!(
        check(right().verbatim_purpose("pk8f3k2 kham benh")),
        nothing
    );
    assert_eq!(check(right().merchant_name("BV MAU").bill("HD1")), nothing);

    assert_eq!(check(VietQr::transfer("970436", "113366668888")), [Bank]);
    assert_eq!(check(VietQr::transfer("970415", "113366668889")), [Account]);
    assert_eq!(check(right().service(Service::ToCard)), [Account]);
    assert_eq!(check(right().amount(Vnd::new(150_001))), [Amount]);
    for purpose in [
        "PK8F3K3",
        "PK8F3K29",
        "SK8A PK8F3K2",
        "Chuyen tien PK8F3K2",
        "-",
    ] {
        assert_eq!(
            check(right().verbatim_purpose(purpose)),
            [Reference],
            "{purpose}"
        );
    }
    let language = AlternateLanguage {
        language: "vi",
        name: "Bệnh viện",
        city: None,
    };
    for extra in [
        right().fee(Fee::Fixed(Vnd::new(9_000_000))),
        right().fee(Fee::Asked),
        right().object(26, "0010A0000007750110EVILMERCH1"),
        right().object(39, "0010A00000072701180006970436010499990208QRIBFTTA"),
        right().object(2, "4111111111111111"),
        right().alternate_language(language),
        right().object(80, "0003abc"),
    ] {
        assert_eq!(check(extra), [Extra]);
    }
}

#[test]
fn debug_shows_no_secret_and_no_account() {
    let text = order().sign(&key(1)).unwrap();
    let unproven = Unproven::<PaymentOrderDetails>::read(&text).unwrap();
    let mixed_up = PaymentOrderDetails {
        bin: "113366668888".to_owned(),
        ..details()
    };
    let shown = format!(
        "{:?} {:?} {:?} {mixed_up:?} {unproven:?} {:?} {:?}",
        enrolment(),
        order(),
        details(),
        invitation(),
        share(),
    );
    for secret in [
        "K7QF",
        "H7QF",
        "113366668888",
        "BENH VIEN DA",
        "Lò",
        "Y9xw",
        "7, 7",
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
