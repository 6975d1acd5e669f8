//! The cashier's morning: a card, a transfer that does not match, the end of the shift.

use sokhoe_app::domain::{StaffRole, Vnd};
use sokhoe_clinic::InvoiceLine;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic};

use crate::chromium::Chromium;
use crate::{employ, signs_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_does_not_match() {
    let clinic = TestClinic::start().await;
    employ(&clinic, "thu", "Trần Văn Thu", &[StaffRole::Cashier]);
    let bill = |name: &str, amount| {
        let line = InvoiceLine {
            name: name.to_owned(),
            amount: Vnd::new(amount),
        };
        let issued = clinic.clinic.issue_invoice(EMPTY_PATIENT, vec![line]);
        issued.unwrap().reference
    };
    let (x_ray, drugs) = (bill("Chụp X-quang", 85_000), bill("Thuốc", 132_500));
    let paid = clinic
        .clinic
        .record_payment("SK999999", Vnd::new(140_000), "sepay:92704");
    paid.unwrap();
    let chromium = Chromium::start(&clinic.url);
    let thu = chromium.person("thu");
    signs_in(thu, "thu");
    thu.follows("Thu ngân");
    thu.sees("không rõ mã");
    thu.keeps_picture("cashier");
    // The field has the focus: a scanner types.
    thu.types(&x_ray.to_lowercase());
    thu.sees("Chụp X-quang");
    thu.keeps_picture("invoice");
    thu.ticks("Thẻ (máy POS)");
    thu.presses("Đã nhận 85.000");
    thu.sees("cần số hóa đơn");
    thu.ticks("Thẻ (máy POS)");
    thu.fills("Số hóa đơn máy POS", "004217");
    thu.presses("Đã nhận 85.000");
    thu.sees("Đã ghi nhận thanh toán");
    assert_eq!(thu.counts("svg"), 0, "nothing is due: no code");
    // Another one is paid by a transfer while the page shows it.
    let by_transfer = bill("Xét nghiệm máu", 61_000);
    thu.opens(&format!("/desk/invoices/{by_transfer}"));
    thu.sees("Chuyển khoản bằng VietQR");
    let told = clinic
        .clinic
        .record_payment(&by_transfer, Vnd::new(61_000), "sepay:92705");
    told.unwrap();
    thu.sees("Đã thanh toán");
    assert_eq!(thu.counts("svg"), 0);
    // What did not match pays the other one; the rest is given back.
    thu.follows("Quay lại");
    thu.fills_at("không rõ mã", "Mã phiếu thu", &drugs);
    thu.presses("Trả phiếu thu này");
    thu.sees("7.500");
    thu.unfolds("Hoàn lại, không phải tiền của mình");
    thu.fills("Số phiếu chi", "PC-2026-0117");
    thu.presses("Đã chuyển trả");
    thu.sees("Không có khoản nào chờ");
    thu.fills("Tiền mặt đếm được", "0");
    thu.presses("Chốt ca");
    thu.sees("Biên bản chốt ca");
    thu.sees("85.000");
    thu.keeps_picture("closing");
    chromium.complains_of_nothing();
    let book = clinic.clinic.money_book().unwrap();
    assert_eq!(
        (book.arrived, book.applied, book.refunded, book.open),
        (286_000, 278_500, 7_500, 0)
    );
}
