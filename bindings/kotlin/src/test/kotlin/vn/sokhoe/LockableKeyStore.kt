package vn.sokhoe

import vn.sokhoe.core.KeyStore
import vn.sokhoe.core.KeyStoreException

/** A phone that can be locked: its key store then says so. */
class LockableKeyStore(
    private val keys: KeyStore = MemoryKeyStore(),
) : KeyStore {
    @Volatile
    var locked = false

    override fun wrap(
        alias: String,
        secret: ByteArray,
    ) = unlocked { keys.wrap(alias, secret) }

    override fun unwrap(
        alias: String,
        wrapped: ByteArray,
    ) = unlocked { keys.unwrap(alias, wrapped) }

    override fun signingKey(alias: String) = unlocked { keys.signingKey(alias) }

    override fun sign(
        alias: String,
        message: ByteArray,
    ) = unlocked { keys.sign(alias, message) }

    override fun delete(alias: String) = unlocked { keys.delete(alias) }

    override fun counter(alias: String) = unlocked { keys.counter(alias) }

    override fun raiseCounter(
        alias: String,
        to: ULong,
    ) = unlocked { keys.raiseCounter(alias, to) }

    private fun <T> unlocked(work: () -> T): T = if (locked) throw KeyStoreException.Locked() else work()
}
