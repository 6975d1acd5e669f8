package vn.sokhoe

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import vn.sokhoe.core.EnrolmentRefusal
import vn.sokhoe.core.PersonView
import vn.sokhoe.core.SoKhoeException
import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse

/** Of a patient of the hospital, and of nobody there. */
private const val CITIZEN = "011084000456"
private const val NOBODY = "011084000457"

/** A phone comes in by its person's sign-in in the browser, without a code of the counter. */
class SignInTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `whoever the provider vouches for comes in once and has their book`() =
        runBlocking<Unit> {
            atProvider(CITIZEN) { clinic ->
                val phone = open()
                val begun = phone.beginSignIn(clinic.url)
                assertEquals("vn.sokhoe", begun.callbackScheme)
                val end = browse(begun.url)
                assertTrue(end.startsWith("vn.sokhoe:/signed-in?"), end)
                phone.close()

                // The system ended the app while the browser was open.
                open().use { again ->
                    val person = again.finishSignIn(end).persons.single()
                    assertEquals("1984-09-02", person.birthDate)
                    assertTrue(again.sync(person.id).finished)
                    assertEquals(listOf(person.id), again.persons().map { it.id })
                    val twice = assertThrows<SoKhoeException.Enrolment> { again.finishSignIn(end) }
                    assertEquals(EnrolmentRefusal.NOT_BEGUN, twice.reason)
                }
            }
        }

    @Test
    fun `whom the clinic does not know is sent to its counter`() =
        runBlocking<Unit> {
            atProvider(NOBODY) { clinic ->
                open().use { phone ->
                    val end = browse(phone.beginSignIn(clinic.url).url)
                    val refused = assertThrows<SoKhoeException.Enrolment> { phone.finishSignIn(end) }
                    assertEquals(EnrolmentRefusal.COUNTER_REQUIRED, refused.reason)
                    assertTrue(phone.words(refused).isNotBlank())
                    assertEquals(emptyList<PersonView>(), phone.persons())
                }
            }
        }

    private suspend fun open() = SoKhoe.open(folder.resolve("phone"), "JUnit", keys)

    private val keys = MemoryKeyStore()

    private inline fun atProvider(
        citizen: String,
        does: (ClinicProcess) -> Unit,
    ) = OpenIdProvider.start(citizen).use { provider ->
        ClinicProcess.start(folder, provider.configuration(folder)).use(does)
    }

    /** Where a browser ends that goes where it is sent: at the app. */
    private fun browse(address: String): String {
        val browser = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build()
        // Whatever host they are of: all are this machine.
        val cookies = mutableMapOf<String, String>()
        return generateSequence(address) { at ->
            if (!at.startsWith("http")) return@generateSequence null
            val kept = cookies.map { (name, value) -> "$name=$value" }.joinToString("; ")
            val request = HttpRequest.newBuilder(URI(at)).header("Cookie", kept).build()
            val headers = browser.send(request, HttpResponse.BodyHandlers.discarding()).headers()
            headers.allValues("set-cookie").forEach {
                cookies[it.substringBefore('=')] = it.substringAfter('=').substringBefore(';')
            }
            headers.firstValue("location").orElseThrow { AssertionError("sent nowhere by $at") }
        }.take(10).last()
    }
}
