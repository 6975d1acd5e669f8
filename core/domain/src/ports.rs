//! The ports: everything the core needs of the world, as traits.
//!
//! The real ones are the operating system's clock and random numbers, reqwest, the phone's key store
//! and its file system; tests and the simulator bring their own.

use std::fmt;
use std::future::Future;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use zeroize::Zeroizing;

use crate::Timestamp;

/// A future that can cross threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, by the device's clock, which may be wrong.
    fn now(&self) -> Timestamp;

    /// Completes after `span`.
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()>;

    /// How long ago this device was started; nothing where it does not say. Setting the clock does not change it.
    fn uptime(&self) -> Option<Uptime> {
        None
    }
}

/// A moment of a device's life, whatever its clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// Which start of the device it was: another one after each.
    pub start: u64,
    /// Since then, while it slept, too.
    pub since_start: Duration,
}

/// Makes random numbers good enough for keys.
pub trait Rng: Send + Sync {
    /// Fills the slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// Carries one HTTP exchange.
pub trait Transport: Send + Sync {
    /// Sends the request (an absolute URL) and gives the whole response, of whatever status.
    /// Redirects are not followed. The body arrives decompressed.
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;

    /// As [`Transport::send`], but the body is given as it arrives: for what is too long to hold.
    /// Dropping the body ends the exchange. Unless a transport does better, the whole body is held.
    fn stream(
        &self,
        request: http::Request<Bytes>,
        limits: StreamLimits,
    ) -> BoxFuture<'_, Result<http::Response<Box<dyn ResponseBody>>, TransportError>> {
        let whole = self.send(
            request,
            Limits {
                timeout: limits.timeout,
                max_body: limits.max_body,
            },
        );
        Box::pin(async move {
            let (head, body) = whole.await?.into_parts();
            let body: Box<dyn ResponseBody> = Box::new(HeldBody(Some(body)));
            Ok(http::Response::from_parts(head, body))
        })
    }

    /// What went over the wire since this transport was made. Nothing ever, where nobody counts.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

/// Bytes on the wire, as well as the transport knows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// That left the phone.
    pub sent: u64,
    /// That arrived.
    pub received: u64,
}

impl Traffic {
    /// Both ways together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.sent.saturating_add(self.received)
    }
}

/// A body that arrives piece by piece ([`Transport::stream`]).
pub trait ResponseBody: Send {
    /// The next bytes, decompressed, never none; nothing at the end of a whole body.
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>>;
}

/// A body that is held as a whole.
struct HeldBody(Option<Bytes>);

impl ResponseBody for HeldBody {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        let body = self.0.take().filter(|body| !body.is_empty());
        Box::pin(async { Ok(body) })
    }
}

/// Bounds of one exchange whose body is given as it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// The head must arrive within this, and every piece of the body within this after the last one.
    pub silence: Duration,
    /// The whole exchange must end within this.
    pub timeout: Duration,
    /// A longer decompressed body ends with [`TransportError::TooLarge`].
    pub max_body: usize,
}

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The whole exchange must end within this.
    pub timeout: Duration,
    /// A longer decompressed body is cut off with [`TransportError::TooLarge`].
    pub max_body: usize,
}

/// Why an exchange gave no response. `Unreachable` means that no byte of the request arrived;
/// all others leave open whether the clinic acted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: no network, no such host, refused, TLS not agreed.
    #[error("the clinic cannot be reached")]
    Unreachable,
    /// The exchange took too long.
    #[error("the clinic did not answer in time")]
    Timeout,
    /// The connection broke before the response was whole.
    #[error("the connection broke")]
    Broken,
    /// The response was longer than allowed.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The request could not be formed, e.g. a bad URL.
    #[error("the request could not be formed")]
    Invalid,
}

/// Keys that never leave the phone's key store: such that wrap secrets, and such that sign.
///
/// `alias` names a key; a wrapping key is made at the first `wrap`, a signing key at the first `signing_key`. No name is
/// both. Every answer but success leaves what is stored untouched: no error of a key store may ever delete data.
pub trait KeyStore: Send + Sync {
    /// Seals a secret so that only this key store opens it.
    ///
    /// # Errors
    /// [`KeyStoreError`]
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError>;

    /// Opens what [`KeyStore::wrap`] gave.
    ///
    /// # Errors
    /// [`KeyStoreError`]
    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError>;

    /// The public half of the signing key of this name: a point of P-256 in its long form (SEC 1, 2.3.3: 4, X, Y). The
    /// key is made when there is none. Never asks for the person's finger.
    ///
    /// # Errors
    /// [`KeyStoreError`]
    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError>;

    /// Signs with the key of this name: ECDSA over P-256 with SHA-256, as JOSE writes it (RFC 7518, 3.4: R and S of 32
    /// bytes each). Never asks for the person's finger.
    ///
    /// # Errors
    /// [`KeyStoreError`]
    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError>;

    /// Destroys the key and forgets the counter of this name: whatever the key wrapped is lost for ever.
    /// Succeeds when both are already gone.
    ///
    /// # Errors
    /// [`KeyStoreError`]
    fn delete(&self, alias: &str) -> Result<(), KeyStoreError>;

    /// The counter of this name; 0 when it was never raised. Never asks for the person's finger.
    ///
    /// # Errors
    /// [`KeyStoreError`]
    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError>;

    /// Raises the counter of this name to `to`; a counter that is as high already stays. Kept where a
    /// copy of the app's files put back does not reach. Never asks for the person's finger.
    ///
    /// # Errors
    /// [`KeyStoreError`]; the counter is as it was then, or raised.
    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError>;
}

/// A point of P-256 in its long form: 4, X, Y (SEC 1, 2.3.3).
pub type SigningPublicKey = [u8; 65];

/// R and S of an ECDSA signature over P-256 (RFC 7518, 3.4).
pub type EcdsaSignature = [u8; 64];

/// What a key store answers instead of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// The phone is locked; unlock it and try again.
    #[error("the phone is locked")]
    Locked,
    /// The person did not give the finger, face or code.
    #[error("the person did not unlock the book")]
    UserCancelled,
    /// It may work when tried again.
    #[error("the key store did not answer")]
    Transient,
    /// The key exists but can no longer be used, e.g. after new fingerprints: recovery is needed.
    #[error("the key can no longer be used")]
    Invalidated,
    /// There is no such key: recovery is needed.
    #[error("the key is missing")]
    Missing,
}

/// The files of the vaults: small files as whole values, databases by path.
pub trait VaultFiles: Send + Sync {
    /// Where SQLite opens the database of this name.
    fn database_path(&self, name: &str) -> PathBuf;

    /// The SQLite VFS that reaches it; the system's when unset.
    fn sqlite_vfs(&self) -> Option<&str> {
        None
    }

    /// The whole file, or nothing when there is none.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes the whole file so that after a crash there is the old one or the new one, on disk
    /// before this returns.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Adds bytes at the end of the file, which is made when it is not there; on disk before this
    /// returns. After a crash any part of the bytes may be there, with zeros in the place of the rest.
    ///
    /// # Errors
    /// Whatever the file system says; some of the bytes may be there then.
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// The file as a stream from its beginning, or nothing when there is none.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn reader(&self, name: &str) -> io::Result<Option<Box<dyn Read + Send>>>;

    /// A file to be written as a stream. It has its name once it is finished; until then, and when
    /// it is dropped or the process dies before, whatever had the name stays.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn writer(&self, name: &str) -> io::Result<Box<dyn FileWriter>>;

    /// Bytes of the file, or nothing when there is none.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn size(&self, name: &str) -> io::Result<Option<u64>>;

    /// Gives the file another name; what had that name is gone. After a crash it has one of the two.
    /// Succeeds when there is no such file.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes the file; succeeds when it is already gone.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of all files.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Waits until no other holder, in this process or another, has the lock of this name, and has it
    /// until the answer is dropped. A process that dies lets go.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn lock(&self, name: &str) -> io::Result<Box<dyn FileLock>>;
}

/// A file that is being written ([`VaultFiles::writer`]).
pub trait FileWriter: Write + Send {
    /// Gives the file its name, all of it on disk before this returns.
    ///
    /// # Errors
    /// Whatever the file system says; whatever had the name stays then.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A lock that is held ([`VaultFiles::lock`]) until it is dropped.
pub trait FileLock: Send {}

/// All ports of one core.
#[derive(Clone)]
pub struct Ports {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes random numbers.
    pub rng: Arc<dyn Rng>,
    /// Carries HTTP.
    pub transport: Arc<dyn Transport>,
    /// Wraps keys.
    pub keys: Arc<dyn KeyStore>,
    /// Keeps files.
    pub files: Arc<dyn VaultFiles>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}
