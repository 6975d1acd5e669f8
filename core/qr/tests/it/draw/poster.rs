use std::io::Read as _;

use flate2::read::ZlibDecoder;
use proptest::prelude::*;
use sokhoe_domain::Vnd;
use sokhoe_qr::draw::poster::{Language, Poster, PosterError};
use sokhoe_qr::vietqr::Initiation;
use sokhoe_qr::{Matrix, VietQr};

const LONG: &str = "Bệnh viện Đa khoa Khu vực Miền núi phía Bắc tỉnh Quảng Ngãi – Cơ sở 2";

/// Points on a millimetre.
const POINTS: f32 = 72.0 / 25.4;

fn code() -> VietQr {
    VietQr::transfer("970415", "113366668888")
        .merchant_name("BENH VIEN BACH MAI")
        .build()
        .unwrap()
}

fn code_with_everything() -> VietQr {
    VietQr::transfer("970415", "113366668888")
        .amount(Vnd::new(150_000))
        .initiation(Initiation::Static)
        .reference("KB2026")
        .purpose("khám bệnh")
        .build()
        .unwrap()
}

fn poster(hospital: &str) -> Poster {
    Poster::new(hospital, &code()).unwrap()
}

/// The operators of the only page, each with its numbers.
fn operators(pdf: &[u8]) -> Vec<(String, Vec<f32>)> {
    let find = |what: &[u8]| pdf.windows(what.len()).position(|w| w == what).unwrap();
    let start = find(b"\nstream\n") + 8;
    let mut text = String::new();
    ZlibDecoder::new(&pdf[start..])
        .read_to_string(&mut text)
        .unwrap();
    let mut operators = Vec::new();
    let mut numbers = Vec::new();
    for word in text.split_ascii_whitespace() {
        match word.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => operators.push((word.to_owned(), std::mem::take(&mut numbers))),
        }
    }
    operators
}

fn whole(number: f32) -> usize {
    format!("{number}").parse().unwrap()
}

/// Dark modules, row by row, from runs of column, row and length.
fn modules(size: usize, runs: impl Iterator<Item = [usize; 3]>) -> Vec<bool> {
    let mut modules = vec![false; size * size];
    for [column, row, length] in runs {
        assert!(column + length <= size && row < size);
        modules[row * size + column..][..length].fill(true);
    }
    modules
}

fn svg_modules(svg: &str, size: usize) -> Vec<bool> {
    let (_, path) = svg.split_once(r#"<path id="code""#).unwrap();
    let (_, path) = path.split_once(r#" d="M"#).unwrap();
    let (path, _) = path.split_once('"').unwrap();
    let runs = path.trim_end_matches('z').split("zM").map(|run| {
        let (place, length) = run.split_once('h').unwrap();
        let (column, row) = place.split_once(' ').unwrap();
        let (length, back) = length.split_once("v1h-").unwrap();
        assert_eq!(length, back);
        [column, row, length].map(|number| number.parse().unwrap())
    });
    modules(size, runs)
}

#[test]
fn the_sheet_shows_exactly_the_code() {
    for code in [code(), code_with_everything()] {
        let poster = Poster::new(LONG, &code).unwrap();
        let matrix = Matrix::encode_for(code.as_str(), sokhoe_qr::draw::For::Poster).unwrap();
        assert_eq!(poster.matrix(), &matrix);
        assert_eq!(
            svg_modules(&poster.to_svg(), matrix.size()),
            matrix.modules()
        );

        let operators = operators(&poster.to_pdf());
        let runs = operators
            .iter()
            .filter(|(name, _)| name == "re")
            .map(|(_, numbers)| {
                assert_eq!(numbers.len(), 4);
                assert_eq!(whole(numbers[3]), 1);
                [whole(numbers[0]), whole(numbers[1]), whole(numbers[2])]
            });
        assert_eq!(modules(matrix.size(), runs), matrix.modules());
    }
}

#[test]
fn the_code_is_large_black_and_painted_last() {
    for code in [code(), code_with_everything()] {
        let poster = Poster::new(LONG, &code).unwrap();
        let operators = operators(&poster.to_pdf());
        let placed = operators
            .iter()
            .rposition(|(name, _)| name == "cm")
            .unwrap();
        assert_eq!(operators[placed - 1], ("g".to_owned(), vec![0.0]));
        let [module, x] = [operators[placed].1[0], operators[placed].1[4]];
        let side = module * f32::from(u16::try_from(poster.matrix().size()).unwrap());
        assert!(side > 60.0, "{side} mm");
        assert!((x + side / 2.0 - 74.0).abs() < 0.01, "in the middle");
        let rest = &operators[placed + 1..];
        assert!(rest.iter().all(|(name, _)| name == "re" || name == "f"));
    }
}

fn assert_everything_is_on_the_page(poster: &Poster) {
    let operators = operators(&poster.to_pdf());
    assert_eq!(operators[0].0, "cm");
    assert_eq!(
        operators[0].1,
        [POINTS, 0.0, 0.0, -POINTS, 0.0, 210.0 * POINTS]
    );
    for (name, numbers) in &operators {
        if ["m", "l", "c"].contains(&name.as_str()) {
            for point in numbers.chunks(2) {
                assert!((10.0..138.0).contains(&point[0]), "{name} {numbers:?}");
                assert!((10.0..200.0).contains(&point[1]), "{name} {numbers:?}");
            }
        }
    }
}

#[test]
fn long_and_odd_names_stay_on_the_page() {
    for name in [
        "A",
        "Ầ",
        LONG,
        &"W".repeat(500),
        &"Ộ".repeat(90),
        &"Trung tâm Y tế ".repeat(20),
    ] {
        for language in [Language::Vietnamese, Language::English] {
            let poster = Poster::new(name, &code_with_everything()).unwrap();
            assert_everything_is_on_the_page(&poster.payee(name).language(language));
            let poster = Poster::new(name, &code()).unwrap();
            assert_everything_is_on_the_page(&poster.language(language));
        }
    }
}

#[test]
fn a_hostile_name_is_only_a_name() {
    let svg = poster(r#"</title><script>alert("1")</script>&x;]]> '"#).to_svg();
    assert_eq!(svg.matches("<script").count(), 0);
    assert!(svg.contains("<title>&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)"));
    assert!(svg.contains("&amp;x;]]&gt; &apos;"));

    let pdf = poster(r"x) >> endobj /OpenAction (\").to_pdf();
    assert!(!pdf.windows(11).any(|w| w == b"/OpenAction"));
}

#[test]
fn the_account_is_nowhere_in_the_text() {
    let svg = poster("Bệnh viện Bạch Mai").to_svg();
    assert!(!svg.contains("8888") && !svg.contains("11336666"));
    assert!(!format!("{:?}", poster("A")).contains("113366668888"));
}

#[test]
fn refuses_what_does_not_belong_on_a_wall() {
    for name in ["", "  ", "医院", "\0\u{202e}"] {
        assert_eq!(Poster::new(name, &code()).unwrap_err(), PosterError::NoName);
    }
    let once = VietQr::transfer("970415", "113366668888")
        .amount(Vnd::new(150_000))
        .build()
        .unwrap();
    assert_eq!(Poster::new("A", &once).unwrap_err(), PosterError::OneTime);
}

#[test]
fn says_the_language_and_the_payee() {
    let vietnamese = poster("A");
    let english = vietnamese.clone().language(Language::English);
    assert!(
        vietnamese
            .to_svg()
            .contains("<title>A – Quét mã để thanh toán</title>")
    );
    assert!(english.to_svg().contains("<title>A – Scan to pay</title>"));
    // Without a payee there is a line less, and more room for the code.
    assert_ne!(vietnamese.clone().payee("").to_svg(), vietnamese.to_svg());
    assert_eq!(
        vietnamese.clone().payee("BENH VIEN BACH MAI").to_svg(),
        vietnamese.to_svg()
    );
}

#[test]
fn the_pdf_is_whole_and_always_the_same() {
    let pdf = poster(LONG).to_pdf();
    assert_eq!(pdf, poster(LONG).to_pdf());
    assert!(pdf.starts_with(b"%PDF-1.7"));
    assert!(!pdf.windows(12).any(|w| w == b"CreationDate"));
    // Every entry of the cross-reference table points at its object.
    let text = String::from_utf8_lossy(&pdf).into_owned();
    let last = text.trim_end().trim_end_matches("%%EOF").trim_end();
    let start: usize = last.rsplit('\n').next().unwrap().parse().unwrap();
    let table = std::str::from_utf8(&pdf[start..]).unwrap();
    assert!(table.starts_with("xref\n0 6\n"));
    for (id, line) in table.lines().skip(3).take(5).enumerate() {
        let offset: usize = line[..10].parse().unwrap();
        assert!(pdf[offset..].starts_with(format!("{} 0 obj", id + 1).as_bytes()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_names_can_be_drawn(hospital in any::<String>(), payee in any::<String>()) {
        if let Ok(poster) = Poster::new(&hospital, &code()) {
            assert_everything_is_on_the_page(&poster.payee(&payee));
        }
    }
}
