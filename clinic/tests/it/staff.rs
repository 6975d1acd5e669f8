//! Who works at the clinic: signing in at the desk, whose record they see, what the person reads of it.

use serde_json::json;
use sokhoe_clinic::{ClinicError, NewStaff, Password, StaffError};
use sokhoe_domain::{AccessAgent, AccessEntry, AccessOperation, AccessReason, StaffRole};

use crate::support::desk::DeskPage;
use crate::support::staff::{Browser, PASSWORD, employ, form, signed_in};
use crate::support::{Hospital, MOTHER, SON, hospital, id, key, logged};

/// The records that were opened.
fn opened(hospital: &Hospital) -> Vec<AccessEntry> {
    let is_open = |entry: &AccessEntry| entry.operation == AccessOperation::Open;
    logged(hospital).into_iter().filter(is_open).collect()
}

#[tokio::test]
async fn the_first_account_ends_the_key_of_the_run() {
    let hospital = hospital().await;
    let by_key = DeskPage::open(&hospital).await;
    let mut browser = Browser::new(&hospital);
    let (name, value) = by_key.cookie.split_once('=').unwrap();
    browser.cookies.push((name.to_owned(), value.to_owned()));
    let page = browser.get("/desk").await;
    assert!(
        page.status == 200 && page.body.contains("/desk/staff"),
        "it says that accounts are missing"
    );
    // Whoever comes first is the administrator, whatever else they are.
    let first = [
        ("name", "Lò Văn Nam"),
        ("login", "Nam "),
        ("role", "reception"),
        ("password", PASSWORD),
    ];
    let forged = browser
        .ask(
            "POST",
            "/desk/staff",
            &form(&first),
            Some("https://evil.example"),
        )
        .await;
    assert_eq!(forged.status, 403);
    let easy = [
        ("name", "Lò Văn Nam"),
        ("login", "nam"),
        ("password", "1234567890"),
    ];
    let easy = browser.send("/desk/staff", &easy).await;
    assert!(
        easy.status == 422 && easy.body.contains("dễ đoán"),
        "{}",
        easy.body
    );
    let added = browser.send("/desk/staff", &first).await;
    assert_eq!(
        (added.status, added.header("location")),
        (303, Some("/desk/staff"))
    );
    for path in ["/desk/staff", "/desk", "/desk/bookings"] {
        assert_eq!(browser.get(path).await.status, 401, "{path}");
    }
    let path = hospital
        .running
        .desk_url
        .strip_prefix(&hospital.base())
        .unwrap()
        .to_owned();
    let opened = browser.get(&path).await;
    assert_eq!(
        opened.header("set-cookie"),
        None,
        "the key gives nothing any more"
    );
    let again = hospital.clinic.serve(
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        "http://clinic",
    );
    let again = again.await.unwrap();
    assert_eq!(
        again.desk_url, "http://clinic/desk",
        "nobody is told a key that opens nothing"
    );
    again.shutdown().await;
    let mut nam = signed_in(&hospital, "nam").await;
    let staff = nam.get("/desk/staff").await;
    assert!(staff.status == 200 && staff.body.contains("Lò Văn Nam"));
    let roles = &hospital.clinic.staff().unwrap()[0].roles;
    assert_eq!(*roles, [StaffRole::Reception, StaffRole::Administrator]);
    // Nobody locks everybody out.
    let ended = nam.send("/desk/staff/nam/end", &[]).await;
    assert!(
        ended.status == 422 && ended.body.contains("quản trị"),
        "{}",
        ended.body
    );
    let roles = nam
        .send("/desk/staff/nam/roles", &[("role", "cashier")])
        .await;
    assert_eq!(roles.status, 422);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_session_is_new_each_time_and_ends_with_its_account() {
    let hospital = hospital().await;
    employ(&hospital, "nam", "Lò Văn Nam", &[StaffRole::Administrator]);
    employ(
        &hospital,
        "hoa.nt",
        "Nguyễn Thị Hoa",
        &[StaffRole::Reception, StaffRole::Cashier],
    );
    // What somebody put there before is no session (fixation).
    let mut hoa = Browser::new(&hospital);
    hoa.cookies.push((
        "sokhoe-staff".to_owned(),
        "chosen-by-somebody-else".to_owned(),
    ));
    assert_eq!(hoa.sign_in("HOA.NT", PASSWORD).await.status, 303);
    let first = hoa.session().to_owned();
    assert!(first.len() == 43 && first != "chosen-by-somebody-else");
    assert_eq!(hoa.get("/desk").await.status, 200);
    assert_eq!(hoa.sign_in("hoa.nt", PASSWORD).await.status, 303);
    assert_ne!(hoa.session(), first);
    let page = hoa.get("/desk").await;
    assert!(page.body.contains("Nguyễn Thị Hoa") && !page.body.contains("/desk/staff\""));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    // Another role's page says so, in words.
    let not_hers = hoa.get("/desk/staff").await;
    assert!(
        not_hers.status == 403 && not_hers.body.contains("Không thuộc việc"),
        "{}",
        not_hers.body
    );
    // English, when she asks for it.
    let asked = hoa
        .send("/desk/language", &[("to", "en"), ("next", "/desk")])
        .await;
    assert_eq!(
        (asked.status, asked.header("location")),
        (303, Some("/desk"))
    );
    assert!(hoa.get("/desk").await.body.contains("Sign out"));
    // Signing out ends it, also for whoever copied the cookie.
    let mut copied = Browser::new(&hospital);
    copied.cookies.clone_from(&hoa.cookies);
    let out = hoa.send("/desk/sign-out", &[]).await;
    assert_eq!((out.status, hoa.session()), (303, ""));
    assert_eq!(copied.get("/desk").await.status, 401);
    // Roles count from the next request, the end of an account at once.
    let mut hoa = signed_in(&hospital, "hoa.nt").await;
    hospital
        .clinic
        .set_staff_roles("hoa.nt", &[StaffRole::Cashier])
        .unwrap();
    assert_eq!(hoa.get("/desk/queue").await.status, 403);
    assert_eq!(hoa.get("/desk/bookings").await.status, 200);
    hospital.clinic.end_staff("hoa.nt").unwrap();
    assert_eq!(hoa.get("/desk/bookings").await.status, 401);
    assert_eq!(hoa.sign_in("hoa.nt", PASSWORD).await.status, 401);
    let taken = NewStaff {
        login: "hoa.nt".to_owned(),
        name: "Ai đó".to_owned(),
        roles: vec![StaffRole::Doctor],
        password: Password::from(PASSWORD.to_owned()),
    };
    let refused = hospital.clinic.add_staff(&taken).unwrap_err();
    assert!(matches!(
        refused,
        ClinicError::Staff(StaffError::LoginTaken)
    ));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn passwords_cannot_be_tried_out_and_nobody_is_locked_out_by_it() {
    let hospital = hospital().await;
    employ(&hospital, "hoa", "Nguyễn Thị Hoa", &[StaffRole::Reception]);
    let hoa = signed_in(&hospital, "hoa").await;
    let mut thief = Browser::new(&hospital);
    // Of somebody and of nobody it looks the same.
    for login in ["hoa", "nobody"] {
        for at in 0..7 {
            let reply = thief.sign_in(login, &format!("đoán lần thứ {at}")).await;
            assert_eq!(reply.status, if at < 5 { 401 } else { 429 }, "{login} {at}");
            assert!(reply.header("set-cookie").is_none());
        }
    }
    // Not even the right one.
    assert_eq!(thief.sign_in("hoa", PASSWORD).await.status, 429);
    // Her own browser is known.
    let mut own = Browser::new(&hospital);
    own.cookies = hoa
        .cookies
        .iter()
        .filter(|(name, _)| name == "sokhoe-browser")
        .cloned()
        .collect();
    assert_eq!(own.sign_in("hoa", PASSWORD).await.status, 303);
    // It is known for her alone, and only as we gave it out.
    for (login, browser) in [
        ("nobody", own.cookies[0].1.clone()),
        ("hoa", "a.b".to_owned()),
    ] {
        let mut other = Browser::new(&hospital);
        other.cookies.push(("sokhoe-browser".to_owned(), browser));
        assert_eq!(other.sign_in(login, PASSWORD).await.status, 429, "{login}");
    }
    // Another password makes room at once.
    let other = Password::from("bốn con mèo trên mái".to_owned());
    hospital.clinic.set_staff_password("hoa", &other).unwrap();
    assert_eq!(own.get("/desk").await.status, 401, "whoever was in is out");
    assert_eq!(
        thief.sign_in("hoa", "bốn con mèo trên mái").await.status,
        303
    );
    let dump = hospital.database.rows("SELECT password FROM staff");
    assert!(dump[0][0].starts_with("$argon2id$"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn another_sites_page_signs_nobody_in() {
    let hospital = hospital().await;
    employ(&hospital, "hoa", "Nguyễn Thị Hoa", &[StaffRole::Reception]);
    let mut browser = Browser::new(&hospital);
    let fields = form(&[
        ("login", "hoa"),
        ("password", PASSWORD),
        ("next", "//evil.example"),
    ]);
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("http://clinic.evil.example"),
    ] {
        assert_eq!(
            browser
                .ask("POST", "/desk/sign-in", &fields, origin)
                .await
                .status,
            403
        );
    }
    let reply = browser
        .ask("POST", "/desk/sign-in", &fields, Some("http://clinic"))
        .await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/desk")),
        "and nobody is sent away"
    );
    hospital.running.shutdown().await;
}

/// A34.
#[tokio::test]
async fn a_record_opens_for_a_reason_and_the_person_reads_who_and_why() {
    let hospital = hospital().await;
    employ(&hospital, "hoa", "Nguyễn Thị Hoa", &[StaffRole::Reception]);
    employ(&hospital, "thu", "Trần Văn Thu", &[StaffRole::Cashier]);
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let mut hoa = signed_in(&hospital, "hoa").await;
    let path = format!("/desk/persons/{MOTHER}");
    let question = hoa.get(&path).await;
    assert!(question.status == 200 && question.body.contains("Vì sao mở hồ sơ này?"));
    assert!(!question.body.contains("Quàng"), "not a word of the person");
    // Of nobody it is the same.
    let nobody = hoa.get("/desk/persons/bn-nobody").await;
    assert_eq!(nobody.body.replace("bn-nobody", MOTHER), question.body);
    assert!(opened(&hospital).is_empty(), "nothing was seen");
    for reason in ["", "visit", "curiosity"] {
        let asked = hoa
            .send(&format!("{path}/opening"), &[("reason", reason)])
            .await;
        assert!(
            asked.status == 200 && asked.body.contains("Vì sao"),
            "{reason}"
        );
    }
    let said = hoa
        .send(&format!("{path}/opening"), &[("reason", "caller")])
        .await;
    assert_eq!(said.header("location"), Some(&*path));
    let page = hoa.get(&path).await;
    assert!(
        page.body.contains("Quàng Thị Mai") && page.body.contains("Có người gọi điện"),
        "{}",
        page.body
    );
    // It is open for her, in this session, for her alone.
    assert!(
        hoa.get(&format!("/desk/persons/{SON}"))
            .await
            .body
            .contains("Vì sao")
    );
    let mut again = signed_in(&hospital, "hoa").await;
    assert!(again.get(&path).await.body.contains("Vì sao"));
    let mut thu = signed_in(&hospital, "thu").await;
    assert_eq!(thu.get(&path).await.status, 403);

    let entries = opened(&hospital);
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(entry.reason, Some(AccessReason::Caller));
    let AccessAgent::Staff(staff, StaffRole::Reception) = &entry.agent else {
        panic!("{:?}", entry.agent);
    };
    assert!(!staff.contains("hoa"), "the log has no names");
    let log = phone
        .get(&format!("/fhir/AuditEvent?patient={MOTHER}"))
        .await;
    let events = log.resources("AuditEvent");
    let event = events
        .iter()
        .find(|event| event["subtype"][1]["code"] == "open")
        .unwrap();
    let agent = &event["agent"][0];
    assert_eq!(agent["name"], "Nguyễn Thị Hoa");
    assert_eq!(agent["who"]["type"], "Practitioner");
    assert_eq!(agent["role"][0]["coding"][0]["code"], "reception");
    assert_eq!(agent["purposeOfUse"][0]["coding"][0]["code"], "caller");
    assert_eq!(event["purposeOfEvent"], agent["purposeOfUse"]);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn whoever_is_here_today_needs_no_reason_and_staff_act_by_name() {
    let hospital = hospital().await;
    employ(
        &hospital,
        "hoa",
        "Nguyễn Thị Hoa",
        &[StaffRole::Reception, StaffRole::Cashier],
    );
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let path = format!("/desk/persons/{MOTHER}");
    let mut hoa = signed_in(&hospital, "hoa").await;
    // Tomorrow's booking opens nothing today.
    let slot = hospital.free(&phone, "kham-tim-mach", 1).await.remove(0);
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    assert!(hoa.get(&path).await.body.contains("Vì sao"));
    let cookie = format!("sokhoe-staff={}", hoa.session());
    let headers = [
        ("Cookie", &*cookie),
        ("Content-Type", "application/json"),
        ("Sokhoe-Desk", "1"),
    ];
    let offers = hoa.get("/desk/offers").await.json();
    let walk_in = json!({"patient": MOTHER, "schedule": offers[0]["schedule"], "service": offers[0]["service"]});
    let mut connection = hospital.connect().await;
    let came = connection
        .ask(
            "POST",
            "/desk/queue/check-in",
            &headers,
            &walk_in.to_string(),
        )
        .await;
    assert_eq!(came.status, 200, "{}", came.body);
    let page = hoa.get(&path).await;
    assert!(
        page.body.contains("Quàng Thị Mai") && page.body.contains("Đến khám hôm nay"),
        "{}",
        page.body
    );
    let bookings = hoa.get("/desk/bookings").await.json();
    let due = bookings["bookings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["invoice_status"] == "issued")
        .unwrap()
        .clone();
    let paid = json!({"reference": due["reference"], "amount": due["amount"]});
    let paid = connection
        .ask("POST", "/desk/payments", &headers, &paid.to_string())
        .await;
    assert_eq!(paid.json()["outcome"], "applied");
    let by_hoa: Vec<_> = logged(&hospital)
        .into_iter()
        .filter_map(|entry| match entry.agent {
            AccessAgent::Staff(_, role) => Some((entry.operation.code(), role, entry.reason)),
            _ => None,
        })
        .collect();
    let as_reception = |operation, reason| (operation, StaffRole::Reception, reason);
    assert!(by_hoa.contains(&as_reception("record", None)), "{by_hoa:?}");
    assert!(
        by_hoa.contains(&as_reception("open", Some(AccessReason::Visit))),
        "{by_hoa:?}"
    );
    assert!(by_hoa.contains(&as_reception("list", None)), "{by_hoa:?}");
    assert!(
        by_hoa.contains(&("record", StaffRole::Cashier, None)),
        "{by_hoa:?}"
    );
    hospital.running.shutdown().await;
}
