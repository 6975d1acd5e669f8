//! The desk's first page: today's queue and bookings, live, and whom something is done for. Its files are in the program itself.

use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode};
use maud::{Markup, html};
use sokhoe_domain::StaffRole;
use url::form_urlencoded;

use super::guard::AtDesk;
use super::layout::{Page, answer, file, page as laid_out, see};
use super::words::Words;
use super::{Desk, Failed};

const CSS: &str = include_str!("desk.css");
const JS: &str = include_str!("desk.js");
const LIVE_JS: &str = include_str!("live.js");
const KIOSK_JS: &str = include_str!("kiosk.js");
const BOARD_JS: &str = include_str!("board.js");
const REQUESTS_JS: &str = include_str!("requests.js");

/// Takes the key of this run out of the address, and gives a cookie for it while nobody has an account.
pub(super) async fn take_key(
    State(desk): State<Desk>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_key =
        |(name, value): (_, std::borrow::Cow<'_, str>)| name == "key" && desk.is_key(&value);
    if request.uri().path() != "/desk" || !form_urlencoded::parse(query.as_bytes()).any(is_key) {
        return next.run(request).await;
    }
    match desk.opens_by_key().await {
        Ok(true) => see("/desk", &[desk.set_key_cookie()]),
        Ok(false) => see("/desk", &[]),
        Err(error) => Failed::from(error).into_response(),
    }
}

/// What somebody may do here, as the page's scripts know it.
fn may(here: &AtDesk) -> String {
    use StaffRole::{Cashier, Doctor, Operator, Reception};
    let all: [(&str, &[StaffRole]); 6] = [
        ("queue", &[Reception, Doctor, Operator]),
        ("call", &[Reception, Doctor]),
        ("check-in", &[Reception]),
        ("enrol", &[Reception]),
        ("book", &[Reception, Operator, Doctor]),
        ("pay", &[Cashier]),
    ];
    let has = |(_, roles): &(&str, &[StaffRole])| roles.iter().any(|role| here.has(*role));
    let may: Vec<_> = all.into_iter().filter(has).map(|(what, _)| what).collect();
    may.join(" ")
}

/// The page.
pub(super) async fn page(State(desk): State<Desk>, here: AtDesk) -> Response {
    let may = may(&here);
    if may.is_empty() {
        return see("/desk/staff", &[]);
    }
    let words = here.words;
    let has = |what: &str| may.split(' ').any(|it| it == what);
    let body = html! {
        p id="live" class="live" role="status" aria-live="polite" { (words.say("connecting")) }
        main id="may" data-may=(may) {
            @if has("queue") { (queue(words, has("check-in"))) }
            section aria-labelledby="today-title" {
                div.title-row {
                    h2 id="today-title" { (words.say("bookings")) }
                    p.totals id="totals" {}
                }
                p.hint id="notice" role="status" aria-live="polite" {}
                div id="days" {}
                p.empty id="empty" hidden { (words.say("bookings-none")) }
            }
            @if has("book") { (people(words)) }
        }
        (rows())
    };
    let page_of = Page {
        path: "/desk",
        title: words.say("desk"),
        scripts: &["/desk/desk.js", "/desk/requests.js"],
        body,
    };
    answer(StatusCode::OK, laid_out(&desk, &here, page_of))
}

fn queue(words: Words, can_check_in: bool) -> Markup {
    html! {
        section aria-labelledby="queue-title" {
            div.title-row {
                h2 id="queue-title" { (words.say("queue")) }
                @if can_check_in {
                    form.scan id="scan" {
                        label for="ticket" { (words.say("scan")) }
                        input id="ticket" type="text" inputmode="numeric" autocomplete="off" placeholder=(words.say("scan-hint"));
                        input id="goes-first" type="checkbox";
                        label for="goes-first" { (words.say("goes-first")) }
                    }
                }
            }
            p.hint id="queue-notice" role="status" aria-live="polite" {}
            div id="lines" {}
            p.empty id="queue-empty" { (words.say("queue-none")) }
        }
    }
}

fn people(words: Words) -> Markup {
    html! {
        aside aria-labelledby="people-title" {
            h2 id="people-title" { (words.say("patients")) }
            label for="q" { (words.say("find")) }
            input id="q" type="search" autocomplete="off" aria-describedby="q-hint" placeholder=(words.say("find-how"));
            p.hint id="q-hint" { (words.say("find-hint")) }
            ul.people id="people" {}
            form.plan id="plan" aria-labelledby="plan-title" hidden {
                h3 id="plan-title" {}
                p.hint id="plan-what" {}
                fieldset id="plan-by" {
                    legend { (words.say("patient")) }
                    label { input type="radio" name="by" value="counter" checked; " " (words.say("at-counter")) }
                    label { input type="radio" name="by" value="hotline"; " " (words.say("on-telephone")) }
                }
                label for="plan-service" id="plan-service-label" { (words.say("service")) }
                select id="plan-service" {}
                p.hint id="plan-notice" role="status" aria-live="polite" {}
                ul.times id="plan-times" {}
                button.plain type="button" id="plan-close" { (words.say("close")) }
            }
            div.code id="code" hidden {
                p.code-name id="code-name" {}
                img id="code-image" alt=(words.say("code-image"));
                p.hint { (words.say("code-hint")) " " span id="code-until" {} "." }
                details {
                    summary { (words.say("code-fails")) }
                    textarea id="code-text" readonly rows="4" aria-label=(words.say("code-text")) {}
                }
            }
        }
    }
}

/// What the scripts fill.
fn rows() -> Markup {
    html! {
        template id="row" {
            tr {
                td.time {}
                td { strong.name {} span.service {} }
                td { span.doctor {} span.room {} }
                td.money { span.amount {} span.reference {} }
                td.action {}
            }
        }
        template id="queue-row" {
            tr {
                td.number {}
                td { strong.name {} span.state {} }
                td.action {}
            }
        }
    }
}

pub(super) async fn css() -> Response {
    file(StatusCode::OK, "text/css; charset=utf-8", CSS.to_owned())
}

pub(super) async fn js() -> Response {
    script(JS)
}

pub(super) async fn requests_js() -> Response {
    script(REQUESTS_JS)
}

pub(super) async fn live_js() -> Response {
    script(LIVE_JS)
}

pub(super) async fn kiosk_js() -> Response {
    script(KIOSK_JS)
}

pub(super) async fn board_js() -> Response {
    script(BOARD_JS)
}

fn script(text: &str) -> Response {
    let kind = "text/javascript; charset=utf-8";
    file(StatusCode::OK, kind, text.to_owned())
}
