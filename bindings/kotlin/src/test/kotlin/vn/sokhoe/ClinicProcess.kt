package vn.sokhoe

import java.io.File
import java.net.CookieManager
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

private const val START_SECONDS = 120L

/** A clinic of its own for one test: `sokhoe clinic serve` with a hospital and a patient's book. */
class ClinicProcess private constructor(
    private val process: Process,
    private val data: File,
    /** What the clinic said first: where it is, and an enrolment QR's text for the patient. */
    private val said: String,
) : AutoCloseable {
    /** The text of an enrolment QR. */
    val enrolment: String get() = value("enrolment")

    /** Where the clinic is. */
    val url: String get() = value("url")

    /** The patient's id. */
    val patient: String get() = value("patient")

    private val desk: HttpClient by lazy {
        val browser = HttpClient.newBuilder().cookieHandler(CookieManager())
        browser.followRedirects(HttpClient.Redirect.NORMAL).build().also {
            val page = HttpRequest.newBuilder(URI(value("desk"))).build()
            it.send(page, HttpResponse.BodyHandlers.discarding())
        }
    }

    /** What the desk does with its queue, and what it is answered. */
    fun desk(
        step: String,
        body: String,
    ): String {
        val request =
            HttpRequest
                .newBuilder(URI("$url/desk/queue/$step"))
                .header("Content-Type", "application/json")
                .header("Sokhoe-Desk", "1")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build()
        val answer = desk.send(request, HttpResponse.BodyHandlers.ofString())
        check(answer.statusCode() == 200) { "$step: ${answer.statusCode()} ${answer.body()}" }
        return answer.body()
    }

    /** The text of an enrolment QR for these patients of the hospital. */
    fun enrolmentOf(vararg patients: String): String {
        val command = listOf(System.getProperty("sokhoe.cli"), "clinic", "enrol", "--json", "--data", data.path)
        val more = listOf("--base-url", url) + patients.flatMap { listOf("--patient", it) }
        val enrolling = ProcessBuilder(command + more).start()
        return valueIn(enrolling.inputStream.bufferedReader().readText(), "enrolment")
    }

    /** Ends the clinic: from now on the phone has no network. */
    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    private fun value(name: String): String = valueIn(said, name)

    private fun valueIn(
        said: String,
        name: String,
    ): String =
        checkNotNull(Regex("\"$name\"\\s*:\\s*\"([^\"\\\\]*)\"").find(said)) { "the clinic said no $name: $said" }
            .groupValues[1]

    companion object {
        /** Starts a clinic that keeps its data below [folder]; [signIn] says by which provider people come in, too. */
        fun start(
            folder: File,
            signIn: File? = null,
        ): ClinicProcess {
            val log = folder.resolve("clinic.log")
            val data = folder.resolve("clinic")
            val command =
                mutableListOf(
                    System.getProperty("sokhoe.cli"),
                    "clinic",
                    "serve",
                    "--data",
                    data.path,
                    "--listen",
                    "127.0.0.1:0",
                    "--demo-data",
                    "--json",
                    // It ends with this virtual machine, however that ends.
                    "--wait-stdin",
                )
            signIn?.let { command += listOf("--sign-in", it.path) }
            val process = ProcessBuilder(command).redirectError(log).start()
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
            return ClinicProcess(process, data, said)
        }
    }
}
