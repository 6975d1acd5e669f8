//! Live changes: which persons' records changed at a clinic of ours, as it happens (server-sent events, WHATWG
//! HTML, section 9.2).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use sokhoe_domain::ports::{ResponseBody, StreamLimits};

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::read;

/// A clinic that has nothing to say says so every 25 s.
const SILENCE: Duration = Duration::from_secs(70);
/// After this long the connection is made anew.
const LONGEST: Duration = Duration::from_secs(4 * 3_600);
/// What comes in that time at most: some 60 bytes an event.
const MOST: usize = 8 << 20;
/// The longest line that means something.
const LONGEST_LINE: usize = 4_096;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// What a clinic tells.
#[derive(Clone, PartialEq, Eq)]
pub enum LiveChange {
    /// From now on nothing is missed.
    Ready,
    /// The record of this Patient id changed: ask the feed what.
    Changed(String),
}

impl fmt::Debug for LiveChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "Ready",
            Self::Changed(_) => "Changed(…)",
        })
    }
}

/// What a clinic tells, as it comes. Dropping it ends the connection.
pub struct LiveChanges {
    body: Box<dyn ResponseBody>,
    lines: Lines,
    came: VecDeque<LiveChange>,
}

impl fmt::Debug for LiveChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveChanges").finish_non_exhaustive()
    }
}

impl LiveChanges {
    /// The next; nothing once the clinic ended the connection.
    ///
    /// # Errors
    /// [`ClientError`] when the connection breaks or was silent for too long: connect again.
    pub async fn next(&mut self) -> Result<Option<LiveChange>, ClientError> {
        loop {
            if let Some(change) = self.came.pop_front() {
                return Ok(Some(change));
            }
            match self.body.next_chunk().await? {
                Some(chunk) => self.lines.take(&chunk, &mut self.came),
                None => return Ok(None),
            }
        }
    }
}

impl ClinicClient {
    /// Follows the records of these patients.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when one of them is not there for this phone, or the clinic does not
    /// tell live changes.
    pub async fn live(&self, patient_ids: &[&str]) -> Result<LiveChanges, ClientError> {
        let mut url = self.url("live")?;
        for id in patient_ids {
            url.query_pairs_mut().append_pair("patient", id);
        }
        let mut request = self
            .request(Method::GET, &url)?
            .body(Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        request.headers_mut().insert(ACCEPT, EVENT_STREAM);
        let limits = StreamLimits {
            silence: SILENCE,
            timeout: LONGEST,
            max_body: MOST,
        };
        let answer = self.open(request, limits).await?;
        let is_stream = answer
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(EVENT_STREAM.as_bytes()));
        if answer.status() == StatusCode::OK && is_stream {
            return Ok(LiveChanges {
                body: answer.into_body(),
                lines: Lines::default(),
                came: VecDeque::new(),
            });
        }
        let (head, mut body) = answer.into_parts();
        let mut text = Vec::new();
        while text.len() < LONGEST_LINE
            && let Some(chunk) = body.next_chunk().await?
        {
            text.extend_from_slice(&chunk);
        }
        match read(http::Response::from_parts(head, text.into())) {
            Err(error) => Err(error),
            Ok(_) => Err(ClientError::Garbled(GarbledAnswer::NotFhir)),
        }
    }
}

/// Lines of an event stream, whatever pieces they come in.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    is_too_long: bool,
    after_return: bool,
    event: String,
    data: String,
}

impl Lines {
    fn take(&mut self, chunk: &[u8], came: &mut VecDeque<LiveChange>) {
        for byte in chunk {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    self.end_line(came);
                }
                _ => {
                    self.after_return = false;
                    if self.line.len() < LONGEST_LINE {
                        self.line.push(*byte);
                    } else {
                        self.is_too_long = true;
                    }
                }
            }
        }
    }

    fn end_line(&mut self, came: &mut VecDeque<LiveChange>) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_too_long) {
            return;
        }
        if line.is_empty() {
            let (event, data) = (
                std::mem::take(&mut self.event),
                std::mem::take(&mut self.data),
            );
            match event.as_str() {
                "ready" => came.push_back(LiveChange::Ready),
                "changed" if !data.is_empty() => came.push_back(LiveChange::Changed(data)),
                // A newer clinic may tell more.
                _ => {}
            }
            return;
        }
        let Ok(line) = std::str::from_utf8(&line) else {
            return;
        };
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" if self.data.is_empty() => value.clone_into(&mut self.data),
            // A comment, or a field that nothing here needs.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> Vec<LiveChange> {
        let (mut lines, mut came) = (Lines::default(), VecDeque::new());
        for piece in pieces {
            lines.take(piece, &mut came);
        }
        came.into()
    }

    #[test]
    fn events_are_read_in_whatever_pieces_they_come() {
        let text: &[u8] = b"event: ready\ndata:\n\n:\n\nevent:changed\r\ndata: bn-1\r\n\r\n\
            event: other\ndata: x\n\nevent: changed\ndata: bn-2\n\nevent: changed\ndata: cut";
        let expected = [
            LiveChange::Ready,
            LiveChange::Changed("bn-1".to_owned()),
            LiveChange::Changed("bn-2".to_owned()),
        ];
        assert_eq!(told(&[text]), expected);
        for at in 0..text.len() {
            let (a, b) = text.split_at(at);
            assert_eq!(told(&[a, b]), expected, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(told(&bytes), expected);
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let (mut lines, mut came) = (Lines::default(), VecDeque::new());
        for _ in 0..100 {
            lines.take(&[b'x'; 10_000], &mut came);
        }
        assert!(lines.line.len() <= LONGEST_LINE);
        lines.take(b"\n\nevent: ready\n\n", &mut came);
        assert_eq!(came, [LiveChange::Ready]);
    }
}
