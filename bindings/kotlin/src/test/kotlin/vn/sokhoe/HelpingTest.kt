package vn.sokhoe

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import vn.sokhoe.core.BookingStatus
import vn.sokhoe.core.FindSlotsRequest
import vn.sokhoe.core.GrantScope
import vn.sokhoe.core.InviteHelperRequest
import vn.sokhoe.core.SoKhoeException
import java.io.File
import java.time.Duration
import java.time.Instant

/** Somebody helps, from phone to phone: invited, let in, acts, is seen, and no longer may. */
class HelpingTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `a neighbour is invited, books for the mother, and it is taken back on her other phone`() =
        runBlocking<Unit> {
            ClinicProcess.start(folder).use { clinic ->
                phone("own").use { own ->
                    val mother =
                        own
                            .enrol(clinic.enrolment)
                            .persons
                            .single()
                            .id
                    own.sync(mother)
                    val scopes = listOf(GrantScope.BOOK)
                    val request = InviteHelperRequest(mother, helper = "Lò Văn Giúp", scopes = scopes, days = 30u)
                    val words = own.wordsBeforeGrant(request)
                    assertTrue("Lò Văn Giúp" in words && "đặt, đổi và hủy lịch khám" in words, words)
                    assertThrows<SoKhoeException.Validation> { own.inviteHelper(request, "khác") }
                    val invitation = own.inviteHelper(request, words)
                    assertEquals((invitation.size * invitation.size).toInt(), invitation.modules.size)

                    phone("helper").use { helper ->
                        val accepted = helper.acceptInvitation(invitation.qrText)
                        val person = checkNotNull(accepted.enrolment) { accepted.text }.persons.single()
                        val helping = checkNotNull(person.helping)
                        assertEquals(listOf(GrantScope.BOOK), helping.scopes)
                        assertFalse(helping.needsNetwork)
                        helper.sync(person.id)
                        val booked = helper.booksATime(person.id)
                        assertEquals(BookingStatus.CONFIRMED, booked.status)
                        assertEquals(listOf(person.id), helper.today().map { it.person.id })
                        assertThrows<SoKhoeException.OnlyOwnPhone> { helper.endHelp(person.id, invitation.consentId) }

                        phone("other").use { other ->
                            val there =
                                other
                                    .enrol(clinic.enrolmentOf(clinic.patient))
                                    .persons
                                    .single()
                            assertNull(there.helping)
                            other.sync(there.id)
                            assertEquals(booked.start, other.bookings(there.id).single { it.id == booked.id }.start)
                            val seen = other.helpers(there.id).single()
                            assertTrue(seen.active && seen.name == "Lò Văn Giúp", seen.text)
                            assertTrue(other.prolongHelp(there.id, seen.consentId, 90u).until > seen.until)
                            assertFalse(other.endHelp(there.id, seen.consentId).active)
                        }
                        helper.sync(person.id)
                        assertTrue(helper.bookings(person.id).isEmpty())
                        assertEquals("access-ended", helper.events(person.id).last().kind)
                        assertNull(helper.persons().single().helping)
                    }
                    own.sync(mother)
                    assertFalse(own.helpers(mother).single().active)
                }
            }
        }

    private suspend fun phone(name: String): SoKhoe =
        SoKhoe.open(folder.resolve(name), deviceName = "JUnit", keyStore = MemoryKeyStore())

    private suspend fun SoKhoe.booksATime(person: String) =
        Instant.now().let { now ->
            val clinic = clinics().single().id
            val request = FindSlotsRequest(person, clinic, null, from = now, to = now + Duration.ofDays(7))
            book(person, findSlots(request).first())
        }
}
