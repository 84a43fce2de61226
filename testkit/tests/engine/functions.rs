//! The engine's functions as its artifact's JSON ABI lists them, for tests that walk
//! through all of them.

use alloy_primitives::keccak256;
use serde_json::Value;

/// A type of the ABI.
pub(crate) struct Type {
    /// Its name; a struct's is `tuple`.
    pub(crate) name: String,
    /// What a struct consists of.
    pub(crate) components: Vec<Type>,
}

/// A function of the engine.
pub(crate) struct Function {
    /// Such as `submitTask(uint8,address,bytes32,uint256,bytes)`.
    pub(crate) signature: String,
    /// Whether it changes nothing.
    pub(crate) is_view: bool,
    /// What it takes.
    pub(crate) inputs: Vec<Type>,
}

impl Type {
    fn read(value: &Value) -> Self {
        Self {
            name: value["type"].as_str().unwrap().to_owned(),
            components: Self::list(&value["components"]),
        }
    }

    fn list(value: &Value) -> Vec<Self> {
        value
            .as_array()
            .map(|types| types.iter().map(Self::read).collect())
            .unwrap_or_default()
    }

    fn canonical(&self) -> String {
        match self.name.strip_prefix("tuple") {
            Some(suffix) => format!("({}){suffix}", join(&self.components)),
            None => self.name.clone(),
        }
    }

    /// Whether its place in the arguments holds an offset.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.name == "bytes"
            || self.name.ends_with("[]")
            || self.components.iter().any(Self::is_dynamic)
    }
}

fn join(types: &[Type]) -> String {
    let names: Vec<String> = types.iter().map(Type::canonical).collect();
    names.join(",")
}

/// Zeros and empty lists of these types, as the ABI encodes them.
fn zeros(types: &[Type]) -> Vec<u8> {
    let mut heads = Vec::new();
    let mut tails = Vec::new();
    for kind in types {
        let mut word = [0; 32];
        if kind.is_dynamic() {
            let offset = 32 * types.len() + tails.len();
            word[24..].copy_from_slice(&(offset as u64).to_be_bytes());
            if kind.components.is_empty() {
                tails.extend([0; 32]);
            } else {
                tails.extend(zeros(&kind.components));
            }
        }
        heads.extend(word);
    }
    heads.extend(tails);
    heads
}

impl Function {
    pub(crate) fn selector(&self) -> [u8; 4] {
        keccak256(&self.signature)[..4].try_into().unwrap()
    }

    /// A call with zeros and empty lists.
    pub(crate) fn zero_call(&self) -> Vec<u8> {
        [&self.selector()[..], &zeros(&self.inputs)].concat()
    }

    /// Whether it submits tasks, which a consumer may do while it is told an outcome.
    pub(crate) fn submits(&self) -> bool {
        ["submitTask", "bulkSubmitTask"]
            .iter()
            .any(|name| self.signature.starts_with(name))
    }
}

/// All functions of the engine.
pub(crate) fn functions() -> Vec<Function> {
    let artifact = arbius_artifacts::get(arbius_artifacts::ENGINE).unwrap();
    let abi: Vec<Value> = serde_json::from_str(artifact.abi).unwrap();
    let functions: Vec<Function> = abi
        .iter()
        .filter(|item| item["type"] == "function")
        .map(|item| {
            let inputs = Type::list(&item["inputs"]);
            let name = item["name"].as_str().unwrap();
            Function {
                signature: format!("{name}({})", join(&inputs)),
                is_view: item["stateMutability"] != "nonpayable",
                inputs,
            }
        })
        .collect();
    assert!(functions.len() > 100, "{}", functions.len());
    functions
}
