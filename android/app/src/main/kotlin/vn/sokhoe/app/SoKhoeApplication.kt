package vn.sokhoe.app

import android.app.Application
import android.os.Build
import vn.sokhoe.AndroidKeyStore
import vn.sokhoe.SoKhoe
import vn.sokhoe.core.Language

/** Opens the one core of the process. */
class SoKhoeApplication : Application() {
    /** The language of the core's words: that of the screens. */
    val language: Language
        get() = if (resources.configuration.locales[0].language == "en") Language.EN else Language.VI

    /** Opens the books. Those who call it keep what they get. */
    suspend fun open(): SoKhoe =
        SoKhoe.open(
            folder = noBackupFilesDir.resolve("books"),
            deviceName = Build.MODEL,
            keyStore = AndroidKeyStore(this),
            language = language,
        )
}
