//! What stands on the chain in the end, and whether it is what was asked for.

use std::path::Path;

use alloy_primitives::U256;
use arbius_sdk::deploy::Record;
use arbius_sdk::deploy::check::{Property, Report};
use eyre::bail;
use serde_json::json;

use crate::{amount, show};

/// Prints contracts, costs and the closing check.
pub(super) fn show(
    record: &Record,
    findings: &Report,
    deployment: Option<&Path>,
    json: bool,
) -> eyre::Result<()> {
    let done = || {
        record
            .transactions
            .iter()
            .filter_map(|one| one.done.as_ref())
    };
    let gas: u64 = done().map(|one| one.gas_used).sum();
    let cost = done().fold(U256::ZERO, |sum, one| sum.saturating_add(one.cost()));
    if json {
        let properties: Vec<_> = Property::ALL
            .into_iter()
            .filter(|property| findings.counts(*property).0 > 0)
            .map(|property| {
                let (read, held) = findings.counts(property);
                json!({
                    "property": property,
                    "statement": property.statement(),
                    "read": read,
                    "holds": read == held,
                })
            })
            .collect();
        return show::json(&json!({
            "schema": "arbius/deploy/1",
            "chainId": record.begun.as_ref().map(|begun| begun.chain_id),
            "deployer": record.begun.as_ref().map(|begun| begun.deployer),
            "deployment": deployment,
            "contracts": record.contracts,
            "transactions": done().count(),
            "gas": gas,
            "cost": cost,
            "clean": findings.is_clean(),
            "properties": properties,
            "differences": findings.differences().collect::<Vec<_>>(),
        }));
    }
    let fields: Vec<_> = record
        .contracts
        .iter()
        .map(|(name, address)| (name.as_str(), address.to_string()))
        .collect();
    show::fields(&fields)?;
    show::line("")?;
    show::line(format!(
        "{} transactions, {} gas, {} ether with the data fees",
        done().count(),
        show::thousands(gas),
        amount::show(cost)
    ))?;
    if let Some(deployment) = deployment {
        show::line(format!("deployment file: {}", deployment.display()))?;
    }
    show::line("")?;
    show::line("Closing check, read back from the chain:")?;
    for property in Property::ALL {
        let (read, held) = findings.counts(property);
        if read == 0 {
            continue;
        }
        let mark = if read == held { "✓" } else { "✗" };
        show::line(format!(
            "{mark} {property} ({held}/{read}): {}",
            property.statement()
        ))?;
    }
    for difference in findings.differences() {
        show::line(format!("  {difference}"))?;
    }
    Ok(())
}

/// Fails if anything is not as it should be.
pub(super) fn judge(findings: &Report) -> eyre::Result<()> {
    match findings.differences().count() {
        0 => Ok(()),
        count => bail!(
            "{count} of {} things read from the chain are not what the settings ask for",
            findings.findings.len()
        ),
    }
}
