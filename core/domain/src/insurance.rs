//! What health insurance (BHYT) would pay of a visit, and what remains to the person: an estimate.
//!
//! Sources: Luật Bảo hiểm y tế 25/2008/QH12 as amended by 46/2014/QH13 and 51/2024/QH15, Article 22; Nghị định
//! 188/2025/NĐ-CP.
//!
//! * The fund pays the person's benefit (80, 95 or 100 %) of what is covered, at the right route (22.1).
//! * It pays 100 % at a commune station, and when one visit costs less than 15 % of the base salary (22.1); and for the
//!   rest of the year to whoever has been insured for five years in a row and has paid more than six months' base salary
//!   of their own shares in it (22.1), which the insurer certifies.
//! * Outside the right route it pays a part of the benefit, which depends on the facility's level and its class, and on the
//!   day (22.4; Nghị định 188/2025/NĐ-CP). So each clinic says for itself how much it is. The last two of the 100 % are
//!   for the right route alone; where the law leaves that open the lower share is taken here.
//! * In an emergency every facility is the right route (22.3).
//!
//! The insured tariff is what the fund counts with. What the clinic asks above it the person pays.

use chrono::NaiveDate;
use thiserror::Error;

use crate::Vnd;

/// The level of a facility: Luật Khám bệnh, chữa bệnh 15/2023/QH15, Article 104.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FacilityLevel {
    /// A commune's health station (trạm y tế), of the initial level.
    Commune,
    /// The initial level of care (cấp khám bệnh, chữa bệnh ban đầu), not a commune's station.
    Initial,
    /// The basic level (cấp cơ bản).
    Basic,
    /// The specialised level (cấp chuyên sâu).
    Specialised,
}

impl FacilityLevel {
    /// All of them, the nearest to home first.
    pub const ALL: [Self; 4] = [Self::Commune, Self::Initial, Self::Basic, Self::Specialised];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Commune => "commune",
            Self::Initial => "initial",
            Self::Basic => "basic",
            Self::Specialised => "specialised",
        }
    }

    /// The level of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}

/// How a facility stands to the insurance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsuranceTerms {
    /// The code under which the insurance knows it (MA_CSKCB): five digits, the province's first.
    pub facility: String,
    /// Its level.
    pub level: FacilityLevel,
    /// How much of the benefit is paid here outside the right route, in percent.
    pub outside_route_percent: u8,
    /// The base salary (lương cơ sở) of a month.
    pub base_salary: Vnd,
    /// A visit that costs less than so many percent of it is paid in full.
    pub small_cost_percent: u8,
}

/// Terms that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadInsuranceTerms {
    /// A facility's code has another form.
    #[error("a facility's code has five digits")]
    Facility,
    /// More than all.
    #[error("a share is at most 100 percent")]
    Percent,
    /// Nobody earns so much, or less than nothing.
    #[error("the base salary is not within 0 to 1,000,000,000 đ")]
    BaseSalary,
}

impl InsuranceTerms {
    /// Since 1/7/2024: Nghị định 73/2024/NĐ-CP, Article 3.
    pub const BASE_SALARY: Vnd = Vnd::new(2_340_000);
    /// Luật Bảo hiểm y tế, Article 22.1, with Nghị định 188/2025/NĐ-CP.
    pub const SMALL_COST_PERCENT: u8 = 15;
    const HIGHEST_SALARY: Vnd = Vnd::new(1_000_000_000);

    /// The terms, if they can be.
    ///
    /// # Errors
    /// [`BadInsuranceTerms`]
    pub fn checked(self) -> Result<Self, BadInsuranceTerms> {
        if !is_facility(&self.facility) {
            return Err(BadInsuranceTerms::Facility);
        }
        if self.outside_route_percent > 100 || self.small_cost_percent > 100 {
            return Err(BadInsuranceTerms::Percent);
        }
        if !(Vnd::default()..=Self::HIGHEST_SALARY).contains(&self.base_salary) {
            return Err(BadInsuranceTerms::BaseSalary);
        }
        Ok(self)
    }

    /// A visit that costs less is paid in full on the right route.
    #[must_use]
    pub fn small_cost(&self) -> Vnd {
        self.base_salary
            .percent(self.small_cost_percent.min(100))
            .unwrap_or_default()
    }
}

/// Whether a text has the form of a facility's code.
#[must_use]
pub fn is_facility(code: &str) -> bool {
    code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is known of a person's insurance.
#[derive(Clone, PartialEq, Eq)]
pub struct InsuranceCover {
    /// What the benefit level pays on the right route, in percent.
    pub benefit_percent: u8,
    /// The first day; unset when not known.
    pub from: Option<NaiveDate>,
    /// The last day; unset when not known, or when there is none.
    pub to: Option<NaiveDate>,
    /// Where the person is first registered for care; unset when not known.
    pub facility: Option<String>,
    /// From when on five years in a row count.
    pub five_years_from: Option<NaiveDate>,
    /// Since when the person need not pay a share of their own in that year, as the insurer certified.
    pub exempt_from: Option<NaiveDate>,
}

impl std::fmt::Debug for InsuranceCover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InsuranceCover").finish_non_exhaustive()
    }
}

/// A visit whose price is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsuredVisit {
    /// The day in Vietnam.
    pub day: NaiveDate,
    /// What the clinic asks.
    pub price: Vnd,
    /// What the insurance counts with; unset when it does not cover this.
    pub tariff: Option<Vnd>,
    /// The person says that they have a referral slip.
    pub has_referral: bool,
    /// It cannot wait.
    pub is_emergency: bool,
}

/// By which route a person comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InsuranceRoute {
    /// The person is registered here.
    Registered,
    /// With a referral slip, as they say.
    Referral,
    /// Every facility is right.
    Emergency,
    /// A commune's station, where everybody may come.
    CommuneStation,
    /// The person is registered elsewhere and has no referral.
    Outside,
    /// Where they are registered is not known; counted as outside, so that nobody is promised too much.
    Unknown,
}

impl InsuranceRoute {
    /// Whether it is the right one.
    #[must_use]
    pub const fn is_right(self) -> bool {
        match self {
            Self::Registered | Self::Referral | Self::Emergency | Self::CommuneStation => true,
            Self::Outside | Self::Unknown => false,
        }
    }
}

/// Why the insurance pays such a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShareReason {
    /// It does not cover this: nothing.
    NotCovered,
    /// A commune's station: all of the tariff.
    CommuneStation,
    /// The visit costs little: all of the tariff, as long as nothing is added to it.
    SmallCost,
    /// The insurer certified that the person need not pay a share of their own: all of the tariff.
    Exempt,
    /// The person's benefit.
    Benefit,
    /// A part of the person's benefit.
    OutsideRoute,
}

/// What the insurance would pay of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsuranceEstimate {
    /// What it pays: its share of the tariff, or of the price where that is lower, cut to whole đồng.
    pub pays: Vnd,
    /// The rest of the price.
    pub remains: Vnd,
    /// Its share in percent, cut to whole ones.
    pub percent: u8,
    /// By which route.
    pub route: InsuranceRoute,
    /// Why so much.
    pub why: ShareReason,
}

/// Why there is nothing to estimate: the card is not valid on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotInsured {
    /// Not any more.
    #[error("the card is valid until {to}")]
    Expired {
        /// The last day.
        to: NaiveDate,
    },
    /// Not yet.
    #[error("the card is valid from {from}")]
    NotYet {
        /// The first day.
        from: NaiveDate,
    },
}

/// What the insurance would pay of a visit at a facility.
///
/// # Errors
/// [`NotInsured`]
pub fn estimate(
    terms: &InsuranceTerms,
    cover: &InsuranceCover,
    visit: &InsuredVisit,
) -> Result<InsuranceEstimate, NotInsured> {
    if let Some(to) = cover.to.filter(|to| *to < visit.day) {
        return Err(NotInsured::Expired { to });
    }
    if let Some(from) = cover.from.filter(|from| *from > visit.day) {
        return Err(NotInsured::NotYet { from });
    }
    let price = visit.price.max(Vnd::default());
    let route = route(terms, cover, visit);
    let Some(tariff) = visit.tariff.filter(|tariff| *tariff > Vnd::default()) else {
        return Ok(InsuranceEstimate {
            pays: Vnd::default(),
            remains: price,
            percent: 0,
            route,
            why: ShareReason::NotCovered,
        });
    };
    let (why, share) = share(terms, cover, visit.day, tariff, route);
    let pays = part(tariff.min(price), share);
    Ok(InsuranceEstimate {
        pays,
        remains: price.checked_sub(pays).unwrap_or_default(),
        percent: u8::try_from(share / 100).unwrap_or(100),
        route,
        why,
    })
}

fn route(terms: &InsuranceTerms, cover: &InsuranceCover, visit: &InsuredVisit) -> InsuranceRoute {
    match &cover.facility {
        _ if visit.is_emergency => InsuranceRoute::Emergency,
        _ if terms.level == FacilityLevel::Commune => InsuranceRoute::CommuneStation,
        Some(facility) if *facility == terms.facility => InsuranceRoute::Registered,
        _ if visit.has_referral => InsuranceRoute::Referral,
        Some(_) => InsuranceRoute::Outside,
        None => InsuranceRoute::Unknown,
    }
}

/// All of it, in hundredths of a percent.
const ALL: u32 = 10_000;

/// The share of the tariff in hundredths of a percent, and why.
fn share(
    terms: &InsuranceTerms,
    cover: &InsuranceCover,
    day: NaiveDate,
    tariff: Vnd,
    route: InsuranceRoute,
) -> (ShareReason, u32) {
    let benefit = u32::from(cover.benefit_percent.min(100));
    if !route.is_right() {
        let part = u32::from(terms.outside_route_percent.min(100));
        return (ShareReason::OutsideRoute, benefit * part);
    }
    if terms.level == FacilityLevel::Commune {
        return (ShareReason::CommuneStation, ALL);
    }
    if benefit == 100 {
        return (ShareReason::Benefit, ALL);
    }
    if tariff < terms.small_cost() {
        return (ShareReason::SmallCost, ALL);
    }
    if is_exempt(cover, day) {
        return (ShareReason::Exempt, ALL);
    }
    (ShareReason::Benefit, benefit * 100)
}

/// For the rest of the year in which it was certified.
fn is_exempt(cover: &InsuranceCover, day: NaiveDate) -> bool {
    use chrono::Datelike as _;
    let is_since = |from: Option<NaiveDate>| from.is_some_and(|from| from <= day);
    is_since(cover.five_years_from)
        && is_since(cover.exempt_from)
        && cover
            .exempt_from
            .is_some_and(|from| from.year() == day.year())
}

/// So many hundredths of a percent, cut to whole đồng.
fn part(amount: Vnd, share: u32) -> Vnd {
    let part = i128::from(amount.dong()) * i128::from(share) / i128::from(ALL);
    Vnd::new(i64::try_from(part).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms(level: FacilityLevel) -> InsuranceTerms {
        InsuranceTerms {
            facility: "11001".to_owned(),
            level,
            outside_route_percent: 40,
            base_salary: InsuranceTerms::BASE_SALARY,
            small_cost_percent: InsuranceTerms::SMALL_COST_PERCENT,
        }
    }

    fn cover(benefit_percent: u8, facility: Option<&str>) -> InsuranceCover {
        InsuranceCover {
            benefit_percent,
            from: None,
            to: None,
            facility: facility.map(str::to_owned),
            five_years_from: None,
            exempt_from: None,
        }
    }

    fn visit(price: i64, tariff: Option<i64>) -> InsuredVisit {
        InsuredVisit {
            day: day("2026-12-01"),
            price: Vnd::new(price),
            tariff: tariff.map(Vnd::new),
            has_referral: false,
            is_emergency: false,
        }
    }

    fn said(
        terms: &InsuranceTerms,
        cover: &InsuranceCover,
        visit: &InsuredVisit,
    ) -> (i64, u8, InsuranceRoute, ShareReason) {
        let estimate = estimate(terms, cover, visit).unwrap();
        (
            estimate.pays.dong(),
            estimate.percent,
            estimate.route,
            estimate.why,
        )
    }

    #[test]
    fn the_right_route_pays_the_benefit_of_the_tariff_and_never_of_more() {
        let basic = terms(FacilityLevel::Basic);
        let here = cover(80, Some("11001"));
        assert_eq!(
            said(&basic, &here, &visit(600_000, Some(500_001))),
            (
                400_000,
                80,
                InsuranceRoute::Registered,
                ShareReason::Benefit
            ),
            "cut to whole đồng"
        );
        // A price below the tariff.
        assert_eq!(
            said(&basic, &here, &visit(400_000, Some(500_000))).0,
            320_000
        );
        let elsewhere = cover(95, Some("11034"));
        let referred = InsuredVisit {
            has_referral: true,
            ..visit(600_000, Some(500_000))
        };
        assert_eq!(
            said(&basic, &elsewhere, &referred),
            (475_000, 95, InsuranceRoute::Referral, ShareReason::Benefit)
        );
        let urgent = InsuredVisit {
            is_emergency: true,
            ..visit(600_000, Some(500_000))
        };
        assert_eq!(
            said(&basic, &elsewhere, &urgent).2,
            InsuranceRoute::Emergency
        );
    }

    #[test]
    fn outside_the_right_route_a_part_of_the_benefit_is_paid_as_the_clinic_says() {
        let basic = terms(FacilityLevel::Basic);
        for (facility, route) in [
            (Some("11034"), InsuranceRoute::Outside),
            (None, InsuranceRoute::Unknown),
        ] {
            assert_eq!(
                said(&basic, &cover(80, facility), &visit(600_000, Some(500_000))),
                (160_000, 32, route, ShareReason::OutsideRoute)
            );
            // Little costs are not paid in full then.
            let little = said(&basic, &cover(80, facility), &visit(150_000, Some(45_000)));
            assert_eq!(little.0, 14_400);
        }
    }

    #[test]
    fn all_is_paid_at_a_station_of_little_costs_and_to_the_exempt() {
        let station = terms(FacilityLevel::Commune);
        let elsewhere = cover(80, Some("11034"));
        assert_eq!(
            said(&station, &elsewhere, &visit(600_000, Some(500_000))),
            (
                500_000,
                100,
                InsuranceRoute::CommuneStation,
                ShareReason::CommuneStation
            )
        );
        let basic = terms(FacilityLevel::Basic);
        assert_eq!(basic.small_cost(), Vnd::new(351_000));
        let here = cover(80, Some("11001"));
        let why =
            |cover: &InsuranceCover, tariff| said(&basic, cover, &visit(600_000, Some(tariff))).3;
        assert_eq!(why(&here, 350_999), ShareReason::SmallCost);
        assert_eq!(why(&here, 351_000), ShareReason::Benefit);
        assert_eq!(why(&cover(100, Some("11001")), 1), ShareReason::Benefit);

        let exempt = |five: &str, from: &str| InsuranceCover {
            five_years_from: Some(day(five)),
            exempt_from: Some(day(from)),
            ..cover(80, Some("11001"))
        };
        let why = |cover: InsuranceCover| why(&cover, 500_000);
        assert_eq!(why(exempt("2024-01-01", "2026-08-01")), ShareReason::Exempt);
        // Not five years yet; not yet certified; in another year.
        for (five, from) in [
            ("2027-01-01", "2026-08-01"),
            ("2024-01-01", "2026-12-02"),
            ("2024-01-01", "2025-08-01"),
        ] {
            assert_eq!(
                why(exempt(five, from)),
                ShareReason::Benefit,
                "{five} {from}"
            );
        }
    }

    #[test]
    fn what_is_not_covered_and_who_is_not_insured_then() {
        let basic = terms(FacilityLevel::Basic);
        let here = cover(80, Some("11001"));
        for tariff in [None, Some(0)] {
            let estimate = estimate(&basic, &here, &visit(100_000, tariff)).unwrap();
            assert_eq!(estimate.why, ShareReason::NotCovered);
            assert_eq!(
                (estimate.pays, estimate.remains),
                (Vnd::default(), Vnd::new(100_000))
            );
        }
        let until = |from: &str, to: &str| InsuranceCover {
            from: Some(day(from)),
            to: Some(day(to)),
            ..cover(80, Some("11001"))
        };
        let asked = visit(150_000, Some(45_000));
        let over = until("2026-01-01", "2026-11-30");
        assert_eq!(
            estimate(&basic, &over, &asked),
            Err(NotInsured::Expired {
                to: day("2026-11-30")
            })
        );
        let later = until("2026-12-02", "2027-12-01");
        assert_eq!(
            estimate(&basic, &later, &asked),
            Err(NotInsured::NotYet {
                from: day("2026-12-02")
            })
        );
        assert!(estimate(&basic, &until("2026-12-01", "2026-12-01"), &asked).is_ok());
    }

    #[test]
    fn terms_that_cannot_be_are_none() {
        let good = terms(FacilityLevel::Basic);
        assert_eq!(good.clone().checked().as_ref(), Ok(&good));
        for facility in ["", "1100", "110011", "1100a"] {
            let bad = InsuranceTerms {
                facility: facility.to_owned(),
                ..good.clone()
            };
            assert_eq!(bad.checked(), Err(BadInsuranceTerms::Facility));
        }
        let bad = InsuranceTerms {
            outside_route_percent: 101,
            ..good.clone()
        };
        assert_eq!(bad.checked(), Err(BadInsuranceTerms::Percent));
        let bad = InsuranceTerms {
            base_salary: Vnd::new(-1),
            ..good
        };
        assert_eq!(bad.checked(), Err(BadInsuranceTerms::BaseSalary));
        for level in FacilityLevel::ALL {
            assert_eq!(FacilityLevel::from_code(level.code()), Some(level));
        }
        assert_eq!(FacilityLevel::from_code(""), None);
    }

    fn arb_terms() -> impl Strategy<Value = InsuranceTerms> {
        (0..4_usize, 0..=100_u8, 0..5_000_000_i64, 0..=100_u8).prop_map(
            |(level, outside_route_percent, salary, small_cost_percent)| InsuranceTerms {
                outside_route_percent,
                base_salary: Vnd::new(salary),
                small_cost_percent,
                ..terms(FacilityLevel::ALL[level])
            },
        )
    }

    fn arb_cover() -> impl Strategy<Value = InsuranceCover> {
        let facility = prop_oneof![Just(None), Just(Some("11001")), Just(Some("11034"))];
        (0..=100_u8, facility, any::<bool>()).prop_map(|(benefit, facility, exempt)| {
            let since = exempt.then(|| day("2026-02-01"));
            InsuranceCover {
                five_years_from: since,
                exempt_from: since,
                ..cover(benefit, facility)
            }
        })
    }

    fn arb_visit() -> impl Strategy<Value = InsuredVisit> {
        let amount = prop_oneof![0..2_000_000_i64, any::<i64>()];
        (amount.clone(), proptest::option::of(amount), any::<bool>()).prop_map(
            |(price, tariff, has_referral)| InsuredVisit {
                has_referral,
                ..visit(price, tariff)
            },
        )
    }

    proptest! {
        #[test]
        fn both_parts_are_the_price_and_neither_is_negative(
            terms in arb_terms(), cover in arb_cover(), visit in arb_visit(),
        ) {
            let estimate = estimate(&terms, &cover, &visit).unwrap();
            let nothing = Vnd::default();
            prop_assert!(estimate.pays >= nothing && estimate.remains >= nothing);
            let sum = estimate.pays.checked_add(estimate.remains);
            prop_assert_eq!(sum, Some(visit.price.max(nothing)));
            prop_assert!(estimate.pays <= visit.tariff.unwrap_or_default().max(nothing));
            prop_assert!(estimate.percent <= 100);
        }

        #[test]
        fn the_right_route_never_pays_less(
            terms in arb_terms(), cover in arb_cover(), visit in arb_visit(),
        ) {
            let pays = |facility: &str, has_referral| {
                let cover = InsuranceCover { facility: Some(facility.to_owned()), ..cover.clone() };
                let visit = InsuredVisit { has_referral, ..visit };
                estimate(&terms, &cover, &visit).unwrap().pays
            };
            prop_assert!(pays("11001", false) >= pays("11034", false));
            prop_assert!(pays("11034", true) >= pays("11034", false));
            prop_assert_eq!(pays("11034", true), pays("11001", false));
        }

        #[test]
        fn a_higher_benefit_never_pays_less(
            terms in arb_terms(), cover in arb_cover(), visit in arb_visit(), more in 0..=100_u8,
        ) {
            let higher = InsuranceCover {
                benefit_percent: cover.benefit_percent.max(more),
                ..cover.clone()
            };
            let pays = |cover| estimate(&terms, cover, &visit).unwrap().pays;
            prop_assert!(pays(&higher) >= pays(&cover));
        }
    }
}
