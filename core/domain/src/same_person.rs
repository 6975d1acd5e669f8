//! When two clinics' patients are one person: by a number that both clinics looked at, never by a name.

use crate::age::dates_contradict;

/// What a clinic has of somebody by which they are known elsewhere, as it stands in a Patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownIdentity<'a> {
    /// The citizen's number (CCCD), which a citizen keeps for life.
    pub cccd: Option<&'a str>,
    /// The number of the insurance card (BHYT): 15 characters, of which the last ten are the person's, or these ten alone.
    pub bhyt: Option<&'a str>,
    /// `birthDate`: a year, a month or a day.
    pub birth_date: Option<&'a str>,
}

/// By what two clinics' patients are one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamePersonProof {
    /// Both clinics have the same citizen's number.
    Cccd,
    /// Both have the same insurance number, and the same day of birth: small children have no other number, and cards of a
    /// family are mixed up.
    Bhyt,
}

/// Whether they are one person, and why. Numbers of the wrong form, and dates that contradict, prove nothing; different citizen's
/// numbers prove that they are two.
#[must_use]
pub fn same_person(one: &KnownIdentity<'_>, other: &KnownIdentity<'_>) -> Option<SamePersonProof> {
    let dates = one.birth_date.zip(other.birth_date);
    if dates.is_some_and(|(one, other)| dates_contradict(one, other)) {
        return None;
    }
    let citizen = |of: &KnownIdentity<'_>| of.cccd.and_then(digits::<12>).map(str::to_owned);
    if let (Some(one), Some(other)) = (citizen(one), citizen(other)) {
        return (one == other).then_some(SamePersonProof::Cccd);
    }
    let insured = one.bhyt.and_then(insured_person)?;
    let same_number = other.bhyt.and_then(insured_person) == Some(insured);
    let same_day = one.birth_date.filter(|born| born.len() == 10) == other.birth_date;
    let has_day = one.birth_date.is_some_and(|born| born.len() == 10);
    (same_number && same_day && has_day).then_some(SamePersonProof::Bhyt)
}

/// The person's ten digits of a card's number.
fn insured_person(number: &str) -> Option<&str> {
    let number = number.trim();
    match number.len() {
        10 => digits::<10>(number),
        15 => number.get(5..).and_then(digits::<10>),
        _ => None,
    }
}

/// A text of so many digits that are not all the same: nobody is called 000000000000.
fn digits<const COUNT: usize>(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_number = text.len() == COUNT && text.bytes().all(|b| b.is_ascii_digit());
    let first = text.bytes().next();
    let is_made_up = text.bytes().all(|b| Some(b) == first);
    (is_number && !is_made_up).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAI: KnownIdentity<'_> = KnownIdentity {
        cccd: Some("011156000123"),
        bhyt: Some("HT3110112345678"),
        birth_date: Some("1956-03-12"),
    };

    #[test]
    fn a_citizens_number_proves_it_and_another_one_the_contrary() {
        assert_eq!(same_person(&MAI, &MAI), Some(SamePersonProof::Cccd));
        let year = KnownIdentity {
            birth_date: Some("1956"),
            bhyt: None,
            ..MAI
        };
        assert_eq!(same_person(&MAI, &year), Some(SamePersonProof::Cccd));
        let undated = KnownIdentity {
            birth_date: None,
            ..MAI
        };
        assert_eq!(same_person(&MAI, &undated), Some(SamePersonProof::Cccd));
        let another = KnownIdentity {
            cccd: Some("011156000124"),
            ..MAI
        };
        assert_eq!(same_person(&MAI, &another), None);
        let older = KnownIdentity {
            birth_date: Some("1956-03-13"),
            ..MAI
        };
        assert_eq!(same_person(&MAI, &older), None);
    }

    #[test]
    fn an_insurance_number_proves_it_with_the_day_of_birth_alone() {
        let card = KnownIdentity { cccd: None, ..MAI };
        assert_eq!(same_person(&MAI, &card), Some(SamePersonProof::Bhyt));
        let short = KnownIdentity {
            bhyt: Some("0112345678"),
            ..card
        };
        assert_eq!(same_person(&card, &short), Some(SamePersonProof::Bhyt));
        for birth_date in [None, Some("1956"), Some("1956-03")] {
            let vague = KnownIdentity { birth_date, ..card };
            assert_eq!(same_person(&card, &vague), None, "{birth_date:?}");
            assert_eq!(same_person(&vague, &vague), None, "{birth_date:?}");
        }
        let other_card = KnownIdentity {
            bhyt: Some("HT3110112345679"),
            ..card
        };
        assert_eq!(same_person(&card, &other_card), None);
    }

    #[test]
    fn what_is_no_number_proves_nothing() {
        for text in [
            "",
            "0",
            "000000000000",
            "01115600012",
            "0111560001234",
            "01115600012x",
        ] {
            let of = KnownIdentity {
                cccd: Some(text),
                bhyt: Some(text),
                ..MAI
            };
            assert_eq!(same_person(&of, &of), None, "{text}");
        }
        let nothing = KnownIdentity::default();
        assert_eq!(same_person(&nothing, &nothing), None);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_who_is_asked_first(
            a in "[01]{0,2}|01115600012[34]|\\PC{0,12}", b in "(HT)?[0-9]{10,13}|\\PC{0,15}",
            c in "(1956(-03(-1[23])?)?)?", d in "011156000123|", e in "HT3110112345678|0112345678", f in "1956(-03-12)?",
        ) {
            let one = KnownIdentity { cccd: Some(&a), bhyt: Some(&b), birth_date: Some(&c) };
            let other = KnownIdentity { cccd: Some(&d), bhyt: Some(&e), birth_date: Some(&f) };
            prop_assert_eq!(same_person(&one, &other), same_person(&other, &one));
        }
    }
}
