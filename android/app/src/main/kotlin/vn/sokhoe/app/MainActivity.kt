package vn.sokhoe.app

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.activity.viewModels
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory

/** The only window. */
class MainActivity : ComponentActivity() {
    private val model: BooksViewModel by viewModels {
        viewModelFactory {
            initializer {
                val app = application as SoKhoeApplication
                BooksViewModel(app.language, app::open)
            }
        }
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        setContent {
            MaterialTheme {
                Surface { BooksScreen(model, ::openInTab) }
            }
        }
        if (savedInstanceState == null) signedIn(intent)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        signedIn(intent)
    }

    /** The browser came back from a sign-in. */
    private fun signedIn(intent: Intent) {
        val address = intent.data ?: return
        if (intent.action == Intent.ACTION_VIEW) model.finishSignIn(address.toString())
    }

    /** Opens an address in a tab of the browser that belongs to this app (Custom Tab), or in the browser. */
    private fun openInTab(url: String) {
        val intent = Intent(Intent.ACTION_VIEW, Uri.parse(url))
        intent.putExtras(Bundle().apply { putBinder("android.support.customtabs.extra.SESSION", null) })
        startActivity(intent)
    }
}
