import Foundation
import SoKhoe

/// A phone that can be locked: its key store then says so.
final class LockableKeyStore: KeyStore, @unchecked Sendable {
    // Every access holds the lock.
    private var isLocked = false
    private let lock = NSLock()
    private let keys = MemoryKeyStore()

    var locked: Bool {
        get { lock.withLock { isLocked } }
        set { lock.withLock { isLocked = newValue } }
    }

    func wrap(alias: String, secret: Data) throws -> Data {
        try unlocked().wrap(alias: alias, secret: secret)
    }

    func unwrap(alias: String, wrapped: Data) throws -> Data {
        try unlocked().unwrap(alias: alias, wrapped: wrapped)
    }

    func delete(alias: String) throws {
        try unlocked().delete(alias: alias)
    }

    private func unlocked() throws -> MemoryKeyStore {
        guard !locked else { throw KeyStoreError.Locked }
        return keys
    }
}

/// A key store with a fault of its own.
final class BrokenKeyStore: KeyStore {
    struct Fault: Error {}

    func wrap(alias: String, secret: Data) throws -> Data {
        throw Fault()
    }

    func unwrap(alias: String, wrapped: Data) throws -> Data {
        throw Fault()
    }

    func delete(alias: String) throws {
        throw Fault()
    }
}
