//! SQLCipher's crypto provider over RustCrypto.
//!
//! SQLCipher leaves AES, HMAC, PBKDF2 and randomness to a *provider*: a C struct of function pointers. Its usual
//! provider is OpenSSL, which doubles the size of the library on a phone and takes minutes and Perl to build. This
//! crate fills the struct with RustCrypto instead, through SQLCipher's official hook `SQLCIPHER_CRYPTO_CUSTOM`.
//! The files are ordinary SQLCipher 4 files: AES-256-CBC, HMAC-SHA512 per page, PBKDF2-HMAC-SHA512. Other algorithms
//! (SHA-1 and SHA-256 of older formats) are refused, by pragma too.
//!
//! Three things outside this file belong to it:
//! - `.cargo/config.toml` names `sokhoe_sqlcipher_setup` to SQLCipher's build, and `no-openssl/` to the linker;
//! - `build.rs` fails when SQLCipher's struct differs from `provider.expected.h`, or when the hook is not set;
//! - a crate that opens databases calls [`is_provider`], which also makes the linker take this crate.
//!
//! **The rule for maintainers:** a new libsqlite3-sys or SQLCipher goes in only when `build.rs` and the tests pass
//! without being weakened. When `build.rs` complains, read SQLCipher's difference, adapt `Provider` field by field,
//! and replace `provider.expected.h` last. The compiler cannot see a mistake here.
//!
//! Nothing here panics: a panic cannot cross into C. Arguments that make no sense give `SQLITE_ERROR`, upon which
//! SQLCipher wipes its output and fails the statement.
#![allow(
    unsafe_code,
    reason = "SQLCipher's provider is a C struct of function pointers that work on C buffers"
)]

use std::{
    ffi::{CStr, c_char, c_int, c_uchar, c_void},
    mem::MaybeUninit,
    ptr, slice,
};

use aes::{
    Aes256,
    cipher::{
        Array, BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, consts::U16,
        inout::InOutBuf,
    },
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use libsqlite3_sys::{SQLITE_ERROR, SQLITE_OK};
use sha2::Sha512;
use zeroize::Zeroize as _;

mod exit;
mod key;
mod start;
#[cfg(test)]
mod tests;

pub use exit::before_exit;
pub use key::{RAW_KEY_LEN, change_key, give_key};
pub use start::start;

/// What `PRAGMA cipher_provider` answers when SQLCipher uses this crate.
pub const PROVIDER_NAME: &str = "rustcrypto";

const NAME: &CStr = c"rustcrypto";
const VERSION: &CStr = c"aes 0.9, sha2 0.11";
const CIPHER: &CStr = c"AES-256-CBC";

// Sizes are `c_int` where SQLCipher asks for them and lengths of arrays elsewhere.
const KEY_LEN: usize = 32;
const KEY_SIZE: c_int = 32;
const BLOCK_LEN: usize = 16;
const BLOCK_SIZE: c_int = 16;
const HMAC_LEN: usize = 64;
const HMAC_SIZE: c_int = 64;

// Numbers from `provider.expected.h`.
const DECRYPT: c_int = 0;
const ENCRYPT: c_int = 1;
const HMAC_SHA512: c_int = 2;
const PBKDF2_HMAC_SHA512: c_int = 2;

/// `struct sqlcipher_provider`, field by field as in `provider.expected.h`.
#[repr(C)]
struct Provider {
    init: Option<unsafe extern "C" fn() -> c_int>,
    shutdown: Option<unsafe extern "C" fn()>,
    get_provider_name: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    add_random: unsafe extern "C" fn(*mut c_void, *const c_void, c_int) -> c_int,
    random: unsafe extern "C" fn(*mut c_void, *mut c_void, c_int) -> c_int,
    hmac: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        *const c_uchar,
        c_int,
        *const c_uchar,
        c_int,
        *const c_uchar,
        c_int,
        *mut c_uchar,
    ) -> c_int,
    kdf: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        *const c_uchar,
        c_int,
        *const c_uchar,
        c_int,
        c_int,
        c_int,
        *mut c_uchar,
    ) -> c_int,
    cipher: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        *const c_uchar,
        c_int,
        *const c_uchar,
        *const c_uchar,
        c_int,
        *mut c_uchar,
    ) -> c_int,
    get_cipher: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    get_key_sz: unsafe extern "C" fn(*mut c_void) -> c_int,
    get_iv_sz: unsafe extern "C" fn(*mut c_void) -> c_int,
    get_block_sz: unsafe extern "C" fn(*mut c_void) -> c_int,
    get_hmac_sz: unsafe extern "C" fn(*mut c_void, c_int) -> c_int,
    ctx_init: unsafe extern "C" fn(*mut *mut c_void) -> c_int,
    ctx_free: unsafe extern "C" fn(*mut *mut c_void) -> c_int,
    fips_status: unsafe extern "C" fn(*mut c_void) -> c_int,
    get_provider_version: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    next: *mut Provider,
}

/// Checks that `PRAGMA cipher_provider`, read from a keyed connection, names this crate.
///
/// Call it once per opened database: a program built outside this repository's cargo configuration could have
/// SQLCipher on OpenSSL, or a plain SQLite that ignores keys (which answers the pragma with no row: pass `None`).
/// Calling it also keeps this crate in the link, where SQLCipher needs it.
#[must_use]
pub fn is_provider(cipher_provider: Option<&str>) -> bool {
    // Names the symbol that SQLCipher's C code refers to, so that linkers that read archives once find it.
    let setup: unsafe extern "C" fn(*mut Provider) -> c_int = sokhoe_sqlcipher_setup;
    std::hint::black_box(setup);
    cipher_provider == Some(PROVIDER_NAME)
}

/// Fills SQLCipher's provider; SQLCipher calls it once, when SQLite initialises.
///
/// # Safety
/// `provider` is null or points to memory for one `struct sqlcipher_provider`, initialised or not.
#[unsafe(no_mangle)]
unsafe extern "C" fn sokhoe_sqlcipher_setup(provider: *mut Provider) -> c_int {
    if provider.is_null() {
        return SQLITE_ERROR;
    }
    let filled = Provider {
        init: None,
        shutdown: None,
        get_provider_name,
        add_random,
        random,
        hmac,
        kdf,
        cipher,
        get_cipher,
        get_key_sz,
        get_iv_sz,
        get_block_sz,
        get_hmac_sz,
        ctx_init,
        ctx_free,
        fips_status,
        get_provider_version,
        next: ptr::null_mut(),
    };
    // SAFETY: not null, and by contract memory for one struct whose layout build.rs has compared with `Provider`.
    unsafe { provider.write(filled) };
    SQLITE_OK
}

unsafe extern "C" fn get_provider_name(_ctx: *mut c_void) -> *const c_char {
    NAME.as_ptr()
}

unsafe extern "C" fn get_provider_version(_ctx: *mut c_void) -> *const c_char {
    VERSION.as_ptr()
}

unsafe extern "C" fn get_cipher(_ctx: *mut c_void) -> *const c_char {
    CIPHER.as_ptr()
}

unsafe extern "C" fn get_key_sz(_ctx: *mut c_void) -> c_int {
    KEY_SIZE
}

unsafe extern "C" fn get_iv_sz(_ctx: *mut c_void) -> c_int {
    BLOCK_SIZE
}

unsafe extern "C" fn get_block_sz(_ctx: *mut c_void) -> c_int {
    BLOCK_SIZE
}

unsafe extern "C" fn get_hmac_sz(_ctx: *mut c_void, algorithm: c_int) -> c_int {
    if algorithm == HMAC_SHA512 {
        HMAC_SIZE
    } else {
        0
    }
}

/// There is no state: the operating system has the random generator, and keys come with each call.
unsafe extern "C" fn ctx_init(_ctx: *mut *mut c_void) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn ctx_free(_ctx: *mut *mut c_void) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn fips_status(_ctx: *mut c_void) -> c_int {
    0
}

/// `PRAGMA cipher_add_random`: the operating system's generator needs nothing from us.
unsafe extern "C" fn add_random(
    _ctx: *mut c_void,
    _buffer: *const c_void,
    _length: c_int,
) -> c_int {
    SQLITE_OK
}

/// # Safety
/// `buffer` is null or writable for `length` bytes.
unsafe extern "C" fn random(_ctx: *mut c_void, buffer: *mut c_void, length: c_int) -> c_int {
    let Ok(length) = usize::try_from(length) else {
        return SQLITE_ERROR;
    };
    if buffer.is_null() {
        return SQLITE_ERROR;
    }
    // SAFETY: not null and writable for `length` bytes by contract; `MaybeUninit` asks for no initialised content.
    let buffer = unsafe { slice::from_raw_parts_mut(buffer.cast::<MaybeUninit<u8>>(), length) };
    match getrandom::fill_uninit(buffer) {
        Ok(_) => SQLITE_OK,
        Err(_) => SQLITE_ERROR,
    }
}

/// HMAC over `first`, then over `second` unless that is null.
///
/// # Safety
/// Each pointer is null or readable for the length after it; `out` is null or writable for 64 bytes. `out` may
/// overlap the inputs.
unsafe extern "C" fn hmac(
    _ctx: *mut c_void,
    algorithm: c_int,
    key: *const c_uchar,
    key_len: c_int,
    first: *const c_uchar,
    first_len: c_int,
    second: *const c_uchar,
    second_len: c_int,
    out: *mut c_uchar,
) -> c_int {
    if algorithm != HMAC_SHA512 || out.is_null() {
        return SQLITE_ERROR;
    }
    let code = {
        // SAFETY: readable for `key_len` bytes by contract; nothing is written before the block ends.
        let Some(key) = (unsafe { bytes(key, key_len) }) else {
            return SQLITE_ERROR;
        };
        // SAFETY: as above, for `first_len` bytes.
        let Some(first) = (unsafe { bytes(first, first_len) }) else {
            return SQLITE_ERROR;
        };
        let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(key) else {
            return SQLITE_ERROR;
        };
        mac.update(first);
        if !second.is_null() {
            // SAFETY: as above, for `second_len` bytes.
            let Some(second) = (unsafe { bytes(second, second_len) }) else {
                return SQLITE_ERROR;
            };
            mac.update(second);
        }
        mac.finalize().into_bytes()
    };
    // SAFETY: `out` is not null and writable for 64 bytes by contract; `code` is ours, so they do not overlap.
    unsafe { ptr::copy_nonoverlapping(code.as_ptr(), out, HMAC_LEN) };
    SQLITE_OK
}

/// PBKDF2.
///
/// # Safety
/// `password` and `salt` are null or readable for the length after them; `key` is null or writable for `key_len`
/// bytes.
unsafe extern "C" fn kdf(
    _ctx: *mut c_void,
    algorithm: c_int,
    password: *const c_uchar,
    password_len: c_int,
    salt: *const c_uchar,
    salt_len: c_int,
    rounds: c_int,
    key_len: c_int,
    key: *mut c_uchar,
) -> c_int {
    let (Ok(rounds @ 1..), Ok(len @ 1..)) = (u32::try_from(rounds), usize::try_from(key_len))
    else {
        return SQLITE_ERROR;
    };
    if algorithm != PBKDF2_HMAC_SHA512 || key.is_null() {
        return SQLITE_ERROR;
    }
    // SAFETY: readable for `password_len` bytes by contract, and checked below not to lie in `key`.
    let Some(password) = (unsafe { bytes(password, password_len) }) else {
        return SQLITE_ERROR;
    };
    // SAFETY: as above, for `salt_len` bytes.
    let Some(salt) = (unsafe { bytes(salt, salt_len) }) else {
        return SQLITE_ERROR;
    };
    if overlap(password.as_ptr(), password.len(), key, len)
        || overlap(salt.as_ptr(), salt.len(), key, len)
    {
        return SQLITE_ERROR;
    }
    // SAFETY: not null, writable for `len` bytes by contract and apart from the inputs. SQLCipher initialises its
    // key buffers when it allocates them.
    let key = unsafe { slice::from_raw_parts_mut(key, len) };
    let derived = pbkdf2::pbkdf2::<Hmac<Sha512>>(password, salt, rounds, key);
    wipe_stack();
    match derived {
        Ok(()) => SQLITE_OK,
        Err(_) => SQLITE_ERROR,
    }
}

/// AES-256-CBC without padding, for whole blocks.
///
/// # Safety
/// `key` is null or readable for `key_len` bytes, `iv` for 16 and `input` for `len`; `out` is null or writable for
/// `len` bytes, initialised, and not where `key` is. `input` and `out` may be the same.
unsafe extern "C" fn cipher(
    _ctx: *mut c_void,
    mode: c_int,
    key: *const c_uchar,
    key_len: c_int,
    iv: *const c_uchar,
    input: *const c_uchar,
    len: c_int,
    out: *mut c_uchar,
) -> c_int {
    let Ok(len) = usize::try_from(len) else {
        return SQLITE_ERROR;
    };
    if key_len != KEY_SIZE
        || !len.is_multiple_of(BLOCK_LEN)
        || key.is_null()
        || iv.is_null()
        || input.is_null()
        || out.is_null()
        || overlap(key, KEY_LEN, out, len)
        || (!ptr::eq(input, out) && overlap(input, len, out, len))
    {
        return SQLITE_ERROR;
    }
    // SAFETY: not null and readable for 32 bytes (`key_len` is 32), and apart from `out`.
    let key: &[u8; KEY_LEN] = unsafe { &*key.cast::<[u8; KEY_LEN]>() };
    // SAFETY: not null and readable for 16 bytes by contract. Copied, since it may lie in the page around `out`.
    let iv = unsafe { iv.cast::<[u8; BLOCK_LEN]>().read() };
    // SAFETY: both are valid for `len` bytes by contract, and are equal or do not overlap. Nothing else touches them
    // while this function runs: SQLCipher holds the connection's mutex.
    let pages = unsafe { InOutBuf::from_raw(input, out, len) };
    let (blocks, _nothing) = pages.into_chunks::<U16>();
    let known = with_cipher(mode, key, iv, blocks);
    // The registers keep round keys, which whatever saves registers would write to the stack later: another key into
    // them.
    let mut nothing = [Array::from([0; BLOCK_LEN])];
    with_cipher(
        mode,
        &[0; KEY_LEN],
        [0; BLOCK_LEN],
        InOutBuf::from(&mut nothing[..]),
    );
    wipe_stack();
    if known { SQLITE_OK } else { SQLITE_ERROR }
}

/// Whether the mode is known. Apart from its caller, so that [`wipe_stack`] reaches all that it leaves.
#[inline(never)]
fn with_cipher(
    mode: c_int,
    key: &[u8; KEY_LEN],
    iv: [u8; BLOCK_LEN],
    blocks: InOutBuf<'_, '_, Array<u8, U16>>,
) -> bool {
    match mode {
        ENCRYPT => {
            cbc::Encryptor::<Aes256>::new(key.into(), &iv.into()).encrypt_blocks_inout(blocks);
        }
        DECRYPT => {
            cbc::Decryptor::<Aes256>::new(key.into(), &iv.into()).decrypt_blocks_inout(blocks);
        }
        _ => return false,
    }
    true
}

/// Wipes the stack below its caller. The ciphers wipe the schedules of their keys, but not the copies that moving
/// them and lack of registers leave; the first half of a schedule is the key.
#[inline(never)]
fn wipe_stack() {
    let mut stack = [0_u64; 1024];
    stack.zeroize();
    std::hint::black_box(&stack);
}

/// The `len` bytes at `start`; `None` for a null pointer or a negative length.
///
/// # Safety
/// `start` is null or readable for `len` bytes, which nobody writes to while the result lives.
unsafe fn bytes<'a>(start: *const u8, len: c_int) -> Option<&'a [u8]> {
    let len = usize::try_from(len).ok()?;
    if start.is_null() {
        return None;
    }
    // SAFETY: not null; readable and unchanged by contract; a `c_int` is never more than `isize::MAX`.
    Some(unsafe { slice::from_raw_parts(start, len) })
}

/// Whether the two stretches of memory share a byte.
fn overlap(a: *const u8, a_len: usize, b: *const u8, b_len: usize) -> bool {
    let (a, b) = (a.addr(), b.addr());
    a < b.saturating_add(b_len) && b < a.saturating_add(a_len)
}
