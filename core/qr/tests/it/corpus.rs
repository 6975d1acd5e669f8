//! What fuzzing has found worth keeping, through the same checks as there: see `fuzz/README.md`.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use sokhoe_domain::Timestamp;
use sokhoe_qr::Matrix;
use sokhoe_qr::draw::Level;
use sokhoe_qr::signed::{PublicKey, Ticket, TicketSheet, TicketWindow};

use crate::cards::{BHYT_NEW, BHYT_OLD, ELEVEN, SEVEN};
use crate::checks;
use crate::signed::{enrolment, invitation, key, move_parcel, move_request, order, share};

#[test]
fn every_file_of_the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut broken = Vec::new();
    for &(name, check) in checks::ALL {
        let folder = corpus.join(name);
        let files = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{name} has no corpus"));
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            let data = fs::read(&path).unwrap();
            if catch_unwind(|| check(&data)).is_err() {
                broken.push(path);
            }
            count += 1;
        }
        assert!(count > 0, "the corpus of {name} is empty");
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

const PAYMENTS: [&str; 8] = [
    "bin=970415\naccount=113366668888\namount=150000\nreference=PK8F3K2\npurpose=khám bệnh",
    "bin=970436\naccount=9704150000000001\nservice=card\nmany=\nverbatim=Tam ung vien phi\nfee=5000",
    "bin=970415\naccount=CLINIC1\nmerchant=\nmcc=8062\nname=Bệnh viện Mẫu\ncity=Huế\npostal=49000\npercent=150",
    "bin=970416\naccount=12345678\nservice=cash\nonce=\nmcc=6011\nlabel=R1\nterminal=T1\nrequest=AME\ntip=",
    "bin=970415\naccount=CLINIC1\nservice=push\nmcc=8062\nname=A\ncity=B\nlanguage=vi/Bệnh viện/Huế\nobject=91:0002AB0101X\nadditional=50:0002AB\nobject=3:x",
    "bin=970415\naccount=1\nservice=QRX\nlimit=25\nbill=1\nmobile=2\nstore=3\nloyalty=4\ncustomer=6\npurpose=1234567890123456789012345",
    "bin=970415\naccount=113366668888\nservice=QRIBFTTA\namount=500000000",
    "bin=113366668888\naccount=970415",
];

const JSON: [&str; 3] = [
    r#"{"url":"https://benhvien.example/a","key":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","flag":"LP","exp":1795312800,"label":"x","v":1}"#,
    r#"{"url":"http://[::1]:80/?a=1#b","key":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","flag":"U","exp":1.5e9}"#,
    r#"{"url":"https://benhvien.example","key":"A","v":2}"#,
];

const NUMBERS: [&str; 6] = [
    "001087123456",
    "DN4010123456789",
    "dn 4 01 0123456789",
    "0123456789",
    "970415",
    "a-b_c.d",
];

/// Made with the keys and the invented persons of these tests.
#[test]
#[ignore = "writes the seeds of fuzzing to fuzz/corpus"]
fn seeds() {
    let start = Timestamp::from_millis(1_796_088_600_000);
    let tickets = [TicketWindow::HalfHour(16), TicketWindow::Paper]
        .map(|window| Ticket::new(7, start, window).sign(&key(1)).unwrap());
    let sheet = TicketSheet::for_half_hours(7, start, 15..=17, &key(1)).unwrap();
    let ours = [
        enrolment().sign(&key(1)).unwrap(),
        invitation().sign(&key(1)).unwrap(),
        share().sign(&key(1)).unwrap(),
        order().sign(&key(1)).unwrap(),
        sheet.sign(&key(1)).unwrap(),
        move_request().sign(&key(4)).unwrap(),
        move_parcel(1, 2).sign(&key(5)).unwrap(),
    ];
    let frames = ours.each_ref().map(|text| {
        let (head, code) = text.split_once(':').unwrap();
        [&head.as_bytes()[3..], &base45::decode(code).unwrap()].concat()
    });
    let payments: Vec<&str> = include_str!("../vectors/vietqr.tsv")
        .lines()
        .skip(1)
        .filter_map(|row| row.split('\t').nth(2))
        .collect();
    let link = share().link.to_text();
    let in_viewer = format!("https://viewer.example/#{link}");
    let public = PublicKey::of(&key(1)).unwrap().to_string();
    let drawn = |text: &str| format!("draw:{text}");
    let picture = Matrix::encode("A", Level::Low).unwrap().to_png(2);
    let bodies = payments
        .iter()
        .map(|text| text.split_at(text.len() - 8).0.as_bytes());

    write("emv_payload", payments.iter().map(|text| text.as_bytes()));
    write("vietqr", bodies.clone());
    write("payment", PAYMENTS.iter().map(|text| text.as_bytes()));
    write("citizen_card", [SEVEN, ELEVEN].map(str::as_bytes));
    let blank = BHYT_OLD
        .replace("01 - 028", "- -")
        .replace("|4e677579e1bb856e2056c4836e204de1baab75|", "|20|");
    write(
        "insurance_card",
        [BHYT_NEW, BHYT_OLD, &blank].map(str::as_bytes),
    );
    write("signed", frames.iter().map(Vec::as_slice));
    write("ticket", tickets.iter().map(String::as_bytes));
    write(
        "health_link",
        JSON.iter()
            .chain([&&*link, &&*in_viewer])
            .map(|text| text.as_bytes()),
    );
    write(
        "numbers",
        NUMBERS
            .iter()
            .chain([&&*public])
            .map(|text| text.as_bytes()),
    );
    write(
        "image",
        [
            picture.as_slice(),
            drawn(NUMBERS[0]).as_bytes(),
            drawn(SEVEN).as_bytes(),
            drawn(payments[0]).as_bytes(),
        ],
    );
    let texts = ours.iter().chain(&tickets).chain([&link, &in_viewer]);
    let texts = texts
        .map(String::as_str)
        .chain(NUMBERS)
        .chain(payments.iter().copied());
    let texts = texts.chain([
        SEVEN,
        ELEVEN,
        BHYT_NEW,
        BHYT_OLD,
        "https://example.vn/a",
        "SK3E:A",
    ]);
    write("scan", texts.map(str::as_bytes));
}

fn write<'a>(target: &str, seeds: impl IntoIterator<Item = &'a [u8]>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let folder = root.join(target);
    fs::create_dir_all(&folder).unwrap();
    for (index, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("seed-{index}")), seed).unwrap();
    }
}
