package vn.sokhoe.app

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Button
import androidx.compose.material3.Card
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.ListItem
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import vn.sokhoe.core.BookView
import vn.sokhoe.core.SamePersonView

/** The people of this phone, or the book of one. */
@Composable
fun BooksScreen(
    model: BooksViewModel,
    openInTab: (String) -> Unit,
) {
    val state by model.state.collectAsStateWithLifecycle()
    Column(Modifier.fillMaxSize().safeDrawingPadding()) {
        if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
        state.problem?.let { Text(it, Modifier.padding(16.dp), color = MaterialTheme.colorScheme.error) }
        val book = state.book
        if (book == null) {
            Persons(state, model, openInTab)
        } else {
            BackHandler(onBack = model::closeBook)
            Book(book, onBack = model::closeBook, onSync = { model.sync(book.person.id) })
        }
    }
}

@Composable
private fun Persons(
    state: BooksState,
    model: BooksViewModel,
    openInTab: (String) -> Unit,
) {
    var code by rememberSaveable { mutableStateOf("") }
    LazyColumn {
        items(state.questions, key = { it.personId + it.otherId }) { question ->
            SamePerson(question, enabled = !state.busy, onYes = { model.unite(question) }) { model.decline(question) }
        }
        items(state.persons, key = { it.id }) { person ->
            ListItem(
                headlineContent = { Text(person.name) },
                supportingContent = { person.birthDate?.let { Text(it) } },
                modifier = Modifier.clickable { model.openBook(person.id) },
            )
        }
        item {
            Column(Modifier.padding(16.dp)) {
                OutlinedTextField(
                    value = code,
                    onValueChange = { code = it },
                    label = { Text(stringResource(R.string.enrolment_code)) },
                    modifier = Modifier.fillMaxWidth(),
                )
                Button(
                    // An address of a clinic is signed in at, everything else is a code.
                    onClick = { if (code.startsWith("https:")) model.signIn(code, openInTab) else model.enrol(code) },
                    enabled = code.isNotBlank() && !state.busy,
                ) {
                    Text(stringResource(R.string.enrol))
                }
            }
        }
    }
}

/** Asks whether two are one person. */
@Composable
private fun SamePerson(
    question: SamePersonView,
    enabled: Boolean,
    onYes: () -> Unit,
    onNo: () -> Unit,
) {
    Card(Modifier.fillMaxWidth().padding(16.dp)) {
        Column(Modifier.padding(16.dp)) {
            Text(stringResource(R.string.same_person), style = MaterialTheme.typography.titleMedium)
            Text(question.text)
            Row {
                TextButton(onClick = onNo, enabled = enabled) { Text(stringResource(R.string.no)) }
                Button(onClick = onYes, enabled = enabled) { Text(stringResource(R.string.yes)) }
            }
        }
    }
}

@Composable
private fun Book(
    book: BookView,
    onBack: () -> Unit,
    onSync: () -> Unit,
) {
    LazyColumn {
        item {
            TextButton(onClick = onBack) { Text(stringResource(R.string.back)) }
            Text(book.person.name, Modifier.padding(16.dp), style = MaterialTheme.typography.headlineSmall)
            Button(onClick = onSync, modifier = Modifier.padding(horizontal = 16.dp)) {
                Text(stringResource(R.string.sync))
            }
        }
        items(book.sections, key = { it.section.name }) { section ->
            ListItem(
                headlineContent = { Text(section.name) },
                trailingContent = { Text(section.entries.toString()) },
            )
        }
        if (book.bookings.isNotEmpty()) {
            item {
                val title = stringResource(R.string.bookings)
                Text(title, Modifier.padding(16.dp), style = MaterialTheme.typography.titleMedium)
            }
        }
        items(book.bookings, key = { it.id }) { booking ->
            ListItem(
                overlineContent = { Text(booking.whenText) },
                headlineContent = { Text(booking.service) },
                supportingContent = { Text(booking.statusText) },
            )
        }
    }
}
