//! Tests of the scanner as a whole; those of one file stand in that file.

mod bounds;
mod exact;
mod hostile;
mod properties;

use super::{Digest, Limits, Part, PartKind, Scanner};

/// Scans `message` in pieces of `size` octets.
fn scan_in_pieces(message: &[u8], size: usize) -> Digest {
    let mut scanner = Scanner::new(Limits::default());
    for piece in message.chunks(size.max(1)) {
        scanner.push(piece);
    }
    scanner.finish()
}

/// The part and all below it, a holder before what it holds, with the number of containers
/// above each.
fn every_part(root: &Part) -> Vec<(usize, &Part)> {
    let mut todo = vec![(0, root)];
    let mut parts = Vec::new();
    while let Some((depth, part)) = todo.pop() {
        parts.push((depth, part));
        match &part.kind {
            PartKind::Leaf => {}
            PartKind::Multipart { children } => {
                todo.extend(children.iter().rev().map(|child| (depth + 1, child)));
            }
            PartKind::Message { child, .. } => todo.push((depth + 1, child)),
        }
    }
    parts
}

fn slice(message: &[u8], range: std::ops::Range<u64>) -> &[u8] {
    &message[range.start as usize..range.end as usize]
}
