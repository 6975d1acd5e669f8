//! The damaged files that were kept aside: how many, how large, and removed when the person says so.

use crate::error::VaultError;
use crate::files::is_name;
use crate::store::VaultPorts;
use crate::vault::Vault;

/// Damaged files of a vault that were kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DamagedCopies {
    /// How many.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

const MARK: &str = ".damaged-";

/// The name of the `n`th damaged file of a vault.
pub(crate) fn damaged_file(name: &str, n: u32, ending: &str) -> String {
    format!("{name}{MARK}{n}{ending}")
}

pub(super) fn is_damaged_file_of(file: &str, name: &str) -> bool {
    file.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(MARK))
        .is_some_and(|rest| {
            rest.find('.').is_some_and(|digits| {
                digits > 0 && rest.bytes().take(digits).all(|b| b.is_ascii_digit())
            })
        })
}

fn damaged_files(ports: &VaultPorts, name: &str) -> Result<Vec<String>, VaultError> {
    if !is_name(name) {
        return Err(VaultError::BadName);
    }
    let files = ports.files.list()?;
    Ok(files
        .into_iter()
        .filter(|file| is_damaged_file_of(file, name))
        .collect())
}

impl Vault {
    /// What of a vault was found damaged and is kept.
    ///
    /// # Errors
    /// [`VaultError::File`]
    pub fn damaged_copies(ports: &VaultPorts, name: &str) -> Result<DamagedCopies, VaultError> {
        let mut copies = DamagedCopies::default();
        for file in damaged_files(ports, name)? {
            copies.files += 1;
            copies.bytes += ports.files.size(&file)?.unwrap_or(0);
        }
        Ok(copies)
    }

    /// Removes the damaged files of a vault: only when the person asks for it.
    ///
    /// # Errors
    /// [`VaultError::File`]; some of them may be gone then.
    pub fn remove_damaged_copies(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        for file in damaged_files(ports, name)? {
            ports.files.remove(&file)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_this_vault_are_its_copies() {
        for (file, is) in [
            ("me.damaged-1.db", true),
            ("me.damaged-12.db-wal", true),
            ("me.damaged-3.journal", true),
            ("me.damaged-.db", false),
            ("me.damaged-x.db", false),
            ("me.damaged-1", false),
            ("me.db", false),
            ("mine.damaged-1.db", false),
        ] {
            assert_eq!(is_damaged_file_of(file, "me"), is, "{file}");
        }
    }
}
