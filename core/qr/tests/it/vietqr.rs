use sokhoe_domain::Vnd;
use sokhoe_qr::emv::{TagPath, crc16};
use sokhoe_qr::vietqr::{
    AlternateLanguage, BuildError, Fee, Initiation, Problem, ReadError, Service, VietQr,
    VietQrBuilder, Warning,
};

fn with_crc(body: &str) -> String {
    let signed = format!("{body}6304");
    format!("{signed}{:04X}", crc16(signed.as_bytes()))
}

const PAYEE: &str = "38560010A0000007270126000697041501121133666688880208QRIBFTTA";

fn problems(body: &str) -> Vec<Problem> {
    match VietQr::read(&with_crc(body)) {
        Err(ReadError::Problems(problems)) => problems,
        other => panic!("{body}: {other:?}"),
    }
}

fn warnings(body: &str) -> Vec<Warning> {
    VietQr::read(&with_crc(body)).unwrap().warnings
}

#[test]
fn builds_the_published_codes() {
    let vietinbank = || VietQr::transfer("970415", "113366668888");
    for (builder, expected) in [
        (
            vietinbank(),
            "00020101021138560010A0000007270126000697041501121133666688880208QRIBFTTA53037045802VN6304F443",
        ),
        (
            vietinbank().amount(Vnd::new(150_000)).reference("PK8F3K2"),
            "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA530370454061500005802VN62110807PK8F3K263045D61",
        ),
        (
            vietinbank()
                .amount(Vnd::new(120_000))
                .verbatim_purpose("Dang Thi Anh Tuyet kham"),
            "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA530370454061200005802VN62270823Dang Thi Anh Tuyet kham63042AFE",
        ),
        (
            vietinbank()
                .amount(Vnd::new(99_000))
                .bill("HD2026112200017")
                .reference_label("APT01J9ZX4")
                .reference("PKAPT01J9ZX4"),
            "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA53037045405990005802VN62490115HD20261122000170510APT01J9ZX40812PKAPT01J9ZX46304B7A7",
        ),
        (
            VietQr::transfer("970415", "9704150000000001")
                .service(Service::ToCard)
                .amount(Vnd::new(50_000)),
            "00020101021238600010A00000072701300006970415011697041500000000010208QRIBFTTC53037045405500005802VN63042841",
        ),
        (
            VietQr::transfer("970415", "CLINIC00000001")
                .service(Service::Push)
                .mcc("8062")
                .merchant_name("PHÒNG KHÁM MẪU")
                .merchant_city("HÀ NỘI")
                .amount(Vnd::new(250_000))
                .terminal("QUAY01")
                .store("CN01")
                .bill("HD0001"),
            "00020101021238560010A000000727012800069704150114CLINIC000000010206QRPUSH52048062530370454062500005802VN5914PHONG KHAM MAU6006HA NOI62280106HD00010304CN010706QUAY0163044BE5",
        ),
    ] {
        assert_eq!(builder.build().unwrap().as_str(), expected);
    }
}

#[test]
fn refuses_to_build_what_banks_refuse() {
    let ok = || VietQr::transfer("970415", "113366668888");
    let error = |builder: VietQrBuilder<'_>| builder.build().unwrap_err();
    assert!(matches!(
        error(VietQr::transfer("97041", "1")),
        BuildError::Bin(_)
    ));
    assert!(matches!(
        error(VietQr::transfer("970415", "")),
        BuildError::Account(_)
    ));
    assert!(matches!(
        error(VietQr::transfer("970415", "12345678901234567890")),
        BuildError::Account(_)
    ));
    assert_eq!(error(ok().amount(Vnd::new(0))), BuildError::Amount);
    assert_eq!(error(ok().amount(Vnd::new(-1))), BuildError::Amount);
    assert_eq!(
        error(ok().amount(Vnd::new(500_000_000))),
        BuildError::AmountTooLarge
    );
    assert!(ok().amount(Vnd::new(499_999_999)).build().is_ok());
    assert_eq!(
        error(ok().reference("ABCDEFGHIJKLMNOPQRST")),
        BuildError::Reference
    );
    assert_eq!(error(ok().reference("—")), BuildError::Reference);
    assert_eq!(
        error(ok().reference("PK1").verbatim_purpose("kham")),
        BuildError::Reference
    );
    assert_eq!(error(ok().purpose_limit(26)), BuildError::PurposeLimit);
    assert_eq!(
        error(ok().verbatim_purpose("khám")),
        BuildError::Field("the purpose")
    );
    assert_eq!(
        error(ok().bill("")),
        BuildError::Field("a field of the additional data")
    );
    assert_eq!(
        error(ok().service(Service::Push)),
        BuildError::Missing("a merchant category")
    );
    let long = "A".repeat(25);
    assert_eq!(
        error(
            ok().bill(&long)
                .store(&long)
                .terminal(&long)
                .reference_label(&long)
        ),
        BuildError::TooMuch
    );
}

#[test]
fn a_known_service_by_its_code_is_that_service() {
    let build = |code: &str, dong| {
        VietQr::transfer("970415", "113366668888")
            .service(Service::Other(code.to_owned()))
            .amount(Vnd::new(dong))
            .build()
    };
    let transfer = build("QRIBFTTA", 1).unwrap();
    assert_eq!(transfer.service(), Some(&Service::ToAccount));
    assert_eq!(
        build("QRIBFTTC", 500_000_000),
        Err(BuildError::AmountTooLarge)
    );
    assert!(matches!(build("QRPUSH", 1), Err(BuildError::Missing(_))));
}

#[test]
fn every_field_can_be_written_and_read() {
    let language = AlternateLanguage {
        language: "vi",
        name: "Bệnh viện Mẫu",
        city: Some("Hà Nội"),
    };
    let code = VietQr::transfer("970415", "CLINIC01")
        .without_service()
        .amount(Vnd::new(250_000))
        .fee(Fee::Percent(150))
        .mcc("8062")
        .merchant_name("Bệnh viện Mẫu")
        .merchant_city("Hà Nội")
        .postal_code("100000")
        .bill("HD1")
        .mobile("***")
        .store("CN1")
        .loyalty("L1")
        .reference_label("R1")
        .customer("C1")
        .terminal("Q1")
        .reference("PK1")
        .consumer_request("ME")
        .additional_object(50, "0003ABC")
        .alternate_language(language)
        .object(26, "0010A0000007750103ABC")
        .object(80, "0003abc")
        .build()
        .unwrap();
    let reading = VietQr::read(code.as_str()).unwrap();
    assert_eq!(reading.code, code);
    assert_eq!(reading.warnings, [Warning::NotAscii]);
    let data = code.additional();
    assert_eq!(
        [
            data.bill(),
            data.mobile(),
            data.store(),
            data.loyalty(),
            data.reference()
        ],
        [
            Some("HD1"),
            Some("***"),
            Some("CN1"),
            Some("L1"),
            Some("R1")
        ]
    );
    assert_eq!(
        [
            data.customer(),
            data.terminal(),
            data.purpose(),
            data.consumer_request(),
            data.get(50)
        ],
        [
            Some("C1"),
            Some("Q1"),
            Some("PK1"),
            Some("ME"),
            Some("0003ABC")
        ]
    );
    assert_eq!(
        (code.service(), code.fee()),
        (None, Some(Fee::Percent(150)))
    );
    assert_eq!(
        (
            code.mcc(),
            code.merchant_name(),
            code.merchant_city(),
            code.postal_code()
        ),
        (
            Some("8062"),
            Some("Benh vien Mau"),
            Some("Ha Noi"),
            Some("100000")
        )
    );
    assert_eq!(code.alternate_language(), Some(language));
    let tags: Vec<u8> = code.payload().objects().map(|object| object.id()).collect();
    assert_eq!(
        tags,
        [0, 1, 26, 38, 52, 53, 54, 55, 57, 58, 59, 60, 61, 62, 64, 80]
    );
}

#[test]
fn fields_that_no_reader_takes_are_refused() {
    let ok = || VietQr::transfer("970415", "113366668888");
    let error = |builder: VietQrBuilder<'_>| builder.build().unwrap_err();
    let language = |language, name| AlternateLanguage {
        language,
        name,
        city: None,
    };
    for (builder, field) in [
        (ok().fee(Fee::Percent(0)), "the fee"),
        (ok().fee(Fee::Fixed(Vnd::new(0))), "the fee"),
        (ok().postal_code("12345678901"), "the postal code"),
        (ok().mcc("80"), "the merchant category"),
        (ok().merchant_name("病院"), "the merchant name"),
        (ok().consumer_request("AA"), "the consumer request"),
        (ok().consumer_request(""), "the consumer request"),
        (
            ok().alternate_language(language("vie", "x")),
            "the other language",
        ),
        (
            ok().alternate_language(language("vi", "")),
            "the other language",
        ),
        (
            ok().service(Service::Other("QR LONG NAME".to_owned())),
            "the service",
        ),
        (ok().object(80, ""), "an object"),
    ] {
        assert_eq!(error(builder), BuildError::Field(field));
    }
    for tag in [0, 1, 38, 54, 62, 63, 64, 100] {
        assert_eq!(error(ok().object(tag, "x")), BuildError::Tag(tag));
    }
    assert_eq!(
        error(ok().object(80, "x").object(80, "y")),
        BuildError::Tag(80)
    );
    assert_eq!(error(ok().additional_object(8, "x")), BuildError::Tag(8));
}

#[test]
fn a_reference_without_amount_is_static_unless_told() {
    let code = VietQr::transfer("970415", "113366668888")
        .reference("PK1")
        .build()
        .unwrap();
    assert!(code.is_static());
    let code = VietQr::transfer("970415", "113366668888")
        .initiation(Initiation::Dynamic)
        .build()
        .unwrap();
    assert!(!code.is_static());
}

#[test]
fn semantic_problems_are_all_told() {
    let rest = "53037045802VN";
    assert_eq!(
        problems(&format!("000201010211{rest}")),
        [Problem::NotNapas]
    );
    assert_eq!(
        problems(&format!("000202010211{PAYEE}{rest}")),
        [Problem::UnknownFormat]
    );
    assert_eq!(
        problems(&format!("000201010213{PAYEE}{rest}")),
        [Problem::BadInitiation]
    );
    assert_eq!(
        problems(&format!("000201010211{PAYEE}5802VN")),
        [Problem::NoCurrency]
    );
    assert_eq!(
        problems(&format!("000201010211{PAYEE}53038405802VN")),
        [Problem::NotVnd]
    );
    assert_eq!(
        problems(&format!("000201010212{PAYEE}5409500000000{rest}")),
        [Problem::AmountTooLarge]
    );
    assert_eq!(
        problems(&format!("000201010212{PAYEE}54010{rest}")),
        [Problem::ZeroAmount]
    );
    assert_eq!(
        problems(&format!("000201010212{PAYEE}54041,00{rest}")),
        [Problem::BadAmount]
    );
    assert_eq!(
        problems(&format!("000201010212{PAYEE}540115402995303704")),
        [Problem::Duplicate(TagPath::root(54))]
    );
    // Seen from a writer whose tag 62 had 100 characters: its fields became tags of the root.
    assert_eq!(
        problems(&format!(
            "000201010211{PAYEE}{rest}62000325E*fh-%6w1T[UamN8$Y?5]$J?:"
        )),
        [
            Problem::OutOfOrder(TagPath::root(3)),
            Problem::EmptyTemplate(TagPath::root(62))
        ]
    );
    // Of 128 characters: some stayed inside, and the rest stands at the root.
    assert_eq!(
        problems(&format!(
            "000201010211{PAYEE}{rest}62280124HD20261122000170000000010302CN"
        )),
        [Problem::OutOfOrder(TagPath::root(3))]
    );
    assert_eq!(
        problems(&format!("000201010211{PAYEE}{rest}5904BV\u{1b}M")),
        [Problem::Invisible]
    );
    assert_eq!(
        problems(&format!("000201010211{PAYEE}{rest}5904BV\u{202e}M")),
        [Problem::Invisible]
    );
    assert_eq!(
        problems(&format!("000201010211{PAYEE}{rest}64180002vi0102ab0102cd")),
        [Problem::Duplicate(TagPath::inside(64, 1))]
    );
    let no_guid = "38440010A0000007250114000697041501000208QRIBFTTA";
    assert_eq!(
        problems(&format!("000201010211{no_guid}{rest}")),
        [Problem::NotNapas, Problem::NoAccount]
    );
    let bad_bin = PAYEE.replace("970415", "97041x");
    assert_eq!(
        problems(&format!("000201010211{bad_bin}{rest}")),
        [Problem::BadBin]
    );
    let no_payee = "38140010A000000727";
    assert_eq!(
        problems(&format!("000201010211{no_payee}{rest}")),
        [Problem::NoBeneficiary]
    );
    let spaced = PAYEE.replace("1133", "11 3");
    assert_eq!(
        problems(&format!("000201010211{spaced}{rest}")),
        [Problem::BadAccount]
    );
}

#[test]
fn what_can_be_paid_is_only_warned_about() {
    assert_eq!(warnings(&format!("000201010211{PAYEE}53037045802VN")), []);
    assert_eq!(
        warnings(&format!("000201010211{PAYEE}540115303704")),
        [
            Warning::Missing(TagPath::root(58)),
            Warning::StaticWithAmount
        ]
    );
    assert_eq!(
        warnings(&format!("000201010212{PAYEE}53037045802US")),
        [Warning::ForeignCountry, Warning::DynamicWithoutAmount]
    );
    assert_eq!(
        warnings(&format!("000201{PAYEE}53037045802VN")),
        [Warning::Missing(TagPath::root(1))]
    );
    assert_eq!(
        warnings(&format!("000201010211{PAYEE}53037045802VN550202")),
        [Warning::FeeMismatch]
    );
    assert_eq!(
        warnings(&format!(
            "000201010211{PAYEE}5202X15303704{}5802VN",
            "54011"
        )),
        [
            Warning::Unexpected(TagPath::root(52)),
            Warning::StaticWithAmount
        ]
    );
    for (language, odd) in [
        ("0002vi0102ab", false),
        ("0003vie0102ab", true),
        ("0002vi", true),
    ] {
        let template = format!("64{:02}{language}", language.len());
        let expected = [Warning::Unexpected(TagPath::root(64))];
        let expected = if odd { &expected[..] } else { &[] };
        assert_eq!(
            warnings(&format!("000201010211{PAYEE}53037045802VN{template}")),
            expected
        );
    }
    assert_eq!(
        warnings(&format!("000201010211{PAYEE}53037045802VN8003046")),
        [Warning::NotTemplate(TagPath::root(80))]
    );
    assert_eq!(
        warnings(&format!(
            "000201010211{PAYEE}53037045802VN5926ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )),
        [Warning::TooLong(TagPath::root(59))]
    );
    assert_eq!(
        warnings(&format!("000201010211{PAYEE}53037045802VN5908Hà Nội 1")),
        [Warning::NotAscii]
    );
}

#[test]
fn an_unknown_bank_is_a_warning() {
    let code = VietQr::transfer("970999", "1").build().unwrap();
    let reading = VietQr::read(code.as_str()).unwrap();
    assert_eq!(reading.warnings, [Warning::UnknownBank(code.bin())]);
}

#[test]
fn debug_and_errors_show_no_account_and_no_words() {
    let code = VietQr::transfer("970415", "113366668888")
        .reference("PK1")
        .purpose("Nguyen Van")
        .build()
        .unwrap();
    let shown = format!(
        "{code:?} {:?} {:?}",
        VietQr::transfer("970415", "113366668888"),
        VietQr::transfer("113366668888", "970415")
    );
    assert!(shown.contains("…8888"));
    for secret in ["113366668888", "NGUYEN", "6668"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
