//! Who is at the desk, and whether they may: asked before every handler, so that none can forget to. A request without a
//! session, or whose session's roles are not the route's, reaches nothing.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, header};
use sokhoe_domain::{AccessReason, StaffRole};
use url::Url;

use super::words::{Language, Words};
use super::{Desk, layout, sign_in};
use crate::access_log::{ActingStaff, Who};
use crate::clinic::Inner;
use crate::cookies;
use crate::keys::same;
use crate::staff::{self, Screen, Session};
use crate::store::{Isolation, StoreError, read_async};

/// Of whoever opened the address with the key of this run.
const KEY_COOKIE: &str = "sokhoe-desk";
/// A page of another site cannot set it without asking first, and is never allowed to.
const CSRF_HEADER: &str = "sokhoe-desk";

/// Who may what.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub method: Method,
    pub path: &'static str,
    /// Whoever has one of these. The first that somebody has is what they do it as.
    pub roles: &'static [StaffRole],
    /// Screens that stand alone and may it, too.
    pub screens: &'static [Screen],
    /// Whether it is a page, which says what is missing in words; else it is what a page asks for.
    pub is_page: bool,
    /// Whether it is somebody's doing: what a page asks for by itself keeps no session alive.
    pub is_doing: bool,
}

/// Who is there.
#[derive(Debug, Clone)]
enum Present {
    /// Whoever has the key of this run, while nobody has an account.
    Key,
    Session(Session),
}

/// Somebody who may what the request is about.
#[derive(Debug, Clone)]
pub(super) struct AtDesk {
    present: Present,
    role: Option<StaffRole>,
    pub words: Words,
}

impl AtDesk {
    /// As whom the access log knows them.
    pub fn who(&self) -> Who {
        self.who_because(None)
    }

    /// The same, with why they open somebody's record.
    pub fn who_because(&self, reason: Option<AccessReason>) -> Who {
        match (&self.present, self.role) {
            (Present::Session(session), Some(role)) => Who::Staff(ActingStaff {
                staff: session.staff,
                role,
                reason,
            }),
            (Present::Session(_), None) => Who::Kiosk,
            (Present::Key, _) => Who::Desk,
        }
    }

    /// Whether they have this role, too. Whoever has the key has all.
    pub fn has(&self, role: StaffRole) -> bool {
        match &self.present {
            Present::Key => true,
            Present::Session(session) => session.roles.contains(&role),
        }
    }

    /// Whether nobody has an account yet.
    pub fn is_by_key(&self) -> bool {
        matches!(self.present, Present::Key)
    }

    /// The session's row; that of no session for whoever has the key.
    pub fn session(&self) -> i64 {
        match &self.present {
            Present::Key => 0,
            Present::Session(session) => session.pk,
        }
    }

    /// The row of the account.
    pub fn staff(&self) -> Option<i64> {
        match &self.present {
            Present::Key => None,
            Present::Session(session) => Some(session.staff),
        }
    }

    /// What they are called; nothing of a screen that stands alone, and of the key.
    pub fn name(&self) -> Option<&str> {
        match &self.present {
            Present::Session(session) if session.screen.is_none() => Some(&session.name),
            _ => None,
        }
    }
}

impl FromRequestParts<Desk> for AtDesk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Desk) -> Result<Self, Response> {
        // Only the guard puts it there: a route without one reaches nothing.
        let here = parts.extensions.get::<Self>().cloned();
        here.ok_or_else(|| StatusCode::UNAUTHORIZED.into_response())
    }
}

pub(super) fn new_key(inner: &Inner) -> String {
    let mut key = [0; 18];
    inner.rng.fill(&mut key);
    URL_SAFE_NO_PAD.encode(key)
}

impl Desk {
    /// Whether a key given in an address is the desk's.
    pub(super) fn is_key(&self, key: &str) -> bool {
        same(key.as_bytes(), self.key.as_bytes())
    }

    /// The cookie's value: made from the key, so that the key itself is not kept in a browser.
    fn key_cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.inner.keys.mac("desk", &[self.key.as_bytes()]))
    }

    fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    /// The header that sets a cookie which scripts cannot read and other sites cannot send.
    pub(super) fn cookie(
        &self,
        name: &str,
        value: &str,
        path: &str,
        seconds: Option<u32>,
    ) -> String {
        // Over plain http a browser would not send a secure cookie back.
        let secure = match self.is_https() {
            true => "; Secure",
            false => "",
        };
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}"));
        let age = age.unwrap_or_default();
        format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict{secure}{age}")
    }

    pub(super) fn set_key_cookie(&self) -> String {
        self.cookie(KEY_COOKIE, &self.key_cookie(), "/desk", None)
    }

    /// The cookie of a session. Over https no other host, and nothing on the way, can have put it there (`__Host-`, RFC 6265bis,
    /// 4.1.3.2).
    fn session_cookie(&self) -> (&'static str, &'static str) {
        match self.is_https() {
            true => ("__Host-sokhoe-staff", "/"),
            false => ("sokhoe-staff", "/desk"),
        }
    }

    pub(super) fn set_session_cookie(&self, token: &str, seconds: Option<u32>) -> String {
        let (name, path) = self.session_cookie();
        self.cookie(name, token, path, seconds)
    }

    /// Whether a request that changes something comes from a page of ours: it says so in a header that no other site's page can
    /// set, or the browser says where it comes from.
    pub(super) fn is_ours(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(CSRF_HEADER) {
            return true;
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(origin) = text(header::ORIGIN) else {
            return false;
        };
        let is_base = || {
            Url::parse(&self.base_url)
                .is_ok_and(|base| base.origin().ascii_serialization() == origin)
        };
        let is_host = || {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST)
        };
        is_base() || is_host()
    }

    /// Who sends a request.
    async fn present(&self, headers: &HeaderMap) -> Result<Option<Present>, StoreError> {
        let now = self.inner.clock.now();
        let token = cookies::read(headers, self.session_cookie().0).map(str::to_owned);
        let has_key = cookies::carries(headers, &[KEY_COOKIE], &self.key_cookie());
        if token.is_none() && !has_key {
            return Ok(None);
        }
        read_async(&self.inner.store, move |sql| {
            if let Some(token) = token
                && let Some(session) = staff::session::of_token(sql, &token, now)?
            {
                return Ok(Some(Present::Session(session)));
            }
            let opens = has_key && !staff::are_there_any(sql)?;
            Ok(opens.then_some(Present::Key))
        })
        .await
    }

    /// Whether the desk can be opened by the key of this run.
    pub(super) async fn opens_by_key(&self) -> Result<bool, StoreError> {
        let are_there_any = read_async(&self.inner.store, staff::are_there_any);
        are_there_any.await.map(|are_there_any| !are_there_any)
    }
}

/// What somebody may not, and why.
enum Denied {
    /// Nobody is signed in.
    Nobody,
    /// It is another role's.
    Role,
    /// It comes from somebody else's page.
    Forged,
}

fn may(rule: &Rule, present: Option<Present>, words: Words) -> Result<AtDesk, Denied> {
    let present = present.ok_or(Denied::Nobody)?;
    let role = match &present {
        Present::Key => rule.roles.first().copied(),
        Present::Session(session) => match session.screen {
            Some(screen) if rule.screens.contains(&screen) => None,
            Some(_) => return Err(Denied::Role),
            None => {
                let has = |role: &&StaffRole| session.roles.contains(role);
                Some(*rule.roles.iter().find(has).ok_or(Denied::Role)?)
            }
        },
    };
    Ok(AtDesk {
        present,
        role,
        words,
    })
}

/// Around every handler but those that are for everybody.
pub(super) async fn guard(
    State((desk, rule)): State<(Desk, Arc<Rule>)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let words = Words::new(Language::of(request.headers()));
    let is_safe = rule.method == Method::GET;
    let present = match desk.present(request.headers()).await {
        Ok(present) => present,
        Err(error) => {
            tracing::error!(%error, "who is at the desk could not be read");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let here = may(&rule, present, words).and_then(|here| {
        match is_safe || desk.is_ours(request.headers()) {
            true => Ok(here),
            false => Err(Denied::Forged),
        }
    });
    let here = match here {
        Ok(here) => here,
        Err(denied) => return refuse(&desk, &rule, denied, words, request.uri().path()).await,
    };
    if rule.is_doing
        && let Present::Session(session) = &here.present
        && session.is_to_be_noted(desk.inner.clock.now())
    {
        let pk = session.pk;
        let noted = desk
            .inner
            .store
            .write_async(Isolation::LocksRows, move |tx| {
                staff::session::note_use(tx, pk)
            });
        if noted.await.is_err() {
            tracing::warn!("that somebody is at the desk could not be noted");
        }
    }
    request.extensions_mut().insert(here);
    next.run(request).await
}

async fn refuse(desk: &Desk, rule: &Rule, denied: Denied, words: Words, path: &str) -> Response {
    match denied {
        Denied::Nobody if rule.is_page => sign_in::ask(desk, words, path).await,
        Denied::Nobody => StatusCode::UNAUTHORIZED.into_response(),
        Denied::Role if rule.is_page => layout::not_yours(desk, words),
        Denied::Role | Denied::Forged => StatusCode::FORBIDDEN.into_response(),
    }
}
