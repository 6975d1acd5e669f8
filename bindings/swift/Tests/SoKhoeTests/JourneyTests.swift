import Foundation
import SoKhoe
import XCTest

/// The story that must always work, from Swift, at a real clinic.
final class JourneyTests: XCTestCase {
    private var folder = FileManager.default.temporaryDirectory

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sokhoe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testAPhoneBooksPaysAndReadsItsBookWithoutANetwork() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first)
        let persons = try await phone.persons()
        XCTAssertTrue(persons.contains(person))

        let there = try await freeTimes(phone, person.id).first { $0.mode == .inPerson }
        let slot = try XCTUnwrap(there)
        let estimate = try XCTUnwrap(slot.estimate)
        XCTAssertTrue(estimate.text.contains("BHYT"), estimate.text)
        XCTAssertEqual(estimate.remains == nil, estimate.insurancePays == nil)
        let booking = try await phone.book(personId: person.id, slot: slot)
        XCTAssertEqual(booking.status, .confirmed, booking.statusText)
        XCTAssertEqual(booking.start, slot.start)
        let before = try await phone.ticket(personId: person.id, bookingId: booking.id)
        XCTAssertEqual(before.state, .absent)
        let kept = try await phone.booking(personId: person.id, bookingId: booking.id)
        XCTAssertEqual(kept, booking)
        let papers = try await phone.papers(personId: person.id, bookingId: booking.id, kind: .referred)
        XCTAssertEqual(papers.prefix(3).map(\.paper), [.identity, .insuranceCard, .referral])
        XCTAssertTrue(papers.allSatisfy { !$0.name.isEmpty && !$0.note.isEmpty })

        let synced = try await phone.sync(personId: person.id)
        XCTAssertGreaterThan(synced.stored, 0)
        XCTAssertEqual(synced.waiting, 0)

        clinic.stop()
        try await readsWithoutANetwork(phone, person.id)
        try await hasItsTicket(phone, person.id, booking)
        try await drawsAPayableQr(phone, person.id)
        let offline = await thrown { try await phone.sync(personId: person.id) }
        XCTAssertEqual(offline as? SoKhoeError, .Offline)
    }

    func testABookingShowsUpInTheStream() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first)
        var shown = try await phone.observe(personId: person.id).makeAsyncIterator()
        let before = await shown.next()
        XCTAssertEqual(before?.person, person)

        let slot = try await freeTimes(phone, person.id)[0]
        let booking = try await phone.book(personId: person.id, slot: slot)

        XCTAssertEqual(before?.bookings.contains { $0.id == booking.id }, false)
        let deadline = ContinuousClock.now + .seconds(10)
        var confirmed = false
        while !confirmed, ContinuousClock.now < deadline, let book = await shown.next() {
            confirmed = book.bookings.contains { $0.id == booking.id && $0.status == .confirmed }
        }
        XCTAssertTrue(confirmed)
    }

    func testTimesAreFoundByWhatSomebodyWantsAndSayWhatTheClinicDoesNotTell() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        let now = Date()
        func found(_ criteria: SlotCriteria) async throws -> [SlotView] {
            try await phone.findSlots(
                FindSlotsRequest(
                    personId: person,
                    clinicId: enrolment.clinic.id,
                    from: now,
                    to: now + 14 * 24 * 3600,
                    criteria: criteria
                )
            )
        }

        let hmong = try await found(SlotCriteria(maxPrice: 150_000, language: "hmn", mode: .inPerson))
        let doctor = try XCTUnwrap(hmong.first).practitionerId
        XCTAssertTrue(hmong.allSatisfy { $0.languages.contains("hmn") && $0.languagesText.contains("Mông") })
        XCTAssertTrue(hmong.allSatisfy { $0.price == 150_000 && $0.untoldText.isEmpty })
        let upstairs = try await found(SlotCriteria(practitionerId: doctor, stepFree: true))
        XCTAssertEqual(upstairs, [], "whether there is a lift is not told")
        let untold = try await found(SlotCriteria(practitionerId: doctor, stepFree: true, untoldToo: true))
        XCTAssertFalse(untold.isEmpty)
        XCTAssertTrue(untold.allSatisfy { $0.stepFree == nil && !$0.untoldText.isEmpty })
    }

    func testMotherAndChildAreBookedTogetherOrNobody() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment(of: ["bn-000001", "bn-000002"]))
        let people = enrolment.persons.map(\.id)
        XCTAssertEqual(people.count, 2)
        let now = Date()
        let found = try await phone.findTrip(
            FindTripRequest(
                clinicId: enrolment.clinic.id,
                members: people.map { TripMemberRequest(personId: $0) },
                from: now,
                to: now + 14 * 24 * 3600
            )
        )
        let times = try XCTUnwrap(found.first)
        XCTAssertEqual(times.visits.map(\.personId), people)
        XCTAssertFalse(times.text.isEmpty)
        let overlaps = try await phone.tripOverlaps(visits: times.visits)
        XCTAssertEqual(overlaps, [])

        let booked = try await phone.bookTrip(visits: times.visits)

        XCTAssertEqual(booked.map(\.status), [.confirmed, .confirmed])
        let (mother, child) = (try XCTUnwrap(booked[0].trip), try XCTUnwrap(booked[1].trip))
        XCTAssertEqual(mother.id, child.id)
        XCTAssertEqual(mother.others.map(\.bookingId), [booked[1].id])
        XCTAssertTrue(mother.text.contains(enrolment.persons[1].name), mother.text)
        let alone = await thrown { try await phone.bookTrip(visits: Array(times.visits.prefix(1))) }
        guard case .Validation = alone as? SoKhoeError else {
            return XCTFail("one alone is no trip")
        }
    }

    func testASeriesIsBookedVisitByVisitAndItsRestTakenBack() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "Asia/Ho_Chi_Minh")
        formatter.dateFormat = "yyyy-MM-dd"
        let found = try await phone.findSeries(
            FindSeriesRequest(
                personId: person,
                clinicId: enrolment.clinic.id,
                serviceId: "chay-than",
                days: .weekly(
                    firstDay: formatter.string(from: Date() + 24 * 3600),
                    weekdays: [1, 3, 5],
                    weekInterval: 1,
                    visits: 6
                )
            )
        )
        XCTAssertEqual(found.days.count, 6)
        let request = SeriesRequest(personId: person, slots: found.days.compactMap(\.slot))
        let overlaps = try await phone.seriesOverlaps(request)
        XCTAssertEqual(overlaps, [])

        let booked = try await phone.bookSeries(request)

        XCTAssertTrue(booked.allSatisfy { $0.status == .confirmed }, found.text)
        let deadline = try XCTUnwrap(booked[5].deadline)
        XCTAssertEqual(deadline.until, booked[5].start - 24 * 3600)
        XCTAssertFalse(deadline.isOver, deadline.text)
        let second = try XCTUnwrap(booked[1].series)
        XCTAssertEqual(second.id, booked[0].id)
        XCTAssertEqual(second.number, 2)
        XCTAssertEqual(second.coming, booked.map(\.id))
        let back = try await phone.cancelSeries(personId: person, bookingId: booked[1].id)
        XCTAssertEqual(back.map(\.id), booked.dropFirst().map(\.id))
        XCTAssertTrue(back.allSatisfy { $0.status == .cancelled })
        let again = await thrown { try await phone.cancelSeries(personId: person, bookingId: booked[1].id) }
        guard case .Validation = again as? SoKhoeError else {
            return XCTFail("what is taken back is not taken back again")
        }
    }

    func testWhoIsThereSeesTheirNumberAndIsCalled() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        _ = try await phone.sync(personId: person)
        let line = "lich-bs-pham-duc-long"
        try await clinic.desk("check-in", ["patient": clinic.patient, "schedule": line])
        _ = try await phone.sync(personId: person)
        let bookings = try await phone.bookings(personId: person)
        let there = try XCTUnwrap(bookings.first { $0.status == .checkedIn })
        let waiting = try XCTUnwrap(there.queue)
        XCTAssertEqual([waiting.number, waiting.ahead ?? 9], [1, 0])
        XCTAssertEqual(waiting.state, .waiting)
        XCTAssertFalse(waiting.isOld)
        let refused = await thrown { try await phone.cancelBooking(personId: person, bookingId: there.id) }
        guard case .Validation = refused as? SoKhoeError else {
            return XCTFail("who is there cancels at the desk")
        }

        try await clinic.desk("next", ["schedule": line, "station": "Phòng 111"])
        _ = try await phone.sync(personId: person)
        let called = try await phone.booking(personId: person, bookingId: there.id)
        XCTAssertEqual(called.queue?.state, .called)
        XCTAssertTrue(called.statusText.contains("Phòng 111"), called.statusText)
        let events = try await phone.events(personId: person)
        XCTAssertTrue(events.contains { $0.kind == "queue-called" && $0.subject == there.id })
        for step in ["begin", "finish"] {
            try await clinic.desk(step, ["appointment": there.id])
        }
        _ = try await phone.sync(personId: person)
        let over = try await phone.booking(personId: person, bookingId: there.id)
        XCTAssertEqual(over.status, .fulfilled)
        XCTAssertNil(over.queue)
    }

    func testWaitingForChangesEndsWhenItIsCancelledAndNothingIsLost() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        _ = try await phone.sync(personId: person)
        let waiting = Task { try await phone.waitForChanges(personId: person, wait: .seconds(20)) }
        try await Task.sleep(for: .milliseconds(500))

        let cancelled = ContinuousClock.now
        waiting.cancel()
        let ended = await thrown { try await waiting.value }

        XCTAssertEqual(ended as? SoKhoeError, .Cancelled)
        XCTAssertLessThan(ContinuousClock.now - cancelled, .seconds(2))
        let slot = try await freeTimes(phone, person)[0]
        let booking = try await phone.book(personId: person, slot: slot)
        XCTAssertEqual(booking.status, .confirmed)
        _ = try await phone.sync(personId: person)
        let bookings = try await phone.bookings(personId: person)
        XCTAssertEqual(bookings.filter { $0.start == slot.start }.count, 1)
    }

    func testAnOpenScreenShowsHowTheSyncStandsAndWhatAnotherPhoneDidAtOnce() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let first = try await openPhone()
        let enrolment = try await first.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        let second = try await SoKhoe.open(
            folder: folder.appendingPathComponent("second phone"),
            deviceName: "XCTest",
            keyStore: MemoryKeyStore()
        )
        let entered = try await second.enrol(qrText: clinic.enrolment(of: [clinic.patient]))
        let here = try XCTUnwrap(entered.persons.first).id
        let before = try await second.syncState(personId: here)
        XCTAssertEqual(before.map(\.state), [.never])
        var shown = try await second.observe(personId: here).makeAsyncIterator()
        let following = Task { try await second.keepInStep(personId: here) }
        let deadline = ContinuousClock.now + .seconds(30)
        var inStep: ClinicSyncView?
        while inStep == nil, ContinuousClock.now < deadline, let book = await shown.next() {
            inStep = book.clinics.first { $0.state == .upToDate }
        }
        let state = try XCTUnwrap(inStep)
        XCTAssertGreaterThan(state.arrived, 0)
        XCTAssertGreaterThanOrEqual(state.arrived, state.expected ?? 0)
        XCTAssertNotNil(state.lastSuccess)

        let slot = try await freeTimes(first, person)[0]
        let booking = try await first.book(personId: person, slot: slot)
        var confirmed = false
        while !confirmed, ContinuousClock.now < deadline, let book = await shown.next() {
            confirmed = book.bookings.contains { $0.id == booking.id && $0.status == .confirmed }
        }
        XCTAssertTrue(confirmed)
        following.cancel()
        let ended = await thrown { try await following.value }
        XCTAssertEqual(ended as? SoKhoeError, .Cancelled)

        try await second.forgetClinic(personId: here, clinicId: state.clinicId)
        let persons = try await second.persons()
        XCTAssertEqual(persons.map(\.clinicIds), [[]])
        let bookings = try await second.bookings(personId: here)
        XCTAssertEqual(bookings, [])
    }

    func testABackgroundTaskHeedsNetworkDataAndTimeAndThePhoneRemindsAndReports() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let enrolled = try XCTUnwrap(enrolment.persons.first)
        let person = enrolled.id
        phone.setConditions(SyncConditions(network: .metered, batteryLow: false, foreground: false))
        let little = try await phone.syncBySchedule(personId: person, window: .seconds(25))
        XCTAssertEqual(little.heldBack, .metered)
        XCTAssertFalse(little.finished)
        let states = try await phone.syncState(personId: person)
        let state = try XCTUnwrap(states.first)
        XCTAssertEqual(state.state, .heldBack)
        XCTAssertEqual(state.heldBack, .metered)

        phone.setConditions(SyncConditions(network: .metered, batteryLow: false, foreground: true))
        let limited = try await phone.setDataLimit(aDay: 0, aMonth: nil)
        XCTAssertEqual(limited.left, 0)
        let nothing = try await phone.sync(personId: person)
        XCTAssertEqual(nothing.heldBack, .dataUsedUp)
        let used = try await phone.data().today
        let more = try await phone.allowMoreData(bytes: used + 100_000_000)
        XCTAssertGreaterThan(more.left ?? 0, 0)
        let synced = try await phone.sync(personId: person)
        XCTAssertTrue(synced.finished)
        let after = try await phone.data().today
        XCTAssertGreaterThan(after, used)
        let window = try await phone.syncAllBySchedule(window: .seconds(25))
        let finished = window.persons.filter { $0.synced?.finished == true }.map(\.personId)
        XCTAssertTrue(finished.contains(person), "\(window)")

        let slot = try await freeTimes(phone, person)[0]
        let booked = try await phone.book(personId: person, slot: slot)
        let before = slot.start.addingTimeInterval(-2 * 86_400)
        let view = try await phone.reminders(personId: person, from: before, to: slot.start)
        let soon = try XCTUnwrap(view.reminders.first { $0.kind == .appointmentSoon })
        XCTAssertEqual(soon.at, slot.start.addingTimeInterval(-2 * 3_600))
        XCTAssertFalse(soon.discreetText.contains(slot.service))
        XCTAssertFalse(soon.hasChosenTime)
        let services = try await phone.services(clinicId: slot.clinicId)
        let service = try XCTUnwrap(services.first { $0.name == slot.service })
        let free = try await freeTimes(phone, person, service.id)
        let later = try XCTUnwrap(free.last)
        let moved = try await phone.moveBooking(personId: person, bookingId: booked.id, slot: later)
        XCTAssertEqual(moved.start, later.start)
        XCTAssertNil(moved.movingTo)
        let told = try await phone.events(personId: person)
        XCTAssertTrue(told.contains { $0.kind == "booking-moved" && $0.subject == booked.id })

        // Further than times are given out.
        let some = later.start.addingTimeInterval(200 * 86_400)
        let place = try await phone.joinWaitingList(
            personId: person,
            clinicId: slot.clinicId,
            service: service,
            from: some,
            to: some.addingTimeInterval(3_600)
        )
        XCTAssertEqual(place.status, .onWaitingList, place.statusText)
        XCTAssertNotNil(place.waiting)
        XCTAssertNil(place.waiting?.offeredUntil)
        do {
            _ = try await phone.takeOffer(personId: person, bookingId: place.id)
            XCTFail("nothing is offered")
        } catch SoKhoeError.Validation {}
        do {
            _ = try await phone.declineOffer(personId: person, bookingId: place.id)
            XCTFail("nothing is offered")
        } catch SoKhoeError.Validation {}
        let left = try await phone.cancelBooking(personId: person, bookingId: place.id)
        XCTAssertEqual(left.status, .cancelled)

        let usual = try await phone.dayTimes()
        let early = DayTimesView(morning: 270, noon: usual.noon, evening: usual.evening, night: usual.night)
        let kept = try await phone.setDayTimes(early)
        XCTAssertEqual(kept, early)
        let tooClose = DayTimesView(morning: 270, noon: 300, evening: usual.evening, night: usual.night)
        do {
            _ = try await phone.setDayTimes(tooClose)
            XCTFail("doses half an hour apart")
        } catch SoKhoeError.Validation {
            let still = try await phone.dayTimes()
            XCTAssertEqual(still, early)
        }

        let report = try await phone.supportReport(appVersion: "2.1 (341)")
        XCTAssertTrue(report.contains(state.supportCode), report)
        XCTAssertTrue(report.hasPrefix("Ứng dụng 2.1 (341)\n") || report.hasPrefix("App 2.1 (341)\n"), report)
        XCTAssertFalse(report.contains(enrolled.name), report)
    }

    func testALockedPhoneKeepsItsBookAndOpensItLater() async throws {
        let keys = LockableKeyStore()
        do {
            let clinic = try await ClinicProcess(folder: folder)
            defer { clinic.stop() }
            let phone = try await openPhone(keys)
            let enrolment = try await phone.enrol(qrText: clinic.enrolment)
            _ = try await phone.sync(personId: XCTUnwrap(enrolment.persons.first).id)
        }

        keys.locked = true
        let refused = await thrown { try await openPhone(keys) }
        XCTAssertEqual(refused as? SoKhoeError, .KeyStore(reason: .locked))

        keys.locked = false
        let phone = try await openPhone(keys)
        let persons = try await phone.persons()
        let sections = try await phone.sections(personId: XCTUnwrap(persons.first).id)
        XCTAssertGreaterThan(sections.map(\.entries).reduce(0, +), 0)
    }

    func testAnAccountMovesToANewPhoneByCodesAndABookIsExported() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let old = try await openPhone()
        let enrolment = try await old.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        let new = try await SoKhoe.open(
            folder: folder.appendingPathComponent("new phone"),
            deviceName: "XCTest",
            keyStore: MemoryKeyStore()
        )
        let request = try await new.beginMove().qrText
        guard case .moveRequest = try old.scan(request).content else {
            return XCTFail("not a request")
        }
        let parcels = try await old.answerMove(requestText: request)
        var done = false
        for parcel in parcels.reversed() {
            guard case .moveParcel = try new.scan(parcel).content else {
                return XCTFail("not a parcel")
            }
            done = try await new.takeParcel(parcelText: parcel).done
        }
        XCTAssertTrue(done)
        let (before, after) = (try await old.persons(), try await new.persons())
        XCTAssertEqual(before, after)

        try await old.setMoved(true)
        let isMoved = try await old.isMoved()
        XCTAssertTrue(isMoved)
        XCTAssertFalse(try old.wordsAfterMove().isEmpty)
        let refused = await thrown { try await old.sync(personId: person) }
        XCTAssertEqual(refused as? SoKhoeError, .Move(reason: .moved))
        let synced = try await new.sync(personId: person)
        XCTAssertGreaterThan(synced.stored, 0)

        XCTAssertFalse(try new.wordsBeforeExport().isEmpty)
        let page = folder.appendingPathComponent("sổ.html")
        try await new.export(personId: person, format: .html, file: page)
        XCTAssertTrue(try String(contentsOf: page, encoding: .utf8).hasPrefix("<!DOCTYPE html>"))
        let nowhere = folder.appendingPathComponent("none").appendingPathComponent("book.json")
        let failed = await thrown { try await new.export(personId: person, format: .fhir, file: nowhere) }
        XCTAssertEqual(failed as? SoKhoeError, .CannotWrite(reason: "no-folder"))
    }

    func testADocumentIsFetchedOnceAndOpenedWithoutANetwork() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        let phone = try await openPhone()
        let enrolment = try await phone.enrol(qrText: clinic.enrolment)
        let person = try XCTUnwrap(enrolment.persons.first).id
        _ = try await phone.sync(personId: person)
        let found = try await phone.browse(BrowseRequest(personId: person, text: "giay hen kham lai")).rows
        let entry = try XCTUnwrap(found.first).id
        let listed = try await phone.attachments(personId: person, entryId: entry)
        XCTAssertEqual(listed.map(\.state), [.atClinic])
        let early = await thrown { try await phone.openAttachment(personId: person, entryId: entry, index: 0) }
        XCTAssertEqual(early as? SoKhoeError, .Document(reason: .notHere))
        let fetched = try await phone.fetchAttachment(personId: person, entryId: entry, index: 0)
        XCTAssertEqual(fetched.state, .here)

        clinic.stop()
        let reader = try await phone.openAttachment(personId: person, entryId: entry, index: 0)
        var bytes = Data()
        while let chunk = try await reader.nextChunk() {
            bytes.append(chunk)
        }
        XCTAssertEqual(try reader.length(), UInt64(bytes.count))
        XCTAssertTrue(String(decoding: bytes, as: UTF8.self).contains("GIẤY HẸN KHÁM LẠI"))

        let photo = Data((0..<150_000).map { UInt8(truncatingIfNeeded: $0) })
        let file = folder.appendingPathComponent("photo.jpg")
        try photo.write(to: file)
        let handle = try FileHandle(forReadingFrom: file)
        let about = NewDocumentView(title: "Đơn thuốc", contentType: "image/jpeg")
        let own = try await phone.addDocument(personId: person, document: about, from: handle)
        let added = try await phone.attachments(personId: person, entryId: own)
        XCTAssertEqual(added.map(\.state), [.here])
        let ownReader = try await phone.openAttachment(personId: person, entryId: own, index: 0)
        var ownBytes = Data()
        while let chunk = try await ownReader.nextChunk() {
            ownBytes.append(chunk)
        }
        XCTAssertEqual(ownBytes, photo)
        try await phone.removeDocument(personId: person, entryId: own)
        let gone = await thrown { try await phone.attachments(personId: person, entryId: own) }
        XCTAssertEqual(gone as? SoKhoeError, .NotFound(what: "entry"))
    }

    func testErrorsAreTypedAndHaveWordsForPeople() async throws {
        let phone = try await openPhone()
        let foreign = await thrown { try await phone.enrol(qrText: "https://example.org/menu") }
        XCTAssertEqual(foreign as? SoKhoeError, .Enrolment(reason: .notOurs))
        let unknown = await thrown {
            try await phone.finishSignIn(redirectUrl: "vn.sokhoe:/signed-in?code=x&state=y&iss=z")
        }
        XCTAssertEqual(unknown as? SoKhoeError, .Enrolment(reason: .notBegun))
        let nobody = await thrown { try await phone.browse(BrowseRequest(personId: "nobody")) }
        XCTAssertEqual(nobody as? SoKhoeError, .NotFound(what: "person"))

        let vietnamese = phone.words(for: .Enrolment(reason: .notOurs))
        XCTAssertFalse(vietnamese.isEmpty)
        XCTAssertEqual(vietnamese, SoKhoe.words(for: .Enrolment(reason: .notOurs), in: .vi))
        XCTAssertNotEqual(vietnamese, SoKhoe.words(for: .Enrolment(reason: .notOurs), in: .en))
    }

    func testAScannedTextSaysWhatItIsOrWhyNot() async throws {
        let phone = try await openPhone()
        let text = "001087123456|012345678|Nguyễn Văn Mẫu|15031987|Nam|Số 1, Phố Mẫu, Hà Nội|10052021"
        guard case .citizenCard(let citizen) = try phone.scan(text).content else {
            return XCTFail("not a citizen card")
        }
        XCTAssertEqual(citizen.name, "Nguyễn Văn Mẫu")
        XCTAssertEqual(citizen.birthDate, "1987-03-15")
        XCTAssertEqual(citizen.birthProvince, "Hà Nội")
        guard case .insuranceCard(let insured) = try phone.scan("DN4010123456789").content else {
            return XCTFail("not an insurance number")
        }
        XCTAssertEqual(insured.benefitPercent, 80)
        guard case .url = try phone.scan("https://example.org/menu").content else {
            return XCTFail("not an address")
        }
        let broken = "00020101021138540010A00000072701240006970422011001234567890208QRIBFTTA53037045802VN6304FFFF"
        let unknown = try phone.scan(broken)
        guard case .unknown(let reason, _) = unknown.content else {
            return XCTFail("read although it is broken")
        }
        XCTAssertEqual(reason, "wrong_crc")
        XCTAssertTrue(unknown.text.hasPrefix("DỪNG LẠI"), unknown.text)
    }

    func testAKeyStoreThatFailsInAnUnknownWayMayBeAskedAgain() async throws {
        let refused = await thrown { try await openPhone(BrokenKeyStore()) }
        XCTAssertEqual(refused as? SoKhoeError, .KeyStore(reason: .transient))
        _ = try await openPhone()
    }

    private func openPhone(_ keys: any KeyStore = MemoryKeyStore()) async throws -> SoKhoe {
        try await SoKhoe.open(folder: folder.appendingPathComponent("phone"), deviceName: "XCTest", keyStore: keys)
    }

    private func freeTimes(_ phone: SoKhoe, _ person: String, _ service: String? = nil) async throws -> [SlotView] {
        let now = Date()
        let clinics = try await phone.clinics()
        let clinic = try XCTUnwrap(clinics.first).id
        let slots = try await phone.findSlots(
            FindSlotsRequest(
                personId: person,
                clinicId: clinic,
                serviceId: service,
                from: now,
                to: now + 7 * 24 * 3600
            )
        )
        XCTAssertTrue(slots.allSatisfy { $0.start >= now && $0.start < $0.end && !$0.whenText.isEmpty })
        return try XCTUnwrap(slots.isEmpty ? nil : slots, "the clinic offers times")
    }

    private func hasItsTicket(_ phone: SoKhoe, _ person: String, _ booking: BookingView) async throws {
        let ticket = try await phone.ticket(personId: person, bookingId: booking.id)
        XCTAssertEqual(ticket.start, booking.start)
        XCTAssertTrue([.notYet, .open].contains(ticket.state), ticket.text)
        XCTAssertGreaterThan(try XCTUnwrap(ticket.number), 0)
        XCTAssertGreaterThan(try XCTUnwrap(ticket.askAgainSeconds), 0)
        XCTAssertEqual(ticket.state == .open, ticket.code != nil)
        if let code = ticket.code {
            XCTAssertEqual(code.modules.count, Int(code.size * code.size))
        }
    }

    private func readsWithoutANetwork(_ phone: SoKhoe, _ person: String) async throws {
        let found = try await phone.browse(BrowseRequest(personId: person, text: "duong huyet")).rows
        XCTAssertFalse(found.isEmpty)
        XCTAssertTrue(found.allSatisfy { $0.title.lowercased().contains("đường huyết") }, "\(found.map(\.title))")
        let measured = try XCTUnwrap(found.first { $0.trendCode != nil })
        let trend = try await phone.trend(personId: person, code: XCTUnwrap(measured.trendCode))
        XCTAssertFalse(trend.points.isEmpty)
        XCTAssertEqual(trend.points.map(\.at), trend.points.map(\.at).sorted())
        let detail = try await phone.entry(personId: person, entryId: measured.id)
        XCTAssertTrue(detail.resourceJson.hasPrefix("{"))

        let first = try await phone.browse(BrowseRequest(personId: person, limit: 10))
        let second = try await phone.browse(
            BrowseRequest(personId: person, cursor: XCTUnwrap(first.next), limit: 10)
        )
        XCTAssertEqual(Set((first.rows + second.rows).map(\.id)).count, 20)
    }

    private func drawsAPayableQr(_ phone: SoKhoe, _ person: String) async throws {
        let invoices = try await phone.invoices(personId: person)
        let invoice = try XCTUnwrap(invoices.first { $0.status == .due })
        let qr = try await phone.paymentQr(personId: person, invoiceId: invoice.id)
        XCTAssertTrue(qr.payload.hasPrefix("000201"), qr.payload)
        let fields = emv(qr.payload)
        XCTAssertEqual(fields["54"], String(invoice.amount))
        XCTAssertEqual(fields["53"], "704", "the currency is the đồng")
        XCTAssertEqual(qr.amount, invoice.amount)
        XCTAssertEqual(qr.modules.count, Int(qr.size * qr.size))

        guard case .payment(let scanned) = try phone.scan(qr.payload).content else {
            return XCTFail("not a payment")
        }
        XCTAssertEqual(scanned.scheme, .vietQr)
        XCTAssertEqual(scanned.account, qr.account)
        XCTAssertEqual(scanned.amount, qr.amount)
        let right = try await phone.checkPayment(personId: person, invoiceId: invoice.id, scanned: qr.payload)
        XCTAssertTrue(right.mayPay)
        let sticker = "00020101021138560010A0000007270126000697041501121133666688880208QRIBFTTA53037045802VN6304F443"
        let stop = try await phone.checkPayment(personId: person, invoiceId: invoice.id, scanned: sticker)
        XCTAssertFalse(stop.mayPay)
        XCTAssertTrue(stop.differences.contains(.account))
        XCTAssertTrue(stop.text.hasPrefix("DỪNG LẠI"), stop.text)
    }

    /// The fields of an EMVCo text: two digits of tag, two of length, the value.
    private func emv(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = Substring(text)
        while rest.count >= 4, let length = Int(rest.dropFirst(2).prefix(2)) {
            fields[String(rest.prefix(2))] = String(rest.dropFirst(4).prefix(length))
            rest = rest.dropFirst(4 + length)
        }
        return fields
    }

    /// What `work` throws.
    private func thrown<T>(_ work: () async throws -> T) async -> (any Error)? {
        do {
            _ = try await work()
            XCTFail("expected an error")
            return nil
        } catch {
            return error
        }
    }
}
