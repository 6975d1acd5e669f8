import Foundation
import SoKhoeCore

/// A key store for tests and previews: keeps the secrets in memory and gives tickets for them.
///
/// What it wrapped is lost with it. An app brings its own, e.g. `KeychainKeyStore`.
public final class MemoryKeyStore: KeyStore, @unchecked Sendable {
    // Every access holds the lock.
    private var secrets: [String: [Data: Data]] = [:]
    private var signers: [String: MemorySigner] = [:]
    private var counters: [String: UInt64] = [:]
    private let lock = NSLock()

    /// A key store that holds nothing yet.
    public init() {}

    /// Keeps a secret and gives a ticket for it.
    public func wrap(alias: String, secret: Data) throws -> Data {
        let ticket = Data(UUID().uuidString.utf8)
        lock.withLock { secrets[alias, default: [:]][ticket] = secret }
        return ticket
    }

    /// The secret of a ticket.
    public func unwrap(alias: String, wrapped: Data) throws -> Data {
        guard let kept = lock.withLock({ secrets[alias] }) else { throw KeyStoreError.Missing }
        guard let secret = kept[wrapped] else { throw KeyStoreError.Invalidated }
        return secret
    }

    /// The point of an alias's signing key, which is made when there is none.
    public func signingKey(alias: String) throws -> Data {
        try lock.withLock {
            if let signer = signers[alias] { return signer.publicKey() }
            let signer = try MemorySigner()
            signers[alias] = signer
            return signer.publicKey()
        }
    }

    /// Signs with an alias's key.
    public func sign(alias: String, message: Data) throws -> Data {
        guard let signer = lock.withLock({ signers[alias] }) else { throw KeyStoreError.Missing }
        return try signer.sign(message: message)
    }

    /// Forgets every secret and key of an alias.
    public func delete(alias: String) throws {
        lock.withLock {
            signers.removeValue(forKey: alias)
            secrets.removeValue(forKey: alias)
            counters.removeValue(forKey: alias)
        }
    }

    /// The counter of a name.
    public func counter(alias: String) throws -> UInt64 {
        lock.withLock { counters[alias, default: 0] }
    }

    /// Raises the counter of a name.
    public func raiseCounter(alias: String, to: UInt64) throws {
        lock.withLock { counters[alias] = max(counters[alias, default: 0], to) }
    }
}
