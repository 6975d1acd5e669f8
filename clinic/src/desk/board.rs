//! The board in the waiting room: numbers and rooms, nobody's name. A number that is called is spoken by the browser, where it has a
//! voice.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;
use serde::Serialize;

use super::api::private;
use super::guard::AtDesk;
use super::layout::{Screen, answer, screen};
use super::{Desk, Failed};
use crate::queue;
use crate::store::read_async;

/// Numbers of a line that are shown to come.
const NEXT: usize = 6;

/// A line as everybody may see it.
#[derive(Serialize)]
struct Shown {
    room: String,
    /// Who is called, and where to, the last first.
    called: Vec<Called>,
    /// Who comes then.
    next: Vec<u32>,
    waiting: usize,
}

#[derive(Serialize)]
struct Called {
    number: u32,
    station: String,
    /// When, in milliseconds since 1970: called again, it is spoken again.
    at: i64,
}

/// The lines of today in numbers.
pub(super) async fn lines(State(desk): State<Desk>, _: AtDesk) -> Result<Response, Failed> {
    let day = desk.inner.clock.now().vietnam_day();
    let lines = read_async(&desk.inner.store, move |sql| queue::lines(sql, day)).await?;
    let shown: Vec<Shown> = lines
        .into_iter()
        .map(|line| {
            let waiting: Vec<u32> = line
                .people
                .iter()
                .filter(|person| person.state == "waiting")
                .map(|person| person.number)
                .collect();
            let mut called: Vec<Called> = line
                .people
                .iter()
                .filter(|person| person.state == "called")
                .map(|person| Called {
                    number: person.number,
                    station: person.station.clone(),
                    at: person.called.map_or(0, |at| at.as_millis()),
                })
                .collect();
            called.sort_by_key(|called| std::cmp::Reverse(called.at));
            Shown {
                room: line.room,
                called,
                waiting: waiting.len(),
                next: waiting.into_iter().take(NEXT).collect(),
            }
        })
        .collect();
    Ok(private(Json(shown)))
}

/// The page.
pub(super) async fn page(State(desk): State<Desk>, here: AtDesk) -> Response {
    let words = here.words;
    let shown = Screen {
        title: words.say("board"),
        scripts: &["/desk/board.js"],
        back: None,
        class: "board",
        body: html! {
            main {
                p.live id="live" role="status" { (words.say("connecting")) }
                div id="board" aria-live="polite" {}
                p.empty id="board-empty" hidden { (words.say("board-none")) }
            }
        },
    };
    answer(StatusCode::OK, screen(&desk, words, shown))
}
