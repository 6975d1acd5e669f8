//! Signing in at the desk, and out.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use maud::html;

use super::form::Fields;
use super::guard::AtDesk;
use super::layout::{Page, answer, next, notice, open_page, see};
use super::words::{self, Language, Words};
use super::{Desk, Failed};
use crate::cookies;
use crate::staff::password::Password;
use crate::staff::session;
use crate::staff::sign_in::{Credentials, NotSignedIn, sign_in as enter};
use crate::store::Isolation;

/// By what a browser is known next time.
const BROWSER: &str = "sokhoe-browser";
/// How long it is: half a year.
const BROWSER_SECONDS: u32 = 180 * 86_400;
const LANGUAGE_SECONDS: u32 = 365 * 86_400;

/// The page at its own address.
pub(super) async fn page(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let words = Words::new(Language::of(&headers));
    show(&desk, words, Asking::at("/desk"), StatusCode::OK).await
}

/// The page in the place of one that needs somebody.
pub(super) async fn ask(desk: &Desk, words: Words, path: &str) -> Response {
    show(
        desk,
        words,
        Asking::at(next(path)),
        StatusCode::UNAUTHORIZED,
    )
    .await
}

/// What the page shows.
struct Asking<'a> {
    next: &'a str,
    login: &'a str,
    /// What went wrong.
    wrong: Option<String>,
}

impl<'a> Asking<'a> {
    fn at(next: &'a str) -> Self {
        Self {
            next,
            login: "",
            wrong: None,
        }
    }
}

async fn show(desk: &Desk, words: Words, asking: Asking<'_>, status: StatusCode) -> Response {
    let opens_by_key = match desk.opens_by_key().await {
        Ok(opens_by_key) => opens_by_key,
        Err(error) => return Failed::from(error).into_response(),
    };
    let body = html! {
        main.narrow {
            h2 { (words.say(if opens_by_key { "locked-title" } else { "sign-in-title" })) }
            @if opens_by_key {
                p { (words.say("locked")) " " code { "/desk?key=…" } }
            } @else {
                (notice(asking.wrong.as_deref(), false))
                form method="post" action="/desk/sign-in" {
                    input type="hidden" name="next" value=(asking.next);
                    label for="login" { (words.say("login")) }
                    input id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required value=(asking.login);
                    label for="password" { (words.say("password")) }
                    input id="password" name="password" type="password" autocomplete="current-password" required;
                    p { button { (words.say("sign-in")) } }
                }
                p.hint { (words.say("sign-in-hint")) }
            }
        }
    };
    let page = Page {
        path: asking.next,
        title: words.say("sign-in-title"),
        scripts: &[],
        body,
    };
    answer(status, open_page(desk, words, page))
}

/// Lets somebody in: a new session and a new cookie each time, whatever the browser brought.
pub(super) async fn sign_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    typed: Fields,
) -> Response {
    let words = Words::new(Language::of(&headers));
    if !desk.is_ours(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let credentials = Credentials {
        login: typed.one("login").to_owned(),
        password: Password::from(typed.one("password").to_owned()),
        browser: cookies::read(&headers, BROWSER).map(str::to_owned),
    };
    let (status, wrong) = match enter(&desk.inner, credentials).await {
        Ok(signed_in) => {
            let cookies = [
                desk.set_session_cookie(&signed_in.token, None),
                desk.cookie(BROWSER, &signed_in.browser, "/desk", Some(BROWSER_SECONDS)),
            ];
            return see(next(typed.one("next")), &cookies);
        }
        Err(NotSignedIn::Wrong) => (StatusCode::UNAUTHORIZED, words.say("sign-in-wrong")),
        Err(NotSignedIn::TooMany(wait)) => {
            let minutes = wait.as_secs().div_ceil(60).max(1).to_string();
            let text = words.say_with("sign-in-too-many", &[("minutes", minutes)]);
            (StatusCode::TOO_MANY_REQUESTS, text)
        }
        Err(NotSignedIn::Busy) => (StatusCode::SERVICE_UNAVAILABLE, words.say("sign-in-busy")),
        Err(NotSignedIn::Store(error)) => return Failed::from(error).into_response(),
    };
    let asking = Asking {
        next: next(typed.one("next")),
        login: typed.one("login"),
        wrong: Some(wrong),
    };
    show(&desk, words, asking, status).await
}

/// Ends the session.
pub(super) async fn sign_out(State(desk): State<Desk>, here: AtDesk) -> Result<Response, Failed> {
    let pk = here.session();
    desk.inner
        .store
        .write_async(Isolation::LocksRows, move |tx| session::end(tx.sql(), pk))
        .await?;
    Ok(see(
        "/desk/sign-in",
        &[desk.set_session_cookie("", Some(0))],
    ))
}

/// Shows the pages in another language.
pub(super) async fn language(State(desk): State<Desk>, wanted: Fields) -> Response {
    let language = Language::of_code(wanted.one("to")).unwrap_or_default();
    let cookie = desk.cookie(
        words::COOKIE,
        language.code(),
        "/desk",
        Some(LANGUAGE_SECONDS),
    );
    see(next(wanted.one("next")), &[cookie])
}
