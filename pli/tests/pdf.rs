//! `pli read-pdf`, by which the server reads PDF files: whatever the file is, the process that reads
//! it ends soon and says nothing of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use search::{InChild, ReadPdf};
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn reader() -> InChild {
    InChild {
        program: PathBuf::from(env!("CARGO_BIN_EXE_pli")),
        arguments: vec!["read-pdf".to_owned()],
    }
}

/// A PDF file of these objects, the first of which is the catalog.
fn pdf(objects: &[String]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    let mut table = String::new();
    for (number, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let (start, size) = (file.len(), objects.len() + 1);
    file.push_str(&format!(
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n\
         startxref\n{start}\n%%EOF\n"
    ));
    file.into_bytes()
}

/// A file of one page with this content.
fn page(content: &str) -> Vec<u8> {
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .into(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
    ])
}

#[test]
fn the_text_of_a_file_is_read() {
    let text = reader().text(&page("BT /F1 12 Tf (compte rendu op\\351ratoire) Tj ET")).unwrap();
    assert!(text.contains("compte rendu opératoire"), "{text}");
}

#[test]
fn hostile_files_have_no_text_and_end_soon() {
    let begun = Instant::now();
    let around = pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 99999999 /Parent 2 0 R >>".into(),
    ]);
    let deep = page(&format!("BT {} Tj ET", "[".repeat(1_000_000)));
    let nested = pdf(&[format!("<< /Type /Catalog /Pages {} >>", "<< /A ".repeat(500_000))]);
    let font = page(&"BT /F1 12 Tf () Tj ET ".repeat(300_000));
    let length = pdf(&["<< /Length 99999999999999 >>\nstream\nx\nendstream".into()]);
    for file in [around, deep, nested, font, length, b"%PDF-".to_vec(), vec![b'%'; 9_000_000]] {
        let text = reader().text(&file).unwrap_or_default();
        assert!(text.trim().is_empty());
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_reader_that_is_not_there_is_no_text() {
    let reader = InChild { program: "/nonexistent/pli".into(), arguments: Vec::new() };
    assert_eq!(reader.text(b"%PDF-1.4"), None);
}
