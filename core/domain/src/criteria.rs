//! What somebody wants of a visit, and what a clinic tells of it.

use crate::{TimesOfWeek, Vnd};

/// Where doctor and patient meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VisitMode {
    /// At the clinic.
    InPerson,
    /// By telephone or video.
    Remote,
}

impl VisitMode {
    /// The code that stands on the wire and in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InPerson => "in-person",
            Self::Remote => "remote",
        }
    }

    /// The mode of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::InPerson, Self::Remote]
            .into_iter()
            .find(|mode| mode.code() == code)
    }
}

/// What a free time must have. An unset part is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Criteria {
    /// When in a week.
    pub times: TimesOfWeek,
    /// The id of a Practitioner.
    pub practitioner: Option<String>,
    /// The code of a speciality, as the clinic tells it; its name where it has no code.
    pub specialty: Option<String>,
    /// It costs no more.
    pub max_price: Option<Vnd>,
    /// Somebody there speaks it: a code of BCP 47, of which the first part counts.
    pub language: Option<String>,
    /// One gets there without a step.
    pub step_free: bool,
    /// Where doctor and patient meet.
    pub mode: Option<VisitMode>,
    /// Times of which the clinic does not tell whether they have it are taken, too: somebody can call and ask.
    pub untold_too: bool,
}

/// What a clinic tells of a visit. What is unset or empty it does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisitFacts<'a> {
    /// The id of the Practitioner.
    pub practitioner: Option<&'a str>,
    /// The code of the speciality; its name where it has no code.
    pub specialty: Option<&'a str>,
    /// What it costs.
    pub price: Option<Vnd>,
    /// What somebody there speaks, as codes of BCP 47.
    pub languages: Vec<&'a str>,
    /// Whether one gets there without a step.
    pub step_free: Option<bool>,
    /// Where doctor and patient meet.
    pub mode: Option<VisitMode>,
}

/// One of the things that [`Criteria`] ask for and a clinic tells, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// Who is seen.
    Practitioner,
    /// Of which speciality it is.
    Specialty,
    /// What it costs.
    Price,
    /// Which languages are spoken.
    Language,
    /// Whether one gets there without a step.
    StepFree,
    /// Where doctor and patient meet.
    Mode,
}

impl Criteria {
    /// What is wanted and the clinic does not tell; nothing when what it tells is otherwise than wanted. When in a week
    /// is another question: [`TimesOfWeek::allows`].
    #[must_use]
    pub fn untold(&self, facts: &VisitFacts<'_>) -> Option<Vec<Criterion>> {
        let is = |wanted: &Option<String>, told: Option<&str>| {
            wanted
                .as_deref()
                .map(|wanted| told.map(|told| told == wanted))
        };
        let speaks = |wanted: &str| {
            let mut languages = facts.languages.iter();
            (!facts.languages.is_empty()).then(|| languages.any(|told| same_language(told, wanted)))
        };
        let answers = [
            (
                Criterion::Practitioner,
                is(&self.practitioner, facts.practitioner),
            ),
            (Criterion::Specialty, is(&self.specialty, facts.specialty)),
            (
                Criterion::Price,
                self.max_price
                    .map(|most| facts.price.map(|price| price <= most)),
            ),
            (Criterion::Language, self.language.as_deref().map(speaks)),
            (
                Criterion::StepFree,
                self.step_free.then_some(facts.step_free),
            ),
            (
                Criterion::Mode,
                self.mode
                    .map(|wanted| facts.mode.map(|told| told == wanted)),
            ),
        ];
        let mut untold = Vec::new();
        for (criterion, answer) in answers {
            match answer {
                None | Some(Some(true)) => {}
                Some(Some(false)) => return None,
                Some(None) => untold.push(criterion),
            }
        }
        Some(untold)
    }

    /// Whether a visit will do.
    #[must_use]
    pub fn allow(&self, facts: &VisitFacts<'_>) -> bool {
        self.untold(facts)
            .is_some_and(|untold| self.untold_too || untold.is_empty())
    }

    /// Whether nothing is wanted of a visit but when in a week it is.
    #[must_use]
    pub fn take_any_visit(&self) -> bool {
        *self
            == Self {
                times: self.times,
                untold_too: self.untold_too,
                ..Self::default()
            }
    }
}

/// Whether two codes of BCP 47 mean one language, whatever country or script they go on to name.
#[must_use]
pub fn same_language(one: &str, other: &str) -> bool {
    let primary = |code: &str| code.split(['-', '_']).next().map(str::to_ascii_lowercase);
    primary(one) == primary(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All of it is told.
    fn told() -> VisitFacts<'static> {
        VisitFacts {
            practitioner: Some("bs1"),
            specialty: Some("tim-mach"),
            price: Some(Vnd::new(150_000)),
            languages: vec!["vi", "hmn-VN"],
            step_free: Some(true),
            mode: Some(VisitMode::InPerson),
        }
    }

    fn all() -> Criteria {
        Criteria {
            practitioner: Some("bs1".to_owned()),
            specialty: Some("tim-mach".to_owned()),
            max_price: Some(Vnd::new(150_000)),
            language: Some("HMN".to_owned()),
            step_free: true,
            mode: Some(VisitMode::InPerson),
            ..Criteria::default()
        }
    }

    #[test]
    fn what_is_told_otherwise_never_does_and_what_is_not_told_only_when_allowed() {
        type Change = fn(&mut VisitFacts<'_>);
        assert_eq!(all().untold(&told()), Some(Vec::new()));
        assert!(all().allow(&told()));
        let changes: [(Criterion, Change, Change); 6] = [
            (
                Criterion::Practitioner,
                |facts| facts.practitioner = Some("bs2"),
                |facts| facts.practitioner = None,
            ),
            (
                Criterion::Specialty,
                |facts| facts.specialty = Some("mat"),
                |facts| facts.specialty = None,
            ),
            (
                Criterion::Price,
                |facts| facts.price = Some(Vnd::new(150_001)),
                |facts| facts.price = None,
            ),
            (
                Criterion::Language,
                |facts| facts.languages = vec!["vi"],
                |facts| facts.languages.clear(),
            ),
            (
                Criterion::StepFree,
                |facts| facts.step_free = Some(false),
                |facts| facts.step_free = None,
            ),
            (
                Criterion::Mode,
                |facts| facts.mode = Some(VisitMode::Remote),
                |facts| facts.mode = None,
            ),
        ];
        for (criterion, otherwise, not_told) in changes {
            let (mut other, mut silent) = (told(), told());
            otherwise(&mut other);
            not_told(&mut silent);
            let too = Criteria {
                untold_too: true,
                ..all()
            };
            assert_eq!(all().untold(&other), None, "{criterion:?}");
            assert!(!too.allow(&other), "{criterion:?}");
            assert_eq!(all().untold(&silent), Some(vec![criterion]));
            assert!(!all().allow(&silent) && too.allow(&silent), "{criterion:?}");
            assert!(Criteria::default().allow(&other) && Criteria::default().allow(&silent));
        }
        assert!(!all().take_any_visit());
        assert!(Criteria::default().take_any_visit());
    }

    #[test]
    fn a_country_or_script_makes_no_other_language() {
        for (one, other, same) in [
            ("en", "en-US", true),
            ("zh_Hant", "zh-CN", true),
            ("VI", "vi", true),
            ("vi", "vie", false),
            ("", "vi", false),
        ] {
            assert_eq!(same_language(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn a_mode_comes_back_from_its_code() {
        for mode in [VisitMode::InPerson, VisitMode::Remote] {
            assert_eq!(VisitMode::from_code(mode.code()), Some(mode));
        }
        assert_eq!(VisitMode::from_code("AMB"), None);
    }

    proptest! {
        #[test]
        fn whoever_asks_for_less_finds_no_less(
            price in proptest::option::of(0..300_000_i64),
            step_free: Option<bool>,
            remote: Option<bool>,
            (most, wants_step_free, untold_too) in (0..300_000_i64, any::<bool>(), any::<bool>()),
        ) {
            let mode = |remote| if remote { VisitMode::Remote } else { VisitMode::InPerson };
            let facts = VisitFacts {
                price: price.map(Vnd::new),
                step_free,
                mode: remote.map(mode),
                ..VisitFacts::default()
            };
            let strict = Criteria {
                max_price: Some(Vnd::new(most)),
                step_free: wants_step_free,
                mode: Some(VisitMode::Remote),
                ..Criteria::default()
            };
            let lenient = Criteria { untold_too: true, ..strict.clone() };
            let fewer = Criteria { mode: None, untold_too, ..strict.clone() };
            prop_assert!(!strict.allow(&facts) || lenient.allow(&facts));
            prop_assert!(!strict.allow(&facts) || fewer.allow(&facts));
        }
    }
}
