import SoKhoe
import SwiftUI

/// The app. The core is opened by the model of its only window.
@main
struct SoKhoeApp: App {
    @State private var model = BooksModel()

    var body: some Scene {
        WindowGroup {
            BooksScreen(model: model)
        }
    }
}
