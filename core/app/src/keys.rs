//! The keys of this phone: locking, the recovery code, erasing.

use sokhoe_domain::ports::Ports;
use sokhoe_vault::{RecoveryCode, VaultError};

use crate::config::AppConfig;
use crate::error::AppError;
use crate::session::{Session, SoKhoe, vault_ports};

impl Session {
    /// Asks the key store anew, which asks the person, before anything leaves the phone or somebody else is let in: whoever
    /// holds the phone while it is open need not be them.
    pub(crate) fn asks_person(&self) -> Result<(), AppError> {
        Ok(self.vault_ports.ring.ask_anew()?)
    }
}

impl SoKhoe {
    /// Closes all books and wipes their keys from memory, once the transactions under way have ended. Calls that are
    /// under way end with [`AppError::KeyStore`] `Locked`; nothing that was kept is lost. The next call opens what it
    /// needs, which asks the key store again, once.
    pub fn lock(&self) {
        self.inner.lock();
    }

    /// Whether there is a recovery code. Asks no key store.
    ///
    /// # Errors
    /// [`AppError::DamagedBook`], [`AppError::Internal`]
    pub fn has_recovery_code(&self) -> Result<bool, AppError> {
        Ok(self.inner.vault_ports.ring.has_recovery_code()?)
    }

    /// Makes a recovery code: eight groups of four letters and digits, to be written down and kept apart from the
    /// phone. It opens the books when the key store has lost its key, or on another phone together with their files.
    /// The code before it no longer opens anything. Not kept: it is shown this once.
    ///
    /// Asks the key store anew.
    ///
    /// # Errors
    /// [`AppError::KeyStore`], [`AppError::DiskFull`]
    pub fn make_recovery_code(&self) -> Result<String, AppError> {
        self.inner.asks_person()?;
        let code = self.inner.vault_ports.ring.make_recovery_code()?;
        Ok(code.text().to_string())
    }

    /// Opens the books with a recovery code, when [`SoKhoe::open`] answered that the key can no longer be used or is
    /// missing. The key store has a new key afterwards; the code stays good.
    ///
    /// # Errors
    /// [`AppError::RecoveryCode`], [`AppError::KeyStore`]; nothing was changed then. What [`SoKhoe::open`] may give.
    pub fn recover(config: AppConfig, ports: Ports, code: &str) -> Result<Self, AppError> {
        let code = RecoveryCode::read(code).map_err(VaultError::from)?;
        let vault_ports = vault_ports(&ports);
        vault_ports.ring.recover(&code)?;
        Self::open_with(config, ports, vault_ports)
    }

    /// Erases a person's book from this phone, with all that no clinic has: first its key, then its files. The clinics
    /// keep their records.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::KeyStore`]; repeating it ends what was interrupted.
    pub fn erase_person(&self, person_id: &str) -> Result<(), AppError> {
        // The others of a trip would be booked with them. What does not open keeps nobody from erasing.
        if let Ok(book) = self.inner.book(person_id) {
            let _not_here_any_more = self.inner.take_trips_back(&book, None);
        }
        self.inner.erase_person(person_id)
    }

    /// Erases everything from this phone: all keys, then all files. The phone is as new afterwards.
    ///
    /// # Errors
    /// [`AppError::KeyStore`], [`AppError::Internal`]; repeating it ends what was interrupted.
    pub fn erase_everything(&self) -> Result<(), AppError> {
        self.inner.erase_everything()
    }
}
