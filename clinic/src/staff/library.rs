//! Accounts, as a program that holds the clinic changes them. No access log says who it was: nobody's record is touched.

use std::sync::Arc;

use sokhoe_domain::StaffRole;

use super::accounts::{self, NewStaff, StaffError, StaffRow};
use super::password::Password;
use crate::store::{Isolation, StoreError, Tx};
use crate::{Clinic, ClinicError};

impl Clinic {
    /// Everybody who works here or did, those in force first, by name.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn staff(&self) -> Result<Vec<StaffRow>, ClinicError> {
        Ok(self.inner.store.read(accounts::list)?)
    }

    /// Makes an account. From the first one on, the key of a run opens no desk.
    ///
    /// # Errors
    /// [`ClinicError::Staff`], [`ClinicError::Store`]
    pub fn add_staff(&self, new: &NewStaff) -> Result<(), ClinicError> {
        let checked = accounts::check(&self.inner, new)?;
        self.change_staff(move |tx| accounts::add(tx, &checked))
    }

    /// Gives an account other roles, from its sessions' next request on.
    ///
    /// # Errors
    /// [`ClinicError::Staff`], [`ClinicError::Store`]
    pub fn set_staff_roles(&self, login: &str, roles: &[StaffRole]) -> Result<(), ClinicError> {
        let (login, roles) = (login.to_owned(), roles.to_vec());
        self.change_staff(move |tx| accounts::set_roles(tx, &login, &roles))
    }

    /// Ends an account and whatever is signed in with it.
    ///
    /// # Errors
    /// [`ClinicError::Staff`], [`ClinicError::Store`]
    pub fn end_staff(&self, login: &str) -> Result<(), ClinicError> {
        let login = login.to_owned();
        self.change_staff(move |tx| accounts::end(tx, &login))
    }

    /// Gives an account another password; whatever is signed in with the old one is no more.
    ///
    /// # Errors
    /// [`ClinicError::Staff`], [`ClinicError::Store`]
    pub fn set_staff_password(&self, login: &str, password: &Password) -> Result<(), ClinicError> {
        let hash = accounts::check_password(&self.inner, login, password)?;
        let (login, inner) = (login.to_owned(), Arc::clone(&self.inner));
        self.change_staff(move |tx| accounts::set_password(tx, &inner, &login, &hash))
    }

    fn change_staff(
        &self,
        change: impl FnMut(&mut Tx<'_>) -> Result<Result<(), StaffError>, StoreError> + Send + 'static,
    ) -> Result<(), ClinicError> {
        let changed = self.inner.store.write_in(Isolation::Serializable, change)?;
        Ok(changed?)
    }
}
