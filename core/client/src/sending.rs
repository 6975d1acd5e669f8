//! Requests on their way: with what this phone is known by, asked once more when the clinic wants it otherwise.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode, response};
use sokhoe_domain::ports::{Limits, ResponseBody, StreamLimits};
use url::Url;

use crate::clinic::{ClinicClient, KnownBy};
use crate::error::{ClientError, GarbledAnswer};
use crate::proof::DPOP;
use crate::tokens::{TokenStore, Tokens};

/// How often one request is asked at most: as it is, with a nonce, with new tokens, and with both.
const MOST_TRIES: usize = 3;

/// What a request carries, and what became of that.
struct Tries<'a> {
    known: &'a KnownBy,
    store: Option<&'a dyn TokenStore>,
    tokens: Option<Tokens>,
    was_renewed: bool,
    left: usize,
}

impl ClinicClient {
    /// The whole answer, of whatever status.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, ClientError> {
        let Some(known) = &self.known_by else {
            return Ok(self.transport.send(request, limits).await?);
        };
        let mut tries = self.tries(known).await?;
        loop {
            let (attempt, url) = tries.attempt(&request)?;
            let response = self.transport.send(attempt, limits).await?;
            let (head, body) = response.into_parts();
            if !self.is_asked_again(&mut tries, &url, &head).await? {
                return Ok(Response::from_parts(head, body));
            }
        }
    }

    /// The same, with a body that is given as it arrives.
    pub(crate) async fn open(
        &self,
        request: Request<Bytes>,
        limits: StreamLimits,
    ) -> Result<Response<Box<dyn ResponseBody>>, ClientError> {
        let Some(known) = &self.known_by else {
            return Ok(self.transport.stream(request, limits).await?);
        };
        let mut tries = self.tries(known).await?;
        loop {
            let (attempt, url) = tries.attempt(&request)?;
            let response = self.transport.stream(attempt, limits).await?;
            let (head, body) = response.into_parts();
            if !self.is_asked_again(&mut tries, &url, &head).await? {
                return Ok(Response::from_parts(head, body));
            }
        }
    }

    async fn tries<'a>(&self, known: &'a KnownBy) -> Result<Tries<'a>, ClientError> {
        let store = known.tokens.as_deref();
        let tokens = match store {
            Some(store) => Some(self.good_tokens(&known.prover, store).await?),
            None => None,
        };
        Ok(Tries {
            known,
            store,
            tokens,
            was_renewed: false,
            left: MOST_TRIES,
        })
    }

    /// Whether the clinic did not look at the request because of what it was asked with, and that is better now.
    async fn is_asked_again(
        &self,
        tries: &mut Tries<'_>,
        url: &Url,
        head: &response::Parts,
    ) -> Result<bool, ClientError> {
        tries.left = tries.left.saturating_sub(1);
        tries.known.prover.keep_nonce(url, head);
        if head.status != StatusCode::UNAUTHORIZED {
            return Ok(false);
        }
        let challenge = head.headers.get(WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|value| value.to_str().ok());
        let says = |error: &str| challenge.is_some_and(|it| it.contains(error));
        // A proof of its time, or one more where the network brought the first one twice.
        if says("error=\"use_dpop_nonce\"") || says("error=\"invalid_dpop_proof\"") {
            return match tries.left {
                // It says nothing of whether this phone is known.
                0 => Err(ClientError::Garbled(GarbledAnswer::Status(401))),
                _ => Ok(true),
            };
        }
        let says_invalid = says("error=\"invalid_token\"") && tries.left > 0;
        let (Some(store), Some(worn)) = (tries.store, &tries.tokens) else {
            return Ok(false);
        };
        if !says_invalid || tries.was_renewed {
            return Ok(false);
        }
        let renewed = self.renew(&tries.known.prover, store, &worn.access).await?;
        tries.tokens = Some(renewed);
        tries.was_renewed = true;
        Ok(true)
    }
}

impl Tries<'_> {
    fn attempt(&self, request: &Request<Bytes>) -> Result<(Request<Bytes>, Url), ClientError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| ClientError::Invalid)?;
        let token = self.tokens.as_ref().map(|tokens| tokens.access.as_str());
        let proof = self.known.prover.prove(request.method(), &url, token)?;
        let mut attempt = request.clone();
        attempt.headers_mut().insert(DPOP, proof);
        if let Some(token) = token {
            let mut authorization =
                HeaderValue::try_from(format!("DPoP {token}")).map_err(|_| ClientError::Invalid)?;
            authorization.set_sensitive(true);
            attempt.headers_mut().insert(AUTHORIZATION, authorization);
        }
        Ok((attempt, url))
    }
}
