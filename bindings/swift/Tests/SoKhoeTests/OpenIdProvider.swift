import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// An OpenID provider that vouches for everybody as one citizen: `openid-provider` of the tests, built beside `sokhoe`.
final class OpenIdProvider {
    private struct DidNotStart: Error {}

    private let process = Process()
    private let input = Pipe()
    private let issuer: String

    init(citizen: String) throws {
        process.executableURL = ClinicProcess.program.deletingLastPathComponent()
            .appendingPathComponent("openid-provider")
        process.arguments = [citizen]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var said = Data()
        while !said.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw DidNotStart() }
            said.append(more)
        }
        issuer = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// How a clinic is configured for it, in a file of `folder`.
    func configuration(in folder: URL) throws -> URL {
        let provider = [
            "issuer": issuer, "client_id": "clinic", "client_secret": "s", "identifier_claim": "cccd",
        ]
        let file = folder.appendingPathComponent("sign-in.json")
        try JSONEncoder().encode(["provider": provider]).write(to: file)
        return file
    }

    /// Where a browser ends that goes where it is sent: at the app.
    static func browse(_ address: String) async throws -> String {
        // Kept by hand: not every Foundation keeps the cookies of a host that is an address.
        let settings = URLSessionConfiguration.ephemeral
        settings.httpShouldSetCookies = false
        let browser = URLSession(
            configuration: settings,
            delegate: ClinicProcess.NoRedirects(),
            delegateQueue: nil
        )
        defer { browser.finishTasksAndInvalidate() }
        var (at, cookies) = (address, [String: String]())
        for _ in 0..<10 where at.hasPrefix("http") {
            guard let url = URL(string: at) else { throw URLError(.badURL) }
            var request = URLRequest(url: url)
            let kept = cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
            request.setValue(kept, forHTTPHeaderField: "Cookie")
            let (_, answer) = try await browser.data(for: request)
            let headers = answer as? HTTPURLResponse
            let set = headers?.value(forHTTPHeaderField: "Set-Cookie") ?? ""
            let cookie = set.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
            if cookie.count == 2 {
                cookies[String(cookie[0])] = String(cookie[1])
            }
            guard let next = headers?.value(forHTTPHeaderField: "Location") else {
                throw URLError(.badServerResponse)
            }
            at = next
        }
        return at
    }

    /// Ends it.
    func stop() {
        guard process.isRunning else { return }
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit {
        stop()
    }
}
