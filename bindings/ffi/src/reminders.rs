//! What a phone reminds of. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are
//! what app developers read.

use sokhoe_app::{
    DayTimesView, ReminderAboutView, ReminderKind, ReminderView, RemindersView, SeePrescriptionView,
};
use sokhoe_domain::Timestamp;

use crate::sokhoe::{Result, SoKhoe};

/// What a reminder is about.
#[uniffi::remote(Enum)]
pub enum ReminderKind {
    /// An appointment of the next day, or one for which one leaves the next day.
    AppointmentTomorrow,
    /// An appointment in two hours.
    AppointmentSoon,
    /// It is time to leave for an appointment (`set_travel_minutes`).
    TimeToLeave,
    /// Medicines to be taken now.
    Medicines,
}

/// What a reminder comes from.
#[uniffi::remote(Record)]
pub struct ReminderAboutView {
    /// The clinic.
    pub clinic_id: String,
    /// The resource, e.g. `MedicationRequest/17`.
    pub resource: String,
}

/// Something to be told at a time.
#[uniffi::remote(Record)]
pub struct ReminderView {
    /// The same for the same thing at every call, also when an appointment moves: what a phone has scheduled under it is
    /// replaced. Says nothing of whom or what.
    pub id: String,
    /// When to tell it.
    pub at: Timestamp,
    /// What it is about.
    pub kind: ReminderKind,
    /// Its title.
    pub title: String,
    /// What is said, with names: for a phone that is unlocked. A line a medicine.
    pub body: String,
    /// The same for everybody's eyes, as on a locked screen.
    pub discreet_text: String,
    /// Whether its time is the person's own for one of its medicines (`day_times`), whose prescription only says how
    /// often a day. The medicine's line says so, too.
    pub has_chosen_time: bool,
    /// What it comes from.
    pub about: Vec<ReminderAboutView>,
}

/// A medicine in force of which nobody is reminded, since its times are not told exactly.
#[uniffi::remote(Record)]
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

/// What a phone reminds of.
#[uniffi::remote(Record)]
pub struct RemindersView {
    /// The reminders, the next first.
    pub reminders: Vec<ReminderView>,
    /// Until when these are all: ask again before then.
    pub complete_until: Timestamp,
    /// Medicines for which the person looks at the prescription.
    pub see_prescription: Vec<SeePrescriptionView>,
}

/// When medicines are taken that a prescription gives so often a day without saying when: once in the morning; twice in
/// the morning and the evening; three times at noon, too; four times at night, too. In minutes since midnight in
/// Vietnam.
#[uniffi::remote(Record)]
pub struct DayTimesView {
    /// In the morning; 420 (07:00) unless it was set.
    pub morning: u32,
    /// At noon; 720 (12:00) unless it was set.
    pub noon: u32,
    /// In the evening; 1,080 (18:00) unless it was set.
    pub evening: u32,
    /// At night; 1,260 (21:00) unless it was set.
    pub night: u32,
}

#[uniffi::export]
impl SoKhoe {
    /// The times of the day on this phone, the same for all of its people.
    pub async fn day_times(&self) -> Result<DayTimesView> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.day_times()?)).await
    }

    /// Sets the times of the day on this phone: from 03:00 on, until 23:00, in their order and two hours apart, or it is
    /// `Validation`. What was scheduled of `reminders` is to be asked for again. Prescriptions that name a time of the
    /// clock are not touched; meals and bedtime move along.
    pub async fn set_day_times(&self, times: DayTimesView) -> Result<DayTimesView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.set_day_times(times)?))
            .await
    }

    /// How many minutes the way from home to a clinic takes; nothing unless somebody told it on this phone.
    pub async fn travel_minutes(&self, clinic_id: String) -> Result<Option<u32>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.travel_minutes(&clinic_id)?))
            .await
    }

    /// Tells how many minutes (1 minute to a day) the way from home to a clinic takes, for all people on this phone;
    /// nothing forgets it. `reminders` then say when to leave; what was scheduled of them is to be asked for again.
    pub async fn set_travel_minutes(
        &self,
        clinic_id: String,
        minutes: Option<u32>,
    ) -> Result<Option<u32>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.set_travel_minutes(&clinic_id, minutes)?))
            .await
    }

    /// What to remind a person of from `from` on and before `to`, at most `limit` reminders (1 to 500; iOS keeps 64): a
    /// phone schedules these and forgets all others, again after every change of the book. Needs no network.
    pub async fn reminders(
        &self,
        person_id: String,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<RemindersView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.reminders(&person_id, from, to, limit)?))
            .await
    }
}
