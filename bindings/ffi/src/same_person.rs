//! One person whom several clinics know. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are
//! what app developers read.

use sokhoe_app::{PersonView, SamePersonView};
use sokhoe_domain::SamePersonProof;

use crate::sokhoe::{Result, SoKhoe};

/// By what two people are one.
#[uniffi::remote(Enum)]
pub enum SamePersonProof {
    /// Their clinics have the same citizen's number (CCCD).
    Cccd,
    /// Their clinics have the same insurance number (BHYT) and the same day of birth.
    Bhyt,
}

/// Two people of this phone of whom their clinics say that they are one.
#[uniffi::remote(Record)]
pub struct SamePersonView {
    /// The one who would be kept.
    pub person_id: String,
    /// The one whose book would come into the other's.
    pub other_id: String,
    /// By what it is known.
    pub proof: SamePersonProof,
    /// The question to ask, in words.
    pub text: String,
}

#[uniffi::export]
impl SoKhoe {
    /// Who on this phone is there twice, as far as their clinics vouch for it; never by a name, and nobody whom this phone helps.
    /// Ask the question of each, and unite whom the person says yes to. Needs no network.
    pub async fn same_persons(&self) -> Result<Vec<SamePersonView>> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.same_persons()?)).await
    }

    /// Makes one person of two, after the question of `same_persons` was answered with yes: `other_id` is no more, and what their
    /// clinics have comes into the book of `person_id` with the next `sync`. `Validation` where no clinic vouches for it or
    /// documents that only this phone has would be lost, `Unsent` while something is not with the clinics; nothing is changed then.
    pub async fn unite_persons(&self, person_id: String, other_id: String) -> Result<PersonView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.unite_persons(&person_id, &other_id).await?) })
            .await
    }

    /// Makes what a clinic knows a person of their own again, who is answered: what came from that clinic leaves the book, and
    /// comes into the new one with its next `sync`. `Unsent` says how much is not with that clinic yet and would be lost, and
    /// `unsent` that the person knows it.
    pub async fn part_person(
        &self,
        person_id: String,
        clinic_id: String,
        unsent: u64,
    ) -> Result<PersonView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.part_person(&person_id, &clinic_id, unsent).await?) })
            .await
    }
}
