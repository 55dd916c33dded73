//! Several sorted sources read as one: of pairs with the same key the one of the latest source
//! counts.

use super::{Reader, SortedError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, btree_map};

/// Pairs that are still in memory.
pub(crate) type Pairs = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Where pairs come from.
#[derive(Debug)]
pub(crate) enum Source {
    File(Reader),
    Memory(btree_map::IntoIter<Vec<u8>, Option<Vec<u8>>>),
}

/// The next pair of a source.
struct Head {
    value: Option<Vec<u8>>,
    source: Source,
}

/// Visits the pairs of all sources in the order of keys; sources come in the order of their age,
/// the oldest first. A deletion is visited as None.
pub(crate) fn merge<E: From<SortedError>>(
    sources: Vec<Source>,
    visit: &mut dyn FnMut(Vec<u8>, Option<Vec<u8>>) -> Result<(), E>,
) -> Result<(), E> {
    let mut order = BinaryHeap::new();
    let mut heads: Vec<Option<Head>> = Vec::new();
    for (number, source) in sources.into_iter().enumerate() {
        heads.push(None);
        advance(source, number, &mut heads, &mut order)?;
    }
    // Of equal keys the latest source comes first.
    let mut last: Option<Vec<u8>> = None;
    while let Some((Reverse(key), number)) = order.pop() {
        let Some(Head { value, source }) = heads.get_mut(number).and_then(Option::take) else {
            continue;
        };
        advance(source, number, &mut heads, &mut order)?;
        if last.as_ref() != Some(&key) {
            last = Some(key.clone());
            visit(key, value)?;
        }
    }
    Ok(())
}

fn advance(
    mut source: Source,
    number: usize,
    heads: &mut [Option<Head>],
    order: &mut BinaryHeap<(Reverse<Vec<u8>>, usize)>,
) -> Result<(), SortedError> {
    let next = match &mut source {
        Source::Memory(pairs) => pairs.next(),
        Source::File(reader) => {
            let pair = reader.pair()?.map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)));
            reader.advance()?;
            pair
        }
    };
    if let (Some((key, value)), Some(place)) = (next, heads.get_mut(number)) {
        *place = Some(Head { value, source });
        order.push((Reverse(key), number));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_source_counts() {
        let source = |pairs: &[(&str, Option<&str>)]| {
            let own = |(key, value): &(&str, Option<&str>)| {
                (key.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec()))
            };
            Source::Memory(pairs.iter().map(own).collect::<Pairs>().into_iter())
        };
        let sources = vec![
            source(&[("a", Some("1")), ("b", Some("1")), ("d", Some("1"))]),
            source(&[("b", None), ("c", Some("2"))]),
            source(&[]),
            source(&[("a", Some("4")), ("e", Some("4"))]),
        ];
        let mut merged = Vec::new();
        merge::<SortedError>(sources, &mut |key, value| {
            let value = value.map(|value| String::from_utf8(value).unwrap());
            merged.push(format!("{} {value:?}", String::from_utf8(key).unwrap()));
            Ok(())
        })
        .unwrap();
        let expected =
            ["a Some(\"4\")", "b None", "c Some(\"2\")", "d Some(\"1\")", "e Some(\"4\")"];
        assert_eq!(merged, expected);
    }
}
