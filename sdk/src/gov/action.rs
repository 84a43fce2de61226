//! One call of a proposal.

use alloy::dyn_abi::JsonAbiExt;
use alloy::json_abi::Function;
use alloy_primitives::{Address, Bytes, U256};
use arbius_protocol::governance;

use super::{Contracts, value};

/// A call that the timelock makes if a vote passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The account that is called.
    pub target: Address,
    /// What it is sent, wei of ether.
    pub value: U256,
    /// The whole calldata, its selector included.
    pub data: Bytes,
}

/// What a call says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The name of the contract that is called, if it is one of the deployment's.
    pub contract: Option<String>,
    /// The function's signature; `None` where the contract is not known or has no such
    /// function, and where nothing is called but ether sent.
    pub function: Option<String>,
    /// What it is given.
    pub arguments: Vec<DecodedArgument>,
}

/// What a function is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedArgument {
    /// The parameter's name; may be empty.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The value, in words.
    pub value: String,
}

impl Action {
    /// An action as an event has it: in Governor Bravo's form, the function's signature stands
    /// by itself and its selector is not in the calldata.
    pub(super) fn proposed(target: Address, value: U256, signature: &str, data: &Bytes) -> Self {
        let proposed = governance::Action {
            target,
            value,
            signature: signature.as_bytes(),
            data,
        };
        Self {
            target,
            value,
            data: proposed.calldata().into(),
        }
    }

    /// What it says, as far as the contract that it calls is known.
    #[must_use]
    pub fn decode(&self, contracts: &Contracts) -> Decoded {
        let function = self
            .data
            .first_chunk()
            .and_then(|selector| contracts.by_selector(self.target, *selector));
        self.decode_as(function, contracts)
    }

    /// What it says as a call of this function.
    pub(super) fn decode_as(&self, function: Option<&Function>, contracts: &Contracts) -> Decoded {
        let contract = contracts.name(self.target).map(str::to_owned);
        let decoded = function.and_then(|function| {
            let values = function.abi_decode_input(self.data.get(4..)?).ok()?;
            // What does not encode to the same is not what was meant to be read.
            let again = function.abi_encode_input(&values).ok()?;
            (again == self.data).then_some((function, values))
        });
        let Some((function, values)) = decoded else {
            return Decoded {
                contract,
                function: None,
                arguments: Vec::new(),
            };
        };
        let arguments = function.inputs.iter().zip(&values);
        Decoded {
            contract,
            function: Some(function.signature()),
            arguments: arguments
                .map(|(input, value)| DecodedArgument {
                    name: input.name.clone(),
                    kind: input.selector_type().into_owned(),
                    value: value::show(value, contracts),
                })
                .collect(),
        }
    }
}
