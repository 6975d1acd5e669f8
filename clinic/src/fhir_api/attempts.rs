//! How often an address may try to come in and fail, and how many may be signing in there: codes and tokens cannot be guessed, but who
//! tries costs the clinic work and room, and is to be slowed without slowing others.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, StatusCode};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock;

use super::ApiError;
use super::window::Window;
use crate::oauth::DPOP_NONCE;

/// Failures in a quarter of an hour. Many phones share an address (CGNAT, a hospital's Wi-Fi), and some fail for good reasons.
const FAILURES: u32 = 60;
/// Sign-ins that an address may begin in a quarter of an hour, without those that came back: who signs in does, and whoever would
/// fill the room for all of them does not. A hospital's Wi-Fi, and a provider's CGNAT, are one address for many.
const SIGNING_IN: u32 = 100;
const QUARTER_MILLIS: i64 = 900_000;
/// Addresses that are remembered: of more, nobody is slowed.
const ADDRESSES: usize = 100_000;

/// An answer that let nobody in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed;

/// Where somebody is: an IPv4 address, or the network of 64 bits that a household has of IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin([u8; 16]);

impl Origin {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(v4.to_ipv6_mapped().octets()),
            IpAddr::V6(v6) => Self((u128::from(v6) >> 64 << 64).to_be_bytes()),
        }
    }
}

/// Who failed, and who went away to sign in, in the quarter of an hour that runs. Forgotten with it.
pub(crate) struct Attempts {
    clock: Arc<dyn Clock>,
    proxies: Vec<IpAddr>,
    failed: Window<Origin, QUARTER_MILLIS>,
    signing_in: Window<Origin, QUARTER_MILLIS>,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

impl Attempts {
    /// Of those who come themselves, or through these proxies.
    pub fn new(clock: Arc<dyn Clock>, proxies: Vec<IpAddr>) -> Self {
        Self {
            clock,
            proxies,
            failed: Window::default(),
            signing_in: Window::default(),
        }
    }

    /// Where a request comes from. Nothing where everybody would seem to be at one place: behind a proxy on this machine that was
    /// not named.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Origin> {
        let peer = peer.to_canonical();
        if !self.proxies.contains(&peer) {
            return Some(peer)
                .filter(|peer| !peer.is_loopback())
                .map(Origin::of);
        }
        // Each proxy puts whom it saw behind what it was told: the last who is none of ours is believed.
        let told = headers.get_all("x-forwarded-for").iter().rev();
        let told = told.filter_map(|value| value.to_str().ok());
        let mut told = told.flat_map(|value| value.rsplit(',')).map(str::trim);
        let address = told.find_map(|text| match address(text) {
            Some(address) if self.proxies.contains(&address) => None,
            other => Some(other),
        });
        address.flatten().map(Origin::of)
    }

    /// Whether somebody may try again; seconds to wait otherwise.
    fn may(&self, origin: Origin) -> Result<(), i64> {
        let now = self.clock.now();
        match self.failed.count(&origin, now) < FAILURES {
            true => Ok(()),
            false => Err(wait(now)),
        }
    }

    /// Counts somebody who goes away to sign in. Whether they may; seconds to wait otherwise.
    pub(super) fn leaves(&self, origin: Origin) -> Result<(), i64> {
        let now = self.clock.now();
        if self.signing_in.count(&origin, now) >= SIGNING_IN {
            return Err(wait(now));
        }
        self.signing_in.add(origin, 1, ADDRESSES, now);
        Ok(())
    }

    /// Somebody came back from a sign-in: there is room for another.
    pub(super) fn comes_back(&self, origin: Origin) {
        self.signing_in.take(&origin, 1, self.clock.now());
    }

    fn note(&self, origin: Origin) {
        self.failed.add(origin, 1, ADDRESSES, self.clock.now());
    }
}

/// Seconds until the quarter of an hour is over.
fn wait(now: Timestamp) -> i64 {
    let left = Window::<Origin, QUARTER_MILLIS>::left(now);
    (left + 999).div_euclid(1_000)
}

fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|at| at.ip());
    let address = text.parse().ok().or_else(with_port)?;
    Some(IpAddr::to_canonical(&address))
}

/// Around the ways in. Handlers find the [`Origin`] in the request, where there is one.
pub(crate) async fn slow_down(
    State(attempts): State<Arc<Attempts>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| peer.ip());
    let origin = peer.and_then(|peer| attempts.origin(peer, request.headers()));
    let Some(origin) = origin else {
        return next.run(request).await;
    };
    if let Err(seconds) = attempts.may(origin) {
        return ApiError::TooManyFailures(seconds).into_response();
    }
    request.extensions_mut().insert(origin);
    let response = next.run(request).await;
    if is_failure(&response) {
        attempts.note(origin);
    }
    response
}

/// Being asked for a nonce is none: whose clock is wrong is asked every time.
fn is_failure(response: &Response) -> bool {
    let is_refused = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    let is_asked = response.headers().contains_key(DPOP_NONCE);
    response.extensions().get::<Failed>().is_some() || (is_refused && !is_asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> Attempts {
        let proxies = ["127.0.0.1", "10.0.0.9"].map(|text| text.parse().unwrap());
        Attempts::new(Arc::new(crate::system::SystemClock), proxies.to_vec())
    }

    fn seen(peer: &str, told: &[&str]) -> Option<IpAddr> {
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let origin = attempts().origin(peer.parse().unwrap(), &headers)?;
        Some(IpAddr::from(origin.0).to_canonical())
    }

    #[test]
    fn whoever_comes_through_our_proxies_is_who_they_say() {
        let is = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(seen("203.0.113.7", &[]), is("203.0.113.7"));
        // Nobody makes themselves another.
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"]), is("203.0.113.7"));
        let told = ["198.51.100.1, 203.0.113.7"];
        assert_eq!(seen("127.0.0.1", &told), is("203.0.113.7"));
        assert_eq!(seen("::ffff:127.0.0.1", &told), is("203.0.113.7"));
        let two = ["1.1.1.1", "203.0.113.7:4000, 10.0.0.9"];
        assert_eq!(seen("127.0.0.1", &two), is("203.0.113.7"));
        assert_eq!(seen("127.0.0.1", &[]), None);
        assert_eq!(seen("127.0.0.1", &["203.0.113.7, unknown"]), None);
        assert_eq!(seen("::1", &["203.0.113.7"]), None);
        // A household has many addresses of IPv6.
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[]), is("2001:db8:1:2::"));
    }

    #[test]
    fn who_fails_too_often_waits_and_nobody_else() {
        let attempts = attempts();
        let [one, other] = ["203.0.113.7", "203.0.113.8"].map(|it| Origin::of(it.parse().unwrap()));
        for _ in 0..FAILURES {
            assert_eq!(attempts.may(one), Ok(()));
            attempts.note(one);
        }
        assert!(
            attempts
                .may(one)
                .is_err_and(|wait| (1..=900).contains(&wait))
        );
        assert_eq!(attempts.may(other), Ok(()));
    }

    #[test]
    fn who_lets_too_many_sign_ins_wait_waits_and_nobody_else() {
        let attempts = attempts();
        let [one, same, other] = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"]
            .map(|it| Origin::of(it.parse().unwrap()));
        for _ in 0..SIGNING_IN {
            assert_eq!(attempts.leaves(one), Ok(()));
        }
        let waits = |origin| {
            attempts
                .leaves(origin)
                .is_err_and(|wait| (1..=900).contains(&wait))
        };
        assert!(waits(one) && waits(same), "one household");
        assert_eq!(attempts.leaves(other), Ok(()));
        // Whoever comes back makes room for one, however many were refused meanwhile.
        attempts.comes_back(same);
        assert_eq!(attempts.leaves(one), Ok(()));
        assert!(waits(one));
        // Who came back from before the quarter of an hour is no debt.
        attempts.comes_back(Origin::of("203.0.113.7".parse().unwrap()));
        // A failure is something else.
        assert_eq!(attempts.may(one), Ok(()));
    }
}
