package vn.sokhoe

import com.sun.jna.Native
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.withContext
import vn.sokhoe.core.AcceptedView
import vn.sokhoe.core.AccessLogView
import vn.sokhoe.core.AddServerRequest
import vn.sokhoe.core.AttachmentReader
import vn.sokhoe.core.AttachmentView
import vn.sokhoe.core.BookObserver
import vn.sokhoe.core.BookRequest
import vn.sokhoe.core.BookView
import vn.sokhoe.core.BookingView
import vn.sokhoe.core.BrowseRequest
import vn.sokhoe.core.CancelToken
import vn.sokhoe.core.ClinicSyncView
import vn.sokhoe.core.ClinicView
import vn.sokhoe.core.CoreConfig
import vn.sokhoe.core.DataView
import vn.sokhoe.core.DayTimesView
import vn.sokhoe.core.EnrolmentView
import vn.sokhoe.core.EntryDetailView
import vn.sokhoe.core.EntryPageView
import vn.sokhoe.core.EventView
import vn.sokhoe.core.ExportFormat
import vn.sokhoe.core.FindSeriesRequest
import vn.sokhoe.core.FindSlotsRequest
import vn.sokhoe.core.FindTripRequest
import vn.sokhoe.core.FollowUpView
import vn.sokhoe.core.HelperInvitationView
import vn.sokhoe.core.HelperView
import vn.sokhoe.core.InvitationView
import vn.sokhoe.core.InviteHelperRequest
import vn.sokhoe.core.InvoiceView
import vn.sokhoe.core.JoinWaitingListRequest
import vn.sokhoe.core.KeyStore
import vn.sokhoe.core.Language
import vn.sokhoe.core.MoveBookingRequest
import vn.sokhoe.core.MoveProgressView
import vn.sokhoe.core.MoveRequestView
import vn.sokhoe.core.NewDocumentView
import vn.sokhoe.core.OtherwiseRequest
import vn.sokhoe.core.OverlapView
import vn.sokhoe.core.PaperView
import vn.sokhoe.core.ParkedView
import vn.sokhoe.core.PayeeCheckView
import vn.sokhoe.core.PaymentQrView
import vn.sokhoe.core.PersonView
import vn.sokhoe.core.RemindersView
import vn.sokhoe.core.RemoteVisitView
import vn.sokhoe.core.SamePersonView
import vn.sokhoe.core.ScanView
import vn.sokhoe.core.SectionCountView
import vn.sokhoe.core.SeriesRequest
import vn.sokhoe.core.SeriesTimesView
import vn.sokhoe.core.ServiceView
import vn.sokhoe.core.SignInView
import vn.sokhoe.core.SlotCriteria
import vn.sokhoe.core.SlotView
import vn.sokhoe.core.SoKhoeException
import vn.sokhoe.core.StorageView
import vn.sokhoe.core.SyncConditions
import vn.sokhoe.core.SyncView
import vn.sokhoe.core.TicketView
import vn.sokhoe.core.TodayView
import vn.sokhoe.core.TrendView
import vn.sokhoe.core.TripRequest
import vn.sokhoe.core.TripTimesView
import vn.sokhoe.core.TripVisit
import vn.sokhoe.core.VisitKind
import vn.sokhoe.core.WindowView
import java.io.File
import java.io.InputStream
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit
import vn.sokhoe.core.SoKhoe as Core

/**
 * The core of the app: the health books of all persons on this phone. One per folder and process; [close] it.
 *
 * Every suspending call leaves the calling thread free and throws [SoKhoeException]. What a cancelled coroutine
 * began is still carried to its end, so cancelling loses nothing; [sync] and [waitForChanges] say what it ends.
 */
public class SoKhoe private constructor(
    private val core: Core,
) : AutoCloseable {
    /**
     * Says what a scanned text is: a payment, a card, a code of a clinic, or why it is none of them. Opens, sends and
     * keeps nothing.
     */
    public fun scan(text: String): ScanView = core.scan(text)

    /**
     * Closes all books and wipes their keys from memory, e.g. when the app goes to the background. Calls under way end
     * with [SoKhoeException.KeyStore]; the next call asks the key store again, once.
     */
    public suspend fun lock(): Unit = core.lock()

    /** Whether there is a recovery code. */
    public suspend fun hasRecoveryCode(): Boolean = core.hasRecoveryCode()

    /**
     * Makes a recovery code, to be written down and kept apart from the phone; shown this once. The one before it no
     * longer opens anything.
     */
    public suspend fun makeRecoveryCode(): String = core.makeRecoveryCode()

    /** Erases a person's book from this phone, with all that no clinic has. */
    public suspend fun erasePerson(personId: String): Unit = core.erasePerson(personId)

    /** Erases everything from this phone. It is as new afterwards. */
    public suspend fun eraseEverything(): Unit = core.eraseEverything()

    /** Brings this phone into a clinic with the text of its enrolment QR. */
    public suspend fun enrol(qrText: String): EnrolmentView = core.enrol(qrText)

    /** Begins to sign in at the clinic with this address: open `url` in a Custom Tab. */
    public suspend fun beginSignIn(clinicUrl: String): SignInView = core.beginSignIn(clinicUrl)

    /** Ends a sign-in with the whole address that the browser was sent to (scheme `vn.sokhoe`). */
    public suspend fun finishSignIn(redirectUrl: String): EnrolmentView = core.finishSignIn(redirectUrl)

    /** Links a person with their Patient at any FHIR R4 server; without a person the Patient becomes one. */
    public suspend fun addServer(request: AddServerRequest): EnrolmentView = core.addServer(request)

    /**
     * Takes a clinic out of a person's book: what came from it is erased from this phone. What the clinic does not have
     * yet would be lost: [SoKhoeException.Unsent] says how much that is, and [unsent] that the person knows it.
     */
    public suspend fun forgetClinic(
        personId: String,
        clinicId: String,
        unsent: ULong = 0uL,
    ): Unit = core.forgetClinic(personId, clinicId, unsent)

    /** How a person's book stands with each clinic. [observe] has it, too. */
    public suspend fun syncState(personId: String): List<ClinicSyncView> = core.syncState(personId)

    /**
     * Brings a person's book into step and keeps it so, live, until the coroutine is cancelled: for as long as a screen
     * is open. [observe] has what comes and how every clinic stands; that one cannot be reached is no error.
     */
    public suspend fun keepInStep(personId: String): Unit = cancellable { core.keepInStep(personId, it) }

    /** The people whose books are on this phone. */
    public suspend fun persons(): List<PersonView> = core.persons()

    /**
     * Who on this phone is there twice, as far as their clinics vouch for it; never by a name, and nobody whom this phone
     * helps. Ask the question of each, and [unitePersons] whom the person says yes to. Needs no network.
     */
    public suspend fun samePersons(): List<SamePersonView> = core.samePersons()

    /**
     * Makes one person of two, after the question of [samePersons] was answered with yes: [otherId] is no more, and what
     * their clinics have comes into the book of [personId] with the next [sync]. [SoKhoeException.Validation] where no
     * clinic vouches for it or documents that only this phone has would be lost, [SoKhoeException.Unsent] while something
     * is not with the clinics; nothing is changed then.
     */
    public suspend fun unitePersons(
        personId: String,
        otherId: String,
    ): PersonView = core.unitePersons(personId, otherId)

    /**
     * Makes what a clinic knows a person of their own again, who is answered: what came from that clinic leaves the book,
     * and comes into the new one with its next [sync]. [SoKhoeException.Unsent] says how much is not with that clinic yet
     * and would be lost, and [unsent] that the person knows it.
     */
    public suspend fun partPerson(
        personId: String,
        clinicId: String,
        unsent: ULong = 0uL,
    ): PersonView = core.partPerson(personId, clinicId, unsent)

    /** The clinics this phone is enrolled with. */
    public suspend fun clinics(): List<ClinicView> = core.clinics()

    /** What a clinic offers. */
    public suspend fun services(clinicId: String): List<ServiceView> = core.services(clinicId)

    /** Free times, the nearest first. */
    public suspend fun findSlots(request: FindSlotsRequest): List<SlotView> = core.findSlots(request)

    /**
     * Books a time. Kept before it is sent: without a network the booking waits, and that is no error.
     *
     * @param otherwise what else would do, should the time be taken; [BookingView.asked] tells that it was
     */
    public suspend fun book(
        personId: String,
        slot: SlotView,
        otherwise: OtherwiseRequest? = null,
    ): BookingView = core.book(BookRequest(personId, slot, otherwise))

    /**
     * Neighbouring times for several people at one clinic on one day, those that take the least time in all first: one
     * helper takes all of them along.
     */
    public suspend fun findTrip(request: FindTripRequest): List<TripTimesView> = core.findTrip(request)

    /**
     * Books for several people, all of them or none, e.g. [TripTimesView.visits]. Kept before it is sent: without a
     * network it waits, and that is no error. [BookingView.trip] says with whom a booking belongs together.
     */
    public suspend fun bookTrip(visits: List<TripVisit>): List<BookingView> = core.bookTrip(TripRequest(visits))

    /** What everybody's bookings leave no room for, should these visits take place. Nothing is forbidden. */
    public suspend fun tripOverlaps(visits: List<TripVisit>): List<OverlapView> = core.tripOverlaps(TripRequest(visits))

    /** Everybody on this phone and what they need today, whoever needs something soonest first. Needs no network. */
    public suspend fun today(): List<TodayView> = core.today()

    /** Who may help a person and who could, those in force first. Needs no network. */
    public suspend fun helpers(personId: String): List<HelperView> = core.helpers(personId)

    /** The words that a person, or who decides for them, is to hear or read and agree to before [inviteHelper]. */
    public suspend fun wordsBeforeGrant(request: InviteHelperRequest): String = core.wordsBeforeGrant(request)

    /**
     * Makes the code by which somebody's phone helps a person from now on, once they said yes to [agreedWords], those of
     * [wordsBeforeGrant]. Needs no network.
     */
    public suspend fun inviteHelper(
        request: InviteHelperRequest,
        agreedWords: String,
    ): HelperInvitationView = core.inviteHelper(request, agreedWords)

    /** Takes a grant back. The clinic refuses the helper from the moment on that it knows. */
    public suspend fun endHelp(
        personId: String,
        consentId: String,
    ): HelperView = core.endHelp(personId, consentId)

    /** Lets somebody help so many days more, from today on, at most a year. */
    public suspend fun prolongHelp(
        personId: String,
        consentId: String,
        days: UInt,
    ): HelperView = core.prolongHelp(personId, consentId, days)

    /** Takes an invitation that was scanned: this phone helps from now on, or the invitation is kept until it can. */
    public suspend fun acceptInvitation(qrText: String): AcceptedView = core.acceptInvitation(qrText)

    /** The invitations that wait, the oldest first. */
    public suspend fun invitations(): List<InvitationView> = core.invitations()

    /** Forgets an invitation that waits. */
    public suspend fun dropInvitation(id: String): Unit = core.dropInvitation(id)

    /** Tries the invitations that wait again: whom this phone helps now. Background synchronisations do it, too. */
    public suspend fun tryInvitations(): List<EnrolmentView> = core.tryInvitations()

    /** For each wanted day of a series, such as dialysis or antenatal care, the free time that comes nearest to it. */
    public suspend fun findSeries(request: FindSeriesRequest): SeriesTimesView = core.findSeries(request)

    /**
     * Books several times of one clinic for one person, each with an answer of its own. Kept before the first is sent:
     * without a network they wait, and that is no error. [BookingView.series] says that they belong together.
     */
    public suspend fun bookSeries(request: SeriesRequest): List<BookingView> = core.bookSeries(request)

    /** Takes a booking of a series back and all that come after it. */
    public suspend fun cancelSeries(
        personId: String,
        bookingId: String,
    ): List<BookingView> = core.cancelSeries(personId, bookingId)

    /** What everybody's bookings on this phone leave no room for, should these visits take place. */
    public suspend fun seriesOverlaps(request: SeriesRequest): List<OverlapView> = core.seriesOverlaps(request)

    /** What everybody's bookings leave no room for, should this person take this time. Nothing is forbidden. */
    public suspend fun overlaps(
        personId: String,
        slot: SlotView,
    ): List<OverlapView> = core.overlaps(personId, slot.clinicId, slot.start, slot.end)

    /** What to take along to a booked visit, what the counter asks for first. Which [kind] it is the person knows. */
    public suspend fun papers(
        personId: String,
        bookingId: String,
        kind: VisitKind,
    ): List<PaperView> = core.papers(personId, bookingId, kind)

    /**
     * What clinics ask a person to come again for, the earliest first; give its search to [findSlots] for times to book.
     * Needs no network.
     */
    public suspend fun followUps(personId: String): List<FollowUpView> = core.followUps(personId)

    /**
     * Who looked at a person's book at a clinic, the newest first: the last two hundred accesses, like ones of a day
     * together. Asks the clinic to prove it; without a network it gives what was proved last. [SoKhoeException.NotFound]
     * at a clinic that keeps no such log.
     */
    public suspend fun accessLog(
        personId: String,
        clinicId: String,
    ): AccessLogView = core.accessLog(personId, clinicId)

    /**
     * Asks the clinic how a confirmed visit by telephone or video is joined, when the person wants to go in. The link opens
     * a quarter of an hour before the visit and closes an hour after it. [SoKhoeException.NotFound] for a visit that is
     * not remote, or at a clinic that gives no links.
     */
    public suspend fun joinVisit(
        personId: String,
        bookingId: String,
    ): RemoteVisitView = core.joinVisit(personId, bookingId)

    /**
     * The ticket of a confirmed visit at the clinic, to be shown at the kiosk. Needs no network. Each code is good for half
     * an hour; `askAgainSeconds` says when the next one is to be shown.
     */
    public suspend fun ticket(
        personId: String,
        bookingId: String,
    ): TicketView = core.ticket(personId, bookingId)

    /** Takes a booking back, as soon as there is a network. */
    public suspend fun cancelBooking(
        personId: String,
        bookingId: String,
    ): BookingView = core.cancelBooking(personId, bookingId)

    /**
     * Moves a confirmed booking to another time of the same clinic, as soon as there is a network. Until the clinic has
     * it so, the booking stands where it was, and [BookingView.movingTo] says where to; a refusal is an event.
     */
    public suspend fun moveBooking(
        personId: String,
        bookingId: String,
        slot: SlotView,
    ): BookingView = core.moveBooking(MoveBookingRequest(personId, bookingId, slot))

    /**
     * Puts a person on a clinic's waiting list, as soon as there is a network. When a time that suits is freed, the
     * clinic keeps it for a few minutes: the booking is [BookingStatus.OFFERED] then, and an event says so. Leave the
     * list by [cancelBooking].
     */
    public suspend fun joinWaitingList(
        personId: String,
        clinicId: String,
        service: ServiceView,
        from: Instant,
        to: Instant,
        criteria: SlotCriteria? = null,
    ): BookingView =
        core.joinWaitingList(
            JoinWaitingListRequest(personId, clinicId, service.id, service.name, from, to, criteria),
        )

    /**
     * Takes the time that a clinic offers. It is the person's when the clinic says so; when that comes too late the
     * person is still on the list, and an event says so.
     */
    public suspend fun takeOffer(
        personId: String,
        bookingId: String,
    ): BookingView = core.takeOffer(personId, bookingId)

    /** Declines the time that a clinic offers: it goes to the next, and the person waits on. */
    public suspend fun declineOffer(
        personId: String,
        bookingId: String,
    ): BookingView = core.declineOffer(personId, bookingId)

    /** The bookings of a person, the next first. */
    public suspend fun bookings(personId: String): List<BookingView> = core.bookings(personId)

    /** One booking. */
    public suspend fun booking(
        personId: String,
        bookingId: String,
    ): BookingView = core.booking(personId, bookingId)

    /**
     * Sends what waits and fetches what is new, at every clinic of the person.
     *
     * A cancelled coroutine stops waiting; what is on its way still arrives.
     */
    public suspend fun sync(personId: String): SyncView = cancellable { core.sync(personId, it) }

    /**
     * Like [sync], but a clinic with nothing new may keep its answer back for up to [wait] (the core allows 25 s).
     *
     * Cancelling ends the exchange with the clinic too; what has arrived is kept.
     */
    public suspend fun waitForChanges(
        personId: String,
        wait: Duration = 25.seconds,
    ): SyncView {
        val seconds = wait.wholeSeconds()
        return cancellable { core.waitForChanges(personId, seconds, it) }
    }

    /** A page of the book: a list, or a search that needs no network. */
    public suspend fun browse(request: BrowseRequest): EntryPageView = core.browse(request)

    /** What the documents of a book take on the phone, and how much of that goes when room is needed. */
    public suspend fun storage(personId: String): StorageView = core.storage(personId)

    /** Sets what the documents of a book may take, in bytes. What a clinic still has goes first, and alone. */
    public suspend fun setBlobBudget(
        personId: String,
        bytes: ULong,
    ): StorageView = core.setBlobBudget(personId, bytes)

    /** How many rows each section has. */
    public suspend fun sections(personId: String): List<SectionCountView> = core.sections(personId)

    /** A row with everything behind it. */
    public suspend fun entry(
        personId: String,
        entryId: Long,
    ): EntryDetailView = core.entry(personId, entryId)

    /** The documents of a row, in the clinic's order; none for most rows. Needs no network. */
    public suspend fun attachments(
        personId: String,
        entryId: Long,
    ): List<AttachmentView> = core.attachments(personId, entryId)

    /**
     * Fetches a document from its clinic and keeps it, sealed, so that it can be opened without a network.
     *
     * Cancelling ends the exchange with the clinic too; nothing is kept then.
     */
    public suspend fun fetchAttachment(
        personId: String,
        entryId: Long,
        index: UInt,
    ): AttachmentView = cancellable { core.fetchAttachment(personId, entryId, index, it) }

    /**
     * Opens a document that is in the record or on this phone; close what it gives. Needs no network.
     *
     * Hand the bytes to what shows them, and write them to no file.
     */
    public suspend fun openAttachment(
        personId: String,
        entryId: Long,
        index: UInt,
    ): AttachmentReader = core.openAttachment(personId, entryId, index)

    /** The course of a value, by the `trendCode` of a row; at most the newest [limit] points. */
    public suspend fun trend(
        personId: String,
        code: String,
        limit: Int = 100,
    ): TrendView = core.trend(personId, code, limit.coerceAtLeast(0).toUInt())

    /** The invoices of a person, the newest first. */
    public suspend fun invoices(personId: String): List<InvoiceView> = core.invoices(personId)

    /** The VietQR of an invoice, from the payment order that its clinic signed. */
    public suspend fun paymentQr(
        personId: String,
        invoiceId: String,
    ): PaymentQrView = core.paymentQr(personId, invoiceId)

    /** Compares a scanned payment code with what the clinic signed for an invoice. What differs is a red stop. */
    public suspend fun checkPayment(
        personId: String,
        invoiceId: String,
        scanned: String,
    ): PayeeCheckView = core.checkPayment(personId, invoiceId, scanned)

    /**
     * Puts a document of the person's own into a book, a photo or a PDF, all that [from] gives, and gives its row's id.
     *
     * Needs no network, and no clinic gets it. A cancelled coroutine leaves nothing. [from] is read on a thread for
     * such and stays open.
     */
    public suspend fun addDocument(
        personId: String,
        document: NewDocumentView,
        from: InputStream,
    ): Long {
        val writer = core.beginDocument(personId, document)
        return writer.use {
            val piece = ByteArray(PIECE)
            while (true) {
                val read = withContext(Dispatchers.IO) { from.read(piece) }
                if (read < 0) break
                it.write(piece.copyOf(read))
            }
            it.finish()
        }
    }

    /** Takes a document of the person's own out of a book again, with its bytes. */
    public suspend fun removeDocument(
        personId: String,
        entryId: Long,
    ): Unit = core.removeDocument(personId, entryId)

    /**
     * Writes a person's whole book to [file], in the place of one of this name. Needs no network.
     *
     * The file is in the clear: whoever has it can read it. Say [wordsBeforeExport] first. It has its name only once
     * it is whole.
     */
    public suspend fun export(
        personId: String,
        format: ExportFormat,
        file: File,
    ): Unit = core.export(personId, format, file.path)

    /** What to tell a person before a book is exported: that everybody who has the file can read it. */
    public fun wordsBeforeExport(): String = core.wordsBeforeExport()

    /** On a new phone without an account: a request to show to the old one as a QR code, forgotten on [close]. */
    public suspend fun beginMove(): MoveRequestView = core.beginMove()

    /**
     * On the old phone, once the person has said yes to the scanned request: texts to show as QR codes, in any order,
     * as often as needed. Only the new phone can open them.
     */
    public suspend fun answerMove(requestText: String): List<String> = core.answerMove(requestText)

    /** On the new phone: takes in a scanned parcel. With the last one the account is here; [sync] fetches the books. */
    public suspend fun takeParcel(parcelText: String): MoveProgressView = core.takeParcel(parcelText)

    /**
     * On the old phone: the person says that the new one has everything, or that it has not. From then on the books
     * can only be read here.
     */
    public suspend fun setMoved(moved: Boolean): Unit = core.setMoved(moved)

    /** Whether the person said that the account lives on another phone now. */
    public suspend fun isMoved(): Boolean = core.isMoved()

    /** What to tell a person on the old phone after a move: that it should be erased. */
    public fun wordsAfterMove(): String = core.wordsAfterMove()

    /** What was decided and is kept back, since it cannot succeed as it is, the oldest first. */
    public suspend fun parked(personId: String): List<ParkedView> = core.parked(personId)

    /** Sends again what was kept back, as soon as there is a network. */
    public suspend fun retryParked(
        personId: String,
        id: String,
    ): Unit = core.retryParked(personId, id)

    /** Gives up what was kept back: a booking is refused then; the booking of a cancellation stays as it is. */
    public suspend fun dropParked(
        personId: String,
        id: String,
    ): Unit = core.dropParked(personId, id)

    /**
     * Tells what network and power the phone has and whether a screen is open: at every change of the
     * `ConnectivityManager`'s network, the battery and the process's lifecycle, and before [syncBySchedule]. As long as
     * nothing is told, nothing is held back.
     */
    public fun setConditions(conditions: SyncConditions): Unit = core.setConditions(conditions)

    /**
     * Like [sync], for a regular time at which nobody waits, as a WorkManager's job has it. A clinic that gave no answer
     * the last time is left alone for longer ([SoKhoeException.Busy], with the seconds until the next try), and what
     * network and power do not allow waits ([SyncView.heldBack]).
     *
     * Everything ends a second before [window] is over, e.g. nine minutes of a job's ten; what waits to be sent goes
     * first. A job whose answer is not [SyncView.finished] wants to be run again.
     */
    public suspend fun syncBySchedule(
        personId: String,
        window: Duration? = null,
    ): SyncView = core.syncBySchedule(personId, window?.wholeSeconds())

    /**
     * Like [syncBySchedule], for everybody on this phone within one [window]: what a background job calls. What anybody
     * decided goes out first; then come the books, the one first that was in step longest ago. What fails for one
     * person is told with them and stops nobody else.
     */
    public suspend fun syncAllBySchedule(window: Duration? = null): WindowView =
        core.syncAllBySchedule(window?.wholeSeconds())

    /** What metered networks may carry, and what they carried. */
    public suspend fun data(): DataView = core.data()

    /**
     * Sets what metered networks may carry, in bytes a day and a calendar month; no limit where null. When it is used
     * up, what a person decides and writes still goes out, and the rest waits.
     */
    public suspend fun setDataLimit(
        aDay: ULong?,
        aMonth: ULong?,
    ): DataView = core.setDataLimit(aDay, aMonth)

    /** Lets metered networks carry so many bytes more today: when the person says so. */
    public suspend fun allowMoreData(bytes: ULong): DataView = core.allowMoreData(bytes)

    /**
     * How this phone stands, in short lines to be read aloud to support. Holds nothing of a person or of what is in a
     * book. [appVersion] is that of the app, e.g. `2.1 (341)`. The last line has how many lines come before it, and a
     * code of what they say: support knows by it that it heard the whole.
     */
    public suspend fun supportReport(appVersion: String? = null): String = core.supportReport(appVersion)

    /**
     * What to remind a person of from [from] on and before [to], at most [limit] reminders: schedule these and forget
     * all others, again after every change of the book. Needs no network.
     */
    public suspend fun reminders(
        personId: String,
        from: Instant,
        to: Instant,
        limit: UInt = 64u,
    ): RemindersView = core.reminders(personId, from, to, limit)

    /** When medicines are taken that a prescription gives so often a day without saying when. */
    public suspend fun dayTimes(): DayTimesView = core.dayTimes()

    /**
     * Sets the times of the day on this phone: from 03:00 on, until 23:00, in their order and two hours apart. Ask for
     * [reminders] again afterwards. Prescriptions that name a time of the clock are not touched.
     */
    public suspend fun setDayTimes(times: DayTimesView): DayTimesView = core.setDayTimes(times)

    /** How many minutes the way from home to a clinic takes; null unless somebody told it on this phone. */
    public suspend fun travelMinutes(clinicId: String): UInt? = core.travelMinutes(clinicId)

    /**
     * Tells how many minutes (1 minute to a day) the way from home to a clinic takes; null forgets it. Ask for
     * [reminders] again afterwards: they then say when to leave.
     */
    public suspend fun setTravelMinutes(
        clinicId: String,
        minutes: UInt?,
    ): UInt? = core.setTravelMinutes(clinicId, minutes)

    /** Tells that the phone has a network again: what could not be reached without one may be tried at once. */
    public fun networkIsBack(): Unit = core.networkIsBack()

    /** What must not be missed and was not acknowledged. */
    public suspend fun events(personId: String): List<EventView> = core.events(personId)

    /** Says that the person has seen an event. */
    public suspend fun acknowledge(
        personId: String,
        eventId: Long,
    ): Unit = core.acknowledge(personId, eventId)

    /**
     * Lets every file go within half a second: when the app goes to the background. Calls end with
     * `SoKhoeException.Paused` until [resume]; what was kept is kept.
     */
    public fun pause(): Unit = core.pause()

    /** Goes on after [pause]; whoever observes a book is given it anew. */
    public fun resume(): Unit = core.resume()

    /** Everything the first screen of a person shows, now. */
    public suspend fun bookView(personId: String): BookView = core.bookView(personId)

    /**
     * The same, now and after every change. A slow collector misses values in between, never the newest one.
     * The core stops watching when the collector ends.
     */
    public fun observe(personId: String): Flow<BookView> =
        callbackFlow {
            val subscription =
                core.observe(
                    personId,
                    object : BookObserver {
                        override fun onChange(book: BookView) {
                            keepAttached()
                            trySend(book)
                        }
                    },
                )
            awaitClose {
                subscription.cancel()
                subscription.close()
            }
        }.conflate()

    /** What to tell people about an error: what happened, what was kept, what to do. */
    public fun words(error: SoKhoeException): String = core.wordsFor(error)

    /** Ends the core. Calls that are under way come to their end; later ones throw [IllegalStateException]. */
    override fun close(): Unit = core.close()

    public companion object {
        /** Bytes of a document that cross to the core at once. */
        private const val PIECE = 64 * 1024

        /** Opens the books in [folder], or makes the folder for them. */
        public suspend fun open(
            folder: File,
            deviceName: String,
            keyStore: KeyStore,
            language: Language = Language.VI,
        ): SoKhoe =
            withContext(Dispatchers.IO) {
                SoKhoe(Core.open(CoreConfig(folder.path, language, deviceName), keyStore))
            }

        /** Opens the books with a recovery code, when [open] answered that the key can no longer be used or is missing. */
        public suspend fun recover(
            folder: File,
            deviceName: String,
            keyStore: KeyStore,
            recoveryCode: String,
            language: Language = Language.VI,
        ): SoKhoe =
            withContext(Dispatchers.IO) {
                SoKhoe(Core.recover(CoreConfig(folder.path, language, deviceName), keyStore, recoveryCode))
            }

        /** What to tell people about an error of [open]. */
        public fun words(
            error: SoKhoeException,
            language: Language,
        ): String = vn.sokhoe.core.wordsFor(error, language)
    }
}

/** As the core takes spans: none below zero, the longest for all above it. */
private fun Duration.wholeSeconds(): UInt = toLong(DurationUnit.SECONDS).coerceIn(0, UInt.MAX_VALUE.toLong()).toUInt()

/** Ends the call inside the core when the coroutine that waits for it is cancelled. */
private suspend fun <T> cancellable(call: suspend (CancelToken) -> T): T =
    CancelToken().use { token ->
        try {
            call(token)
        } catch (cancelled: CancellationException) {
            token.cancel()
            throw cancelled
        }
    }

private val attached = ThreadLocal<Boolean>()

/**
 * Keeps the core's thread that calls back attached to the virtual machine.
 *
 * Without it JNA attaches and detaches the thread at every call, which costs more than the call.
 */
private fun keepAttached() {
    if (attached.get() != true) {
        Native.detach(false)
        attached.set(true)
    }
}
