use chrono::NaiveDate;
use sokhoe_qr::citizen_card::{CitizenCard, CitizenCardError, CitizenCardWarning, Field};
use sokhoe_qr::insurance_card::{
    BirthDate, InsuranceCard, InsuranceCardError, InsuranceCardWarning,
};
use sokhoe_qr::{InsuranceNumber, Sex};

pub const SEVEN: &str = "001087123456|012345678|Nguyễn Văn Mẫu|15031987|Nam|Số 1, Phố Mẫu, Phường Ba Đình, Hà Nội|10052021";
pub const ELEVEN: &str =
    "079304000123||Trần Thị Bình|02092004|Nữ|Ấp Mẫu, Xã Thử Nghiệm, TP. Hồ Chí Minh|01072024||||";
pub const BHYT_NEW: &str = "0123456789|4e677579e1bb856e2056c4836e204de1baab75|02/01/1990|1|-|01 - 028|01/01/2025|-|15/12/2024|01234567890123|-|4| 01/10/2027|0123456789abcdef-1234|4|42e1baa36f206869e1bb836d2078c3a32068e1bb9969207175e1baad6e204de1baab75|$";
pub const BHYT_OLD: &str = "DN4010123456789|4e677579e1bb856e2056c4836e204de1baab75|02/01/1990|1|53e1bb912031205068e1bb91204de1baab752c2048c3a0204ee1bb9969|01 - 028|01/01/2020|31/12/2020|15/12/2019|01234567890123|-|4|01/10/2022|0123456789abcdef-1234|$";

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

#[test]
fn seven_fields() {
    let reading = CitizenCard::read(SEVEN).unwrap();
    let card = &reading.card;
    assert_eq!(reading.warnings, []);
    assert_eq!(card.number.as_str(), "001087123456");
    assert_eq!(card.old_number.as_deref(), Some("012345678"));
    assert_eq!(card.name, "Nguyễn Văn Mẫu");
    assert_eq!(
        (card.birth_date, card.sex),
        (day(1987, 3, 15), Some(Sex::Male))
    );
    assert_eq!(card.issued, Some(day(2021, 5, 10)));
    assert_eq!(card.to_text(), SEVEN);
}

#[test]
fn eleven_fields() {
    let reading = CitizenCard::read(&format!("\u{feff}{ELEVEN}\r\n\0")).unwrap();
    assert_eq!(reading.warnings, []);
    assert_eq!(
        (reading.card.old_number.as_deref(), reading.card.more.len()),
        (None, 4)
    );
    assert_eq!(reading.card.to_text(), ELEVEN);
}

#[test]
fn six_fields_when_a_scanner_drops_the_empty_one() {
    let dropped = ELEVEN.replace("||Trần", "|Trần").replace("||||", "");
    let card = CitizenCard::read(&dropped).unwrap().card;
    assert_eq!(
        (card.name.as_str(), card.old_number),
        ("Trần Thị Bình", None)
    );
}

#[test]
fn names_become_one_unicode_form() {
    let decomposed = SEVEN.replace("Nguyễn", "Nguye\u{302}\u{303}n");
    assert_eq!(
        CitizenCard::read(&decomposed).unwrap().card.name,
        "Nguyễn Văn Mẫu"
    );
}

#[test]
fn contradictions_are_warnings() {
    let odd = "023199000123|1234|Trần Thị Bình|02092004|Nam|x|01072003";
    assert_eq!(
        CitizenCard::read(odd).unwrap().warnings,
        [
            CitizenCardWarning::UnknownProvince,
            CitizenCardWarning::SexDiffers,
            CitizenCardWarning::BirthYearDiffers,
            CitizenCardWarning::OddOldNumber,
            CitizenCardWarning::IssuedBeforeBirth,
        ]
    );
    let no_sex = SEVEN.replace("|Nam|", "|?|");
    assert_eq!(
        CitizenCard::read(&no_sex).unwrap().warnings,
        [CitizenCardWarning::UnknownSex]
    );
}

#[test]
fn broken_cards_are_refused() {
    let refused = |text: &str| CitizenCard::read(text).unwrap_err();
    assert_eq!(
        refused("079304000123|Trần Thị Bình|02092004|Nữ"),
        CitizenCardError::FieldCount(4)
    );
    assert!(matches!(
        refused(&SEVEN.replace("001087123456", "00108712345")),
        CitizenCardError::Number(_)
    ));
    assert_eq!(
        refused(&SEVEN.replace("15031987", "31022004")),
        CitizenCardError::Field(Field::BirthDate)
    );
    assert_eq!(
        refused(&SEVEN.replace("10052021", "2021")),
        CitizenCardError::Field(Field::Issued)
    );
    assert_eq!(
        refused(&SEVEN.replace("Nguyễn Văn Mẫu", " ")),
        CitizenCardError::Field(Field::Name)
    );
}

#[test]
fn insurance_since_2021() {
    let reading = InsuranceCard::read(BHYT_NEW).unwrap();
    assert_eq!(reading.warnings, []);
    let card = reading.card;
    assert_eq!(
        card.number,
        InsuranceNumber::SocialInsurance("0123456789".to_owned())
    );
    assert_eq!(card.name, "Nguyễn Văn Mẫu");
    assert_eq!(card.birth_date, BirthDate::Day(day(1990, 1, 2)));
    assert_eq!((card.sex, card.address.as_deref()), (Some(Sex::Male), None));
    assert_eq!(card.facility.as_deref(), Some("01028"));
    assert_eq!(
        (card.valid_from, card.valid_to),
        (Some(day(2025, 1, 1)), None)
    );
    assert_eq!(card.five_years_from, Some(day(2027, 10, 1)));
    assert_eq!(card.benefit_level, Some(4));
    assert_eq!(card.benefit().map(|benefit| benefit.percent), Some(80));
    assert_eq!(card.check, "0123456789abcdef-1234");
    assert_eq!(
        card.issuing_place.as_deref(),
        Some("Bảo hiểm xã hội quận Mẫu")
    );
}

#[test]
fn insurance_before_2021() {
    let reading = InsuranceCard::read(&BHYT_OLD.replace("02/01/1990", "1990")).unwrap();
    assert_eq!(reading.warnings, []);
    let card = reading.card;
    assert_eq!(card.number.object(), Some("DN"));
    assert_eq!(card.birth_date, BirthDate::Year(1990));
    assert_eq!(card.address.as_deref(), Some("Số 1 Phố Mẫu, Hà Nội"));
    assert_eq!(
        (card.benefit_level, card.valid_to),
        (Some(4), Some(day(2020, 12, 31)))
    );
}

#[test]
fn an_unknown_check_string_never_refuses() {
    assert!(InsuranceCard::read(&BHYT_NEW.replace("0123456789abcdef-1234", "whatever")).is_ok());
}

#[test]
fn short_insurance_cards_say_what_they_have() {
    let fields: Vec<&str> = BHYT_OLD.split('|').collect();
    let short = format!("{}|$", fields[..9].join("|"));
    let reading = InsuranceCard::read(&short).unwrap();
    assert_eq!(reading.warnings, [InsuranceCardWarning::OddFieldCount]);
    assert_eq!(reading.card.issued, Some(day(2019, 12, 15)));
    assert_eq!(
        (reading.card.parent, reading.card.five_years_from),
        (None, None)
    );
}

#[test]
fn odd_insurance_cards_are_only_warned_about() {
    let warnings = |text: &str| InsuranceCard::read(text).unwrap().warnings;
    let odd = BHYT_OLD
        .replace("DN401", "ZZ403")
        .replace("|1|", "|3|")
        .replace("31/12/2020", "31/12/2019");
    assert_eq!(
        warnings(&odd),
        [
            InsuranceCardWarning::UnknownObject,
            InsuranceCardWarning::UnknownProvince,
            InsuranceCardWarning::UnknownSex,
            InsuranceCardWarning::EndsBeforeItBegins,
        ]
    );
    let long_number = BHYT_NEW.replacen("0123456789", "TE1010123456789", 1);
    assert_eq!(warnings(&long_number), [InsuranceCardWarning::LevelDiffers]);
    assert_eq!(
        warnings(&BHYT_NEW.replace("-1234|4|", "-1234|9|")),
        [InsuranceCardWarning::UnknownLevel]
    );
}

#[test]
fn blank_fields_of_insurance_cards_are_unset() {
    let blank = BHYT_OLD.replace("01 - 028", "- -").replace(
        "|53e1bb912031205068e1bb91204de1baab752c2048c3a0204ee1bb9969|",
        "|20|",
    );
    let card = InsuranceCard::read(&blank).unwrap().card;
    assert_eq!((card.facility, card.address), (None, None));
    let nameless = BHYT_OLD.replace("|4e677579e1bb856e2056c4836e204de1baab75|", "|20|");
    assert_eq!(
        InsuranceCard::read(&nameless),
        Err(InsuranceCardError::Field(
            sokhoe_qr::insurance_card::Field::Name
        ))
    );
}

#[test]
fn broken_insurance_cards_are_refused() {
    let refused = |text: &str| InsuranceCard::read(text).unwrap_err();
    assert_eq!(
        refused(BHYT_NEW.trim_end_matches('$')),
        InsuranceCardError::FieldCount(17)
    );
    assert_eq!(refused("0123456789|$"), InsuranceCardError::FieldCount(2));
    assert!(matches!(
        refused(&BHYT_NEW.replace("|4e67", "|4e6")),
        InsuranceCardError::Field(_)
    ));
    assert!(matches!(
        refused(&BHYT_NEW.replace("02/01/1990", "32/01/1990")),
        InsuranceCardError::Field(_)
    ));
    assert!(matches!(
        refused(&BHYT_NEW.replacen("0123456789", "012345678", 1)),
        InsuranceCardError::Number(_)
    ));
}

#[test]
fn debug_shows_no_person() {
    let shown = format!(
        "{:?} {:?} {:?}",
        CitizenCard::read(SEVEN).unwrap(),
        InsuranceCard::read(BHYT_OLD).unwrap(),
        InsuranceCard::read(BHYT_NEW).unwrap()
    );
    for secret in [
        "Nguyễn",
        "Mẫu",
        "00108712",
        "012345678|",
        "1987",
        "1990",
        "Hà Nội",
        "DN4010",
    ] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
