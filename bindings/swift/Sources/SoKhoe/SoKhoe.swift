import Foundation
@_exported import SoKhoeCore

/// The core of the app: the health books of all persons on this phone. One per folder and process.
///
/// Every asynchronous call leaves the calling thread free and throws ``SoKhoeError``. What a cancelled task began is
/// still carried to its end, so cancelling loses nothing; ``sync(personId:)`` and ``waitForChanges(personId:wait:)``
/// say what it ends.
public final class SoKhoe: Sendable {
    private let core: SoKhoeCore.SoKhoe

    private init(core: SoKhoeCore.SoKhoe) {
        self.core = core
    }

    /// Opens the books in `folder`, or makes the folder for them.
    public static func open(
        folder: URL,
        deviceName: String,
        keyStore: any KeyStore,
        language: Language = .vi
    ) async throws -> SoKhoe {
        let config = CoreConfig(
            folder: folder.path,
            language: language,
            deviceName: deviceName,
            deviceStart: deviceStart()
        )
        // The disk and the key store may keep their thread waiting, which must be none of Swift's few.
        return try await withCheckedThrowingContinuation { opened in
            DispatchQueue.global(qos: .userInitiated).async {
                opened.resume(
                    with: Result { try SoKhoe(core: SoKhoeCore.SoKhoe.open(config: config, keyStore: keyStore)) }
                )
            }
        }
    }

    /// Opens the books with a recovery code, when ``open(folder:deviceName:keyStore:language:)`` answered that the key
    /// can no longer be used or is missing.
    public static func recover(
        folder: URL,
        deviceName: String,
        keyStore: any KeyStore,
        recoveryCode: String,
        language: Language = .vi
    ) async throws -> SoKhoe {
        let config = CoreConfig(
            folder: folder.path,
            language: language,
            deviceName: deviceName,
            deviceStart: deviceStart()
        )
        return try await withCheckedThrowingContinuation { opened in
            DispatchQueue.global(qos: .userInitiated).async {
                opened.resume(
                    with: Result {
                        try SoKhoe(
                            core: SoKhoeCore.SoKhoe.recover(
                                config: config,
                                keyStore: keyStore,
                                recoveryCode: recoveryCode
                            )
                        )
                    }
                )
            }
        }
    }

    /// Closes all books and wipes their keys from memory, e.g. when the app goes to the background. Calls under way
    /// end with ``SoKhoeError/KeyStore(reason:)``; the next call asks the key store again, once.
    public func lock() async throws {
        try await core.lock()
    }

    /// Whether there is a recovery code.
    public func hasRecoveryCode() async throws -> Bool {
        try await core.hasRecoveryCode()
    }

    /// Makes a recovery code, to be written down and kept apart from the phone; shown this once. The one before it no
    /// longer opens anything.
    public func makeRecoveryCode() async throws -> String {
        try await core.makeRecoveryCode()
    }

    /// Erases a person's book from this phone, with all that no clinic has.
    public func erasePerson(personId: String) async throws {
        try await core.erasePerson(personId: personId)
    }

    /// Erases everything from this phone. It is as new afterwards.
    public func eraseEverything() async throws {
        try await core.eraseEverything()
    }

    /// Says what a scanned text is: a payment, a card, a code of a clinic, or why it is none of them. Opens, sends
    /// and keeps nothing.
    public func scan(_ text: String) throws -> ScanView {
        try core.scan(text: text)
    }

    /// Brings this phone into a clinic with the text of its enrolment QR.
    public func enrol(qrText: String) async throws -> EnrolmentView {
        try await core.enrol(qrText: qrText)
    }

    /// Begins to sign in at the clinic with this address: open `url` in an `ASWebAuthenticationSession` with `callbackScheme`.
    public func beginSignIn(clinicUrl: String) async throws -> SignInView {
        try await core.beginSignIn(clinicUrl: clinicUrl)
    }

    /// Ends a sign-in with the whole address that the browser was sent to.
    public func finishSignIn(redirectUrl: String) async throws -> EnrolmentView {
        try await core.finishSignIn(redirectUrl: redirectUrl)
    }

    /// Links a person with their Patient at any FHIR R4 server; without a person the Patient becomes one.
    public func addServer(_ request: AddServerRequest) async throws -> EnrolmentView {
        try await core.addServer(request: request)
    }

    /// Takes a clinic out of a person's book: what came from it is erased from this phone. What the clinic does not have
    /// yet would be lost: `SoKhoeError.Unsent` says how much that is, and `unsent` that the person knows it.
    public func forgetClinic(personId: String, clinicId: String, unsent: UInt64 = 0) async throws {
        try await core.forgetClinic(personId: personId, clinicId: clinicId, unsent: unsent)
    }

    /// How a person's book stands with each clinic. ``observe(personId:)`` has it, too.
    public func syncState(personId: String) async throws -> [ClinicSyncView] {
        try await core.syncState(personId: personId)
    }

    /// Brings a person's book into step and keeps it so, live, until the task is cancelled: for as long as a screen is
    /// open. ``observe(personId:)`` has what comes and how every clinic stands; that one cannot be reached is no error.
    public func keepInStep(personId: String) async throws {
        try await cancellable { [core] in try await core.keepInStep(personId: personId, cancel: $0) }
    }

    /// The people whose books are on this phone.
    public func persons() async throws -> [PersonView] {
        try await core.persons()
    }

    /// Who on this phone is there twice, as far as their clinics vouch for it; never by a name, and nobody whom this phone
    /// helps. Ask the question of each, and ``unitePersons(personId:otherId:)`` whom the person says yes to. Needs no network.
    public func samePersons() async throws -> [SamePersonView] {
        try await core.samePersons()
    }

    /// Makes one person of two, after the question of ``samePersons()`` was answered with yes: `otherId` is no more, and what
    /// their clinics have comes into the book of `personId` with the next ``sync(personId:)``. `SoKhoeError.Validation` where
    /// no clinic vouches for it or documents that only this phone has would be lost, `SoKhoeError.Unsent` while something is
    /// not with the clinics; nothing is changed then.
    public func unitePersons(personId: String, otherId: String) async throws -> PersonView {
        try await core.unitePersons(personId: personId, otherId: otherId)
    }

    /// Makes what a clinic knows a person of their own again, who is answered: what came from that clinic leaves the book,
    /// and comes into the new one with its next ``sync(personId:)``. `SoKhoeError.Unsent` says how much is not with that
    /// clinic yet and would be lost, and `unsent` that the person knows it.
    public func partPerson(personId: String, clinicId: String, unsent: UInt64 = 0) async throws -> PersonView {
        try await core.partPerson(personId: personId, clinicId: clinicId, unsent: unsent)
    }

    /// The clinics this phone is enrolled with.
    public func clinics() async throws -> [ClinicView] {
        try await core.clinics()
    }

    /// What a clinic offers.
    public func services(clinicId: String) async throws -> [ServiceView] {
        try await core.services(clinicId: clinicId)
    }

    /// Free times, the nearest first.
    public func findSlots(_ request: FindSlotsRequest) async throws -> [SlotView] {
        try await core.findSlots(request: request)
    }

    /// Books a time. Kept before it is sent: without a network the booking waits, and that is no error.
    ///
    /// `otherwise` is what else would do, should the time be taken; `BookingView.asked` tells that it was.
    public func book(personId: String, slot: SlotView, otherwise: OtherwiseRequest? = nil)
        async throws -> BookingView
    {
        let request = BookRequest(personId: personId, slot: slot, otherwise: otherwise)
        return try await core.book(request: request)
    }

    /// Neighbouring times for several people at one clinic on one day, those that take the least time in all first: one
    /// helper takes all of them along.
    public func findTrip(_ request: FindTripRequest) async throws -> [TripTimesView] {
        try await core.findTrip(request: request)
    }

    /// Books for several people, all of them or none, e.g. `TripTimesView.visits`. Kept before it is sent: without a
    /// network it waits, and that is no error. `BookingView.trip` says with whom a booking belongs together.
    public func bookTrip(visits: [TripVisit]) async throws -> [BookingView] {
        try await core.bookTrip(request: TripRequest(visits: visits))
    }

    /// What everybody's bookings leave no room for, should these visits take place. Nothing is forbidden.
    public func tripOverlaps(visits: [TripVisit]) async throws -> [OverlapView] {
        try await core.tripOverlaps(request: TripRequest(visits: visits))
    }

    /// For each wanted day of a series, such as dialysis or antenatal care, the free time that comes nearest to it.
    public func findSeries(_ request: FindSeriesRequest) async throws -> SeriesTimesView {
        try await core.findSeries(request: request)
    }

    /// Books several times of one clinic for one person, each with an answer of its own. Kept before the first is sent:
    /// without a network they wait, and that is no error. `BookingView.series` says that they belong together.
    public func bookSeries(_ request: SeriesRequest) async throws -> [BookingView] {
        try await core.bookSeries(request: request)
    }

    /// Everybody on this phone and what they need today, whoever needs something soonest first. Needs no network.
    public func today() async throws -> [TodayView] {
        try await core.today()
    }

    /// Who may help a person and who could, those in force first. Needs no network.
    public func helpers(personId: String) async throws -> [HelperView] {
        try await core.helpers(personId: personId)
    }

    /// The words that a person, or who decides for them, is to hear or read and agree to before
    /// ``inviteHelper(_:agreedWords:)``.
    public func wordsBeforeGrant(_ request: InviteHelperRequest) async throws -> String {
        try await core.wordsBeforeGrant(request: request)
    }

    /// Makes the code by which somebody's phone helps a person from now on, once they said yes to `agreedWords`, those of
    /// ``wordsBeforeGrant(_:)``. Needs no network.
    public func inviteHelper(
        _ request: InviteHelperRequest,
        agreedWords: String
    ) async throws -> HelperInvitationView {
        try await core.inviteHelper(request: request, agreedWords: agreedWords)
    }

    /// Takes a grant back. The clinic refuses the helper from the moment on that it knows.
    public func endHelp(personId: String, consentId: String) async throws -> HelperView {
        try await core.endHelp(personId: personId, consentId: consentId)
    }

    /// Lets somebody help so many days more, from today on, at most a year.
    public func prolongHelp(personId: String, consentId: String, days: UInt32) async throws -> HelperView {
        try await core.prolongHelp(personId: personId, consentId: consentId, days: days)
    }

    /// Takes an invitation that was scanned: this phone helps from now on, or the invitation is kept until it can.
    public func acceptInvitation(qrText: String) async throws -> AcceptedView {
        try await core.acceptInvitation(qrText: qrText)
    }

    /// The invitations that wait, the oldest first.
    public func invitations() async throws -> [InvitationView] {
        try await core.invitations()
    }

    /// Forgets an invitation that waits.
    public func dropInvitation(id: String) async throws {
        try await core.dropInvitation(id: id)
    }

    /// Tries the invitations that wait again: whom this phone helps now. Background synchronisations do it, too.
    public func tryInvitations() async throws -> [EnrolmentView] {
        try await core.tryInvitations()
    }

    /// Takes a booking of a series back and all that come after it.
    public func cancelSeries(personId: String, bookingId: String) async throws -> [BookingView] {
        try await core.cancelSeries(personId: personId, bookingId: bookingId)
    }

    /// What everybody's bookings on this phone leave no room for, should these visits take place.
    public func seriesOverlaps(_ request: SeriesRequest) async throws -> [OverlapView] {
        try await core.seriesOverlaps(request: request)
    }

    /// What everybody's bookings leave no room for, should this person take this time. Nothing is forbidden.
    public func overlaps(personId: String, slot: SlotView) async throws -> [OverlapView] {
        try await core.overlaps(
            personId: personId,
            clinicId: slot.clinicId,
            start: slot.start,
            end: slot.end
        )
    }

    /// What to take along to a booked visit, what the counter asks for first. Which kind it is the person knows.
    public func papers(personId: String, bookingId: String, kind: VisitKind) async throws -> [PaperView] {
        try await core.papers(personId: personId, bookingId: bookingId, kind: kind)
    }

    /// What clinics ask a person to come again for, the earliest first; give its search to ``findSlots(_:)`` for times to
    /// book. Needs no network.
    public func followUps(personId: String) async throws -> [FollowUpView] {
        try await core.followUps(personId: personId)
    }

    /// Who looked at a person's book at a clinic, the newest first: the last two hundred accesses, like ones of a day
    /// together. Asks the clinic to prove it; without a network it gives what was proved last. `NotFound` at a clinic that
    /// keeps no such log.
    public func accessLog(personId: String, clinicId: String) async throws -> AccessLogView {
        try await core.accessLog(personId: personId, clinicId: clinicId)
    }

    /// Asks the clinic how a confirmed visit by telephone or video is joined, when the person wants to go in. The link
    /// opens a quarter of an hour before the visit and closes an hour after it. `NotFound` for a visit that is not
    /// remote, or at a clinic that gives no links.
    public func joinVisit(personId: String, bookingId: String) async throws -> RemoteVisitView {
        try await core.joinVisit(personId: personId, bookingId: bookingId)
    }

    /// The ticket of a confirmed visit at the clinic, to be shown at the kiosk. Needs no network. Each code is good for half
    /// an hour; `askAgainSeconds` says when the next one is to be shown.
    public func ticket(personId: String, bookingId: String) async throws -> TicketView {
        try await core.ticket(personId: personId, bookingId: bookingId)
    }

    /// Takes a booking back, as soon as there is a network.
    public func cancelBooking(personId: String, bookingId: String) async throws -> BookingView {
        try await core.cancelBooking(personId: personId, bookingId: bookingId)
    }

    /// Moves a confirmed booking to another time of the same clinic, as soon as there is a network. Until the clinic has
    /// it so, the booking stands where it was, and `movingTo` says where to; a refusal is an event.
    public func moveBooking(personId: String, bookingId: String, slot: SlotView)
        async throws -> BookingView
    {
        let request = MoveBookingRequest(personId: personId, bookingId: bookingId, slot: slot)
        return try await core.moveBooking(request: request)
    }

    /// Puts a person on a clinic's waiting list, as soon as there is a network. When a time that suits is freed, the
    /// clinic keeps it for a few minutes: the booking is `offered` then, and an event says so. Leave the list by
    /// `cancelBooking`.
    public func joinWaitingList(
        personId: String,
        clinicId: String,
        service: ServiceView,
        from: Date,
        to: Date,
        criteria: SlotCriteria? = nil
    ) async throws -> BookingView {
        let request = JoinWaitingListRequest(
            personId: personId,
            clinicId: clinicId,
            serviceId: service.id,
            service: service.name,
            from: from,
            to: to,
            criteria: criteria
        )
        return try await core.joinWaitingList(request: request)
    }

    /// Takes the time that a clinic offers. It is the person's when the clinic says so; when that comes too late the
    /// person is still on the list, and an event says so.
    public func takeOffer(personId: String, bookingId: String) async throws -> BookingView {
        try await core.takeOffer(personId: personId, bookingId: bookingId)
    }

    /// Declines the time that a clinic offers: it goes to the next, and the person waits on.
    public func declineOffer(personId: String, bookingId: String) async throws -> BookingView {
        try await core.declineOffer(personId: personId, bookingId: bookingId)
    }

    /// The bookings of a person, the next first.
    public func bookings(personId: String) async throws -> [BookingView] {
        try await core.bookings(personId: personId)
    }

    /// One booking.
    public func booking(personId: String, bookingId: String) async throws -> BookingView {
        try await core.booking(personId: personId, bookingId: bookingId)
    }

    /// What was decided and is kept back, since it cannot succeed as it is, the oldest first.
    public func parked(personId: String) async throws -> [ParkedView] {
        try await core.parked(personId: personId)
    }

    /// Sends again what was kept back, as soon as there is a network.
    public func retryParked(personId: String, id: String) async throws {
        try await core.retryParked(personId: personId, id: id)
    }

    /// Gives up what was kept back: a booking is refused then; the booking of a cancellation stays as it is.
    public func dropParked(personId: String, id: String) async throws {
        try await core.dropParked(personId: personId, id: id)
    }

    /// Tells what network and power the phone has and whether a screen is open: at every update of an
    /// `NWPathMonitor`, of low power mode and of the scene's phase, and before ``syncBySchedule(personId:window:)``. As
    /// long as nothing is told, nothing is held back.
    public func setConditions(_ conditions: SyncConditions) {
        core.setConditions(conditions: conditions)
    }

    /// Like ``sync(personId:)``, for a regular time at which nobody waits, as a background task has it. A clinic that
    /// gave no answer the last time is left alone for longer (``SoKhoeError/Busy(retryAfterSeconds:)``), and what
    /// network and power do not allow waits (``SyncView/heldBack``).
    ///
    /// Everything ends a second before `window` is over, e.g. 25 s of a `BGAppRefreshTask`; what waits to be sent goes
    /// first, and the answer says whether it is `finished`.
    public func syncBySchedule(personId: String, window: Duration? = nil) async throws -> SyncView {
        try await core.syncBySchedule(personId: personId, windowSeconds: window?.wholeSeconds)
    }

    /// Like ``syncBySchedule(personId:window:)``, for everybody on this phone within one `window`: what a background task
    /// calls. What anybody decided goes out first; then come the books, the one first that was in step longest ago. What
    /// fails for one person is told with them and stops nobody else.
    public func syncAllBySchedule(window: Duration? = nil) async throws -> WindowView {
        try await core.syncAllBySchedule(windowSeconds: window?.wholeSeconds)
    }

    /// What metered networks may carry, and what they carried.
    public func data() async throws -> DataView {
        try await core.data()
    }

    /// Sets what metered networks may carry, in bytes a day and a calendar month; no limit where nil. When it is used
    /// up, what a person decides and writes still goes out, and the rest waits.
    public func setDataLimit(aDay: UInt64?, aMonth: UInt64?) async throws -> DataView {
        try await core.setDataLimit(aDay: aDay, aMonth: aMonth)
    }

    /// Lets metered networks carry so many bytes more today: when the person says so.
    public func allowMoreData(bytes: UInt64) async throws -> DataView {
        try await core.allowMoreData(bytes: bytes)
    }

    /// How this phone stands, in short lines to be read aloud to support. Holds nothing of a person or of what is in a
    /// book. `appVersion` is that of the app, e.g. `2.1 (341)`. The last line has how many lines come before it, and a
    /// code of what they say: support knows by it that it heard the whole.
    public func supportReport(appVersion: String? = nil) async throws -> String {
        try await core.supportReport(appVersion: appVersion)
    }

    /// What to remind a person of from `from` on and before `to`, at most `limit` reminders: schedule these and forget
    /// all others, again after every change of the book. Needs no network.
    public func reminders(personId: String, from: Date, to: Date, limit: UInt32 = 64) async throws -> RemindersView {
        try await core.reminders(personId: personId, from: from, to: to, limit: limit)
    }

    /// When medicines are taken that a prescription gives so often a day without saying when.
    public func dayTimes() async throws -> DayTimesView {
        try await core.dayTimes()
    }

    /// Sets the times of the day on this phone: from 03:00 on, until 23:00, in their order and two hours apart. Ask for
    /// ``reminders(personId:from:to:limit:)`` again afterwards. Prescriptions that name a time of the clock are not
    /// touched.
    public func setDayTimes(_ times: DayTimesView) async throws -> DayTimesView {
        try await core.setDayTimes(times: times)
    }

    /// How many minutes the way from home to a clinic takes; nothing unless somebody told it on this phone.
    public func travelMinutes(clinicId: String) async throws -> UInt32? {
        try await core.travelMinutes(clinicId: clinicId)
    }

    /// Tells how many minutes (1 minute to a day) the way from home to a clinic takes; nothing forgets it. Ask for
    /// ``reminders(personId:from:to:limit:)`` again afterwards: they then say when to leave.
    @discardableResult
    public func setTravelMinutes(clinicId: String, minutes: UInt32?) async throws -> UInt32? {
        try await core.setTravelMinutes(clinicId: clinicId, minutes: minutes)
    }

    /// Tells that the phone has a network again: what could not be reached without one may be tried at once.
    public func networkIsBack() {
        core.networkIsBack()
    }

    /// Sends what waits and fetches what is new, at every clinic of the person.
    ///
    /// A cancelled task stops waiting with ``SoKhoeError/Cancelled``; what is on its way still arrives.
    public func sync(personId: String) async throws -> SyncView {
        try await cancellable { [core] in try await core.sync(personId: personId, cancel: $0) }
    }

    /// Like ``sync(personId:)``, but a clinic with nothing new may keep its answer back for up to `wait` (the core
    /// allows 25 s).
    ///
    /// Cancelling the task throws ``SoKhoeError/Cancelled`` and ends the exchange with the clinic too; what has
    /// arrived is kept.
    public func waitForChanges(personId: String, wait: Duration = .seconds(25)) async throws -> SyncView {
        let seconds = wait.wholeSeconds
        return try await cancellable { [core] in
            try await core.waitForChanges(personId: personId, seconds: seconds, cancel: $0)
        }
    }

    /// A page of the book: a list, or a search that needs no network.
    public func browse(_ request: BrowseRequest) async throws -> EntryPageView {
        try await core.browse(request: request)
    }

    /// What the documents of a book take on the phone, and how much of that goes when room is needed.
    public func storage(personId: String) async throws -> StorageView {
        try await core.storage(personId: personId)
    }

    /// Sets what the documents of a book may take, in bytes. What a clinic still has goes first, and alone.
    public func setBlobBudget(personId: String, bytes: UInt64) async throws -> StorageView {
        try await core.setBlobBudget(personId: personId, bytes: bytes)
    }

    /// How many rows each section has.
    public func sections(personId: String) async throws -> [SectionCountView] {
        try await core.sections(personId: personId)
    }

    /// A row with everything behind it.
    public func entry(personId: String, entryId: Int64) async throws -> EntryDetailView {
        try await core.entry(personId: personId, entryId: entryId)
    }

    /// The documents of a row, in the clinic's order; none for most rows. Needs no network.
    public func attachments(personId: String, entryId: Int64) async throws -> [AttachmentView] {
        try await core.attachments(personId: personId, entryId: entryId)
    }

    /// Fetches a document from its clinic and keeps it, sealed, so that it can be opened without a network.
    ///
    /// Cancelling the task throws ``SoKhoeError/Cancelled`` and ends the exchange with the clinic too; nothing is kept
    /// then.
    public func fetchAttachment(personId: String, entryId: Int64, index: UInt32) async throws -> AttachmentView {
        try await cancellable { [core] in
            try await core.fetchAttachment(personId: personId, entryId: entryId, index: index, cancel: $0)
        }
    }

    /// Opens a document that is in the record or on this phone. Needs no network.
    ///
    /// Hand the bytes to what shows them, and write them to no file.
    public func openAttachment(personId: String, entryId: Int64, index: UInt32) async throws -> AttachmentReader {
        try await core.openAttachment(personId: personId, entryId: entryId, index: index)
    }

    /// The course of a value, by the `trendCode` of a row; at most the newest `limit` points.
    public func trend(personId: String, code: String, limit: Int = 100) async throws -> TrendView {
        try await core.trend(personId: personId, code: code, limit: UInt32(clamping: limit))
    }

    /// The invoices of a person, the newest first.
    public func invoices(personId: String) async throws -> [InvoiceView] {
        try await core.invoices(personId: personId)
    }

    /// The VietQR of an invoice, from the payment order that its clinic signed.
    public func paymentQr(personId: String, invoiceId: String) async throws -> PaymentQrView {
        try await core.paymentQr(personId: personId, invoiceId: invoiceId)
    }

    /// Compares a scanned payment code with what the clinic signed for an invoice. What differs is a red stop.
    public func checkPayment(personId: String, invoiceId: String, scanned: String) async throws -> PayeeCheckView {
        try await core.checkPayment(personId: personId, invoiceId: invoiceId, scanned: scanned)
    }

    /// Puts a document of the person's own into a book, a photo or a PDF, all that `from` has, and gives its row's id.
    ///
    /// Needs no network, and no clinic gets it. A cancelled task leaves nothing and throws ``SoKhoeError/Cancelled``.
    public func addDocument(personId: String, document: NewDocumentView, from: FileHandle) async throws -> Int64 {
        let writer = try await core.beginDocument(personId: personId, document: document)
        do {
            while let piece = try from.read(upToCount: 64 * 1024), !piece.isEmpty {
                if Task.isCancelled { throw SoKhoeError.Cancelled }
                try await writer.write(bytes: piece)
            }
            return try await writer.finish()
        } catch {
            try? await writer.cancel()
            throw error
        }
    }

    /// Takes a document of the person's own out of a book again, with its bytes.
    public func removeDocument(personId: String, entryId: Int64) async throws {
        try await core.removeDocument(personId: personId, entryId: entryId)
    }

    /// Writes a person's whole book to `file`, in the place of one of this name. Needs no network.
    ///
    /// The file is in the clear: whoever has it can read it. Say ``wordsBeforeExport()`` first. It has its name only
    /// once it is whole.
    public func export(personId: String, format: ExportFormat, file: URL) async throws {
        try await core.export(personId: personId, format: format, path: file.path)
    }

    /// What to tell a person before a book is exported: that everybody who has the file can read it.
    public func wordsBeforeExport() throws -> String {
        try core.wordsBeforeExport()
    }

    /// On a new phone without an account: a request to show to the old one as a QR code, forgotten when the core ends.
    public func beginMove() async throws -> MoveRequestView {
        try await core.beginMove()
    }

    /// On the old phone, once the person has said yes to the scanned request: texts to show as QR codes, in any order,
    /// as often as needed. Only the new phone can open them.
    public func answerMove(requestText: String) async throws -> [String] {
        try await core.answerMove(requestText: requestText)
    }

    /// On the new phone: takes in a scanned parcel. With the last one the account is here; ``sync(personId:)`` fetches
    /// the books.
    public func takeParcel(parcelText: String) async throws -> MoveProgressView {
        try await core.takeParcel(parcelText: parcelText)
    }

    /// On the old phone: the person says that the new one has everything, or that it has not. From then on the books
    /// can only be read here.
    public func setMoved(_ moved: Bool) async throws {
        try await core.setMoved(moved: moved)
    }

    /// Whether the person said that the account lives on another phone now.
    public func isMoved() async throws -> Bool {
        try await core.isMoved()
    }

    /// What to tell a person on the old phone after a move: that it should be erased.
    public func wordsAfterMove() throws -> String {
        try core.wordsAfterMove()
    }

    /// What must not be missed and was not acknowledged.
    public func events(personId: String) async throws -> [EventView] {
        try await core.events(personId: personId)
    }

    /// Says that the person has seen an event.
    public func acknowledge(personId: String, eventId: Int64) async throws {
        try await core.acknowledge(personId: personId, eventId: eventId)
    }

    /// Lets every file go within half a second: before iOS suspends the app, inside a background task. Calls end with
    /// `SoKhoeError.Paused` until `resume`; what was kept is kept.
    public func pause() throws {
        try core.pause()
    }

    /// Goes on after `pause`; whoever observes a book is given it anew.
    public func resume() throws {
        try core.resume()
    }

    /// Everything the first screen of a person shows, now.
    public func bookView(personId: String) async throws -> BookView {
        try await core.bookView(personId: personId)
    }

    /// The same, now and after every change. A slow reader misses values in between, never the newest one.
    ///
    /// The core stops watching when the stream is no longer read. Without a book to watch the stream throws.
    public func observe(personId: String) async throws -> AsyncStream<BookView> {
        let (books, continuation) = AsyncStream.makeStream(of: BookView.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = try await core.observe(personId: personId, observer: StreamObserver(continuation))
        continuation.onTermination = { _ in subscription.cancel() }
        return books
    }

    /// What to tell people about an error: what happened, what was kept, what to do.
    public func words(for error: SoKhoeError) -> String {
        (try? core.wordsFor(error: error)) ?? String(describing: error)
    }

    /// What to tell people about an error of ``open(folder:deviceName:keyStore:language:)``.
    public static func words(for error: SoKhoeError, in language: Language) -> String {
        (try? wordsFor(error: error, language: language)) ?? String(describing: error)
    }
}

extension Duration {
    /// As the core takes spans: none below zero, the longest for all above it.
    fileprivate var wholeSeconds: UInt32 {
        UInt32(clamping: components.seconds)
    }
}

/// Ends the call inside the core when the task that waits for it is cancelled, which UniFFI does not do for Swift.
private func cancellable<T: Sendable>(_ call: @Sendable (CancelToken) async throws -> T) async throws -> T {
    let token = CancelToken()
    return try await withTaskCancellationHandler {
        try await call(token)
    } onCancel: {
        token.cancel()
    }
}

/// Hands what the core says to a stream.
private final class StreamObserver: BookObserver {
    private let continuation: AsyncStream<BookView>.Continuation

    init(_ continuation: AsyncStream<BookView>.Continuation) {
        self.continuation = continuation
    }

    func onChange(book: BookView) {
        continuation.yield(book)
    }
}
