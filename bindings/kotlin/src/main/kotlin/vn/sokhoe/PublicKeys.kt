package vn.sokhoe

import java.math.BigInteger
import java.security.interfaces.ECPublicKey

private const val COORDINATE_BYTES = 32

/** The point of a P-256 key as `KeyStore.signingKey` gives it: 4, X, Y. For key stores that this module does not have. */
public fun ECPublicKey.longForm(): ByteArray = byteArrayOf(4) + coordinate(w.affineX) + coordinate(w.affineY)

private fun coordinate(number: BigInteger): ByteArray {
    // A number may be shorter, or have a zero in front of its sign.
    val bytes = number.toByteArray().takeLast(COORDINATE_BYTES).toByteArray()
    return ByteArray(COORDINATE_BYTES - bytes.size) + bytes
}
