//! Paying by QR, and being told.

use std::time::Duration;

use sokhoe_app::{AppError, PaymentStatus};
use sokhoe_client::HttpTransport;
use sokhoe_clinic::Payee;
use sokhoe_clinic::system::SystemClock;
use sokhoe_domain::ports::{Clock as _, Limits, Transport as _};
use sokhoe_qr::{Scanned, VietQr, scan};
use sokhoe_testing::Cut;
use sokhoe_testing::bank::{BANK_KEY, BankProvider, BankTransfer};
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

/// What the clinic's bank tells it now.
async fn tell(clinic: &TestClinic, transfer: &BankTransfer) {
    let now = SystemClock.now().as_millis();
    let message = transfer.told_by(BankProvider::Sepay, BANK_KEY, now);
    let mut request = http::Request::post(format!("{}{}", clinic.url, message.path));
    for (name, value) in message.headers() {
        request = request.header(name, value);
    }
    let request = request.body(message.body.into()).unwrap();
    let limits = Limits {
        timeout: Duration::from_secs(10),
        max_body: 65_536,
    };
    let transport = HttpTransport::new().unwrap();
    let answer = transport.send(request, limits).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invoice_becomes_a_vietqr_and_turns_paid_by_itself() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    let invoice = phone.app.invoices(&person).unwrap().remove(0);
    assert_eq!(invoice.status, PaymentStatus::Due);

    // Offline, from the clinic's signature alone.
    phone.network.cut(Cut::NoNetwork);
    let qr = phone.app.payment_qr(&person, &invoice.id).unwrap();
    let read = VietQr::read(&qr.payload).unwrap();
    assert_eq!(read.code.amount(), Some(invoice.amount));
    assert!(
        read.code.purpose().unwrap().starts_with(&invoice.reference),
        "the reference comes first"
    );
    assert!(matches!(scan(&qr.payload), Scanned::VietQr(_)));
    assert_eq!(qr.modules.len(), (qr.size * qr.size) as usize);
    phone.network.cut(Cut::Whole);

    // The money arrives while the phone waits.
    let waiting = {
        let (app, person) = (phone.app.clone(), person.clone());
        tokio::spawn(async move { app.wait_for_changes(&person, Duration::from_secs(20)).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let transfer = BankTransfer {
        id: 1,
        bank_reference: "FT26326000001".to_owned(),
        account: Payee::default().account,
        amount: invoice.amount.dong(),
        text: format!("MBVCB.123.{}.CT tu 0011", invoice.reference),
    };
    tell(&clinic, &transfer).await;
    let told = tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("told before the wait is over")
        .unwrap()
        .unwrap();
    assert!(told.stored > 0);
    assert_eq!(
        phone.app.invoices(&person).unwrap()[0].status,
        PaymentStatus::Paid
    );
    assert!(
        phone
            .app
            .events(&person)
            .unwrap()
            .iter()
            .any(|event| event.kind == "invoice-paid")
    );
    let again = phone.app.payment_qr(&person, &invoice.id).unwrap_err();
    assert!(
        matches!(again, AppError::UntrustedPayment { .. }),
        "a paid invoice is not paid twice: {again:?}"
    );
    tell(&clinic, &transfer).await;
    assert_eq!(
        phone.app.sync(&person).await.unwrap().stored,
        0,
        "the same money counts once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_does_not_pay_the_invoice() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    let invoice = phone.app.invoices(&person).unwrap().remove(0);
    let short = invoice
        .amount
        .checked_sub(sokhoe_app::domain::Vnd::new(1))
        .unwrap();
    clinic
        .clinic
        .record_payment(&invoice.reference, short, "bank-2")
        .unwrap();
    phone.app.sync(&person).await.unwrap();
    assert_eq!(
        phone.app.invoices(&person).unwrap()[0].status,
        PaymentStatus::Due
    );
    assert!(matches!(
        phone.app.payment_qr(&person, "no-such-invoice"),
        Err(AppError::NotFound { .. })
    ));
}
