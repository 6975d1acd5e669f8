//! Members of staff, and the browsers that they sign in with.

use sokhoe_clinic::{NewStaff, Password};
use sokhoe_domain::StaffRole;

use super::Hospital;
use super::http::Reply;

pub const PASSWORD: &str = "ba con mèo trên mái";

pub fn employ(hospital: &Hospital, login: &str, name: &str, roles: &[StaffRole]) {
    let new = NewStaff {
        login: login.to_owned(),
        name: name.to_owned(),
        roles: roles.to_vec(),
        password: Password::from(PASSWORD.to_owned()),
    };
    hospital.clinic.add_staff(&new).unwrap();
}

pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// A browser at the desk.
pub struct Browser<'h> {
    hospital: &'h Hospital,
    pub cookies: Vec<(String, String)>,
}

impl<'h> Browser<'h> {
    pub fn new(hospital: &'h Hospital) -> Self {
        Self {
            hospital,
            cookies: Vec::new(),
        }
    }

    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        origin: Option<&str>,
    ) -> Reply {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![
            ("Cookie", &*cookies),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let mut connection = self.hospital.connect().await;
        let reply = connection.ask(method, path, &headers, body).await;
        for (name, value) in &reply.headers {
            if name == "set-cookie" {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.retain(|(it, _)| it != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        reply
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.ask("GET", path, "", None).await
    }

    /// Sends a form of a page of the desk.
    pub async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.ask("POST", path, &form(fields), Some("http://clinic"))
            .await
    }

    pub async fn sign_in(&mut self, login: &str, password: &str) -> Reply {
        self.send("/desk/sign-in", &[("login", login), ("password", password)])
            .await
    }

    pub fn session(&self) -> &str {
        let found = self.cookies.iter().find(|(name, _)| name == "sokhoe-staff");
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

pub async fn signed_in<'h>(hospital: &'h Hospital, login: &str) -> Browser<'h> {
    let mut browser = Browser::new(hospital);
    let reply = browser.sign_in(login, PASSWORD).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/desk")),
        "{}",
        reply.body
    );
    browser
}
