//! Makes a browser a screen that stands alone: a kiosk, or the board. Whoever sets it up is signed out there.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;

use super::form::Fields;
use super::guard::AtDesk;
use super::layout::{Page, answer, page, see};
use super::{Desk, Failed};
use crate::staff::sign_in::random;
use crate::staff::{Screen, session};
use crate::store::Isolation;

/// Seconds that a screen's cookie lasts: a screen that is switched on within a month stays one.
const SCREEN_SECONDS: u32 = 400 * 86_400;

/// Which one it is to be.
pub(super) async fn choose(State(desk): State<Desk>, here: AtDesk) -> Response {
    let words = here.words;
    let body = html! {
        main.narrow {
            h2 { (words.say("screens")) }
            p { (words.say("screens-why")) }
            form method="post" action="/desk/screens" {
                p { button name="kind" value="kiosk" { (words.say("screens-kiosk")) } }
                p { button name="kind" value="board" { (words.say("screens-board")) } }
            }
            @if here.is_by_key() { p.notice { (words.say("screens-accounts")) } }
        }
    };
    let page_of = Page {
        path: "/desk/screens",
        title: words.say("screens"),
        scripts: &[],
        body,
    };
    answer(StatusCode::OK, page(&desk, &here, page_of))
}

/// Makes it one.
pub(super) async fn set_up(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let kind = Screen::of_code(fields.one("kind"));
    let (Some(kind), Some(staff)) = (kind, here.staff()) else {
        return Err(Failed(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let (token, own) = (random(&desk.inner), here.session());
    let kept = token.clone();
    desk.inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            session::end(tx.sql(), own)?;
            session::begin(tx, staff, &kept, Some(kind))
        })
        .await?;
    let path = match kind {
        Screen::Kiosk => "/desk/kiosk",
        Screen::Board => "/desk/board",
    };
    let cookie = desk.set_session_cookie(&token, Some(SCREEN_SECONDS));
    Ok(see(path, &[cookie]))
}
