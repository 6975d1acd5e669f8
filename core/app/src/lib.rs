//! The use cases of the phone app, one file each, behind one object: [`SoKhoe`].
//!
//! Everything a screen needs comes out as a `*View` with texts ready to read; everything it asks
//! goes in as a `*Request`. What is kept on the phone is answered without a network.

mod access_log;
mod add_server;
mod book;
mod bookings;
mod browse;
mod cancel;
mod change_contact;
mod changes;
mod check;
mod clinic_clock;
mod conditions;
mod config;
mod conflicts;
mod day_times;
mod deadline;
mod device_keys;
mod documents;
mod enrol;
mod entry;
mod error;
mod events;
mod export;
mod find_slots;
mod follow_ups;
mod forget_clinic;
mod helpers;
mod helping;
mod insurance;
mod invitations;
mod invoices;
mod join_visit;
mod keep_in_step;
mod keys;
mod leases;
mod lost_access;
mod move_booking;
mod move_phone;
mod observe;
mod overlaps;
mod own_documents;
mod papers;
mod parked;
mod pause;
mod pay;
mod persons;
mod queue;
mod record_reading;
mod reminders;
mod rights;
mod same_person;
mod scan;
mod series;
mod session;
mod settle_conflict;
mod sign_in;
#[cfg(test)]
mod slow_clinic;
mod storage;
mod support_report;
mod sync_all;
mod sync_state;
mod synchronise;
mod system_clock;
#[cfg(test)]
mod test_phone;
mod ticket;
mod today;
mod travel_time;
mod trend;
mod trip;
mod views;
mod waiting_list;
pub mod words;

pub use access_log::{AccessLogEntryView, AccessLogView};
pub use check::BookCheck;
pub use conditions::DataView;
pub use config::{AppConfig, SystemRng, system_ports};
pub use day_times::DayTimesView;
pub use deadline::DeadlineView;
pub use documents::{AttachmentReader, AttachmentState, AttachmentView, MAX_DOCUMENT_BYTES};
pub use error::{
    AppError, DocumentRefusal, EnrolmentRefusal, KeyStoreRefusal, MoveRefusal, RecoveryCodeRefusal,
};
pub use export::{Existing, ExportFormat, write_file};
pub use follow_ups::FollowUpView;
pub use helpers::{HelperInvitationView, HelperView, InviteHelperRequest};
pub use helping::HelpingView;
pub use insurance::EstimateView;
pub use invitations::{AcceptedView, InvitationView};
pub use join_visit::RemoteVisitView;
pub use observe::{BookObserver, Subscription};
pub use overlaps::{OverlapKind, OverlapView};
pub use own_documents::{DocumentWriter, NewDocumentView};
pub use papers::PaperView;
pub use parked::ParkedView;
pub use queue::QueueView;
pub use reminders::{
    ReminderAboutView, ReminderKind, ReminderView, RemindersView, SeePrescriptionView,
};
pub use rights::{AskForRightsRequest, RightsRequestView};
pub use same_person::SamePersonView;
pub use scan::{
    CitizenCardView, InsuranceCardView, PayeeCheckView, PayeeDifference, PaymentScheme, ScanView,
    ScannedPaymentView, ScannedView,
};
pub use series::{
    FindSeriesRequest, SeriesDayView, SeriesDays, SeriesOtherwise, SeriesRequest, SeriesTimesView,
    SeriesView,
};
pub use session::SoKhoe;
pub use sign_in::SignInView;
pub use sokhoe_domain as domain;
pub use sokhoe_domain::{GrantScope, Paper, QueueState, RemoteVisitState, VisitKind, VisitMode};
pub use sokhoe_fhir::Measure;
pub use sokhoe_sync::{HeldBack, NetworkKind, SyncConditions};
pub use storage::StorageView;
pub use support_report::report_code;
pub use sync_all::{PersonSyncView, WindowView};
pub use system_clock::{StartedClock, SystemClock};
pub use ticket::{TicketCodeView, TicketState, TicketView};
pub use today::{NeedKind, NeedView, TodayView};
pub use trip::{
    FindTripRequest, TripMemberRequest, TripOtherView, TripRequest, TripTimesView, TripView,
    TripVisit,
};
pub use views::{
    AddServerRequest, BookRequest, BookView, BookingStatus, BookingView, BrowseRequest,
    ChangeContactRequest, ClinicSyncView, ClinicView, ConflictPartView, ConflictView, ContactView,
    EnrolmentView, EntryDetailView, EntryPageView, EntryView, EventView, FieldView,
    FindSlotsRequest, InvoiceView, Keep, MoveBookingRequest, MoveProgressView, MoveRequestView,
    OtherwiseRequest, PaymentQrView, PaymentStatus, PersonView, PointView, RecordReadingRequest,
    SectionCountView, ServiceView, SlotCriteria, SlotView, SyncState, SyncStateView, SyncStatus,
    SyncView, TextPartView, TrendView,
};
pub use waiting_list::{JoinWaitingListRequest, WaitingView};
pub use words::Language;
