//! Known answers, and arguments that make no sense.

use super::*;

const KEY: [u8; 32] = [
    0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
    0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4,
];

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("hex")
        })
        .collect()
}

fn size(data: &[u8]) -> c_int {
    c_int::try_from(data.len()).expect("short")
}

fn call_cipher(mode: c_int, key: &[u8], iv: &[u8; 16], input: &[u8], out: &mut [u8]) -> c_int {
    assert!(out.len() >= input.len());
    // SAFETY: all from slices, with their lengths; `out` is at least as long as `input` and apart from it.
    unsafe {
        cipher(
            ptr::null_mut(),
            mode,
            key.as_ptr(),
            size(key),
            iv.as_ptr(),
            input.as_ptr(),
            size(input),
            out.as_mut_ptr(),
        )
    }
}

fn call_kdf(algorithm: c_int, password: &[u8], salt: &[u8], rounds: c_int) -> (c_int, [u8; 64]) {
    let mut key = [0; 64];
    // SAFETY: all from slices, with their lengths.
    let code = unsafe {
        kdf(
            ptr::null_mut(),
            algorithm,
            password.as_ptr(),
            size(password),
            salt.as_ptr(),
            size(salt),
            rounds,
            size(&key),
            key.as_mut_ptr(),
        )
    };
    (code, key)
}

fn call_hmac(
    algorithm: c_int,
    key: &[u8],
    first: &[u8],
    second: Option<&[u8]>,
) -> (c_int, [u8; 64]) {
    let mut out = [0; 64];
    // SAFETY: all from slices, with their lengths; `second` is null or a slice.
    let code = unsafe {
        hmac(
            ptr::null_mut(),
            algorithm,
            key.as_ptr(),
            size(key),
            first.as_ptr(),
            size(first),
            second.map_or(ptr::null(), <[u8]>::as_ptr),
            second.map_or(0, size),
            out.as_mut_ptr(),
        )
    };
    (code, out)
}

/// NIST SP 800-38A, F.2.5 and F.2.6.
#[test]
fn aes_256_cbc_known_answer() {
    let iv: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).expect("small"));
    let plain = hex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                     30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
    );
    let secret = hex(
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
                      39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
    );

    let mut out = vec![0; 64];
    assert_eq!(call_cipher(ENCRYPT, &KEY, &iv, &plain, &mut out), SQLITE_OK);
    assert_eq!(out, secret);
    assert_eq!(
        call_cipher(DECRYPT, &KEY, &iv, &secret, &mut out),
        SQLITE_OK
    );
    assert_eq!(out, plain);

    let page = out.as_mut_ptr();
    // SAFETY: in place, as the contract allows.
    let code = unsafe {
        cipher(
            ptr::null_mut(),
            ENCRYPT,
            KEY.as_ptr(),
            32,
            iv.as_ptr(),
            page,
            64,
            page,
        )
    };
    assert_eq!(code, SQLITE_OK);
    assert_eq!(out, secret);
}

#[test]
fn cipher_refuses_bad_arguments() {
    let iv = [0; 16];
    let mut out = [7; 64];
    assert_eq!(call_cipher(2, &KEY, &iv, &[0; 32], &mut out), SQLITE_ERROR);
    assert_eq!(call_cipher(-1, &KEY, &iv, &[0; 32], &mut out), SQLITE_ERROR);
    assert_eq!(
        call_cipher(ENCRYPT, &KEY[..16], &iv, &[0; 32], &mut out),
        SQLITE_ERROR
    );
    assert_eq!(
        call_cipher(ENCRYPT, &[], &iv, &[0; 32], &mut out),
        SQLITE_ERROR
    );
    assert_eq!(
        call_cipher(ENCRYPT, &KEY, &iv, &[0; 31], &mut out),
        SQLITE_ERROR
    );
    assert_eq!(out, [7; 64]);

    let (key, iv, page) = (KEY.as_ptr(), iv.as_ptr(), out.as_mut_ptr());
    let none = ptr::null_mut();
    // SAFETY: null is allowed, a negative length reads nothing, and overlaps are refused before anything is written.
    unsafe {
        assert_eq!(
            cipher(none, ENCRYPT, ptr::null(), 32, iv, page, 32, page),
            SQLITE_ERROR
        );
        assert_eq!(
            cipher(none, ENCRYPT, key, 32, ptr::null(), page, 32, page),
            SQLITE_ERROR
        );
        assert_eq!(
            cipher(none, ENCRYPT, key, 32, iv, ptr::null(), 32, page),
            SQLITE_ERROR
        );
        assert_eq!(
            cipher(none, ENCRYPT, key, 32, iv, page, 32, ptr::null_mut()),
            SQLITE_ERROR
        );
        assert_eq!(
            cipher(none, ENCRYPT, key, 32, iv, page, -32, page),
            SQLITE_ERROR
        );
        assert_eq!(
            cipher(none, ENCRYPT, key, 32, iv, page, 32, page.add(16)),
            SQLITE_ERROR
        );
        assert_eq!(
            cipher(none, ENCRYPT, page.add(16), 32, iv, page, 32, page),
            SQLITE_ERROR
        );
    }
    assert_eq!(out, [7; 64]);
}

/// RFC 4231, test case 2.
#[test]
fn hmac_sha512_known_answer() {
    let expected = hex(
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                        9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    );
    let whole = b"what do ya want for nothing?";
    let (code, out) = call_hmac(HMAC_SHA512, b"Jefe", whole, None);
    assert_eq!((code, out.as_slice()), (SQLITE_OK, expected.as_slice()));
    let (code, out) = call_hmac(HMAC_SHA512, b"Jefe", &whole[..10], Some(&whole[10..]));
    assert_eq!((code, out.as_slice()), (SQLITE_OK, expected.as_slice()));
}

#[test]
fn hmac_refuses_bad_arguments() {
    for algorithm in [-1, 0, 1, 3] {
        assert_eq!(
            call_hmac(algorithm, &KEY, b"page", None),
            (SQLITE_ERROR, [0; 64])
        );
    }
    let (key, none) = (KEY.as_ptr(), ptr::null_mut());
    let mut page = [7; 64];
    let out = page.as_mut_ptr();
    // SAFETY: null is allowed and a negative length reads nothing.
    unsafe {
        assert_eq!(
            hmac(none, 2, ptr::null(), 32, key, 32, ptr::null(), 0, out),
            SQLITE_ERROR
        );
        assert_eq!(
            hmac(none, 2, key, -1, key, 32, ptr::null(), 0, out),
            SQLITE_ERROR
        );
        assert_eq!(
            hmac(none, 2, key, 32, ptr::null(), 32, ptr::null(), 0, out),
            SQLITE_ERROR
        );
        assert_eq!(
            hmac(none, 2, key, 32, key, -1, ptr::null(), 0, out),
            SQLITE_ERROR
        );
        assert_eq!(hmac(none, 2, key, 32, key, 32, key, -1, out), SQLITE_ERROR);
        assert_eq!(
            hmac(none, 2, key, 32, key, 32, key, 4, ptr::null_mut()),
            SQLITE_ERROR
        );
    }
    assert_eq!(page, [7; 64]);
}

/// Widely published vectors for PBKDF2-HMAC-SHA512 over the inputs of RFC 6070.
#[test]
fn pbkdf2_sha512_known_answer() {
    for (rounds, expected) in [
        (
            1,
            "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252\
             c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce",
        ),
        (
            4096,
            "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5\
             143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5",
        ),
    ] {
        let (code, key) = call_kdf(PBKDF2_HMAC_SHA512, b"password", b"salt", rounds);
        assert_eq!(
            (code, key.as_slice()),
            (SQLITE_OK, hex(expected).as_slice())
        );
    }
}

#[test]
fn kdf_refuses_bad_arguments() {
    for (algorithm, rounds) in [(0, 2), (1, 2), (3, 2), (2, 0), (2, -1)] {
        assert_eq!(
            call_kdf(algorithm, b"password", b"salt", rounds),
            (SQLITE_ERROR, [0; 64])
        );
    }
    let (input, none) = (KEY.as_ptr(), ptr::null_mut());
    let mut page = [7; 64];
    let out = page.as_mut_ptr();
    // SAFETY: null is allowed, a negative length reads nothing, and overlaps are refused before anything is written.
    unsafe {
        assert_eq!(
            kdf(none, 2, ptr::null(), 8, input, 16, 2, 32, out),
            SQLITE_ERROR
        );
        assert_eq!(kdf(none, 2, input, -1, input, 16, 2, 32, out), SQLITE_ERROR);
        assert_eq!(
            kdf(none, 2, input, 8, ptr::null(), 16, 2, 32, out),
            SQLITE_ERROR
        );
        assert_eq!(kdf(none, 2, input, 8, input, -1, 2, 32, out), SQLITE_ERROR);
        assert_eq!(kdf(none, 2, input, 8, input, 16, 2, 0, out), SQLITE_ERROR);
        assert_eq!(
            kdf(none, 2, input, 8, input, 16, 2, 32, ptr::null_mut()),
            SQLITE_ERROR
        );
        assert_eq!(
            kdf(none, 2, out.add(8), 8, input, 16, 2, 32, out),
            SQLITE_ERROR
        );
        assert_eq!(
            kdf(none, 2, input, 8, out.add(8), 16, 2, 32, out),
            SQLITE_ERROR
        );
    }
    assert_eq!(page, [7; 64]);
}

#[test]
fn random_fills_and_refuses_bad_arguments() {
    let mut page = [0_u8; 64];
    let out = page.as_mut_ptr().cast();
    // SAFETY: `out` has 64 bytes; null is allowed and a negative length writes nothing.
    unsafe {
        assert_eq!(random(ptr::null_mut(), ptr::null_mut(), 8), SQLITE_ERROR);
        assert_eq!(random(ptr::null_mut(), out, -1), SQLITE_ERROR);
        assert_eq!(random(ptr::null_mut(), out, 32), SQLITE_OK);
    }
    assert_ne!(page[..32], [0; 32]);
    assert_eq!(page[32..], [0; 32]);
}

#[test]
fn setup_refuses_null_and_names_itself() {
    // SAFETY: null is allowed.
    let code = unsafe { sokhoe_sqlcipher_setup(ptr::null_mut()) };
    assert_eq!(code, SQLITE_ERROR);
    assert_eq!(NAME.to_bytes(), PROVIDER_NAME.as_bytes());
    assert!(is_provider(Some(PROVIDER_NAME)));
    assert!(!is_provider(Some("openssl")));
    assert!(!is_provider(None));
}
