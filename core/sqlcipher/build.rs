//! Refuses to build when `src/lib.rs` no longer fits the SQLCipher that is linked, or when SQLCipher was
//! compiled for other crypto than ours.

use std::{env, error::Error, fs, path::Path};

const EXPECTED: &str = "provider.expected.h";
const FLAG: &str = "-DSQLCIPHER_CRYPTO_CUSTOM=sokhoe_sqlcipher_setup";
const SETUP: &str = "extern int SQLCIPHER_PROVIDER_SETUP(sqlcipher_provider *);";
const START: &str = "#define SQLCIPHER_DECRYPT 0";
const END: &str = "};";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={EXPECTED}");
    println!("cargo::rerun-if-env-changed=LIBSQLITE3_FLAGS");

    let flags = env::var("LIBSQLITE3_FLAGS").unwrap_or_default();
    if !flags.split_whitespace().any(|flag| flag == FLAG) {
        return Err(format!(
            "LIBSQLITE3_FLAGS is {flags:?} and lacks {FLAG}: SQLCipher would take OpenSSL's crypto. \
             Run cargo inside this repository, so that it reads .cargo/config.toml, \
             and add the flag if the environment sets the variable itself."
        )
        .into());
    }

    // Set by libsqlite3-sys when it compiles the bundled SQLCipher, not when it links one of the system.
    let include = env::var("DEP_SQLITE3_INCLUDE")
        .map_err(|_| "libsqlite3-sys did not compile the bundled SQLCipher (is LIBSQLITE3_SYS_USE_PKG_CONFIG set?)")?;
    let path = Path::new(&include).join("sqlcipher.c");
    println!("cargo::rerun-if-changed={}", path.display());
    let source = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read SQLCipher's source {}: {error}", path.display()))?;

    let found = provider_interface(&source)
        .ok_or_else(|| format!("no `struct sqlcipher_provider` found in {}", path.display()))?;
    let expected = fs::read_to_string(EXPECTED)?;
    if lines(found) != lines(&expected) || !source.contains(SETUP) {
        return Err(format!(
            "SQLCipher's provider interface changed. Compare {EXPECTED} and `{SETUP}` with {}, adapt `Provider` \
             in src/lib.rs to every difference, then replace {EXPECTED}. Found:\n{found}",
            path.display()
        )
        .into());
    }
    Ok(())
}

/// From SQLCipher's mode and algorithm numbers to the end of `struct sqlcipher_provider`.
fn provider_interface(source: &str) -> Option<&str> {
    let text = &source[source.find(START)?..];
    let end = text.find("struct sqlcipher_provider {")?;
    let end = end + text[end..].find(END)? + END.len();
    Some(&text[..end])
}

/// Lines without regard to spacing.
fn lines(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .collect()
}
