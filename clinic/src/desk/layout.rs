//! What all pages of the desk share: the head, who is signed in, the way to the other pages.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use sokhoe_domain::StaffRole;

use super::Desk;
use super::guard::AtDesk;
use super::words::{Language, Words};

/// Nothing that is not ours, and nothing that stands in a page.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A page of ours: in no cache, in no frame, with nobody else's script.
pub(super) fn answer(status: StatusCode, page: Markup) -> Response {
    file(status, "text/html; charset=utf-8", page.into_string())
}

/// A page or a file.
pub(super) fn file(status: StatusCode, kind: &'static str, text: String) -> Response {
    const POLICY_HEADER: HeaderName = header::CONTENT_SECURITY_POLICY;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (POLICY_HEADER, HeaderValue::from_static(POLICY)),
        // Our own pages are told where a form comes from, others nothing.
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}

/// Sends the browser on with GET.
pub(super) fn see(path: &str, cookies: &[String]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(path) = HeaderValue::from_str(path) {
        headers.insert(header::LOCATION, path);
    }
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// A page's links: where to, what it is called, who sees it.
const PAGES: &[(&str, &str, &[StaffRole])] = &[
    (
        "/desk",
        "nav-desk",
        &[
            StaffRole::Reception,
            StaffRole::Doctor,
            StaffRole::Operator,
            StaffRole::Cashier,
        ],
    ),
    ("/desk/cashier", "nav-cashier", &[StaffRole::Cashier]),
    ("/desk/staff", "nav-staff", &[StaffRole::Administrator]),
    (
        "/desk/screens",
        "nav-screens",
        &[StaffRole::Administrator, StaffRole::Reception],
    ),
];

/// What stands on a page.
pub(super) struct Page<'p> {
    /// Its address, for what leads back to it.
    pub path: &'p str,
    pub title: String,
    /// Scripts of ours.
    pub scripts: &'p [&'p str],
    pub body: Markup,
}

/// A page for somebody who is there.
pub(super) fn page(desk: &Desk, here: &AtDesk, page: Page<'_>) -> Markup {
    let words = here.words;
    let pages = PAGES
        .iter()
        .filter(|(_, _, roles)| roles.iter().any(|role| here.has(*role)));
    let header = html! {
        header {
            div {
                p.over { (page.title) }
                h1 { (desk.inner.name) }
            }
            nav aria-label=(words.say("nav")) {
                @for (path, key, _) in pages {
                    a href=(path) aria-current=[(*path == page.path).then_some("page")] { (words.say(key)) }
                }
            }
            div.signed-in {
                @if let Some(name) = here.name() {
                    a href="/desk/password" title=(words.say("password-title")) { (name) }
                    form method="post" action="/desk/sign-out" { button.plain { (words.say("sign-out")) } }
                }
                (language(words, page.path))
            }
        }
        @if here.is_by_key() {
            p.warning role="note" {
                (words.say("no-accounts")) " "
                a href="/desk/staff" { (words.say("no-accounts-add")) }
            }
        }
    };
    whole(words, &page, header)
}

/// What stands on a screen that stands alone.
pub(super) struct Screen<'p> {
    pub title: String,
    pub scripts: &'p [&'p str],
    /// After how many seconds without a touch it shows another page.
    pub back: Option<(u32, &'p str)>,
    pub class: &'static str,
    pub body: Markup,
}

/// A screen that stands alone: large, with no way to another page.
pub(super) fn screen(desk: &Desk, words: Words, screen: Screen<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.language.code()) {
            (head(words, &screen.title, screen.scripts))
            body class=(screen.class) data-seconds=[screen.back.map(|(seconds, _)| seconds)] data-back=[screen.back.map(|(_, path)| path)] {
                header {
                    h1 { (desk.inner.name) }
                    div.signed-in { (language(words, screen.path())) }
                }
                (screen.body)
            }
        }
    }
}

impl Screen<'_> {
    fn path(&self) -> &'static str {
        match self.class {
            "board" => "/desk/board",
            _ => "/desk/kiosk",
        }
    }
}

/// A page for anybody.
pub(super) fn open_page(desk: &Desk, words: Words, page: Page<'_>) -> Markup {
    let header = html! {
        header {
            div {
                p.over { (words.say("desk")) }
                h1 { (desk.inner.name) }
            }
            div.signed-in { (language(words, page.path)) }
        }
    };
    whole(words, &page, header)
}

fn whole(words: Words, page: &Page<'_>, header: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.language.code()) {
            (head(words, &page.title, page.scripts))
            body { (header) (page.body) }
        }
    }
}

fn head(words: Words, title: &str, scripts: &[&str]) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) }
            link rel="stylesheet" href="/desk/desk.css";
            @for script in scripts {
                script src=(script) defer {}
            }
            @if !scripts.is_empty() {
                script id="words" type="application/json" { (maud::PreEscaped(words.of_scripts())) }
            }
        }
    }
}

/// The other language.
fn language(words: Words, path: &str) -> Markup {
    let (other, name) = match words.language {
        Language::Vi => (Language::En, "English"),
        Language::En => (Language::Vi, "Tiếng Việt"),
    };
    html! {
        form method="post" action="/desk/language" {
            input type="hidden" name="next" value=(path);
            button.plain name="to" value=(other.code()) lang=(other.code()) { (name) }
        }
    }
}

/// It is another role's.
pub(super) fn not_yours(desk: &Desk, words: Words) -> Response {
    let page = Page {
        path: "/desk",
        title: words.say("not-yours-title"),
        scripts: &[],
        body: html! {
            main.narrow {
                h2 { (words.say("not-yours-title")) }
                p { (words.say("not-yours")) }
                p { a href="/desk" { (words.say("back")) } }
            }
        },
    };
    answer(StatusCode::FORBIDDEN, open_page(desk, words, page))
}

/// A sentence about what was just done, or not.
pub(super) fn notice(text: Option<&str>, is_good: bool) -> Markup {
    html! {
        @if let Some(text) = text {
            p.notice.good[is_good] role=(if is_good { "status" } else { "alert" }) { (text) }
        }
    }
}

/// Where a form may lead back to: a page of the desk.
pub(super) fn next(path: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    let is_desk = path == "/desk" || path.starts_with("/desk/");
    match is_desk && !path.contains("//") && path.chars().all(is_plain) {
        true => path,
        false => "/desk",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_a_page_of_the_desk_alone() {
        for good in ["/desk", "/desk/staff", "/desk/persons/bn-000001"] {
            assert_eq!(next(good), good);
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/desk//evil.example",
            "/deskevil",
            "https://evil.example/desk",
            "/desk?key=x",
            "/desk\r\nSet-Cookie: a=b",
            "/desk/\\evil.example",
        ] {
            assert_eq!(next(bad), "/desk", "{bad:?}");
        }
    }
}
