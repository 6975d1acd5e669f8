use sokhoe_domain::Timestamp;
use sokhoe_qr::scan::Why;
use sokhoe_qr::signed::{Refusal, Ticket, TicketWindow};
use sokhoe_qr::{Scanned, scan};

use crate::cards::{BHYT_NEW, BHYT_OLD, ELEVEN, SEVEN};
use crate::signed::{enrolment, invitation, key, move_parcel, move_request, order, share};

#[test]
fn says_what_it_is() {
    let Scanned::Enrolment(code) = scan(&enrolment().sign(&key(1)).unwrap()) else {
        panic!("an enrolment")
    };
    assert_eq!(code.claims(), &enrolment());
    let start = Timestamp::from_millis(1_796_088_600_000);
    let ticket = Ticket::new(7, start, TicketWindow::Paper);
    let Scanned::Ticket(code) = scan(&ticket.sign(&key(1)).unwrap()) else {
        panic!("a ticket")
    };
    assert_eq!(code.claims(), &ticket);
    assert!(matches!(
        scan(&invitation().sign(&key(1)).unwrap()),
        Scanned::Invitation(_)
    ));
    assert!(matches!(
        scan(&share().sign(&key(1)).unwrap()),
        Scanned::ShareLink(_)
    ));
    assert!(matches!(
        scan(&share().link.to_text()),
        Scanned::HealthLink(_)
    ));
    assert!(matches!(
        scan(&order().sign(&key(1)).unwrap()),
        Scanned::PaymentOrder(_)
    ));
    assert!(matches!(
        scan(&move_request().sign(&key(4)).unwrap()),
        Scanned::MoveRequest(_)
    ));
    assert!(matches!(
        scan(&move_parcel(1, 2).sign(&key(5)).unwrap()),
        Scanned::MoveParcel(_)
    ));
    assert!(matches!(
        scan(&format!("{}\n", order().to_vietqr().as_str())),
        Scanned::VietQr(_)
    ));
    for card in [SEVEN, ELEVEN] {
        assert!(matches!(scan(card), Scanned::CitizenCard(_)));
    }
    for card in [BHYT_NEW, BHYT_OLD] {
        assert!(matches!(scan(card), Scanned::InsuranceCard(_)));
    }
    for number in ["DN4010123456789", "0123456789"] {
        assert!(matches!(scan(number), Scanned::InsuranceNumber(_)));
    }
    assert!(matches!(scan("001087123456"), Scanned::CitizenNumber(_)));
    assert!(matches!(scan("0002123456"), Scanned::InsuranceNumber(_)));
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
    assert_eq!(unknown(&format!("0002{}", "1".repeat(5_000))), Why::TooLong);
    assert_eq!(unknown("xin chào"), Why::Unrecognised);
    for deceptive in [
        "javascript:alert(1)",
        "https://benhvien.vn@evil.example/",
        "https://evil.example/\u{202e}nv.neivhneb",
        "https://",
    ] {
        assert_eq!(unknown(deceptive), Why::Unrecognised, "{deceptive:?}");
    }
    assert_eq!(unknown("SK1T:AAA"), Why::Ours(Refusal::NewerVersion));
    assert_eq!(unknown("SK3E:AAA"), Why::Ours(Refusal::NewerVersion));
    assert_eq!(unknown("SK1E:AAA"), Why::Ours(Refusal::Malformed));
    assert_eq!(unknown(&"7".repeat(178)), Why::Ours(Refusal::NewerVersion));
    assert!(matches!(unknown("shlink:/e30"), Why::HealthLink(_)));
    assert!(matches!(unknown("00020101021"), Why::Payment(_)));
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
