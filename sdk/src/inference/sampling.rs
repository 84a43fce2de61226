//! Which token comes next.

use super::arithmetic::softmax;

/// How a token is chosen; see the description of the same name for the order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// What logits are divided by; 0 takes the greatest.
    pub temperature: f64,
    /// How many of the likeliest are left; 0 leaves all.
    pub top_k: usize,
    /// The share of probability that is left.
    pub top_p: f64,
    /// Against tokens that were there before.
    pub repetition_penalty: f64,
}

impl Sampling {
    /// The next token from the logits of all, which must be finite. `before` are the tokens
    /// so far, `draw` a uniform variate between 0 and 1. Among equally likely ones the one
    /// with the lower number comes first. `None` without logits.
    pub fn choose(&self, logits: &[f32], before: &[u32], draw: f64) -> Option<u32> {
        let mut scores: Vec<f64> = logits.iter().copied().map(f64::from).collect();
        if self.repetition_penalty != 1.0 {
            let mut seen = before.to_vec();
            seen.sort_unstable();
            seen.dedup();
            for token in seen {
                if let Some(score) = scores.get_mut(token as usize) {
                    if *score > 0.0 {
                        *score /= self.repetition_penalty;
                    } else {
                        *score *= self.repetition_penalty;
                    }
                }
            }
        }
        if self.temperature == 0.0 {
            return greatest(&scores);
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        // Stable, so that equal scores stay in the order of their numbers.
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        if self.top_k > 0 {
            order.truncate(self.top_k);
        }
        let left: Vec<f64> = order
            .iter()
            .map(|i| scores[*i] / self.temperature)
            .collect();
        let mut reached = 0.0;
        let mut sums = Vec::with_capacity(left.len());
        for share in softmax(&left) {
            reached += share;
            sums.push(reached);
            if reached >= self.top_p {
                break;
            }
        }
        let place = draw * reached;
        // Rounding may leave the place at the very end.
        let index = sums.iter().position(|sum| *sum > place);
        let token = order.get(index.unwrap_or(sums.len().saturating_sub(1)))?;
        u32::try_from(*token).ok()
    }
}

fn greatest(scores: &[f64]) -> Option<u32> {
    let mut best: Option<usize> = None;
    for (index, score) in scores.iter().enumerate() {
        if best.is_none_or(|best| *score > scores[best]) {
            best = Some(index);
        }
    }
    best.and_then(|index| u32::try_from(index).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Sampling = Sampling {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
    };
    const LOGITS: [f32; 4] = [0.0, 2.0, 2.0, 1.0];

    #[test]
    fn without_temperature_the_first_of_the_greatest_is_taken() {
        let greedy = Sampling {
            temperature: 0.0,
            ..ALL
        };
        assert_eq!(greedy.choose(&LOGITS, &[], 0.999), Some(1));
        let penal = Sampling {
            repetition_penalty: 1.5,
            ..greedy
        };
        assert_eq!(penal.choose(&LOGITS, &[1, 1], 0.5), Some(2));
        assert_eq!(penal.choose(&[-1.0, -1.1], &[0, 9], 0.5), Some(1));
        assert_eq!(greedy.choose(&[], &[], 0.5), None);
    }

    #[test]
    fn draws_go_through_the_tokens_from_the_likeliest_on() {
        let at = |draw| ALL.choose(&LOGITS, &[], draw);
        assert_eq!(
            [at(1e-9), at(0.5), at(0.8), at(0.999_999)],
            [Some(1), Some(2), Some(3), Some(0)]
        );
    }

    #[test]
    fn top_k_and_top_p_leave_the_likeliest() {
        let two = Sampling { top_k: 2, ..ALL };
        assert_eq!(two.choose(&LOGITS, &[], 0.999_999), Some(2));
        let half = Sampling { top_p: 0.3, ..ALL };
        assert_eq!(half.choose(&LOGITS, &[], 0.999_999), Some(1));
        let none = Sampling { top_p: 0.0, ..ALL };
        assert_eq!(none.choose(&LOGITS, &[], 0.5), Some(1));
    }
}
