//! Random operations on one file, checked against copies of the whole file.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Write(u64, usize),
    SetLen(u64),
    Sync,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..4000_u64, 1..1500_usize).prop_map(|(at, len)| Step::Write(at, len)),
        2 => (0..5000_u64).prop_map(Step::SetLen),
        1 => Just(Step::Sync),
    ];
    prop::collection::vec(step, 1..25)
}

proptest! {
    /// Against a file that keeps a copy of itself after every step.
    #[test]
    fn a_cut_brings_only_contents_that_were_there(steps in steps(), seed: u64) {
        let disk = SimDisk::new(seed);
        let file = durable(&disk, "a", b"");
        let mut copies: Vec<Vec<u8>> = vec![Vec::new()];
        for (nth, step) in steps.into_iter().enumerate() {
            let mut now = copies.last().unwrap().clone();
            match step {
                Step::Write(at, len) => {
                    let data = vec![nth as u8 + 1; len];
                    file.write_at(at, &data).unwrap();
                    now.resize(now.len().max(at as usize + len), 0);
                    now[at as usize..at as usize + len].copy_from_slice(&data);
                }
                Step::SetLen(len) => {
                    file.set_len(len).unwrap();
                    now.resize(len as usize, 0);
                }
                Step::Sync => {
                    file.sync().unwrap();
                    copies.clear();
                }
            }
            prop_assert_eq!(&read(&disk, "a"), &now);
            copies.push(now);
        }
        for survival in [Survival::All, Survival::None, Survival::Prefix, Survival::Scatter] {
            let fork = disk.fork(seed);
            fork.power_cut_with(survival);
            let left = read(&fork, "a");
            match survival {
                Survival::All => prop_assert_eq!(&left, copies.last().unwrap()),
                Survival::None => prop_assert_eq!(&left, &copies[0]),
                Survival::Prefix => prop_assert!(copies.contains(&left)),
                Survival::Scatter => {
                    prop_assert!(left.len() <= copies.iter().map(Vec::len).max().unwrap());
                    for (index, sector) in left.chunks(512).enumerate() {
                        let was_there = copies.iter().any(|copy| {
                            let held = copy.iter().skip(index * 512).chain(std::iter::repeat(&0));
                            // A length that survived without the data, or before it, leaves zeros at the end.
                            let same = sector.iter().zip(held).take_while(|(left, held)| left == held).count();
                            sector[same..].iter().all(|byte| *byte == 0)
                        });
                        prop_assert!(was_there, "sector {}", index);
                    }
                }
            }
            // What is left is durable.
            fork.power_cut_with(Survival::None);
            prop_assert_eq!(left, read(&fork, "a"));
        }
    }
}
