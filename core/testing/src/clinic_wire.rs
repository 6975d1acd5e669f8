//! A clinic that answers what no clinic should.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// A captive portal's login page.
    Html,
    /// An internal error.
    ServerError,
    /// Too busy, with a `Retry-After` of 7 seconds.
    Busy,
    /// The connection ends in the middle of the body.
    HalfABody,
    /// A body of 100 MB.
    HundredMegabytes,
    /// JSON nested a hundred thousand deep.
    NestedToDeath,
    /// JSON, but not FHIR.
    NotFhir,
    /// A redirect to somewhere else.
    Redirect,
    /// Nothing at all: the connection is closed.
    Silence,
    /// With this status, an `OperationOutcome` that says this in every place that it has.
    Says(u16, &'static str),
}

impl Misbehaviour {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Html,
        Self::ServerError,
        Self::Busy,
        Self::HalfABody,
        Self::HundredMegabytes,
        Self::NestedToDeath,
        Self::NotFhir,
        Self::Redirect,
        Self::Silence,
    ];

    async fn answer(self, stream: &mut TcpStream) -> io::Result<()> {
        let fhir = |status: &str, body: &str| {
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/fhir+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        };
        let text = match self {
            Self::Html => {
                let page = "<!DOCTYPE html><html><body>Wi-Fi login</body></html>";
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}", page.len())
            }
            Self::ServerError => fhir("500 Internal Server Error", "{}"),
            Self::Busy => "HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            Self::HalfABody => "HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: 4096\r\n\r\n{\"resourceType\":\"Bundle\"".to_owned(),
            Self::HundredMegabytes => {
                // No length is declared, so the limit must be kept while reading.
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\nconnection: close\r\n\r\n").await?;
                let chunk = vec![b' '; 1 << 20];
                for _ in 0..100 {
                    stream.write_all(&chunk).await?;
                }
                return Ok(());
            }
            Self::NestedToDeath => fhir("200 OK", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
            Self::NotFhir => fhir("200 OK", "{\"hello\":[1,2,3]}"),
            Self::Redirect => "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            Self::Silence => return Ok(()),
            Self::Says(status, what) => fhir(
                &format!("{status} {what}"),
                &format!(
                    r#"{{"resourceType":"OperationOutcome","id":"{what}","issue":[{{"severity":"error","code":"{what}",
                    "details":{{"coding":[{{"system":"{what}","code":"{what}","display":"{what}"}}],"text":"{what}"}},
                    "diagnostics":"{what}","expression":["{what}"]}}],"error":"{what}","error_description":"{what}"}}"#
                ),
            ),
        };
        stream.write_all(text.as_bytes()).await
    }
}

/// A server on this machine that misbehaves until it is dropped.
pub struct MisbehavingClinic {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl fmt::Debug for MisbehavingClinic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MisbehavingClinic")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for MisbehavingClinic {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MisbehavingClinic {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(behaviour: Misbehaviour) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 16 << 10];
                    // The beginning of the request is enough to answer it wrongly.
                    if stream.read(&mut request).await.is_ok() {
                        let _gone = behaviour.answer(&mut stream).await;
                        let _gone = stream.shutdown().await;
                    }
                });
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
