//! What health insurance pays, by the benefit level on the card: data, with its source.

use super::number::InsuranceNumber;

/// The month in which the table was last compared with its source.
pub const BENEFITS_AS_OF: &str = "2026-10";

/// Where the table comes from. The percentages were read in secondary sources, not in the decree: what is
/// computed from them is an estimate, and a screen must say so.
pub const BENEFITS_SOURCE: &str =
    "Quyết định 1351/QĐ-BHXH (2015) as public hospital software and provincial press restate it";

/// What a benefit level pays of the costs that the insurance covers, on the right route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Benefit {
    /// The level as cards and numbers carry it, 1 to 5.
    pub level: u8,
    /// How much of covered costs is paid, in percent.
    pub percent: u8,
    /// What limits it.
    pub limit: BenefitLimit,
    /// The groups of insured people whose numbers have this level. Level 4 is for all others.
    pub objects: &'static [&'static str],
}

/// What limits what a level pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BenefitLimit {
    /// No cap on covered services.
    None,
    /// Some services are capped.
    SomeServices,
    /// The usual caps.
    Usual,
    /// Costs outside the list of covered services are paid too.
    AlsoOutsideTheList,
}

const LEVELS: [Benefit; 5] = [
    Benefit {
        level: 1,
        percent: 100,
        limit: BenefitLimit::None,
        objects: &["CC", "TE"],
    },
    Benefit {
        level: 2,
        percent: 100,
        limit: BenefitLimit::SomeServices,
        objects: &["CK", "CB", "KC", "HN", "DT", "DK", "XD", "BT", "TS"],
    },
    Benefit {
        level: 3,
        percent: 95,
        limit: BenefitLimit::Usual,
        objects: &["HT", "TC", "CN"],
    },
    Benefit {
        level: 4,
        percent: 80,
        limit: BenefitLimit::Usual,
        objects: &[],
    },
    Benefit {
        level: 5,
        percent: 100,
        limit: BenefitLimit::AlsoOutsideTheList,
        objects: &["QN", "CA", "CY"],
    },
];

/// Groups of insured people: Quyết định 1351/QĐ-BHXH (2015), and ND, TG, AK by Quyết định
/// 1697/QĐ-BHXH (2023). The list is open: an unknown group is a warning, never an error.
const OBJECTS: &str = "DN HX CH NN TK HC XK HT TB NO CT XB TN CS QN CA CY XN MS CC CK CB KC HD TE BT HN \
                       DT DK XD TS TC TQ TA TY HG LS PV CN HS SV GB GD ND TG AK TV";

impl Benefit {
    /// All levels, from 1 to 5.
    pub fn all() -> &'static [Self] {
        &LEVELS
    }

    /// What a level pays; unset for a level that there is not.
    pub fn of_level(level: u8) -> Option<&'static Self> {
        LEVELS.iter().find(|benefit| benefit.level == level)
    }
}

/// Whether the group of a long number is on the list.
pub(super) fn knows_object(number: &InsuranceNumber) -> bool {
    number
        .object()
        .is_none_or(|object| OBJECTS.split_whitespace().any(|known| known == object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_say_what_they_pay() {
        let percents: Vec<_> = (0..=6)
            .map(|level| Benefit::of_level(level).map(|benefit| benefit.percent))
            .collect();
        assert_eq!(
            percents,
            [
                None,
                Some(100),
                Some(100),
                Some(95),
                Some(80),
                Some(100),
                None
            ]
        );
        for benefit in Benefit::all() {
            for object in benefit.objects {
                let number = format!("{object}{}010123456789", benefit.level);
                assert!(knows_object(&number.parse().unwrap()), "{number}");
            }
        }
        assert!(!knows_object(&"ZZ4010123456789".parse().unwrap()));
        assert!(knows_object(&"0123456789".parse().unwrap()));
    }
}
