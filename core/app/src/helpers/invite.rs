//! An invitation that a person's own phone makes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use sokhoe_domain::age::check_giver;
use sokhoe_domain::ports::Zeroizing;
use sokhoe_domain::{BirthDate, GiverRefusal, GrantScope, IntentId, ResourceKey, Timestamp, Wire};
use sokhoe_fhir::consent::{Giver, Grant, Shown, is_name};
use sokhoe_qr::draw::For;
use sokhoe_qr::signed::{CarriedGrant, SignError};
use sokhoe_qr::{Invitation, Matrix, PublicKey};
use sokhoe_vault::{NewChange, PersonRecord};

use crate::device_keys::alias;
use crate::error::AppError;
use crate::move_phone::signer;
use crate::session::{Session, SoKhoe};

/// Which version of `grant-words` people are shown: a new one whenever those words change.
const WORDS: &str = "1";
/// For so long the helper's phone may use the code: people meet where there is no network.
const GOOD_FOR: Duration = Duration::from_secs(7 * 86_400);
/// Days of a grant at most.
const MOST_DAYS: u32 = 365;

/// What somebody is to be allowed.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteHelperRequest {
    /// Whom they are to help.
    pub person_id: String,
    /// At which clinic; may be unset when the person is at one alone.
    pub clinic_id: Option<String>,
    /// The helper's name.
    pub helper: String,
    /// What they may do.
    pub scopes: Vec<GrantScope>,
    /// For how many days, 1 to 365.
    pub days: u32,
    /// Who decides for a child: their name.
    pub guardian: Option<String>,
    /// Whether a child from seven on was asked and agrees.
    pub child_agrees: bool,
}

impl std::fmt::Debug for InviteHelperRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InviteHelperRequest")
            .field("scopes", &self.scopes)
            .field("days", &self.days)
            .finish_non_exhaustive()
    }
}

/// A code that lets one helper's phone in.
#[derive(Clone, PartialEq, Eq)]
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

/// Whoever has the code is let in.
impl std::fmt::Debug for HelperInvitationView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelperInvitationView")
            .field("consent_id", &self.consent_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// The words that a person, or who decides for them, is to hear or read and agree to before [`SoKhoe::invite_helper`].
    ///
    /// # Errors
    /// [`AppError::Validation`] for what cannot be granted so; [`AppError::OnlyOwnPhone`]; [`AppError::NotFound`].
    pub fn words_before_grant(&self, request: &InviteHelperRequest) -> Result<String, AppError> {
        let session = &*self.inner;
        let book = session.book(&request.person_id)?;
        session.is_own_phone(&book.person.id)?;
        session.grant_words(&book.person, request, session.now())
    }

    /// Makes the code by which somebody's phone helps a person from now on. `agreed_words` are those of
    /// [`SoKhoe::words_before_grant`] to which they said yes: kept with the grant, as the law asks. Needs no network: the
    /// grant goes to the clinic as soon as one of the two phones has one, by the helper's in the code itself.
    ///
    /// # Errors
    /// [`AppError::Validation`], also when the words are others; [`AppError::OnlyOwnPhone`]; [`AppError::NotFound`];
    /// [`AppError::KeyStore`], which is asked anew, where the person does not show that they are there;
    /// [`AppError::DiskFull`]; nothing is kept then.
    pub async fn invite_helper(
        &self,
        request: InviteHelperRequest,
        agreed_words: &str,
    ) -> Result<HelperInvitationView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(&request.person_id)?;
        session.is_own_phone(&book.person.id)?;
        let now = session.now();
        if session.grant_words(&book.person, &request, now)? != agreed_words {
            return Err(AppError::invalid(
                "agreed_words",
                "must be those that were shown",
            ));
        }
        let clinic = session.clinic_of(&book, request.clinic_id.clone())?;
        let place = session.clinic(clinic.as_str())?;
        if place.wire == Wire::Server {
            return Err(AppError::invalid("clinic_id", "must be a clinic of ours"));
        }
        session.asks_person()?;
        let mut secret = Zeroizing::new([0; 16]);
        session.ports.rng.fill(&mut *secret);
        let code = URL_SAFE_NO_PAD.encode(*secret);
        let id = IntentId::new(now, &*session.ports.rng);
        let grant = Grant {
            id: id.to_string(),
            patient: session.patient_at(&book.person.id, &clinic)?,
            helper: request.helper.trim().to_owned(),
            scopes: request.scopes.iter().copied().collect(),
            given: now,
            until: end_of(request.days, now),
            giver: giver(&request),
            shown: Shown {
                text: agreed_words.to_owned(),
                language: session.config.language.code().to_owned(),
                version: WORDS.to_owned(),
            },
            shown_hash: sha256(agreed_words.as_bytes()),
            invitation_hash: Some(sha256(code.as_bytes())),
            active: true,
        };
        let expires = now.plus(GOOD_FOR).min(grant.until);
        // Codes hold whole seconds.
        let expires = Timestamp::from_millis(expires.as_millis().div_euclid(1_000) * 1_000);
        let key = signer(&*session.ports.rng)?;
        let invitation = Invitation {
            clinic_url: place.base_url.trim_end_matches('/').to_owned(),
            clinic_name: place.name.clone(),
            word: session.carried(&grant, &code, &place.public_key)?,
            code,
            person: book.person.name.clone(),
            scopes: grant.scopes.iter().collect(),
            public_key: PublicKey::of(&key).map_err(|_| AppError::internal("invitation"))?,
            expires,
            clinic_key: Some(PublicKey::from_bytes(place.public_key)),
        };
        let text = invitation
            .sign(&key)
            .map_err(|_| AppError::internal("invitation"))?;
        let drawn =
            Matrix::encode_for(&text, For::Screen).map_err(|_| AppError::internal("draw"))?;
        book.vault.keep_change(&NewChange {
            id,
            clinic: clinic.clone(),
            key: ResourceKey::new("Consent", id.to_string()),
            base: None,
            ours: grant.to_json(),
            created: now,
        })?;
        self.send_changes(&request.person_id).await?;
        Ok(HelperInvitationView {
            consent_id: grant.id,
            qr_text: text,
            size: u32::try_from(drawn.size()).map_err(|_| AppError::internal("draw"))?,
            modules: drawn.modules().iter().map(|dark| u8::from(*dark)).collect(),
            expires,
            text: session
                .words
                .say_with("helper-invited", &[("name", grant.helper)]),
        })
    }
}

impl Session {
    /// The grant as the helper's phone can bring it to the clinic, by which this phone is known with a key. None where it is
    /// too long for a code: then the clinic hears of it from this phone alone.
    fn carried(
        &self,
        grant: &Grant,
        code: &str,
        clinic_key: &[u8; 32],
    ) -> Result<Option<Vec<u8>>, AppError> {
        let carried = CarriedGrant {
            id: grant.id.clone(),
            patient: grant.patient.clone(),
            helper: grant.helper.clone(),
            scopes: grant.scopes,
            given: grant.given,
            until: grant.until,
            guardian: match &grant.giver {
                Giver::Person => None,
                Giver::Guardian { name, child_agrees } => Some((name.clone(), *child_agrees)),
            },
            shown: grant.shown.text.clone(),
            language: grant.shown.language.clone(),
            version: grant.shown.version.clone(),
        };
        let key = self.signing_key(clinic_key)?;
        match carried.word(code, &key) {
            Ok(word) => {
                let signature = self.ports.keys.sign(&alias(clinic_key), word.message())?;
                Ok(Some(word.signed(&signature)))
            }
            Err(SignError::TooLong) => Ok(None),
            Err(_) => Err(AppError::internal("invitation")),
        }
    }

    fn grant_words(
        &self,
        person: &PersonRecord,
        request: &InviteHelperRequest,
        now: Timestamp,
    ) -> Result<String, AppError> {
        if !is_name(&request.helper) {
            return Err(AppError::invalid("helper", "must be a name"));
        }
        let giver = giver(request);
        if !giver.is_named() {
            return Err(AppError::invalid("guardian", "must be a name"));
        }
        if request.scopes.is_empty() {
            return Err(AppError::invalid("scopes", "must allow something"));
        }
        check_days(request.days)?;
        let until = end_of(request.days, now);
        check_for(person, &giver, until, now)?;
        let scopes: sokhoe_domain::GrantScopes = request.scopes.iter().copied().collect();
        let may: Vec<_> = scopes.iter().map(|scope| self.words.scope(scope)).collect();
        let last = Timestamp::from_millis(until.as_millis() - 1);
        let name = request.guardian.as_deref().unwrap_or(&person.name);
        let values = [
            ("giver", name.trim().to_owned()),
            ("person", person.name.clone()),
            ("helper", request.helper.trim().to_owned()),
            ("may", may.join("; ")),
            ("until", self.words.date(last)),
        ];
        Ok(self.words.say_with("grant-words", &values))
    }

    /// Whether the law has it so, by the person's age; the clinic checks it, too.
    pub(super) fn check_giver(
        &self,
        person: &PersonRecord,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<(), AppError> {
        if !grant.active {
            return Ok(());
        }
        check_for(person, &grant.giver, grant.until, now)
    }
}

fn check_for(
    person: &PersonRecord,
    giver: &Giver,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), AppError> {
    let born = person.birth_date.as_deref().and_then(BirthDate::parse);
    check_giver(born, giver.guardian(), until, now).map_err(|refusal| {
        let field = match refusal {
            GiverRefusal::NeedsGuardian | GiverRefusal::DecidesThemselves => "guardian",
            GiverRefusal::NeedsChild => "child_agrees",
            GiverRefusal::EndsBefore(_) => "days",
        };
        AppError::invalid(field, &refusal.to_string())
    })
}

fn giver(request: &InviteHelperRequest) -> Giver {
    Giver::of(request.guardian.as_deref(), request.child_agrees)
}

pub(super) fn check_days(days: u32) -> Result<(), AppError> {
    match days {
        1..=MOST_DAYS => Ok(()),
        _ => Err(AppError::invalid("days", "must be 1 to 365")),
    }
}

/// The end of the last of so many days, of which today is the first.
pub(super) fn end_of(days: u32, now: Timestamp) -> Timestamp {
    let today = Timestamp::start_of_day(now.vietnam_day());
    today.plus(Duration::from_secs(u64::from(days) * 86_400))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}
