import Foundation
import Observation
import SoKhoe
import UIKit

/// The people of this phone and the book that is open.
@MainActor
@Observable
final class BooksModel {
    /// The people of this phone.
    private(set) var persons: [PersonView] = []
    /// Who may be there twice: to be asked.
    private(set) var questions: [SamePersonView] = []
    /// The book that is open.
    private(set) var book: BookView?
    /// Whether the core is at work for the screen.
    private(set) var busy = false
    /// What went wrong, in the core's words.
    private(set) var problem: String?

    @ObservationIgnored private var core: SoKhoe?
    /// The questions that were answered with no, until the app is started again.
    @ObservationIgnored private var declined: Set<Set<String>> = []
    private let language: Language = Locale.preferredLanguages.first?.hasPrefix("en") == true ? .en : .vi

    /// Reads who is on this phone.
    func load() async {
        await work { core in try await self.showPersons(core) }
    }

    /// Brings this phone into a clinic.
    func enrol(_ code: String) async {
        await work { core in
            _ = try await core.enrol(qrText: code)
            try await self.showPersons(core)
        }
    }

    /// Brings this phone into a clinic by a sign-in; `browse` shows an address and gives the one that ends it, with this scheme.
    func signIn(_ clinicUrl: String, browse: (URL, String) async throws -> URL) async {
        await work { core in
            let begun = try await core.beginSignIn(clinicUrl: clinicUrl)
            guard let url = URL(string: begun.url), let end = try? await browse(url, begun.callbackScheme) else {
                return
            }
            _ = try await core.finishSignIn(redirectUrl: end.absoluteString)
            try await self.showPersons(core)
        }
    }

    /// Two are one person: their books become one, and what their clinics have of them comes in.
    func unite(_ question: SamePersonView) async {
        await work { core in
            let one = try await core.unitePersons(personId: question.personId, otherId: question.otherId)
            try await self.showPersons(core)
            _ = try await core.sync(personId: one.id)
        }
    }

    /// Two are two.
    func decline(_ question: SamePersonView) {
        declined.insert([question.personId, question.otherId])
        questions.removeAll { declined.contains([$0.personId, $0.otherId]) }
    }

    /// Fetches what is new in a person's book.
    func sync(_ person: PersonView) async {
        await work { core in
            _ = try await core.sync(personId: person.id)
            // What came may tell that somebody is there twice.
            try await self.showPersons(core)
        }
    }

    /// Follows a person's book until the task that called this is cancelled.
    func follow(_ person: PersonView) async {
        await work { core in
            let books = try await core.observe(personId: person.id)
            self.busy = false
            for await book in books {
                self.book = book
            }
        }
        book = nil
    }

    private func showPersons(_ core: SoKhoe) async throws {
        persons = try await core.persons()
        let found = try await core.samePersons()
        questions = found.filter { !declined.contains([$0.personId, $0.otherId]) }
    }

    private func work(_ call: (SoKhoe) async throws -> Void) async {
        busy = true
        problem = nil
        defer { busy = false }
        do {
            try await call(opened())
        } catch SoKhoeError.Cancelled {
            // The screen went away.
        } catch let error as SoKhoeError {
            problem = SoKhoe.words(for: error, in: language)
        } catch {
            problem = error.localizedDescription
        }
    }

    private func opened() async throws -> SoKhoe {
        if let core { return core }
        let core = try await SoKhoe.open(
            folder: URL.applicationSupportDirectory.appending(path: "books"),
            deviceName: UIDevice.current.name,
            keyStore: KeychainKeyStore(),
            language: language
        )
        self.core = core
        return core
    }
}
