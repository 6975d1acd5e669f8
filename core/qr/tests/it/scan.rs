use sokhoe_qr::scan::Why;
use sokhoe_qr::signed::Kind;
use sokhoe_qr::{Scanned, scan};

use crate::cards::{BHYT_NEW, BHYT_OLD, ELEVEN, SEVEN};
use crate::signed::{enrolment, key, order};

#[test]
fn says_what_it_is() {
    let enrolment = enrolment().sign(&key(1)).unwrap();
    let order = order();
    assert_eq!(scan(&enrolment), Scanned::Ours(Kind::Enrolment));
    assert_eq!(
        scan(&order.sign(&key(1)).unwrap()),
        Scanned::Ours(Kind::PaymentOrder)
    );
    assert!(matches!(
        scan(&format!("{}\n", order.to_vietqr().to_payload())),
        Scanned::VietQr(_)
    ));
    for card in [SEVEN, ELEVEN] {
        assert!(matches!(scan(card), Scanned::CitizenCard(_)));
    }
    for card in [BHYT_NEW, BHYT_OLD] {
        assert!(matches!(scan(card), Scanned::InsuranceCard(_)));
    }
    assert_eq!(
        scan("HTTPS://example.vn/a"),
        Scanned::Url("HTTPS://example.vn/a".to_owned())
    );
}

#[test]
fn says_why_not() {
    let unknown = |text: &str| match scan(text) {
        Scanned::Unknown(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(unknown(" \0"), Why::Empty);
    assert_eq!(unknown(&"1".repeat(5_000)), Why::TooLong);
    assert_eq!(unknown("xin chào"), Why::Unrecognised);
    assert_eq!(unknown("javascript:alert(1)"), Why::Unrecognised);
    assert_eq!(unknown("SK1.T.e30.e30"), Why::NewerVersion);
    assert_eq!(unknown("SK2.E.e30.e30"), Why::NewerVersion);
    assert!(matches!(unknown("0002010102"), Why::Payment(_)));
    assert!(matches!(
        unknown(&SEVEN.replace("15031987", "31022004")),
        Why::CitizenCard(_)
    ));
    assert!(matches!(
        unknown("079304000123|Trần Thị Bình|02092004|Nữ"),
        Why::CitizenCard(_)
    ));
    assert!(matches!(
        unknown(&BHYT_NEW.replace("|4e67", "|4e6")),
        Why::InsuranceCard(_)
    ));
}

#[test]
fn errors_tell_no_personal_data() {
    let broken = SEVEN.replace("15031987", "31022004");
    let shown = format!(
        "{:?} {}",
        scan(&broken),
        sokhoe_qr::CitizenCard::read(&broken).unwrap_err()
    );
    for secret in ["001087123456", "Nguyễn", "31022004"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
