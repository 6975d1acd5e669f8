import Foundation
import SoKhoe
import XCTest

/// A phone comes in by its person's sign-in in the browser, without a code of the counter.
final class SignInTests: XCTestCase {
    private var folder = FileManager.default.temporaryDirectory
    private let keys = MemoryKeyStore()

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sokhoe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testWhoeverTheProviderVouchesForComesInOnceAndHasTheirBook() async throws {
        let provider = try OpenIdProvider(citizen: "011084000456")
        defer { provider.stop() }
        let clinic = try await ClinicProcess(folder: folder, signIn: provider.configuration(in: folder))
        defer { clinic.stop() }
        let phone = try await openPhone()
        let begun = try await phone.beginSignIn(clinicUrl: clinic.baseUrl)
        XCTAssertEqual(begun.callbackScheme, "vn.sokhoe")
        let end = try await OpenIdProvider.browse(begun.url)
        XCTAssertTrue(end.hasPrefix("vn.sokhoe:/signed-in?"), end)

        let enrolled = try await phone.finishSignIn(redirectUrl: end)
        XCTAssertEqual(enrolled.persons.map(\.birthDate), ["1984-09-02"])
        let person = try XCTUnwrap(enrolled.persons.first)
        let synced = try await phone.sync(personId: person.id)
        XCTAssertTrue(synced.finished)
        let persons = try await phone.persons()
        XCTAssertEqual(persons.map(\.id), [person.id])
        do {
            _ = try await phone.finishSignIn(redirectUrl: end)
            XCTFail("it counted twice")
        } catch {
            XCTAssertEqual(error as? SoKhoeError, .Enrolment(reason: .notBegun))
        }
    }

    func testWhomTheClinicDoesNotKnowIsSentToItsCounter() async throws {
        let provider = try OpenIdProvider(citizen: "011084000457")
        defer { provider.stop() }
        let clinic = try await ClinicProcess(folder: folder, signIn: provider.configuration(in: folder))
        defer { clinic.stop() }
        let phone = try await openPhone()
        let end = try await OpenIdProvider.browse(phone.beginSignIn(clinicUrl: clinic.baseUrl).url)
        do {
            _ = try await phone.finishSignIn(redirectUrl: end)
            XCTFail("somebody unknown came in")
        } catch {
            XCTAssertEqual(error as? SoKhoeError, .Enrolment(reason: .counterRequired))
        }
        let persons = try await phone.persons()
        XCTAssertEqual(persons, [])
    }

    private func openPhone() async throws -> SoKhoe {
        try await SoKhoe.open(
            folder: folder.appendingPathComponent("phone"),
            deviceName: "XCTest",
            keyStore: keys
        )
    }
}
