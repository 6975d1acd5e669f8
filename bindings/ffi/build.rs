//! What the linker may do to make the library that phones get smaller.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Only the profile release-mobile is built for size.
    if !is("OPT_LEVEL", "z") {
        return;
    }
    let android = is("CARGO_CFG_TARGET_OS", "android");
    // Where rustc links with lld, which alone knows these. Elsewhere the library is only larger.
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ARCH", "x86_64");
    if android || linux {
        // Functions with the same code are kept once.
        link("--icf=all");
    }
    if android {
        // Android reads these since version 6.
        link("--pack-dyn-relocs=android");
    } else if linux {
        // glibc reads these since 2.36.
        link("--pack-dyn-relocs=relr");
    }
}

fn link(argument: &str) {
    println!("cargo:rustc-cdylib-link-arg=-Wl,{argument}");
}
