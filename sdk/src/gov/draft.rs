//! A proposal as a file has it, checked and encoded.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use alloy::{
    dyn_abi::{DynSolType, JsonAbiExt, Specifier},
    json_abi::Function,
};
use alloy_primitives::{Address, B256, U256, keccak256};
use arbius_protocol::{cid::MAX_CONTENT, governance};
use serde::Deserialize;

use super::{
    Action, Contracts, Decoded, contracts::FunctionError, proposal::identifier, value::Written,
};
use crate::content::{Cid, unixfs};

/// The longest file that is read.
const LARGEST: u64 = 1 << 20;

/// A proposal that was not made yet.
///
/// It is read from a file in TOML, or in JSON if its name ends in `.json`:
///
/// ```toml
/// description = """
/// # Lower the solution fee
/// A tenth is too much, because …
/// """
///
/// [[actions]]
/// target = "engine"                       # a contract's name, or an address
/// function = "setSolutionFeePercentage"   # or with its types
/// arguments = ["0.05 ether"]              # each by its type; 1e18 stands for the whole
///
/// [[actions]]
/// target = "token"
/// function = "transfer(address,uint256)"
/// arguments = ["0x90f79bf6eb2c4f870365e785982e1f101e93b906", "1000 AIUS"]
///
/// [[actions]]
/// target = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
/// value = "0.5 ether"                     # ether alone, out of the timelock
/// ```
///
/// Instead of `description`, `description-file` names a file with the text, beside this one.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::gov::{Contracts, Draft};
/// # let deployment: arbius_sdk::deploy::Deployment = serde_json::from_str(r#"{
/// #     "chainId": 1, "rpc": "http://127.0.0.1:8547",
/// #     "contracts": {"engine": "0x00000000000000000000000000000000000000e1"}
/// # }"#)?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("proposal.toml");
///
/// let text = r#"
///     description = "Lower the solution fee"
///     [[actions]]
///     target = "engine"
///     function = "setSolutionFeePercentage"
///     arguments = ["0.05 ether"]
/// "#;
/// std::fs::write(&path, text)?;
/// let draft = Draft::read(&path, &Contracts::of(&deployment))?;
/// assert_eq!(draft.actions.len(), 1);
/// println!("it will be proposal {}", draft.id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What the proposal is about: by custom, Markdown that begins with a title.
    pub description: String,
    /// What is done if it passes.
    pub actions: Vec<Action>,
    decoded: Vec<Decoded>,
}

/// A file that is no proposal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is larger than any proposal.
    #[error("{} is larger than {LARGEST} bytes", path.display())]
    Large {
        /// The file.
        path: PathBuf,
    },
    /// It is not TOML or JSON, or has other fields.
    #[error("{} is no proposal: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is not exactly one description.
    #[error(
        "{} needs either a `description` or a `description-file`, and a text in it",
        path.display()
    )]
    Description {
        /// The file.
        path: PathBuf,
    },
    /// The description is longer than the governor takes.
    #[error("the description has {bytes} bytes; the governor takes {MAX_CONTENT}")]
    LongDescription {
        /// Its bytes.
        bytes: usize,
    },
    /// The description is for another proposer.
    #[error(
        "the description ends with `#proposer=` and another account than {proposer}, who signs"
    )]
    OtherProposer {
        /// Who signs.
        proposer: Address,
    },
    /// Nothing would be done.
    #[error("{} has no actions: list at least one under `[[actions]]`", path.display())]
    NoActions {
        /// The file.
        path: PathBuf,
    },
    /// The actions take more room than the governor has.
    #[error("the actions do not fit into a proposal: {0}")]
    Size(#[from] governance::RecordError),
    /// The target of an action is neither a name nor an address.
    #[error(
        "action {action}: `{target}` is neither an address nor one of {}",
        known.join(", ")
    )]
    Target {
        /// Which action, from 1 on.
        action: usize,
        /// What was given.
        target: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The function of an action is none, or several.
    #[error("action {action}: {reason}")]
    Function {
        /// Which action, from 1 on.
        action: usize,
        /// What is wrong.
        reason: FunctionError,
    },
    /// An action has more or fewer arguments than its function takes.
    #[error("action {action}: `{function}` takes {wanted} arguments, and {given} are given")]
    Count {
        /// Which action, from 1 on.
        action: usize,
        /// The function.
        function: String,
        /// How many it takes.
        wanted: usize,
        /// How many there are.
        given: usize,
    },
    /// An argument is not of its type.
    #[error("action {action}, argument {argument}{}: {reason}", shown(name))]
    Argument {
        /// Which action, from 1 on.
        action: usize,
        /// Which argument, from 1 on.
        argument: usize,
        /// The parameter's name; may be empty.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The ether that an action sends is no amount.
    #[error("action {action}, value: {reason}")]
    Value {
        /// Which action, from 1 on.
        action: usize,
        /// What is wrong.
        reason: String,
    },
    /// An action neither calls a function nor sends ether.
    #[error("action {action} does nothing: it has neither a `function` nor a `value`")]
    Nothing {
        /// Which action, from 1 on.
        action: usize,
    },
}

fn shown(name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!(" (`{name}`)"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: Option<String>,
    #[serde(rename = "description-file")]
    description_file: Option<PathBuf>,
    #[serde(default)]
    actions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    target: String,
    function: Option<String>,
    #[serde(default)]
    arguments: Vec<Written>,
    value: Option<Written>,
}

impl Draft {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`DraftError`] names the action and the argument that is wrong.
    pub fn read(path: &Path, contracts: &Contracts) -> Result<Self, DraftError> {
        let text = text_of(path)?;
        let malformed = |reason: String| DraftError::Format {
            path: path.to_owned(),
            reason,
        };
        let is_json = path.extension().is_some_and(|end| end == "json");
        let file: File = match is_json {
            true => serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?,
            false => toml::from_str(&text).map_err(|error| malformed(error.to_string()))?,
        };
        let description = match (file.description, file.description_file) {
            (Some(text), None) => text,
            (None, Some(beside)) => text_of(&path.parent().unwrap_or(Path::new("")).join(beside))?,
            _ => String::new(),
        };
        let description = description.trim().to_owned();
        if description.is_empty() {
            return Err(DraftError::Description {
                path: path.to_owned(),
            });
        }
        if description.len() > MAX_CONTENT {
            let bytes = description.len();
            return Err(DraftError::LongDescription { bytes });
        }
        if file.actions.is_empty() {
            return Err(DraftError::NoActions {
                path: path.to_owned(),
            });
        }
        let mut draft = Self {
            description,
            actions: Vec::new(),
            decoded: Vec::new(),
        };
        for (index, entry) in file.actions.iter().enumerate() {
            let (action, decoded) = encode(index + 1, entry, contracts)?;
            draft.actions.push(action);
            draft.decoded.push(decoded);
        }
        draft.fits()?;
        Ok(draft)
    }

    /// What the actions say, read back out of what they were encoded to.
    #[must_use]
    pub fn decoded(&self) -> &[Decoded] {
        &self.decoded
    }

    /// The identifier that the proposal will have.
    #[must_use]
    pub fn id(&self) -> U256 {
        identifier(&self.actions, self.description_hash())
    }

    /// keccak-256 of the description.
    #[must_use]
    pub fn description_hash(&self) -> B256 {
        keccak256(&self.description)
    }

    /// The CID of the description, which the governor keeps.
    #[must_use]
    pub fn cid(&self) -> Cid {
        unixfs::cid_of(self.description.as_bytes())
    }

    /// Sees that `proposer` may propose this: a description may name its proposer.
    ///
    /// # Errors
    ///
    /// [`DraftError::OtherProposer`].
    pub fn check_proposer(&self, proposer: Address) -> Result<(), DraftError> {
        match governance::may_propose(proposer, self.description.as_bytes()) {
            true => Ok(()),
            false => Err(DraftError::OtherProposer { proposer }),
        }
    }

    /// Sees that the governor has room for the actions.
    fn fits(&self) -> Result<(), DraftError> {
        let actions = self.actions.iter().map(|action| governance::Action {
            target: action.target,
            value: action.value,
            signature: b"",
            data: &action.data,
        });
        let record = governance::Record {
            description_hash: self.description_hash(),
            cid: B256::ZERO,
            actions: actions.collect(),
        };
        record.creation_code()?;
        Ok(())
    }
}

fn text_of(path: &Path) -> Result<String, DraftError> {
    let unreadable = |source| DraftError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(DraftError::Large {
            path: path.to_owned(),
        });
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn encode(
    action: usize,
    entry: &Entry,
    contracts: &Contracts,
) -> Result<(Action, Decoded), DraftError> {
    let target = Written::Text(entry.target.clone()).read(&DynSolType::Address, contracts);
    let target = target.ok().and_then(|value| value.as_address());
    let target = target.ok_or_else(|| DraftError::Target {
        action,
        target: entry.target.clone(),
        known: contracts.names().map(str::to_owned).collect(),
    })?;
    let value = match &entry.value {
        None => U256::ZERO,
        Some(written) => {
            let value = written.read(&DynSolType::Uint(256), contracts);
            let value = value.map_err(|reason| DraftError::Value { action, reason })?;
            value.as_uint().map(|(value, _)| value).unwrap_or_default()
        }
    };
    let Some(named) = &entry.function else {
        if value.is_zero() {
            return Err(DraftError::Nothing { action });
        }
        if !entry.arguments.is_empty() {
            return Err(DraftError::Count {
                action,
                function: "a plain transfer of ether".to_owned(),
                wanted: 0,
                given: entry.arguments.len(),
            });
        }
        let transfer = Action {
            target,
            value,
            data: alloy_primitives::Bytes::new(),
        };
        let decoded = transfer.decode(contracts);
        return Ok((transfer, decoded));
    };
    let function = contracts
        .function(target, named)
        .map_err(|reason| DraftError::Function { action, reason })?;
    let data = arguments(action, &function, &entry.arguments, contracts)?;
    let call = Action {
        target,
        value,
        data: data.into(),
    };
    let decoded = call.decode_as(Some(&function), contracts);
    Ok((call, decoded))
}

/// The calldata of a function with these arguments.
fn arguments(
    action: usize,
    function: &Function,
    written: &[Written],
    contracts: &Contracts,
) -> Result<Vec<u8>, DraftError> {
    if written.len() != function.inputs.len() {
        return Err(DraftError::Count {
            action,
            function: function.signature(),
            wanted: function.inputs.len(),
            given: written.len(),
        });
    }
    let mut values = Vec::with_capacity(written.len());
    for (index, (written, input)) in written.iter().zip(&function.inputs).enumerate() {
        let refused = |reason| DraftError::Argument {
            action,
            argument: index + 1,
            name: input.name.clone(),
            reason,
        };
        let kind = input
            .resolve()
            .map_err(|error| refused(error.to_string()))?;
        values.push(written.read(&kind, contracts).map_err(refused)?);
    }
    function
        .abi_encode_input(&values)
        .map_err(|error| DraftError::Argument {
            action,
            argument: values.len(),
            name: String::new(),
            reason: error.to_string(),
        })
}
