use sokhoe_qr::draw::Level;
use sokhoe_qr::{Matrix, image};

/// Data that begins so is drawn, and the drawing read; all other data are a file.
const DRAWN: &[u8] = b"draw:";

/// Any bytes as a picture, and any text as one that we draw.
pub fn image(data: &[u8]) {
    match data.strip_prefix(DRAWN) {
        Some(text) => drawn(&String::from_utf8_lossy(text)),
        None => file(data),
    }
}

fn file(bytes: &[u8]) {
    match image::read(bytes) {
        Ok(texts) => {
            assert!(!texts.is_empty());
            for (index, text) in texts.iter().enumerate() {
                assert!(!texts[..index].contains(text), "a text comes twice");
                super::scan(text.as_bytes());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn drawn(text: &str) {
    let level = match text.len() % 3 {
        0 => Level::Low,
        1 => Level::Medium,
        _ => Level::Quartile,
    };
    let Ok(matrix) = Matrix::encode(text, level) else {
        return;
    };
    assert_eq!(image::read(&matrix.to_png(3)), Ok(vec![text.to_owned()]));
}
