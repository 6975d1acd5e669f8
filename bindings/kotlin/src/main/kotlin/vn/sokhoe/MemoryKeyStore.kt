package vn.sokhoe

import vn.sokhoe.core.KeyStore
import vn.sokhoe.core.KeyStoreException
import java.security.GeneralSecurityException
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val KEY_BITS = 256
private const val NONCE_BYTES = 12
private const val TAG_BITS = 128

/**
 * A key store for tests and desktops: AES-256-GCM and ECDSA with keys that live as long as this object.
 *
 * What it wrapped is lost with it. A phone's app brings its own, e.g. `AndroidKeyStore`.
 */
public class MemoryKeyStore : KeyStore {
    private val keys = ConcurrentHashMap<String, SecretKey>()
    private val signers = ConcurrentHashMap<String, KeyPair>()
    private val counters = ConcurrentHashMap<String, ULong>()

    override fun wrap(
        alias: String,
        secret: ByteArray,
    ): ByteArray {
        val key = keys.computeIfAbsent(alias) { KeyGenerator.getInstance("AES").apply { init(KEY_BITS) }.generateKey() }
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, key)
        cipher.updateAAD(alias.encodeToByteArray())
        return cipher.iv + cipher.doFinal(secret)
    }

    override fun unwrap(
        alias: String,
        wrapped: ByteArray,
    ): ByteArray {
        val key = keys[alias] ?: throw KeyStoreException.Missing()
        if (wrapped.size <= NONCE_BYTES) throw KeyStoreException.Invalidated()
        try {
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, wrapped, 0, NONCE_BYTES))
            cipher.updateAAD(alias.encodeToByteArray())
            return cipher.doFinal(wrapped, NONCE_BYTES, wrapped.size - NONCE_BYTES)
        } catch (_: GeneralSecurityException) {
            throw KeyStoreException.Invalidated()
        }
    }

    override fun signingKey(alias: String): ByteArray {
        val pair =
            signers.computeIfAbsent(alias) {
                KeyPairGenerator
                    .getInstance(
                        "EC",
                    ).apply { initialize(ECGenParameterSpec("secp256r1")) }
                    .generateKeyPair()
            }
        return (pair.public as ECPublicKey).longForm()
    }

    override fun sign(
        alias: String,
        message: ByteArray,
    ): ByteArray {
        val pair = signers[alias] ?: throw KeyStoreException.Missing()
        return Signature.getInstance("SHA256withECDSA").run {
            initSign(pair.private)
            update(message)
            sign()
        }
    }

    override fun delete(alias: String) {
        keys.remove(alias)
        signers.remove(alias)
        counters.remove(alias)
    }

    override fun counter(alias: String): ULong = counters[alias] ?: 0UL

    override fun raiseCounter(
        alias: String,
        to: ULong,
    ) {
        counters.merge(alias, to) { before, after -> maxOf(before, after) }
    }
}
