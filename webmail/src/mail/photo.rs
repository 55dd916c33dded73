//! Photographs made one PDF: upright, of a size that travels, and without what the camera noted of place and person.
//!
//! Invariants: an image is decoded within bounds and encoded anew, so nothing but its points leaves; each is a page of
//! its own, A4, in the order in which they were chosen. The same photographs make the same octets.
//! Failure: an image that cannot be read, by its name.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};

use super::outgoing::Upload;

/// Octets that decoding one image may take: about 60 million points.
const MAX_DECODED: u64 = 256 * 1024 * 1024;
/// Points of a side that are kept: 200 to the inch on A4.
const MAX_SIDE: u32 = 2340;
/// JPEG quality: writing stays readable.
const QUALITY: u8 = 82;
/// A4, and its margin, in points of 1/72 inch.
const SHORT: f32 = 595.0;
const LONG: f32 = 842.0;
const MARGIN: f32 = 18.0;

/// An image that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("an image cannot be read")]
pub(crate) struct PhotoError {
    /// The name that the citizen's device gave it.
    pub(crate) name: String,
    #[source]
    cause: ImageError,
}

/// Whether a file is a photograph that can be made a page: by its octets, whatever it is called.
pub(crate) fn is_photo(file: &Upload) -> bool {
    matches!(image::guess_format(&file.octets), Ok(ImageFormat::Jpeg | ImageFormat::Png))
}

/// The files with all photographs among them in one PDF of that name, in the place of the first.
pub(crate) fn gathered(files: Vec<Upload>, name: &str) -> Result<Vec<Upload>, PhotoError> {
    let (photos, mut files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_photo);
    if photos.is_empty() {
        return Ok(files);
    }
    let mut pages = Vec::new();
    // One after the other: the largest is in memory once.
    for photo in photos {
        let page = page_of(&photo.octets);
        pages.push(page.map_err(|cause| PhotoError { name: photo.name, cause })?);
    }
    let media_type = "application/pdf".to_owned();
    files.insert(0, Upload { name: name.to_owned(), media_type, octets: pdf(&pages) });
    Ok(files)
}

/// A page's image: JPEG, and its sides.
struct Page {
    jpeg: Vec<u8>,
    width: u32,
    height: u32,
}

fn page_of(octets: &[u8]) -> Result<Page, ImageError> {
    let mut reader = ImageReader::new(Cursor::new(octets)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // As the camera was held.
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    if image.width().max(image.height()) > MAX_SIDE {
        image = image.resize(MAX_SIDE, MAX_SIDE, FilterType::Triangle);
    }
    let image = on_white(&image);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&image)?;
    Ok(Page { jpeg, width: image.width(), height: image.height() })
}

/// What can be seen through is seen on white, as on paper.
fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let rgba = image.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (from, to) in rgba.pixels().zip(rgb.pixels_mut()) {
        let [red, green, blue, alpha] = from.0;
        let over = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(alpha));
            u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [over(red), over(green), over(blue)];
    }
    rgb
}

// ISO 32000-1 §7.7
fn pdf(pages: &[Page]) -> Vec<u8> {
    let mut next = 0;
    let mut number = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree) = (number(), number());
    let numbers: Vec<[Ref; 3]> = pages.iter().map(|_| [number(), number(), number()]).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(numbers.iter().map(|[page, ..]| *page)).count(count);
    for (page, [id, image, content]) in pages.iter().zip(numbers) {
        let (width, height) = match page.width > page.height {
            true => (LONG, SHORT),
            false => (SHORT, LONG),
        };
        let name = Name(b"P");
        let mut written = pdf.page(id);
        written.media_box(Rect::new(0.0, 0.0, width, height)).parent(tree).contents(content);
        written.resources().x_objects().pair(name, image);
        written.finish();
        pdf.stream(content, &placed(page, name, (width, height)));
        let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
        let mut stream = pdf.image_xobject(image, &page.jpeg);
        stream.filter(Filter::DctDecode);
        stream.width(side(page.width)).height(side(page.height));
        stream.color_space().device_rgb();
        stream.bits_per_component(8);
        stream.finish();
    }
    pdf.finish()
}

/// The page's drawing: its image in the middle, as large as the paper lets it.
#[expect(clippy::cast_precision_loss, reason = "sides of at most 2,340 points")]
fn placed(page: &Page, name: Name<'_>, (width, height): (f32, f32)) -> Vec<u8> {
    let (across, up) = (page.width.max(1) as f32, page.height.max(1) as f32);
    let scale = ((width - 2.0 * MARGIN) / across).min((height - 2.0 * MARGIN) / up);
    let (across, up) = (across * scale, up * scale);
    let (x, y) = ((width - across) / 2.0, (height - up) / 2.0);
    let mut content = Content::new();
    content.save_state().transform([across, 0.0, 0.0, up, x, y]).x_object(name).restore_state();
    content.finish().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, octets: Vec<u8>) -> Upload {
        Upload { name: name.into(), media_type: "image/jpeg".into(), octets }
    }

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut octets = Cursor::new(Vec::new());
        image.write_to(&mut octets, format).unwrap();
        octets.into_inner()
    }

    /// A JPEG as a telephone writes it: turned, and saying where it was taken.
    fn turned() -> Vec<u8> {
        let plain = written(&DynamicImage::new_rgb8(40, 20), ImageFormat::Jpeg);
        // TIFF header, one entry: orientation 6, then the words of a place.
        let mut exif =
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        exif.extend(b"GPS 48.8566 2.3522");
        let mut octets = vec![0xff, 0xd8, 0xff, 0xe1];
        octets.extend((u16::try_from(exif.len()).unwrap() + 2).to_be_bytes());
        octets.extend(exif);
        octets.extend(&plain[2..]);
        octets
    }

    fn holds(octets: &[u8], text: &str) -> bool {
        octets.windows(text.len()).any(|at| at == text.as_bytes())
    }

    #[test]
    fn photographs_become_the_pages_of_one_pdf_and_other_files_stay() {
        let png = written(&DynamicImage::new_rgba8(30, 60), ImageFormat::Png);
        let files = vec![
            file("note.txt", b"abc".to_vec()),
            file("IMG_1.jpg", turned()),
            file("IMG_2.png", png),
        ];
        let made = gathered(files.clone(), "Photos.pdf").unwrap();
        let names: Vec<&str> = made.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["Photos.pdf", "note.txt"]);
        let pdf = &made[0].octets;
        assert!(pdf.starts_with(b"%PDF-1.") && holds(pdf, "/Count 2"));
        // The first was taken upright, whatever way its points lie.
        assert!(holds(pdf, "/Width 20") && holds(pdf, "/Height 40"));
        assert!(!holds(pdf, "GPS") && !holds(pdf, "Exif"));
        assert_eq!(&gathered(files, "Photos.pdf").unwrap()[0].octets, pdf, "the same again");
    }

    #[test]
    fn what_is_seen_through_is_seen_on_white() {
        let mut image = image::RgbaImage::new(1, 1);
        image.put_pixel(0, 0, image::Rgba([0, 0, 0, 0]));
        assert_eq!(on_white(&image.into()).get_pixel(0, 0).0, [255, 255, 255]);
    }

    #[test]
    fn large_ones_are_made_small_and_broken_ones_are_named() {
        let large = written(&DynamicImage::new_luma8(6000, 40), ImageFormat::Png);
        let page = page_of(&large).unwrap();
        assert_eq!(page.width, MAX_SIDE);
        let mut broken = turned();
        broken.truncate(60);
        let error = gathered(vec![file("IMG_3.jpg", broken)], "x.pdf").unwrap_err();
        assert_eq!(error.name, "IMG_3.jpg");
        // A header that promises more points than there is memory.
        let mut bomb = large;
        bomb[16..24].copy_from_slice(&[0, 0, 0xf0, 0, 0, 0, 0xf0, 0]);
        assert!(page_of(&bomb).is_err());
    }
}
