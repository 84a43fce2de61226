//! The settings file: TOML, every key documented in `sdk/deploy.example.toml`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, U256};
use arbius_protocol::{
    fixed::ONE,
    params::{Parameter, TABLE, Unit},
};
use serde::Deserialize;

use super::{
    Beneficiary, Bridge, Caching, Dao, FirstModel, Governance, Grant, Parameters, Settings,
    quantity::{Moment, Quantity},
};
use crate::deploy::{DeployError, supply::Part};

/// Largest settings file and template that are read, bytes.
const MAX_FILE: u64 = 1 << 20;

/// An error of a settings file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It cannot be read.
    #[error("the settings {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It is no TOML, or has a key that nothing is known of, or lacks one.
    #[error("{path}, line {line}: {message}")]
    Malformed {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The value of a field cannot be.
    #[error("{path}: {field}: {reason}")]
    Field {
        /// The file.
        path: String,
        /// The field, such as `allocations.team[0].amount`.
        field: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// The values do not fit together.
    #[error("{path}: {source}")]
    Inconsistent {
        /// The file.
        path: String,
        /// What does not fit.
        source: Box<DeployError>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    chain: Chain,
    engine: Engine,
    #[serde(default)]
    parameters: BTreeMap<String, Quantity>,
    #[serde(default)]
    governance: Votes,
    allocations: Allocations,
    bridge: Option<BridgeEnds>,
    #[serde(default)]
    models: Vec<Model>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Chain {
    id: u64,
    #[serde(default)]
    rpc: Vec<String>,
    max_cache_bid: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Engine {
    pauser: String,
    start_time: Option<Moment>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Votes {
    voting_delay: Option<Quantity>,
    voting_period: Option<Quantity>,
    proposal_threshold: Option<Quantity>,
    quorum: Option<Quantity>,
    timelock_delay: Option<Quantity>,
    guardian: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Allocations {
    initial_liquidity: String,
    vesting_start: Option<Moment>,
    team: Vec<Vested>,
    private_sale: Vec<Vested>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Vested {
    name: Option<String>,
    beneficiary: String,
    amount: Quantity,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct BridgeEnds {
    gateway: String,
    l1_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Model {
    name: String,
    template: PathBuf,
    fee_address: String,
    fee: Option<Quantity>,
    rate: Quantity,
}

/// A field and what is wrong with it.
type Refusal = (String, String);

impl Settings {
    /// Reads a settings file. Paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names the file and the line or the field.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let name = path.display().to_string();
        let text = read(path).map_err(|source| SettingsError::Read {
            path: name.clone(),
            source,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, &name, folder)
    }

    fn parse(text: &str, name: &str, folder: &Path) -> Result<Self, SettingsError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            SettingsError::Malformed {
                path: name.to_owned(),
                line: text[..start.min(text.len())].matches('\n').count() + 1,
                message: error.message().to_owned(),
            }
        })?;
        let settings = file
            .settings(folder)
            .map_err(|(field, reason)| SettingsError::Field {
                path: name.to_owned(),
                field,
                reason,
            })?;
        settings
            .validate()
            .map_err(|source| SettingsError::Inconsistent {
                path: name.to_owned(),
                source: Box::new(source),
            })?;
        Ok(settings)
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let length = std::fs::metadata(path)?.len();
    if length > MAX_FILE {
        let reason = format!("it has {length} bytes, and {MAX_FILE} are the most");
        return Err(std::io::Error::other(reason));
    }
    std::fs::read_to_string(path)
}

impl File {
    fn settings(self, folder: &Path) -> Result<Settings, Refusal> {
        let models = self.models.into_iter().enumerate();
        let models = models
            .map(|(index, model)| model.read(&format!("models[{index}]"), folder))
            .collect::<Result<_, _>>()?;
        let bridge = self.bridge.map(BridgeEnds::read).transpose()?;
        let moment = |field: &str, moment: Option<Moment>| {
            let seconds = moment.map(|moment| moment.seconds()).transpose();
            seconds.map_err(|reason| (field.to_owned(), reason))
        };
        Ok(Settings {
            chain_id: Some(self.chain.id),
            endpoints: self.chain.rpc,
            caching: Caching::UpTo(amount("chain.max-cache-bid", self.chain.max_cache_bid, 0)?),
            governance: Governance::Dao(self.governance.read()?),
            pauser: address("engine.pauser", &self.engine.pauser)?,
            start_time: moment("engine.start-time", self.engine.start_time)?,
            parameters: parameters(&self.parameters)?,
            vesting_start: moment(
                "allocations.vesting-start",
                self.allocations.vesting_start.clone(),
            )?,
            grants: self.allocations.grants()?,
            bridge,
            models,
        })
    }
}

fn parameters(written: &BTreeMap<String, Quantity>) -> Result<Parameters, Refusal> {
    let mut parameters = Parameters::default();
    for (name, value) in written {
        let field = || format!("parameters.{name}");
        let row = TABLE
            .iter()
            .find(|row| row.parameter.name() == name)
            .ok_or_else(|| {
                let known = TABLE.map(|row| row.parameter.name()).join(", ");
                (
                    field(),
                    format!("there is no such parameter; there are {known}"),
                )
            })?;
        let value = match row.unit {
            Unit::Seconds => value.seconds().map(u128::from),
            Unit::FixedSeconds => value.fixed_seconds(),
            Unit::Wei => value.amount(),
            Unit::Percentage => value.share(),
            Unit::Number => value.number(),
        };
        parameters.set(row.parameter, value.map_err(|reason| (field(), reason))?);
    }
    // By the field's name here; the settings check the rest once more.
    parameters.changes().map_err(|(parameter, error)| {
        (format!("parameters.{}", parameter.name()), {
            format!("{error} ({})", unit(parameter))
        })
    })?;
    Ok(parameters)
}

fn unit(parameter: Parameter) -> &'static str {
    match parameter.row().unit {
        Unit::Seconds => "in seconds, given the other parameters",
        Unit::FixedSeconds => "in 1e-18 seconds",
        Unit::Wei => "in wei of AIUS, given the other parameters",
        Unit::Percentage => "as a fraction of 1e18, given the other parameters",
        Unit::Number => "a plain number",
    }
}

impl Votes {
    fn read(self) -> Result<Dao, Refusal> {
        let default = Dao::default();
        let seconds = |key: &str, value: Option<Quantity>, otherwise| match value {
            Some(value) => value
                .seconds()
                .map_err(|reason| (format!("governance.{key}"), reason)),
            None => Ok(otherwise),
        };
        let quorum_percent = match self.quorum {
            None => default.quorum_percent,
            Some(quorum) => {
                let field = || "governance.quorum".to_owned();
                let share = quorum.share().map_err(|reason| (field(), reason))?;
                let percent = ONE / 100;
                if share % percent != 0 || share == 0 || share > ONE {
                    let reason = "a quorum is a whole percentage from \"1%\" to \"100%\"";
                    return Err((field(), reason.to_owned()));
                }
                // At most 100.
                u64::try_from(share / percent).unwrap_or(100)
            }
        };
        let dao = Dao {
            voting_delay: seconds("voting-delay", self.voting_delay, default.voting_delay)?,
            voting_period: seconds("voting-period", self.voting_period, default.voting_period)?,
            proposal_threshold: amount(
                "governance.proposal-threshold",
                self.proposal_threshold,
                ONE,
            )?,
            quorum_percent,
            timelock_delay: seconds(
                "timelock-delay",
                self.timelock_delay,
                default.timelock_delay,
            )?,
            guardian: match self.guardian {
                Some(guardian) => address("governance.guardian", &guardian)?,
                None => Address::ZERO,
            },
        };
        for (name, setting, value) in dao.values() {
            setting
                .validate(value)
                .map_err(|error| (format!("governance.{name}"), error.to_string()))?;
        }
        Ok(dao)
    }
}

impl Allocations {
    fn grants(self) -> Result<Vec<Grant>, Refusal> {
        let whole = |part: Part, beneficiary| Grant {
            part,
            name: String::new(),
            beneficiary,
            amount: U256::from(part.amount()),
            vests: part.schedule().is_some(),
        };
        let mut grants = vec![whole(Part::Dao, Beneficiary::Timelock)];
        for (part, list) in [
            (Part::Team, self.team),
            (Part::PrivateSale, self.private_sale),
        ] {
            for (index, one) in list.into_iter().enumerate() {
                grants.push(one.read(part, index)?);
            }
        }
        grants.push(whole(Part::LiquidityIncentives, Beneficiary::Timelock));
        let holder = address("allocations.initial-liquidity", &self.initial_liquidity)?;
        grants.push(whole(Part::InitialLiquidity, Beneficiary::Account(holder)));
        Ok(grants)
    }
}

impl Vested {
    fn read(self, part: Part, index: usize) -> Result<Grant, Refusal> {
        let field = |key: &str| format!("allocations.{part}[{index}].{key}");
        let name = self.name.unwrap_or_else(|| (index + 1).to_string());
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(is_plain) {
            let reason =
                format!("`{name}` is no name; write 1 to 32 lower-case letters, digits and dashes");
            return Err((field("name"), reason));
        }
        let amount = amount(&field("amount"), Some(self.amount), 0)?;
        if amount.is_zero() {
            let reason = "it is 0; leave the entry out, or grant something";
            return Err((field("amount"), reason.to_owned()));
        }
        Ok(Grant {
            part,
            name,
            beneficiary: Beneficiary::Account(address(&field("beneficiary"), &self.beneficiary)?),
            amount,
            vests: true,
        })
    }
}

impl BridgeEnds {
    fn read(self) -> Result<Bridge, Refusal> {
        Ok(Bridge {
            gateway: address("bridge.gateway", &self.gateway)?,
            l1_token: address("bridge.l1-token", &self.l1_token)?,
        })
    }
}

impl Model {
    fn read(self, field: &str, folder: &Path) -> Result<FirstModel, Refusal> {
        let path = folder.join(&self.template);
        let template = read(&path).map_err(|error| {
            let reason = format!("{} cannot be read: {error}", path.display());
            (format!("{field}.template"), reason)
        })?;
        Ok(FirstModel {
            name: self.name,
            template: template.into_bytes().into(),
            fee_address: address(&format!("{field}.fee-address"), &self.fee_address)?,
            fee: amount(&format!("{field}.fee"), self.fee, 0)?,
            rate: amount(&format!("{field}.rate"), Some(self.rate), 0)?,
        })
    }
}

fn amount(field: &str, value: Option<Quantity>, otherwise: u128) -> Result<U256, Refusal> {
    match value.map(|value| value.amount()) {
        None => Ok(U256::from(otherwise)),
        Some(Ok(wei)) => Ok(U256::from(wei)),
        Some(Err(reason)) => Err((field.to_owned(), reason)),
    }
}

/// An address; one in mixed case must carry its EIP-55 checksum, which catches a typing error.
fn address(field: &str, text: &str) -> Result<Address, Refusal> {
    let refused = |reason: String| (field.to_owned(), reason);
    let malformed = || {
        refused(format!(
            "`{text}` is no address; write 0x and 40 hexadecimal digits"
        ))
    };
    let digits = text.strip_prefix("0x").ok_or_else(malformed)?;
    let address: Address = text.parse().map_err(|_| malformed())?;
    let is_mixed = digits.bytes().any(|byte| byte.is_ascii_lowercase())
        && digits.bytes().any(|byte| byte.is_ascii_uppercase());
    let checksummed = address.to_checksum(None);
    if is_mixed && text != checksummed {
        return Err(refused(format!(
            "`{text}` has a wrong checksum (EIP-55), so a digit may be wrong; if all of them are \
             right, write {checksummed}"
        )));
    }
    if address.is_zero() {
        return Err(refused("the zero address is nobody's".to_owned()));
    }
    Ok(address)
}

#[cfg(test)]
mod tests;
