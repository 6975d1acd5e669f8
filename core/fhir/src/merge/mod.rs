//! A resource that the person changed here while the clinic changed it there.
//!
//! [`merge`] compares both with what they began from. What the clinic says is the clinic's; the person's own
//! words (`fields`) are taken from whoever changed them, and where both did, differently, the clinic's stand in
//! the resource and the person's are given beside it: nothing that the person wrote is dropped. Elements of
//! arrays are found by what they are (`keys`), never by their place. Whatever is not touched keeps its bytes.

mod fields;
mod keys;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use sokhoe_domain::planted::{Bug, is_planted};

use crate::FhirError;
use crate::json::{Document, Node, Object};
pub use fields::is_own_observation;
use fields::{Author, author};
use keys::{by_member, canonical, has_element_keys, keys_of};

/// What two changes make together.
#[derive(Clone, PartialEq, Eq)]
pub struct Merged {
    /// The resource.
    pub json: String,
    /// What both changed, in the order of the resource.
    pub conflicts: Vec<Conflict>,
}

impl fmt::Debug for Merged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merged")
            .field("conflicts", &self.conflicts.len())
            .finish_non_exhaustive()
    }
}

/// Words of the person that the clinic changed, too. The values are JSON as it came; nothing where there is none.
#[derive(Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Where, e.g. `telecom[phone,mobile].value`. Keys of elements may hold personal data.
    pub path: String,
    /// What both began from.
    pub base: Option<String>,
    /// What the person wrote.
    pub ours: Option<String>,
    /// What the clinic has.
    pub theirs: Option<String>,
}

impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict").finish_non_exhaustive()
    }
}

/// Whose words stand where both changed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The person decided for their own.
    Ours,
    /// The clinic's, as long as nobody decided.
    Theirs,
}

/// Merges what the person wrote (`ours`) and what the clinic has now (`theirs`), which both began from `base`:
/// `{}` when the person made the resource.
///
/// # Errors
/// When one of them is no JSON object, when they are not one resource, or when a member stands twice.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, FhirError> {
    merge_with(base, ours, theirs, Standing::Theirs)
}

/// As [`merge`], with the person's decision about what both changed. The conflicts are those decided.
///
/// # Errors
/// As [`merge`].
pub fn merge_with(
    base: &str,
    ours: &str,
    theirs: &str,
    standing: Standing,
) -> Result<Merged, FhirError> {
    let documents = [
        Document::parse(base)?,
        Document::parse(ours)?,
        Document::parse(theirs)?,
    ];
    let versions = Versions {
        base: Some(documents[0].root()),
        ours: Some(documents[1].root()),
        theirs: Some(documents[2].root()),
    };
    let root = documents[2].root();
    for name in ["resourceType", "id"] {
        if !same(member(Some(root), name), member(versions.ours, name)) {
            return Err(FhirError::Unexpected {
                expected: "versions of one resource",
            });
        }
    }
    if documents.iter().any(|d| repeats_a_name(d.root())) {
        return Err(FhirError::Unexpected {
            expected: "each member once",
        });
    }
    let mut merging = Merging {
        standing,
        conflicts: Vec::new(),
    };
    let json = merging.resource(versions).into_owned();
    Ok(Merged {
        json,
        conflicts: merging.conflicts,
    })
}

/// The clinic's resource with the person's words of `ours`; nothing when `ours` says anything else otherwise, or when
/// its words are not of FHIR's form (lists of objects).
#[must_use]
pub fn keeps_the_clinics_facts(theirs: &str, ours: &str) -> Option<String> {
    let merged = merge(theirs, ours, theirs).ok()?;
    let words_are_lists = Document::parse(ours)
        .ok()?
        .root()
        .fields()
        .all(|(key, value)| {
            !fields::OF_PATIENT.iter().any(|name| key.is_text(name))
                || value.is_array() && value.items().all(Node::is_object)
        });
    let same = says_the_same(&merged.json, ours).unwrap_or(false);
    (merged.conflicts.is_empty() && words_are_lists && same).then_some(merged.json)
}

/// Whether a resource says what `json` says and nothing else, but for what a server adds of its own (`meta`).
pub(crate) fn says_nothing_else(resource: Node<'_>, json: &str) -> Result<bool, FhirError> {
    let mut plain = Object::new();
    for (key, value) in resource.fields() {
        if !key.is_text("meta") {
            let name = key.text().unwrap_or_default();
            plain = plain.raw(&name, value.raw());
        }
    }
    says_the_same(&plain.finish(), json)
}

/// Whether two texts say the same: members may stand in another order, as may elements that have keys.
///
/// # Errors
/// When one is no JSON object.
pub fn says_the_same(one: &str, other: &str) -> Result<bool, FhirError> {
    let (one, other) = (Document::parse(one)?, Document::parse(other)?);
    Ok(same(Some(one.root()), Some(other.root())))
}

/// One place in the three resources.
#[derive(Clone, Copy)]
struct Versions<'d> {
    base: Option<Node<'d>>,
    ours: Option<Node<'d>>,
    theirs: Option<Node<'d>>,
}

impl<'d> Versions<'d> {
    fn all(self) -> impl Iterator<Item = Node<'d>> {
        [self.base, self.ours, self.theirs].into_iter().flatten()
    }

    fn member(self, name: &str) -> Self {
        Self {
            base: member(self.base, name),
            ours: member(self.ours, name),
            theirs: member(self.theirs, name),
        }
    }

    /// The side that alone changed it, when it was only one or both say the same.
    fn agreed(self) -> Option<Option<Node<'d>>> {
        if same(self.ours, self.base) || same(self.ours, self.theirs) {
            Some(self.theirs)
        } else if same(self.theirs, self.base) {
            Some(self.ours)
        } else {
            None
        }
    }

    /// The names of the members, the clinic's first.
    fn names(self) -> Vec<(String, &'d str)> {
        let mut names: Vec<(String, &'d str)> = Vec::new();
        for (key, _) in [self.theirs, self.ours]
            .into_iter()
            .flatten()
            .flat_map(Node::fields)
        {
            let name = name_of(key).into_owned();
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, key.raw()));
            }
        }
        names
    }
}

fn name_of(key: Node<'_>) -> Cow<'_, str> {
    key.text()
        .unwrap_or_else(|| key.raw().trim_matches('"').into())
}

fn member<'d>(node: Option<Node<'d>>, name: &str) -> Option<Node<'d>> {
    node?
        .fields()
        .find(|(key, _)| key.is_text(name))
        .map(|(_, value)| value)
}

fn repeats_a_name(object: Node<'_>) -> bool {
    let mut names: Vec<_> = object.fields().map(|(key, _)| name_of(key)).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

fn same(one: Option<Node<'_>>, other: Option<Node<'_>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.raw() == other.raw() || canonical(one) == canonical(other),
        _ => false,
    }
}

fn raw(node: Option<Node<'_>>) -> Option<Cow<'_, str>> {
    node.map(|node| Cow::Borrowed(node.raw()))
}

/// The elements of arrays, found by the same key; nothing when they cannot be told apart.
type Keyed<'d> = [BTreeMap<String, Node<'d>>; 3];

fn keyed<'d>(name: &str, versions: Versions<'d>) -> Option<Keyed<'d>> {
    if !versions
        .all()
        .all(|node| node.is_array() && node.items().all(Node::is_object))
    {
        return None;
    }
    if is_planted(Bug::MergedByPlace) {
        return Some([versions.base, versions.ours, versions.theirs].map(|node| {
            let items = node.into_iter().flat_map(Node::items).enumerate();
            items
                .map(|(place, item)| (place.to_string(), item))
                .collect()
        }));
    }
    let by = |key: &dyn Fn(Node<'d>) -> Option<String>| -> Option<Keyed<'d>> {
        let mut found = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        for (side, node) in found
            .iter_mut()
            .zip([versions.base, versions.ours, versions.theirs])
        {
            for item in node.into_iter().flat_map(Node::items) {
                if side.insert(key(item)?, item).is_some() {
                    return None;
                }
            }
        }
        Some(found)
    };
    by(&|item| item.str("id").map(Cow::into_owned)).or_else(|| {
        keys_of(name)
            .iter()
            .find_map(|key| by(&|item| Some(key(item))))
    })
}

struct Merging {
    standing: Standing,
    conflicts: Vec<Conflict>,
}

impl Merging {
    fn resource<'d>(&mut self, versions: Versions<'d>) -> Cow<'d, str> {
        let is_own = fields::is_own(versions.base, versions.ours, versions.theirs);
        let kind = versions
            .theirs
            .and_then(|theirs| theirs.str("resourceType"))
            .unwrap_or_default();
        self.members("", versions, |merging, name, path, values| {
            match author(&kind, name, is_own) {
                Author::Clinic => raw(values.theirs),
                Author::Patient => merging.value(name, path, values),
                Author::WhoeverSigned => merging.notes(path, values),
            }
        })
    }

    /// Goes over the members of an object. One that comes out as the clinic has it keeps its bytes.
    fn members<'d>(
        &mut self,
        path: &str,
        versions: Versions<'d>,
        mut merge: impl FnMut(&mut Self, &str, &str, Versions<'d>) -> Option<Cow<'d, str>>,
    ) -> Cow<'d, str> {
        let mut out = String::from("{");
        let mut untouched = true;
        for (name, key) in versions.names() {
            let values = versions.member(&name);
            let path = match path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            let merged = match together(&name, versions) {
                // Places in one array are places in the other: they are taken from one side.
                Some(of_both) => {
                    let side = self.side(&of_both);
                    if side.is_none() && !same(values.ours, values.theirs) {
                        self.keep_beside(&path, values);
                    }
                    match side.unwrap_or(self.standing) {
                        Standing::Ours => raw(values.ours),
                        Standing::Theirs => raw(values.theirs),
                    }
                }
                None => merge(self, &name, &path, values),
            };
            untouched &= merged.as_deref() == values.theirs.map(Node::raw);
            if let Some(merged) = merged {
                if out.len() > 1 {
                    out.push(',');
                }
                out.push_str(key);
                out.push(':');
                out.push_str(&merged);
            }
        }
        out.push('}');
        match versions.theirs {
            Some(theirs) if untouched => theirs.raw().into(),
            _ => out.into(),
        }
    }

    /// The side that alone changed one of several values; nothing when both did.
    fn side(&self, values: &[Versions<'_>]) -> Option<Standing> {
        let ours = values.iter().any(|v| !same(v.ours, v.base));
        let theirs = values.iter().any(|v| !same(v.theirs, v.base));
        let agree = values.iter().all(|v| same(v.ours, v.theirs));
        match (ours, theirs) {
            (true, true) if !agree => None,
            (true, false) => Some(Standing::Ours),
            _ => Some(Standing::Theirs),
        }
    }

    fn value<'d>(
        &mut self,
        name: &str,
        path: &str,
        versions: Versions<'d>,
    ) -> Option<Cow<'d, str>> {
        if let Some(agreed) = versions.agreed() {
            return raw(agreed);
        }
        if has_element_keys(name)
            && let Some(elements) = keyed(name, versions)
        {
            return self.elements(path, versions, &elements, |merging, path, element| {
                merging.element(name, path, element)
            });
        }
        self.conflict(path, versions)
    }

    fn element<'d>(
        &mut self,
        name: &str,
        path: &str,
        versions: Versions<'d>,
    ) -> Option<Cow<'d, str>> {
        if let Some(agreed) = versions.agreed() {
            return raw(agreed);
        }
        let both = versions.ours.is_some() && versions.theirs.is_some();
        if both && by_member(name) && !versions.all().any(repeats_a_name) {
            let merged = self.members(path, versions, |merging, name, path, values| {
                merging.value(name, path, values)
            });
            return Some(merged);
        }
        self.conflict(path, versions)
    }

    /// Of notes only those that the person signed are theirs to change.
    fn notes<'d>(&mut self, path: &str, versions: Versions<'d>) -> Option<Cow<'d, str>> {
        let Some(elements) = keyed("note", versions) else {
            // Nobody can tell whose they are: the clinic's stay, what the person changed is told.
            if !same(versions.ours, versions.base) && !same(versions.ours, versions.theirs) {
                self.keep_beside(path, versions);
            }
            return raw(versions.theirs);
        };
        self.elements(path, versions, &elements, |merging, path, note| {
            if note.all().all(fields::is_signed_by_patient) {
                merging.element("note", path, note)
            } else {
                raw(note.theirs)
            }
        })
    }

    fn elements<'d>(
        &mut self,
        path: &str,
        versions: Versions<'d>,
        [base, ours, theirs]: &Keyed<'d>,
        mut merge: impl FnMut(&mut Self, &str, Versions<'d>) -> Option<Cow<'d, str>>,
    ) -> Option<Cow<'d, str>> {
        // The clinic's order, then what only the person has in theirs.
        let place = |side: &BTreeMap<String, Node<'d>>| {
            let mut keys: Vec<_> = side
                .iter()
                .map(|(key, node)| (key.clone(), *node))
                .collect();
            keys.sort_by_key(|(_, node)| node.span().map(|span| span.start));
            keys.into_iter().map(|(key, _)| key)
        };
        let mut order: Vec<String> = place(theirs).collect();
        order.extend(place(ours).filter(|key| !theirs.contains_key(key)));
        let mut out = String::from("[");
        let mut untouched = true;
        for key in order {
            let element = Versions {
                base: base.get(&key).copied(),
                ours: ours.get(&key).copied(),
                theirs: theirs.get(&key).copied(),
            };
            let merged = merge(self, &format!("{path}[{key}]"), element);
            untouched &= merged.as_deref() == element.theirs.map(Node::raw);
            if let Some(merged) = merged {
                if out.len() > 1 {
                    out.push(',');
                }
                out.push_str(&merged);
            }
        }
        out.push(']');
        match versions.theirs {
            theirs if untouched => raw(theirs),
            _ if out == "[]" => None,
            _ => Some(out.into()),
        }
    }

    fn conflict<'d>(&mut self, path: &str, versions: Versions<'d>) -> Option<Cow<'d, str>> {
        self.keep_beside(path, versions);
        raw(match self.standing {
            Standing::Ours => versions.ours,
            Standing::Theirs => versions.theirs,
        })
    }

    fn keep_beside(&mut self, path: &str, versions: Versions<'_>) {
        let text = |node: Option<Node<'_>>| node.map(|node| node.raw().to_owned());
        self.conflicts.push(Conflict {
            path: path.to_owned(),
            base: text(versions.base),
            ours: text(versions.ours),
            theirs: text(versions.theirs),
        });
    }
}

/// A list of primitives and the list of their extensions, when `name` is either and both are there.
fn together<'d>(name: &str, versions: Versions<'d>) -> Option<[Versions<'d>; 2]> {
    let values = name.strip_prefix('_').unwrap_or(name);
    let of_values = versions.member(values);
    let extensions = versions.member(&format!("_{values}"));
    (of_values.all().any(Node::is_array) && extensions.all().next().is_some())
        .then_some([of_values, extensions])
}
