//! A small mutator: what it makes depends on its seed and on what it is given, and on nothing else.

/// Octets of an input.
pub const MAX_INPUT: usize = 64 * 1024;
/// Changes made to one input.
const MAX_CHANGES: u64 = 6;
/// Octets with a meaning somewhere.
const TELLING: &[u8] =
    b"\0\x01\x09\n\r\x1f \"#%&'()*+,-./0129:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xbf\xc2\xe9\xfe\xff";

/// Makes inputs out of others.
#[derive(Debug, Clone)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// With this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A number below `sides`; of none, 0.
    // SplitMix64 (Steele, Lea, Flood 2014)
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).checked_rem(sides).unwrap_or_default()
    }

    /// A place below `len`.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.roll(len as u64)).unwrap_or_default()
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> Option<&'a T> {
        let at = self.place(of.len());
        of.get(at).copied()
    }

    /// `input` with some changes; `other` is what pieces may be taken from.
    pub fn mutate(&mut self, input: &[u8], other: &[u8], words: &[&str]) -> Vec<u8> {
        let mut octets = input.to_vec();
        for _ in 0..=self.roll(MAX_CHANGES) {
            self.change(&mut octets, other, words);
            octets.truncate(MAX_INPUT);
        }
        octets
    }

    fn change(&mut self, octets: &mut Vec<u8>, other: &[u8], words: &[&str]) {
        let at = self.place(octets.len() + 1);
        match self.roll(10) {
            0 => self.set(octets, |octet, bit| octet ^ (1 << (bit % 8))),
            1 => self.set(octets, |octet, by| octet.wrapping_add(by)),
            2 => {
                let telling = TELLING.get(self.place(TELLING.len())).copied().unwrap_or_default();
                self.set(octets, |_, _| telling);
            }
            3 => {
                let to = at + self.length(octets.len() - at);
                octets.drain(at..to);
            }
            4 => {
                // Some of it once more, or many times.
                let to = at + self.length(octets.len() - at);
                let piece = octets.get(at..to).unwrap_or_default().to_vec();
                let times = if self.roll(8) == 0 { self.place(1000) } else { 1 };
                let piece = piece.repeat(times.min(MAX_INPUT / piece.len().max(1)));
                octets.splice(at..at, piece);
            }
            5 => {
                let from = self.place(other.len() + 1);
                let to = from + self.length(other.len() - from);
                let piece = other.get(from..to).unwrap_or_default().to_vec();
                let end = at + self.length(octets.len() - at);
                octets.splice(at..end, piece);
            }
            6 => {
                let number = self.number();
                octets.splice(at..at, number.into_bytes());
            }
            7 => octets.truncate(at),
            _ => {
                let word = self.pick(words).unwrap_or("\r\n");
                let end = if self.roll(2) == 0 { at } else { (at + word.len()).min(octets.len()) };
                octets.splice(at..end, word.bytes());
            }
        }
    }

    fn set(&mut self, octets: &mut [u8], to: impl FnOnce(u8, u8) -> u8) {
        let (at, by) = (self.place(octets.len()), self.roll(256));
        if let Some(octet) = octets.get_mut(at) {
            *octet = to(*octet, u8::try_from(by).unwrap_or_default());
        }
    }

    /// A length up to `most`, short ones oftener.
    fn length(&mut self, most: usize) -> usize {
        let bound = match self.roll(4) {
            0 => most,
            1 => most.min(64),
            _ => most.min(8),
        };
        self.place(bound + 1)
    }

    /// A number at which things turn.
    fn number(&mut self) -> String {
        let power = 1_u64.checked_shl(u32::try_from(self.roll(65)).unwrap_or_default());
        let number = power.unwrap_or_default().wrapping_add(self.roll(3)).wrapping_sub(1);
        if self.roll(8) == 0 { format!("-{number}") } else { number.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_inputs_again_and_others_make_others() {
        let made = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..200)
                .map(|_| mutator.mutate(b"some octets", b"others", &["word"]))
                .collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        assert!(made(3).iter().any(|made| made.windows(4).any(|at| at == b"word")));
    }

    #[test]
    fn inputs_are_bounded() {
        let mut mutator = Mutator::new(5);
        let mut input = vec![b'x'; MAX_INPUT];
        for _ in 0..300 {
            input = mutator.mutate(&input, &[b'y'; 1000], &[]);
            assert!(input.len() <= MAX_INPUT);
        }
    }
}
