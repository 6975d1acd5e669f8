//! How a visit by telephone or video is joined: the answer to `Appointment/{id}/$join` (ours).

use sokhoe_domain::{RemoteVisitState, RemoteVisitWindow};

use crate::FhirError;
use crate::json::{Document, Object};
use crate::read;

/// Longer links are not believed.
const LONGEST_LINK: usize = 2_048;

/// What the clinic says of a visit that is joined from afar.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteVisit {
    /// When it can be joined.
    pub window: RemoteVisitWindow,
    /// Whether it can be joined now, by the clinic's clock.
    pub state: RemoteVisitState,
    /// Where; there while it is open, and always `https`.
    pub link: Option<String>,
}

impl std::fmt::Debug for RemoteVisit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteVisit")
            .field("window", &self.window)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The state's codes.
const CODES: [(RemoteVisitState, &str); 3] = [
    (RemoteVisitState::NotYet, "not-yet"),
    (RemoteVisitState::Open, "open"),
    (RemoteVisitState::Over, "over"),
];

/// Whether a text is a link that a phone may open: `https`, without spaces or signs that cannot be seen.
#[must_use]
pub fn is_link(text: &str) -> bool {
    text.len() <= LONGEST_LINK
        && text.strip_prefix("https://").is_some_and(|rest| {
            let ends_host = |c: char| matches!(c, '/' | '?' | '#' | '\\');
            let host = rest.split(ends_host).next().unwrap_or_default();
            !host.is_empty() && !host.contains('@')
        })
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl RemoteVisit {
    /// As a Parameters resource.
    #[must_use]
    pub fn to_parameters(&self) -> String {
        let part = |name: &str| Object::new().text("name", name);
        let code = CODES.iter().find(|(state, _)| *state == self.state);
        let code = code.map_or("", |(_, code)| code);
        let parts = [
            Some(part("opens").text("valueInstant", &self.window.opens.to_fhir())),
            Some(part("closes").text("valueInstant", &self.window.closes.to_fhir())),
            Some(part("state").text("valueCode", code)),
            self.link
                .as_ref()
                .map(|link| part("link").text("valueUrl", link)),
        ];
        Object::resource("Parameters")
            .list("parameter", parts.into_iter().flatten())
            .finish()
    }

    /// Reads a Parameters resource. A link is read only where the visit is open.
    ///
    /// # Errors
    /// When it is not one, or says of an open visit no link that may be opened.
    pub fn from_parameters(json: &str) -> Result<Self, FhirError> {
        let document: Document<'_> = read::resource(json, "Parameters")?;
        let parameters = || document.root().get("parameter").items();
        let named = |name: &'static str| {
            let mut parameters = parameters();
            let found = parameters.find(|one| one.get("name").is_text(name));
            found.ok_or(FhirError::Unexpected { expected: name })
        };
        let instant = |name| {
            let at = read::timestamp(named(name)?.get("valueInstant"));
            at.ok_or(FhirError::Unexpected { expected: name })
        };
        let code = named("state")?;
        let state = CODES
            .iter()
            .find(|(_, known)| code.get("valueCode").is_text(known))
            .map(|(state, _)| *state)
            .ok_or(FhirError::Unexpected { expected: "state" })?;
        let link = match state {
            RemoteVisitState::Open => {
                let link = named("link")?.str("valueUrl").map(|link| link.into_owned());
                let link = link.filter(|link| is_link(link));
                Some(link.ok_or(FhirError::Unexpected { expected: "link" })?)
            }
            RemoteVisitState::NotYet | RemoteVisitState::Over => None,
        };
        let window = RemoteVisitWindow {
            opens: instant("opens")?,
            closes: instant("closes")?,
        };
        Ok(Self {
            window,
            state,
            link,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sokhoe_domain::Timestamp;

    use super::*;

    fn visit(state: RemoteVisitState, link: Option<&str>) -> RemoteVisit {
        let at = |text: &str| Timestamp::parse_fhir(text).unwrap();
        RemoteVisit {
            window: RemoteVisitWindow {
                opens: at("2026-12-01T08:15:00+07:00"),
                closes: at("2026-12-01T09:50:00+07:00"),
            },
            state,
            link: link.map(str::to_owned),
        }
    }

    #[test]
    fn an_answer_comes_back_and_a_link_only_while_it_is_open() {
        let link = "https://meet.example.vn/5f0c?x=1#y";
        for visit in [
            visit(RemoteVisitState::NotYet, None),
            visit(RemoteVisitState::Open, Some(link)),
            visit(RemoteVisitState::Over, None),
        ] {
            let read = RemoteVisit::from_parameters(&visit.to_parameters());
            assert_eq!(read.as_ref(), Ok(&visit));
            assert!(!format!("{visit:?}").contains("5f0c"));
        }
        let early = visit(RemoteVisitState::NotYet, Some(link)).to_parameters();
        assert_eq!(RemoteVisit::from_parameters(&early).unwrap().link, None);
        let without = visit(RemoteVisitState::Open, None).to_parameters();
        assert!(RemoteVisit::from_parameters(&without).is_err());
    }

    #[test]
    fn what_is_no_safe_link_is_refused() {
        for bad in [
            "",
            "https://",
            "http://meet.example.vn/a",
            "javascript:alert(1)",
            "https:///a",
            "https://clinic.vn@evil.example/a",
            "https://meet.example.vn/a b",
            "https://meet.example.vn/\u{202e}a",
            "https://khám.example/a",
        ] {
            assert!(!is_link(bad), "{bad}");
            let open = visit(RemoteVisitState::Open, Some(bad)).to_parameters();
            assert!(RemoteVisit::from_parameters(&open).is_err(), "{bad}");
        }
        assert!(!is_link(&format!("https://a/{}", "a".repeat(LONGEST_LINK))));
        assert!(is_link("https://meet.example.vn"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = RemoteVisit::from_parameters(&text);
            let _ = is_link(&text);
        }
    }
}
