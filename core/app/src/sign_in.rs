//! A phone comes in without the counter: its person signs in, in the browser, with an OpenID provider that the clinic believes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sokhoe_client::{ClientError, ClinicClient, CodeRequest, SignInAnswer, SignInRequest};
use sokhoe_domain::Wire;
use sokhoe_domain::ports::Zeroizing;
use sokhoe_qr::PublicKey;
use sokhoe_vault::KeptSignIn;

use crate::enrol::Ask;
use crate::error::{AppError, EnrolmentRefusal};
use crate::session::{Session, SoKhoe};
use crate::views::EnrolmentView;

/// For so long a browser may have a sign-in. The clinic's own time is shorter.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Random bytes of a state and of a verifier (RFC 7636, 7.1).
const RANDOM: usize = 32;

/// A sign-in that was begun.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInView {
    /// The address to open in the system's browser, in a tab that belongs to the app.
    pub url: String,
    /// The scheme of the address that ends it: what a browser tab of the app waits for.
    pub callback_scheme: String,
    /// What the clinic is called, by its own word.
    pub clinic_name: String,
}

impl std::fmt::Debug for SignInView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInView").finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// Begins to sign in at the clinic with this address. What must be known when the browser comes back is kept, also when
    /// the app is ended meanwhile; a sign-in at the same clinic that was begun before is over.
    ///
    /// # Errors
    /// [`AppError::Enrolment`] with `NotOffered` for a clinic where nobody signs in, with `OtherClinic` for one that is known
    /// with another key; [`AppError::Validation`] for no address of a clinic; [`AppError::Offline`], [`AppError::BadAnswer`].
    pub async fn begin_sign_in(&self, clinic_url: &str) -> Result<SignInView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let clinic_url = clinic_url.trim().trim_end_matches('/');
        let transport = session.ports.transport.clone();
        let client =
            ClinicClient::new(clinic_url, None, transport).map_err(|_| AppError::Validation {
                field: "clinic_url".to_owned(),
                rule: "https".to_owned(),
            })?;
        // As the clinic writes it: its answers say whose they are by this.
        let clinic_url = client.issuer().to_owned();
        let offer = match client.sign_in_offer().await {
            Ok(Some(offer)) => offer,
            Ok(None) | Err(ClientError::NotFound) => {
                return Err(refused(EnrolmentRefusal::NotOffered));
            }
            Err(error) => return Err(error.into()),
        };
        let key: Option<PublicKey> = offer.public_key.parse().ok();
        let key = key.ok_or(refused(EnrolmentRefusal::OtherClinic))?;
        let clinic_key = *key.as_bytes();
        let account = session.account()?;
        let is_another = account.clinics()?.iter().any(|known| {
            known.wire == Wire::Clinic
                && known.base_url == clinic_url
                && known.public_key != clinic_key
        });
        if is_another {
            return Err(refused(EnrolmentRefusal::OtherClinic));
        }
        let device_key = session.signing_key(&clinic_key)?;
        let (state, verifier) = (session.random_text(), session.random_text());
        let thumbprint = session.prover(&clinic_key, device_key).key.thumbprint();
        let url = client.sign_in_url(&SignInRequest {
            state: &state,
            verifier: &verifier,
            thumbprint: &thumbprint,
        })?;
        let now = session.now();
        let kept = KeptSignIn {
            clinic_url,
            clinic_key,
            state: state.into(),
            verifier: verifier.into(),
            began: now,
        };
        account.keep_sign_in(&kept, now.minus(LONGEST))?;
        let (callback_scheme, _) = sokhoe_client::REDIRECT_URI
            .split_once(':')
            .unwrap_or_default();
        Ok(SignInView {
            url,
            callback_scheme: callback_scheme.to_owned(),
            clinic_name: offer.clinic_name,
        })
    }

    /// Ends a sign-in, with the whole address that the browser was sent to: this phone is in, as by [`SoKhoe::enrol`]. Without a
    /// network it can be repeated within a minute.
    ///
    /// # Errors
    /// [`AppError::Enrolment`] with `NotOurs` for another address, `NotBegun` for a sign-in that this phone did not begin or that
    /// is over, `OtherClinic` for another clinic's answer, `CounterRequired` when somebody at the counter must look who it is,
    /// `Declined`, `TooWeak`, `Unavailable`, `Expired`; [`AppError::Offline`], [`AppError::BadAnswer`]. Nothing is stored then.
    pub async fn finish_sign_in(&self, redirect_url: &str) -> Result<EnrolmentView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let answer = SignInAnswer::read(redirect_url);
        let answer = answer.ok_or(refused(EnrolmentRefusal::NotOurs))?;
        let account = session.account()?;
        let state = answer.state.as_deref().unwrap_or_default();
        let kept = account.sign_in(state)?;
        let kept = kept.filter(|kept| session.now().since(kept.began) <= LONGEST);
        let Some(kept) = kept else {
            return Err(refused(EnrolmentRefusal::NotBegun));
        };
        // Before anything is told to anybody: another clinic's code is another clinic's (RFC 9207, 2.4).
        if answer.issuer.as_deref() != Some(&*kept.clinic_url) {
            return Err(refused(EnrolmentRefusal::OtherClinic));
        }
        let Some(code) = answer.code.filter(|_| answer.error.is_none()) else {
            account.drop_sign_in(state)?;
            return Err(refused(match answer.error.as_deref() {
                Some("counter_required") => EnrolmentRefusal::CounterRequired,
                Some("access_denied") => EnrolmentRefusal::Declined,
                Some("unmet_authentication_requirements") => EnrolmentRefusal::TooWeak,
                _ => EnrolmentRefusal::Unavailable,
            }));
        };
        let clinic_key = PublicKey::from_bytes(kept.clinic_key);
        let entrance = session.entrance(kept.clinic_url.clone(), clinic_key)?;
        let device_id = account.device_id()?;
        let request = CodeRequest {
            code: &code,
            verifier: kept.verifier.expose(),
            device_id: &device_id,
            device_name: &session.config.device_name,
        };
        match session.ask_in(&entrance, Ask::SignIn(&request)).await? {
            // The clinic does not know the code: it is over, whatever comes.
            Err(ClientError::Gone) => {
                account.drop_sign_in(state)?;
                Err(refused(EnrolmentRefusal::Expired))
            }
            Err(error) => Err(error.into()),
            Ok(answer) => {
                let enrolled = session.take_in(entrance, answer)?;
                session.account()?.drop_sign_in(state)?;
                Ok(enrolled)
            }
        }
    }
}

impl Session {
    fn random_text(&self) -> Zeroizing<String> {
        let mut random = Zeroizing::new([0; RANDOM]);
        self.ports.rng.fill(&mut *random);
        Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice()))
    }
}

fn refused(reason: EnrolmentRefusal) -> AppError {
    AppError::Enrolment { reason }
}
