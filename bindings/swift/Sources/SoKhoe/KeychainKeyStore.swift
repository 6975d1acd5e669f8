#if canImport(Security)
    import Foundation
    import Security
    import SoKhoeCore

    /// The phone's own key store: an elliptic-curve key in the Secure Enclave, to which secrets are sealed with AES-GCM
    /// (ECIES), and such that sign (ECDSA). A key works while the phone has been unlocked since its start, and never leaves
    /// this phone.
    ///
    /// Not compiled and not run where this was written, which has no Security framework: see ios/README.md.
    public final class KeychainKeyStore: KeyStore, Sendable {
        private static let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM

        /// A key store over this app's keychain.
        public init() {}

        /// Seals a secret, with a new key if `alias` has none.
        public func wrap(alias: String, secret: Data) throws -> Data {
            let key = try find(alias) ?? make(alias)
            guard let open = SecKeyCopyPublicKey(key) else { throw KeyStoreError.Transient }
            var fault: Unmanaged<CFError>?
            guard let sealed = SecKeyCreateEncryptedData(open, Self.algorithm, secret as CFData, &fault) else {
                throw Self.typed(fault)
            }
            return sealed as Data
        }

        /// Opens what ``wrap(alias:secret:)`` gave.
        public func unwrap(alias: String, wrapped: Data) throws -> Data {
            guard let key = try find(alias) else { throw KeyStoreError.Missing }
            var fault: Unmanaged<CFError>?
            guard let secret = SecKeyCreateDecryptedData(key, Self.algorithm, wrapped as CFData, &fault) else {
                throw Self.typed(fault)
            }
            return secret as Data
        }

        /// The point of a signing key in its long form; the key is made when there is none.
        public func signingKey(alias: String) throws -> Data {
            let key = try Self.making.withLock { try find(alias) ?? make(alias) }
            var fault: Unmanaged<CFError>?
            guard let open = SecKeyCopyPublicKey(key), let point = SecKeyCopyExternalRepresentation(open, &fault) else {
                throw Self.typed(fault)
            }
            return point as Data
        }

        /// Signs a message: ECDSA over its SHA-256, in DER.
        public func sign(alias: String, message: Data) throws -> Data {
            guard let key = try find(alias) else { throw KeyStoreError.Missing }
            var fault: Unmanaged<CFError>?
            let algorithm = SecKeyAlgorithm.ecdsaSignatureMessageX962SHA256
            guard let signature = SecKeyCreateSignature(key, algorithm, message as CFData, &fault) else {
                throw Self.typed(fault)
            }
            return signature as Data
        }

        /// Destroys the key.
        public func delete(alias: String) throws {
            let status = SecItemDelete(Self.query(alias) as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw Self.typed(status) }
            let forgotten = SecItemDelete(Self.counterQuery(alias) as CFDictionary)
            guard forgotten == errSecSuccess || forgotten == errSecItemNotFound else { throw Self.typed(forgotten) }
        }

        /// The counter of a name: eight bytes in an item of this phone alone.
        public func counter(alias: String) throws -> UInt64 {
            var query = Self.counterQuery(alias)
            query[kSecReturnData] = true
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return 0 }
            guard status == errSecSuccess, let bytes = found as? Data else { throw Self.typed(status) }
            return bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }

        /// Raises the counter of a name; one that is as high already stays.
        public func raiseCounter(alias: String, to: UInt64) throws {
            try Self.counting.withLock {
                guard try counter(alias: alias) < to else { return }
                let value = withUnsafeBytes(of: to.bigEndian) { Data($0) }
                let query = Self.counterQuery(alias)
                var status = SecItemUpdate(query as CFDictionary, [kSecValueData: value] as CFDictionary)
                if status == errSecItemNotFound {
                    var item = query
                    item[kSecValueData] = value
                    item[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
                    status = SecItemAdd(item as CFDictionary, nil)
                }
                guard status == errSecSuccess else { throw Self.typed(status) }
            }
        }

        /// One at a time: two callers must not lower what one of them raised.
        private static let counting = NSLock()

        /// One at a time: two callers must not make two keys of one name.
        private static let making = NSLock()

        private static func counterQuery(_ alias: String) -> [CFString: Any] {
            [
                kSecClass: kSecClassGenericPassword,
                kSecAttrService: "vn.sokhoe.counter",
                kSecAttrAccount: alias,
            ]
        }

        private func find(_ alias: String) throws -> SecKey? {
            var query = Self.query(alias)
            query[kSecReturnRef] = true
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return nil }
            guard status == errSecSuccess, let found, CFGetTypeID(found) == SecKeyGetTypeID() else {
                throw Self.typed(status)
            }
            return unsafeDowncast(found, to: SecKey.self)
        }

        private func make(_ alias: String) throws -> SecKey {
            var fault: Unmanaged<CFError>?
            guard
                let access = SecAccessControlCreateWithFlags(
                    nil,
                    kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
                    .privateKeyUsage,
                    &fault
                )
            else { throw Self.typed(fault) }
            var attributes: [CFString: Any] = [
                kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrKeySizeInBits: 256,
                kSecPrivateKeyAttrs: [
                    kSecAttrIsPermanent: true,
                    kSecAttrApplicationTag: Self.tag(alias),
                    kSecAttrAccessControl: access,
                ] as [CFString: Any],
            ]
            #if !targetEnvironment(simulator)
                attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave
            #endif
            guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &fault) else { throw Self.typed(fault) }
            return key
        }

        private static func query(_ alias: String) -> [CFString: Any] {
            [
                kSecClass: kSecClassKey,
                kSecAttrKeyClass: kSecAttrKeyClassPrivate,
                kSecAttrApplicationTag: tag(alias),
            ]
        }

        private static func tag(_ alias: String) -> Data {
            Data("vn.sokhoe.key.\(alias)".utf8)
        }

        private static func typed(_ fault: Unmanaged<CFError>?) -> KeyStoreError {
            guard let error = fault?.takeRetainedValue() else { return .Transient }
            return typed(OSStatus(truncatingIfNeeded: CFErrorGetCode(error)))
        }

        private static func typed(_ status: OSStatus) -> KeyStoreError {
            switch status {
            case errSecInteractionNotAllowed: .Locked
            case errSecUserCanceled: .UserCancelled
            case errSecItemNotFound: .Missing
            case errSecDecode, errSecInvalidKeyRef: .Invalidated
            default: .Transient
            }
        }
    }
#endif
