package vn.sokhoe

import android.app.KeyguardManager
import android.content.Context
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import vn.sokhoe.core.KeyStore
import vn.sokhoe.core.KeyStoreException
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.cert.Certificate
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import java.security.KeyStore as PlatformKeyStore

private const val PROVIDER = "AndroidKeyStore"
private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val KEY_BITS = 256
private const val NONCE_BYTES = 12
private const val TAG_BITS = 128

/**
 * The phone's own key store: AES-256-GCM with keys that never leave its secure hardware, in a StrongBox where the
 * phone has one. From Android 9 on such a key works only while the phone is unlocked. A key that signs (ECDSA, P-256) works
 * whenever the phone was unlocked since its start: books are brought in step in the background, too.
 */
public class AndroidKeyStore(
    context: Context,
) : KeyStore {
    private val keyguard = context.getSystemService(KeyguardManager::class.java)
    private val platform by lazy { PlatformKeyStore.getInstance(PROVIDER).apply { load(null) } }

    override fun wrap(
        alias: String,
        secret: ByteArray,
    ): ByteArray =
        typed {
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(Cipher.ENCRYPT_MODE, keyOrNew(alias))
            cipher.updateAAD(alias.encodeToByteArray())
            cipher.iv + cipher.doFinal(secret)
        }

    override fun unwrap(
        alias: String,
        wrapped: ByteArray,
    ): ByteArray =
        typed {
            val key = key(alias) ?: throw KeyStoreException.Missing()
            if (wrapped.size <= NONCE_BYTES) throw KeyStoreException.Invalidated()
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, wrapped, 0, NONCE_BYTES))
            cipher.updateAAD(alias.encodeToByteArray())
            cipher.doFinal(wrapped, NONCE_BYTES, wrapped.size - NONCE_BYTES)
        }

    override fun signingKey(alias: String): ByteArray =
        typed {
            (certificateOrNew(alias).publicKey as ECPublicKey).longForm()
        }

    override fun sign(
        alias: String,
        message: ByteArray,
    ): ByteArray =
        typed {
            val key = platform.getKey(alias, null) as PrivateKey? ?: throw KeyStoreException.Missing()
            Signature.getInstance("SHA256withECDSA").run {
                initSign(key)
                update(message)
                sign()
            }
        }

    override fun delete(alias: String): Unit =
        typed {
            platform.deleteEntry(alias)
            for (counter in counters(alias)) platform.deleteEntry(counter)
        }

    override fun counter(alias: String): ULong = typed { counters(alias).maxOfOrNull { countOf(it) } ?: 0UL }

    /**
     * The platform has no counters, so the number stands in the name of a key that is used for nothing else. The new one
     * first: a crash in between leaves two, of which the higher counts.
     */
    @Synchronized
    override fun raiseCounter(
        alias: String,
        to: ULong,
    ): Unit =
        typed {
            val before = counters(alias)
            if (before.none { countOf(it) >= to }) {
                generate("${counterPrefix(alias)}$to", strongBox = false, whileUnlocked = false)
                for (counter in before) platform.deleteEntry(counter)
            }
        }

    private fun counters(alias: String): List<String> =
        platform
            .aliases()
            .asSequence()
            .filter { it.startsWith(counterPrefix(alias)) }
            .toList()

    /** No name of a vault has a colon. */
    private fun counterPrefix(alias: String) = "counter:$alias:"

    private fun countOf(entry: String): ULong = entry.substringAfterLast(':').toULongOrNull() ?: 0UL

    private fun key(alias: String): SecretKey? = platform.getKey(alias, null) as SecretKey?

    /** One at a time: two callers must not make two keys of one name. */
    @Synchronized
    private fun keyOrNew(alias: String): SecretKey {
        key(alias)?.let { return it }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            try {
                return generate(alias, strongBox = true)
            } catch (_: StrongBoxUnavailableException) {
                // Most phones have none; their secure hardware will do.
            }
        }
        return generate(alias, strongBox = false)
    }

    /** That of a signing key's public half. One at a time, as with the other keys. */
    @Synchronized
    private fun certificateOrNew(alias: String): Certificate {
        platform.getCertificate(alias)?.let { return it }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            try {
                generatePair(alias, strongBox = true)
                return platform.getCertificate(alias)
            } catch (_: StrongBoxUnavailableException) {
                // As with the other keys.
            }
        }
        generatePair(alias, strongBox = false)
        return platform.getCertificate(alias)
    }

    private fun generatePair(
        alias: String,
        strongBox: Boolean,
    ) {
        val spec =
            KeyGenParameterSpec
                .Builder(alias, KeyProperties.PURPOSE_SIGN)
                .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                .setDigests(KeyProperties.DIGEST_SHA256)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) spec.setIsStrongBoxBacked(strongBox)
        val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER)
        generator.initialize(spec.build())
        generator.generateKeyPair()
    }

    private fun generate(
        alias: String,
        strongBox: Boolean,
        whileUnlocked: Boolean = true,
    ): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec =
            KeyGenParameterSpec
                .Builder(alias, purposes)
                .setKeySize(KEY_BITS)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            spec.setUnlockedDeviceRequired(whileUnlocked).setIsStrongBoxBacked(strongBox)
        }
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(spec.build())
        return generator.generateKey()
    }

    /** What the platform throws, as what the core can act on. Nothing is ever deleted because of it. */
    private fun <T> typed(work: () -> T): T =
        try {
            work()
        } catch (_: UserNotAuthenticatedException) {
            throw KeyStoreException.Locked()
        } catch (_: KeyPermanentlyInvalidatedException) {
            throw KeyStoreException.Invalidated()
        } catch (_: UnrecoverableKeyException) {
            throw lockedOr(KeyStoreException.Invalidated())
        } catch (_: AEADBadTagException) {
            throw lockedOr(KeyStoreException.Invalidated())
        } catch (_: GeneralSecurityException) {
            throw lockedOr(KeyStoreException.Transient())
        } catch (_: ProviderException) {
            throw lockedOr(KeyStoreException.Transient())
        }

    /** A locked phone fails in many ways, each maker's in its own. */
    private fun lockedOr(other: KeyStoreException): KeyStoreException =
        if (keyguard?.isDeviceLocked == true) KeyStoreException.Locked() else other
}
