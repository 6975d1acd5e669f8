package vn.sokhoe.app

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import vn.sokhoe.SoKhoe
import vn.sokhoe.core.BookView
import vn.sokhoe.core.Language
import vn.sokhoe.core.PersonView
import vn.sokhoe.core.SamePersonView
import vn.sokhoe.core.SoKhoeException

/** What the screen shows. */
data class BooksState(
    val persons: List<PersonView> = emptyList(),
    /** Who may be there twice: to be asked. */
    val questions: List<SamePersonView> = emptyList(),
    /** The book that is open. */
    val book: BookView? = null,
    val busy: Boolean = true,
    /** What went wrong, in the core's words. */
    val problem: String? = null,
)

/** The people of this phone and the book that is open. */
class BooksViewModel(
    private val language: Language,
    private val openCore: suspend () -> SoKhoe,
) : ViewModel() {
    private val mutableState = MutableStateFlow(BooksState())
    private var core: SoKhoe? = null
    private var reading: Job? = null

    /** The questions that were answered with no, until the app is started again. */
    private var declined = emptySet<Set<String>>()

    /** What the screen shows. */
    val state: StateFlow<BooksState> = mutableState.asStateFlow()

    init {
        work { showPersons() }
    }

    /** Brings this phone into a clinic. */
    fun enrol(code: String) {
        work {
            it.enrol(code)
            showPersons()
        }
    }

    /** Begins to sign in at a clinic; [open] shows an address in the browser. */
    fun signIn(
        clinicUrl: String,
        open: (String) -> Unit,
    ) {
        work { open(it.beginSignIn(clinicUrl).url) }
    }

    /** Ends a sign-in with the address that the browser was sent to. */
    fun finishSignIn(redirectUrl: String) {
        work {
            it.finishSignIn(redirectUrl)
            showPersons()
        }
    }

    /** Two are one person: their books become one, and what their clinics have of them comes in. */
    fun unite(question: SamePersonView) {
        work {
            val one = it.unitePersons(question.personId, question.otherId)
            showPersons()
            it.sync(one.id)
        }
    }

    /** Two are two. */
    fun decline(question: SamePersonView) {
        declined = declined.plusElement(setOf(question.personId, question.otherId))
        work { showPersons() }
    }

    /** Opens a person's book and follows it. */
    fun openBook(personId: String) {
        reading?.cancel()
        reading =
            work { core ->
                core.observe(personId).collect { book -> mutableState.update { it.copy(book = book, busy = false) } }
            }
    }

    /** Closes the book. */
    fun closeBook() {
        reading?.cancel()
        mutableState.update { it.copy(book = null) }
        // What came meanwhile may tell that somebody is there twice.
        work { showPersons() }
    }

    /** Fetches what is new in a person's book. */
    fun sync(personId: String) {
        work { it.sync(personId) }
    }

    override fun onCleared() {
        core?.close()
    }

    private suspend fun showPersons() {
        val persons = core?.persons().orEmpty()
        val questions =
            core?.samePersons().orEmpty().filterNot { setOf(it.personId, it.otherId) in declined }
        mutableState.update { it.copy(persons = persons, questions = questions) }
    }

    private fun work(call: suspend (SoKhoe) -> Unit): Job =
        viewModelScope.launch {
            mutableState.update { it.copy(busy = true, problem = null) }
            try {
                call(core ?: openCore().also { core = it })
            } catch (error: SoKhoeException) {
                mutableState.update { it.copy(problem = SoKhoe.words(error, language)) }
            } finally {
                mutableState.update { it.copy(busy = false) }
            }
        }
}
