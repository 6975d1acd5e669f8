use sokhoe_qr::Scanned;

use super::{assert_error_hides, assert_hidden, payment, shown, signed};

/// Any text.
pub fn scan(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let scanned = sokhoe_qr::scan(&text);
    assert_hidden(&text, &shown(&scanned), &on_purpose(&scanned));
    let surrounded = sokhoe_qr::scan(&format!("\u{feff} {text}\r\n\0"));
    assert!(surrounded == scanned, "{surrounded:?} is not {scanned:?}");
    match &scanned {
        Scanned::VietQr(reading) => assert!(text.contains(reading.code.as_str())),
        Scanned::OtherPayment(code) => assert!(text.contains(code.payload().as_str())),
        Scanned::Url(url) => assert!(text.contains(url.as_str())),
        Scanned::Unknown(why) => {
            assert_error_hides(&text, why);
            assert!(!why.code().is_empty());
            assert!(
                why.position()
                    .is_none_or(|position| position <= text.chars().count())
            );
        }
        _ => {}
    }
}

fn on_purpose(scanned: &Scanned) -> Vec<String> {
    match scanned {
        Scanned::VietQr(reading) => payment::on_purpose(&reading.code),
        Scanned::Enrolment(code) => signed::of_enrolment(code.claims()),
        Scanned::Invitation(code) => signed::of_invitation(code.claims()),
        Scanned::ShareLink(code) => signed::of_share_link(code.claims()),
        Scanned::PaymentOrder(code) => signed::of_order(code.claims()),
        Scanned::MoveRequest(code) => signed::of_move_request(code.claims()),
        Scanned::MoveParcel(code) => signed::of_move_parcel(code.claims()),
        Scanned::Ticket(code) => vec![shown(&code.claims().number)],
        Scanned::TicketSheet(code) => vec![shown(&code.claims().number())],
        _ => Vec::new(),
    }
}
