//! What happens to a code between our drawing and somebody's camera. All of it is arithmetic with
//! seeded noise: the same picture in every run.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels: every value is clamped to its range first"
)]

use std::f64::consts::PI;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{EncodableLayout, GrayImage, ImageBuffer, ImageFormat, Luma, PixelWithColorType};
use sokhoe_qr::Matrix;
use sokhoe_qr::draw::Level;

/// A grey picture.
#[derive(Clone)]
pub struct Picture(pub GrayImage);

impl Picture {
    /// Our own PNG of a text, decoded.
    pub fn of(text: &str, level: Level, scale: u8) -> Self {
        let png = Matrix::encode(text, level).unwrap().to_png(scale);
        Self(image::load_from_memory(&png).unwrap().to_luma8())
    }

    pub fn png(&self) -> Vec<u8> {
        written(&self.0, ImageFormat::Png)
    }

    pub fn jpeg(&self, quality: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
            .unwrap();
        bytes
    }

    fn map(&self, f: impl Fn(u8) -> u8) -> Self {
        let mut image = self.0.clone();
        image.iter_mut().for_each(|pixel| *pixel = f(*pixel));
        Self(image)
    }

    pub fn inverted(&self) -> Self {
        self.map(|pixel| 255 - pixel)
    }

    /// From 0..255 to `black`..`white`.
    pub fn dimmed(&self, black: u8, white: u8) -> Self {
        self.map(|pixel| {
            let range = f64::from(white) - f64::from(black);
            (f64::from(black) + range * f64::from(pixel) / 255.0).round() as u8
        })
    }

    /// The grey value between pixels; `None` outside.
    fn at(&self, x: f64, y: f64) -> Option<f64> {
        let (width, height) = self.0.dimensions();
        let (x, y) = (x - 0.5, y - 0.5);
        if x < -0.5 || y < -0.5 || x > f64::from(width) - 0.5 || y > f64::from(height) - 0.5 {
            return None;
        }
        let pixel = |x: f64, y: f64| {
            let x = (x.max(0.0) as u32).min(width - 1);
            let y = (y.max(0.0) as u32).min(height - 1);
            f64::from(self.0.get_pixel(x, y).0[0])
        };
        let (left, top) = (x.floor(), y.floor());
        let (right_share, bottom_share) = (x - left, y - top);
        let row = |y| pixel(left, y) * (1.0 - right_share) + pixel(left + 1.0, y) * right_share;
        Some(row(top) * (1.0 - bottom_share) + row(top + 1.0) * bottom_share)
    }

    /// Turned about its middle, on white.
    pub fn rotated(&self, degrees: f64) -> Self {
        let (sin, cos) = (degrees * PI / 180.0).sin_cos();
        let (width, height) = (f64::from(self.0.width()), f64::from(self.0.height()));
        let new_width = (width * cos.abs() + height * sin.abs()).ceil();
        let new_height = (width * sin.abs() + height * cos.abs()).ceil();
        Self(GrayImage::from_fn(
            new_width as u32,
            new_height as u32,
            |x, y| {
                let x = f64::from(x) + 0.5 - new_width / 2.0;
                let y = f64::from(y) + 0.5 - new_height / 2.0;
                let from = self.at(
                    x * cos + y * sin + width / 2.0,
                    y * cos - x * sin + height / 2.0,
                );
                Luma([from.unwrap_or(255.0).round() as u8])
            },
        ))
    }

    /// Laid into a quadrangle of another picture; corners from the top left one, clockwise.
    pub fn laid_into(&self, scene: &Self, corners: [(f64, f64); 4]) -> Self {
        let unit = from_quadrangle(corners);
        let (width, height) = (f64::from(self.0.width()), f64::from(self.0.height()));
        let mut image = scene.0.clone();
        let (left, right) = ends(corners.map(|(x, _)| x), image.width());
        let (top, bottom) = ends(corners.map(|(_, y)| y), image.height());
        for (x, y) in (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))) {
            let (u, v) = unit(f64::from(x) + 0.5, f64::from(y) + 0.5);
            if (0.0..1.0).contains(&u)
                && (0.0..1.0).contains(&v)
                && let Some(value) = self.at(u * width, v * height)
            {
                image.put_pixel(x, y, Luma([value.round() as u8]));
            }
        }
        Self(image)
    }

    /// Seen from the side: the far edge is `share` shorter than the near one.
    pub fn skewed(&self, share: f64) -> Self {
        let (width, height) = (f64::from(self.0.width()), f64::from(self.0.height()));
        let inset = width * share / 2.0;
        let white = Self(GrayImage::from_pixel(
            self.0.width(),
            self.0.height(),
            Luma([255]),
        ));
        self.laid_into(
            &white,
            [
                (inset, height * share / 2.0),
                (width - inset, 0.0),
                (width, height),
                (0.0, height * (1.0 - share / 3.0)),
            ],
        )
    }

    /// A Gaussian blur.
    pub fn blurred(&self, sigma: f64) -> Self {
        let radius = (3.0 * sigma).ceil() as i64;
        let weights: Vec<f64> = (-radius..=radius)
            .map(|d| (-(d * d) as f64 / (2.0 * sigma * sigma)).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        let pass = |image: &GrayImage, across: bool| {
            let (width, height) = image.dimensions();
            GrayImage::from_fn(width, height, |x, y| {
                let value: f64 = (-radius..=radius)
                    .zip(&weights)
                    .map(|(d, weight)| {
                        let moved = |place: u32, size: u32| {
                            (i64::from(place) + d).clamp(0, i64::from(size) - 1) as u32
                        };
                        let (x, y) = if across {
                            (moved(x, width), y)
                        } else {
                            (x, moved(y, height))
                        };
                        weight * f64::from(image.get_pixel(x, y).0[0])
                    })
                    .sum();
                Luma([(value / sum).round() as u8])
            })
        };
        Self(pass(&pass(&self.0, true), false))
    }

    /// That share of the pixels is black or white, whatever was there.
    pub fn peppered(&self, share: f64, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let mut image = self.0.clone();
        for pixel in image.iter_mut() {
            if noise.unit() < share {
                *pixel = if noise.unit() < 0.5 { 0 } else { 255 };
            }
        }
        Self(image)
    }

    /// Gaussian noise on every pixel; `share` of the whole range is its standard deviation.
    pub fn grainy(&self, share: f64, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let mut image = self.0.clone();
        for pixel in image.iter_mut() {
            let value = f64::from(*pixel) + noise.normal() * share * 255.0;
            *pixel = value.round().clamp(0.0, 255.0) as u8;
        }
        Self(image)
    }

    /// Light from one side: the far corner gets only `share` of it.
    pub fn unevenly_lit(&self, share: f64) -> Self {
        let (width, height) = self.0.dimensions();
        Self(GrayImage::from_fn(width, height, |x, y| {
            let far = (f64::from(x) / f64::from(width) + f64::from(y) / f64::from(height)) / 2.0;
            let light = 1.0 - far * (1.0 - share);
            Luma([(f64::from(self.0.get_pixel(x, y).0[0]) * light).round() as u8])
        }))
    }

    /// A desk with papers, print and edges, and no code.
    pub fn desk(width: u32, height: u32, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let mut image = GrayImage::from_pixel(width, height, Luma([150]));
        let mut below = |limit: u32| (noise.unit() * f64::from(limit)) as u32;
        for _ in 0..60 {
            let (left, top) = (below(width), below(height));
            let (wide, high) = (10 + below(width / 4), 10 + below(height / 4));
            let grey = 30 + below(220) as u8;
            let stripe = 2 + below(12);
            let is_print = below(3) == 0;
            for y in top..(top + high).min(height) {
                for x in left..(left + wide).min(width) {
                    let ink = is_print && (y / stripe) % 2 == 0 && (x * 7 + y / stripe) % 11 < 6;
                    image.put_pixel(x, y, Luma([if ink { grey / 4 } else { grey }]));
                }
            }
        }
        Self(image)
    }

    /// Two pictures side by side on white.
    pub fn beside(&self, other: &Self) -> Self {
        let width = self.0.width() + other.0.width();
        let height = self.0.height().max(other.0.height());
        let mut image = GrayImage::from_pixel(width, height, Luma([255]));
        image::imageops::replace(&mut image, &self.0, 0, 0);
        image::imageops::replace(&mut image, &other.0, i64::from(self.0.width()), 0);
        Self(image)
    }

    /// One picture over another on white.
    pub fn above(&self, other: &Self) -> Self {
        let turned = |picture: &Self| Self(image::imageops::rotate270(&picture.0));
        Self(image::imageops::rotate90(
            &turned(self).beside(&turned(other)).0,
        ))
    }
}

/// The file of a picture of any kind of pixels.
pub fn written<P>(picture: &ImageBuffer<P, Vec<P::Subpixel>>, format: ImageFormat) -> Vec<u8>
where
    P: PixelWithColorType,
    [P::Subpixel]: EncodableLayout,
{
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The projective map from a quadrangle to the unit square (P. Heckbert, Fundamentals of Texture
/// Mapping and Image Warping, 1989, section 2.2.3).
fn from_quadrangle(corners: [(f64, f64); 4]) -> impl Fn(f64, f64) -> (f64, f64) {
    let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = corners;
    let (dx1, dx2, sx) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
    let (dy1, dy2, sy) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
    let bottom = dx1 * dy2 - dx2 * dy1;
    let g = (sx * dy2 - dx2 * sy) / bottom;
    let h = (dx1 * sy - sx * dy1) / bottom;
    let (a, b, c) = (x1 - x0 + g * x1, x3 - x0 + h * x3, x0);
    let (d, e, f) = (y1 - y0 + g * y1, y3 - y0 + h * y3, y0);
    move |x, y| {
        let u = x * (e - f * h) + y * (c * h - b) + (b * f - c * e);
        let v = x * (f * g - d) + y * (a - c * g) + (c * d - a * f);
        let w = x * (d * h - e * g) + y * (b * g - a * h) + (a * e - b * d);
        (u / w, v / w)
    }
}

/// The pixels between the least and the greatest of some places.
fn ends(places: [f64; 4], size: u32) -> (u32, u32) {
    let least = places.into_iter().fold(f64::INFINITY, f64::min);
    let greatest = places.into_iter().fold(0.0, f64::max);
    (least.max(0.0) as u32, (greatest.ceil() as u32).min(size))
}

/// SplitMix64: enough for noise.
struct Noise(u64);

impl Noise {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Box and Muller's.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (2.0 * PI * self.unit()).cos()
    }
}
