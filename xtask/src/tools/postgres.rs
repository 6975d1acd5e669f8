//! PostgreSQL: a server of its own for a part's tests, from Debian's packages.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    process::{Log, Run},
    tools::debian,
};

/// Where Debian puts the programs, one folder a version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The user that Debian's package makes: the server refuses to run as root.
const USER: &str = "postgres";

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    bin: PathBuf,
    folder: PathBuf,
    /// Where it is, as the owner of all.
    pub url: String,
}

impl Server {
    /// Makes an empty database cluster and serves it on a free port of this machine.
    pub fn start(log: &mut Log) -> Result<Self> {
        debian::need("PostgreSQL", &["postgresql"], log, || programs().is_some())?;
        let bin = programs()
            .ok_or_else(|| Error::Missing("PostgreSQL has no programs here".to_owned()))?;
        let port = free_port()?;
        // Sockets have short paths, and the server's user must reach it.
        let folder = PathBuf::from(format!("/tmp/sokhoe-postgres-{port}"));
        fs::create_dir(&folder).map_err(Error::file(&folder))?;
        if debian::is_root() {
            Run::new("chown").arg(USER).arg(&folder).check(log)?;
        }
        let server = Self {
            url: format!("postgres://{USER}@127.0.0.1:{port}/postgres?sslmode=disable"),
            bin,
            folder,
        };
        server
            .run("initdb")
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "-U",
                USER,
            ])
            .arg("-D")
            .arg(server.data())
            .check(log)?;
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c max_connections=300 -k {}",
            server.folder.display()
        );
        server
            .run("pg_ctl")
            .args(["start", "-w", "-o", &options, "-D"])
            .arg(server.data())
            .arg("-l")
            .arg(server.folder.join("log"))
            .check(log)?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(&self, program: &str) -> Run {
        let path = self.bin.join(program);
        let run = if debian::is_root() {
            Run::new("runuser").args(["-u", USER, "--"]).arg(path)
        } else {
            Run::new(path)
        };
        run.dir(&self.folder).quiet()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut log) = Log::create(Path::new("/dev/null")) {
            let stop = self.run("pg_ctl").args(["stop", "-m", "immediate", "-D"]);
            let _it_may_be_gone = stop.arg(self.data()).output(&mut log);
        }
        let _left_behind = fs::remove_dir_all(&self.folder);
    }
}

/// The programs of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?;
    versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let bin = path.join("bin");
            bin.join("initdb").is_file().then_some((version, bin))
        })
        .max()
        .map(|(_, bin)| bin)
}

fn free_port() -> Result<u16> {
    let place = Path::new("127.0.0.1");
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::file(place))
}
