//! The DocumentReference that the phone makes of a file that the person puts into the book.

use sokhoe_domain::Timestamp;

use crate::json::Object;

/// `Attachment.size` is an unsignedInt (FHIR R4, 2.24.0.1).
const LARGEST_SIZE: u64 = (1 << 31) - 1;

/// A file of the person's own.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnDocument<'a> {
    /// The resource's id.
    pub id: &'a str,
    /// What the person calls it; lists show it and searches find it.
    pub title: &'a str,
    /// Its MIME type.
    pub content_type: &'a str,
    /// When it was made, e.g. the day of the prescription; lists sort by it.
    pub created: Timestamp,
    /// Bytes.
    pub size: u64,
    /// The SHA-1 of the bytes, in base64.
    pub hash: &'a str,
    /// Where the bytes are.
    pub url: &'a str,
    /// The person's name; may be empty.
    pub patient: &'a str,
}

impl std::fmt::Debug for OwnDocument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnDocument")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl OwnDocument<'_> {
    /// As a DocumentReference. Subject and author are the person by name: the ids of clinics mean nothing
    /// outside of them.
    #[must_use]
    pub fn to_json(&self) -> String {
        let patient = || match self.patient {
            "" => Object::new(),
            name => Object::new().text("type", "Patient").text("display", name),
        };
        let size = match self.size {
            size @ 0..=LARGEST_SIZE => size.to_string(),
            _ => String::new(),
        };
        let attachment = Object::new()
            .text("contentType", self.content_type)
            .text("url", self.url)
            .raw("size", &size)
            .text("hash", self.hash)
            .text("title", self.title)
            .text("creation", &self.created.to_fhir());
        Object::resource("DocumentReference")
            .text("id", self.id)
            .text("status", "current")
            .object("subject", patient())
            .list("author", [patient()])
            .list("content", [Object::new().object("attachment", attachment)])
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::Section;

    use super::*;

    #[test]
    fn it_is_a_document_by_its_title_at_its_time() {
        let created = Timestamp::parse_fhir("2026-05-02T09:00:00+07:00").unwrap();
        let document = OwnDocument {
            id: "01900000-0000-7000-8000-000000000000",
            title: "Đơn thuốc \"tim\"",
            content_type: "image/jpeg",
            created,
            size: 3,
            hash: "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            url: "Binary/01900000-0000-7000-8000-000000000000",
            patient: "Lò Thị Hương",
        };
        let json = document.to_json();
        let indexed = crate::index(&json).unwrap();
        assert_eq!(
            indexed.key.to_string(),
            format!("DocumentReference/{}", document.id)
        );
        let entry = &indexed.entries[0];
        assert_eq!(
            (
                entry.section,
                entry.title.as_str(),
                entry.when,
                entry.status.as_str()
            ),
            (Section::Documents, document.title, Some(created), "current")
        );
        assert!(entry.folded.contains("don thuoc"));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let expected = serde_json::json!({
            "resourceType": "DocumentReference",
            "id": document.id,
            "status": "current",
            "subject": {"type": "Patient", "display": document.patient},
            "author": [{"type": "Patient", "display": document.patient}],
            "content": [{"attachment": {
                "contentType": "image/jpeg",
                "url": document.url,
                "size": 3,
                "hash": document.hash,
                "title": document.title,
                "creation": "2026-05-02T09:00:00+07:00",
            }}],
        });
        assert_eq!(value, expected);
        let nameless = OwnDocument {
            patient: "",
            size: 1 << 40,
            ..document
        };
        let value: serde_json::Value = serde_json::from_str(&nameless.to_json()).unwrap();
        assert_eq!((value.get("author"), value.get("subject")), (None, None));
        assert_eq!(value["content"][0]["attachment"].get("size"), None);
    }
}
