//! The words of the core, in Vietnamese and English: one Fluent file a language.
//!
//! Both phones and the command line say the same, and a new language is one file.

use std::fmt;
use std::sync::LazyLock;

use chrono::Datelike;
use sokhoe_domain::{
    BookingState, Criterion, GrantScope, Paper, Refusal, RemoteVisitState, RemoteVisitWindow,
    Section, Timestamp, VisitMode, Wire,
};
use sokhoe_fhir::Measure;
use sokhoe_sync::{CancellationRefused, Elsewhere, HeldBack, MoveRefused, Moved};
use sokhoe_vault::{IntentKind, StoredBooking};
use sokhoe_words::Messages;

use crate::error::{AppError, EnrolmentRefusal, RecoveryCodeRefusal};
use crate::parked::GIVEN_UP;
use crate::trip::TAKEN_BACK;
use crate::views::{PaymentStatus, SyncState, SyncStatus};

/// A language of the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Tiếng Việt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// As BCP 47 says it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }
}

const VI: &str = include_str!("../words/vi.ftl");
const EN: &str = include_str!("../words/en.ftl");

/// How a book stands with a clinic, to be said.
#[derive(Clone, Copy, Debug)]
pub struct SyncWords {
    /// How it stands.
    pub state: SyncState,
    /// What the clinic speaks.
    pub wire: Wire,
    /// When everything was in step last.
    pub last_success: Option<Timestamp>,
    /// Resources of the first sync that are here.
    pub arrived: u64,
    /// How many there will be.
    pub expected: Option<u64>,
    /// What has no answer yet.
    pub waiting: u64,
    /// Why the phone waits with the rest.
    pub held_back: Option<HeldBack>,
    /// Now.
    pub now: Timestamp,
}

/// The words of one language.
pub struct Words {
    messages: &'static Messages,
}

/// Read once, at the first use: reading a file takes about as long as opening the account.
static IN_VIETNAMESE: LazyLock<Messages> = LazyLock::new(|| Messages::read("vi", VI));
static IN_ENGLISH: LazyLock<Messages> = LazyLock::new(|| Messages::read("en", EN));

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

impl Words {
    /// The words of this language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let messages = match language {
            Language::Vi => &*IN_VIETNAMESE,
            Language::En => &*IN_ENGLISH,
        };
        Self { messages }
    }

    /// A message without values; its key when the language has no such message.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A message with values. One is a number to it, so that it can say "1 person" and "2 people".
    #[must_use]
    pub fn say_with(&self, key: &str, values: &[(&str, String)]) -> String {
        self.messages.say_with(key, values)
    }

    /// Whether the language has this message.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.messages.has(key)
    }

    /// A day and a time: `Thứ Ba, 24/11/2026, 08:30`, or `Hôm nay, 08:30`.
    #[must_use]
    pub fn when(&self, at: Timestamp, now: Timestamp) -> String {
        let local = at.in_vietnam();
        format!("{}, {}", self.day(at, now), local.format("%H:%M"))
    }

    /// A time of today: `08:30`; of another day as [`Words::when`].
    #[must_use]
    pub fn time(&self, at: Timestamp, now: Timestamp) -> String {
        match at.vietnam_day() == now.vietnam_day() {
            true => at.in_vietnam().format("%H:%M").to_string(),
            false => self.when(at, now),
        }
    }

    /// A day: `Thứ Ba, 24/11/2026`, `Hôm nay`, `Ngày mai`.
    #[must_use]
    pub fn day(&self, at: Timestamp, now: Timestamp) -> String {
        let (day, today) = (at.vietnam_day(), now.vietnam_day());
        if day == today {
            return self.say("today");
        }
        if Some(day) == today.succ_opt() {
            return self.say("tomorrow");
        }
        let weekday = self.say(&format!("weekday-{}", day.weekday().number_from_monday()));
        format!("{weekday}, {}", day.format("%d/%m/%Y"))
    }

    /// A day as it is written.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        at.vietnam_day().format("%d/%m/%Y").to_string()
    }

    /// What a grant allows, to stand in a list.
    #[must_use]
    pub fn scope(&self, scope: GrantScope) -> String {
        self.say(scope_key(scope))
    }

    /// A booking's state, saying what happens next.
    #[must_use]
    pub fn booking(&self, state: &BookingState, now: Timestamp) -> String {
        match state {
            BookingState::WaitingForNetwork => self.say("booking-waiting-for-network"),
            BookingState::Sending => self.say("booking-sending"),
            BookingState::OnWaitingList { since } => {
                self.say_with("waiting-since", &[("when", self.when(*since, now))])
            }
            BookingState::Offered { until, .. } => {
                self.say_with("waiting-offered", &[("when", self.when(*until, now))])
            }
            BookingState::Confirmed => self.say("booking-confirmed"),
            BookingState::CheckedIn => self.say("booking-checked-in"),
            BookingState::Fulfilled => self.say("booking-fulfilled"),
            BookingState::NoShow => self.say("booking-no-show"),
            BookingState::Cancelled => self.say("booking-cancelled"),
            BookingState::Refused(Refusal::SlotTaken { alternatives })
                if alternatives.is_empty() =>
            {
                self.say("booking-slot-taken-none")
            }
            BookingState::Refused(Refusal::SlotTaken { alternatives }) => {
                let times: Vec<_> = alternatives
                    .iter()
                    .take(5)
                    .map(|at| self.when(*at, now))
                    .collect();
                self.say_with("booking-slot-taken", &[("times", times.join("; "))])
            }
            BookingState::Refused(Refusal::TripTaken { others, .. }) => {
                let starts = others
                    .iter()
                    .filter_map(|times| times.visits.iter().map(|visit| visit.start).min());
                let times: Vec<_> = starts.map(|at| self.when(at, now)).collect();
                match times.is_empty() {
                    true => self.say("booking-trip-taken-none"),
                    false => self.say_with("booking-trip-taken", &[("times", times.join("; "))]),
                }
            }
            BookingState::Refused(Refusal::NotOffered) => self.say("booking-not-offered"),
            BookingState::Refused(Refusal::TooMany) => self.say("booking-too-many"),
            BookingState::Refused(Refusal::Other { code }) if code == GIVEN_UP => {
                self.say("booking-given-up")
            }
            BookingState::Refused(Refusal::Other { code }) if code == TAKEN_BACK => {
                self.say("booking-trip-taken-back")
            }
            BookingState::Refused(Refusal::Other { code })
                if code == Refusal::TAKES_NO_BOOKINGS =>
            {
                self.say("booking-not-by-app")
            }
            BookingState::Refused(Refusal::Other { code }) if code == Refusal::CHECKED_IN => {
                self.say("booking-only-at-desk")
            }
            BookingState::Refused(Refusal::Other { code }) if code == Refusal::TOO_LATE => {
                self.say("booking-too-late")
            }
            BookingState::Refused(Refusal::Other { code }) if code == Refusal::ALREADY_WAITING => {
                self.say("waiting-already")
            }
            BookingState::Refused(Refusal::Other { code })
                if code == Refusal::KEEPS_NO_WAITING_LIST =>
            {
                self.say("error-keeps-no-waiting-list")
            }
            BookingState::Refused(Refusal::Other { code }) => {
                self.say_with("booking-refused", &[("code", code.clone())])
            }
        }
    }

    /// A booking's state; where it was confirmed at another time than the named one, or with another doctor, that it is
    /// so.
    #[must_use]
    pub fn booking_at(&self, booking: &StoredBooking, now: Timestamp) -> String {
        match (&booking.state, booking.asked) {
            (BookingState::Confirmed, Some(asked))
                if asked == booking.start && booking.practitioner.is_empty() =>
            {
                self.say("booking-confirmed-other-doctor-unnamed")
            }
            (BookingState::Confirmed, Some(asked)) if asked == booking.start => {
                let doctor = &booking.practitioner;
                self.say_with(
                    "booking-confirmed-other-doctor",
                    &[("practitioner", doctor.clone())],
                )
            }
            (BookingState::Confirmed, Some(asked)) => self.say_with(
                "booking-confirmed-otherwise",
                &[
                    ("when", self.when(booking.start, now)),
                    ("asked", self.when(asked, now)),
                ],
            ),
            (state, _) => self.booking(state, now),
        }
    }

    /// That a booking was confirmed at a time that the person had allowed, and not the named one.
    #[must_use]
    pub fn confirmed_elsewhere(&self, there: &Elsewhere, now: Timestamp) -> String {
        let place = self.place(there.start, &there.practitioner, now);
        self.say_with(
            "event-booking-confirmed-otherwise",
            &[("place", place), ("asked", self.when(there.asked, now))],
        )
    }

    /// That the wish for another time is on its way.
    #[must_use]
    pub fn moving(&self, to: Timestamp, now: Timestamp) -> String {
        self.say_with("booking-moving", &[("when", self.when(to, now))])
    }

    /// That a booking has another time.
    #[must_use]
    pub fn moved(&self, moved: &Moved, now: Timestamp) -> String {
        let from = self.when(moved.from, now);
        let place = self.place(moved.start, &moved.practitioner, now);
        if moved.from == moved.start {
            return self.say_with("event-booking-other-doctor", &[("place", place)]);
        }
        self.say_with("event-booking-moved", &[("place", place), ("from", from)])
    }

    /// That a clinic refused another time, and why.
    #[must_use]
    pub fn move_refused(&self, refused: &MoveRefused, now: Timestamp) -> String {
        let why = self.booking(&BookingState::Refused(refused.refusal.clone()), now);
        let wanted = self.when(refused.wanted, now);
        self.say_with("event-move-refused", &[("wanted", wanted), ("why", why)])
    }

    /// That a clinic does not call a booking off, and why.
    #[must_use]
    pub fn cancellation_refused(&self, refused: &CancellationRefused, now: Timestamp) -> String {
        let why = self.booking(&BookingState::Refused(refused.refusal.clone()), now);
        self.say_with("event-cancellation-refused-why", &[("why", why)])
    }

    /// When, and with whom where that is known.
    pub(crate) fn place(&self, start: Timestamp, practitioner: &str, now: Timestamp) -> String {
        let when = self.when(start, now);
        match practitioner.is_empty() {
            true => when,
            false => format!("{when}, {practitioner}"),
        }
    }

    /// The languages that somebody speaks at a visit, or that it is not told. One that has no name here is its code.
    #[must_use]
    pub fn languages(&self, codes: &[String]) -> String {
        if codes.is_empty() {
            return self.say("slot-languages-untold");
        }
        let name = |code: &String| {
            let primary = code.split('-').next().unwrap_or_default();
            let key = format!("language-{}", primary.to_ascii_lowercase());
            match self.has(&key) {
                true => self.say(&key),
                false => code.clone(),
            }
        };
        let names: Vec<String> = codes.iter().map(name).collect();
        self.say_with("slot-languages", &[("languages", names.join(", "))])
    }

    /// Whether one gets to a visit without a step, or that it is not told.
    #[must_use]
    pub fn step_free(&self, step_free: Option<bool>) -> String {
        self.say(match step_free {
            Some(true) => "slot-step-free",
            Some(false) => "slot-steps",
            None => "slot-step-free-untold",
        })
    }

    /// Where doctor and patient meet, or that it is not told.
    #[must_use]
    pub fn visit_mode(&self, mode: Option<VisitMode>) -> String {
        self.say(match mode {
            Some(VisitMode::InPerson) => "slot-in-person",
            Some(VisitMode::Remote) => "slot-remote",
            None => "slot-mode-untold",
        })
    }

    /// What somebody wants and the clinic does not tell; empty when it tells all of it.
    #[must_use]
    pub fn untold(&self, untold: &[Criterion]) -> String {
        if untold.is_empty() {
            return String::new();
        }
        let key = |criterion: &Criterion| match criterion {
            Criterion::Practitioner => "criterion-practitioner",
            Criterion::Specialty => "criterion-specialty",
            Criterion::Price => "criterion-price",
            Criterion::Language => "criterion-language",
            Criterion::StepFree => "criterion-step-free",
            Criterion::Mode => "criterion-mode",
        };
        let what: Vec<String> = untold.iter().map(|it| self.say(key(it))).collect();
        self.say_with("slot-untold", &[("what", what.join(", "))])
    }

    /// How a visit by telephone or video is joined.
    #[must_use]
    pub fn remote_visit(
        &self,
        state: RemoteVisitState,
        window: RemoteVisitWindow,
        now: Timestamp,
    ) -> String {
        let (key, at) = match state {
            RemoteVisitState::NotYet => ("remote-visit-not-yet", window.opens),
            RemoteVisitState::Open => ("remote-visit-open", window.closes),
            RemoteVisitState::Over => ("remote-visit-over", window.closes),
        };
        self.say_with(key, &[("when", self.when(at, now))])
    }

    /// What is to be taken along.
    #[must_use]
    pub fn paper(&self, paper: Paper) -> String {
        self.say(paper_key(paper))
    }

    /// What to know of it; `insured` when the clinic has the person's insurance number.
    #[must_use]
    pub fn paper_note(&self, paper: Paper, insured: bool) -> String {
        self.say(match (paper, insured) {
            (Paper::Identity, _) => "paper-identity-note",
            (Paper::InsuranceCard, true) => "paper-insurance-card-known-note",
            (Paper::InsuranceCard, false) => "paper-insurance-card-note",
            (Paper::Referral, _) => "paper-referral-note",
            (Paper::ReexaminationSlip, _) => "paper-reexamination-slip-note",
            (Paper::EarlierResults, _) => "paper-earlier-results-note",
            (Paper::Medicines, _) => "paper-medicines-note",
        })
    }

    /// How a book stands with a clinic: what is here, as of when, and what is on its way.
    #[must_use]
    pub fn sync_state(&self, of: &SyncWords) -> String {
        let SyncWords {
            state,
            arrived,
            expected,
            ..
        } = *of;
        let key = match state {
            SyncState::Never => "sync-never",
            SyncState::Arriving if expected.is_some() => "sync-arriving-of",
            SyncState::Arriving => "sync-arriving",
            SyncState::UpToDate => "sync-up-to-date",
            SyncState::Waiting => "sync-waiting",
            SyncState::Sending => "sync-sending",
            SyncState::NotReached => "sync-not-reached",
            SyncState::NotEnrolled => match of.wire {
                Wire::Clinic => "sync-not-enrolled",
                Wire::Server => "sync-not-let-in",
            },
            SyncState::BadAnswer => "sync-bad-answer",
            SyncState::HeldBack => held_back_key(of.held_back),
        };
        let said = self.say_with(
            key,
            &[
                ("arrived", arrived.to_string()),
                ("expected", expected.unwrap_or(0).to_string()),
                ("waiting", of.waiting.to_string()),
            ],
        );
        let said = match of.held_back {
            Some(_) if state != SyncState::HeldBack => {
                format!("{said} {}", self.say(held_back_key(of.held_back)))
            }
            _ => said,
        };
        match of.last_success {
            Some(at) => {
                let as_of = self.say_with("sync-as-of", &[("when", self.when(at, of.now))]);
                format!("{said} {as_of}")
            }
            None => said,
        }
    }

    /// That the clinic is left alone until then.
    #[must_use]
    pub fn next_try(&self, what: IntentKind, at: Timestamp, now: Timestamp) -> String {
        let key = match what {
            IntentKind::Book => "booking-next-try",
            IntentKind::Cancel => "booking-cancelling-next-try",
            IntentKind::Move => "booking-moving-next-try",
            IntentKind::Wait => "waiting-next-try",
            IntentKind::Take | IntentKind::Decline => "waiting-answer-next-try",
        };
        self.say_with(key, &[("when", self.when(at, now))])
    }

    /// A section's name.
    #[must_use]
    pub fn section(&self, section: Section) -> String {
        self.say(section_key(section))
    }

    /// A payment's state.
    #[must_use]
    pub fn payment(&self, status: PaymentStatus) -> String {
        self.say(match status {
            PaymentStatus::Due => "payment-due",
            PaymentStatus::Paid => "payment-paid",
            PaymentStatus::Void => "payment-void",
        })
    }

    /// A kept event.
    #[must_use]
    pub fn event(&self, kind: &str) -> String {
        let key = format!("event-{kind}");
        self.say(if self.has(&key) { &key } else { "event-other" })
    }

    /// How far what the person wrote has come, saying what happens next.
    #[must_use]
    pub fn change_state(&self, status: SyncStatus, reason: &str) -> String {
        match status {
            SyncStatus::Waiting => self.say("change-waiting"),
            SyncStatus::Sending => self.say("change-sending"),
            SyncStatus::Refused => self.say_with("change-refused", &[("code", reason.to_owned())]),
            SyncStatus::Conflict => self.say("change-conflict"),
        }
    }

    /// What a reading of the person's own is called.
    #[must_use]
    pub fn measure(&self, measure: Measure) -> String {
        self.say(match measure {
            Measure::BloodPressure => "reading-blood-pressure",
            Measure::Pulse => "reading-pulse",
            Measure::Glucose => "reading-glucose",
            Measure::Weight => "reading-weight",
            Measure::Temperature => "reading-temperature",
            Measure::OxygenSaturation => "reading-oxygen-saturation",
        })
    }

    /// What of a resource both changed.
    #[must_use]
    pub fn conflict(&self, field: &str) -> String {
        let key = format!("conflict-{field}");
        self.say(if self.has(&key) {
            &key
        } else {
            "conflict-other"
        })
    }

    /// A label of a row's details; the FHIR name where there is no word.
    #[must_use]
    pub fn field(&self, label: &str) -> String {
        let key = format!("field-{label}");
        if self.has(&key) {
            self.say(&key)
        } else {
            label.to_owned()
        }
    }

    /// A code of a row's details in words, e.g. the status `final`; any other value as it is.
    #[must_use]
    pub fn code(&self, label: &str, value: String) -> String {
        let key = format!("{label}-{value}");
        if label == "status" && self.has(&key) {
            self.say(&key)
        } else {
            value
        }
    }

    /// An error: what happened, what was kept, what can be done.
    #[must_use]
    pub fn error(&self, error: &AppError) -> String {
        match error {
            AppError::Offline => self.say("error-offline"),
            AppError::BadAnswer { what } if what == Refusal::BOOKS_ONE_AT_A_TIME => {
                self.say("error-books-one-at-a-time")
            }
            AppError::BadAnswer { what } if what == Refusal::TAKES_NO_BOOKINGS => {
                self.say("error-takes-no-bookings")
            }
            AppError::BadAnswer { what } if what == Refusal::KEEPS_NO_WAITING_LIST => {
                self.say("error-keeps-no-waiting-list")
            }
            AppError::BadAnswer { what } => {
                self.say_with("error-bad-answer", &[("what", what.clone())])
            }
            AppError::Busy {
                retry_after_seconds,
            } => self.say_with(
                "error-busy",
                &[("seconds", retry_after_seconds.to_string())],
            ),
            AppError::NotEnrolled => self.say("error-not-enrolled"),
            AppError::Enrolment { reason } => self.say(match reason {
                EnrolmentRefusal::NotOurs => "error-enrolment-not-ours",
                EnrolmentRefusal::Altered => "error-enrolment-altered",
                EnrolmentRefusal::Expired => "error-enrolment-expired",
                EnrolmentRefusal::Unknown => "error-enrolment-unknown",
                EnrolmentRefusal::Used => "error-enrolment-used",
                EnrolmentRefusal::OtherClinic => "error-enrolment-other-clinic",
                EnrolmentRefusal::NewerVersion => "error-enrolment-newer-version",
                EnrolmentRefusal::OtherGrant => "error-enrolment-other-grant",
                EnrolmentRefusal::NotOffered => "error-sign-in-not-offered",
                EnrolmentRefusal::NotBegun => "error-sign-in-not-begun",
                EnrolmentRefusal::CounterRequired => "error-sign-in-counter-required",
                EnrolmentRefusal::Declined => "error-sign-in-declined",
                EnrolmentRefusal::TooWeak => "error-sign-in-too-weak",
                EnrolmentRefusal::Unavailable => "error-sign-in-unavailable",
            }),
            AppError::NotFound { .. } => self.say("error-not-found"),
            AppError::Validation { field, rule } => self.say_with(
                "error-validation",
                &[("field", field.clone()), ("rule", rule.clone())],
            ),
            AppError::UntrustedPayment { reason } => {
                self.say_with("error-untrusted-payment", &[("reason", reason.clone())])
            }
            AppError::Move { reason } => self.say(&format!("error-move-{reason}")),
            AppError::CannotWrite { reason } if reason == "exists" => {
                self.say("error-cannot-write-exists")
            }
            AppError::CannotWrite { .. } => self.say("error-cannot-write"),
            AppError::Document { reason } => self.say(&format!("error-document-{reason}")),
            AppError::KeyStore { reason } => self.say(&format!("error-key-store-{reason}")),
            AppError::RecoveryCode { reason } => self.say(match reason {
                RecoveryCodeRefusal::Mistyped => "error-recovery-code-mistyped",
                RecoveryCodeRefusal::NewerVersion => "error-recovery-code-newer-version",
                RecoveryCodeRefusal::Wrong => "error-recovery-code-wrong",
                RecoveryCodeRefusal::NoneMade => "error-recovery-code-none-made",
            }),
            AppError::DiskFull => self.say("error-disk-full"),
            AppError::CannotRead => self.say("error-cannot-read"),
            AppError::DocumentsFull { missing } => {
                let megabytes = missing.div_ceil(1_000_000).to_string();
                self.say_with("error-documents-full", &[("missing", megabytes)])
            }
            AppError::Unsent { count } => {
                self.say_with("error-unsent", &[("count", count.to_string())])
            }
            AppError::DamagedBook => self.say("error-damaged-book"),
            AppError::UpgradeRequired => self.say("error-upgrade-required"),
            AppError::LeaseOver => self.say("error-lease-over"),
            AppError::OnlyOwnPhone => self.say("error-only-own-phone"),
            AppError::NotGranted { scope } => {
                let what = self.scope(*scope);
                self.say_with("error-not-granted", &[("what", what)])
            }
            AppError::Paused => self.say("error-paused"),
            AppError::Cancelled => self.say("error-cancelled"),
            AppError::Internal { code } => {
                self.say_with("error-internal", &[("code", code.clone())])
            }
        }
    }
}

const fn held_back_key(why: Option<HeldBack>) -> &'static str {
    match why {
        None => "sync-held-over",
        Some(HeldBack::NoNetwork) => "sync-held-no-network",
        Some(HeldBack::Metered) => "sync-held-metered",
        Some(HeldBack::BatteryLow) => "sync-held-battery-low",
        Some(HeldBack::DataUsedUp) => "sync-held-data-used-up",
        Some(HeldBack::TimeUp) => "sync-held-time-up",
    }
}

const fn paper_key(paper: Paper) -> &'static str {
    match paper {
        Paper::Identity => "paper-identity",
        Paper::InsuranceCard => "paper-insurance-card",
        Paper::Referral => "paper-referral",
        Paper::ReexaminationSlip => "paper-reexamination-slip",
        Paper::EarlierResults => "paper-earlier-results",
        Paper::Medicines => "paper-medicines",
    }
}

const fn scope_key(scope: GrantScope) -> &'static str {
    match scope {
        GrantScope::Book => "scope-book",
        GrantScope::SeeSummary => "scope-see-summary",
        GrantScope::SeeEverything => "scope-see-everything",
        GrantScope::Pay => "scope-pay",
    }
}

const fn section_key(section: Section) -> &'static str {
    match section {
        Section::Results => "section-results",
        Section::Medicines => "section-medicines",
        Section::Visits => "section-visits",
        Section::Images => "section-images",
        Section::Vaccines => "section-vaccines",
        Section::Measurements => "section-measurements",
        Section::Documents => "section-documents",
        Section::AllergiesAndConditions => "section-allergies-and-conditions",
        Section::Appointments => "section-appointments",
        Section::Invoices => "section-invoices",
        Section::Procedures => "section-procedures",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::AttachmentState;
    use crate::error::{DocumentRefusal, KeyStoreRefusal, MoveRefusal};

    #[test]
    fn both_languages_are_whole_and_say_the_same_things() {
        for text in [VI, EN] {
            assert!(sokhoe_words::is_whole(text));
        }
        assert_eq!(sokhoe_words::keys(VI), sokhoe_words::keys(EN));
    }

    #[test]
    fn every_state_section_and_error_has_words() {
        for language in [Language::Vi, Language::En] {
            let words = Words::new(language);
            for section in Section::ALL {
                assert!(words.has(section_key(section)), "{section:?}");
            }
            for reason in [
                KeyStoreRefusal::Locked,
                KeyStoreRefusal::UserCancelled,
                KeyStoreRefusal::Transient,
                KeyStoreRefusal::Invalidated,
                KeyStoreRefusal::Missing,
            ] {
                assert!(words.has(&format!("error-key-store-{reason}")), "{reason}");
            }
            for reason in [
                MoveRefusal::NotOurs,
                MoveRefusal::Altered,
                MoveRefusal::Expired,
                MoveRefusal::NewerVersion,
                MoveRefusal::NotEmpty,
                MoveRefusal::Nothing,
                MoveRefusal::TooLarge,
                MoveRefusal::OtherRequest,
                MoveRefusal::NoRequest,
                MoveRefusal::Damaged,
                MoveRefusal::Moved,
            ] {
                assert!(words.has(&format!("error-move-{reason}")), "{reason}");
            }
            for reason in [
                DocumentRefusal::NotHere,
                DocumentRefusal::Gone,
                DocumentRefusal::Elsewhere,
                DocumentRefusal::TooLarge,
                DocumentRefusal::NoRoom,
                DocumentRefusal::Damaged,
                DocumentRefusal::OtherContent,
                DocumentRefusal::Unreadable,
                DocumentRefusal::DataUsedUp,
            ] {
                assert!(words.has(&format!("error-document-{reason}")), "{reason}");
            }
            for state in [
                AttachmentState::Inline,
                AttachmentState::Here,
                AttachmentState::AtClinic,
                AttachmentState::Gone,
                AttachmentState::Elsewhere,
            ] {
                assert!(words.has(state.key()), "{state:?}");
            }
            assert!(words.has("attachment-own-lost"));
            for step_free in [Some(true), Some(false), None] {
                assert!(words.step_free(step_free).contains(' '), "{step_free:?}");
            }
            for mode in [Some(VisitMode::InPerson), Some(VisitMode::Remote), None] {
                assert!(words.visit_mode(mode).contains(' '), "{mode:?}");
            }
            for paper in [
                Paper::Identity,
                Paper::InsuranceCard,
                Paper::Referral,
                Paper::ReexaminationSlip,
                Paper::EarlierResults,
                Paper::Medicines,
            ] {
                assert!(words.has(paper_key(paper)), "{paper:?}");
                for insured in [true, false] {
                    let note = words.paper_note(paper, insured);
                    assert!(!note.starts_with("paper-"), "{paper:?}: {note}");
                }
            }
            for criterion in [
                Criterion::Practitioner,
                Criterion::Specialty,
                Criterion::Price,
                Criterion::Language,
                Criterion::StepFree,
                Criterion::Mode,
            ] {
                let said = words.untold(&[criterion]);
                assert!(!said.contains("criterion-"), "{criterion:?}: {said}");
            }
        }
    }

    #[test]
    fn days_are_said_as_people_say_them() {
        let vi = Words::new(Language::Vi);
        let now = Timestamp::parse_fhir("2026-11-22T10:00:00+07:00").unwrap();
        let at = |text: &str| Timestamp::parse_fhir(text).unwrap();
        assert_eq!(
            vi.when(at("2026-11-24T08:30:00+07:00"), now),
            "Thứ Ba, 24/11/2026, 08:30"
        );
        assert_eq!(
            vi.when(at("2026-11-22T08:30:00+07:00"), now),
            "Hôm nay, 08:30"
        );
        assert_eq!(vi.when(at("2026-11-22T17:30:00Z"), now), "Ngày mai, 00:30");
        assert_eq!(
            Words::new(Language::En).when(at("2026-11-24T08:30:00+07:00"), now),
            "Tuesday, 24/11/2026, 08:30"
        );
    }

    #[test]
    fn one_is_said_as_one() {
        let count = |key: &str, name: &str, count: u64| {
            Words::new(Language::En).say_with(key, &[(name, count.to_string())])
        };
        assert!(count("sync-arriving", "arrived", 1).contains(": 1 item is here"));
        assert!(count("sync-arriving", "arrived", 2).contains(": 2 items are here"));
        assert!(count("error-busy", "seconds", 1).ends_with("in 1 second."));
        assert!(count("error-busy", "seconds", 21).ends_with("in 21 seconds."));
        assert!(count("export-set-aside", "count", 1).starts_with("1 record could"));
        assert!(count("export-set-aside", "count", 0).starts_with("0 records could"));
        let of = |expected: &str| {
            let values = [
                ("arrived", "1".to_owned()),
                ("expected", expected.to_owned()),
            ];
            Words::new(Language::En).say_with("sync-arriving-of", &values)
        };
        assert!(
            of("1").contains("1 of 1 item is here") && of("7").contains("1 of 7 items is here")
        );
    }

    #[test]
    fn a_taken_time_names_the_others() {
        let now = Timestamp::parse_fhir("2026-11-22T10:00:00+07:00").unwrap();
        let state = BookingState::Refused(Refusal::SlotTaken {
            alternatives: vec![Timestamp::parse_fhir("2026-11-24T09:00:00+07:00").unwrap()],
        });
        assert_eq!(
            Words::new(Language::Vi).booking(&state, now),
            "Giờ này vừa có người đặt. Còn các giờ: Thứ Ba, 24/11/2026, 09:00"
        );
    }
}
