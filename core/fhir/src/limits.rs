//! Bounds on what is read.

use crate::FhirError;

/// The deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: usize = 64;

/// Whether no object or array lies deeper than `max`: one fast scan of the bytes outside strings.
/// Says nothing about whether the text is JSON.
///
/// # Errors
/// [`FhirError::TooDeep`]
pub fn check_depth(json: &[u8], max: usize) -> Result<(), FhirError> {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > max {
                    return Err(FhirError::TooDeep { limit: max });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}
