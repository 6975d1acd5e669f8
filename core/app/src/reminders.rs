//! What the phone reminds of without a network: appointments, and medicines whose times are wholly understood.
//!
//! Computed from the book alone, so that the phone can schedule it ahead and needs nothing when the time
//! comes. A wrong reminder is worse than none: what a prescription does not say exactly
//! ([`sokhoe_fhir::timing`]) is not reminded of, and the person is told to look at the prescription. So often a
//! day, without times, is reminded of at the person's own times, and the reminder says whose they are.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{Days, NaiveTime};
use ring::digest::{SHA256, digest};
use sokhoe_domain::{BookingState, ClinicId, ResourceKey, Section, Timestamp};
use sokhoe_fhir::json::Document;
use sokhoe_fhir::slot_booking::intent_of;
use sokhoe_fhir::timing::{Course, DoseTimes, between, dose_times};
use sokhoe_vault::EntryQuery;

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// The hour of the evening before an appointment.
const EVENING_BEFORE: u32 = 18;
/// The last reminder comes so long before an appointment when nobody told how long the way is.
const SOON: Duration = Duration::from_secs(2 * 3_600);
/// So long before the time of a visit people are to be there: the counter looks at their papers first.
const EARLY: Duration = Duration::from_secs(30 * 60);
/// The most that are given at once: iOS keeps 64 to come, Android 500.
const MOST: u32 = 500;

/// What a reminder is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReminderKind {
    /// An appointment of the next day, or one for which one leaves the next day.
    AppointmentTomorrow,
    /// An appointment in two hours.
    AppointmentSoon,
    /// It is time to leave for an appointment.
    TimeToLeave,
    /// Medicines to be taken now.
    Medicines,
}

/// What a reminder comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReminderAboutView {
    /// The clinic.
    pub clinic_id: String,
    /// The resource, e.g. `MedicationRequest/17`.
    pub resource: String,
}

/// Something to be told at a time.
#[derive(Clone, PartialEq, Eq)]
pub struct ReminderView {
    /// The same for the same thing at every call, also when an appointment moves: what a phone has scheduled
    /// under it is replaced. Says nothing of whom or what.
    pub id: String,
    /// When to tell it.
    pub at: Timestamp,
    /// What it is about.
    pub kind: ReminderKind,
    /// Its title, e.g. "Đến giờ dùng thuốc".
    pub title: String,
    /// What is said, with names: for a phone that is unlocked. A line a medicine.
    pub body: String,
    /// The same for everybody's eyes, as on a locked screen.
    pub discreet_text: String,
    /// Whether its time is the person's own for one of its medicines ([`SoKhoe::day_times`]), whose prescription
    /// only says how often a day. The medicine's line says so, too.
    pub has_chosen_time: bool,
    /// What it comes from.
    pub about: Vec<ReminderAboutView>,
}

impl std::fmt::Debug for ReminderView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReminderView")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A medicine in force of which nobody is reminded, since its times are not told exactly.
#[derive(Clone, PartialEq, Eq)]
pub struct SeePrescriptionView {
    /// What it comes from.
    pub about: ReminderAboutView,
    /// The row of the book.
    pub entry_id: i64,
    /// The medicine.
    pub title: String,
    /// That the prescription says when.
    pub text: String,
}

impl std::fmt::Debug for SeePrescriptionView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeePrescriptionView")
            .field("entry_id", &self.entry_id)
            .finish_non_exhaustive()
    }
}

/// What a phone reminds of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemindersView {
    /// The reminders, the next first.
    pub reminders: Vec<ReminderView>,
    /// Until when these are all: ask again before then.
    pub complete_until: Timestamp,
    /// Medicines for which the person looks at the prescription.
    pub see_prescription: Vec<SeePrescriptionView>,
}

impl SoKhoe {
    /// What to remind a person of from `from` on and before `to`, at most `limit` reminders (1 to 500): a
    /// phone schedules these and forgets all others, again after every change of the book. Appointments that
    /// a clinic confirmed and nobody cancels: the evening before at six, and two hours before, or where the way is
    /// known ([`SoKhoe::set_travel_minutes`]) when to leave so as to be there half an hour early. Medicines of
    /// orders in force: all of one time together. Needs no network. Again after [`SoKhoe::set_day_times`], too.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], what opening a book may give.
    pub fn reminders(
        &self,
        person_id: &str,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<RemindersView, AppError> {
        if !(1..=MOST).contains(&limit) {
            return Err(AppError::invalid("limit", "must be 1 to 500"));
        }
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let mut reminders = session.appointment_reminders(&book, from, to)?;
        // One more, to see whether there is more.
        let limit = limit as usize;
        let (medicines, see_prescription) =
            session.medicine_reminders(&book, from, to, limit + 1)?;
        reminders.extend(medicines);
        reminders.sort_by(|one, other| {
            (one.at, one.kind, &one.about, &one.id).cmp(&(
                other.at,
                other.kind,
                &other.about,
                &other.id,
            ))
        });
        let complete_until = reminders.get(limit).map_or(to, |first| first.at);
        reminders.truncate(limit);
        Ok(RemindersView {
            reminders,
            complete_until,
            see_prescription,
        })
    }
}

/// An appointment that stands.
struct Appointment {
    clinic: ClinicId,
    key: ResourceKey,
    start: Timestamp,
    what: String,
}

/// What is to be taken at one time.
#[derive(Default)]
struct Taken {
    lines: Vec<String>,
    is_chosen: bool,
    about: Vec<ReminderAboutView>,
}

impl Session {
    fn appointment_reminders(
        &self,
        book: &OpenBook,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ReminderView>, AppError> {
        let clinics = self.clinic_names()?;
        let ways = self.account()?.travel_times()?;
        let mut reminders = Vec::new();
        for appointment in self.standing(book, from, to)? {
            let clinic = clinics.get(&appointment.clinic).cloned();
            let way = ways.get(&appointment.clinic);
            let (last_kind, last) = match way {
                Some(way) => {
                    let leave = appointment.start.minus(EARLY).minus(*way);
                    (ReminderKind::TimeToLeave, leave)
                }
                None => (ReminderKind::AppointmentSoon, appointment.start.minus(SOON)),
            };
            // Who leaves the day before is told the evening before that.
            let leaves = way.map_or(appointment.start, |_| last);
            let evening = leaves.vietnam_day();
            let evening = evening.checked_sub_days(Days::new(1)).map(|day| {
                let at = NaiveTime::from_hms_opt(EVENING_BEFORE, 0, 0).unwrap_or_default();
                Timestamp::from_vietnam(day.and_time(at))
            });
            let day = appointment.start.vietnam_day();
            let day_before = day.checked_sub_days(Days::new(1)).unwrap_or(day);
            for (kind, at) in [
                (ReminderKind::AppointmentTomorrow, evening),
                (last_kind, Some(last)),
            ] {
                let Some(at) = at.filter(|at| *at >= from && *at < to) else {
                    continue;
                };
                let values = [
                    ("what", appointment.what.clone()),
                    // As it is read at that time.
                    ("when", self.words.when(appointment.start, at)),
                    ("clinic", clinic.clone().unwrap_or_default()),
                ];
                let about = about(&appointment.clinic, &appointment.key);
                reminders.push(ReminderView {
                    id: id(
                        book,
                        kind,
                        &format!("{} {}", about.clinic_id, about.resource),
                    ),
                    at,
                    kind,
                    title: self.words.say(match kind {
                        ReminderKind::AppointmentTomorrow if at.vietnam_day() < day_before => {
                            "reminder-appointment-ahead"
                        }
                        ReminderKind::AppointmentTomorrow => "reminder-appointment-tomorrow",
                        ReminderKind::TimeToLeave => "reminder-time-to-leave",
                        _ => "reminder-appointment-soon",
                    }),
                    body: self.words.say_with("reminder-appointment", &values),
                    discreet_text: self.words.say("reminder-discreet"),
                    has_chosen_time: false,
                    about: vec![about],
                });
            }
        }
        Ok(reminders)
    }

    /// The appointments that stand: bookings that the clinic confirmed, and what clinics made themselves.
    fn standing(
        &self,
        book: &OpenBook,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Appointment>, AppError> {
        let cancelling = self.pending_cancellations(book)?;
        let mut known = HashSet::new();
        let mut standing = Vec::new();
        for booking in book.vault.bookings()? {
            let id = booking.id.to_string();
            known.insert((booking.clinic.clone(), id.clone()));
            if booking.state == BookingState::Confirmed && !cancelling.contains(&id) {
                standing.push(Appointment {
                    clinic: booking.clinic,
                    key: ResourceKey::new("Appointment", id),
                    start: booking.start,
                    what: booking.service,
                });
            }
        }
        let query = EntryQuery {
            section: Some(Section::Appointments),
            from: Some(from),
            // The evening before comes a day and six hours before at most, and leaving a day.
            to: Some(to.plus(Duration::from_secs(4 * 86_400))),
            ..EntryQuery::default()
        };
        for row in book.all_rows(query)? {
            if row.resource.kind != "Appointment" || row.status != "booked" {
                continue;
            }
            let Some(stored) = book.vault.resource(&row.clinic, &row.resource)? else {
                continue;
            };
            // A server of somebody else's may have given a booking of ours an id of its own.
            let id = intent_of(&stored.json)
                .map_or_else(|| row.resource.id.clone(), |intent| intent.to_string());
            if known.contains(&(row.clinic.clone(), id)) {
                continue;
            }
            if let Some(start) = start_of(&stored.json) {
                standing.push(Appointment {
                    clinic: row.clinic,
                    key: row.resource,
                    start,
                    what: row.title,
                });
            }
        }
        Ok(standing)
    }

    fn medicine_reminders(
        &self,
        book: &OpenBook,
        from: Timestamp,
        to: Timestamp,
        most: usize,
    ) -> Result<(Vec<ReminderView>, Vec<SeePrescriptionView>), AppError> {
        let day = self.account()?.day_times()?;
        let query = EntryQuery {
            section: Some(Section::Medicines),
            ..EntryQuery::default()
        };
        let mut taken: BTreeMap<Timestamp, Taken> = BTreeMap::new();
        let mut see_prescription = Vec::new();
        for row in book.all_rows(query)? {
            if row.resource.kind != "MedicationRequest" || row.status != "active" {
                continue;
            }
            let Some(stored) = book.vault.resource(&row.clinic, &row.resource)? else {
                continue;
            };
            let about = about(&row.clinic, &row.resource);
            match dose_times(&stored.json, &day) {
                DoseTimes::Nothing | DoseTimes::AsNeeded => {}
                DoseTimes::SeePrescription => see_prescription.push(SeePrescriptionView {
                    about,
                    entry_id: row.id,
                    title: row.title,
                    text: self.words.say("reminder-see-prescription"),
                }),
                DoseTimes::Known(courses) => {
                    let line = match row.detail.is_empty() {
                        true => row.title,
                        false => format!("{}: {}", row.title, row.detail),
                    };
                    let is_chosen = courses.iter().any(Course::is_at_chosen_times);
                    let line = match is_chosen {
                        true => self
                            .words
                            .say_with("reminder-time-chosen", &[("line", line)]),
                        false => line,
                    };
                    for at in between(&courses, from, to, most) {
                        let then = taken.entry(at).or_default();
                        // The same prescribed twice is taken once; which of the two is meant, both say.
                        if !then.lines.contains(&line) {
                            then.lines.push(line.clone());
                        }
                        then.is_chosen |= is_chosen;
                        then.about.push(about.clone());
                    }
                }
            }
        }
        let reminders = taken.into_iter().map(|(at, mut then)| {
            then.lines.sort_unstable();
            then.about.sort_unstable();
            ReminderView {
                id: id(book, ReminderKind::Medicines, &at.to_fhir()),
                at,
                kind: ReminderKind::Medicines,
                title: self.words.say("reminder-medicines"),
                body: then.lines.join("\n"),
                discreet_text: self.words.say("reminder-discreet"),
                has_chosen_time: then.is_chosen,
                about: then.about,
            }
        });
        Ok((reminders.take(most).collect(), see_prescription))
    }
}

/// When an appointment begins, if it says at what time.
fn start_of(appointment: &str) -> Option<Timestamp> {
    let document = Document::parse(appointment).ok()?;
    let start = document.root().str("start");
    Timestamp::parse_fhir(&start.filter(|text| text.len() > 10)?)
}

fn about(clinic: &ClinicId, key: &ResourceKey) -> ReminderAboutView {
    ReminderAboutView {
        clinic_id: clinic.0.clone(),
        resource: key.to_string(),
    }
}

/// Stable, and of no meaning to whoever sees it.
fn id(book: &OpenBook, kind: ReminderKind, what: &str) -> String {
    let kind = match kind {
        ReminderKind::AppointmentTomorrow => "tomorrow",
        ReminderKind::AppointmentSoon => "soon",
        ReminderKind::TimeToLeave => "leave",
        ReminderKind::Medicines => "medicines",
    };
    let text = format!("reminder\n{}\n{kind}\n{what}", book.person.id.0);
    let hash = digest(&SHA256, text.as_bytes());
    let bytes = hash.as_ref().iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
