//! The object behind every screen.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::{
    AddServerRequest, AppConfig, AttachmentView, BookRequest, BookView, BookingView, BrowseRequest,
    ChangeContactRequest, ClinicSyncView, ClinicView, ConflictView, ContactView, EnrolmentView,
    EntryDetailView, EntryPageView, EntryView, EventView, Existing, ExportFormat, FindSlotsRequest,
    InvoiceView, JoinWaitingListRequest, Keep, Language, MoveBookingRequest, MoveProgressView,
    MoveRequestView, NewDocumentView, OverlapView, PaperView, ParkedView, PayeeCheckView,
    PaymentQrView, PersonView, RecordReadingRequest, RemoteVisitView, ScanView, SectionCountView,
    ServiceView, SignInView, SlotView, StartedClock, StorageView, SyncView, TicketView, TrendView,
};
use sokhoe_domain::ports::Ports;
use sokhoe_domain::{Timestamp, VisitKind};

use zeroize::Zeroizing;

use crate::cancel::unless_cancelled;
use crate::key_store::Keys;
use crate::observe::Observer;
use crate::workers::Workers;
use crate::{
    AttachmentReader, BookObserver, CancelToken, DocumentWriter, KeyStore, SoKhoeError,
    Subscription,
};

pub(crate) type Result<T> = std::result::Result<T, SoKhoeError>;

/// How the core is opened.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CoreConfig {
    /// The folder of the app's own that keeps the books; made when it is not there.
    pub folder: String,
    /// The language of every text.
    pub language: Language,
    /// What the clinic's desk calls this phone.
    pub device_name: String,
    /// A name of the phone's present start, another one after each, where only the app is told it (iOS:
    /// `kern.bootsessionuuid`). Android tells the core itself.
    #[uniffi(default = None)]
    pub device_start: Option<String>,
}

/// The core of the app: the books of all persons on this phone. One per folder and process.
///
/// Every call but `set_conditions`, `words_for`, `words_before_export`, `words_after_move` and `scan` may touch the disk or the network and leaves the calling thread free. A call whose
/// caller no longer waits still comes to its end.
#[derive(uniffi::Object)]
pub struct SoKhoe {
    pub(crate) core: sokhoe_app::SoKhoe,
    pub(crate) workers: Workers,
}

fn ports(config: &CoreConfig, key_store: Arc<dyn KeyStore>) -> Result<Ports> {
    let folder = Path::new(&config.folder);
    let ports = sokhoe_app::system_ports(folder, Arc::new(Keys(key_store)))?;
    Ok(match &config.device_start {
        None => ports,
        Some(start) => Ports {
            clock: Arc::new(StartedClock::of_start(start)),
            ..ports
        },
    })
}

#[uniffi::export]
impl SoKhoe {
    /// Opens the books, or makes the folder for them. Touches the disk and the key store: not for the main thread.
    #[uniffi::constructor]
    pub fn open(config: CoreConfig, key_store: Arc<dyn KeyStore>) -> Result<Self> {
        let workers = Workers::start()?;
        let core = workers.enter(|| {
            let ports = ports(&config, key_store)?;
            let config = AppConfig {
                language: config.language,
                device_name: config.device_name,
            };
            Ok(sokhoe_app::SoKhoe::open(config, ports)?)
        })?;
        Ok(Self { core, workers })
    }

    /// Opens the books with a recovery code, when `open` answered that the key can no longer be used or is missing. The
    /// key store has a new key afterwards. Touches the disk and the key store: not for the main thread.
    #[uniffi::constructor]
    pub fn recover(
        config: CoreConfig,
        key_store: Arc<dyn KeyStore>,
        recovery_code: String,
    ) -> Result<Self> {
        let recovery_code = Zeroizing::new(recovery_code);
        let workers = Workers::start()?;
        let core = workers.enter(|| {
            let ports = ports(&config, key_store)?;
            let config = AppConfig {
                language: config.language,
                device_name: config.device_name,
            };
            Ok(sokhoe_app::SoKhoe::recover(config, ports, &recovery_code)?)
        })?;
        Ok(Self { core, workers })
    }

    /// Closes all books and wipes their keys from memory, once the transactions under way have ended. Calls that are
    /// under way end with `KeyStore`, `Locked`. The next call asks the key store again, once.
    pub async fn lock(&self) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || {
                core.lock();
                Ok(())
            })
            .await
    }

    /// Whether there is a recovery code.
    pub async fn has_recovery_code(&self) -> Result<bool> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.has_recovery_code()?))
            .await
    }

    /// Makes a recovery code, to be written down and kept apart from the phone; shown this once. The one before it no
    /// longer opens anything.
    pub async fn make_recovery_code(&self) -> Result<String> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.make_recovery_code()?))
            .await
    }

    /// Erases a person's book from this phone, with all that no clinic has.
    pub async fn erase_person(&self, person_id: String) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.erase_person(&person_id)?))
            .await
    }

    /// Erases everything from this phone. It is as new afterwards.
    pub async fn erase_everything(&self) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.erase_everything()?))
            .await
    }

    /// What to tell people about an error: what happened, what was kept, what to do. Instant.
    pub fn words_for(&self, error: SoKhoeError) -> Result<String> {
        Ok(self.core.words_for(&error.into()))
    }

    /// Says what a scanned text is: a payment, a card, a code of a clinic, or why it is none of them. Opens, sends
    /// and keeps nothing. Instant.
    pub fn scan(&self, text: String) -> Result<ScanView> {
        Ok(self.core.scan(&text))
    }

    /// Brings this phone into a clinic with the text of its enrolment QR.
    pub async fn enrol(&self, qr_text: String) -> Result<EnrolmentView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.enrol(&qr_text).await?) })
            .await
    }

    /// Begins to sign in at the clinic with this address, with the OpenID provider that the clinic believes. Open `url` in a browser
    /// tab of the app's (Custom Tab, `ASWebAuthenticationSession` with `callback_scheme`), and give the address that it ends at to
    /// [`SoKhoe::finish_sign_in`], also when the app was ended meanwhile.
    pub async fn begin_sign_in(&self, clinic_url: String) -> Result<SignInView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.begin_sign_in(&clinic_url).await?) })
            .await
    }

    /// Ends a sign-in with the whole address that the browser was sent to: this phone is in, as by [`SoKhoe::enrol`]. `Enrolment`
    /// says why not, and its words what to do; without a network it can be repeated within a minute.
    pub async fn finish_sign_in(&self, redirect_url: String) -> Result<EnrolmentView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.finish_sign_in(&redirect_url).await?) })
            .await
    }

    /// Links a person with their Patient at any FHIR R4 server; without a person the Patient becomes one.
    pub async fn add_server(&self, request: AddServerRequest) -> Result<EnrolmentView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.add_server(request).await?) })
            .await
    }

    /// How a person's book stands with each clinic. A subscription has it, too.
    pub async fn sync_state(&self, person_id: String) -> Result<Vec<ClinicSyncView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.sync_state(&person_id)?))
            .await
    }

    /// The people whose books are on this phone.
    pub async fn persons(&self) -> Result<Vec<PersonView>> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.persons()?)).await
    }

    /// The clinics this phone is enrolled with.
    pub async fn clinics(&self) -> Result<Vec<ClinicView>> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.clinics()?)).await
    }

    /// What a clinic offers.
    pub async fn services(&self, clinic_id: String) -> Result<Vec<ServiceView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.services(&clinic_id).await?) })
            .await
    }

    /// Free times.
    pub async fn find_slots(&self, request: FindSlotsRequest) -> Result<Vec<SlotView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.find_slots(request).await?) })
            .await
    }

    /// Books a time. Kept on this phone before it is sent: without a network the booking waits, and that is no error.
    pub async fn book(&self, request: BookRequest) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.book(request).await?) })
            .await
    }

    /// What everybody's bookings on this phone leave no room for, should this person be at this clinic at that time. The
    /// family decides: nothing is forbidden.
    pub async fn overlaps(
        &self,
        person_id: String,
        clinic_id: String,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<OverlapView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.overlaps(&person_id, &clinic_id, start, end)?))
            .await
    }

    /// What to take along to a booked visit, what the counter asks for first. Which kind of visit it is the person knows.
    pub async fn papers(
        &self,
        person_id: String,
        booking_id: String,
        kind: VisitKind,
    ) -> Result<Vec<PaperView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.papers(&person_id, &booking_id, kind)?))
            .await
    }

    /// Asks the clinic how a confirmed visit by telephone or video is joined, when the person wants to go in. The link
    /// opens a quarter of an hour before the visit and closes an hour after it. `NotFound` for a visit that is not
    /// remote, or at a clinic that gives no links.
    pub async fn join_visit(
        &self,
        person_id: String,
        booking_id: String,
    ) -> Result<RemoteVisitView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.join_visit(&person_id, &booking_id).await?) })
            .await
    }

    /// The ticket of a confirmed visit at the clinic, to be shown at the kiosk. Needs no network. Each code is good for half
    /// an hour; `ask_again_seconds` says when the next one is to be shown.
    pub async fn ticket(&self, person_id: String, booking_id: String) -> Result<TicketView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.ticket(&person_id, &booking_id)?))
            .await
    }

    /// Takes a booking back, as soon as there is a network.
    pub async fn cancel_booking(
        &self,
        person_id: String,
        booking_id: String,
    ) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.cancel_booking(&person_id, &booking_id).await?) })
            .await
    }

    /// Moves a confirmed booking to another time, as soon as there is a network. Until the clinic has it so, the booking
    /// stands where it was.
    pub async fn move_booking(&self, request: MoveBookingRequest) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.move_booking(request).await?) })
            .await
    }

    /// Puts a person on a clinic's waiting list, as soon as there is a network. A time that the clinic offers then is the
    /// booking's, to be taken or declined; `cancel_booking` leaves the list.
    pub async fn join_waiting_list(&self, request: JoinWaitingListRequest) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.join_waiting_list(request).await?) })
            .await
    }

    /// Takes the time that a clinic offers to somebody who waits. It is theirs when the clinic says so.
    pub async fn take_offer(&self, person_id: String, booking_id: String) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.take_offer(&person_id, &booking_id).await?) })
            .await
    }

    /// Declines the time that a clinic offers to somebody who waits; they wait on.
    pub async fn decline_offer(
        &self,
        person_id: String,
        booking_id: String,
    ) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.decline_offer(&person_id, &booking_id).await?) })
            .await
    }

    /// The bookings of a person.
    pub async fn bookings(&self, person_id: String) -> Result<Vec<BookingView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.bookings(&person_id)?))
            .await
    }

    /// One booking.
    pub async fn booking(&self, person_id: String, booking_id: String) -> Result<BookingView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.booking(&person_id, &booking_id)?))
            .await
    }

    /// What was decided and is kept back, since it cannot succeed as it is, the oldest first.
    pub async fn parked(&self, person_id: String) -> Result<Vec<ParkedView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.parked(&person_id)?))
            .await
    }

    /// Sends again what was kept back, as soon as there is a network.
    pub async fn retry_parked(&self, person_id: String, id: String) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.retry_parked(&person_id, &id).await?) })
            .await
    }

    /// Gives up what was kept back: a booking is refused then; the booking of a cancellation stays as it is.
    pub async fn drop_parked(&self, person_id: String, id: String) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.drop_parked(&person_id, &id).await?) })
            .await
    }

    /// Tells that the phone has a network again: what could not be reached without one may be tried at once. Instant.
    pub fn network_is_back(&self) {
        self.core.network_is_back();
    }

    /// Sends what waits and fetches what is new, at every clinic of the person.
    ///
    /// `cancel` ends the waiting; what is on its way still arrives.
    pub async fn sync(
        &self,
        person_id: String,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<SyncView> {
        let core = self.core.clone();
        let work = self
            .workers
            .run(async move { Ok(core.sync(&person_id).await?) });
        unless_cancelled(cancel, work).await
    }

    /// Like `sync`, but a clinic with nothing new may keep its answer back for up to `seconds`.
    ///
    /// `cancel` ends the waiting and the exchange with the clinic; what has arrived is kept.
    pub async fn wait_for_changes(
        &self,
        person_id: String,
        seconds: u32,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<SyncView> {
        let core = self.core.clone();
        let wait = Duration::from_secs(seconds.into());
        let work = async move { Ok(core.wait_for_changes(&person_id, wait).await?) };
        self.workers.run(unless_cancelled(cancel, work)).await
    }

    /// Brings a person's book into step and keeps it so, live, until `cancel` is used: for as long as a screen is
    /// open. Subscriptions have what comes and how every clinic stands; that one cannot be reached is no error.
    pub async fn keep_in_step(
        &self,
        person_id: String,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<()> {
        let core = self.core.clone();
        let work = async move { Ok(core.keep_in_step(&person_id).await?) };
        self.workers.run(unless_cancelled(cancel, work)).await
    }

    /// A page of the book: a list, or a search that needs no network.
    pub async fn browse(&self, request: BrowseRequest) -> Result<EntryPageView> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.browse(request)?)).await
    }

    /// What the documents of a book take on the phone, and how much of that goes when room is needed.
    pub async fn storage(&self, person_id: String) -> Result<StorageView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.storage(&person_id)?))
            .await
    }

    /// Sets what the documents of a book may take, in bytes. What is over it and still at a clinic goes at
    /// once; nothing else does.
    pub async fn set_blob_budget(&self, person_id: String, bytes: u64) -> Result<StorageView> {
        let core = self.core.clone();
        let work = async move { Ok(core.set_blob_budget(&person_id, bytes)?) };
        self.workers.run(work).await
    }

    /// How many rows each section has.
    pub async fn sections(&self, person_id: String) -> Result<Vec<SectionCountView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.sections(&person_id)?))
            .await
    }

    /// A row with everything behind it.
    pub async fn entry(&self, person_id: String, entry_id: i64) -> Result<EntryDetailView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.entry(&person_id, entry_id)?))
            .await
    }

    /// The documents of a row, in the clinic's order; none for most rows. Needs no network.
    pub async fn attachments(
        &self,
        person_id: String,
        entry_id: i64,
    ) -> Result<Vec<AttachmentView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.attachments(&person_id, entry_id)?))
            .await
    }

    /// Fetches a document from its clinic and keeps it, sealed, so that it can be opened without a network.
    ///
    /// `cancel` ends the waiting and the exchange with the clinic; nothing is kept then.
    pub async fn fetch_attachment(
        &self,
        person_id: String,
        entry_id: i64,
        index: u32,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<AttachmentView> {
        let core = self.core.clone();
        let work = async move { Ok(core.fetch_attachment(&person_id, entry_id, index).await?) };
        self.workers.run(unless_cancelled(cancel, work)).await
    }

    /// Opens a document that is in the record or on this phone. Needs no network.
    pub async fn open_attachment(
        &self,
        person_id: String,
        entry_id: i64,
        index: u32,
    ) -> Result<Arc<AttachmentReader>> {
        let core = self.core.clone();
        let workers = self.workers.clone();
        self.workers
            .read(move || {
                let inner = core.open_attachment(&person_id, entry_id, index)?;
                Ok(Arc::new(AttachmentReader::new(inner, workers)))
            })
            .await
    }

    /// The course of a value, by the `trend_code` of a row; at most the newest `limit` points.
    pub async fn trend(&self, person_id: String, code: String, limit: u32) -> Result<TrendView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.trend(&person_id, &code, limit)?))
            .await
    }

    /// The invoices of a person.
    pub async fn invoices(&self, person_id: String) -> Result<Vec<InvoiceView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.invoices(&person_id)?))
            .await
    }

    /// The VietQR of an invoice, from the payment order that its clinic signed.
    pub async fn payment_qr(&self, person_id: String, invoice_id: String) -> Result<PaymentQrView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.payment_qr(&person_id, &invoice_id)?))
            .await
    }

    /// Compares a scanned payment code with what the clinic signed for an invoice. What differs is a red stop.
    pub async fn check_payment(
        &self,
        person_id: String,
        invoice_id: String,
        scanned: String,
    ) -> Result<PayeeCheckView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.check_payment(&person_id, &invoice_id, &scanned)?))
            .await
    }

    /// Begins to put a document of the person's own into a book: a photo, a PDF. Needs no network, and no clinic gets
    /// it.
    pub async fn begin_document(
        &self,
        person_id: String,
        document: NewDocumentView,
    ) -> Result<Arc<DocumentWriter>> {
        let (core, workers) = (self.core.clone(), self.workers.clone());
        self.workers
            .read(move || {
                let writer = core.begin_document(&person_id, document)?;
                Ok(Arc::new(DocumentWriter::new(writer, workers)))
            })
            .await
    }

    /// Takes a document of the person's own out of a book again, by its row's id, with its bytes.
    pub async fn remove_document(&self, person_id: String, entry_id: i64) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.remove_document(&person_id, entry_id)?))
            .await
    }

    /// Writes a person's whole book to a file, in the place of one of this name. Needs no network.
    ///
    /// The file is in the clear: whoever has it can read it. Say `words_before_export` first. It has its name only
    /// once it is whole.
    pub async fn export(
        &self,
        person_id: String,
        format: ExportFormat,
        path: String,
    ) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || {
                sokhoe_app::write_file(Path::new(&path), Existing::Replace, |out| {
                    core.export(&person_id, format, out)
                })?;
                Ok(())
            })
            .await
    }

    /// What to tell a person before a book is exported. Instant.
    pub fn words_before_export(&self) -> Result<String> {
        Ok(self.core.words_before_export())
    }

    /// On a new phone without an account: a request to show to the old one as a QR code. It is forgotten when the
    /// core ends.
    pub async fn begin_move(&self) -> Result<MoveRequestView> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.begin_move()?)).await
    }

    /// On the old phone, once the person has said yes to the scanned request: texts to show as QR codes, in any
    /// order, as often as needed. Only the new phone can open them.
    pub async fn answer_move(&self, request_text: String) -> Result<Vec<String>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.answer_move(&request_text)?))
            .await
    }

    /// On the new phone: takes in a scanned parcel. With the last one the account is here.
    pub async fn take_parcel(&self, parcel_text: String) -> Result<MoveProgressView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.take_parcel(&parcel_text)?))
            .await
    }

    /// On the old phone: the person says that the new one has everything, or that it has not. From then on the books
    /// can only be read here.
    pub async fn set_moved(&self, moved: bool) -> Result<()> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.set_moved(moved)?)).await
    }

    /// Whether the person said that the account lives on another phone now.
    pub async fn is_moved(&self) -> Result<bool> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.moved()?.is_some())).await
    }

    /// What to tell a person on the old phone after a move: that it should be erased. Instant.
    pub fn words_after_move(&self) -> Result<String> {
        Ok(self.core.words_after_move())
    }

    /// Puts a reading of the person's own into the book and gives its row. Kept on this phone before it is sent: without
    /// a network it waits, and that is no error.
    pub async fn record_reading(&self, request: RecordReadingRequest) -> Result<EntryView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.record_reading(request).await?) })
            .await
    }

    /// How a clinic can reach a person; the clinic may be left out when there is only one.
    pub async fn contact(
        &self,
        person_id: String,
        clinic_id: Option<String>,
    ) -> Result<ContactView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.contact(&person_id, clinic_id)?))
            .await
    }

    /// Changes telephone numbers or the address. Kept on this phone before it is sent; what the clinic changed meanwhile
    /// is merged.
    pub async fn change_contact(&self, request: ChangeContactRequest) -> Result<ContactView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.change_contact(request).await?) })
            .await
    }

    /// What the person and a clinic changed differently, for the person to decide.
    pub async fn conflicts(&self, person_id: String) -> Result<Vec<ConflictView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.conflicts(&person_id)?))
            .await
    }

    /// Decides a conflict. Kept on this phone before it is sent.
    pub async fn settle_conflict(
        &self,
        person_id: String,
        conflict_id: String,
        keep: Keep,
    ) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.settle_conflict(&person_id, &conflict_id, keep).await?) })
            .await
    }

    /// Takes back what the person wrote and a clinic does not have, e.g. what was refused.
    pub async fn take_back(&self, person_id: String, change_id: String) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.take_back(&person_id, &change_id)?))
            .await
    }

    /// Takes a clinic out of a person's book: what came from it is erased from this phone. `unsent` is how much the person
    /// was told that they lose of what the clinic does not have (`Unsent`), at first none.
    pub async fn forget_clinic(
        &self,
        person_id: String,
        clinic_id: String,
        unsent: u64,
    ) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.forget_clinic(&person_id, &clinic_id, unsent).await?) })
            .await
    }

    /// What must not be missed and was not acknowledged.
    pub async fn events(&self, person_id: String) -> Result<Vec<EventView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.events(&person_id)?))
            .await
    }

    /// Says that the person has seen an event.
    pub async fn acknowledge(&self, person_id: String, event_id: i64) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.acknowledge(&person_id, event_id)?))
            .await
    }

    /// Lets every file go within half a second: when the app goes to the background. Blocks that long at most; may be
    /// called on any thread. Calls end with `Paused` until `resume`; what was kept is kept.
    pub fn pause(&self) -> Result<()> {
        Ok(self.core.pause()?)
    }

    /// Goes on after `pause`; whoever observes a book is given it anew. Instant.
    pub fn resume(&self) -> Result<()> {
        self.core.resume();
        Ok(())
    }

    /// Everything the first screen of a person shows.
    pub async fn book_view(&self, person_id: String) -> Result<BookView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.book_view(&person_id)?))
            .await
    }

    /// The same, now and after every change, until the subscription ends. The first value is given before this
    /// returns.
    pub async fn observe(
        &self,
        person_id: String,
        observer: Arc<dyn BookObserver>,
    ) -> Result<Arc<Subscription>> {
        let core = self.core.clone();
        self.workers
            .read(move || {
                let inner = core.observe(&person_id, Arc::new(Observer(observer)))?;
                Ok(Arc::new(Subscription::new(inner)))
            })
            .await
    }
}

impl fmt::Debug for SoKhoe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoKhoe").finish_non_exhaustive()
    }
}
