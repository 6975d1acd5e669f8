//! An invitation to help somebody, on the helper's phone: taken at once, or kept until there is a network, or until the
//! phone that made it had one.

use sokhoe_domain::{GrantScope, Timestamp};
use sokhoe_qr::Invitation;
use sokhoe_vault::KeptInvitation;

use crate::error::{AppError, EnrolmentRefusal};
use crate::session::{Session, SoKhoe};
use crate::views::EnrolmentView;

/// What became of an invitation that was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedView {
    /// Whom this phone helps now; unset while the invitation waits.
    pub enrolment: Option<EnrolmentView>,
    /// What happens next, as a sentence.
    pub text: String,
}

/// An invitation that waits.
#[derive(Clone, PartialEq, Eq)]
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

impl std::fmt::Debug for InvitationView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationView")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// Takes an invitation that was scanned: this phone helps from now on. Without a network, or when the clinic has not
    /// heard of it yet, it is kept and tried again by itself, at every background synchronisation and by
    /// [`SoKhoe::try_invitations`].
    ///
    /// # Errors
    /// [`AppError::Enrolment`] for a code that will never be taken; [`AppError::BadAnswer`]; [`AppError::DiskFull`].
    pub async fn accept_invitation(&self, qr_text: &str) -> Result<AcceptedView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let text = qr_text.trim();
        match self.enrol(text).await {
            Ok(enrolment) => {
                let name = enrolment.persons.first().map(|person| person.name.clone());
                let values = [("name", name.unwrap_or_default())];
                Ok(AcceptedView {
                    enrolment: Some(enrolment),
                    text: session.words.say_with("invitation-accepted", &values),
                })
            }
            Err(error) => {
                let Some(words) = session.waits(text, &error) else {
                    return Err(error);
                };
                session.account()?.keep_invitation(text, session.now())?;
                Ok(AcceptedView {
                    enrolment: None,
                    text: session.words.say(words),
                })
            }
        }
    }

    /// The invitations that wait, the oldest first.
    ///
    /// # Errors
    /// What opening the account may give.
    pub fn invitations(&self) -> Result<Vec<InvitationView>, AppError> {
        let session = &*self.inner;
        let kept = session.account()?.invitations()?;
        let view = |kept: KeptInvitation| {
            let read = read(&kept, session.now())?;
            Some(InvitationView {
                id: kept.id,
                person: read.person,
                clinic_name: read.clinic_name,
                scopes: read.scopes.into_iter().collect(),
                expires: read.expires,
                text: session.words.say("invitation-waits"),
            })
        };
        Ok(kept.into_iter().filter_map(view).collect())
    }

    /// Forgets an invitation that waits.
    ///
    /// # Errors
    /// [`AppError::NotFound`]
    pub fn drop_invitation(&self, id: &str) -> Result<(), AppError> {
        match self.inner.account()?.drop_invitation(id)? {
            true => Ok(()),
            false => Err(AppError::not_found("invitation")),
        }
    }

    /// Tries the invitations that wait again: whom this phone helps now. One that will never be taken is forgotten.
    ///
    /// # Errors
    /// [`AppError::DiskFull`], what opening the account may give; never that a clinic cannot be reached.
    pub async fn try_invitations(&self) -> Result<Vec<EnrolmentView>, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let mut taken = Vec::new();
        for kept in session.account()?.invitations()? {
            let text = kept.text.expose();
            match self.enrol(text).await {
                Ok(enrolment) => taken.push(enrolment),
                Err(error) if session.waits(text, &error).is_some() => continue,
                Err(AppError::Enrolment { .. }) => {}
                Err(error) => return Err(error),
            }
            session.account()?.drop_invitation(&kept.id)?;
        }
        Ok(taken)
    }
}

impl Session {
    /// Whether an invitation that was not taken may be taken later, and what is said then.
    fn waits(&self, text: &str, error: &AppError) -> Option<&'static str> {
        let invitation = Invitation::read(text, self.now()).ok()?;
        match error {
            AppError::Offline | AppError::Busy { .. } | AppError::BadAnswer { .. } => {
                Some("invitation-waits-for-network")
            }
            // The phone that made it may not have told the clinic.
            AppError::Enrolment {
                reason: EnrolmentRefusal::Unknown,
            } if invitation.clinic_key.is_some() => Some("invitation-waits-for-other"),
            _ => None,
        }
    }
}

fn read(kept: &KeptInvitation, now: Timestamp) -> Option<Invitation> {
    Invitation::read(kept.text.expose(), now).ok()
}
