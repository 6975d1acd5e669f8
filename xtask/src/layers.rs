//! The layer rule: which crate may use which (DESIGN.md, "Shape").
//!
//! `domain ← qr, fhir ← vault, client ← sync ← app ← bindings/ffi, cli`; `vault` and `client` never see each other.

use std::fmt;

use cargo_metadata::{DependencyKind, Metadata};

/// A direct dependency, as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package.
    pub name: String,
    /// Whether only tests, examples and benches use it.
    pub dev: bool,
    /// Those of its features that the manifest turns on.
    pub features: Vec<String>,
}

/// A workspace member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The package.
    pub name: String,
    /// Its direct dependencies.
    pub uses: Vec<Dependency>,
    /// What its own features turn on.
    pub features: Vec<Feature>,
}

/// A feature of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What it turns on, here or in a dependency.
    pub turns_on: Vec<String>,
}

/// A dependency that the rule forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The member.
    pub member: String,
    /// What it uses, or itself when the rule does not know it.
    pub uses: String,
    /// What the rule says.
    pub rule: &'static str,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} uses {}: {}", self.member, self.uses, self.rule)
    }
}

/// The crates of ours that each crate may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("sokhoe-domain", &[]),
    ("sokhoe-sqlcipher", &[]),
    ("sokhoe-words", &[]),
    ("sokhoe-qr", &["sokhoe-domain"]),
    ("sokhoe-fhir", &["sokhoe-domain"]),
    (
        "sokhoe-vault",
        &[
            "sokhoe-domain",
            "sokhoe-qr",
            "sokhoe-fhir",
            "sokhoe-sqlcipher",
        ],
    ),
    (
        "sokhoe-client",
        &["sokhoe-domain", "sokhoe-qr", "sokhoe-fhir"],
    ),
    (
        "sokhoe-sync",
        &[
            "sokhoe-domain",
            "sokhoe-qr",
            "sokhoe-fhir",
            "sokhoe-vault",
            "sokhoe-client",
        ],
    ),
    (
        "sokhoe-app",
        &[
            "sokhoe-domain",
            "sokhoe-qr",
            "sokhoe-fhir",
            "sokhoe-vault",
            "sokhoe-client",
            "sokhoe-sync",
            "sokhoe-words",
        ],
    ),
    (
        "sokhoe-testing",
        &[
            "sokhoe-domain",
            "sokhoe-qr",
            "sokhoe-fhir",
            "sokhoe-sqlcipher",
        ],
    ),
    ("sokhoe-ffi", &["sokhoe-domain", "sokhoe-qr", "sokhoe-app"]),
    ("sokhoe-uniffi-bindgen", &[]),
    (
        "sokhoe-clinic",
        &[
            "sokhoe-domain",
            "sokhoe-qr",
            "sokhoe-fhir",
            "sokhoe-sqlcipher",
            "sokhoe-words",
        ],
    ),
    (
        "sokhoe-cli",
        &[
            "sokhoe-domain",
            "sokhoe-qr",
            "sokhoe-fhir",
            "sokhoe-app",
            "sokhoe-clinic",
            "sokhoe-words",
        ],
    ),
    ("xtask", &[]),
];

/// The package of tests that cross boundaries: it may use everything.
const TESTS: &str = "sokhoe-tests";
/// Fakes and builders: only tests may use them.
const TESTING: &str = "sokhoe-testing";
/// No clock, no network, no files.
const PURE: &[&str] = &["sokhoe-domain", "sokhoe-qr", "sokhoe-fhir", "sokhoe-words"];
/// What brings a clock, a network, files or a database with it.
const IMPURE: &[&str] = &[
    "axum",
    "getrandom",
    "hyper",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio",
    "ureq",
];

/// A feature that nothing which is shipped may have.
struct ForTests {
    /// Of a crate of the core.
    feature: &'static str,
    /// The feature of the tests' package that may turn it on, when it is asked for by name.
    turned_on_by: &'static str,
    rule: &'static str,
}

const FOR_TESTS: [ForTests; 2] = [
    ForTests {
        feature: "plain-for-measuring",
        turned_on_by: "figures",
        rule: "vaults are encrypted; only the figures of sokhoe-tests may be built otherwise",
    },
    ForTests {
        feature: "planted-bugs",
        turned_on_by: "planted",
        rule: "bugs are planted only for the simulation of sokhoe-tests",
    },
];

/// Outside crates that only some members may use.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "rusqlite",
        &[
            "sokhoe-vault",
            "sokhoe-sqlcipher",
            "sokhoe-clinic",
            "sokhoe-testing",
        ],
        "only the vault, the clinic and tests open a database",
    ),
    (
        "libsqlite3-sys",
        &["sokhoe-sqlcipher"],
        "only core/sqlcipher knows SQLite's C code",
    ),
    (
        "uniffi",
        &["sokhoe-ffi", "sokhoe-uniffi-bindgen"],
        "only bindings/ knows of other languages",
    ),
];

/// Everything in a workspace that the rule forbids.
pub fn breaches(members: &[Member]) -> Vec<Breach> {
    members.iter().flat_map(breaches_of).collect()
}

/// The members of a workspace as the rule sees them.
pub fn members(metadata: &Metadata) -> Vec<Member> {
    metadata
        .workspace_packages()
        .iter()
        .map(|package| Member {
            name: package.name.to_string(),
            uses: package
                .dependencies
                .iter()
                .map(|dependency| Dependency {
                    name: dependency.name.clone(),
                    dev: dependency.kind == DependencyKind::Development,
                    features: dependency.features.clone(),
                })
                .collect(),
            features: package
                .features
                .iter()
                .map(|(name, turns_on)| Feature {
                    name: name.clone(),
                    turns_on: turns_on.clone(),
                })
                .collect(),
        })
        .collect()
}

fn breaches_of(member: &Member) -> Vec<Breach> {
    let breach = |uses: &str, rule| Breach {
        member: member.name.clone(),
        uses: uses.to_owned(),
        rule,
    };
    if let Some(forbidden) = FOR_TESTS
        .iter()
        .find(|forbidden| turns_on(member, forbidden))
    {
        return vec![breach(forbidden.feature, forbidden.rule)];
    }
    if member.name == TESTS {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == member.name) else {
        return vec![breach(
            &member.name,
            "the layer rule does not know this crate: give it a place in xtask/src/layers.rs",
        )];
    };
    member
        .uses
        .iter()
        .filter_map(|dependency| {
            rule_against(&member.name, allowed, dependency)
                .map(|rule| breach(&dependency.name, rule))
        })
        .collect()
}

/// Whether a manifest turns a feature on that is for tests, but where they ask for it.
fn turns_on(member: &Member, forbidden: &ForTests) -> bool {
    let by_dependency = member.uses.iter().any(|dependency| {
        let mut on = dependency.features.iter();
        on.any(|feature| feature == forbidden.feature)
    });
    let by_feature = member.features.iter().any(|feature| {
        let mut on = feature.turns_on.iter();
        if member.name == TESTS && feature.name == forbidden.turned_on_by {
            return false;
        }
        on.any(|on| {
            on.ends_with(forbidden.feature)
                || (member.name == TESTS && on == forbidden.turned_on_by)
        })
    });
    by_dependency || by_feature
}

fn rule_against(member: &str, allowed: &[&str], dependency: &Dependency) -> Option<&'static str> {
    let name = dependency.name.as_str();
    if name == TESTING {
        return (!dependency.dev).then_some("fakes and builders are for tests only");
    }
    if is_ours(name) {
        return (!allowed.contains(&name)).then_some("arrows point down, and not sideways");
    }
    if PURE.contains(&member) && IMPURE.contains(&name) && !dependency.dev {
        return Some("domain, qr and fhir have no clock, no network and no files");
    }
    if name == "reqwest" && is_core(member) && member != "sokhoe-client" {
        return Some("only client speaks HTTP in the core");
    }
    RESERVED
        .iter()
        .find(|(reserved, users, _)| *reserved == name && !users.contains(&member))
        .map(|(_, _, rule)| *rule)
}

fn is_ours(name: &str) -> bool {
    name == TESTS || MAY_USE.iter().any(|(known, _)| *known == name)
}

fn is_core(member: &str) -> bool {
    !matches!(member, "sokhoe-clinic" | "sokhoe-cli" | "xtask")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, uses: &[&str], dev: &[&str]) -> Member {
        let on = |names: &[&str], dev| -> Vec<Dependency> {
            names
                .iter()
                .map(|name| Dependency {
                    name: (*name).to_owned(),
                    dev,
                    features: Vec::new(),
                })
                .collect()
        };
        Member {
            name: name.to_owned(),
            uses: [on(uses, false), on(dev, true)].concat(),
            features: Vec::new(),
        }
    }

    #[test]
    fn the_design_breaks_no_rule() {
        let workspace = [
            member("sokhoe-domain", &["chrono"], &["sokhoe-testing"]),
            member("sokhoe-qr", &["sokhoe-domain"], &["proptest", "tokio"]),
            member(
                "sokhoe-vault",
                &["sokhoe-domain", "sokhoe-fhir", "rusqlite"],
                &[],
            ),
            member(
                "sokhoe-client",
                &["sokhoe-fhir", "reqwest"],
                &["sokhoe-testing"],
            ),
            member("sokhoe-sync", &["sokhoe-vault", "sokhoe-client"], &[]),
            member("sokhoe-app", &["sokhoe-sync", "sokhoe-qr"], &[]),
            member("sokhoe-ffi", &["sokhoe-app", "uniffi"], &[]),
            member(
                "sokhoe-sqlcipher",
                &["aes", "libsqlite3-sys", "rusqlite"],
                &[],
            ),
            member(
                "sokhoe-tests",
                &["sokhoe-testing", "sokhoe-clinic", "reqwest"],
                &["rusqlite"],
            ),
        ];
        assert_eq!(breaches(&workspace), []);
    }

    #[test]
    fn what_is_for_tests_is_turned_on_by_them_alone() {
        let with = |name: &str, feature: &str, turns_on: &str| Member {
            features: vec![Feature {
                name: feature.to_owned(),
                turns_on: vec![turns_on.to_owned()],
            }],
            ..member(name, &[], &[])
        };
        for ForTests {
            feature,
            turned_on_by,
            ..
        } in FOR_TESTS
        {
            let on = format!("sokhoe-vault/{feature}");
            assert_eq!(breaches(&[with(TESTS, turned_on_by, &on)]), []);
            let mut by_dependency = member("sokhoe-app", &["sokhoe-vault"], &[]);
            by_dependency.uses[0].features.push(feature.to_owned());
            for breaking in [
                with(TESTS, "default", turned_on_by),
                with(TESTS, "peers", &on),
                with("sokhoe-ffi", "measuring", &on),
                with("sokhoe-vault", "default", feature),
                by_dependency,
            ] {
                assert_eq!(
                    breaches(std::slice::from_ref(&breaking)).len(),
                    1,
                    "{breaking:?}"
                );
            }
        }
    }

    #[test]
    fn every_kind_of_breach_is_caught() {
        let breaking = [
            member("sokhoe-domain", &["sokhoe-fhir"], &[]),
            member("sokhoe-vault", &["sokhoe-client"], &[]),
            member("sokhoe-client", &[], &["sokhoe-vault"]),
            member("sokhoe-qr", &["sokhoe-fhir"], &[]),
            member("sokhoe-fhir", &["tokio"], &[]),
            member("sokhoe-app", &["rusqlite"], &[]),
            member("sokhoe-app", &[], &["rusqlite"]),
            member("sokhoe-sync", &["reqwest"], &[]),
            member("sokhoe-app", &["uniffi"], &[]),
            member("sokhoe-app", &["sokhoe-testing"], &[]),
            member("sokhoe-app", &["sokhoe-clinic"], &[]),
            member("sokhoe-ffi", &["sokhoe-vault"], &[]),
            member("sokhoe-sqlcipher", &["sokhoe-domain"], &[]),
            member("sokhoe-vault", &["libsqlite3-sys"], &[]),
            member("sokhoe-app", &[], &["sokhoe-tests"]),
            member("sokhoe-new", &[], &[]),
        ];
        for broken in breaking {
            assert_eq!(
                breaches(std::slice::from_ref(&broken)).len(),
                1,
                "{broken:?}"
            );
        }
    }
}
