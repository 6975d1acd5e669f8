package vn.sokhoe

import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import vn.sokhoe.core.AttachmentState
import vn.sokhoe.core.BookView
import vn.sokhoe.core.BookingStatus
import vn.sokhoe.core.BrowseRequest
import vn.sokhoe.core.DocumentRefusal
import vn.sokhoe.core.EnrolmentRefusal
import vn.sokhoe.core.ExportFormat
import vn.sokhoe.core.FindSeriesRequest
import vn.sokhoe.core.FindSlotsRequest
import vn.sokhoe.core.FindTripRequest
import vn.sokhoe.core.FollowUpView
import vn.sokhoe.core.HeldBack
import vn.sokhoe.core.KeyStore
import vn.sokhoe.core.KeyStoreRefusal
import vn.sokhoe.core.Language
import vn.sokhoe.core.MoveRefusal
import vn.sokhoe.core.NetworkKind
import vn.sokhoe.core.NewDocumentView
import vn.sokhoe.core.Paper
import vn.sokhoe.core.PayeeDifference
import vn.sokhoe.core.PaymentScheme
import vn.sokhoe.core.PaymentStatus
import vn.sokhoe.core.QueueState
import vn.sokhoe.core.ReminderKind
import vn.sokhoe.core.ScannedView
import vn.sokhoe.core.SeriesDays
import vn.sokhoe.core.SeriesRequest
import vn.sokhoe.core.SlotCriteria
import vn.sokhoe.core.SlotView
import vn.sokhoe.core.SoKhoeException
import vn.sokhoe.core.SyncConditions
import vn.sokhoe.core.SyncState
import vn.sokhoe.core.TicketState
import vn.sokhoe.core.TripMemberRequest
import vn.sokhoe.core.VisitKind
import vn.sokhoe.core.VisitMode
import java.io.File
import java.time.Duration
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

/** The story that must always work, from Kotlin, at a real clinic. */
class JourneyTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `a phone books, pays and reads its book without a network`() =
        runBlocking<Unit> {
            val clinic = ClinicProcess.start(folder)
            phone().use { phone ->
                clinic.use {
                    val person =
                        phone
                            .enrol(clinic.enrolment)
                            .persons
                            .first()
                            .id
                    assertTrue(phone.persons().any { it.id == person })

                    val there = phone.freeTimes(person).first { it.mode == VisitMode.IN_PERSON }
                    val estimate = checkNotNull(there.estimate) { "the clinic tells its terms" }
                    assertTrue("BHYT" in estimate.text, estimate.text)
                    assertEquals(estimate.remains == null, estimate.insurancePays == null)
                    val booking = phone.book(person, there)
                    assertEquals(BookingStatus.CONFIRMED, booking.status, booking.statusText)
                    assertEquals(booking, phone.booking(person, booking.id))
                    assertEquals(TicketState.ABSENT, phone.ticket(person, booking.id).state)
                    val papers = phone.papers(person, booking.id, VisitKind.REFERRED)
                    val atCounter = listOf(Paper.IDENTITY, Paper.INSURANCE_CARD, Paper.REFERRAL)
                    assertEquals(atCounter, papers.take(3).map { it.paper })
                    assertTrue(papers.all { it.name.isNotBlank() && it.note.isNotBlank() })
                    assertThrows<SoKhoeException.NotFound> { phone.joinVisit(person, booking.id) }
                    assertEquals(emptyList<FollowUpView>(), phone.followUps(person))

                    val synced = phone.sync(person)
                    assertTrue(synced.stored > 0u, "$synced")
                    assertEquals(0uL, synced.waiting)
                }
                val person = phone.persons().first().id
                phone.readsWithoutANetwork(person)
                phone.hasItsTicket(person)
                phone.drawsAPayableQr(person)
                assertThrows<SoKhoeException.Offline> { phone.sync(person) }
            }
        }

    @Test
    fun `a booking shows up in the flow`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val enrolment = phone.enrol(clinic.enrolment)
                    val person = enrolment.persons.first().id
                    val shown = MutableStateFlow<BookView?>(null)
                    val screen = launch { phone.observe(person).collect { shown.value = it } }
                    val before = withTimeout(10.seconds) { shown.filterNotNull().first() }
                    assertEquals(enrolment.persons.first(), before.person)

                    val booking = phone.book(person, phone.freeTimes(person).first())

                    assertFalse(before.bookings.any { it.id == booking.id })
                    withTimeout(10.seconds) {
                        shown.filterNotNull().first { book ->
                            book.bookings.any { it.id == booking.id && it.status == BookingStatus.CONFIRMED }
                        }
                    }
                    screen.cancelAndJoin()
                }
            }
        }

    @Test
    fun `times are found by what somebody wants, and say what the clinic does not tell`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val enrolment = phone.enrol(clinic.enrolment)
                    val now = Instant.now()
                    val fortnight =
                        FindSlotsRequest(
                            personId = enrolment.persons.first().id,
                            clinicId = enrolment.clinic.id,
                            from = now,
                            to = now + Duration.ofDays(14),
                        )

                    suspend fun found(criteria: SlotCriteria) = phone.findSlots(fortnight.copy(criteria = criteria))

                    val hmong = found(SlotCriteria(language = "hmn", mode = VisitMode.IN_PERSON, maxPrice = 150_000L))
                    assertTrue(hmong.isNotEmpty())
                    hmong.forEach {
                        assertTrue("hmn" in it.languages && "Mông" in it.languagesText, "$it")
                        assertEquals(150_000L, it.price)
                        assertEquals("", it.untoldText)
                    }
                    val doctor = hmong.first().practitionerId
                    val upstairs = SlotCriteria(practitionerId = doctor, stepFree = true)
                    assertEquals(emptyList<SlotView>(), found(upstairs), "whether there is a lift is not told")
                    val untold = found(upstairs.copy(untoldToo = true))
                    assertTrue(untold.isNotEmpty() && untold.all { it.stepFree == null && it.untoldText.isNotBlank() })
                }
            }
        }

    @Test
    fun `mother and child are booked together, or nobody`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val enrolment = phone.enrol(clinic.enrolmentOf("bn-000001", "bn-000002"))
                    val people = enrolment.persons.map { it.id }
                    assertEquals(2, people.size)
                    val now = Instant.now()
                    val times =
                        phone
                            .findTrip(
                                FindTripRequest(
                                    clinicId = enrolment.clinic.id,
                                    members = people.map { TripMemberRequest(it) },
                                    from = now,
                                    to = now + Duration.ofDays(14),
                                ),
                            ).first()
                    assertEquals(people, times.visits.map { it.personId })
                    assertTrue(times.text.isNotBlank())
                    assertTrue(phone.tripOverlaps(times.visits).isEmpty())

                    val booked = phone.bookTrip(times.visits)

                    assertEquals(listOf(BookingStatus.CONFIRMED, BookingStatus.CONFIRMED), booked.map { it.status })
                    val (mother, child) = booked.map { checkNotNull(it.trip) }
                    assertEquals(mother.id, child.id)
                    assertEquals(booked[1].id, mother.others.single().bookingId)
                    assertTrue(enrolment.persons[1].name in mother.text, mother.text)
                    assertThrows<SoKhoeException.Validation> { phone.bookTrip(times.visits.take(1)) }
                }
            }
        }

    @Test
    fun `a series is booked visit by visit, and its rest taken back`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val enrolment = phone.enrol(clinic.enrolment)
                    val person = enrolment.persons.first().id
                    val tomorrow = LocalDate.now(ZoneId.of("Asia/Ho_Chi_Minh")).plusDays(1)
                    val found =
                        phone.findSeries(
                            FindSeriesRequest(
                                personId = person,
                                clinicId = enrolment.clinic.id,
                                serviceId = "chay-than",
                                days =
                                    SeriesDays.Weekly(
                                        firstDay = tomorrow.toString(),
                                        weekdays = listOf(1u, 3u, 5u),
                                        weekInterval = 1u,
                                        visits = 6u,
                                    ),
                            ),
                        )
                    assertEquals(6, found.days.size)
                    val request = SeriesRequest(person, found.days.mapNotNull { it.slot })
                    assertTrue(phone.seriesOverlaps(request).isEmpty())

                    val booked = phone.bookSeries(request)

                    assertTrue(booked.all { it.status == BookingStatus.CONFIRMED }, found.text)
                    val deadline = checkNotNull(booked[5].deadline)
                    assertEquals(booked[5].start.minus(Duration.ofHours(24)), deadline.until)
                    assertFalse(deadline.isOver, deadline.text)
                    val second = checkNotNull(booked[1].series)
                    assertEquals(booked[0].id, second.id)
                    assertEquals(2u, second.number)
                    assertEquals(booked.map { it.id }, second.coming)
                    val back = phone.cancelSeries(person, booked[1].id)
                    assertEquals(booked.drop(1).map { it.id }, back.map { it.id })
                    assertTrue(back.all { it.status == BookingStatus.CANCELLED })
                    assertThrows<SoKhoeException.Validation> { phone.cancelSeries(person, booked[1].id) }
                }
            }
        }

    @Test
    fun `who is there sees their number, and is called`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val person =
                        phone
                            .enrol(clinic.enrolment)
                            .persons
                            .first()
                            .id
                    phone.sync(person)
                    val line = "\"schedule\":\"lich-bs-pham-duc-long\""
                    clinic.desk("check-in", "{\"patient\":\"${clinic.patient}\",$line}")
                    phone.sync(person)
                    val there = phone.bookings(person).first { it.status == BookingStatus.CHECKED_IN }
                    val waiting = checkNotNull(there.queue)
                    assertEquals(1u to 0u, waiting.number to waiting.ahead)
                    assertEquals(QueueState.WAITING to false, waiting.state to waiting.isOld)
                    assertThrows<SoKhoeException.Validation> { phone.cancelBooking(person, there.id) }

                    clinic.desk("next", "{$line,\"station\":\"Phòng 111\"}")
                    phone.sync(person)
                    val called = phone.booking(person, there.id)
                    assertEquals(QueueState.CALLED to "Phòng 111", called.queue?.state to called.queue?.station)
                    assertTrue("Phòng 111" in called.statusText, called.statusText)
                    assertTrue(phone.events(person).any { it.kind == "queue-called" && it.subject == there.id })
                    for (step in listOf("begin", "finish")) {
                        clinic.desk(step, "{\"appointment\":\"${there.id}\"}")
                    }
                    phone.sync(person)
                    val over = phone.booking(person, there.id)
                    assertEquals(BookingStatus.FULFILLED to null, over.status to over.queue)
                }
            }
        }

    @Test
    fun `waiting for changes ends when it is cancelled, and nothing is lost`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val person =
                        phone
                            .enrol(clinic.enrolment)
                            .persons
                            .first()
                            .id
                    phone.sync(person)
                    val waiting = async { phone.waitForChanges(person, wait = 20.seconds) }
                    delay(500.milliseconds)
                    assertTrue(waiting.isActive, "the clinic keeps its answer back")

                    val ending = measureTime { waiting.cancelAndJoin() }

                    assertTrue(ending < 2.seconds, "$ending")
                    val slot = phone.freeTimes(person).first()
                    assertEquals(BookingStatus.CONFIRMED, phone.book(person, slot).status)
                    phone.sync(person)
                    assertEquals(1, phone.bookings(person).count { it.start == slot.start })
                }
            }
        }

    @Test
    fun `an open screen shows how the sync stands, and what another phone did at once`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { first ->
                    val person =
                        first
                            .enrol(clinic.enrolment)
                            .persons
                            .first()
                            .id
                    SoKhoe.open(folder.resolve("second phone"), "JUnit", MemoryKeyStore()).use { second ->
                        val here =
                            second
                                .enrol(clinic.enrolmentOf(clinic.patient))
                                .persons
                                .first()
                                .id
                        assertEquals(SyncState.NEVER, second.syncState(here).single().state)
                        val shown = MutableStateFlow<BookView?>(null)
                        val screen = launch { second.observe(here).collect { shown.value = it } }
                        val following = launch { second.keepInStep(here) }
                        val inStep =
                            withTimeout(30.seconds) {
                                shown.filterNotNull().first { it.clinics.single().state == SyncState.UP_TO_DATE }
                            }
                        val clinicState = inStep.clinics.single()
                        assertTrue(clinicState.arrived > 0u, "$clinicState")
                        assertTrue(clinicState.arrived >= (clinicState.expected ?: 0u), "$clinicState")
                        assertTrue(clinicState.lastSuccess != null && clinicState.text.isNotBlank())

                        val booking = first.book(person, first.freeTimes(person).first())
                        withTimeout(30.seconds) {
                            shown.filterNotNull().first { book ->
                                book.bookings.any { it.id == booking.id && it.status == BookingStatus.CONFIRMED }
                            }
                        }
                        following.cancelAndJoin()
                        screen.cancelAndJoin()

                        second.forgetClinic(here, clinicState.clinicId)
                        val left = second.persons().single()
                        assertTrue(left.clinicIds.isEmpty())
                        assertTrue(second.bookings(here).isEmpty())
                    }
                }
            }
        }

    @Test
    fun `a background job heeds network, data and time, and the phone reminds and reports`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { phone ->
                    val enrolled = phone.enrol(clinic.enrolment).persons.first()
                    val person = enrolled.id
                    phone.setConditions(SyncConditions(NetworkKind.METERED, batteryLow = false, foreground = false))
                    val little = phone.syncBySchedule(person, window = 25.seconds)
                    assertEquals(HeldBack.METERED, little.heldBack)
                    assertFalse(little.finished)
                    val state = phone.syncState(person).single()
                    assertEquals(SyncState.HELD_BACK, state.state)
                    assertEquals(HeldBack.METERED, state.heldBack)

                    phone.setConditions(SyncConditions(NetworkKind.METERED, batteryLow = false, foreground = true))
                    assertEquals(0uL, phone.setDataLimit(aDay = 0uL, aMonth = null).left)
                    assertEquals(HeldBack.DATA_USED_UP, phone.sync(person).heldBack)
                    val used = phone.data().today
                    assertEquals(true, phone.allowMoreData(used + 100_000_000uL).left?.let { it > 0uL })
                    assertTrue(phone.sync(person).finished)
                    assertTrue(phone.data().today > used, "what a metered network carries is counted")
                    val window = phone.syncAllBySchedule(window = 25.seconds)
                    assertEquals(enrolled.id, window.persons.first { it.synced?.finished == true }.personId)

                    val slot = phone.freeTimes(person).first()
                    val booked = phone.book(person, slot)
                    val before = slot.start.minus(Duration.ofDays(2))
                    val reminders = phone.reminders(person, before, slot.start).reminders
                    val soon = reminders.single { it.kind == ReminderKind.APPOINTMENT_SOON }
                    assertEquals(slot.start.minus(Duration.ofHours(2)), soon.at)
                    assertFalse(slot.service in soon.discreetText)
                    assertFalse(soon.hasChosenTime)
                    val service = phone.services(slot.clinicId).first { it.name == slot.service }
                    val later = phone.freeTimes(person, service.id).last()
                    val moved = phone.moveBooking(person, booked.id, later)
                    assertEquals(later.start to null, moved.start to moved.movingTo)
                    assertTrue(phone.events(person).any { it.kind == "booking-moved" && it.subject == booked.id })

                    // Further than times are given out.
                    val some = later.start.plus(Duration.ofDays(200))
                    val place = phone.joinWaitingList(person, slot.clinicId, service, some, some.plusSeconds(3600))
                    assertEquals(BookingStatus.ON_WAITING_LIST, place.status, place.statusText)
                    assertEquals(null to false, place.waiting?.offeredUntil to place.waiting?.taking)
                    assertThrows<SoKhoeException.Validation> { phone.takeOffer(person, place.id) }
                    assertThrows<SoKhoeException.Validation> { phone.declineOffer(person, place.id) }
                    assertEquals(BookingStatus.CANCELLED, phone.cancelBooking(person, place.id).status)

                    val early = phone.dayTimes().copy(morning = 270u)
                    assertEquals(early, phone.setDayTimes(early))
                    assertThrows<SoKhoeException.Validation> { phone.setDayTimes(early.copy(noon = 300u)) }
                    assertEquals(early, phone.dayTimes())

                    val there = enrolled.clinicIds.first()
                    assertNull(phone.travelMinutes(there))
                    assertEquals(150u, phone.setTravelMinutes(there, 150u))
                    assertThrows<SoKhoeException.Validation> { phone.setTravelMinutes(there, 0u) }
                    assertEquals(150u, phone.travelMinutes(there))

                    val report = phone.supportReport(appVersion = "2.1 (341)")
                    assertTrue(state.supportCode in report, report)
                    assertTrue("2.1 (341)" in report.lines().first(), report)
                    assertFalse(enrolled.name in report, report)
                }
            }
        }

    @Test
    fun `a locked phone keeps its book and opens it later`() =
        runBlocking<Unit> {
            val keys = LockableKeyStore()
            ClinicProcess.start(folder).use { clinic ->
                phone(keys).use { phone ->
                    phone.sync(
                        phone
                            .enrol(clinic.enrolment)
                            .persons
                            .first()
                            .id,
                    )
                }
            }

            keys.locked = true
            val refused = assertThrows<SoKhoeException.KeyStore> { phone(keys).close() }
            assertEquals(KeyStoreRefusal.LOCKED, refused.reason)

            keys.locked = false
            phone(keys).use { phone ->
                val person = phone.persons().first().id
                assertTrue(phone.sections(person).sumOf { it.entries } > 0u)
            }
        }

    @Test
    fun `an account moves to a new phone by codes, and a book is exported`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone().use { old ->
                    val person =
                        old
                            .enrol(clinic.enrolment)
                            .persons
                            .first()
                            .id
                    old.sync(person)
                    SoKhoe.open(folder.resolve("new phone"), "JUnit", MemoryKeyStore()).use { new ->
                        val request = new.beginMove().qrText
                        assertTrue(old.scan(request).content is ScannedView.MoveRequest)
                        val parcels = old.answerMove(request)
                        assertTrue(old.scan(parcels.first()).content is ScannedView.MoveParcel)
                        val progress = parcels.reversed().map { new.takeParcel(it) }
                        assertTrue(progress.last().done)
                        assertEquals(parcels.size.toUInt(), progress.last().have)
                        assertEquals(old.persons(), new.persons())

                        old.setMoved(true)
                        assertTrue(old.isMoved())
                        assertTrue(old.wordsAfterMove().isNotBlank())
                        val refused = assertThrows<SoKhoeException.Move> { old.sync(person) }
                        assertEquals(MoveRefusal.MOVED, refused.reason)
                        assertTrue(new.sync(person).stored > 0u)

                        assertTrue(new.wordsBeforeExport().isNotBlank())
                        val page = folder.resolve("sổ.html")
                        new.export(person, ExportFormat.HTML, page)
                        assertTrue(page.readText().startsWith("<!DOCTYPE html>"))
                        val bundle = folder.resolve("book.json")
                        new.export(person, ExportFormat.FHIR, bundle)
                        assertTrue(bundle.readText().startsWith("{\"resourceType\":\"Bundle\""))
                        val nowhere = folder.resolve("none").resolve("book.json")
                        val failed =
                            assertThrows<SoKhoeException.CannotWrite> { new.export(person, ExportFormat.FHIR, nowhere) }
                        assertEquals("no-folder", failed.reason)
                    }
                }
            }
        }

    @Test
    fun `a document is fetched once and opened without a network`() =
        runBlocking<Unit> {
            phone().use { phone ->
                val (person, entry) =
                    ClinicProcess.start(folder).use { clinic ->
                        val person =
                            phone
                                .enrol(clinic.enrolment)
                                .persons
                                .first()
                                .id
                        phone.sync(person)
                        val found = phone.browse(BrowseRequest(person, text = "giay hen kham lai"))
                        val entry = found.rows[0].id
                        val letter = phone.attachments(person, entry).first()
                        assertEquals(AttachmentState.AT_CLINIC, letter.state, letter.stateText)
                        val early = assertThrows<SoKhoeException.Document> { phone.openAttachment(person, entry, 0u) }
                        assertEquals(DocumentRefusal.NOT_HERE, early.reason)
                        assertEquals(AttachmentState.HERE, phone.fetchAttachment(person, entry, 0u).state)
                        person to entry
                    }

                phone.openAttachment(person, entry, 0u).use { reader ->
                    val chunks = generateSequence { runBlocking { reader.nextChunk() } }.toList()
                    val bytes = chunks.fold(ByteArray(0)) { all, chunk -> all + chunk }
                    assertEquals(reader.length(), bytes.size.toULong())
                    assertTrue("GIẤY HẸN KHÁM LẠI" in bytes.decodeToString())
                }

                val photo = ByteArray(150_000) { it.toByte() }
                val own = phone.addDocument(person, NewDocumentView("Đơn thuốc", "image/jpeg"), photo.inputStream())
                val added = phone.attachments(person, own).single()
                assertEquals(AttachmentState.HERE, added.state, added.stateText)
                phone.openAttachment(person, own, 0u).use { reader ->
                    val chunks = generateSequence { runBlocking { reader.nextChunk() } }.toList()
                    assertArrayEquals(photo, chunks.fold(ByteArray(0)) { all, chunk -> all + chunk })
                }
                phone.removeDocument(person, own)
                assertThrows<SoKhoeException.NotFound> { phone.attachments(person, own) }
            }
        }

    @Test
    fun `errors are typed and have words for people`() =
        runBlocking<Unit> {
            phone().use { phone ->
                val foreign = assertThrows<SoKhoeException.Enrolment> { phone.enrol("https://example.org/menu") }
                assertEquals(EnrolmentRefusal.NOT_OURS, foreign.reason)
                val unknown =
                    assertThrows<SoKhoeException.Enrolment> {
                        phone.finishSignIn("vn.sokhoe:/signed-in?code=x&state=y&iss=z")
                    }
                assertEquals(EnrolmentRefusal.NOT_BEGUN, unknown.reason)
                assertThrows<SoKhoeException.Validation> { phone.beginSignIn("http://example.org") }
                val nobody = assertThrows<SoKhoeException.NotFound> { phone.browse(BrowseRequest("nobody")) }
                assertEquals("person", nobody.what)

                val vietnamese = phone.words(foreign)
                assertTrue(vietnamese.isNotBlank())
                assertEquals(vietnamese, SoKhoe.words(foreign, Language.VI))
                assertNotEquals(vietnamese, SoKhoe.words(foreign, Language.EN))
            }
        }

    @Test
    fun `a key store that fails in an unknown way may be asked again`() =
        runBlocking<Unit> {
            val broken =
                object : KeyStore by MemoryKeyStore() {
                    override fun wrap(
                        alias: String,
                        secret: ByteArray,
                    ): ByteArray = error("a fault of the phone")
                }
            val refused = assertThrows<SoKhoeException.KeyStore> { phone(broken).close() }
            assertEquals(KeyStoreRefusal.TRANSIENT, refused.reason)
            phone().close()
        }

    private suspend fun phone(keys: KeyStore = MemoryKeyStore()): SoKhoe =
        SoKhoe.open(folder.resolve("phone"), deviceName = "JUnit", keyStore = keys)

    private suspend fun SoKhoe.freeTimes(
        person: String,
        service: String? = null,
    ): List<SlotView> {
        val now = Instant.now()
        val clinic = clinics().first().id
        val slots = findSlots(FindSlotsRequest(person, clinic, service, from = now, to = now + Duration.ofDays(7)))
        assertTrue(slots.isNotEmpty(), "the clinic offers times")
        assertTrue(slots.all { it.start >= now && it.start < it.end && it.whenText.isNotBlank() })
        return slots
    }

    private suspend fun SoKhoe.readsWithoutANetwork(person: String) {
        val found = browse(BrowseRequest(person, text = "duong huyet")).rows
        assertTrue(found.isNotEmpty())
        found.forEach { assertTrue("đường huyết" in it.title.lowercase(), it.title) }
        val measured = checkNotNull(found.firstOrNull { it.trendCode != null }) { "no row has a trend" }
        val trend = trend(person, checkNotNull(measured.trendCode))
        assertTrue(trend.points.isNotEmpty() && trend.points.zipWithNext().all { (a, b) -> a.at <= b.at })
        assertTrue(entry(person, measured.id).resourceJson.startsWith("{"))

        val first = browse(BrowseRequest(person, limit = 10u))
        val second = browse(BrowseRequest(person, limit = 10u, cursor = checkNotNull(first.next)))
        assertEquals(20, (first.rows + second.rows).distinctBy { it.id }.size)
    }

    private suspend fun SoKhoe.hasItsTicket(person: String) {
        val booking = bookings(person).first { it.status == BookingStatus.CONFIRMED && it.end > Instant.now() }
        val ticket = ticket(person, booking.id)
        assertEquals(booking.start, ticket.start)
        assertTrue(ticket.state == TicketState.NOT_YET || ticket.state == TicketState.OPEN, ticket.text)
        assertTrue(checkNotNull(ticket.number) > 0u && checkNotNull(ticket.askAgainSeconds) > 0u)
        assertEquals(ticket.state == TicketState.OPEN, ticket.code != null)
        ticket.code?.let { assertEquals((it.size * it.size).toInt(), it.modules.size) }
    }

    private suspend fun SoKhoe.drawsAPayableQr(person: String) {
        val invoice = invoices(person).first { it.status == PaymentStatus.DUE }
        val qr = paymentQr(person, invoice.id)
        assertTrue(qr.payload.startsWith("000201"), qr.payload)
        val fields = emv(qr.payload)
        assertEquals(invoice.amount.toString(), fields["54"])
        assertEquals("704", fields["53"], "the currency is the đồng")
        assertEquals(invoice.amount, qr.amount)
        assertEquals((qr.size * qr.size).toInt(), qr.modules.size)

        val scanned = scan(qr.payload).content as ScannedView.Payment
        assertEquals(PaymentScheme.VIET_QR, scanned.payment.scheme)
        assertEquals(qr.account, scanned.payment.account)
        assertEquals(qr.amount, scanned.payment.amount)
        assertTrue(checkPayment(person, invoice.id, qr.payload).mayPay)
        val sticker = "00020101021138560010A0000007270126000697041501121133666688880208QRIBFTTA53037045802VN6304F443"
        val stop = checkPayment(person, invoice.id, sticker)
        assertFalse(stop.mayPay)
        assertTrue(PayeeDifference.ACCOUNT in stop.differences)
        assertTrue(stop.text.startsWith("DỪNG LẠI"), stop.text)
    }

    @Test
    fun `a scanned text says what it is, or why not`() =
        runBlocking<Unit> {
            phone().use { phone ->
                val card = "001087123456|012345678|Nguyễn Văn Mẫu|15031987|Nam|Số 1, Phố Mẫu, Hà Nội|10052021"
                val citizen = phone.scan(card).content as ScannedView.CitizenCard
                assertEquals("Nguyễn Văn Mẫu", citizen.card.name)
                assertEquals("1987-03-15", citizen.card.birthDate)
                assertEquals("Hà Nội", citizen.card.birthProvince)
                val insured = phone.scan("DN4010123456789").content as ScannedView.InsuranceCard
                assertEquals(80.toUByte(), insured.card.benefitPercent)
                assertTrue(phone.scan("https://example.org/menu").content is ScannedView.Url)
                val broken =
                    "00020101021138540010A00000072701240006970422011001234567890208QRIBFTTA53037045802VN6304FFFF"
                val unknown = phone.scan(broken)
                assertEquals("wrong_crc", (unknown.content as ScannedView.Unknown).reason)
                assertTrue(unknown.text.startsWith("DỪNG LẠI"), unknown.text)
            }
        }

    /** The fields of an EMVCo text: two digits of tag, two of length, the value. */
    private fun emv(text: String): Map<String, String> =
        generateSequence(0) { at -> at + 4 + text.substring(at + 2, at + 4).toInt() }
            .takeWhile { it < text.length }
            .associate { at ->
                val length = text.substring(at + 2, at + 4).toInt()
                text.substring(at, at + 2) to text.substring(at + 4, at + 4 + length)
            }
}
