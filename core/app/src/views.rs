//! What screens show and what they ask for. Plain values: no lifetimes, no handles, every text
//! ready to read in the language of the app.

use sokhoe_domain::{EntryKind, Section, Timestamp, VisitMode, Vnd};
use sokhoe_fhir::Measure;
use sokhoe_sync::HeldBack;

use crate::deadline::DeadlineView;
use crate::helping::HelpingView;
use crate::insurance::EstimateView;
use crate::queue::QueueView;
use crate::series::SeriesView;
use crate::trip::TripView;
use crate::waiting_list::WaitingView;

/// A person whose health book is on this phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// The person's id on this phone.
    pub id: String,
    /// The full name, family name first.
    pub name: String,
    /// Year, month and day of birth as the clinic has it (ISO 8601, may be only a year); unset when unknown.
    pub birth_date: Option<String>,
    /// The clinics that keep a record of this person.
    pub clinic_ids: Vec<String>,
    /// By which grant this phone helps them; unset for the phone's own.
    pub helping: Option<HelpingView>,
}

/// A clinic this phone is enrolled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicView {
    /// The clinic's id.
    pub id: String,
    /// The clinic's name.
    pub name: String,
    /// Where it is reached.
    pub base_url: String,
}

/// A person's record at a FHIR R4 server.
#[derive(Clone, PartialEq, Eq)]
pub struct AddServerRequest {
    /// What the server is called on screens.
    pub name: String,
    /// Its FHIR base, e.g. `https://fhir.benhvien.example/r4`.
    pub fhir_base_url: String,
    /// The person's Patient id there.
    pub patient_id: String,
    /// The bearer token that it asks for, if it does.
    pub token: Option<String>,
    /// Whose record it is; a new person when unset.
    pub person_id: Option<String>,
}

impl std::fmt::Debug for AddServerRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddServerRequest").finish_non_exhaustive()
    }
}

/// How a person's book stands with one clinic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// Nothing ever came.
    Never,
    /// The first sync is under way: what came is there to be read.
    Arriving,
    /// Everything is here, as of [`ClinicSyncView::last_success`].
    UpToDate,
    /// Something waits to be sent.
    Waiting,
    /// Something is on its way.
    Sending,
    /// The clinic could not be reached, or is too busy.
    NotReached,
    /// The clinic does not know this phone any more: enrol again.
    NotEnrolled,
    /// The clinic answers what cannot be read.
    BadAnswer,
    /// There is more to come, and the phone waits with it ([`ClinicSyncView::held_back`]).
    HeldBack,
}

/// How a person's book stands with one clinic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicSyncView {
    /// The clinic's id.
    pub clinic_id: String,
    /// The clinic's name.
    pub clinic_name: String,
    /// How it stands.
    pub state: SyncState,
    /// The same to read, with the time of the last success.
    pub text: String,
    /// When everything was in step last; unset before the first time.
    pub last_success: Option<Timestamp>,
    /// Resources of the first sync that are here.
    pub arrived: u64,
    /// How many there will be, when the clinic said it.
    pub expected: Option<u64>,
    /// What was decided or written here and has no answer yet.
    pub waiting: u64,
    /// Of these, what may have left the phone.
    pub sending: u64,
    /// What was decided here and is kept back, since it cannot succeed as it is ([`crate::SoKhoe::parked`]).
    pub parked: u64,
    /// What the person wrote and the clinic does not take.
    pub refused: u64,
    /// What the clinic changed otherwise than the person: the person decides.
    pub conflicts: u64,
    /// What the clinic is called in [`crate::SoKhoe::support_report`].
    pub support_code: String,
    /// Records that came and could not be read.
    pub set_aside: u64,
    /// Why the phone waits with what is still to come; unset when nothing holds it back now.
    pub held_back: Option<HeldBack>,
    /// The clinic gave no answer and is left alone until then, unless the person asks.
    pub next_try: Option<Timestamp>,
}

/// What an enrolment brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentView {
    /// The clinic.
    pub clinic: ClinicView,
    /// The people whose books can now be kept here.
    pub persons: Vec<PersonView>,
}

/// A service that can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// The id at the clinic.
    pub id: String,
    /// The name.
    pub name: String,
    /// The speciality's name; empty when not told.
    pub specialty: String,
    /// What [`SlotCriteria::specialty`] calls the speciality; empty when not told.
    pub specialty_code: String,
    /// The price as text; empty when not told.
    pub price_text: String,
}

/// Which free times to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindSlotsRequest {
    /// For whom.
    pub person_id: String,
    /// Where.
    pub clinic_id: String,
    /// Which service; any when unset.
    pub service_id: Option<String>,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
    /// At most this many, the nearest first; 1 to 100.
    pub limit: u32,
    /// What they must have; anything will do when unset.
    pub criteria: Option<SlotCriteria>,
    /// Whether they have a referral slip (giấy chuyển tuyến), or a slip to be examined again (giấy hẹn khám lại):
    /// insurance then pays as on the right route ([`SlotView::estimate`]).
    pub has_referral: bool,
}

/// What a free time must have. What is unset or empty may be any. Days and minutes are Vietnam's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotCriteria {
    /// Weekdays, 1 for Monday to 7 for Sunday.
    pub weekdays: Vec<u32>,
    /// The minute of the day at which it begins at the earliest; 0 to 1439.
    pub from_minute: u32,
    /// The minute of the day before which it begins; at most 1440.
    pub until_minute: u32,
    /// The doctor, as [`SlotView::practitioner_id`] tells it.
    pub practitioner_id: Option<String>,
    /// The speciality, as [`ServiceView::specialty_code`] tells it.
    pub specialty: Option<String>,
    /// It costs no more, before any insurance.
    pub max_price: Option<Vnd>,
    /// A language that somebody there speaks, as a code of BCP 47, e.g. `hmn`.
    pub language: Option<String>,
    /// One gets there without a step.
    pub step_free: bool,
    /// At the clinic, or by telephone or video.
    pub mode: Option<VisitMode>,
    /// Also times of which the clinic does not tell whether they have all this; [`SlotView::untold_text`] says what is
    /// not told. Times of which it tells the contrary never come.
    pub untold_too: bool,
}

impl Default for SlotCriteria {
    fn default() -> Self {
        Self {
            weekdays: Vec::new(),
            from_minute: 0,
            until_minute: 24 * 60,
            practitioner_id: None,
            specialty: None,
            max_price: None,
            language: None,
            step_free: false,
            mode: None,
            untold_too: false,
        }
    }
}

/// A free time that a clinic offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotView {
    /// The clinic's id for the offer.
    pub id: String,
    /// The clinic.
    pub clinic_id: String,
    /// Begin.
    pub start: Timestamp,
    /// End.
    pub end: Timestamp,
    /// Day and time to read, e.g. "Thứ Ba, 24/11/2026, 08:30".
    pub when_text: String,
    /// The service's name.
    pub service: String,
    /// The doctor's name; empty when not told.
    pub practitioner: String,
    /// The room; empty when not told.
    pub location: String,
    /// The price as text; empty when not told.
    pub price_text: String,
    /// The price before any insurance; unset when not told.
    pub price: Option<Vnd>,
    /// What health insurance would pay and what remains, or why that cannot be told; unset when nothing is known of it.
    pub estimate: Option<EstimateView>,
    /// The clinic's id for the doctor; empty when not told.
    pub practitioner_id: String,
    /// The speciality's name; empty when not told.
    pub specialty: String,
    /// What somebody there speaks, as codes of BCP 47; none when not told.
    pub languages: Vec<String>,
    /// The same in words, also that it is not told.
    pub languages_text: String,
    /// Whether one gets there without a step; unset when not told.
    pub step_free: Option<bool>,
    /// The same in words, also that it is not told.
    pub step_free_text: String,
    /// At the clinic, or by telephone or video; unset when not told.
    pub mode: Option<VisitMode>,
    /// The same in words, also that it is not told.
    pub mode_text: String,
    /// Until when it can be moved or cancelled by the person when it is booked now; unset where they may until it begins, and where
    /// that is not told.
    pub deadline: Option<DeadlineView>,
    /// What was wanted and the clinic does not tell, in words; empty when it tells all of it.
    pub untold_text: String,
}

/// Book this time for this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRequest {
    /// For whom.
    pub person_id: String,
    /// Which time.
    pub slot: SlotView,
    /// What else would do, should it be taken; the clinic decides.
    pub otherwise: Option<OtherwiseRequest>,
}

/// Have a confirmed booking at this time instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveBookingRequest {
    /// Whose booking it is.
    pub person_id: String,
    /// The booking.
    pub booking_id: String,
    /// Which time; of the same clinic, and for the same service.
    pub slot: SlotView,
}

/// Other times that will do, of which a clinic takes the one nearest to the named time. Days and minutes are Vietnam's.
#[derive(Clone, PartialEq, Eq)]
pub struct OtherwiseRequest {
    /// The first day, e.g. `2026-12-01`.
    pub first_day: String,
    /// The last day, at most 59 days later.
    pub last_day: String,
    /// The minute of the day at which an appointment begins at the earliest; 0 to 1439.
    pub from_minute: u32,
    /// The minute of the day before which it begins; at most 1440.
    pub until_minute: u32,
    /// Weekdays, 1 for Monday to 7 for Sunday; any when there is none.
    pub weekdays: Vec<u32>,
    /// Whether any doctor of the same service will do.
    pub any_practitioner: bool,
}

/// When a person has time is theirs.
impl std::fmt::Debug for OtherwiseRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtherwiseRequest").finish_non_exhaustive()
    }
}

/// How far a booking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingStatus {
    /// Kept on the phone; goes out by itself when there is a network.
    WaitingForNetwork,
    /// On its way; the clinic's answer is not known.
    Sending,
    /// On the clinic's waiting list, which has no time yet.
    OnWaitingList,
    /// Who waits is offered this time: it is to be taken or declined.
    Offered,
    /// The clinic has it.
    Confirmed,
    /// The person is there, and the clinic knows it.
    CheckedIn,
    /// It is over.
    Fulfilled,
    /// The person did not come, as far as the clinic knows.
    NoShow,
    /// The clinic refused it for good.
    Refused,
    /// Taken back, and the clinic has it so.
    Cancelled,
}

/// A booking as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingView {
    /// The id of the intent, and of the Appointment at the clinic.
    pub id: String,
    /// For whom.
    pub person_id: String,
    /// Where.
    pub clinic_id: String,
    /// Begin.
    pub start: Timestamp,
    /// End.
    pub end: Timestamp,
    /// Day and time to read.
    pub when_text: String,
    /// The service's name.
    pub service: String,
    /// The doctor's name; empty when not told.
    pub practitioner: String,
    /// The room; empty when not told.
    pub location: String,
    /// How far it has come.
    pub status: BookingStatus,
    /// The same in words that say what happens next.
    pub status_text: String,
    /// Whether a cancellation is on its way to the clinic.
    pub cancelling: bool,
    /// When it is to begin, while the wish for another time is on its way to the clinic. Until the clinic has it so,
    /// `start` is when to go.
    pub moving_to: Option<Timestamp>,
    /// Other free times that the clinic named when this one was taken.
    pub alternatives: Vec<Timestamp>,
    /// Until when the person may move or cancel it by themselves; unset where they may until it begins, and where that is not
    /// told.
    pub deadline: Option<DeadlineView>,
    /// The time that was named first, when the clinic confirmed another that the person had allowed, or the same with
    /// another doctor. `start` is when to go.
    pub asked: Option<Timestamp>,
    /// How the place on a waiting list stands that this is, or is to be. Without an offer `start` and `end` are within
    /// which the time is wanted.
    pub waiting: Option<WaitingView>,
    /// With whom it was booked together; unset for one of nobody else's.
    pub trip: Option<TripView>,
    /// Of which series it is; unset for one of none.
    pub series: Option<SeriesView>,
    /// How the person stands in the clinic's queue; unset while they are not there, and where the clinic tells nothing of a
    /// queue.
    pub queue: Option<QueueView>,
    /// Who booked or changed it last for the person, by a grant, as a sentence; unset when the person did.
    pub helped_by_text: Option<String>,
}

/// What a synchronisation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncView {
    /// Resources stored or changed.
    pub stored: u64,
    /// Resources taken away.
    pub deleted: u64,
    /// Records that could not be read and were set aside.
    pub set_aside: u64,
    /// Intents that a clinic answered.
    pub settled: u64,
    /// Intents still waiting.
    pub waiting: u64,
    /// Clinics that could not be reached; their part of the book is as of the last time.
    pub unreachable_clinic_ids: Vec<String>,
    /// Whether everything went out and everything is here. If not, synchronise again when it may go on.
    pub finished: bool,
    /// Why it ended before, when no clinic was the reason.
    pub held_back: Option<HeldBack>,
}

/// Which rows of the book to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowseRequest {
    /// Whose book.
    pub person_id: String,
    /// Words to search for; every row when empty.
    pub text: String,
    /// Only this section.
    pub section: Option<Section>,
    /// Only of this clinic.
    pub clinic_id: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many; 1 to 200.
    pub limit: u32,
}

/// A row of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    /// The row's id on this phone.
    pub id: i64,
    /// The clinic it came from; `own` for what the person put in.
    pub clinic_id: String,
    /// The clinic's name, or words for the person's own; empty when this phone no longer knows the clinic.
    pub clinic_name: String,
    /// Where it belongs.
    pub section: Section,
    /// What it is.
    pub title: String,
    /// What stands beside, e.g. a value with its unit; may be empty.
    pub detail: String,
    /// When it was so.
    pub when: Option<Timestamp>,
    /// The same as text; empty when unknown.
    pub when_text: String,
    /// The FHIR status; may be empty.
    pub status: String,
    /// Whether it stands out.
    pub kind: EntryKind,
    /// The code to ask [`crate::SoKhoe::trend`] for; unset when there is no trend.
    pub trend_code: Option<String>,
    /// After a search: where the words stand, in the row or in what is behind it. Else empty.
    pub snippet: Vec<TextPartView>,
    /// How far what the person wrote there has come; unset when the clinic has it so.
    pub sync: Option<SyncStateView>,
}

/// A piece of a text that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPartView {
    /// The piece.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_hit: bool,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPageView {
    /// The rows, newest first.
    pub rows: Vec<EntryView>,
    /// Where the next page begins; unset at the end.
    pub next: Option<String>,
}

/// One line of a row's details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
}

/// A row with everything behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryDetailView {
    /// The row.
    pub entry: EntryView,
    /// Its details to read.
    pub fields: Vec<FieldView>,
    /// The FHIR resource as the clinic sent it, byte for byte.
    pub resource_json: String,
}

/// The course of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendView {
    /// What was measured.
    pub title: String,
    /// The unit of every point.
    pub unit: String,
    /// The points, the oldest first.
    pub points: Vec<PointView>,
}

/// One point of a trend.
#[derive(Clone, Debug, PartialEq)]
pub struct PointView {
    /// When.
    pub at: Timestamp,
    /// The same as text.
    pub when_text: String,
    /// The value.
    pub value: f64,
    /// The lower end of the reference range given with it.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// How many rows a section has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionCountView {
    /// The section.
    pub section: Section,
    /// Its name in the language of the app.
    pub name: String,
    /// Its rows.
    pub entries: u64,
}

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// To be paid.
    Due,
    /// The clinic has the money.
    Paid,
    /// Nothing to pay (cancelled or entered in error).
    Void,
}

/// An invoice as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceView {
    /// The FHIR id.
    pub id: String,
    /// The clinic.
    pub clinic_id: String,
    /// What stands in the transfer's text.
    pub reference: String,
    /// The amount.
    pub amount: Vnd,
    /// The amount as text.
    pub amount_text: String,
    /// Issued when, as text; empty when not told.
    pub issued_text: String,
    /// How far the payment has come.
    pub status: PaymentStatus,
    /// The same in words.
    pub status_text: String,
}

/// A VietQR made from a clinic's signed payment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentQrView {
    /// The EMVCo text.
    pub payload: String,
    /// The bank's name, or its number (BIN) when unknown.
    pub bank: String,
    /// The payee as the clinic signed it.
    pub payee_name: String,
    /// The payee's account.
    pub account: String,
    /// The amount.
    pub amount: Vnd,
    /// The amount as text.
    pub amount_text: String,
    /// The reference that leads the transfer's text.
    pub reference: String,
    /// Modules in a row of the drawn code, without a quiet zone.
    pub size: u32,
    /// `size * size` modules, row by row: 1 is dark.
    pub modules: Vec<u8>,
}

/// What must not be missed; given again until it is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// The id to acknowledge.
    pub id: i64,
    /// Whom it concerns.
    pub person_id: String,
    /// A stable name, e.g. `booking-confirmed`, `booking-confirmed-otherwise`, `booking-refused`, `invoice-paid`.
    pub kind: String,
    /// The booking's or the resource's id.
    pub subject: String,
    /// In words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// What a new phone shows to the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRequestView {
    /// The text of the QR code.
    pub qr_text: String,
    /// From this instant on it is refused.
    pub expires: Timestamp,
}

/// How many parcels of a move are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveProgressView {
    /// Parcels that are here.
    pub have: u32,
    /// Parcels that there are.
    pub of: u32,
    /// Whether the account is on this phone now: synchronise to fetch the books.
    pub done: bool,
}

/// Everything the first screen of a person shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookView {
    /// The person.
    pub person: PersonView,
    /// The rows of each section that has any.
    pub sections: Vec<SectionCountView>,
    /// The bookings, the next first.
    pub bookings: Vec<BookingView>,
    /// The invoices, the newest first.
    pub invoices: Vec<InvoiceView>,
    /// What waits to be acknowledged.
    pub events: Vec<EventView>,
    /// How the book stands with each clinic.
    pub clinics: Vec<ClinicSyncView>,
}

/// Put a reading of the person's own into the book.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordReadingRequest {
    /// Whose.
    pub person_id: String,
    /// Which clinic gets it; may be unset when there is only one.
    pub clinic_id: Option<String>,
    /// What was measured.
    pub measure: Measure,
    /// Systolic and diastolic in mmHg; or the one number: beats a minute, mmol/L, kg, °C, %.
    pub values: Vec<f64>,
    /// When it was measured; now when unset.
    pub at: Option<Timestamp>,
}

/// How a clinic can reach a person.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactView {
    /// The clinic.
    pub clinic_id: String,
    /// The clinic's name.
    pub clinic_name: String,
    /// The telephone numbers, the first one first.
    pub phones: Vec<String>,
    /// The address on one line; empty when none is known.
    pub address: String,
    /// How far a change of it has come; unset when the clinic has it so.
    pub sync: Option<SyncStateView>,
}

impl std::fmt::Debug for ContactView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactView")
            .field("clinic_id", &self.clinic_id)
            .field("sync", &self.sync)
            .finish_non_exhaustive()
    }
}

/// Change how a clinic can reach a person. What is unset stays.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangeContactRequest {
    /// Whom.
    pub person_id: String,
    /// Which clinic gets it; may be unset when there is only one.
    pub clinic_id: Option<String>,
    /// All telephone numbers, the first one first; at most 5.
    pub phones: Option<Vec<String>>,
    /// The address on one line, at most 300 characters; empty takes it away.
    pub address: Option<String>,
}

impl std::fmt::Debug for ChangeContactRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeContactRequest")
            .field("clinic_id", &self.clinic_id)
            .finish_non_exhaustive()
    }
}

/// How far what a person wrote has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStatus {
    /// Kept on the phone; goes out by itself when there is a network.
    Waiting,
    /// On its way; the clinic's answer is not known.
    Sending,
    /// The clinic does not take it; it can be taken back.
    Refused,
    /// The clinic changed it otherwise; the person decides.
    Conflict,
}

/// The same with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncStateView {
    /// The id of the change.
    pub id: String,
    /// How far it has come.
    pub status: SyncStatus,
    /// The same in words that say what happens next.
    pub text: String,
}

/// What the person and a clinic changed differently.
#[derive(Clone, PartialEq, Eq)]
pub struct ConflictView {
    /// The id of the change, for [`crate::SoKhoe::settle_conflict`].
    pub id: String,
    /// The clinic.
    pub clinic_id: String,
    /// The clinic's name.
    pub clinic_name: String,
    /// When the person wrote it.
    pub written: Timestamp,
    /// The same as text.
    pub when_text: String,
    /// What differs.
    pub parts: Vec<ConflictPartView>,
}

impl std::fmt::Debug for ConflictView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConflictView")
            .field("id", &self.id)
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}

/// One thing that differs.
#[derive(Clone, PartialEq, Eq)]
pub struct ConflictPartView {
    /// What it is, e.g. "Telephone".
    pub what: String,
    /// What the person wrote.
    pub mine: String,
    /// What the clinic has.
    pub clinics: String,
}

impl std::fmt::Debug for ConflictPartView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConflictPartView").finish_non_exhaustive()
    }
}

/// A person's decision of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What the person wrote goes to the clinic.
    Mine,
    /// What the clinic has stays.
    Clinics,
}
