//! At the cashier's counter: what is taken counts once, and a shift ends with what lies in the drawer.

use sokhoe_clinic::{InvoiceLine, IssuedInvoice, Means, Settlement};
use sokhoe_domain::{AccessAgent, AccessOperation, StaffRole, Vnd};

use crate::support::staff::{Browser, employ, signed_in};
use crate::support::{Hospital, MOTHER, hospital, logged};

fn invoice(hospital: &Hospital, amount: i64) -> IssuedInvoice {
    let line = InvoiceLine {
        name: "Chụp X-quang".to_owned(),
        amount: Vnd::new(amount),
    };
    hospital.clinic.issue_invoice(MOTHER, vec![line]).unwrap()
}

async fn takes(
    browser: &mut Browser<'_>,
    of: &IssuedInvoice,
    means: &str,
    slip: &str,
) -> (u16, String) {
    let amount = of.amount.dong().to_string();
    let path = format!("/desk/invoices/{}/payment", of.reference);
    let reply = browser
        .send(
            &path,
            &[("amount", &amount), ("means", means), ("slip", slip)],
        )
        .await;
    (reply.status, reply.body)
}

#[tokio::test]
async fn what_is_taken_counts_once_and_a_slip_pays_one_invoice() {
    let hospital = hospital().await;
    employ(&hospital, "thu", "Trần Văn Thu", &[StaffRole::Cashier]);
    let mut thu = signed_in(&hospital, "thu").await;
    let [one, other, third] = [50_000, 70_000, 90_000].map(|amount| invoice(&hospital, amount));
    // As somebody types it.
    let typed = format!(
        "/desk/cashier?reference=%20{}",
        one.reference.to_lowercase()
    );
    let reply = thu.get(&typed).await;
    let path = format!("/desk/invoices/{}", one.reference);
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some(&*path))
    );
    let page = thu.get(&path).await;
    assert!(
        page.body.contains("Chụp X-quang") && page.body.contains("<svg"),
        "{}",
        page.body
    );
    for (means, slip) in [
        ("pos", ""),
        ("mobile-money", " "),
        ("pos", &*"x".repeat(41)),
    ] {
        assert_eq!(takes(&mut thu, &one, means, slip).await.0, 422, "{means}");
    }
    for means in ["transfer", "", "gold"] {
        assert_eq!(takes(&mut thu, &one, means, "1").await.0, 422, "{means}");
    }
    for _ in 0..2 {
        let (status, body) = takes(&mut thu, &one, "pos", " 000123 ").await;
        assert!(
            status == 200 && body.contains("Đã ghi nhận thanh toán"),
            "{body}"
        );
    }
    let (status, body) = takes(&mut thu, &other, "pos", "000123").await;
    assert!(
        status == 422 && body.contains("đã ghi cho phiếu thu khác"),
        "{body}"
    );
    // The other machine's numbers are its own.
    assert_eq!(
        takes(&mut thu, &other, "mobile-money", "000123").await.0,
        200
    );
    let wrong = [("amount", "89000"), ("means", "cash")];
    let path = format!("/desk/invoices/{}/payment", third.reference);
    let reply = thu.send(&path, &wrong).await;
    assert!(
        reply.status == 422 && reply.body.contains("Chưa ghi nhận gì"),
        "{}",
        reply.body
    );
    assert_eq!(takes(&mut thu, &third, "cash", "").await.0, 200);
    assert_eq!(thu.get("/desk/invoices/SK000000").await.status, 422);
    let book = hospital.clinic.money_book().unwrap();
    assert_eq!((book.arrived, book.applied), (210_000, 210_000));
    let seen: Vec<_> = logged(&hospital)
        .into_iter()
        .filter(|entry| entry.operation == AccessOperation::Read && entry.kind == "Invoice")
        .collect();
    assert!(!seen.is_empty(), "whose invoice it was reads who saw it");
    assert!(
        seen.iter()
            .all(|entry| matches!(entry.agent, AccessAgent::Staff(_, StaffRole::Cashier)))
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_shift_ends_with_what_lies_in_the_drawer() {
    let hospital = hospital().await;
    for (login, name) in [("thu", "Trần Văn Thu"), ("lan", "Lê Thị Lan")] {
        employ(&hospital, login, name, &[StaffRole::Cashier]);
    }
    let mut thu = signed_in(&hospital, "thu").await;
    let mut lan = signed_in(&hospital, "lan").await;
    let [one, two, three, four] =
        [100_000, 20_000, 3_000, 400_000].map(|amount| invoice(&hospital, amount));
    takes(&mut thu, &one, "cash", "").await;
    takes(&mut thu, &two, "cash", "").await;
    takes(&mut thu, &three, "pos", "7").await;
    takes(&mut lan, &four, "cash", "").await;
    // Money of the bank's is in no drawer.
    hospital
        .clinic
        .record_payment("SK999999", Vnd::new(9_000), "bank-1")
        .unwrap();
    let page = thu.get("/desk/cashier").await.body;
    assert!(
        page.contains("120.000 đ") && page.contains("3.000 đ"),
        "{page}"
    );
    assert!(!page.contains("400.000 đ"), "another's drawer");
    assert!(
        page.contains("không rõ mã") && page.contains("9.000 đ"),
        "{page}"
    );
    // Given back in cash it leaves the drawer, by transfer it does not.
    let nothing = thu
        .send(
            "/desk/payments/settle",
            &[
                ("payment", "bank-1"),
                ("do", "refund-cash"),
                ("receipt", ""),
            ],
        )
        .await;
    assert!(nothing.status == 422 && nothing.body.contains("số phiếu chi"));
    let back = [
        ("payment", "bank-1"),
        ("do", "refund-cash"),
        ("receipt", "PC-1"),
    ];
    assert_eq!(thu.send("/desk/payments/settle", &back).await.status, 303);
    hospital
        .clinic
        .record_payment("SK999998", Vnd::new(8_000), "bank-2")
        .unwrap();
    let by_transfer = Settlement::Refund {
        receipt: "PC-2".to_owned(),
        means: Means::Transfer,
    };
    hospital
        .clinic
        .settle_payment("bank-2", by_transfer)
        .unwrap();
    for bad in ["", "nhiều", "-5"] {
        assert_eq!(
            thu.send("/desk/closings", &[("counted", bad)]).await.status,
            422,
            "{bad}"
        );
    }
    let closed = thu
        .send(
            "/desk/closings",
            &[("counted", "110.000 đ"), ("note", "thiếu một tờ")],
        )
        .await;
    let path = closed.header("location").unwrap().to_owned();
    let closing = thu.get(&path).await.body;
    for said in [
        "111.000 đ",
        "110.000 đ",
        "-1.000 đ",
        "Trần Văn Thu",
        "thiếu một tờ",
    ] {
        assert!(closing.contains(said), "{said}: {closing}");
    }
    // What was closed is in no other shift.
    let again = thu.send("/desk/closings", &[("counted", "0")]).await;
    let again = thu.get(again.header("location").unwrap()).await.body;
    assert!(
        !again.contains("120.000 đ") && again.contains("0 đ"),
        "{again}"
    );
    assert!(lan.get("/desk/cashier").await.body.contains("400.000 đ"));
    let sums = hospital
        .database
        .rows("SELECT cash, refunded, pos, counted FROM cash_closing ORDER BY pk");
    assert_eq!(
        sums,
        [["120000", "9000", "3000", "110000"], ["0", "0", "0", "0"]]
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_cashier_settles_what_did_not_match() {
    let hospital = hospital().await;
    employ(&hospital, "thu", "Trần Văn Thu", &[StaffRole::Cashier]);
    let mut thu = signed_in(&hospital, "thu").await;
    let one = invoice(&hospital, 50_000);
    hospital
        .clinic
        .record_payment("SK999999", Vnd::new(60_000), "bank-1")
        .unwrap();
    let page = thu.get("/desk/cashier").await.body;
    assert!(
        page.contains("60.000 đ") && page.contains("không rõ mã"),
        "{page}"
    );
    let settle = |reference: &str| {
        [
            ("payment", "bank-1".to_owned()),
            ("do", "apply".to_owned()),
            ("reference", reference.to_owned()),
        ]
    };
    let unknown = settle("SK000000");
    let unknown: Vec<_> = unknown
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let reply = thu.send("/desk/payments/settle", &unknown).await;
    assert!(reply.status == 422 && reply.body.contains("Không có phiếu thu nào"));
    let right = settle(&one.reference.to_lowercase());
    let right: Vec<_> = right
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(thu.send("/desk/payments/settle", &right).await.status, 303);
    let page = thu.get("/desk/cashier").await.body;
    assert!(
        page.contains("10.000 đ") && !page.contains("60.000 đ"),
        "what is left waits: {page}"
    );
    assert!(
        thu.get(&format!("/desk/invoices/{}", one.reference))
            .await
            .body
            .contains("Đã thanh toán")
    );
    let gone = thu
        .send(
            "/desk/payments/settle",
            &[("payment", "bank-9"), ("do", "dismiss")],
        )
        .await;
    assert_eq!(gone.status, 422);
    assert_eq!(
        thu.send(
            "/desk/payments/settle",
            &[("payment", "bank-1"), ("do", "")]
        )
        .await
        .status,
        422
    );
    assert_eq!(
        thu.send(
            "/desk/payments/settle",
            &[("payment", "bank-1"), ("do", "dismiss")]
        )
        .await
        .status,
        303
    );
    let book = hospital.clinic.money_book().unwrap();
    assert_eq!(
        (book.arrived, book.applied, book.dismissed, book.open),
        (60_000, 50_000, 10_000, 0)
    );
    hospital.running.shutdown().await;
}
