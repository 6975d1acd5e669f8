import AuthenticationServices
import SoKhoe
import SwiftUI

/// The people of this phone; each opens a book.
struct BooksScreen: View {
    let model: BooksModel
    @State private var code = ""
    @Environment(\.webAuthenticationSession) private var webAuthenticationSession

    var body: some View {
        NavigationStack {
            List {
                if let problem = model.problem {
                    Text(problem).foregroundStyle(.red)
                }
                ForEach(model.questions, id: \.text) { question in
                    SwiftUI.Section("same-person") {
                        Text(question.text)
                        Button("yes") {
                            Task { await model.unite(question) }
                        }
                        Button("no", role: .cancel) { model.decline(question) }
                    }
                    .disabled(model.busy)
                }
                ForEach(model.persons, id: \.id) { person in
                    NavigationLink(person.name) {
                        BookScreen(model: model, person: person)
                    }
                }
                SwiftUI.Section {
                    TextField("enrolment-code", text: $code, axis: .vertical)
                        .autocorrectionDisabled()
                        .textInputAutocapitalization(.never)
                    Button("enrol") {
                        Task { await bringIn() }
                    }
                    .disabled(code.isEmpty || model.busy)
                }
            }
            .navigationTitle("Sổ Khỏe")
        }
        .task { await model.load() }
    }

    /// An address of a clinic is signed in at, everything else is a code.
    private func bringIn() async {
        guard code.hasPrefix("https:") else {
            return await model.enrol(code)
        }
        await model.signIn(code) { url, scheme in
            try await webAuthenticationSession.authenticate(using: url, callbackURLScheme: scheme)
        }
    }
}

/// A person's book, as it is and as it changes.
struct BookScreen: View {
    let model: BooksModel
    let person: PersonView

    var body: some View {
        List {
            if let problem = model.problem {
                Text(problem).foregroundStyle(.red)
            }
            if let book = model.book {
                ForEach(book.sections, id: \.section) { section in
                    LabeledContent(section.name, value: section.entries, format: .number)
                }
                SwiftUI.Section("bookings") {
                    ForEach(book.bookings, id: \.id) { booking in
                        VStack(alignment: .leading) {
                            Text(booking.whenText).font(.caption)
                            Text(booking.service)
                            Text(booking.statusText).foregroundStyle(.secondary)
                        }
                    }
                }
            }
        }
        .navigationTitle(person.name)
        .refreshable { await model.sync(person) }
        .task { await model.follow(person) }
    }
}
