//! Swift: Debian 13 in a folder, entered with `unshare` and `chroot`.
//!
//! Debian 12 has no Swift, Debian 13 has version 6. The repository is mounted inside under its own path, so the
//! library and the programs that were built outside run inside. Mounts and stray processes vanish with the command.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    process::{Log, Run},
    tools::{debian, installed::Installed},
    workspace::Workspace,
};

const SUITE: &str = "trixie";
const PACKAGES: &str = "swiftlang,libc6-dev,libstdc++-14-dev";
/// Raised when what is installed or removed below changes.
const KEY: &str = "trixie swiftlang 1";

/// Never used by a build or a test: debuggers, language servers, static libraries, documentation, downloads.
const PRUNED: &[&str] = &[
    "usr/libexec/swift/bin/clangd",
    "usr/libexec/swift/bin/docc",
    "usr/libexec/swift/bin/lldb",
    "usr/libexec/swift/bin/lldb-dap",
    "usr/libexec/swift/bin/lldb-server",
    "usr/libexec/swift/bin/sourcekit-lsp",
    "usr/libexec/swift/lib/liblldb.so.17.0.0",
    "usr/libexec/swift/lib/libsourcekitdInProc.so",
    "usr/libexec/swift/lib/swift/FrameworkABIBaseline",
    "usr/libexec/swift/lib/swift/embedded",
    "usr/libexec/swift/lib/swift_static",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
];

/// Mounts what a program needs, then runs `$@` inside. `$1` is the root, `$2` the folder to work in,
/// `$3` a count of further folders to mount, which follow.
const ENTER: &str = r#"set -eu
root=$1 dir=$2 count=$3
shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$count" -gt 0 ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
    count=$((count - 1))
done
exec chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$dir" "$@"
"#;

/// Makes sure that the root is there, and tells its folder.
pub fn ensure(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    if !debian::is_root() {
        return Err(Error::Missing(
            "Swift needs root to enter its own Debian; run the command as root".to_owned(),
        ));
    }
    debian::program("unshare", &["util-linux"], log)?;
    Installed::new(workspace.tools.join("swift"), KEY).or_install(
        "Swift 6 (Debian 13 in a folder, about two minutes)",
        log,
        |folder, log| {
            debian::program(
                "debootstrap",
                &["debootstrap", "debian-archive-keyring"],
                log,
            )?;
            debian::need("Debian 13's key", &["debian-archive-keyring"], log, || {
                Path::new("/usr/share/keyrings/debian-archive-trixie-stable.gpg").exists()
            })?;
            Run::new("debootstrap")
                .arg("--variant=minbase")
                .arg("--keyring=/usr/share/keyrings/debian-archive-keyring.gpg")
                .arg(format!("--include={PACKAGES}"))
                .arg(SUITE)
                .arg(folder)
                .arg(debian::mirror(log)?)
                .named("debootstrap")
                .quiet()
                .limit(Duration::from_mins(20))
                .check(log)?;
            PRUNED.iter().try_for_each(|path| prune(&folder.join(path)))
        },
    )
}

/// `swift` with some arguments, inside, in the workspace's root, with only these environment variables of ours.
pub fn run<A: Into<OsString>>(
    workspace: &Workspace,
    args: impl IntoIterator<Item = A>,
    variables: &[(&str, OsString)],
    log: &mut Log,
) -> Result<Run> {
    let root = ensure(workspace, log)?;
    let mut folders = vec![workspace.root.clone()];
    if !workspace.target.starts_with(&workspace.root) {
        folders.push(workspace.target.clone());
    }
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let shown: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let name = format!("swift {}", shown.join(" "));
    let assignments = variables.iter().map(|(name, value)| {
        let mut assignment = OsString::from(format!("{name}="));
        assignment.push(value);
        assignment
    });
    Ok(workspace
        .run("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "--"])
        .args(["/bin/sh", "-c", ENTER, "sh"])
        .arg(&root)
        .arg(&workspace.root)
        .arg(folders.len().to_string())
        .args(&folders)
        .args(["/usr/bin/env", "-i"])
        .args([
            "HOME=/root",
            "LANG=C.UTF-8",
            "PATH=/usr/bin:/bin:/usr/sbin:/sbin",
        ])
        .args(assignments)
        .arg("swift")
        .args(&args)
        .named(name))
}

/// `swift format` over all hand-written Swift, with the rules of `.swift-format`.
pub fn format(workspace: &Workspace, arguments: &[&str], log: &mut Log) -> Result<()> {
    let files = workspace.sources(&["bindings/swift", "ios"], &[".swift"], log)?;
    if files.is_empty() {
        return Err(Error::Missing("there is no Swift yet".to_owned()));
    }
    let name = format!(
        "swift format {} ({} files)",
        arguments.join(" "),
        files.len()
    );
    let arguments = ["format"].iter().chain(arguments).map(OsString::from);
    let all = arguments
        .chain(["--configuration", ".swift-format"].map(OsString::from))
        .chain(files.into_iter().map(OsString::from));
    run(workspace, all, &[], log)?.named(name).check(log)?;
    Ok(())
}

fn prune(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path).map_err(Error::file(path))
    } else if path.exists() {
        fs::remove_file(path).map_err(Error::file(path))
    } else {
        Ok(())
    }
}
