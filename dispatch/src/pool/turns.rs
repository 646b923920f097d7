//! Whose turn it is: smooth weighted round robin, for keys and for routes. Who is passed over because it is busy neither
//! pays for the turn nor gains by it, so shares follow the weights among those who can work.

use std::{collections::HashMap, hash::Hash};

/// How many turns are remembered; more are forgotten all at once, which costs some evenness and nothing else.
const REMEMBERED_AT_MOST: usize = 100_000;

/// The credit of each in the round robin.
#[derive(Debug)]
pub(super) struct Turns<T>(HashMap<T, i64>);

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + Eq + Hash + Ord> Turns<T> {
    /// Takes a turn among these: the place of the one whose turn it is. None among none, or among weights of zero.
    pub(super) fn take(&mut self, among: &[(T, u32)]) -> Option<usize> {
        if self.0.len() > REMEMBERED_AT_MOST {
            self.0.clear();
        }
        for (one, weight) in among {
            *self.0.entry(one.clone()).or_default() += i64::from(*weight);
        }
        let next = self.first(among)?;
        *self.0.entry(among[next].0.clone()).or_default() -= total(among);
        Some(next)
    }

    /// Gives a turn back that was taken among these.
    pub(super) fn undo(&mut self, among: &[(T, u32)], taken: usize) {
        for (one, weight) in among {
            *self.0.entry(one.clone()).or_default() -= i64::from(*weight);
        }
        *self.0.entry(among[taken].0.clone()).or_default() += total(among);
    }

    /// Whose turn it would be, without taking it.
    pub(super) fn peek(&self, among: &[(T, u32)]) -> Option<usize> {
        let credit = |(one, weight): &(T, u32)| self.0.get(one).copied().unwrap_or_default() + i64::from(*weight);
        highest(among, credit)
    }

    fn first(&self, among: &[(T, u32)]) -> Option<usize> {
        highest(among, |(one, _)| self.0.get(one).copied().unwrap_or_default())
    }
}

fn highest<T: Ord>(among: &[(T, u32)], credit: impl Fn(&(T, u32)) -> i64) -> Option<usize> {
    let able = among.iter().enumerate().filter(|(_, (_, weight))| *weight > 0);
    able.max_by(|(_, a), (_, b)| credit(a).cmp(&credit(b)).then_with(|| b.0.cmp(&a.0))).map(|(place, _)| place)
}

fn total<T>(among: &[(T, u32)]) -> i64 {
    among.iter().map(|(_, weight)| i64::from(*weight)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [(&str, u32); 5] = [("a", 5), ("b", 3), ("c", 1), ("d", 1), ("e", 0)];

    fn counted(turns: &mut Turns<&'static str>, rounds: usize, busy: Option<&str>) -> HashMap<&'static str, usize> {
        let mut counts = HashMap::new();
        for _ in 0..rounds {
            let mut among = KEYS.to_vec();
            let chosen = loop {
                let place = turns.take(&among).expect("somebody's turn");
                if Some(among[place].0) != busy {
                    break among[place].0;
                }
                turns.undo(&among, place);
                among.remove(place);
            };
            *counts.entry(chosen).or_default() += 1;
        }
        counts
    }

    #[test]
    fn shares_are_the_weights_and_zero_gets_nothing() {
        let counts = counted(&mut Turns::default(), 1_000, None);
        assert_eq!(counts, HashMap::from([("a", 500), ("b", 300), ("c", 100), ("d", 100)]));
    }

    #[test]
    fn turns_are_spread_out_smoothly() {
        let mut turns = Turns::default();
        let order: String = (0..10).map(|_| KEYS[turns.take(&KEYS).expect("a turn")].0).collect();
        assert!(!order.contains("aaa") && !order.contains("bb"), "{order}");
    }

    #[test]
    fn a_busy_one_neither_pays_nor_gains() {
        let mut turns = Turns::default();
        let counts = counted(&mut turns, 500, Some("a"));
        assert_eq!(counts, HashMap::from([("b", 300), ("c", 100), ("d", 100)]));
        let counts = counted(&mut turns, 1_000, None);
        assert_eq!(counts, HashMap::from([("a", 500), ("b", 300), ("c", 100), ("d", 100)]));
    }

    #[test]
    fn peeking_takes_no_turn() {
        let mut turns = Turns::default();
        for _ in 0..20 {
            let peeked = turns.peek(&KEYS);
            assert_eq!(peeked, turns.take(&KEYS));
        }
        assert_eq!(turns.peek(&[("e", 0)]), None);
        assert_eq!(turns.take(&[]), None);
    }
}
