use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::{
    ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_assert_ne, proptest,
};
use sokhoe_domain::ports::{Rng, VaultFiles};
use sokhoe_domain::{BookingState, ClinicId};
use sokhoe_testing::SeededRng;

use super::record::{Record, WrittenBooking};
use super::{Damage, IntentId, Journal, RecordText, WrittenBlob, WrittenDocument, WrittenIntent};
use crate::FolderFiles;
use crate::keys::{HeldKey, VaultKey};

fn key(byte: u8) -> Arc<HeldKey> {
    Arc::new(HeldKey::new(VaultKey::of_bytes(byte)))
}

struct Desk {
    folder: tempfile::TempDir,
    journal: Journal,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let files: Arc<dyn VaultFiles> = Arc::new(FolderFiles::open(folder.path()).unwrap());
    let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(1));
    let journal = Journal::new(&files, &rng, "me", key(7));
    Desk { folder, journal }
}

impl Desk {
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("me.journal")).unwrap()
    }

    fn lay(&self, bytes: &[u8]) {
        std::fs::write(self.folder.path().join("me.journal"), bytes).unwrap();
    }

    fn live(&self) -> Vec<IntentId> {
        let contents = self.journal.read().unwrap();
        contents.live.iter().map(|intent| intent.id).collect()
    }
}

fn id(n: u64) -> IntentId {
    IntentId::new(
        sokhoe_domain::Timestamp::from_millis(i64::try_from(n).unwrap()),
        &SeededRng::new(n),
    )
}

fn intent(n: u64) -> WrittenIntent {
    WrittenIntent {
        id: id(n),
        clinic: ClinicId::from("a"),
        asks: "book".to_owned(),
        thing: id(n).to_string(),
        body: "{\"slot_id\":\"canary\"}".to_owned(),
        created: 1,
        booking: WrittenBooking {
            id: id(n),
            clinic: ClinicId::from("a"),
            start: 1,
            end: 2,
            service: "Khám tim mạch".to_owned(),
            practitioner: String::new(),
            location: String::new(),
            state: BookingState::WaitingForNetwork,
            updated: 1,
            asked: None,
            occurrence: None,
            changeable_until: None,
        },
    }
}

fn document(n: u64) -> WrittenDocument {
    let byte = u8::try_from(n % 256).unwrap();
    WrittenDocument {
        id: id(n),
        resource: format!(r#"{{"title":"Đơn thuốc {n}"}}"#),
        received: 1,
        blob: WrittenBlob {
            hash: [byte; 32],
            length: n,
            file: [byte; 16],
            key: [byte; 32].into(),
        },
    }
}

#[test]
fn documents_stay_until_they_are_done_also_beside_intents() {
    let desk = desk();
    let journal = &desk.journal;
    for n in 1..=100 {
        journal.add_document(&document(n)).unwrap();
        journal.keep_document(id(n)).unwrap();
    }
    let head = desk.bytes()[..17].to_vec();
    journal.add(&[intent(200)]).unwrap();
    journal.keep(&[id(200)]).unwrap();
    journal.done(&[id(200)]).unwrap();
    journal.done(&[id(7)]).unwrap();
    assert_eq!(desk.bytes()[..17], head, "what waits is no garbage");
    // What is so of one by now.
    let mut moved = document(8);
    moved.blob.file = [9; 16];
    journal.add_document(&moved).unwrap();
    let contents = journal.read().unwrap();
    assert_eq!(contents.documents.len(), 99);
    assert_eq!(contents.kept.len(), 99);
    assert!(contents.documents.contains(&moved) && contents.live.is_empty());
    journal.rewrite(&contents).unwrap();
    let again = journal.read().unwrap();
    assert_eq!(
        (again.documents, again.kept),
        (contents.documents, contents.kept)
    );
    let all: Vec<IntentId> = (1..=100).map(id).collect();
    journal.done(&all).unwrap();
    assert!(!journal.is_there().unwrap());
}

/// Written by this program when documents were new: their form never changes.
#[test]
fn a_record_of_a_document_reads_as_it_was_written() {
    let text = concat!(
        r#"{"kind":"document","id":"00000000-0001-7001-8001-010101010101","resource":"{}","received":5,"#,
        r#""blob":{"hash":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=","length":3,"#,
        r#""file":"AwMDAwMDAwMDAwMDAwMDAw==","key":"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ="}}"#,
    );
    let Some(Record::Document(read)) = Record::parse(&RecordText::new(text.to_owned())) else {
        panic!("no document")
    };
    let blob = &read.blob;
    assert_eq!(
        (blob.hash, blob.length, blob.file, *blob.key),
        ([2; 32], 3, [3; 16], [4; 32])
    );
    assert_eq!(*Record::Document(read).text().unwrap(), text);
    for (record, text) in [
        (Record::DocumentKept { id: id(1) }, "document-kept"),
        (Record::DocumentDone { id: id(1) }, "document-done"),
    ] {
        assert!(
            record
                .text()
                .unwrap()
                .starts_with(&format!(r#"{{"kind":"{text}""#))
        );
    }
    let debug = format!("{:?}", document(1));
    assert!(
        !debug.contains("thuốc") && !debug.contains("key"),
        "{debug}"
    );
}

#[test]
fn what_waits_is_there_and_what_is_done_leaves_no_file() {
    let desk = desk();
    let journal = &desk.journal;
    assert!(!journal.is_there().unwrap());
    for n in 1..4 {
        journal.add(&[intent(n)]).unwrap();
    }
    journal.keep(&[id(1)]).unwrap();
    journal.keep(&[id(3)]).unwrap();
    journal.abort(&[id(2)]).unwrap();
    let contents = journal.read().unwrap();
    assert_eq!(contents.live, [intent(1), intent(3)]);
    assert_eq!(contents.kept, [id(1), id(3)].into());
    assert_eq!(contents.damage, Damage::None);
    journal.done(&[id(9)]).unwrap();
    journal.done(&[id(1)]).unwrap();
    assert_eq!(desk.live(), [id(3)]);
    journal.done(&[id(3)]).unwrap();
    assert!(!journal.is_there().unwrap(), "nothing waits: no file");
    journal.done(&[id(3)]).unwrap();
    assert!(!journal.is_there().unwrap());
}

#[test]
fn a_long_life_keeps_the_file_short_and_no_key_is_used_for_two_files() {
    let desk = desk();
    desk.journal.add(&[intent(1)]).unwrap();
    desk.journal.keep(&[id(1)]).unwrap();
    let mut heads = BTreeSet::from([desk.bytes()[..17].to_vec()]);
    let mut longest = 0;
    for n in 2..200 {
        desk.journal.add(&[intent(n)]).unwrap();
        desk.journal.keep(&[id(n)]).unwrap();
        desk.journal.done(&[id(n)]).unwrap();
        longest = longest.max(desk.bytes().len());
        heads.insert(desk.bytes()[..17].to_vec());
    }
    assert_eq!(desk.live(), [id(1)]);
    assert!(longest < 40_000, "{longest}");
    assert!(heads.len() > 3, "written anew with another id");
}

#[test]
fn nothing_is_in_the_clear_and_another_key_reads_nothing() {
    let desk = desk();
    desk.journal.add(&[intent(1)]).unwrap();
    let bytes = desk.bytes();
    for canary in ["canary", "Khám", "book"] {
        assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()));
    }
    let other = Journal {
        key: key(8),
        files: Arc::clone(&desk.journal.files),
        rng: Arc::clone(&desk.journal.rng),
        name: desk.journal.name.clone(),
        suspect: false.into(),
    };
    assert!(other.read().unwrap().live.is_empty());
    assert_ne!(other.read().unwrap().damage, Damage::None);
}

#[test]
fn an_append_that_was_cut_anywhere_takes_nothing_along() {
    let desk = desk();
    desk.journal.add(&[intent(1)]).unwrap();
    let before = desk.bytes().len();
    desk.journal.add(&[intent(2)]).unwrap();
    let whole = desk.bytes();
    for cut in before..whole.len() {
        desk.lay(&whole[..cut]);
        let contents = desk.journal.read().unwrap();
        assert_eq!(contents.live, [intent(1)], "{cut}");
        let torn = if cut == before {
            Damage::None
        } else {
            Damage::TornTail
        };
        assert_eq!(contents.damage, torn, "{cut}");
        // What comes next is found, though it follows a torn end.
        desk.journal.add(&[intent(3)]).unwrap();
        assert_eq!(desk.live(), [id(1), id(3)], "{cut}");
        assert_eq!(desk.journal.read().unwrap().damage, Damage::None);
        // The space may be there, what was written into it not.
        let mut zeros = whole[..cut].to_vec();
        zeros.resize(whole.len() + 100, 0);
        desk.lay(&zeros);
        assert_eq!(desk.live(), [id(1)], "{cut}");
    }
}

#[test]
fn a_kind_of_a_newer_program_stays() {
    let desk = desk();
    desk.journal.add(&[intent(1)]).unwrap();
    let mut bytes = desk.bytes();
    let (key, _) = desk.journal.read().unwrap().file.unwrap();
    let newer = RecordText::new(r#"{"kind":"measured","id":"x","value":120}"#.to_owned());
    key.seal(&mut bytes, 1, &newer, &SeededRng::new(5)).unwrap();
    desk.lay(&bytes);
    desk.journal.done(&[id(1)]).unwrap();
    let contents = desk.journal.read().unwrap();
    assert!(contents.live.is_empty());
    assert_eq!(contents.unknown, [newer]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a document says comes back the same, through the sealed file, too.
    #[test]
    fn any_document_comes_back(
        resource in ".{0,300}",
        received in any::<i64>(),
        length in any::<u64>(),
        hash in any::<[u8; 32]>(),
        file in any::<[u8; 16]>(),
        key in any::<[u8; 32]>(),
        seed in 1_u64..1_000,
    ) {
        let written = WrittenDocument {
            id: id(seed),
            resource,
            received,
            blob: WrittenBlob { hash, length, file, key: key.into() },
        };
        let text = Record::Document(Box::new(written.clone())).text().unwrap();
        let Some(Record::Document(read)) = Record::parse(&text) else { panic!("no document") };
        prop_assert!(*read == written);
        let desk = desk();
        desk.journal.add_document(&written).unwrap();
        prop_assert!(desk.journal.read().unwrap().documents == [written]);
    }

    /// Any other text in the place of the bytes is no document, and nothing panics.
    #[test]
    fn a_document_with_other_bytes_is_none(field in "hash|file|key", bytes in "[A-Za-z0-9+/=]{0,50}") {
        let text = Record::Document(Box::new(document(3))).text().unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let before = value["blob"][&field].clone();
        value["blob"][&field] = bytes.clone().into();
        let read = Record::parse(&RecordText::new(value.to_string()));
        let length = |text: &str| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.decode(text).map(|bytes| bytes.len()).ok()
        };
        let fits = length(&bytes).is_some() && length(&bytes) == before.as_str().and_then(length);
        prop_assert_eq!(matches!(read, Some(Record::Document(_))), fits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// One altered byte costs at most the frame that it is in (all that follow, when it is a length or
    /// in the head), is noticed, and nothing that was not written comes out.
    #[test]
    fn damage_is_noticed_and_costs_little(count in 2_u64..6, at in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let desk = desk();
        let mut ends = vec![0];
        for n in 1..=count {
            desk.journal.add(&[intent(n)]).unwrap();
            ends.push(desk.bytes().len());
        }
        let mut bytes = desk.bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        desk.lay(&bytes);
        let contents = desk.journal.read().unwrap();
        prop_assert_ne!(contents.damage, Damage::None);
        let frame = ends.iter().filter(|end| **end <= at).count();
        for (n, written) in (1..=count).map(|n| (n, intent(n))) {
            if usize::try_from(n).unwrap() < frame {
                prop_assert!(contents.live.contains(&written), "frame {n} was before the damage");
            }
        }
        for written in &contents.live {
            prop_assert!((1..=count).any(|n| intent(n) == *written));
        }
        // The bytes are kept when they may hold more than a torn end.
        let altered = contents.damage == Damage::Altered;
        desk.journal.add(&[intent(99)]).unwrap();
        prop_assert!(desk.live().contains(&id(99)));
        let aside = desk.folder.path().join("me.damaged-1.journal");
        prop_assert_eq!(aside.exists(), altered);
        if altered {
            prop_assert_eq!(std::fs::read(aside).unwrap(), bytes);
        }
    }
}
