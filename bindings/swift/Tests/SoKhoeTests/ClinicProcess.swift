import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A clinic of its own for one test: `sokhoe clinic serve` with a hospital and a patient's book.
final class ClinicProcess {
    /// What the clinic says first.
    private struct Greeting: Decodable {
        let desk: String
        let enrolment: String
        let patient: String
        let url: String
    }

    private struct Enrolment: Decodable {
        let enrolment: String
    }

    private struct DidNotStart: Error {
        let log: String
    }

    /// The text of an enrolment QR for the patient.
    private(set) var enrolment = ""
    /// The patient's id.
    private(set) var patient = ""
    private var deskUrl = ""
    /// Where the clinic is.
    private(set) var baseUrl = ""
    private let folder: URL
    private let process: Process
    private let input = Pipe()

    /// Starts a clinic that keeps its data below `folder`; `signIn` says by which provider people come in, too.
    init(folder: URL, signIn: URL? = nil) async throws {
        self.folder = folder
        let output = folder.appendingPathComponent("clinic.out")
        let log = folder.appendingPathComponent("clinic.log")
        for file in [output, log] {
            try Data().write(to: file)
        }
        process = Process()
        process.executableURL = Self.program
        process.arguments = [
            "clinic", "serve", "--data", folder.appendingPathComponent("clinic").path, "--listen", "127.0.0.1:0",
            "--demo-data", "--json", "--wait-stdin",
        ]
        if let signIn {
            process.arguments?.append(contentsOf: ["--sign-in", signIn.path])
        }
        // It ends with this process, however that ends.
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            let said = try Data(contentsOf: output)
            if let end = said.firstIndex(of: UInt8(ascii: "\n")) {
                let greeting = try JSONDecoder().decode(Greeting.self, from: said[..<end])
                (enrolment, patient) = (greeting.enrolment, greeting.patient)
                (baseUrl, deskUrl) = (greeting.url, greeting.desk)
                return
            }
            guard process.isRunning, ContinuousClock.now < deadline else {
                stop()
                throw DidNotStart(log: try String(contentsOf: log, encoding: .utf8))
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The text of an enrolment QR for these patients of the hospital.
    func enrolment(of patients: [String]) throws -> String {
        let enrolling = Process()
        enrolling.executableURL = Self.program
        let data = folder.appendingPathComponent("clinic").path
        enrolling.arguments =
            ["clinic", "enrol", "--json", "--data", data, "--base-url", baseUrl]
            + patients.flatMap { ["--patient", $0] }
        let output = Pipe()
        enrolling.standardOutput = output
        try enrolling.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        enrolling.waitUntilExit()
        return try JSONDecoder().decode(Enrolment.self, from: said).enrolment
    }

    private struct DeskRefused: Error {
        let answer: String
    }

    /// Goes nowhere else: what sets the cookie is the answer itself.
    final class NoRedirects: NSObject, URLSessionTaskDelegate {
        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest,
            completionHandler: @escaping (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }
    }

    /// What the desk does with its queue.
    func desk(_ step: String, _ body: [String: String]) async throws {
        // Kept by hand: not every Foundation keeps the cookies of a host that is an address.
        let settings = URLSessionConfiguration.ephemeral
        settings.httpShouldSetCookies = false
        let browser = URLSession(configuration: settings, delegate: NoRedirects(), delegateQueue: nil)
        defer { browser.finishTasksAndInvalidate() }
        let (_, opened) = try await browser.data(from: try Self.url(deskUrl))
        let set = (opened as? HTTPURLResponse)?.value(forHTTPHeaderField: "Set-Cookie") ?? ""
        var request = URLRequest(url: try Self.url("\(baseUrl)/desk/queue/\(step)"))
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue("1", forHTTPHeaderField: "Sokhoe-Desk")
        request.setValue(String(set.prefix { $0 != ";" }), forHTTPHeaderField: "Cookie")
        request.httpBody = try JSONEncoder().encode(body)
        let (answer, response) = try await browser.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else {
            throw DeskRefused(answer: String(decoding: answer, as: UTF8.self))
        }
    }

    private static func url(_ text: String) throws -> URL {
        guard let url = URL(string: text) else { throw URLError(.badURL) }
        return url
    }

    static var program: URL {
        URL(fileURLWithPath: ProcessInfo.processInfo.environment["SOKHOE_CLI"] ?? "target/debug/sokhoe")
    }

    /// Ends the clinic: from now on the phone has no network.
    func stop() {
        guard process.isRunning else { return }
        // Foundation starts children with SIGTERM masked, so `terminate()` would do nothing: the clinic ends
        // when its input does.
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit {
        stop()
    }
}
