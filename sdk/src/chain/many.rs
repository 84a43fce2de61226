//! Many reads in one request.
//!
//! The request is a simulated creation of a contract whose code calls every contract in turn
//! and "deploys" what they answered: it needs no contract on the chain and no batch, which
//! many providers bill like so many requests, and all answers are of one block.

use alloy::{eips::BlockNumberOrTag, network::TransactionBuilder, rpc::types::TransactionRequest};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;

use super::{Chain, ChainError, Revert};

/// Calls in one request. What a creation takes and leaves is limited, to 48 and 24 KiB.
const MOST: usize = 48;
const LARGEST: usize = 40 << 10;

/// What such a request is for.
const MANY: &str = "reading many things";

/// Requests of fewer calls that are refused are not split further.
const FEWEST: usize = 4;

impl Chain {
    /// As [`Chain::read`] of several calls of one contract, all of them at the same block as
    /// far as they fit one request (a few dozen do).
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers. Each call has its own answer or revert.
    pub async fn read_many<C: SolCall>(
        &self,
        to: Address,
        calls: &[C],
    ) -> Result<Vec<Result<C::Return, ChainError>>, ChainError> {
        let inputs: Vec<_> = calls
            .iter()
            .map(|call| (to, Bytes::from(call.abi_encode())))
            .collect();
        let answers = self.call_many(&inputs).await?;
        let mut values = Vec::with_capacity(answers.len());
        for answer in answers {
            values.push(self.answer::<C>(to, answer).await);
        }
        Ok(values)
    }

    /// Reads one answer of many.
    pub(crate) async fn answer<C: SolCall>(
        &self,
        to: Address,
        answer: Result<Bytes, Revert>,
    ) -> Result<C::Return, ChainError> {
        match answer {
            Ok(data) => self.decode::<C>(to, data).await,
            Err(revert) => Err(ChainError::WouldRevert {
                purpose: C::SIGNATURE.to_owned(),
                revert: Box::new(revert),
            }),
        }
    }

    /// The outputs or reverts of several calls, each of a contract with its input, in their
    /// order.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn call_many(
        &self,
        calls: &[(Address, Bytes)],
    ) -> Result<Vec<Result<Bytes, Revert>>, ChainError> {
        let mut answers = Vec::with_capacity(calls.len());
        let mut rest = calls;
        let mut most = MOST;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest, most));
            match self.at_once(now).await {
                Some(Ok(found)) => answers.extend(found),
                Some(Err(error)) => return Err(error),
                // Too much for one request.
                None if now.len() > FEWEST => {
                    most = now.len() / 2;
                    continue;
                }
                None => {
                    for (to, input) in now {
                        answers.push(self.alone(*to, input.clone()).await?);
                    }
                }
            }
            rest = later;
        }
        Ok(answers)
    }

    /// As [`Chain::call_many`], each answer from two endpoints as with
    /// [`Chain::agreed_read`]: for a handful of questions that belong together. They are asked
    /// at a block from `since` on, which is that of the event that they are about: an endpoint
    /// that shows an older state would have others agree with it that nothing happened yet.
    ///
    /// # Errors
    ///
    /// As [`Chain::agreed_read`].
    pub async fn agreed_call_many(
        &self,
        calls: &[(Address, Bytes)],
        since: u64,
    ) -> Result<Vec<Result<Bytes, Revert>>, ChainError> {
        if self.is_alone() {
            return self.call_many(calls).await;
        }
        let mut answers = Vec::with_capacity(calls.len());
        let mut rest = calls;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest, MOST));
            answers.extend(self.agreed_at_once(now, since).await?);
            rest = later;
        }
        Ok(answers)
    }

    /// Of calls that fit one request; one by one where it is refused.
    async fn agreed_at_once(
        &self,
        calls: &[(Address, Bytes)],
        since: u64,
    ) -> Result<Vec<Result<Bytes, Revert>>, ChainError> {
        let request = TransactionRequest::default().with_input(program(calls));
        match self.agreed(request, MANY, since).await {
            Ok(data) => {
                if let Some(answers) = parse(&data, calls.len()) {
                    return Ok(answers);
                }
            }
            Err(ChainError::WouldRevert { .. } | ChainError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let mut answers = Vec::with_capacity(calls.len());
        for (to, input) in calls {
            let request = TransactionRequest::default()
                .with_to(*to)
                .with_input(input.clone());
            answers.push(match self.agreed(request, "reading", since).await {
                Ok(data) => Ok(data),
                Err(ChainError::WouldRevert { revert, .. }) => Err(*revert),
                Err(error) => return Err(error),
            });
        }
        Ok(answers)
    }

    /// `None` if it cannot be had in one request.
    async fn at_once(
        &self,
        calls: &[(Address, Bytes)],
    ) -> Option<Result<Vec<Result<Bytes, Revert>>, ChainError>> {
        if calls.len() < 2 {
            return None;
        }
        let request = TransactionRequest::default().with_input(program(calls));
        let block = BlockNumberOrTag::Pending.into();
        match self.simulate(request, MANY, block).await {
            Ok(data) => parse(&data, calls.len()).map(Ok),
            Err(ChainError::WouldRevert { .. } | ChainError::Refused { .. }) => None,
            Err(error) => Some(Err(error)),
        }
    }

    async fn alone(&self, to: Address, input: Bytes) -> Result<Result<Bytes, Revert>, ChainError> {
        let request = TransactionRequest::default().with_to(to).with_input(input);
        let block = BlockNumberOrTag::Pending.into();
        match self.simulate(request, "reading", block).await {
            Ok(data) => Ok(Ok(data)),
            Err(ChainError::WouldRevert { revert, .. }) => Ok(Err(*revert)),
            Err(error) => Err(error),
        }
    }
}

/// How many of the first calls fit a request.
fn fitting(calls: &[(Address, Bytes)], most: usize) -> usize {
    let mut size = 0;
    let fits = calls.iter().take(most).take_while(|(_, input)| {
        size += 64 + input.len();
        size <= LARGEST
    });
    fits.count().max(1)
}

/// The code, and behind it for each call: the contract, the input's length, the input.
fn program(calls: &[(Address, Bytes)]) -> Bytes {
    let mut bytes = CODE.to_vec();
    for (to, input) in calls {
        bytes.extend_from_slice(to.into_word().as_slice());
        bytes.extend_from_slice(&U256::from(input.len()).to_be_bytes::<32>());
        bytes.extend_from_slice(input);
    }
    bytes.into()
}

/// Reads for each call: whether it succeeded, the output's length, the output.
fn parse(mut data: &[u8], count: usize) -> Option<Vec<Result<Bytes, Revert>>> {
    let mut answers = Vec::with_capacity(count);
    for _ in 0..count {
        let (success, rest) = data.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<32>()?;
        let length = usize::try_from(U256::from_be_bytes(*length)).ok()?;
        let (output, rest) = rest.split_at_checked(length)?;
        let output = Bytes::copy_from_slice(output);
        answers.push(if U256::from_be_bytes(*success).is_zero() {
            Err(Revert::decode(output))
        } else {
            Ok(output)
        });
        data = rest;
    }
    data.is_empty().then_some(answers)
}

/// Memory: at 0x00 where the next call stands (in), at 0x20 where the next answer goes (out),
/// at 0x40 where the calls end and the answers begin, from 0x60 on the calls and the answers.
#[rustfmt::skip]
const CODE: [u8; 113] = [
    0x60, 0x71, 0x38, 0x03, // the length of the calls
    0x80, 0x60, 0x71, 0x60, 0x60, 0x39, // codecopy(0x60, here, that)
    0x60, 0x60, 0x01, // where the calls end
    0x80, 0x60, 0x40, 0x52, // mstore(0x40, end)
    0x60, 0x20, 0x52, // mstore(0x20, end)
    0x60, 0x60, 0x5f, 0x52, // mstore(0, 0x60)
    0x5b, 0x60, 0x40, 0x51, // LOOP: end
    0x5f, 0x51, // in
    0x10, 0x15, 0x60, 0x66, 0x57, // unless in < end, to DONE
    0x5f, 0x5f, // nothing is copied yet
    0x5f, 0x51, 0x60, 0x20, 0x01, 0x51, // the input's length
    0x5f, 0x51, 0x60, 0x40, 0x01, // the input
    0x5f, 0x51, 0x51, // the contract
    0x5a, 0xfa, // staticcall
    0x60, 0x20, 0x51, 0x52, // mstore(out, success)
    0x3d, 0x60, 0x20, 0x51, 0x60, 0x20, 0x01, 0x52, // mstore(out + 32, length)
    0x3d, 0x5f, 0x60, 0x20, 0x51, 0x60, 0x40, 0x01, 0x3e, // returndatacopy(out + 64)
    0x3d, 0x60, 0x40, 0x01, 0x60, 0x20, 0x51, 0x01, 0x60, 0x20, 0x52, // out += 64 + length
    0x5f, 0x51, 0x60, 0x20, 0x01, 0x51, // the input's length
    0x60, 0x40, 0x01, 0x5f, 0x51, 0x01, 0x5f, 0x52, // in += 64 + that
    0x60, 0x18, 0x56, // to LOOP
    0x5b, 0x60, 0x40, 0x51, // DONE: end
    0x80, 0x60, 0x20, 0x51, 0x03, 0x90, 0xf3, // return(end, out - end)
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_jumps_to_where_it_may() {
        let jumps: Vec<u8> = CODE
            .windows(3)
            .filter(|window| window[0] == 0x60 && matches!(window[2], 0x56 | 0x57))
            .map(|window| window[1])
            .collect();
        assert_eq!(jumps.len(), 2);
        assert!(jumps.iter().all(|to| CODE[usize::from(*to)] == 0x5b));
        assert_eq!(
            usize::from(CODE[1]),
            CODE.len(),
            "the calls stand behind the code"
        );
    }

    #[test]
    fn an_answer_of_another_form_is_none() {
        let word = |number: u64| U256::from(number).to_be_bytes::<32>();
        let one = [&word(1)[..], &word(3), b"yes"].concat();
        let answers = parse(&one, 1).unwrap();
        assert_eq!(answers, [Ok(Bytes::from_static(b"yes"))]);
        let failed = [&word(0)[..], &word(0)].concat();
        assert!(parse(&failed, 1).unwrap()[0].is_err());
        let huge = [&word(1)[..], &[0xff; 32]].concat();
        for (data, count) in [
            (&one[..], 2),
            (&one[..66], 1),
            (&huge, 1),
            (b"", 1),
            (&one, 0),
        ] {
            assert_eq!(parse(data, count), None);
        }
    }

    #[test]
    fn requests_stay_within_what_a_creation_takes() {
        let call = |length: usize| (Address::ZERO, Bytes::from(vec![0; length]));
        assert_eq!(fitting(&vec![call(36); 100], MOST), MOST);
        assert_eq!(fitting(&vec![call(10_000); 100], MOST), 4);
        assert_eq!(
            fitting(&[call(1 << 20)], MOST),
            1,
            "alone it is asked as it is"
        );
    }
}
