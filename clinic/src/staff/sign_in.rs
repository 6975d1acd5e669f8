//! A login and a password for a session.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Semaphore;

use super::accounts::login;
use super::password::Password;
use super::{attempts, session};
use crate::clinic::Inner;
use crate::keys::same;
use crate::store::{Isolation, StoreError, params, read_async};

/// Passwords that are looked at at a time: each takes 19 MiB and a processor.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// How long somebody waits for their turn.
const TURN: Duration = Duration::from_secs(10);

/// Who wants to come in.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub login: String,
    pub password: Password,
    /// What the browser holds from an earlier sign-in.
    pub browser: Option<String>,
}

/// Somebody is in.
pub(crate) struct SignedIn {
    /// What the browser's cookie is to hold.
    pub token: String,
    /// By what it is known next time.
    pub browser: String,
}

/// Why nobody is.
#[derive(Debug)]
pub(crate) enum NotSignedIn {
    /// No such login, another password, an account that ended: nobody is told which.
    Wrong,
    /// Too many attempts: how long to wait.
    TooMany(Duration),
    /// Too many are at it.
    Busy,
    Store(StoreError),
}

impl From<StoreError> for NotSignedIn {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Lets somebody in.
pub(crate) async fn sign_in(
    inner: &Arc<Inner>,
    credentials: Credentials,
) -> Result<SignedIn, NotSignedIn> {
    let Credentials {
        login: typed,
        password,
        browser,
    } = credentials;
    let login = login(&typed);
    let browser = browser.filter(|browser| is_browser(inner, &login, browser));
    let who = attempts::key(inner, &login, browser.as_deref());
    let counted = inner
        .store
        .write_async(Isolation::LocksRows, move |tx| attempts::count(tx, &who));
    if let Err(wait) = counted.await? {
        return Err(NotSignedIn::TooMany(wait));
    }
    let asked = login.clone();
    let account: Option<(i64, String)> = read_async(&inner.store, move |sql| {
        sql.first(
            "SELECT pk, password FROM staff WHERE login = ?1 AND ended IS NULL",
            params![asked],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    })
    .await?;
    let known = account.as_ref().map(|(_, hash)| hash.clone());
    let turn = tokio::time::timeout(TURN, AT_ONCE.acquire()).await;
    let Ok(Ok(turn)) = turn else {
        return Err(NotSignedIn::Busy);
    };
    let is_right = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        password.is_of(known.as_deref())
    })
    .await
    .unwrap_or(false);
    let Some((staff, hash)) = account.filter(|_| is_right) else {
        return Err(NotSignedIn::Wrong);
    };
    let signed_in = SignedIn {
        token: random(inner),
        browser: browser.unwrap_or_else(|| new_browser(inner, &login)),
    };
    let token = signed_in.token.clone();
    let begun = inner.store.write_async(Isolation::LocksRows, move |tx| {
        // Meanwhile it may have ended, or have another password.
        let is_still = tx.sql().exists(
            "SELECT 1 FROM staff WHERE pk = ?1 AND ended IS NULL AND password = ?2",
            params![staff, hash],
        )?;
        if is_still {
            session::begin(tx, staff, &token, None)?;
            attempts::succeeded(tx.sql(), &who)?;
        }
        Ok(is_still)
    });
    match begun.await? {
        true => Ok(signed_in),
        false => Err(NotSignedIn::Wrong),
    }
}

/// 256 bits that nobody can guess.
pub(crate) fn random(inner: &Inner) -> String {
    let mut random = [0; 32];
    inner.rng.fill(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

/// What a browser holds after a sign-in: random, and a code that it is ours, for one login.
fn new_browser(inner: &Inner, login: &str) -> String {
    let random = random(inner);
    let code = browser_code(inner, login, &random);
    format!("{random}.{code}")
}

fn browser_code(inner: &Inner, login: &str, random: &str) -> String {
    let parts = [login.as_bytes(), random.as_bytes()];
    URL_SAFE_NO_PAD.encode(inner.keys.mac("staff browser", &parts))
}

fn is_browser(inner: &Inner, login: &str, browser: &str) -> bool {
    browser.split_once('.').is_some_and(|(random, code)| {
        same(
            code.as_bytes(),
            browser_code(inner, login, random).as_bytes(),
        )
    })
}
