use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::*;

fn patient(rest: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"p"{rest}}}"#)
}

fn paths(merged: &Merged) -> Vec<&str> {
    merged.conflicts.iter().map(|c| c.path.as_str()).collect()
}

const MOBILE: &str = r#","telecom":[{"system":"phone","use":"mobile","value":"0901"},{"system":"email","value":"a@b.vn"}]"#;

#[test]
fn one_side_alone_changes_the_number() {
    let base = patient(MOBILE);
    let ours = base.replace("0901", "0902");
    let theirs = base.replace("a@b.vn", "c@d.vn");
    let merged = merge(&base, &ours, &theirs).unwrap();
    assert_eq!(merged.json, theirs.replace("0901", "0902"));
    assert_eq!(merged.conflicts, []);
}

#[test]
fn both_change_the_same_number() {
    let base = patient(MOBILE);
    let ours = base.replace("0901", "0902");
    let theirs = base.replace("0901", "0903");
    let merged = merge(&base, &ours, &theirs).unwrap();
    assert_eq!(merged.json, theirs);
    let conflict = Conflict {
        path: "telecom[phone,mobile,].value".to_owned(),
        base: Some(r#""0901""#.to_owned()),
        ours: Some(r#""0902""#.to_owned()),
        theirs: Some(r#""0903""#.to_owned()),
    };
    assert_eq!(merged.conflicts, [conflict]);
    let mine = merge_with(&base, &ours, &theirs, Standing::Ours).unwrap();
    assert_eq!(mine.json, ours);
    // Asked again from what the clinic has, nothing is left to decide.
    let again = merge(&theirs, &mine.json, &theirs).unwrap();
    assert_eq!((again.json, again.conflicts), (ours, Vec::new()));
}

#[test]
fn numbers_that_differ_in_nothing_but_their_digits_are_told_apart_by_them() {
    let number = |numbers: &[&str]| {
        let all: Vec<_> = numbers
            .iter()
            .map(|n| format!(r#"{{"system":"phone","value":"{n}"}}"#))
            .collect();
        patient(&format!(r#","telecom":[{}]"#, all.join(",")))
    };
    let merged = merge(
        &number(&["1", "2"]),
        &number(&["3", "2"]),
        &number(&["2", "1", "4"]),
    )
    .unwrap();
    assert_eq!(
        (merged.json, merged.conflicts),
        (number(&["2", "4", "3"]), Vec::new())
    );
}

#[test]
fn facts_are_the_clinics_and_keep_their_bytes() {
    let base = patient(r#","birthDate":"1950","multipleBirthInteger":1,"telecom":[{"value":"1"}]"#);
    let ours = base
        .replace("1950", "1951")
        .replace(r#""value":"1""#, r#""value":"2""#);
    let theirs = base.replace(
        r#""birthDate":"1950""#,
        r#""meta":{ "versionId" : "2" },"birthDate":"1950-01-02","x":[1.50 , {"y":-0e1}]"#,
    );
    let merged = merge(&base, &ours, &theirs).unwrap();
    assert_eq!(
        merged.json,
        theirs.replace(r#""value":"1""#, r#""value":"2""#)
    );
    assert_eq!(merged.conflicts, []);
}

#[test]
fn an_address_is_one_value() {
    let address = |line: &str, city: &str| {
        patient(&format!(
            r#","address":[{{"use":"home","line":["{line}"],"city":"{city}"}}]"#
        ))
    };
    let theirs = address("1", "Sơn La");
    let merged = merge(&address("1", "Hà Nội"), &address("2", "Hà Nội"), &theirs).unwrap();
    assert_eq!(merged.json, theirs);
    assert_eq!(paths(&merged), ["address[home]"]);
}

#[test]
fn what_one_side_removed_and_the_other_changed_is_kept_beside() {
    let base = patient(MOBILE);
    let without = patient(r#","telecom":[{"system":"email","value":"a@b.vn"}]"#);
    let changed = base.replace("0901", "0902");
    let merged = merge(&base, &changed, &without).unwrap();
    assert_eq!(merged.json, without);
    assert!(merged.conflicts[0].ours.as_ref().unwrap().contains("0902"));
    let merged = merge(&base, &without, &changed).unwrap();
    assert_eq!(merged.json, changed);
    assert_eq!(merged.conflicts[0].ours, None);
    // The last of a list takes the list along.
    let one = patient(r#","telecom":[{"value":"1"}]"#);
    assert_eq!(merge(&one, &patient(""), &one).unwrap().json, patient(""));
}

#[test]
fn a_reading_is_the_persons_as_long_as_nobody_else_performed_it() {
    let reading = |performer: &str, value: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"o","performer":[{{"reference":"{performer}"}}],"valueQuantity":{{"value":{value}}}}}"#
        )
    };
    let own = merge(
        &reading("Patient/p", "6.10"),
        &reading("Patient/p", "6.1"),
        &reading("Patient/p", "6.10"),
    );
    assert_eq!(own.unwrap().json, reading("Patient/p", "6.1"));
    for theirs in ["Practitioner/d", ""] {
        let base = reading(theirs, "6.10");
        assert_eq!(
            merge(&base, &reading("Patient/p", "7"), &base)
                .unwrap()
                .json,
            base
        );
    }
    assert!(is_own_observation(&reading(
        "https://a.vn/fhir/RelatedPerson/r",
        "1"
    )));
    assert!(!is_own_observation(&patient("")));
    // One that the phone made has no base.
    let made = reading("Patient/p", "5");
    let stored = made.replace(r#""id""#, r#""meta":{"versionId":"1"},"id""#);
    let merged = merge("{}", &made, &stored).unwrap();
    assert_eq!((merged.json, merged.conflicts), (stored, Vec::new()));
}

#[test]
fn of_notes_only_those_that_the_person_signed_are_theirs() {
    let note = |author: &str, text: &str| {
        format!(r#"{{"authorReference":{{"reference":"{author}"}},"text":"{text}"}}"#)
    };
    let condition = |notes: &[String]| {
        format!(
            r#"{{"resourceType":"Condition","id":"c","note":[{}]}}"#,
            notes.join(",")
        )
    };
    let (mine, doctors) = (
        note("Patient/p", "it itches"),
        note("Practitioner/d", "psoriasis"),
    );
    let base = condition(&[doctors.clone(), mine]);
    let ours = condition(&[
        note("Practitioner/d", "nothing"),
        note("Patient/p", "better"),
    ]);
    let merged = merge(&base, &ours, &base).unwrap();
    assert_eq!(
        merged.json,
        condition(&[doctors, note("Patient/p", "better")])
    );
    assert_eq!(merged.conflicts, []);
}

#[test]
fn lists_of_primitives_stay_with_their_extensions() {
    let contact = |given: &str, extensions: &str| {
        patient(&format!(
            r#","contact":[{{"x":{given},"_x":{extensions}}}]"#
        ))
    };
    let base = contact(r#"["a","b"]"#, r#"[null,{"id":"1"}]"#);
    let ours = contact(r#"["b"]"#, r#"[{"id":"1"}]"#);
    let theirs = contact(r#"["a","b"]"#, r#"[{"id":"2"},{"id":"1"}]"#);
    let merged = merge(&base, &ours, &theirs).unwrap();
    assert_eq!(merged.json, theirs);
    assert_eq!(merged.conflicts.len(), 2);
    assert_eq!(merge(&base, &ours, &base).unwrap().json, ours);
}

#[test]
fn what_is_not_one_resource_is_not_merged() {
    let other = r#"{"resourceType":"Patient","id":"q"}"#;
    assert!(merge("{}", &patient(""), other).is_err());
    assert!(merge("{}", &patient(""), "[]").is_err());
    let twice = patient(r#","gender":"male","gender":"female""#);
    assert!(merge("{}", &patient(""), &twice).is_err());
}

#[test]
fn texts_say_the_same_whatever_their_order() {
    let one = patient(r#","telecom":[{"value":"1"},{"value":"2","system":"phone"}]"#);
    let other = r#"{"id":"p","telecom":[{"system":"phone","value":"\u0032"},{"value":"1"}],"resourceType":"Patient"}"#;
    assert!(says_the_same(&one, other).unwrap());
    assert!(!says_the_same(&one, &one.replace("2", "2 ")).unwrap());
    let lines = patient(r#","line":["1","2"]"#);
    assert!(!says_the_same(&lines, &patient(r#","line":["2","1"]"#)).unwrap());
}

/// Elements of the fields that a person may write: the field, the key, the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    field: usize,
    slot: usize,
    text: String,
}

const FIELDS: [&str; 4] = ["telecom", "address", "contact", "communication"];

impl Element {
    fn json(&self) -> String {
        let (slot, text) = (self.slot, &self.text);
        match FIELDS[self.field] {
            "telecom" => format!(r#"{{"system":"phone","use":"u{slot}","value":"{text}"}}"#),
            "address" => format!(r#"{{"use":"u{slot}","text":"{text}"}}"#),
            "contact" => {
                format!(r#"{{"relationship":[{{"text":"r{slot}"}}],"name":{{"text":"{text}"}}}}"#)
            }
            _ => format!(r#"{{"language":{{"text":"l{slot}"}},"note":"{text}"}}"#),
        }
    }
}

fn document(elements: &[Element]) -> String {
    let mut members = String::new();
    for (field, name) in FIELDS.iter().enumerate() {
        let of_field: Vec<_> = elements
            .iter()
            .filter(|e| e.field == field)
            .map(Element::json)
            .collect();
        if !of_field.is_empty() {
            members.push_str(&format!(r#","{name}":[{}]"#, of_field.join(",")));
        }
    }
    patient(&members)
}

/// What each of 12 places holds; nothing for none.
fn places() -> impl Strategy<Value = Vec<Option<String>>> {
    proptest::collection::vec(proptest::option::weighted(0.7, "[a-c]"), 12)
}

fn elements(places: &[Option<String>], who: &str) -> Vec<Element> {
    let all = places.iter().enumerate().filter_map(|(place, text)| {
        Some(Element {
            field: place / 3,
            slot: place % 3,
            // What was not changed is everybody's.
            text: text.as_ref().map(|text| match text.as_str() {
                "a" => format!("base-{place}"),
                other => format!("{who}-{other}-{place}"),
            })?,
        })
    });
    all.collect()
}

proptest! {
    #[test]
    fn a_side_that_changed_nothing_gives_way(base in places(), other in places()) {
        let (base, other) = (document(&elements(&base, "b")), document(&elements(&other, "o")));
        let theirs = merge(&base, &base, &other).unwrap();
        prop_assert_eq!((theirs.json, theirs.conflicts), (other.clone(), Vec::new()));
        let ours = merge(&base, &other, &base).unwrap();
        prop_assert!(says_the_same(&ours.json, &other).unwrap());
        prop_assert_eq!(ours.conflicts, Vec::new());
        let both = merge(&base, &other, &other).unwrap();
        prop_assert_eq!((both.json, both.conflicts), (other, Vec::new()));
    }

    #[test]
    fn nothing_that_the_person_wrote_is_lost(base in places(), ours in places(), theirs in places()) {
        let written = elements(&ours, "o");
        let (base, ours, theirs) =
            (document(&elements(&base, "b")), document(&written), document(&elements(&theirs, "t")));
        let merged = merge(&base, &ours, &theirs).unwrap();
        for element in written.iter().filter(|e| e.text.starts_with("o-")) {
            let text = format!("\"{}\"", element.text);
            let beside = merged.conflicts.iter().filter_map(|c| c.ours.as_deref());
            prop_assert!(merged.json.contains(&text) || beside.into_iter().any(|c| c.contains(&text)));
        }
        // What the clinic has is there, unless the person alone took it away.
        for text in ["t-b", "t-c"] {
            prop_assert_eq!(merged.json.matches(text).count(), theirs.matches(text).count());
        }
        // Doing it again changes nothing.
        let again = merge(&base, &merged.json, &theirs).unwrap();
        prop_assert_eq!((&again.json, again.conflicts.len()), (&merged.json, 0));
        let from_theirs = merge(&theirs, &merged.json, &theirs).unwrap();
        prop_assert_eq!((&from_theirs.json, from_theirs.conflicts.len()), (&merged.json, 0));
        // A decision for all of it leaves nothing of the person's out.
        let mine = merge_with(&base, &ours, &theirs, Standing::Ours).unwrap();
        prop_assert_eq!(&mine.conflicts, &merged.conflicts);
        for element in written.iter().filter(|e| e.text.starts_with("o-")) {
            let text = format!("\"{}\"", element.text);
            prop_assert!(mine.json.contains(&text));
        }
    }

    #[test]
    fn changes_of_different_elements_both_stay(
        base in places(),
        ours in subsequence((0..12_usize).collect::<Vec<_>>(), 0..6),
        theirs in subsequence((0..12_usize).collect::<Vec<_>>(), 0..6),
    ) {
        let change = |places: &[usize], word: &str| {
            let mut changed = base.clone();
            for place in places {
                changed[*place] = Some(word.to_owned());
            }
            changed
        };
        let theirs: Vec<_> = theirs.into_iter().filter(|place| !ours.contains(place)).collect();
        let mut both = change(&ours, "b");
        for place in &theirs {
            both[*place] = Some("c".to_owned());
        }
        let text = |places: &[Option<String>]| document(&elements(places, "x"));
        let merged = merge(&text(&base), &text(&change(&ours, "b")), &text(&change(&theirs, "c"))).unwrap();
        prop_assert_eq!(&merged.conflicts, &Vec::new());
        prop_assert!(says_the_same(&merged.json, &text(&both)).unwrap());
    }

    #[test]
    fn the_order_of_elements_says_nothing(
        base in places(), ours in places(), theirs in places(),
        swaps in proptest::collection::vec((any::<Index>(), any::<Index>()), 0..12),
    ) {
        let ours = elements(&ours, "o");
        let mut shuffled = ours.clone();
        for (one, other) in swaps {
            if !shuffled.is_empty() {
                let (one, other) = (one.index(shuffled.len()), other.index(shuffled.len()));
                shuffled.swap(one, other);
            }
        }
        let (base, theirs) = (document(&elements(&base, "b")), document(&elements(&theirs, "t")));
        let one = merge(&base, &document(&ours), &theirs).unwrap();
        let other = merge(&base, &document(&shuffled), &theirs).unwrap();
        prop_assert!(says_the_same(&one.json, &other.json).unwrap());
        prop_assert_eq!(one.conflicts.len(), other.conflicts.len());
    }
}
