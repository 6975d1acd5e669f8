//! The administrator's page: who works here and may sign in. And everybody's own password.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use sokhoe_domain::StaffRole;

use super::form::Fields;
use super::guard::AtDesk;
use super::layout::{Page, answer, notice, page, see};
use super::words::Words;
use super::{Desk, Failed};
use crate::staff::password::{BadPassword, Password};
use crate::staff::{NewStaff, StaffError, StaffRow, accounts};
use crate::store::{Isolation, params, read_async};

const PATH: &str = "/desk/staff";

/// Everybody who works here, and a form for one more.
pub(super) async fn list(State(desk): State<Desk>, here: AtDesk) -> Result<Response, Failed> {
    show(&desk, &here, None).await
}

async fn show(desk: &Desk, here: &AtDesk, wrong: Option<StaffError>) -> Result<Response, Failed> {
    let rows = read_async(&desk.inner.store, accounts::list).await?;
    let words = here.words;
    let said = wrong.map(|error| words.say(said(error)));
    let body = html! {
        main {
            section aria-labelledby="staff-title" {
                h2 id="staff-title" { (words.say("staff-title")) }
                (notice(said.as_deref(), false))
                @if rows.is_empty() { p.empty { (words.say("staff-none")) } }
                table { tbody { @for row in &rows { (row_of(words, row)) } } }
            }
            aside aria-labelledby="staff-new" {
                h2 id="staff-new" { (words.say("staff-new")) }
                @if rows.is_empty() { p.hint { (words.say("staff-first")) } }
                form method="post" action=(PATH) {
                    label for="name" { (words.say("staff-name")) }
                    input id="name" name="name" required autocomplete="off" maxlength="80";
                    label for="login" { (words.say("login")) }
                    input id="login" name="login" required autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="40";
                    (roles(words, if rows.is_empty() { &[StaffRole::Administrator] } else { &[] }))
                    label for="password" { (words.say("staff-password")) }
                    input id="password" name="password" type="password" required autocomplete="new-password" minlength="10";
                    p { button { (words.say("staff-add")) } }
                }
            }
        }
    };
    let status = match wrong {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page_of = Page {
        path: PATH,
        title: words.say("staff-title"),
        scripts: &[],
        body,
    };
    Ok(answer(status, page(desk, here, page_of)))
}

fn row_of(words: Words, row: &StaffRow) -> Markup {
    let path = |what: &str| format!("{PATH}/{}/{what}", row.login);
    html! {
        tr.cancelled[row.ended.is_some()] {
            td { strong.name { (row.name) } span.state { (row.login) } }
            @if let Some(ended) = row.ended {
                td { @for role in &row.roles { span.tag.off { (words.role(*role)) } " " } }
                td { (words.say_with("staff-ended", &[("when", words.time(ended))])) }
            } @else {
                td {
                    form method="post" action=(path("roles")) {
                        (roles(words, &row.roles))
                        button.plain { (words.say("staff-save-roles")) }
                    }
                }
                td.action {
                    details {
                        summary { (words.say("staff-more")) }
                        form method="post" action=(path("password")) {
                            label for=(format!("password-{}", row.login)) { (words.say("staff-password")) }
                            input id=(format!("password-{}", row.login)) name="password" type="password" required autocomplete="new-password" minlength="10";
                            button.plain { (words.say("staff-save-password")) }
                        }
                        form method="post" action=(path("end")) {
                            p.hint { (words.say("staff-end-hint")) }
                            button.danger { (words.say("staff-end")) }
                        }
                    }
                }
            }
        }
    }
}

fn roles(words: Words, checked: &[StaffRole]) -> Markup {
    html! {
        fieldset.roles {
            legend { (words.say("staff-roles")) }
            @for role in StaffRole::ALL {
                label { input type="checkbox" name="role" value=(role.code()) checked[checked.contains(&role)]; " " (words.role(role)) }
            }
        }
    }
}

/// What is wrong, as the words know it.
fn said(error: StaffError) -> &'static str {
    match error {
        StaffError::BadLogin => "staff-bad-login",
        StaffError::BadName => "staff-bad-name",
        StaffError::NoRole => "staff-no-role",
        StaffError::LoginTaken => "staff-login-taken",
        StaffError::NoSuchStaff => "staff-no-such",
        StaffError::LastAdministrator => "staff-last-administrator",
        StaffError::BadPassword(BadPassword::Length) => "password-length",
        StaffError::BadPassword(BadPassword::Guessable) => "password-guessable",
        StaffError::BadPassword(BadPassword::Hash) => "password-hash",
    }
}

fn roles_of(fields: &Fields) -> Vec<StaffRole> {
    fields.all("role").filter_map(StaffRole::of_code).collect()
}

fn password_of(fields: &Fields) -> Password {
    Password::from(fields.one("password").to_owned())
}

/// Makes an account.
pub(super) async fn add(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let mut roles = roles_of(&fields);
    // Whoever comes first lets the others in.
    if here.is_by_key() && !roles.contains(&StaffRole::Administrator) {
        roles.push(StaffRole::Administrator);
    }
    let new = NewStaff {
        login: fields.one("login").to_owned(),
        name: fields.one("name").to_owned(),
        roles,
        password: password_of(&fields),
    };
    let inner = Arc::clone(&desk.inner);
    let checked = blocking(move || accounts::check(&inner, &new)).await?;
    let done = match checked {
        Err(error) => Err(error),
        Ok(checked) => {
            let add = move |tx: &mut crate::store::Tx<'_>| accounts::add(tx, &checked);
            desk.inner
                .store
                .write_async(Isolation::LocksRows, add)
                .await?
        }
    };
    answered(&desk, &here, done).await
}

async fn answered(
    desk: &Desk,
    here: &AtDesk,
    done: Result<(), StaffError>,
) -> Result<Response, Failed> {
    match done {
        Ok(()) => Ok(see(PATH, &[])),
        Err(error) => show(desk, here, Some(error)).await,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failed> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Failed(StatusCode::SERVICE_UNAVAILABLE))
}

/// Gives an account other roles.
pub(super) async fn set_roles(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(login): Path<String>,
    fields: Fields,
) -> Result<Response, Failed> {
    let roles = roles_of(&fields);
    let done = desk
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            accounts::set_roles(tx, &login, &roles)
        })
        .await?;
    answered(&desk, &here, done).await
}

/// Ends an account.
pub(super) async fn end(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(login): Path<String>,
) -> Result<Response, Failed> {
    let done = desk
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| accounts::end(tx, &login))
        .await?;
    answered(&desk, &here, done).await
}

/// Gives an account another password.
pub(super) async fn set_password(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(login): Path<String>,
    fields: Fields,
) -> Result<Response, Failed> {
    let done = change_password(&desk, login, password_of(&fields)).await?;
    answered(&desk, &here, done).await
}

async fn change_password(
    desk: &Desk,
    login: String,
    password: Password,
) -> Result<Result<(), StaffError>, Failed> {
    let (inner, of) = (Arc::clone(&desk.inner), login.clone());
    let hash = match blocking(move || accounts::check_password(&inner, &of, &password)).await? {
        Ok(hash) => hash,
        Err(error) => return Ok(Err(error)),
    };
    let inner = Arc::clone(&desk.inner);
    let changed = desk
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            accounts::set_password(tx, &inner, &login, &hash)
        });
    Ok(changed.await?)
}

/// Where everybody changes their own password.
pub(super) async fn own_password(State(desk): State<Desk>, here: AtDesk) -> Response {
    show_password(&desk, &here, None)
}

fn show_password(desk: &Desk, here: &AtDesk, wrong: Option<StaffError>) -> Response {
    let words = here.words;
    let said = wrong.map(|error| words.say(said(error)));
    let body = html! {
        main.narrow {
            h2 { (words.say("password-title")) }
            (notice(said.as_deref(), false))
            form method="post" action="/desk/password" {
                label for="password" { (words.say("password-new")) }
                input id="password" name="password" type="password" required autocomplete="new-password" minlength="10";
                p.hint { (words.say("password-hint")) }
                p { button { (words.say("staff-save-password")) } }
            }
        }
    };
    let status = match wrong {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page_of = Page {
        path: "/desk/password",
        title: words.say("password-title"),
        scripts: &[],
        body,
    };
    answer(status, page(desk, here, page_of))
}

/// Changes it. Every session of theirs ends, this one too: whoever knew the old one is out.
pub(super) async fn set_own_password(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let Some(staff) = here.staff() else {
        return Err(Failed(StatusCode::FORBIDDEN));
    };
    let login: Option<String> = read_async(&desk.inner.store, move |sql| {
        let text = "SELECT login FROM staff WHERE pk = ?1";
        sql.first(text, params![staff], |row| row.get(0))
    })
    .await?;
    match change_password(&desk, login.unwrap_or_default(), password_of(&fields)).await? {
        Ok(()) => Ok(see("/desk/sign-in", &[])),
        Err(error) => Ok(show_password(&desk, &here, Some(error))),
    }
}
