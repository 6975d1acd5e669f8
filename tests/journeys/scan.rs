//! Scanning at the counter: what comes before the camera, and what must not be paid.

use sokhoe_app::{EnrolmentRefusal, PayeeDifference, PaymentScheme, ScannedView};
use sokhoe_qr::VietQr;
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

#[tokio::test(flavor = "multi_thread")]
async fn a_sticker_over_the_hospitals_code_is_a_red_stop() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    let invoice = phone.app.invoices(&person).unwrap().remove(0);
    phone.network.cut(Cut::NoNetwork);

    let right = phone.app.payment_qr(&person, &invoice.id).unwrap();
    let check = |scanned: &str| {
        phone
            .app
            .check_payment(&person, &invoice.id, scanned)
            .unwrap()
    };
    assert!(check(&right.payload).may_pay);

    let of_clinic = VietQr::read(&right.payload).unwrap().code;
    let bin = of_clinic.bin().to_string();
    let sticker = VietQr::transfer(&bin, "999988887777")
        .amount(invoice.amount)
        .reference(&invoice.reference)
        .build()
        .unwrap();
    let stop = check(sticker.as_str());
    assert!(!stop.may_pay);
    assert_eq!(stop.differences, [PayeeDifference::Account]);
    assert!(stop.text.starts_with("STOP"), "{}", stop.text);
    // The hospital's own code for any payment leaves amount and purpose to the payer.
    let of_wall = VietQr::transfer(&bin, of_clinic.account().as_str())
        .build()
        .unwrap();
    assert!(check(of_wall.as_str()).may_pay);
    for no_payment in ["", "https://benhvien.example/pay", "00020101021"] {
        let stop = check(no_payment);
        assert!(!stop.may_pay && stop.text.starts_with("STOP"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scanner_says_what_a_text_is_before_anything_is_done_with_it() {
    let clinic = TestClinic::start().await;
    let (phone, _) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let code = clinic.enrolment(&[EMPTY_PATIENT]);
    let seen = phone.app.scan(&code);
    let ScannedView::Enrolment { clinic_name, .. } = seen.content else {
        panic!("{seen:?}");
    };
    assert!(!clinic_name.is_empty());
    let unknown = |text: &str| match phone.app.scan(text).content {
        ScannedView::Unknown { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        unknown(&code.replacen("SK1E:", "SK9E:", 1)),
        "newer_version"
    );
    assert_eq!(unknown(&code[..code.len() - 9]), "malformed");
    let momo = "00020101021138620010A000000727013200069710250118PSP1234567890000000208QRIBFTTA53037045802VN62190515MOMOW2W123456786304821F";
    let ScannedView::Payment { payment } = phone.app.scan(momo).content else {
        panic!("a payment")
    };
    assert_eq!(
        (payment.scheme, payment.is_static),
        (PaymentScheme::MoMo, true)
    );
    let refused = phone.app.enrol(&code.replacen("SK1E:", "SK9E:", 1)).await;
    assert!(matches!(
        refused,
        Err(sokhoe_app::AppError::Enrolment {
            reason: EnrolmentRefusal::NewerVersion
        })
    ));
}
