package vn.sokhoe.app

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
                Surface { BooksScreen(model) }
            }
        }
    }
}
