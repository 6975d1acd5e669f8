//! Who helps a person, and invitations to help. The compiler checks that the fields here are those of [`sokhoe_app`]; the
//! comments are what app developers read.

use sokhoe_app::{
    AcceptedView, EnrolmentView, GrantScope, HelperInvitationView, HelperView, InvitationView,
    InviteHelperRequest, SyncStateView,
};
use sokhoe_domain::Timestamp;

use crate::sokhoe::{Result, SoKhoe};

/// Somebody who helps, or helped.
#[uniffi::remote(Record)]
pub struct HelperView {
    /// The grant's id.
    pub consent_id: String,
    /// At which clinic.
    pub clinic_id: String,
    /// What that clinic is called.
    pub clinic_name: String,
    /// The helper's name.
    pub name: String,
    /// What they may do.
    pub scopes: Vec<GrantScope>,
    /// Until when.
    pub until: Timestamp,
    /// Whether it is neither over nor taken back, as far as this phone knows.
    pub active: bool,
    /// All of it, as a sentence.
    pub text: String,
    /// How far what was decided here has come; unset once the clinic has it.
    pub sync: Option<SyncStateView>,
}

/// What somebody is to be allowed.
#[uniffi::remote(Record)]
pub struct InviteHelperRequest {
    /// Whom they are to help.
    pub person_id: String,
    /// At which clinic; may be unset when the person is at one alone.
    #[uniffi(default = None)]
    pub clinic_id: Option<String>,
    /// The helper's name.
    pub helper: String,
    /// What they may do. Nothing is on unless the person chose it.
    pub scopes: Vec<GrantScope>,
    /// For how many days, 1 to 365.
    pub days: u32,
    /// Who decides for a child: their name.
    #[uniffi(default = None)]
    pub guardian: Option<String>,
    /// Whether a child from seven on was asked and agrees.
    #[uniffi(default = false)]
    pub child_agrees: bool,
}

/// A code that lets one helper's phone in.
#[uniffi::remote(Record)]
pub struct HelperInvitationView {
    /// The grant's id.
    pub consent_id: String,
    /// What the code says. Whoever has it comes in: shown to the helper alone.
    pub qr_text: String,
    /// Modules in a row, without a quiet zone.
    pub size: u32,
    /// `size * size` modules, row by row: 1 is dark.
    pub modules: Vec<u8>,
    /// From then on it lets nobody in.
    pub expires: Timestamp,
    /// What to do now, as a sentence.
    pub text: String,
}

/// What became of an invitation that was scanned.
#[uniffi::remote(Record)]
pub struct AcceptedView {
    /// Whom this phone helps now; unset while the invitation waits.
    pub enrolment: Option<EnrolmentView>,
    /// What happens next, as a sentence.
    pub text: String,
}

/// An invitation that waits.
#[uniffi::remote(Record)]
pub struct InvitationView {
    /// By which it is known on this phone.
    pub id: String,
    /// Whom it is to help.
    pub person: String,
    /// At which clinic.
    pub clinic_name: String,
    /// What may be done.
    pub scopes: Vec<GrantScope>,
    /// From then on it is worth nothing.
    pub expires: Timestamp,
    /// What happens next, as a sentence.
    pub text: String,
}

#[uniffi::export]
impl SoKhoe {
    /// Who may help a person and who could, those in force first. Needs no network.
    pub async fn helpers(&self, person_id: String) -> Result<Vec<HelperView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.helpers(&person_id)?))
            .await
    }

    /// The words that a person, or who decides for them, is to hear or read and agree to before `invite_helper`.
    pub async fn words_before_grant(&self, request: InviteHelperRequest) -> Result<String> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.words_before_grant(&request)?))
            .await
    }

    /// Makes the code by which somebody's phone helps a person from now on, once they said yes to the words of
    /// `words_before_grant`. Needs no network.
    pub async fn invite_helper(
        &self,
        request: InviteHelperRequest,
        agreed_words: String,
    ) -> Result<HelperInvitationView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.invite_helper(request, &agreed_words).await?) })
            .await
    }

    /// Takes a grant back. The clinic refuses the helper from the moment on that it knows.
    pub async fn end_help(&self, person_id: String, consent_id: String) -> Result<HelperView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.end_help(&person_id, &consent_id).await?) })
            .await
    }

    /// Lets somebody help so many days more, from today on, at most a year.
    pub async fn prolong_help(
        &self,
        person_id: String,
        consent_id: String,
        days: u32,
    ) -> Result<HelperView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.prolong_help(&person_id, &consent_id, days).await?) })
            .await
    }

    /// Takes an invitation that was scanned: this phone helps from now on, or the invitation is kept until it can.
    pub async fn accept_invitation(&self, qr_text: String) -> Result<AcceptedView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.accept_invitation(&qr_text).await?) })
            .await
    }

    /// The invitations that wait, the oldest first.
    pub async fn invitations(&self) -> Result<Vec<InvitationView>> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.invitations()?)).await
    }

    /// Forgets an invitation that waits.
    pub async fn drop_invitation(&self, id: String) -> Result<()> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.drop_invitation(&id)?))
            .await
    }

    /// Tries the invitations that wait again: whom this phone helps now. Background synchronisations do it, too.
    pub async fn try_invitations(&self) -> Result<Vec<EnrolmentView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.try_invitations().await?) })
            .await
    }
}
