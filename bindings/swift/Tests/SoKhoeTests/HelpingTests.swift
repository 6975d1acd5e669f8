import Foundation
import SoKhoe
import XCTest

/// Somebody helps, from phone to phone: invited, let in, acts, is seen, and no longer may.
final class HelpingTests: XCTestCase {
    private var folder = FileManager.default.temporaryDirectory

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sokhoe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testANeighbourIsInvitedBooksForTheMotherAndItIsTakenBackOnHerOtherPhone() async throws {
        let clinic = try await ClinicProcess(folder: folder)
        defer { clinic.stop() }
        let own = try await phone("own")
        let mother = try await only(own.enrol(qrText: clinic.enrolment).persons).id
        _ = try await own.sync(personId: mother)
        let request = InviteHelperRequest(personId: mother, helper: "Lò Văn Giúp", scopes: [.book], days: 30)
        let words = try await own.wordsBeforeGrant(request)
        XCTAssertTrue(words.contains("Lò Văn Giúp") && words.contains("đặt, đổi và hủy lịch khám"), words)
        let invitation = try await own.inviteHelper(request, agreedWords: words)
        XCTAssertEqual(invitation.modules.count, Int(invitation.size * invitation.size))

        let helper = try await phone("helper")
        let accepted = try await helper.acceptInvitation(qrText: invitation.qrText)
        let person = try only(XCTUnwrap(accepted.enrolment).persons)
        XCTAssertEqual(person.helping?.scopes, [.book])
        XCTAssertEqual(person.helping?.needsNetwork, false)
        _ = try await helper.sync(personId: person.id)
        let booked = try await booksATime(helper, person.id)
        XCTAssertEqual(booked.status, .confirmed)
        let today = try await helper.today()
        XCTAssertEqual(today.map(\.person.id), [person.id])
        do {
            _ = try await helper.endHelp(personId: person.id, consentId: invitation.consentId)
            XCTFail("who helps decides nothing")
        } catch {
            XCTAssertEqual(error as? SoKhoeError, .OnlyOwnPhone)
        }

        let other = try await phone("other")
        let there = try await only(other.enrol(qrText: clinic.enrolment(of: [clinic.patient])).persons)
        XCTAssertNil(there.helping)
        _ = try await other.sync(personId: there.id)
        let bookings = try await other.bookings(personId: there.id)
        XCTAssertTrue(bookings.contains { $0.id == booked.id && $0.start == booked.start })
        let seen = try await only(other.helpers(personId: there.id))
        XCTAssertTrue(seen.active && seen.name == "Lò Văn Giúp", seen.text)
        let longer = try await other.prolongHelp(personId: there.id, consentId: seen.consentId, days: 90)
        XCTAssertGreaterThan(longer.until, seen.until)
        let ended = try await other.endHelp(personId: there.id, consentId: seen.consentId)
        XCTAssertFalse(ended.active)

        _ = try await helper.sync(personId: person.id)
        let left = try await helper.bookings(personId: person.id)
        XCTAssertEqual(left, [])
        let events = try await helper.events(personId: person.id)
        XCTAssertEqual(events.last?.kind, "access-ended")
        _ = try await own.sync(personId: mother)
        let helpers = try await own.helpers(personId: mother)
        XCTAssertEqual(helpers.map(\.active), [false])
    }

    private func phone(_ name: String) async throws -> SoKhoe {
        try await SoKhoe.open(
            folder: folder.appendingPathComponent(name),
            deviceName: "XCTest",
            keyStore: MemoryKeyStore()
        )
    }

    private func booksATime(_ phone: SoKhoe, _ person: String) async throws -> BookingView {
        let now = Date()
        let clinic = try await only(phone.clinics()).id
        let slots = try await phone.findSlots(
            FindSlotsRequest(personId: person, clinicId: clinic, from: now, to: now + 7 * 86_400)
        )
        return try await phone.book(personId: person, slot: XCTUnwrap(slots.first))
    }

    private func only<T>(_ things: [T]) throws -> T {
        XCTAssertEqual(things.count, 1)
        return try XCTUnwrap(things.first)
    }
}
