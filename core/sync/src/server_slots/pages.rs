//! The pages of a search, whatever the server makes of its links.

use std::collections::HashSet;

use sokhoe_client::{ClientError, ClinicClient, GarbledAnswer, PageBody, ServerQuery};

/// A `next` that the server forgot is begun anew so often.
const RESTARTS: u32 = 3;
/// A server that goes on for ever is left.
const PAGES: usize = 200;

/// One search, page by page. A server that goes in circles has no more pages; one that forgot its link
/// is asked from the beginning, so that a resource may come twice.
pub(super) struct Pages<'a> {
    client: &'a ClinicClient,
    query: ServerQuery,
    count: u32,
    next: Option<String>,
    followed: HashSet<String>,
    pages: usize,
    restarts: u32,
}

impl<'a> Pages<'a> {
    pub(super) fn of(client: &'a ClinicClient, query: ServerQuery, count: u32) -> Self {
        Self {
            client,
            query,
            count,
            next: None,
            followed: HashSet::new(),
            pages: 0,
            restarts: 0,
        }
    }

    /// The next page; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<PageBody>, ClientError> {
        loop {
            let answer = match &self.next {
                Some(next) => self.client.next_page(next).await,
                None if self.pages == 0 => self.client.query(&self.query, self.count).await,
                None => return Ok(None),
            };
            let body = match answer {
                Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. })
                    if self.next.take().is_some() && self.restarts < RESTARTS =>
                {
                    self.restarts += 1;
                    self.pages = 0;
                    self.followed.clear();
                    continue;
                }
                answer => answer?,
            };
            self.pages += 1;
            let page = body
                .read()
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
            let next = page.next.as_deref().and_then(|next| body.absolute(next));
            self.next = next
                .filter(|next| self.followed.insert(next.clone()))
                .filter(|_| self.pages < PAGES);
            return Ok(Some(body));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use bytes::Bytes;
    use http::{Request, Response};
    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};

    use super::*;

    const GONE: &str =
        r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;

    /// Every page has the next link that it is told; a page behind a link is gone when `forgets`.
    struct Strange {
        next: fn(u32) -> String,
        forgets: bool,
        asked: AtomicU32,
    }

    impl Transport for Strange {
        fn send(
            &self,
            request: Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
            let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let is_link = request.uri().query().is_some_and(|it| it.contains("page"));
            let (status, body) = if is_link && self.forgets {
                (410, GONE.to_owned())
            } else {
                let link = (self.next)(number);
                let bundle = format!(
                    r#"{{"resourceType":"Bundle","type":"searchset","link":[{{"relation":"next","url":"{link}"}}]}}"#
                );
                (200, bundle)
            };
            let answer = Response::builder().status(status).body(body.into());
            Box::pin(async move { Ok(answer.unwrap()) })
        }
    }

    async fn read(next: fn(u32) -> String, forgets: bool) -> (usize, Option<ClientError>, u32) {
        let server = Arc::new(Strange {
            next,
            forgets,
            asked: AtomicU32::new(0),
        });
        let client =
            ClinicClient::of_server("https://fhir.example/r4", None, server.clone()).unwrap();
        let query = ServerQuery::Kind {
            kind: "Slot".to_owned(),
            params: Vec::new(),
        };
        let mut pages = Pages::of(&client, query, 10);
        let mut read = 0;
        let error = loop {
            match pages.next().await {
                Ok(Some(_)) => read += 1,
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        (read, error, server.asked.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_server_that_goes_in_circles_or_on_for_ever_is_left() {
        assert_eq!(read(|_| "?page=1".to_owned(), false).await, (2, None, 2));
        let turns = |number| format!("?page={}", number % 3);
        assert_eq!(read(turns, false).await, (4, None, 4));
        let (pages, error, _) = read(|number| format!("?page={number}"), false).await;
        assert_eq!((pages, error), (PAGES, None));
    }

    #[tokio::test]
    async fn a_link_that_was_forgotten_is_begun_anew_a_few_times() {
        let (pages, error, asked) = read(|number| format!("?page={number}"), true).await;
        assert_eq!((pages, error), (4, Some(ClientError::Gone)));
        assert_eq!(asked, 2 * (1 + RESTARTS));
    }
}
