//! What can be booked, and when.

use chrono::Weekday;
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::trip::FreeTime;
use sokhoe_domain::{ClinicId, Criteria, GrantScope, NoSuchMinutes, TimesOfWeek, Wire};
use sokhoe_fhir::{Appointment, Coded, FindRequest, Ref};
use sokhoe_qr::PublicKey;
use sokhoe_sync::{Lane, SlotSearch};
use sokhoe_vault::ClinicRecord;

use crate::error::AppError;
use crate::insurance::KnownInsurance;
use crate::session::{Session, SoKhoe};
use crate::views::{FindSlotsRequest, ServiceView, SlotCriteria, SlotView};

impl SoKhoe {
    /// The services a clinic offers.
    ///
    /// # Errors
    /// [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`].
    pub async fn services(&self, clinic_id: &str) -> Result<Vec<ServiceView>, AppError> {
        let session = &*self.inner;
        let clinic = session.clinic(clinic_id)?;
        let client = session.client(&clinic)?;
        let services = match clinic.wire {
            Wire::Clinic => client.services().await?,
            Wire::Server => sokhoe_sync::services_of_server(&client).await?,
        };
        Ok(services
            .into_iter()
            .filter(|service| service.active)
            .map(|service| {
                let specialty = service.specialty.unwrap_or_default();
                ServiceView {
                    id: service.id,
                    name: service.name,
                    specialty_code: code(&specialty).to_owned(),
                    specialty: specialty.name,
                    price_text: service
                        .price
                        .map(|price| price.to_string())
                        .unwrap_or_default(),
                }
            })
            .collect())
    }

    /// Free times at a clinic that have what is wanted, the nearest first. At any other FHIR server these are its free
    /// Slots, and what it does not tell of them is empty. What a clinic tells otherwise than wanted never comes; what it
    /// does not tell comes only when [`SlotCriteria::untold_too`] says so.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`].
    /// A server where a time cannot be taken safely is [`AppError::BadAnswer`] with
    /// [`sokhoe_domain::Refusal::TAKES_NO_BOOKINGS`]: that clinic is to be called.
    pub async fn find_slots(&self, request: FindSlotsRequest) -> Result<Vec<SlotView>, AppError> {
        if request.to <= request.from {
            return Err(AppError::invalid("to", "must lie after from"));
        }
        if !(1..=100).contains(&request.limit) {
            return Err(AppError::invalid("limit", "must be 1 to 100"));
        }
        let criteria = request.criteria.as_ref().map(wanted).transpose()?;
        let criteria = criteria.unwrap_or_default();
        let session = &*self.inner;
        let (book, clinic) = (
            session.book(&request.person_id)?,
            session.clinic(&request.clinic_id)?,
        );
        session.granted(&book.person.id, &clinic.id, GrantScope::Book)?;
        let patient = session.patient_at(&book.person.id, &clinic.id)?;
        if clinic.wire == Wire::Server {
            let wanted = SlotSearch {
                from: request.from,
                to: request.to,
                service: request.service_id,
                criteria: criteria.clone(),
                limit: usize::try_from(request.limit).unwrap_or(usize::MAX),
            };
            let lane = session.lane(&clinic, patient)?;
            let offers = session.engine(&book).free_slots(&lane, &wanted).await?;
            return Ok(session.slot_views(&clinic.id, &criteria, offers, None));
        }
        let find = FindRequest {
            start: request.from,
            end: request.to,
            service: request.service_id,
            criteria,
            location: None,
            patient: Some(patient),
        };
        let found = session.client(&clinic)?.find(&find, request.limit).await?;
        if !found.times.is_empty() {
            session.remember_terms(&clinic.id, found.insurance.as_deref())?;
        }
        let insurance = session.insurance_of(&book, &clinic.id, request.has_referral)?;
        let times = found.times;
        Ok(session.slot_views(&clinic.id, &find.criteria, times, Some(&insurance)))
    }
}

/// Weekdays, 1 for Monday to 7 for Sunday; nothing when one is none.
pub(crate) fn weekdays(numbers: &[u32]) -> Option<Vec<Weekday>> {
    numbers
        .iter()
        .map(|number| Weekday::try_from(u8::try_from(number.checked_sub(1)?).ok()?).ok())
        .collect()
}

/// A free time, as those choose that want several.
pub(crate) fn free_time(slot: &SlotView) -> FreeTime<'_> {
    FreeTime {
        start: slot.start,
        end: slot.end,
        at: &slot.practitioner_id,
    }
}

/// What somebody wants, as the core knows it.
pub(crate) fn wanted(asked: &SlotCriteria) -> Result<Criteria, AppError> {
    let minute = |minute| u16::try_from(minute).unwrap_or(u16::MAX);
    let times = TimesOfWeek::default()
        .between(minute(asked.from_minute), minute(asked.until_minute))
        .map_err(|error: NoSuchMinutes| {
            AppError::invalid("criteria.until_minute", &error.to_string())
        })?;
    let weekdays = weekdays(&asked.weekdays)
        .ok_or_else(|| AppError::invalid("criteria.weekdays", "must be 1 to 7"))?;
    let named = |field: &str, text: &Option<String>| match text.as_deref().map(str::trim) {
        Some("") => Err(AppError::invalid(field, "must not be empty")),
        text => Ok(text.map(str::to_owned)),
    };
    let practitioner = named("criteria.practitioner_id", &asked.practitioner_id)?;
    if practitioner.as_deref().is_some_and(|id| !is_fhir_id(id)) {
        return Err(AppError::invalid(
            "criteria.practitioner_id",
            "must be a doctor's id",
        ));
    }
    let language = named("criteria.language", &asked.language)?;
    let is_code = |code: &str| code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if language.as_deref().is_some_and(|code| !is_code(code)) {
        return Err(AppError::invalid(
            "criteria.language",
            "must be a code of BCP 47 such as hmn",
        ));
    }
    Ok(Criteria {
        times: times.on_weekdays(weekdays),
        practitioner,
        specialty: named("criteria.specialty", &asked.specialty)?,
        max_price: asked.max_price,
        language,
        step_free: asked.step_free,
        mode: asked.mode,
        untold_too: asked.untold_too,
    })
}

/// By this a speciality is found again: its code, or its name where it has none.
fn code(specialty: &Coded) -> &str {
    match specialty.code.is_empty() {
        true => &specialty.name,
        false => &specialty.code,
    }
}

impl Session {
    /// A person's Patient id at a clinic.
    pub(crate) fn patient_at(
        &self,
        person: &sokhoe_domain::PersonId,
        clinic: &ClinicId,
    ) -> Result<String, AppError> {
        let links = self.account()?.links(person)?;
        links
            .into_iter()
            .find(|link| link.clinic == *clinic)
            .map(|link| link.patient_id)
            .ok_or_else(|| AppError::not_found("clinic"))
    }

    /// A person's way to one clinic.
    pub(crate) fn lane(&self, clinic: &ClinicRecord, patient_id: String) -> Result<Lane, AppError> {
        Ok(Lane {
            client: self.client(clinic)?,
            wire: clinic.wire,
            public_key: PublicKey::from_bytes(clinic.public_key),
            clinic: clinic.id.clone(),
            patient_id,
        })
    }

    /// What was offered, as far as it is what was wanted: a clinic may not have heeded all of it.
    fn slot_views(
        &self,
        clinic: &ClinicId,
        criteria: &Criteria,
        offers: Vec<Appointment>,
        insurance: Option<&KnownInsurance>,
    ) -> Vec<SlotView> {
        offers
            .into_iter()
            .filter_map(|offer| {
                let estimate = insurance.and_then(|it| self.estimate_of(it, &offer));
                let view = self.slot_view(clinic, criteria, offer)?;
                Some(SlotView { estimate, ..view })
            })
            .collect()
    }

    fn slot_view(
        &self,
        clinic: &ClinicId,
        criteria: &Criteria,
        offer: Appointment,
    ) -> Option<SlotView> {
        let untold = criteria.untold(&offer.facts())?;
        let start = offer.start?;
        if !criteria.times.allows(start) || !(criteria.untold_too || untold.is_empty()) {
            return None;
        }
        let name = |reference: Option<Ref>| reference.map(|r| r.name).unwrap_or_default();
        let practitioner = offer.practitioner.unwrap_or_default();
        let words = &self.words;
        Some(SlotView {
            id: offer.id?,
            clinic_id: clinic.0.clone(),
            start,
            end: offer.end.unwrap_or(start),
            when_text: words.when(start, self.now()),
            service: name(offer.service),
            practitioner: practitioner.name,
            location: name(offer.location),
            price_text: offer
                .price
                .map(|price| price.to_string())
                .unwrap_or_default(),
            price: offer.price,
            estimate: None,
            practitioner_id: practitioner.id,
            specialty: offer
                .specialty
                .map(|specialty| specialty.name)
                .unwrap_or_default(),
            languages_text: words.languages(&offer.languages),
            languages: offer.languages,
            step_free_text: words.step_free(offer.step_free),
            step_free: offer.step_free,
            mode_text: words.visit_mode(offer.mode),
            mode: offer.mode,
            deadline: offer
                .changeable_until
                .map(|until| self.deadline_of(until, self.clinic_now(clinic))),
            untold_text: words.untold(&untold),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
    use sokhoe_domain::{VisitMode, Vnd};
    use sokhoe_vault::ClinicRecord;

    use super::*;
    use crate::Language;
    use crate::test_phone::{TestPhone, clinic, clock, config, person};

    /// A FHIR server without free times, which takes bookings when `transactions` says so.
    #[derive(Default)]
    struct EmptyServer {
        transactions: Mutex<bool>,
        asked: Mutex<Vec<String>>,
    }

    impl Transport for EmptyServer {
        fn send(
            &self,
            request: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            let kind = request.uri().path().rsplit('/').next().unwrap().to_owned();
            let answer = match &*kind {
                "metadata" => {
                    let way = match *self.transactions.lock().unwrap() {
                        true => "transaction",
                        false => "batch",
                    };
                    let resource = |kind: &str| {
                        format!(
                            r#"{{"type":"{kind}","interaction":[{{"code":"read"}},{{"code":"search-type"}},{{"code":"update"}}]}}"#
                        )
                    };
                    format!(
                        r#"{{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{{"mode":"server","interaction":[{{"code":"{way}"}}],"resource":[{},{}]}}]}}"#,
                        resource("Slot"),
                        resource("Appointment")
                    )
                }
                _ => r#"{"resourceType":"Bundle","type":"searchset"}"#.to_owned(),
            };
            self.asked.lock().unwrap().push(kind);
            Box::pin(async move { Ok(http::Response::new(answer.into())) })
        }
    }

    /// A clinic that knows nothing of criteria: it answers with whatever is free.
    struct HeedsNothing(String);

    impl Transport for HeedsNothing {
        fn send(
            &self,
            _: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            let answer = http::Response::new(self.0.clone().into());
            Box::pin(async move { Ok(answer) })
        }
    }

    fn heeds_nothing() -> TestPhone<HeedsNothing> {
        let offer = |id: &str, hour: u8, more: &str| {
            format!(
                r#"{{"resource":{{"resourceType":"Appointment","id":"{id}","status":"proposed","start":"2026-11-25T{hour:02}:00:00+07:00",{more}
                    "participant":[{{"actor":{{"reference":"Practitioner/bs-{id}","display":"BS. {id}"}},"status":"needs-action"}}]}}}}"#
            )
        };
        let extension = |name: &str, value: &str| {
            format!(r#"{{"url":"https://sokhoe.vn/fhir/StructureDefinition/{name}",{value}}}"#)
        };
        let told = [
            extension("spoken-language", r#""valueCode":"vi""#),
            extension("spoken-language", r#""valueCode":"hmn""#),
            extension("spoken-language", r#""valueCode":"qya""#),
            extension("step-free", r#""valueBoolean":true"#),
            extension("visit-mode", r#""valueCoding":{"code":"AMB"}"#),
            extension(
                "estimated-price",
                r#""valueMoney":{"value":150000,"currency":"VND"}"#,
            ),
        ];
        let specialty = r#""specialty":[{"coding":[{"code":"tim-mach"}],"text":"Tim mạch"}],"#;
        let told = format!(r#""extension":[{}],{specialty}"#, told.join(","));
        let steps = format!(
            r#""extension":[{}],"#,
            extension("step-free", r#""valueBoolean":false"#)
        );
        let offers = [
            offer("told", 8, &told),
            offer("silent", 9, ""),
            offer("steps", 10, &steps),
        ];
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"searchset","entry":[{}]}}"#,
            offers.join(",")
        );
        TestPhone::of(Language::En, &["mai"], HeedsNothing(bundle))
    }

    async fn found(
        phone: &TestPhone<HeedsNothing>,
        criteria: Option<SlotCriteria>,
    ) -> Result<Vec<SlotView>, AppError> {
        let from = phone.app.inner.now();
        let request = FindSlotsRequest {
            person_id: "mai".to_owned(),
            clinic_id: "a".to_owned(),
            from,
            to: from.plus(Duration::from_secs(7 * 86_400)),
            service_id: None,
            limit: 5,
            criteria,
            has_referral: false,
        };
        phone.app.find_slots(request).await
    }

    #[tokio::test]
    async fn what_a_clinic_tells_is_shown_and_what_it_does_not_tell_is_said() {
        let phone = heeds_nothing();
        let slots = found(&phone, None).await.unwrap();
        let [told, silent, steps] = &*slots else {
            panic!("{slots:#?}");
        };
        assert_eq!(told.languages_text, "Spoken there: Vietnamese, Hmong, qya");
        assert_eq!(told.languages, ["vi", "hmn", "qya"]);
        assert_eq!(told.step_free_text, "Step-free way in");
        assert_eq!(
            (told.mode, told.price),
            (Some(VisitMode::InPerson), Some(Vnd::new(150_000)))
        );
        assert_eq!(
            (&*told.practitioner_id, &*told.specialty),
            ("bs-told", "Tim mạch")
        );
        for text in [
            &silent.languages_text,
            &silent.step_free_text,
            &silent.mode_text,
        ] {
            assert!(text.ends_with("the hospital does not say"), "{text}");
        }
        assert_eq!(
            (silent.step_free, silent.mode, silent.price),
            (None, None, None)
        );
        assert_eq!(steps.step_free_text, "There are steps or stairs");
        assert!(slots.iter().all(|slot| slot.untold_text.is_empty()));
    }

    #[tokio::test]
    async fn what_a_clinic_did_not_heed_the_phone_heeds() {
        let phone = heeds_nothing();
        let any = SlotCriteria::default;
        let accessible = SlotCriteria {
            step_free: true,
            language: Some("HMN".to_owned()),
            ..any()
        };
        let or_untold = SlotCriteria {
            untold_too: true,
            ..accessible.clone()
        };
        let late = SlotCriteria {
            from_minute: 9 * 60,
            until_minute: 10 * 60,
            ..any()
        };
        let sundays = SlotCriteria {
            weekdays: vec![7],
            ..any()
        };
        let cheap = SlotCriteria {
            max_price: Some(Vnd::new(149_999)),
            ..any()
        };
        let hearts = SlotCriteria {
            specialty: Some("tim-mach".to_owned()),
            practitioner_id: Some("bs-told".to_owned()),
            mode: Some(VisitMode::InPerson),
            ..any()
        };
        for (criteria, ids) in [
            (any(), vec!["told", "silent", "steps"]),
            (accessible, vec!["told"]),
            (or_untold.clone(), vec!["told", "silent"]),
            (late, vec!["silent"]),
            (sundays, vec![]),
            (cheap, vec![]),
            (hearts, vec!["told"]),
        ] {
            let slots = found(&phone, Some(criteria.clone())).await.unwrap();
            let found: Vec<&str> = slots.iter().map(|slot| &*slot.id).collect();
            assert_eq!(found, ids, "{criteria:?}");
        }
        let slots = found(&phone, Some(or_untold)).await.unwrap();
        assert_eq!(
            slots
                .iter()
                .map(|slot| &*slot.untold_text)
                .collect::<Vec<_>>(),
            [
                "",
                "The hospital does not say: the languages, whether there are steps. Call and ask before you book."
            ]
        );
    }

    #[tokio::test]
    async fn what_nobody_can_want_is_refused() {
        type Change = fn(&mut SlotCriteria);
        let phone = heeds_nothing();
        let bad: [(&str, Change); 7] = [
            ("criteria.weekdays", |it| it.weekdays = vec![0]),
            ("criteria.weekdays", |it| it.weekdays = vec![8]),
            ("criteria.until_minute", |it| it.until_minute = 1_441),
            ("criteria.until_minute", |it| it.from_minute = 1_440),
            ("criteria.practitioner_id", |it| {
                it.practitioner_id = Some("BS. Mai".to_owned());
            }),
            ("criteria.language", |it| {
                it.language = Some("tiếng Mông".to_owned())
            }),
            ("criteria.specialty", |it| {
                it.specialty = Some(" ".to_owned())
            }),
        ];
        for (field, change) in bad {
            let mut criteria = SlotCriteria::default();
            change(&mut criteria);
            let refused = found(&phone, Some(criteria)).await.unwrap_err();
            let is_of_field =
                matches!(&refused, AppError::Validation { field: of, .. } if of == field);
            assert!(is_of_field, "{field}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn what_a_server_can_is_asked_once_a_day_by_all_of_a_phone() {
        let record = ClinicRecord {
            wire: Wire::Server,
            ..clinic()
        };
        let phone = TestPhone::new(config(Language::En), 1, EmptyServer::default(), clock());
        let phone = phone.enrol(&record, ["mai", "an"].map(person));
        let look = async |person: &str| {
            let from = phone.app.inner.now();
            let request = FindSlotsRequest {
                person_id: person.to_owned(),
                clinic_id: "a".to_owned(),
                from,
                to: from.plus(Duration::from_secs(86_400)),
                service_id: None,
                limit: 5,
                criteria: None,
                has_referral: false,
            };
            let found = phone.app.find_slots(request).await;
            let asked = std::mem::take(&mut *phone.clinic.asked.lock().unwrap());
            let metadata = asked.iter().filter(|kind| *kind == "metadata").count();
            assert_eq!(found.is_ok(), asked.iter().any(|kind| kind == "Slot"));
            (found.is_ok(), metadata)
        };
        // A "no" may be over by now.
        for _ in 0..2 {
            assert_eq!(look("mai").await, (false, 1));
        }
        *phone.clinic.transactions.lock().unwrap() = true;
        for (person, asks) in [("mai", 1), ("mai", 0), ("an", 0)] {
            assert_eq!(look(person).await, (true, asks), "{person}");
        }
        phone.clock.advance(Duration::from_secs(86_400));
        assert_eq!(look("an").await, (true, 1));
    }
}
