import Foundation
import SoKhoe
import XCTest

/// One person whom two clinics know: found, united, in step with both, and two again.
final class SamePersonTests: XCTestCase {
    private var folder = FileManager.default.temporaryDirectory

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sokhoe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testWhoIsKnownAtTwoClinicsBecomesOnePersonWhenTheySaySoAndTwoAgain() async throws {
        let hospital = try await clinic("hospital")
        defer { hospital.stop() }
        let station = try await clinic("station")
        defer { station.stop() }
        let phone = try await SoKhoe.open(
            folder: folder.appendingPathComponent("phone"),
            deviceName: "XCTest",
            keyStore: MemoryKeyStore()
        )
        let neighbour = try await comesIn(phone, station, "bn-000003")
        let first = try await comesIn(phone, hospital, "bn-000002")
        let nobody = try await phone.samePersons()
        XCTAssertEqual(nobody, [])
        let second = try await comesIn(phone, station, "bn-000002")
        XCTAssertNotEqual(first, second)

        let found = try await phone.samePersons()
        XCTAssertEqual(found.count, 1)
        let asked = try XCTUnwrap(found.first)
        XCTAssertEqual(asked.proof, .cccd)
        XCTAssertEqual(Set([asked.personId, asked.otherId]), Set([first, second]))
        XCTAssertTrue(asked.text.contains("số căn cước"), asked.text)
        let refused = await thrown { try await phone.unitePersons(personId: first, otherId: neighbour) }
        guard case .Validation? = refused as? SoKhoeError else {
            return XCTFail("two people became one: \(String(describing: refused))")
        }

        let one = try await phone.unitePersons(personId: asked.personId, otherId: asked.otherId)
        XCTAssertEqual(one.clinicIds.count, 2)
        let persons = try await phone.persons()
        XCTAssertEqual(Set(persons.map(\.id)), Set([one.id, neighbour]))
        let left = try await phone.samePersons()
        XCTAssertEqual(left, [])
        let synced = try await phone.sync(personId: one.id)
        XCTAssertTrue(synced.finished)
        let states = try await phone.syncState(personId: one.id)
        XCTAssertEqual(Set(states.filter { $0.lastSuccess != nil }.map(\.clinicId)), Set(one.clinicIds))
        let gone = await thrown { try await phone.sync(personId: asked.otherId) }
        XCTAssertEqual(gone as? SoKhoeError, .NotFound(what: "person"))

        let parted = try await phone.partPerson(personId: one.id, clinicId: one.clinicIds[1])
        XCTAssertEqual(parted.clinicIds, [one.clinicIds[1]])
        let three = try await phone.persons()
        XCTAssertEqual(three.count, 3)
        let syncedAgain = try await phone.sync(personId: parted.id)
        XCTAssertTrue(syncedAgain.finished)
        let alone = await thrown { try await phone.partPerson(personId: parted.id, clinicId: parted.clinicIds[0]) }
        guard case .Validation? = alone as? SoKhoeError else {
            return XCTFail("parted from the only clinic: \(String(describing: alone))")
        }
    }

    private func clinic(_ name: String) async throws -> ClinicProcess {
        let own = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
        return try await ClinicProcess(folder: own)
    }

    /// Brings a patient of the clinic in; the person that they are on this phone.
    private func comesIn(_ phone: SoKhoe, _ clinic: ClinicProcess, _ patient: String) async throws -> String {
        let enrolment = try await phone.enrol(qrText: clinic.enrolment(of: [patient]))
        let person = try XCTUnwrap(enrolment.persons.first).id
        let synced = try await phone.sync(personId: person)
        XCTAssertTrue(synced.finished)
        return person
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
