package vn.sokhoe

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import vn.sokhoe.core.SamePersonProof
import vn.sokhoe.core.SamePersonView
import vn.sokhoe.core.SoKhoeException
import java.io.File

private const val PATIENT = "bn-000002"
private const val NEIGHBOUR = "bn-000003"

/** One person whom two clinics know: found, united, in step with both, and two again. */
class SamePersonTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `who is known at two clinics becomes one person when they say so, and two again`() =
        runBlocking<Unit> {
            clinic("hospital").use { hospital ->
                clinic("station").use { station ->
                    SoKhoe.open(folder.resolve("phone"), "JUnit", MemoryKeyStore()).use { phone ->
                        val neighbour = phone.comesIn(station, NEIGHBOUR)
                        val first = phone.comesIn(hospital, PATIENT)
                        assertEquals(emptyList<SamePersonView>(), phone.samePersons())
                        val second = phone.comesIn(station, PATIENT)
                        assertNotEquals(first, second)

                        val asked = phone.samePersons().single()
                        assertEquals(SamePersonProof.CCCD, asked.proof)
                        assertEquals(setOf(first, second), setOf(asked.personId, asked.otherId))
                        assertTrue("số căn cước" in asked.text, asked.text)
                        assertThrows<SoKhoeException.Validation> { phone.unitePersons(first, neighbour) }

                        val one = phone.unitePersons(asked.personId, asked.otherId)
                        assertEquals(2, one.clinicIds.size)
                        assertEquals(setOf(one.id, neighbour), phone.persons().map { it.id }.toSet())
                        assertEquals(emptyList<SamePersonView>(), phone.samePersons())
                        assertTrue(phone.sync(one.id).finished)
                        val inStep = phone.syncState(one.id).filter { it.lastSuccess != null }
                        assertEquals(one.clinicIds.toSet(), inStep.map { it.clinicId }.toSet())
                        val gone = assertThrows<SoKhoeException.NotFound> { phone.sync(asked.otherId) }
                        assertEquals("person", gone.what)

                        val parted = phone.partPerson(one.id, one.clinicIds.last())
                        assertEquals(one.clinicIds.takeLast(1), parted.clinicIds)
                        assertEquals(3, phone.persons().size)
                        assertTrue(phone.sync(parted.id).finished)
                        assertThrows<SoKhoeException.Validation> { phone.partPerson(parted.id, parted.clinicIds[0]) }
                    }
                }
            }
        }

    private fun clinic(name: String) = ClinicProcess.start(folder.resolve(name).also { check(it.mkdir()) })

    /** Brings a patient of the clinic in; the person that they are on this phone. */
    private suspend fun SoKhoe.comesIn(
        clinic: ClinicProcess,
        patient: String,
    ): String {
        val person = enrol(clinic.enrolmentOf(patient)).persons.single().id
        assertTrue(sync(person).finished)
        return person
    }
}
