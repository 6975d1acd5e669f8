package vn.sokhoe

import org.junit.jupiter.api.Assertions.assertTrue

/** What [work] throws. JUnit's own cannot suspend. */
internal inline fun <reified E : Throwable> assertThrows(work: () -> Unit): E {
    val thrown = runCatching(work).exceptionOrNull()
    assertTrue(thrown is E, "expected ${E::class.simpleName}, got $thrown")
    return thrown as E
}
