//! The desk's page, as a browser calls it.

use serde_json::Value;

use super::Hospital;
use super::http::Reply;

/// The desk, as its page uses it.
pub struct DeskPage<'h> {
    hospital: &'h Hospital,
    pub cookie: String,
}

impl<'h> DeskPage<'h> {
    pub async fn open(hospital: &'h Hospital) -> Self {
        let path = hospital.running.desk_url.strip_prefix(&hospital.base());
        let reply = hospital
            .connect()
            .await
            .ask("GET", path.unwrap(), &[], "")
            .await;
        let cookie = reply.header("set-cookie").unwrap();
        Self {
            hospital,
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let headers = [("Cookie", self.cookie.as_str())];
        let mut connection = self.hospital.connect().await;
        connection.ask("GET", path, &headers, "").await.json()
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("Content-Type", "application/json"),
            ("Sokhoe-Desk", "1"),
        ];
        let mut connection = self.hospital.connect().await;
        connection
            .ask("POST", path, &headers, &body.to_string())
            .await
    }
}
