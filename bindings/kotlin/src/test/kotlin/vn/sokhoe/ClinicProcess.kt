package vn.sokhoe

import java.io.File
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

private const val START_SECONDS = 120L

/** A clinic of its own for one test: `sokhoe clinic serve` with a hospital and a patient's book. */
class ClinicProcess private constructor(
    private val process: Process,
    /** What the clinic said first: where it is, and an enrolment QR's text for the patient. */
    private val said: String,
) : AutoCloseable {
    /** The text of an enrolment QR. */
    val enrolment: String get() = value("enrolment")

    /** Ends the clinic: from now on the phone has no network. */
    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    private fun value(name: String): String =
        checkNotNull(Regex("\"$name\"\\s*:\\s*\"([^\"\\\\]*)\"").find(said)) { "the clinic said no $name: $said" }
            .groupValues[1]

    companion object {
        /** Starts a clinic that keeps its data below [folder]. */
        fun start(folder: File): ClinicProcess {
            val log = folder.resolve("clinic.log")
            val process =
                ProcessBuilder(
                    System.getProperty("sokhoe.cli"),
                    "clinic",
                    "serve",
                    "--data",
                    folder.resolve("clinic").path,
                    "--listen",
                    "127.0.0.1:0",
                    "--demo-data",
                    "--json",
                    // It ends with this virtual machine, however that ends.
                    "--wait-stdin",
                ).redirectError(log).start()
            // Its standard output is read to the end, so that it never waits for us.
            val first = CompletableFuture<String?>()
            thread(isDaemon = true, name = "clinic") {
                process.inputStream.bufferedReader().useLines { lines -> lines.forEach(first::complete) }
                first.complete(null)
            }
            val said = runCatching { first.get(START_SECONDS, TimeUnit.SECONDS) }.getOrNull()
            if (said == null) {
                process.destroyForcibly()
                error("the clinic did not start: ${log.readText()}")
            }
            return ClinicProcess(process, said)
        }
    }
}
