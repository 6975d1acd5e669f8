//! What health insurance (BHYT) would pay of a visit, and what remains: an estimate that says so.
//!
//! The rule is [`sokhoe_domain::insurance`]; what is known of the card is what clinics wrote into the book, the visit's own
//! clinic first.

use chrono::NaiveDate;
use sokhoe_domain::insurance::{
    InsuranceCover, InsuranceEstimate, InsuranceRoute, InsuranceTerms, InsuredVisit, NotInsured,
    ShareReason, estimate,
};
use sokhoe_domain::{ClinicId, ResourceKey, Vnd};
use sokhoe_fhir::{Appointment, CoverageView, InsuranceOrganization};
use sokhoe_qr::InsuranceNumber;
use sokhoe_qr::insurance_card::Benefit;

use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// Coverages of a person that are looked at.
const AT_MOST: u32 = 50;

/// What insurance would pay of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EstimateView {
    /// What it would pay; unset when that cannot be told.
    pub insurance_pays: Option<Vnd>,
    /// What would remain of the price; unset when that cannot be told.
    pub remains: Option<Vnd>,
    /// That it is an estimate, which share and why, and what to bring so that it holds; or why there is none.
    pub text: String,
}

/// What the book knows of a person's cards, those of the visit's clinic first.
struct KnownCards(Vec<CoverageView>);

/// What is known of insurance for the visits of a person to a clinic.
pub(crate) struct KnownInsurance {
    cards: KnownCards,
    /// How the clinic stands to it, as it told last.
    terms: Option<InsuranceTerms>,
    has_referral: bool,
}

impl KnownCards {
    /// The card that counts on a day: one that is valid then, else the one that ended last.
    fn on(&self, day: NaiveDate) -> Option<&CoverageView> {
        let valid = self.0.iter().find(|card| card.is_valid_on(day));
        valid.or_else(|| self.0.iter().max_by_key(|card| card.to))
    }

    /// By which route a person comes to a clinic on a day without a referral; nothing when no card is known.
    fn route(&self, terms: &InsuranceTerms, day: NaiveDate) -> Option<InsuranceRoute> {
        // The route hangs neither on the benefit nor on the days.
        let cover = InsuranceCover {
            from: None,
            to: None,
            ..cover(self.on(day)?, 0)
        };
        let visit = InsuredVisit {
            day,
            price: Vnd::default(),
            tariff: None,
            has_referral: false,
            is_emergency: false,
        };
        Some(estimate(terms, &cover, &visit).ok()?.route)
    }
}

fn cover(card: &CoverageView, benefit_percent: u8) -> InsuranceCover {
    InsuranceCover {
        benefit_percent,
        from: card.from,
        to: card.to,
        facility: card.facility.clone(),
        five_years_from: card.five_years_from,
        exempt_from: card.exempt_from,
    }
}

/// What the card's level pays; nothing when neither the card nor its number tells the level.
fn benefit_percent(card: &CoverageView) -> Option<u8> {
    let number = card.number.as_deref();
    let of_number = || number?.parse::<InsuranceNumber>().ok()?.benefit_level();
    let benefit = Benefit::of_level(card.level.or_else(of_number)?)?;
    Some(benefit.percent)
}

impl Session {
    /// What the book knows of a person's cards, as seen from a clinic.
    fn known_cards(&self, book: &OpenBook, clinic: &ClinicId) -> Result<KnownCards, AppError> {
        let coverages: Vec<(ClinicId, CoverageView)> = book
            .vault
            .resources_of_kind("Coverage", AT_MOST)?
            .into_iter()
            .filter_map(|it| Some((it.clinic, CoverageView::from_coverage(&it.json)?)))
            .collect();
        let links = self.account()?.links(&book.person.id)?;
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            links.into_iter().partition(|link| link.clinic == *clinic);
        for links in [here, elsewhere] {
            let mut cards = Vec::new();
            for link in links {
                let key = ResourceKey::new("Patient", link.patient_id);
                let patient = book.vault.resource(&link.clinic, &key)?;
                let told = patient.and_then(|patient| CoverageView::from_patient(&patient.json));
                let of_clinic = coverages.iter().filter(|(of, _)| *of == link.clinic);
                let before = cards.len();
                cards.extend(of_clinic.map(|(_, card)| with_number(card.clone(), told.as_ref())));
                if cards.len() == before {
                    cards.extend(told);
                }
            }
            if !cards.is_empty() {
                return Ok(KnownCards(cards));
            }
        }
        Ok(KnownCards(Vec::new()))
    }

    /// Keeps how a clinic stands to the insurance, as it told beside free times; nothing when it tells no more.
    pub(crate) fn remember_terms(
        &self,
        clinic: &ClinicId,
        organization: Option<&str>,
    ) -> Result<(), AppError> {
        let account = self.account()?;
        if account.insurance_terms(clinic)?.as_deref() != organization {
            account.set_insurance_terms(clinic, organization)?;
        }
        Ok(())
    }

    /// How a clinic stands to the insurance, as it told last.
    fn terms_of(&self, clinic: &ClinicId) -> Result<Option<InsuranceTerms>, AppError> {
        let told = self.account()?.insurance_terms(clinic)?;
        Ok(told.and_then(|json| InsuranceOrganization::from_json(&json).ok()?.terms))
    }

    /// What is known of insurance for the visits of a person to a clinic.
    pub(crate) fn insurance_of(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
        has_referral: bool,
    ) -> Result<KnownInsurance, AppError> {
        Ok(KnownInsurance {
            cards: self.known_cards(book, clinic)?,
            terms: self.terms_of(clinic)?,
            has_referral,
        })
    }

    /// Whether insurance would pay more on a day to a person who brings a referral slip, as far as that is known.
    pub(crate) fn referral_helps(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
        day: NaiveDate,
    ) -> Result<bool, AppError> {
        let known = self.insurance_of(book, clinic, false)?;
        Ok(known.terms.is_some_and(|terms| {
            let route = known.cards.route(&terms, day);
            terms.outside_route_percent < 100 && route.is_some_and(|route| !route.is_right())
        }))
    }

    /// What insurance would pay of a visit; nothing when nothing is known that is worth saying.
    pub(crate) fn estimate_of(
        &self,
        known: &KnownInsurance,
        offer: &Appointment,
    ) -> Option<EstimateView> {
        let visit = InsuredVisit {
            day: offer.start?.vietnam_day(),
            price: offer.price?,
            tariff: offer.insured_tariff,
            has_referral: known.has_referral,
            is_emergency: false,
        };
        let card = known.cards.on(visit.day);
        let Some(terms) = &known.terms else {
            return card.map(|_| self.no_estimate("estimate-no-terms"));
        };
        let is_covered = visit.tariff.is_some_and(|tariff| tariff > Vnd::default());
        let Some(card) = card.filter(|_| is_covered) else {
            return Some(match is_covered {
                true => self.no_estimate("estimate-no-card"),
                false => self.not_covered(visit.price),
            });
        };
        let percent = benefit_percent(card);
        let cover = cover(card, percent.unwrap_or(0));
        let on_day = |key, day: NaiveDate| EstimateView {
            text: self
                .words
                .say_with(key, &[("day", day.format("%d/%m/%Y").to_string())]),
            ..self.no_estimate(key)
        };
        Some(match estimate(terms, &cover, &visit) {
            Err(NotInsured::Expired { to }) => on_day("estimate-expired", to),
            Err(NotInsured::NotYet { from }) => on_day("estimate-not-yet-valid", from),
            Ok(estimate) if percent.is_none() && estimate.why != ShareReason::CommuneStation => {
                self.no_estimate("estimate-level-unknown")
            }
            Ok(estimate) => EstimateView {
                insurance_pays: Some(estimate.pays),
                remains: Some(estimate.remains),
                text: self.estimate_text(&estimate, terms, &cover, &visit),
            },
        })
    }

    fn no_estimate(&self, key: &str) -> EstimateView {
        EstimateView {
            insurance_pays: None,
            remains: None,
            text: self.words.say(key),
        }
    }

    fn not_covered(&self, price: Vnd) -> EstimateView {
        let remains = [("remains", price.to_string())];
        EstimateView {
            insurance_pays: Some(Vnd::default()),
            remains: Some(price),
            text: self.words.say_with("estimate-not-covered", &remains),
        }
    }

    /// How much, why, and what to bring so that it holds.
    fn estimate_text(
        &self,
        estimate: &InsuranceEstimate,
        terms: &InsuranceTerms,
        cover: &InsuranceCover,
        visit: &InsuredVisit,
    ) -> String {
        let values = [
            ("pays", estimate.pays.to_string()),
            ("remains", estimate.remains.to_string()),
            ("percent", estimate.percent.to_string()),
            ("tariff", visit.tariff.unwrap_or_default().to_string()),
            ("limit", terms.small_cost().to_string()),
            ("benefit", cover.benefit_percent.to_string()),
        ];
        let how_much = match estimate.pays > Vnd::default() {
            true => "estimate-pays",
            false => "estimate-pays-nothing",
        };
        let why = match (estimate.why, estimate.route) {
            (ShareReason::NotCovered, _) => None,
            (ShareReason::CommuneStation, _) => Some("estimate-commune-station"),
            (ShareReason::SmallCost, _) => Some("estimate-small-cost"),
            (ShareReason::Exempt, _) => Some("estimate-exempt"),
            (ShareReason::OutsideRoute, InsuranceRoute::Unknown) => Some("estimate-route-unknown"),
            (ShareReason::OutsideRoute, _) => Some("estimate-outside-route"),
            (ShareReason::Benefit, InsuranceRoute::Referral) => Some("estimate-referral"),
            (ShareReason::Benefit, InsuranceRoute::Emergency) => Some("estimate-emergency"),
            (ShareReason::Benefit, _) => Some("estimate-registered"),
        };
        let bring = match estimate.route {
            InsuranceRoute::Referral => "estimate-bring-referral",
            InsuranceRoute::Outside | InsuranceRoute::Unknown
                if terms.outside_route_percent < 100 =>
            {
                "estimate-referral-helps"
            }
            _ => "estimate-bring-card",
        };
        // A card without a last day is valid until somebody says otherwise; one of which no day is known may be over.
        let is_told = cover.from.is_some() || cover.to.is_some();
        let if_valid = (!is_told).then_some("estimate-if-valid");
        let said: Vec<String> = [Some(how_much), why, if_valid, Some(bring)]
            .into_iter()
            .flatten()
            .map(|key| self.words.say_with(key, &values))
            .collect();
        said.join(" ")
    }
}

/// A card, with what the person's Patient tells of the same one.
fn with_number(card: CoverageView, told: Option<&CoverageView>) -> CoverageView {
    let same = told.filter(|told| card.number.is_none() || card.number == told.number);
    match same {
        Some(told) => card.or(told.clone()),
        None => card,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use sokhoe_domain::insurance::FacilityLevel;
    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
    use sokhoe_domain::{Paper, VisitKind};
    use sokhoe_fhir::AppointmentStatus;
    use sokhoe_fhir::bundle::Change;

    use super::*;
    use crate::test_phone::{TestPhone, booking, clinic};
    use crate::{FindSlotsRequest, Language, SlotView};

    const MAI: &str = "mai";
    const NUMBER: &str = "DN4110123456789";

    /// A clinic that offers one time, and tells its terms when it has any.
    #[derive(Default)]
    struct Offers(Mutex<Option<InsuranceTerms>>, Mutex<Option<i64>>);

    impl Transport for Offers {
        fn send(
            &self,
            _: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            let time = Appointment {
                id: Some("free".to_owned()),
                status: AppointmentStatus::Proposed,
                start: sokhoe_domain::Timestamp::parse_fhir("2026-12-01T08:30:00+07:00"),
                price: Some(Vnd::new(600_000)),
                insured_tariff: self.1.lock().unwrap().map(Vnd::new),
                ..Appointment::default()
            };
            let told = InsuranceOrganization {
                id: "clinic-a".to_owned(),
                name: "A".to_owned(),
                terms: self.0.lock().unwrap().clone(),
            };
            let answer = format!(
                r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{}}},{{"resource":{}}}]}}"#,
                time.to_json(),
                told.to_json()
            );
            Box::pin(async move { Ok(http::Response::new(answer.into())) })
        }
    }

    fn terms() -> InsuranceTerms {
        InsuranceTerms {
            facility: "11001".to_owned(),
            level: FacilityLevel::Basic,
            outside_route_percent: 50,
            base_salary: InsuranceTerms::BASE_SALARY,
            small_cost_percent: InsuranceTerms::SMALL_COST_PERCENT,
        }
    }

    fn phone(terms: Option<InsuranceTerms>, tariff: Option<i64>) -> TestPhone<Offers> {
        let clinic = Offers(Mutex::new(terms), Mutex::new(tariff));
        TestPhone::of(Language::En, &[MAI], clinic)
    }

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    fn card() -> CoverageView {
        CoverageView {
            number: Some(NUMBER.to_owned()),
            from: day("2026-01-01"),
            to: day("2026-12-31"),
            facility: Some("11001".to_owned()),
            ..CoverageView::default()
        }
    }

    /// The clinic writes the card into the book.
    fn knows(phone: &TestPhone<Offers>, card: &CoverageView) {
        let json = card.to_coverage("the", MAI, "BHXH");
        put(phone, "Coverage", "the", &json);
    }

    fn put(phone: &TestPhone<Offers>, kind: &str, id: &str, json: &str) {
        let change = Change::Put {
            key: ResourceKey::new(kind, id),
            version: None,
            json,
        };
        phone.apply(MAI, &[change], &[]);
    }

    async fn found(phone: &TestPhone<Offers>, has_referral: bool) -> SlotView {
        let from = phone.app.inner.now();
        let request = FindSlotsRequest {
            person_id: MAI.to_owned(),
            clinic_id: clinic().id.0,
            service_id: None,
            from,
            to: from.plus(Duration::from_secs(30 * 86_400)),
            limit: 10,
            criteria: None,
            has_referral,
        };
        phone.app.find_slots(request).await.unwrap().remove(0)
    }

    async fn estimated(phone: &TestPhone<Offers>, has_referral: bool) -> (Option<i64>, String) {
        let estimate = found(phone, has_referral).await.estimate.unwrap();
        let sum = estimate
            .insurance_pays
            .map(|pays| pays.checked_add(estimate.remains.unwrap()).unwrap());
        assert_eq!(sum, estimate.insurance_pays.map(|_| Vnd::new(600_000)));
        (estimate.insurance_pays.map(Vnd::dong), estimate.text)
    }

    #[tokio::test]
    async fn an_estimate_says_how_much_why_and_what_to_bring() {
        let phone = phone(Some(terms()), Some(500_000));
        knows(&phone, &card());
        let (pays, text) = estimated(&phone, false).await;
        assert_eq!(pays, Some(400_000));
        assert_eq!(
            text,
            "Estimate: insurance (BHYT) pays 400.000 đ, 200.000 đ remain to be paid. Right route (the card is registered \
             here): insurance pays 80% of its tariff of 500.000 đ. Bring the insurance card, the citizen card or VNeID."
        );
        let elsewhere = CoverageView {
            facility: Some("11034".to_owned()),
            ..card()
        };
        knows(&phone, &elsewhere);
        let (pays, text) = estimated(&phone, false).await;
        assert_eq!(pays, Some(200_000));
        assert!(
            text.contains("Wrong route") && text.contains("With a referral slip"),
            "{text}"
        );
        let (pays, text) = estimated(&phone, true).await;
        assert_eq!(pays, Some(400_000));
        assert!(text.contains("Bring that slip"), "{text}");

        *phone.clinic.1.lock().unwrap() = Some(45_000);
        let (pays, text) = estimated(&phone, true).await;
        assert_eq!(pays, Some(45_000));
        assert!(
            text.contains("less than 351.000 đ") && text.contains("80% only"),
            "{text}"
        );
        *phone.clinic.0.lock().unwrap() = Some(InsuranceTerms {
            outside_route_percent: 0,
            ..terms()
        });
        let (pays, text) = estimated(&phone, false).await;
        assert_eq!(pays, Some(0));
        assert!(
            text.starts_with("Estimate: insurance (BHYT) pays nothing"),
            "{text}"
        );
        *phone.clinic.0.lock().unwrap() = Some(InsuranceTerms {
            level: FacilityLevel::Commune,
            ..terms()
        });
        assert_eq!(estimated(&phone, false).await.0, Some(45_000));
    }

    #[tokio::test]
    async fn what_cannot_be_told_is_said_instead_of_a_number() {
        let phone = phone(None, Some(500_000));
        assert_eq!(
            found(&phone, false).await.estimate,
            None,
            "nothing is known"
        );
        let said = async |phone: &TestPhone<Offers>, begin: &str| {
            let (pays, text) = estimated(phone, true).await;
            assert_eq!(pays, None, "{text}");
            assert!(text.contains(begin), "{text}");
        };
        *phone.clinic.0.lock().unwrap() = Some(terms());
        said(&phone, "there is no card in the book").await;
        let patient = format!(
            r#"{{"resourceType":"Patient","id":"{MAI}","identifier":[{{"system":"http://fhir.hl7.org.vn/core/sid/bhyt","value":"0123456789"}}]}}"#
        );
        put(&phone, "Patient", MAI, &patient);
        said(&phone, "does not tell the benefit level").await;
        put(
            &phone,
            "Patient",
            MAI,
            &patient.replace("0123456789", NUMBER),
        );
        let (pays, text) = estimated(&phone, true).await;
        assert_eq!(pays, Some(400_000));
        assert!(text.contains("only if the card is valid"), "{text}");
        let over = CoverageView {
            to: day("2026-11-30"),
            ..card()
        };
        knows(&phone, &over);
        said(&phone, "valid until 30/11/2026").await;
        let later = CoverageView {
            from: day("2026-12-02"),
            ..card()
        };
        knows(&phone, &later);
        said(&phone, "valid from 02/12/2026 on").await;
        *phone.clinic.0.lock().unwrap() = None;
        said(&phone, "does not tell its terms").await;

        *phone.clinic.0.lock().unwrap() = Some(terms());
        *phone.clinic.1.lock().unwrap() = None;
        let (pays, text) = estimated(&phone, false).await;
        assert_eq!(pays, Some(0));
        assert!(text.contains("does not cover this"), "{text}");
    }

    #[tokio::test]
    async fn a_referral_is_asked_for_where_insurance_pays_more_with_it() {
        let phone = phone(Some(terms()), Some(500_000));
        let now = phone.app.inner.now();
        let visit = booking(1, now, now);
        let id = visit.id.to_string();
        phone.apply(MAI, &[], &[visit]);
        let elsewhere = CoverageView {
            facility: Some("11034".to_owned()),
            ..card()
        };
        knows(&phone, &elsewhere);
        let asks = |phone: &TestPhone<Offers>, kind| {
            let papers = phone.app.papers(MAI, &id, kind).unwrap();
            let named: Vec<_> = papers.iter().map(|it| it.paper).collect();
            let card = named.iter().position(|it| *it == Paper::InsuranceCard);
            card.is_some_and(|card| named.get(card + 1) == Some(&Paper::Referral))
        };
        assert!(
            !asks(&phone, VisitKind::First),
            "the clinic told nothing yet"
        );
        found(&phone, false).await;
        // Also when there is no network and the app was begun anew.
        let phone = phone.restarted();
        assert!(asks(&phone, VisitKind::First));
        assert!(!asks(&phone, VisitKind::FollowUp) && !asks(&phone, VisitKind::Remote));
        knows(&phone, &card());
        assert!(!asks(&phone, VisitKind::First), "it is registered there");
    }
}
