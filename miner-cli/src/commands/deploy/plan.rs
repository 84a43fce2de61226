//! What a deployment would do, and cost: it is made on a private chain in this program.

use arbius_sdk::chain::{Chain, Signer};
use arbius_sdk::deploy::{Estimate, Settings};

#[cfg(feature = "devnet")]
pub(super) use rehearsed::{estimate, show};
#[cfg(not(feature = "devnet"))]
pub(super) use unrehearsed::{estimate, show};

#[cfg(feature = "devnet")]
mod rehearsed {
    use arbius_sdk::deploy::Prices;
    use arbius_testkit::Rehearsal;
    use eyre::WrapErr as _;
    use serde_json::json;

    use super::super::report::judge;
    use super::*;
    use crate::{amount, show as screen};

    pub(in super::super) async fn estimate(
        settings: &Settings,
        chain: &Chain,
        signer: Signer,
    ) -> eyre::Result<Option<Estimate>> {
        let rehearsal = rehearse(settings, chain, Some(signer)).await?;
        judge(&rehearsal.report)?;
        let prices = Prices::of(chain).await?;
        Ok(Some(Estimate::of(&rehearsal.record, &prices)))
    }

    async fn rehearse(
        settings: &Settings,
        chain: &Chain,
        signer: Option<Signer>,
    ) -> eyre::Result<Rehearsal> {
        Rehearsal::of(settings, chain.id(), signer)
            .await
            .wrap_err("these settings cannot be deployed; a rehearsal on a private chain failed")
    }

    pub(in super::super) async fn show(
        settings: &Settings,
        chain: &Chain,
        signer: Option<Signer>,
        json: bool,
    ) -> eyre::Result<()> {
        let deployer = signer.as_ref().map(Signer::address);
        let rehearsal = rehearse(settings, chain, signer).await?;
        let prices = Prices::of(chain).await?;
        let estimate = Estimate::of(&rehearsal.record, &prices);
        let balance = match deployer {
            Some(deployer) => Some(chain.balance(deployer).await?),
            None => None,
        };
        let transactions = rehearsal.record.transactions.iter();
        let transactions = transactions.filter_map(|one| Some((one, one.done.as_ref()?)));
        if json {
            let transactions: Vec<_> = transactions
                .map(|(one, done)| {
                    json!({
                        "purpose": one.purpose,
                        "gas": done.gas_used,
                        "bytes": one.size,
                        "dataFee": done.data_fee,
                    })
                })
                .collect();
            screen::json(&json!({
                "schema": "arbius/deploy-plan/1",
                "chainId": chain.id(),
                "deployer": deployer,
                "balance": balance,
                "transactions": transactions,
                "prices": prices,
                "estimate": estimate,
                "clean": rehearsal.report.is_clean(),
            }))?;
            return judge(&rehearsal.report);
        }
        let rows: Vec<_> = transactions
            .enumerate()
            .map(|(index, (one, done))| {
                vec![
                    (index + 1).to_string(),
                    one.purpose.clone(),
                    screen::thousands(done.gas_used),
                    screen::thousands(one.size as u64),
                    amount::show(done.data_fee),
                ]
            })
            .collect();
        screen::table(
            &[
                ("", screen::Side::Right),
                ("transaction", screen::Side::Left),
                ("gas", screen::Side::Right),
                ("bytes", screen::Side::Right),
                ("data fee, ETH", screen::Side::Left),
            ],
            &rows,
        )?;
        screen::line("")?;
        let mut fields = vec![
            ("chain", chain.id().to_string()),
            ("transactions", estimate.transactions.to_string()),
            ("gas", screen::thousands(estimate.gas)),
            ("bytes", screen::thousands(estimate.bytes as u64)),
            (
                "data fees",
                format!("{} ether", amount::show(estimate.data_fees)),
            ),
            (
                "estimate",
                format!("{} ether at the prices of now", amount::show(estimate.cost)),
            ),
        ];
        if let (Some(deployer), Some(balance)) = (deployer, balance) {
            let text = format!("{deployer}, which holds {} ether", amount::show(balance));
            fields.push(("deployer", text));
        }
        screen::fields(&fields)?;
        screen::line("")?;
        judge(&rehearsal.report)?;
        screen::line(
            "Nothing was sent. The same was deployed to a private chain, where the closing \
             check found everything as the settings ask for.",
        )?;
        Ok(())
    }
}

#[cfg(not(feature = "devnet"))]
mod unrehearsed {
    use eyre::bail;

    use super::*;

    pub(in super::super) async fn estimate(
        _: &Settings,
        _: &Chain,
        _: Signer,
    ) -> eyre::Result<Option<Estimate>> {
        Ok(None)
    }

    pub(in super::super) async fn show(
        _: &Settings,
        _: &Chain,
        _: Option<Signer>,
        _: bool,
    ) -> eyre::Result<()> {
        bail!("this program was built without its local chain; build it with the feature `devnet`")
    }
}
