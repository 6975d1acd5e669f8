//! What clinics ask a person to come again for, and the way from there to a booking.

use std::time::Duration;

use sokhoe_domain::{BookingState, ClinicId, Section, Timestamp};
use sokhoe_fhir::FollowUp;
use sokhoe_vault::{EntryQuery, StoredBooking};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{FindSlotsRequest, SlotCriteria};

/// So long before its days and after them a booking counts as the one that a slip asks for.
const EARLY: Duration = Duration::from_secs(7 * 86_400);
const LATE: Duration = Duration::from_secs(14 * 86_400);
/// A slip whose days are over is looked up for so long from now on.
const OVERDUE: Duration = Duration::from_secs(14 * 86_400);
/// Times that are looked for at once.
const TIMES: u32 = 20;

/// A re-examination slip.
#[derive(Clone, PartialEq, Eq)]
pub struct FollowUpView {
    /// The row of the book.
    pub entry_id: i64,
    /// Who asks.
    pub clinic_id: String,
    /// What that clinic is called.
    pub clinic_name: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// For what; empty when the slip does not say so.
    pub service: String,
    /// To whom; empty when the slip does not say so.
    pub practitioner: String,
    /// Why, in the clinic's words; may be empty.
    pub reason: String,
    /// When to come, and whether that is booked or over, as a sentence.
    pub text: String,
    /// Whether its days are over and nothing is booked.
    pub is_overdue: bool,
    /// The booking that was made for it, as far as can be told.
    pub booking_id: Option<String>,
    /// What to give to [`SoKhoe::find_slots`].
    pub search: FindSlotsRequest,
}

impl std::fmt::Debug for FollowUpView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowUpView")
            .field("entry_id", &self.entry_id)
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// What clinics ask a person to come again for, the earliest first, with the search that leads to a booking. Needs no
    /// network.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn follow_ups(&self, person_id: &str) -> Result<Vec<FollowUpView>, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let mut found = session.slips(&book)?;
        found.sort_by_key(|slip| (slip.from, slip.entry_id));
        Ok(found)
    }
}

impl Session {
    fn slips(&self, book: &OpenBook) -> Result<Vec<FollowUpView>, AppError> {
        let clinics = self.clinic_names()?;
        let bookings = book.vault.bookings()?;
        let now = self.now();
        let query = EntryQuery {
            section: Some(Section::Appointments),
            ..EntryQuery::default()
        };
        let mut found = Vec::new();
        for row in book.all_rows(query)? {
            if row.resource.kind != "Appointment" || row.status != "proposed" {
                continue;
            }
            let stored = book.vault.resource(&row.clinic, &row.resource)?;
            let Some(slip) = stored.and_then(|it| FollowUp::of_appointment(&it.json)) else {
                continue;
            };
            let booked = bookings
                .iter()
                .find(|booking| is_for(booking, &row.clinic, &slip));
            let is_overdue = booked.is_none() && slip.to <= now;
            let last = slip.to.minus(Duration::from_secs(1));
            let (key, values) = match booked {
                Some(booking) => (
                    "follow-up-booked",
                    vec![("when", self.words.when(booking.start, now))],
                ),
                None => (
                    if is_overdue {
                        "follow-up-overdue"
                    } else {
                        "follow-up-due"
                    },
                    vec![
                        ("from", self.words.day(slip.from, now)),
                        ("to", self.words.day(last.max(slip.from), now)),
                    ],
                ),
            };
            let name = |of: &Option<sokhoe_fhir::Ref>| {
                of.as_ref().map(|it| it.name.clone()).unwrap_or_default()
            };
            let from = slip.from.max(now);
            found.push(FollowUpView {
                entry_id: row.id,
                clinic_name: clinics.get(&row.clinic).cloned().unwrap_or_default(),
                from: slip.from,
                to: slip.to,
                service: name(&slip.service),
                practitioner: name(&slip.practitioner),
                reason: slip.reason,
                text: self.words.say_with(key, &values),
                is_overdue,
                booking_id: booked.map(|booking| booking.id.to_string()),
                search: FindSlotsRequest {
                    person_id: book.person.id.0.clone(),
                    clinic_id: row.clinic.0.clone(),
                    service_id: slip.service.map(|it| it.id).filter(|id| !id.is_empty()),
                    from,
                    to: if is_overdue {
                        now.plus(OVERDUE)
                    } else {
                        slip.to.max(from)
                    },
                    limit: TIMES,
                    criteria: slip
                        .practitioner
                        .map(|it| it.id)
                        .filter(|id| !id.is_empty())
                        .map(|id| SlotCriteria {
                            practitioner_id: Some(id),
                            ..SlotCriteria::default()
                        }),
                    // The slip is as good as a referral.
                    has_referral: true,
                },
                clinic_id: row.clinic.0,
            });
        }
        Ok(found)
    }
}

/// Whether a booking seems to be the one that a slip asks for: at the same clinic, around its days, of the same service or
/// doctor as far as it names them.
fn is_for(booking: &StoredBooking, clinic: &ClinicId, slip: &FollowUp) -> bool {
    let stands = matches!(
        booking.state,
        BookingState::WaitingForNetwork
            | BookingState::Sending
            | BookingState::Confirmed
            | BookingState::CheckedIn
            | BookingState::Fulfilled
    );
    let days = slip.from.minus(EARLY)..slip.to.plus(LATE);
    let service = slip.service.as_ref().map(|it| &it.name);
    let practitioner = slip.practitioner.as_ref().map(|it| &it.name);
    let names_nothing = service.is_none() && practitioner.is_none();
    stands
        && booking.clinic == *clinic
        && days.contains(&booking.start)
        && (names_nothing
            || service.is_some_and(|name| *name == booking.service)
            || practitioner.is_some_and(|name| *name == booking.practitioner))
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::ResourceKey;
    use sokhoe_fhir::bundle::Change;

    use super::*;
    use crate::Language;
    use crate::test_phone::{NoNetwork, TestPhone, booking};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_fhir(&format!("2026-{text}:00+07:00")).unwrap()
    }

    fn give(phone: &TestPhone, id: &str, first: &str, last: &str, status: &str) {
        let json = format!(
            r#"{{"resourceType":"Appointment","id":"{id}","status":"{status}","reasonCode":[{{"text":"Tăng huyết áp"}}],"requestedPeriod":[{{"start":"{first}","end":"{last}"}}],"participant":[{{"actor":{{"reference":"HealthcareService/kham-tim","display":"Khám tim"}},"status":"accepted"}},{{"actor":{{"reference":"Practitioner/bs-1","display":"BS. Hà"}},"status":"accepted"}}]}}"#
        );
        let change = Change::Put {
            key: ResourceKey::new("Appointment", id),
            version: None,
            json: &json,
        };
        phone.apply("mai", &[change], &[]);
    }

    #[test]
    fn a_slip_leads_to_times_with_its_doctor_within_its_days() {
        let phone = TestPhone::of(Language::En, &["mai", "an"], NoNetwork);
        give(&phone, "later", "2026-12-20", "2026-12-24", "proposed");
        give(&phone, "soon", "2026-11-20", "2026-12-02", "proposed");
        give(&phone, "missed", "2026-10-01", "2026-10-05", "proposed");
        give(&phone, "done", "2026-11-26", "2026-11-27", "fulfilled");
        let found = phone.app.follow_ups("mai").unwrap();
        let [missed, soon, later] = &found[..] else {
            panic!("{found:?}");
        };
        // It is the 24th of November, 08:30.
        assert_eq!(soon.search.from, at("11-24T08:30"));
        assert_eq!(
            (soon.search.to, soon.to),
            (at("12-03T00:00"), at("12-03T00:00"))
        );
        assert_eq!(
            (&*soon.reason, &*soon.practitioner),
            ("Tăng huyết áp", "BS. Hà")
        );
        assert_eq!(soon.search.service_id.as_deref(), Some("kham-tim"));
        let criteria = soon.search.criteria.as_ref().unwrap();
        assert_eq!(criteria.practitioner_id.as_deref(), Some("bs-1"));
        assert!(
            !soon.is_overdue && soon.text.starts_with("Come again"),
            "{}",
            soon.text
        );
        assert_eq!(later.search.from, at("12-20T00:00"));
        assert!(missed.is_overdue, "{missed:?}");
        assert_eq!(missed.search.to, at("12-08T08:30"));
        assert!(phone.app.follow_ups("an").unwrap().is_empty());

        // What is booked for it is told, until it is called off.
        let with = |state| StoredBooking {
            practitioner: "BS. Hà".to_owned(),
            state,
            ..booking(1, at("11-30T09:00"), at("11-24T08:30"))
        };
        phone.apply("mai", &[], &[with(BookingState::Confirmed)]);
        let booked = phone.app.follow_ups("mai").unwrap().remove(1);
        assert_eq!(
            booked.booking_id,
            Some(with(BookingState::Confirmed).id.to_string())
        );
        assert!(booked.text.starts_with("Booked"), "{}", booked.text);
        phone.apply("mai", &[], &[with(BookingState::Cancelled)]);
        assert_eq!(
            phone.app.follow_ups("mai").unwrap().remove(1).booking_id,
            None
        );
    }
}
