//! HAPI FHIR JPA, the server itself.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_app::domain::ports::{Limits, Transport};
use sokhoe_testing::MemoryKeys;
use sokhoe_tests::foreign::conformance::Server;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::filter::{folder, prepared};

/// What a transaction has started within, and does not end within.
const TRANSACTION_STARTS: Duration = Duration::from_millis(600);

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(120),
    max_body: 64 << 20,
};

/// HAPI FHIR JPA in a process of its own. It ends when its input does.
pub struct HapiServer {
    process: Child,
    input: Option<ChildStdin>,
    base: String,
    transport: Arc<dyn Transport>,
    pub runtime: Runtime,
    _files: TempDir,
}

impl HapiServer {
    pub fn start() -> Self {
        let files = TempDir::new().unwrap();
        let sources = folder().join("hapi_server");
        let jars = format!("{}/*", prepared("SOKHOE_PEERS_HAPI_SERVER").display());
        let compiled = Command::new("javac")
            .args(["-nowarn", "-proc:none", "-cp", &jars, "-d"])
            .arg(files.path())
            .arg(sources.join("HapiServer.java"))
            .status();
        assert!(compiled.unwrap().success(), "HapiServer.java compiles");
        // Its folder has the settings of the log.
        let classes = format!("{}:{}:{jars}", files.path().display(), sources.display());
        let mut process = Command::new("java")
            .args([
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                &classes,
                "HapiServer",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let input = process.stdin.take();
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a line");
        let runtime = Runtime::new().unwrap();
        let transport = {
            let _inside = runtime.enter();
            sokhoe_tests::real_ports(files.path(), Arc::new(MemoryKeys::default())).transport
        };
        let mut server = Self {
            process,
            input,
            base: String::new(),
            transport,
            runtime,
            _files: files,
        };
        let base = line.trim().strip_prefix("ready ");
        server.base = base.expect("the server is ready").to_owned();
        server
    }
}

impl Drop for HapiServer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Server for HapiServer {
    fn base(&self) -> &str {
        &self.base
    }

    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.transport.send(request, LIMITS);
        self.runtime.block_on(answer).expect("an answer")
    }

    fn send_all(&self, requests: Vec<Request<Bytes>>) -> Vec<Response<Bytes>> {
        let running: Vec<_> = requests
            .into_iter()
            .map(|request| {
                let transport = Arc::clone(&self.transport);
                let send = async move { transport.send(request, LIMITS).await };
                self.runtime.spawn(send)
            })
            .collect();
        running
            .into_iter()
            .map(|task| self.runtime.block_on(task).unwrap().expect("an answer"))
            .collect()
    }

    fn commit_late(&self, bundle: String, meanwhile: &mut dyn FnMut()) {
        let request = Request::post(&self.base)
            .header("content-type", "application/fhir+json")
            .body(Bytes::from(bundle))
            .unwrap();
        let transport = Arc::clone(&self.transport);
        let send = async move { transport.send(request, LIMITS).await };
        let task = self.runtime.spawn(send);
        self.wait(TRANSACTION_STARTS);
        meanwhile();
        let answer = self.runtime.block_on(task).unwrap().expect("an answer");
        assert_eq!(answer.status(), 200);
    }

    fn wait(&self, span: Duration) {
        std::thread::sleep(span);
    }
}
