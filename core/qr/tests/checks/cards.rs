use sokhoe_qr::vietqr::Account;
use sokhoe_qr::{Bin, CitizenCard, CitizenNumber, InsuranceCard, InsuranceNumber, PublicKey};

use super::{assert_error_hides, last_four, shown};

/// Any text as a citizen card.
pub fn citizen_card(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match CitizenCard::read(&text) {
        Ok(reading) => {
            let card = &reading.card;
            let number = last_four(card.number.as_str());
            assert_eq!(
                shown(card),
                format!("CitizenCard {{ number: CitizenNumber({number}), person: (hidden) }}")
            );
            assert!(!card.name.is_empty());
            let again = CitizenCard::read(&card.to_text()).expect("what was read can be written");
            assert!(again.card == *card, "another card comes back");
        }
        Err(error) => assert_error_hides(&text, &error),
    }
}

/// Any text as an insurance card.
pub fn insurance_card(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match InsuranceCard::read(&text) {
        Ok(reading) => {
            let card = &reading.card;
            let number = last_four(card.number.as_str());
            assert_eq!(
                shown(card),
                format!("InsuranceCard {{ number: InsuranceNumber({number}), person: (hidden) }}")
            );
            assert!(!card.name.trim().is_empty());
            for text in [
                &card.address,
                &card.facility,
                &card.management_code,
                &card.parent,
                &card.area,
                &card.issuing_place,
            ] {
                assert!(text.as_ref().is_none_or(|text| !text.is_empty()));
            }
            let benefit = card.benefit().map(|benefit| benefit.level);
            assert!(benefit.is_none() || benefit == card.benefit_level);
        }
        Err(error) => assert_error_hides(&text, &error),
    }
}

/// Any text as a number or a key.
pub fn numbers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(number) = text.parse::<CitizenNumber>() {
        assert_eq!(number.as_str(), text);
        assert_eq!(
            shown(&number),
            format!("CitizenNumber({})", last_four(&text))
        );
        assert!((1900..2400).contains(&number.birth_year()));
        assert!(
            number
                .birth_province()
                .is_none_or(|province| text.starts_with(province.code()))
        );
    }
    if let Ok(number) = text.parse::<InsuranceNumber>() {
        let written = number.as_str();
        assert!(written.parse().as_ref() == Ok(&number));
        assert_eq!(
            shown(&number),
            format!("InsuranceNumber({})", last_four(written))
        );
        assert!(
            number
                .social_insurance()
                .is_none_or(|part| written.ends_with(part))
        );
        assert!(
            number
                .benefit_level()
                .is_none_or(|level| (1..=5).contains(&level))
        );
    }
    if let Ok(bin) = text.parse::<Bin>() {
        assert_eq!(bin.to_string(), text);
        assert!(bin.bank().is_none_or(|bank| bank.bin == bin));
    }
    if let Ok(account) = text.parse::<Account>() {
        assert_eq!(account.as_str(), text);
        assert!(text.ends_with(account.last_four()));
        assert_eq!(shown(&account), format!("Account({})", last_four(&text)));
    }
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string(), text);
        assert!(PublicKey::from_bytes(*key.as_bytes()) == key);
    }
}
