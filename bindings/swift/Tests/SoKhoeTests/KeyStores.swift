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

    func signingKey(alias: String) throws -> Data {
        try unlocked().signingKey(alias: alias)
    }

    func sign(alias: String, message: Data) throws -> Data {
        try unlocked().sign(alias: alias, message: message)
    }

    func delete(alias: String) throws {
        try unlocked().delete(alias: alias)
    }

    func counter(alias: String) throws -> UInt64 {
        try unlocked().counter(alias: alias)
    }

    func raiseCounter(alias: String, to: UInt64) throws {
        try unlocked().raiseCounter(alias: alias, to: to)
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

    func signingKey(alias: String) throws -> Data {
        throw Fault()
    }

    func sign(alias: String, message: Data) throws -> Data {
        throw Fault()
    }

    func delete(alias: String) throws {
        throw Fault()
    }

    func counter(alias: String) throws -> UInt64 {
        throw Fault()
    }

    func raiseCounter(alias: String, to: UInt64) throws {
        throw Fault()
    }
}
