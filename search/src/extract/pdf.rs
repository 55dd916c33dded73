//! Text out of PDF files, by a process of its own.
//!
//! A PDF file is a program's input in which hardly anything is bounded: parsers of it have overflowed
//! their stack, run for ever and taken all memory, and neither of these can be caught. So the file is
//! given to a child of this program that has little time and memory, opens and writes no file, and
//! leaves no core; what becomes of the child, the server goes on.
//!
//! Failure: none of it is text; why, is in the log, without anything of the file.

use lopdf::{Document, LoadOptions};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Octets of a PDF file that is read.
pub const MAX_PDF: usize = 8 * 1024 * 1024;
/// Octets of its text.
const MAX_PDF_TEXT: usize = super::MAX_TEXT;
/// Pages that are read.
const MAX_PAGES: usize = 200;
/// Octets that a packed stream may have when unpacked.
const MAX_STREAM: usize = 16 * 1024 * 1024;
/// Octets of memory of the child, the program itself included.
const MAX_MEMORY: u64 = 1024 * 1024 * 1024;
/// Seconds of processor time of the child.
const MAX_SECONDS: u64 = 5;
/// Octets in which the file's first line must begin.
const HEAD: usize = 1024;

/// Reads the text of a PDF file.
pub trait ReadPdf: Send + Sync + fmt::Debug {
    /// The text, at most [`super::MAX_TEXT`] octets; none if it cannot be had.
    fn text(&self, pdf: &[u8]) -> Option<String>;
}

/// Whether octets begin as a PDF file does.
#[must_use]
pub fn is_pdf(octets: &[u8]) -> bool {
    octets.get(..HEAD).unwrap_or(octets).windows(5).any(|at| at == b"%PDF-")
}

/// PDF files are not read.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPdf;

impl ReadPdf for NoPdf {
    fn text(&self, _: &[u8]) -> Option<String> {
        None
    }
}

/// PDF files are read by a child: a program that calls [`read_as_child`].
#[derive(Debug, Clone)]
pub struct InChild {
    /// The program.
    pub program: PathBuf,
    /// What it is called with.
    pub arguments: Vec<String>,
}

impl ReadPdf for InChild {
    fn text(&self, pdf: &[u8]) -> Option<String> {
        match self.run(pdf) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "the reader of PDF files does not start");
                None
            }
        }
    }
}

impl InChild {
    fn run(&self, pdf: &[u8]) -> io::Result<Option<String>> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // It reads everything before it writes anything, so neither waits for the other. If it ends
        // before it has read, what it says of the file is seen below.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(pdf));
        let mut text = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let _ = stdout.take(MAX_PDF_TEXT as u64).read_to_end(&mut text);
        }
        let status = child.wait()?;
        if !status.success() {
            tracing::warn!(%status, octets = pdf.len(), "a PDF file could not be read");
            return Ok(None);
        }
        text.truncate(MAX_PDF_TEXT);
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }
}

/// What the child does: gives up what it does not need, reads a PDF file and writes its text.
///
/// # Errors
/// Its limits could not be set, or the file has no text that can be read.
pub fn read_as_child(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let limit = |resource, most: u64| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
    };
    for (resource, most) in [
        (Resource::As, MAX_MEMORY),
        (Resource::Cpu, MAX_SECONDS),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, 0),
        (Resource::Nproc, 0),
    ] {
        limit(resource, most)?;
    }
    let mut pdf = Vec::new();
    input.by_ref().take(MAX_PDF as u64 + 1).read_to_end(&mut pdf)?;
    if pdf.len() > MAX_PDF {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    output.write_all(text_of(&pdf)?.as_bytes())?;
    output.flush()
}

/// The text of a PDF file. Only ever called in a child: it may panic, and worse.
pub(crate) fn text_of(pdf: &[u8]) -> io::Result<String> {
    let bad = |error: lopdf::Error| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    let options = LoadOptions { max_decompressed_size: Some(MAX_STREAM), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(pdf, options).map_err(bad)?;
    let mut text = String::new();
    for page in document.get_pages().into_keys().take(MAX_PAGES) {
        // A page that cannot be read loses its own text only.
        for piece in
            document.extract_text_chunks_with_limit(&[page], MAX_STREAM).into_iter().flatten()
        {
            text.push_str(&piece);
        }
        text.push('\n');
        if text.len() > MAX_PDF_TEXT {
            text.truncate(text.floor_char_boundary(MAX_PDF_TEXT));
            break;
        }
    }
    Ok(text)
}
