//! A browser, as far as a sign-in needs one: it follows redirects, keeps cookies, sends the forms of pages. An address that is an
//! app's ends it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use sokhoe_client::HttpTransport;
use sokhoe_domain::ports::{Limits, Transport as _};
use url::Url;

/// A browser. One cookie jar for all hosts of this machine: their names differ.
#[derive(Debug)]
pub struct Browser {
    transport: HttpTransport,
    cookies: BTreeMap<String, String>,
}

/// Where a browser stands.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address.
    pub url: String,
    /// The answer's status; 0 of an app's address, which is not asked.
    pub status: u16,
    /// What is shown.
    pub body: String,
}

impl Page {
    /// Whether the browser was sent to the app.
    #[must_use]
    pub fn is_app(&self) -> bool {
        self.status == 0
    }
}

impl Default for Browser {
    /// A new one.
    fn default() -> Self {
        Self {
            transport: HttpTransport::new().expect("TLS"),
            cookies: BTreeMap::new(),
        }
    }
}

impl Browser {
    /// Opens an address and goes where it is sent.
    ///
    /// # Panics
    /// When nobody answers, or it is sent on and on.
    pub async fn open(&mut self, url: &str) -> Page {
        self.go(Method::GET, url.to_owned(), String::new()).await
    }

    /// Fills the only form of a page in, and sends it.
    ///
    /// # Panics
    /// When there is no form, and as [`Browser::open`].
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let action = attribute(&page.body, "<form", "action");
        let base = Url::parse(&page.url).expect("an address");
        let url = base.join(&action.expect("a form")).expect("an action");
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.go(Method::POST, url.into(), form).await
    }

    async fn go(&mut self, mut method: Method, mut url: String, mut form: String) -> Page {
        for _ in 0..20 {
            if !url.starts_with("http") {
                return Page {
                    url,
                    status: 0,
                    body: String::new(),
                };
            }
            let (status, location, body) = self.ask(&method, &url, &form).await;
            let Some(location) = location.filter(|_| status.is_redirection()) else {
                let status = status.as_u16();
                return Page { url, status, body };
            };
            let base = Url::parse(&url).expect("an address");
            url = base.join(&location).expect("an address").into();
            (method, form) = (Method::GET, String::new());
        }
        panic!("sent on and on: {url}");
    }

    async fn ask(
        &mut self,
        method: &Method,
        url: &str,
        form: &str,
    ) -> (StatusCode, Option<String>, String) {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form.to_owned()))
            .expect("a request");
        let limits = Limits {
            timeout: Duration::from_secs(30),
            max_body: 1 << 20,
        };
        let answer = self.transport.send(request, limits).await;
        let (head, body) = answer.expect("an answer").into_parts();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("a cookie"));
        }
        let location = head.headers.get(header::LOCATION);
        let location = location.map(|it| it.to_str().expect("an address").to_owned());
        let body = String::from_utf8_lossy(&body).into_owned();
        (head.status, location, body)
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        if value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The value of an attribute of the first such element.
fn attribute(html: &str, element: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(element)?;
    let (tag, _) = rest.split_once('>')?;
    let (_, value) = tag.split_once(&format!("{name}=\""))?;
    Some(value.split('"').next()?.to_owned())
}
