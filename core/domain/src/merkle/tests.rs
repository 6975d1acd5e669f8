use std::convert::Infallible;

use proptest::prelude::*;
use ring::digest::{Context, SHA256};

use super::*;

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().try_into().unwrap()
}

/// A tree as RFC 9162 defines it, word for word.
fn naive(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => sha256(&[]),
        [one] => sha256(&[&[0], one]),
        many => {
            let mut k = 1;
            while 2 * k < many.len() {
                k *= 2;
            }
            sha256(&[&[1], &naive(&many[..k]), &naive(&many[k..])])
        }
    }
}

struct Whole<'a>(&'a [Vec<u8>]);

impl Nodes for Whole<'_> {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let (from, count) = (usize::try_from(index << level).unwrap(), 1 << level);
        Ok(naive(&self.0[from..from + count]))
    }
}

fn head(entries: &[Vec<u8>]) -> TreeHead {
    TreeHead {
        size: entries.len() as u64,
        root: naive(entries),
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

fn hash(text: &str) -> Hash {
    hex(text).try_into().unwrap()
}

/// The entries, roots and proofs by which implementations of Certificate Transparency are tested.
#[test]
fn the_vectors_of_certificate_transparency_hold() {
    let entries: Vec<Vec<u8>> = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    .map(hex)
    .to_vec();
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (size, expected) in (1..).zip(roots) {
        let found = root(sha256, size, &mut Whole(&entries)).unwrap();
        assert_eq!(found, hash(expected), "{size}");
    }
    assert_eq!(
        root(sha256, 0, &mut Whole(&[])).unwrap(),
        hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    let proof = |of: Option<Vec<Hash>>| of.unwrap();
    let mut nodes = Whole(&entries);
    assert_eq!(
        proof(inclusion_proof(sha256, 5, 8, &mut nodes).unwrap()),
        [
            hash("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
            hash("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            hash("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]
    );
    assert_eq!(
        proof(consistency_proof(sha256, 6, 8, &mut nodes).unwrap()),
        [
            hash("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
            hash("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            hash("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]
    );
    assert_eq!(
        proof(consistency_proof(sha256, 1, 8, &mut nodes).unwrap()),
        [
            hash("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
            hash("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
            hash("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
        ]
    );
}

fn entries(most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_entry_is_proved_and_no_other(entries in entries(70), place in any::<prop::sample::Index>(), flip in any::<(prop::sample::Index, u8)>()) {
        let (head, index) = (head(&entries), place.index(entries.len()));
        let (leaf, at) = (leaf_hash(sha256, &entries[index]), index as u64);
        let proof = inclusion_proof(sha256, at, head.size, &mut Whole(&entries)).unwrap().unwrap();
        prop_assert!(is_included(sha256, &leaf, at, &head, &proof));
        let mut other = leaf;
        other[0] ^= 1;
        prop_assert!(!is_included(sha256, &other, at, &head, &proof));
        prop_assert!(!is_included(sha256, &leaf, head.size, &head, &proof));
        prop_assert!(!is_included(sha256, &leaf, at, &head, &[&proof[..], &[leaf]].concat()));
        if !proof.is_empty() {
            prop_assert!(!is_included(sha256, &leaf, at, &head, &proof[1..]));
            let mut bent = proof.clone();
            bent[flip.0.index(proof.len())][usize::from(flip.1) % 32] ^= 1 << (flip.1 % 8);
            prop_assert!(!is_included(sha256, &leaf, at, &head, &bent));
        }
    }

    #[test]
    fn what_was_only_appended_to_is_consistent(entries in entries(70), cut in any::<prop::sample::Index>()) {
        let first = 1 + cut.index(entries.len());
        let (before, after) = (head(&entries[..first]), head(&entries));
        let proof = consistency_proof(sha256, before.size, after.size, &mut Whole(&entries)).unwrap().unwrap();
        prop_assert!(is_consistent(sha256, &before, &after, &proof));
        prop_assert!(!is_consistent(sha256, &after, &before, &proof) || before.size == after.size);
        let padded = [&proof[..], &[before.root]].concat();
        prop_assert!(!is_consistent(sha256, &before, &after, &padded));
    }

    #[test]
    fn a_log_whose_past_was_changed_is_not(entries in entries(70), cut in any::<prop::sample::Index>(), place in any::<prop::sample::Index>()) {
        let first = 1 + cut.index(entries.len());
        let before = head(&entries[..first]);
        let mut forged = entries.clone();
        forged[place.index(first)].push(7);
        let after = head(&forged);
        // The best that a forger can do is a proof over what is there now.
        let proof = consistency_proof(sha256, before.size, after.size, &mut Whole(&forged)).unwrap().unwrap();
        prop_assert!(!is_consistent(sha256, &before, &after, &proof));
        // Or one over what was there.
        let proof = consistency_proof(sha256, before.size, after.size, &mut Whole(&entries)).unwrap().unwrap();
        prop_assert!(!is_consistent(sha256, &before, &after, &proof));
    }
}
