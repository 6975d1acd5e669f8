//! The core's views and requests, given to Kotlin and Swift as they are. The compiler checks that the fields here
//! are those of [`sokhoe_app`]; the comments are what app developers read.

use sokhoe_app::{
    AddServerRequest, BookRequest, BookView, BookingStatus, BookingView, BrowseRequest,
    ChangeContactRequest, ClinicSyncView, ClinicView, ConflictPartView, ConflictView, ContactView,
    DeadlineView, EnrolmentRefusal, EnrolmentView, EntryDetailView, EntryPageView, EntryView,
    EstimateView, EventView, ExportFormat, FieldView, FindSlotsRequest, GrantScope, HeldBack,
    HelpingView, InvoiceView, JoinWaitingListRequest, Keep, KeyStoreRefusal, Language, Measure,
    MoveBookingRequest, MoveProgressView, MoveRefusal, MoveRequestView, NewDocumentView,
    OtherwiseRequest, OverlapKind, OverlapView, PaperView, ParkedView, PaymentQrView,
    PaymentStatus, PersonView, PointView, QueueState, QueueView, RecordReadingRequest,
    RecoveryCodeRefusal, RemoteVisitState, RemoteVisitView, SectionCountView, SeriesView,
    ServiceView, SignInView, SlotCriteria, SlotView, StorageView, SyncState, SyncStateView,
    SyncStatus, SyncView, TextPartView, TicketCodeView, TicketState, TicketView, TrendView,
    TripView, WaitingView,
};
use sokhoe_domain::{EntryKind, Paper, Section, Timestamp, VisitKind, VisitMode, Vnd};

// An instant: `java.time.Instant` and `Date`, by the root's uniffi.toml.
uniffi::custom_type!(Timestamp, i64, {
    remote,
    lower: |instant| instant.as_millis(),
    try_lift: |millis| Ok(Timestamp::from_millis(millis)),
});

// Whole đồng.
uniffi::custom_type!(Vnd, i64, {
    remote,
    lower: |amount| amount.dong(),
    try_lift: |dong| Ok(Vnd::new(dong)),
});

/// The language of every text.
#[uniffi::remote(Enum)]
pub enum Language {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

/// A part of the health book.
#[uniffi::remote(Enum)]
pub enum Section {
    /// Laboratory and other results.
    Results,
    /// Medicines.
    Medicines,
    /// Visits and stays.
    Visits,
    /// X-ray, CT, ultrasound.
    Images,
    /// Vaccines.
    Vaccines,
    /// Pressure, sugar at home, weight.
    Measurements,
    /// Discharge letters, slips, plans, reports.
    Documents,
    /// Allergies and conditions.
    AllergiesAndConditions,
    /// Appointments.
    Appointments,
    /// Invoices.
    Invoices,
    /// Operations and treatments.
    Procedures,
}

/// How an entry stands out.
#[uniffi::remote(Enum)]
pub enum EntryKind {
    /// Nothing to point out.
    Plain,
    /// Above the reference range.
    High,
    /// Below the reference range.
    Low,
    /// Outside what is normal, direction not said.
    Abnormal,
}

/// Why an enrolment, or a sign-in, was refused.
#[uniffi::remote(Enum)]
pub enum EnrolmentRefusal {
    /// The text is not one of our enrolment codes.
    NotOurs,
    /// The code was altered or is incomplete.
    Altered,
    /// The code is too old.
    Expired,
    /// The clinic does not know the code.
    Unknown,
    /// Another phone has used the code.
    Used,
    /// The clinic that answered is not the one that made the code.
    OtherClinic,
    /// The code is of a later version: update the app.
    NewerVersion,
    /// The phone helps this person in another way already, which must end first.
    OtherGrant,
    /// Nobody signs in at this clinic: its counter shows a code.
    NotOffered,
    /// This phone did not begin this sign-in, or it is over: begin anew.
    NotBegun,
    /// Somebody at the clinic's counter must look who it is.
    CounterRequired,
    /// The person stopped, or was not let through where they signed in.
    Declined,
    /// The person must prove more of who they are where they sign in.
    TooWeak,
    /// The clinic, or where its people sign in, cannot do it now: try later.
    Unavailable,
}

/// Why a recovery code was refused.
#[uniffi::remote(Enum)]
pub enum RecoveryCodeRefusal {
    /// It has too many letters and digits or too few, or some are mistyped.
    Mistyped,
    /// The code is of a later version: update the app.
    NewerVersion,
    /// It is not the code that was made last for these books.
    Wrong,
    /// No code was made for these books.
    NoneMade,
}

/// What a key store answered instead of a key.
#[uniffi::remote(Enum)]
pub enum KeyStoreRefusal {
    /// The phone is locked.
    Locked,
    /// The person did not unlock.
    UserCancelled,
    /// It may work when tried again.
    Transient,
    /// The key can no longer be used: recovery is needed.
    Invalidated,
    /// The key is missing: recovery is needed.
    Missing,
}

/// Why a move to another phone was refused.
#[uniffi::remote(Enum)]
pub enum MoveRefusal {
    /// The text is not one of our codes for this.
    NotOurs,
    /// The code was altered or is incomplete.
    Altered,
    /// The request is too old: show a new one.
    Expired,
    /// The code, or what it carries, is of a later version: update the app.
    NewerVersion,
    /// The new phone has an account already.
    NotEmpty,
    /// The old phone has no account.
    Nothing,
    /// The account fits no reasonable number of codes.
    TooLarge,
    /// The parcel answers another request.
    OtherRequest,
    /// This phone shows no request.
    NoRequest,
    /// All parcels are here and cannot be opened.
    Damaged,
    /// The account has moved away from this phone.
    Moved,
}

/// What a new phone shows to the old one.
#[uniffi::remote(Record)]
pub struct MoveRequestView {
    /// The text of the QR code.
    pub qr_text: String,
    /// From this instant on it is refused.
    pub expires: Timestamp,
}

/// How many parcels of a move are here.
#[uniffi::remote(Record)]
pub struct MoveProgressView {
    /// Parcels that are here.
    pub have: u32,
    /// Parcels that there are.
    pub of: u32,
    /// Whether the account is on this phone now: synchronise to fetch the books.
    pub done: bool,
}

/// How an exported book is written.
#[uniffi::remote(Enum)]
pub enum ExportFormat {
    /// A FHIR R4 Bundle (`collection`), every resource byte for byte as it came.
    Fhir,
    /// One HTML file to read and to print, without scripts and without anything from elsewhere.
    Html,
}

/// A person whose health book is on this phone.
#[uniffi::remote(Record)]
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

/// By which grant this phone helps a person who is not its own.
#[uniffi::remote(Record)]
pub struct HelpingView {
    /// What may be done for them.
    pub scopes: Vec<GrantScope>,
    /// Until when; unset when nobody said.
    pub until: Option<Timestamp>,
    /// Whether the book opens only once the clinic was asked again.
    pub needs_network: bool,
    /// All of it, as sentences.
    pub text: String,
}

/// A clinic this phone is enrolled with.
#[uniffi::remote(Record)]
pub struct ClinicView {
    /// The clinic's id.
    pub id: String,
    /// The clinic's name.
    pub name: String,
    /// Where it is reached.
    pub base_url: String,
}

/// A sign-in that was begun.
#[uniffi::remote(Record)]
pub struct SignInView {
    /// The address to open in the system's browser, in a tab that belongs to the app.
    pub url: String,
    /// The scheme of the address that ends it: what a browser tab of the app waits for.
    pub callback_scheme: String,
    /// What the clinic is called, by its own word.
    pub clinic_name: String,
}

/// What an enrolment brought.
#[uniffi::remote(Record)]
pub struct EnrolmentView {
    /// The clinic.
    pub clinic: ClinicView,
    /// The people whose books can now be kept here.
    pub persons: Vec<PersonView>,
}

/// A service that can be booked.
#[uniffi::remote(Record)]
pub struct ServiceView {
    /// The id at the clinic.
    pub id: String,
    /// The name.
    pub name: String,
    /// The speciality's name; empty when not told.
    pub specialty: String,
    /// What [`SlotCriteria`] calls the speciality; empty when not told.
    pub specialty_code: String,
    /// The price as text; empty when not told.
    pub price_text: String,
}

/// Which free times to look for.
#[uniffi::remote(Record)]
pub struct FindSlotsRequest {
    /// For whom.
    pub person_id: String,
    /// Where.
    pub clinic_id: String,
    /// Which service; any when unset.
    #[uniffi(default = None)]
    pub service_id: Option<String>,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
    /// At most this many, the nearest first; 1 to 100.
    #[uniffi(default = 20)]
    pub limit: u32,
    /// What they must have; anything will do when unset.
    #[uniffi(default = None)]
    pub criteria: Option<SlotCriteria>,
    /// Whether they have a referral slip, or a slip to be examined again: insurance then pays as on the right route.
    #[uniffi(default = false)]
    pub has_referral: bool,
}

/// What health insurance would pay of a visit.
#[uniffi::remote(Record)]
pub struct EstimateView {
    /// What it would pay; unset when that cannot be told.
    pub insurance_pays: Option<Vnd>,
    /// What would remain of the price; unset when that cannot be told.
    pub remains: Option<Vnd>,
    /// That it is an estimate, which share and why, and what to bring so that it holds; or why there is none.
    pub text: String,
}

/// Where doctor and patient meet.
#[uniffi::remote(Enum)]
pub enum VisitMode {
    /// At the clinic.
    InPerson,
    /// By telephone or video.
    Remote,
}

/// Whether a remote visit can be joined.
#[uniffi::remote(Enum)]
pub enum RemoteVisitState {
    /// It opens later.
    NotYet,
    /// Now.
    Open,
    /// It has closed.
    Over,
}

/// How a remote visit is joined, as the clinic says at this moment.
#[uniffi::remote(Record)]
pub struct RemoteVisitView {
    /// Whether it can be joined now, by the clinic's clock.
    pub state: RemoteVisitState,
    /// From when on.
    pub opens: Timestamp,
    /// Until when.
    pub closes: Timestamp,
    /// The link, which begins with `https://`; there while it is open. To be opened at once and not kept.
    pub link: Option<String>,
    /// The same as a sentence.
    pub text: String,
}

/// Whether a ticket can be shown.
#[uniffi::remote(Enum)]
pub enum TicketState {
    /// It is here, and opens later.
    NotYet,
    /// Now.
    Open,
    /// Its time is over.
    Over,
    /// There is none here.
    Absent,
}

/// The code of a ticket, to be drawn.
#[uniffi::remote(Record)]
pub struct TicketCodeView {
    /// The text of the code.
    pub payload: String,
    /// Modules in a row, without a quiet zone.
    pub size: u32,
    /// `size * size` modules, row by row: 1 is dark.
    pub modules: Vec<u8>,
}

/// The ticket of a booking. All times are the clinic's.
#[uniffi::remote(Record)]
pub struct TicketView {
    /// Whether it can be shown now.
    pub state: TicketState,
    /// What to show; there while it is open.
    pub code: Option<TicketCodeView>,
    /// The clinic's number of the ticket; unset when there is none here.
    pub number: Option<u32>,
    /// When the visit begins.
    pub start: Timestamp,
    /// From when on it can be shown; unset when there is none here.
    pub opens: Option<Timestamp>,
    /// Until when this code is good, which is not the whole time of the ticket.
    pub valid_until: Option<Timestamp>,
    /// After so many seconds something else is to be shown: ask again. Whatever the phone's clock says.
    pub ask_again_seconds: Option<u32>,
    /// What to do, as a sentence.
    pub text: String,
}

/// What a free time must have. What is unset or empty may be any. Days and minutes are Vietnam's.
#[uniffi::remote(Record)]
pub struct SlotCriteria {
    /// Weekdays, 1 for Monday to 7 for Sunday.
    #[uniffi(default = [])]
    pub weekdays: Vec<u32>,
    /// The minute of the day at which it begins at the earliest; 0 to 1439.
    #[uniffi(default = 0)]
    pub from_minute: u32,
    /// The minute of the day before which it begins; at most 1440.
    #[uniffi(default = 1440)]
    pub until_minute: u32,
    /// The doctor, as a [`SlotView`] tells it.
    #[uniffi(default = None)]
    pub practitioner_id: Option<String>,
    /// The speciality, as a [`ServiceView`] tells its code.
    #[uniffi(default = None)]
    pub specialty: Option<String>,
    /// It costs no more, before any insurance.
    #[uniffi(default = None)]
    pub max_price: Option<Vnd>,
    /// A language that somebody there speaks, as a code of BCP 47, e.g. `hmn`.
    #[uniffi(default = None)]
    pub language: Option<String>,
    /// One gets there without a step.
    #[uniffi(default = false)]
    pub step_free: bool,
    /// At the clinic, or by telephone or video.
    #[uniffi(default = None)]
    pub mode: Option<VisitMode>,
    /// Also times of which the clinic does not tell whether they have all this; the time's text says what is not told.
    /// Times of which it tells the contrary never come.
    #[uniffi(default = false)]
    pub untold_too: bool,
}

/// A free time that a clinic offers.
#[uniffi::remote(Record)]
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
    #[uniffi(default = None)]
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
    #[uniffi(default = None)]
    pub deadline: Option<DeadlineView>,
    /// What was wanted and the clinic does not tell, in words; empty when it tells all of it.
    pub untold_text: String,
}

/// What kind of visit it is, as whoever goes there knows it.
#[uniffi::remote(Enum)]
pub enum VisitKind {
    /// For something new, of their own accord.
    First,
    /// Asked to come again by the same clinic.
    FollowUp,
    /// Sent by another clinic.
    Referred,
    /// By telephone or video: what to have at hand.
    Remote,
}

/// Something to take along.
#[uniffi::remote(Enum)]
pub enum Paper {
    /// Citizen card, or VNeID.
    Identity,
    /// Insurance card, or what counts as one.
    InsuranceCard,
    /// The referral slip of the clinic that sends somebody.
    Referral,
    /// The slip by which a clinic asks somebody to come again.
    ReexaminationSlip,
    /// Results, letters and images of before.
    EarlierResults,
    /// What is being taken, or its prescription.
    Medicines,
}

/// Something to take along, to read.
#[uniffi::remote(Record)]
pub struct PaperView {
    /// What it is.
    pub paper: Paper,
    /// Its name.
    pub name: String,
    /// What to know of it; may be empty.
    pub note: String,
}

/// Book this time for this person.
#[uniffi::remote(Record)]
pub struct BookRequest {
    /// For whom.
    pub person_id: String,
    /// Which time.
    pub slot: SlotView,
    /// What else would do, should it be taken; the clinic decides.
    #[uniffi(default = None)]
    pub otherwise: Option<OtherwiseRequest>,
}

/// Have a confirmed booking at this time instead.
#[uniffi::remote(Record)]
pub struct MoveBookingRequest {
    /// Whose booking it is.
    pub person_id: String,
    /// The booking.
    pub booking_id: String,
    /// Which time; of the same clinic, and for the same service.
    pub slot: SlotView,
}

/// Other times that will do, of which a clinic takes the one nearest to the named time. Days and minutes are Vietnam's.
#[uniffi::remote(Record)]
pub struct OtherwiseRequest {
    /// The first day, e.g. `2026-12-01`.
    pub first_day: String,
    /// The last day, at most 59 days later.
    pub last_day: String,
    /// The minute of the day at which an appointment begins at the earliest; 0 to 1439.
    #[uniffi(default = 0)]
    pub from_minute: u32,
    /// The minute of the day before which it begins; at most 1440.
    #[uniffi(default = 1440)]
    pub until_minute: u32,
    /// Weekdays, 1 for Monday to 7 for Sunday; any when there is none.
    #[uniffi(default = [])]
    pub weekdays: Vec<u32>,
    /// Whether any doctor of the same service will do.
    #[uniffi(default = false)]
    pub any_practitioner: bool,
}

/// How far a booking has come.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Record)]
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
    /// With whom it was booked together; unset for one of nobody else's.
    pub trip: Option<TripView>,
    /// Of which series it is; unset for one of none.
    pub series: Option<SeriesView>,
    /// How the place on a waiting list stands that this is, or is to be. Without an offer `start` and `end` are within
    /// which the time is wanted.
    pub waiting: Option<WaitingView>,
    /// How the person stands in the clinic's queue; unset while they are not there, and where the clinic tells nothing of a
    /// queue.
    pub queue: Option<QueueView>,
    /// Who booked or changed it last for the person, by a grant, as a sentence; unset when the person did.
    pub helped_by_text: Option<String>,
}

/// Until when a person may change a booking by themselves, as its clinic said it. Only the clinic decides: its clock counts,
/// and what was asked before and reaches it later is refused.
#[uniffi::remote(Record)]
pub struct DeadlineView {
    /// Until when, by the clinic's clock.
    pub until: Timestamp,
    /// Whether that is over, as far as it is known what the clinic's clock says.
    pub is_over: bool,
    /// The same to read: what to do.
    pub text: String,
}

/// Where somebody is who has a number.
#[uniffi::remote(Enum)]
pub enum QueueState {
    /// In the line.
    Waiting,
    /// It is their turn.
    Called,
    /// With the doctor.
    InRoom,
    /// They were called and did not come; their number stays.
    Missed,
    /// It is over.
    Done,
}

/// How somebody stands in a clinic's queue, as the clinic said it last. It is kept up to date while the book is kept in
/// step; the phone never counts by itself.
#[uniffi::remote(Record)]
pub struct QueueView {
    /// Their number of the day.
    pub number: u32,
    /// Where they are.
    pub state: QueueState,
    /// People before them in the line; unset where that is not told.
    pub ahead: Option<u32>,
    /// About when it is their turn; unset where that is not told.
    pub expected: Option<Timestamp>,
    /// Where to go, or where they are; empty where that is not told.
    pub station: String,
    /// When it was so, by the clinic's clock.
    pub as_of: Timestamp,
    /// Whether that is some time ago.
    pub is_old: bool,
    /// The same to read: what to do, and as of when where that is some time ago.
    pub text: String,
}

/// A place on a waiting list, as far as it is one.
#[uniffi::remote(Record)]
pub struct WaitingView {
    /// Since when the person is on the list, by the clinic's clock; unset while the clinic does not have it so.
    pub since: Option<Timestamp>,
    /// Until when the clinic keeps the time of the booking for the person, by its clock; unset while nothing is offered.
    /// That this moment has passed on the phone says nothing: the clinic says when it is over.
    pub offered_until: Option<Timestamp>,
    /// Whether that is soon, or seems to have passed.
    pub is_short: bool,
    /// Whether the person's yes is on its way to the clinic.
    pub taking: bool,
    /// Whether the person's no is on its way to the clinic.
    pub declining: bool,
}

/// Wait until a time is freed.
#[uniffi::remote(Record)]
pub struct JoinWaitingListRequest {
    /// For whom.
    pub person_id: String,
    /// Where; a clinic of ours.
    pub clinic_id: String,
    /// Which service.
    pub service_id: String,
    /// Its name, as the person saw it.
    pub service: String,
    /// It begins at the earliest.
    pub from: Timestamp,
    /// It begins at the latest.
    pub to: Timestamp,
    /// What it must have; anything will do when unset.
    pub criteria: Option<SlotCriteria>,
}

/// What a synchronisation did.
#[uniffi::remote(Record)]
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
#[uniffi::remote(Record)]
pub struct BrowseRequest {
    /// Whose book.
    pub person_id: String,
    /// Words to search for; every row when empty.
    #[uniffi(default = "")]
    pub text: String,
    /// Only this section.
    #[uniffi(default = None)]
    pub section: Option<Section>,
    /// Only of this clinic.
    #[uniffi(default = None)]
    pub clinic_id: Option<String>,
    /// Not before.
    #[uniffi(default = None)]
    pub from: Option<Timestamp>,
    /// Not after.
    #[uniffi(default = None)]
    pub to: Option<Timestamp>,
    /// Where the last page ended.
    #[uniffi(default = None)]
    pub cursor: Option<String>,
    /// At most this many; 1 to 200.
    #[uniffi(default = 50)]
    pub limit: u32,
}

/// A row of the book.
#[uniffi::remote(Record)]
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
    /// The code to ask `trend` for; unset when there is no trend.
    pub trend_code: Option<String>,
    /// After a search: where the words stand, in the row or in what is behind it. Else empty.
    pub snippet: Vec<TextPartView>,
    /// How far what the person wrote there has come; unset when the clinic has it so.
    #[uniffi(default = None)]
    pub sync: Option<SyncStateView>,
}

/// How far what a person wrote has come.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Record)]
pub struct SyncStateView {
    /// The id of the change.
    pub id: String,
    /// How far it has come.
    pub status: SyncStatus,
    /// The same in words that say what happens next.
    pub text: String,
}

/// What a person measures.
#[uniffi::remote(Enum)]
pub enum Measure {
    /// Systolic and diastolic, mmHg.
    BloodPressure,
    /// Heart rate, beats a minute.
    Pulse,
    /// Glucose in blood, mmol/L.
    Glucose,
    /// Body weight, kg.
    Weight,
    /// Body temperature, °C.
    Temperature,
    /// Oxygen saturation by pulse oximetry, %.
    OxygenSaturation,
}

/// Put a reading of the person's own into the book.
#[uniffi::remote(Record)]
pub struct RecordReadingRequest {
    /// Whose.
    pub person_id: String,
    /// Which clinic gets it; may be unset when there is only one.
    #[uniffi(default = None)]
    pub clinic_id: Option<String>,
    /// What was measured.
    pub measure: Measure,
    /// Systolic and diastolic in mmHg; or the one number: beats a minute, mmol/L, kg, °C, %.
    pub values: Vec<f64>,
    /// When it was measured; now when unset.
    #[uniffi(default = None)]
    pub at: Option<Timestamp>,
}

/// How a clinic can reach a person.
#[uniffi::remote(Record)]
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

/// Change how a clinic can reach a person. What is unset stays.
#[uniffi::remote(Record)]
pub struct ChangeContactRequest {
    /// Whom.
    pub person_id: String,
    /// Which clinic gets it; may be unset when there is only one.
    #[uniffi(default = None)]
    pub clinic_id: Option<String>,
    /// All telephone numbers, the first one first; at most 5.
    #[uniffi(default = None)]
    pub phones: Option<Vec<String>>,
    /// The address on one line, at most 300 characters; empty takes it away.
    #[uniffi(default = None)]
    pub address: Option<String>,
}

/// What the person and a clinic changed differently.
#[uniffi::remote(Record)]
pub struct ConflictView {
    /// The id of the change, for `settleConflict`.
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

/// One thing that differs.
#[uniffi::remote(Record)]
pub struct ConflictPartView {
    /// What it is, e.g. "Telephone".
    pub what: String,
    /// What the person wrote.
    pub mine: String,
    /// What the clinic has.
    pub clinics: String,
}

/// A person's decision of a conflict.
#[uniffi::remote(Enum)]
pub enum Keep {
    /// What the person wrote goes to the clinic.
    Mine,
    /// What the clinic has stays.
    Clinics,
}

/// What a person says of a document to be put in.
#[uniffi::remote(Record)]
pub struct NewDocumentView {
    /// What the person calls it: 1 to 200 characters, without those that cannot be seen. Lists show it and searches
    /// find it.
    pub title: String,
    /// `image/jpeg`, `image/png`, `image/heic`, `application/pdf` or `text/plain`.
    pub content_type: String,
    /// When it was made, e.g. the day of the prescription; now when unset. Lists sort by it.
    #[uniffi(default = None)]
    pub created: Option<Timestamp>,
    /// Bytes, when they are known before: whether they fit is then said before any is taken in.
    #[uniffi(default = None)]
    pub size: Option<u64>,
}

/// What the documents of a book take on the phone, in bytes.
#[uniffi::remote(Record)]
pub struct StorageView {
    /// What documents may take.
    pub budget: u64,
    /// What they take.
    pub used: u64,
    /// Of these, the person's own that no clinic has: they stay.
    pub own: u64,
    /// Of these, what a clinic gave and no longer has: they stay.
    pub last_copies: u64,
    /// Of these, what goes by itself when room is needed, since a clinic still has it.
    pub evictable: u64,
}

/// A piece of a text that is shown.
#[uniffi::remote(Record)]
pub struct TextPartView {
    /// The piece.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_hit: bool,
}

/// A page of rows.
#[uniffi::remote(Record)]
pub struct EntryPageView {
    /// The rows, newest first.
    pub rows: Vec<EntryView>,
    /// Where the next page begins; unset at the end.
    pub next: Option<String>,
}

/// One line of a row's details.
#[uniffi::remote(Record)]
pub struct FieldView {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
}

/// A row with everything behind it.
#[uniffi::remote(Record)]
pub struct EntryDetailView {
    /// The row.
    pub entry: EntryView,
    /// Its details to read.
    pub fields: Vec<FieldView>,
    /// The FHIR resource as the clinic sent it, byte for byte.
    pub resource_json: String,
}

/// The course of a value.
#[uniffi::remote(Record)]
pub struct TrendView {
    /// What was measured.
    pub title: String,
    /// The unit of every point.
    pub unit: String,
    /// The points, the oldest first.
    pub points: Vec<PointView>,
}

/// One point of a trend.
#[uniffi::remote(Record)]
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
#[uniffi::remote(Record)]
pub struct SectionCountView {
    /// The section.
    pub section: Section,
    /// Its name in the language of the app.
    pub name: String,
    /// Its rows.
    pub entries: u64,
}

/// How far a payment has come.
#[uniffi::remote(Enum)]
pub enum PaymentStatus {
    /// To be paid.
    Due,
    /// The clinic has the money.
    Paid,
    /// Nothing to pay (cancelled or entered in error).
    Void,
}

/// An invoice as a list shows it.
#[uniffi::remote(Record)]
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
#[uniffi::remote(Record)]
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

/// Why two visits do not go well together.
#[uniffi::remote(Enum)]
pub enum OverlapKind {
    /// The person has another appointment at that time.
    SamePerson,
    /// Somebody else on this phone has one at that time.
    Family,
    /// Less than an hour is left between them, and they are at different clinics.
    LittleTime,
}

/// A booking that does not go well together with a planned visit.
#[uniffi::remote(Record)]
pub struct OverlapView {
    /// Why.
    pub kind: OverlapKind,
    /// Whose booking it is.
    pub person_id: String,
    /// The booking.
    pub booking_id: String,
    /// Where it is.
    pub clinic_id: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// All that in words.
    pub text: String,
}

/// Something that was decided and is kept back, since it cannot succeed as it is.
#[uniffi::remote(Record)]
pub struct ParkedView {
    /// What `retryParked` and `dropParked` take.
    pub id: String,
    /// The booking that it is about.
    pub booking_id: String,
    /// What it is.
    pub what_text: String,
    /// Why, and what can be done.
    pub reason_text: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether sending it again may help.
    pub can_mend: bool,
}

/// What must not be missed; given again until it is acknowledged.
#[uniffi::remote(Record)]
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

/// Everything the first screen of a person shows.
#[uniffi::remote(Record)]
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

/// How a person's book stands with one clinic.
#[uniffi::remote(Enum)]
pub enum SyncState {
    /// Nothing ever came.
    Never,
    /// The first sync is under way: what came is there to be read.
    Arriving,
    /// Everything is here, as of the last success.
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
    /// There is more to come, and the phone waits with it.
    HeldBack,
}

/// How a person's book stands with one clinic.
#[uniffi::remote(Record)]
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
    /// What was decided here and is kept back, since it cannot succeed as it is.
    pub parked: u64,
    /// What the person wrote and the clinic does not take.
    pub refused: u64,
    /// What the clinic changed otherwise than the person: the person decides.
    pub conflicts: u64,
    /// What the clinic is called in the support report.
    pub support_code: String,
    /// Records that came and could not be read.
    pub set_aside: u64,
    /// Why the phone waits with what is still to come; unset when nothing holds it back now.
    pub held_back: Option<HeldBack>,
    /// The clinic gave no answer and is left alone until then, unless the person asks.
    pub next_try: Option<Timestamp>,
}

/// A person's record at a FHIR R4 server.
#[uniffi::remote(Record)]
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
