package vn.sokhoe

import java.io.File
import java.util.concurrent.TimeUnit

/** An OpenID provider that vouches for everybody as one citizen: `openid-provider` of the tests, built beside `sokhoe`. */
class OpenIdProvider private constructor(
    private val process: Process,
    private val issuer: String,
) : AutoCloseable {
    /** How a clinic is configured for it, in a file of [folder]. */
    fun configuration(folder: File): File =
        folder.resolve("sign-in.json").apply {
            writeText(
                """{"provider": {"issuer": "$issuer", "client_id": "clinic", "client_secret": "s", "identifier_claim": "cccd"}}""",
            )
        }

    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    companion object {
        /** Starts one; it ends with this virtual machine. */
        fun start(citizen: String): OpenIdProvider {
            val program = File(System.getProperty("sokhoe.cli")).resolveSibling("openid-provider")
            val process = ProcessBuilder(program.path, citizen).redirectError(ProcessBuilder.Redirect.DISCARD).start()
            return OpenIdProvider(process, process.inputStream.bufferedReader().readLine())
        }
    }
}
