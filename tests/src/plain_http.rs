//! HTTP/1.1 over a plain connection, so cheap that thousands of clients fit beside the clinic that they ask.
//!
//! Only what our clinic answers: a status, a `Content-Length`, a body.

use std::io;
use std::io::Write as _;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// A request as it goes over the wire.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + body.len());
    let mut write = |text: std::fmt::Arguments<'_>| {
        let _infallible = out.write_fmt(text);
    };
    write(format_args!("{method} {path} HTTP/1.1\r\nHost: clinic\r\n"));
    for (name, value) in headers {
        write(format_args!("{name}: {value}\r\n"));
    }
    write(format_args!("Content-Length: {}\r\n\r\n{body}", body.len()));
    out
}

/// A connection that is asked again and again.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// What the system says.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            line: String::new(),
        })
    }

    /// Sends and does not wait for the answer.
    ///
    /// # Errors
    /// What the system says.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(request).await
    }

    /// Sends and reads the answer.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::UnexpectedEof`] when the answer did not come whole.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request).await?;
        self.answer().await
    }

    /// Reads the next answer.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub async fn answer(&mut self) -> io::Result<Answer> {
        let status = self
            .read_line()
            .await?
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or(io::ErrorKind::InvalidData)?;
        let (mut length, mut retry_after) = (0, None);
        loop {
            let line = self.read_line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value
                    .trim()
                    .parse()
                    .map_err(|_| io::ErrorKind::InvalidData)?;
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after = value.trim().parse().ok();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }

    async fn read_line(&mut self) -> io::Result<&str> {
        self.line.clear();
        if self.stream.read_line(&mut self.line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.line.trim_end())
    }
}
