// swift-tools-version: 6.0
import PackageDescription

// `cargo xtask bindings` makes Sources/SoKhoeCore and Sources/SoKhoeCoreFFI; they are never committed.

#if os(Linux)
    /// Where libsokhoe_ffi is; `cargo xtask test` sets it.
    let libraries = Context.environment["SOKHOE_LIBRARY_DIR"] ?? "\(Context.packageDirectory)/../../target/debug"

    let native = Target.target(
        name: "SoKhoeCoreFFI",
        linkerSettings: [
            .unsafeFlags(["-L\(libraries)", "-Xlinker", "-rpath", "-Xlinker", libraries]),
            .linkedLibrary("sokhoe_ffi"),
        ]
    )
#else
    // Made by ios/build-core.sh.
    let native = Target.binaryTarget(name: "SoKhoeCoreFFI", path: "SoKhoeCoreFFI.xcframework")
#endif

let package = Package(
    name: "SoKhoe",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "SoKhoe", targets: ["SoKhoe"])],
    targets: [
        native,
        // Swift 6.0 cannot compile generated code in its own language mode.
        .target(
            name: "SoKhoeCore",
            dependencies: ["SoKhoeCoreFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        .target(name: "SoKhoe", dependencies: ["SoKhoeCore"]),
        .testTarget(name: "SoKhoeTests", dependencies: ["SoKhoe"]),
    ],
    swiftLanguageModes: [.v6]
)
