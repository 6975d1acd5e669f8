plugins {
    alias(libs.plugins.android.library)
}

val workspace = rootProject.layout.projectDirectory.dir("..")
val nativeLibraries = layout.buildDirectory.dir("jniLibs")

android {
    namespace = "vn.sokhoe.core.android"
    compileSdk = 37

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
    }

    sourceSets.named("main") {
        kotlin.directories += "../../bindings/kotlin/src/main/kotlin"
        kotlin.directories += "../../bindings/kotlin/target/generated/kotlin"
        jniLibs.directories += "build/jniLibs"
    }
}

// The generated Kotlin, made from the library that this machine runs.
val generateBindings =
    tasks.register<Exec>("generateBindings") {
        workingDir(workspace)
        commandLine("cargo", "xtask", "bindings")
    }

// The library that phones run: needs `cargo install cargo-ndk` and ANDROID_NDK_HOME.
val buildNativeLibraries =
    tasks.register<Exec>("buildNativeLibraries") {
        workingDir(workspace)
        environment("RUSTFLAGS", "-C link-arg=-Wl,-z,max-page-size=16384")
        commandLine(
            "cargo",
            "ndk",
            "--target=arm64-v8a",
            "--target=armeabi-v7a",
            "--target=x86_64",
            "--output-dir=${nativeLibraries.get().asFile}",
            "build",
            "--package=sokhoe-ffi",
            "--profile=release-mobile",
            "--locked",
        )
    }

tasks.named("preBuild") {
    dependsOn(generateBindings, buildNativeLibraries)
}

dependencies {
    api(libs.coroutines.android)
    implementation(libs.jna) {
        artifact { type = "aar" }
    }
}
