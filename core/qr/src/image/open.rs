//! From the bytes of a file to a grey picture.

use std::io::Cursor;
use std::panic::catch_unwind;

use image::error::ImageError as CodecError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::grey::Grey;
use super::{ImageError, LARGEST_MEMORY, LONGEST_SIDE, MOST_PIXELS};

/// The first picture in the bytes, on white where it is transparent.
pub(super) fn open(bytes: &[u8]) -> Result<Grey, ImageError> {
    // A decoder of pictures is the first thing that a stranger's bytes meet. Those that are used
    // have no known way to panic; one more check of an index must not end the process.
    catch_unwind(|| decode(bytes)).unwrap_or(Err(ImageError::NotAnImage))
}

fn decode(bytes: &[u8]) -> Result<Grey, ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| ImageError::NotAnImage)?;
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif) => {}
        _ => return Err(ImageError::NotAnImage),
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(LARGEST_MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if width > LONGEST_SIDE
        || height > LONGEST_SIDE
        || u64::from(width) * u64::from(height) > MOST_PIXELS
        || decoder.total_bytes() > LARGEST_MEMORY
    {
        return Err(ImageError::TooLarge);
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    grey(picture).ok_or(ImageError::NotAnImage)
}

fn refused(error: CodecError) -> ImageError {
    match error {
        CodecError::Limits(_) => ImageError::TooLarge,
        CodecError::Decoding(_)
        | CodecError::Encoding(_)
        | CodecError::Parameter(_)
        | CodecError::Unsupported(_)
        | CodecError::IoError(_) => ImageError::NotAnImage,
    }
}

fn grey(picture: DynamicImage) -> Option<Grey> {
    let (width, height) = (picture.width(), picture.height());
    let pixels = if picture.color().has_alpha() {
        let pixels = picture.into_luma_alpha8();
        pixels
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&[grey, alpha]| {
                let (grey, alpha) = (u32::from(grey), u32::from(alpha));
                u8::try_from((grey * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
            })
            .collect()
    } else {
        picture.into_luma8().into_raw()
    };
    Some(Grey {
        width: usize::try_from(width).ok().filter(|side| *side > 0)?,
        height: usize::try_from(height).ok().filter(|side| *side > 0)?,
        pixels,
    })
}
