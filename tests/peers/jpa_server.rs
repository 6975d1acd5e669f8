//! HAPI FHIR JPA, the server itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_app::domain::ports::{Limits, Transport};
use sokhoe_testing::MemoryKeys;
use sokhoe_tests::foreign::conformance::Server;
use sokhoe_tests::hapi_process::HapiProcess;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::filter::prepared;

/// What a transaction has started within, and does not end within.
const TRANSACTION_STARTS: Duration = Duration::from_millis(600);

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(120),
    max_body: 64 << 20,
};

/// HAPI FHIR JPA in a process of its own, and a way there.
pub struct HapiServer {
    process: HapiProcess,
    transport: Arc<dyn Transport>,
    pub runtime: Runtime,
    _files: TempDir,
}

impl HapiServer {
    pub fn start() -> Self {
        let options = ["-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
        let process = HapiProcess::start(&prepared("SOKHOE_PEERS_HAPI_SERVER"), &options);
        let files = TempDir::new().unwrap();
        let runtime = Runtime::new().unwrap();
        let transport = {
            let _inside = runtime.enter();
            sokhoe_tests::real_ports(files.path(), Arc::new(MemoryKeys::default())).transport
        };
        Self {
            process,
            transport,
            runtime,
            _files: files,
        }
    }
}

impl Server for HapiServer {
    fn base(&self) -> &str {
        self.process.base()
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
        let request = Request::post(self.base())
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
