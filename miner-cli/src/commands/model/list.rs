//! `arbius model list`.

use arbius_sdk::client::Network;
use arbius_sdk::model::Template;
use serde_json::json;

use crate::show::{self, Side};
use crate::{amount, args, models};

pub(in crate::commands) async fn list(network: &args::Network, json: bool) -> eyre::Result<()> {
    let network = Network::connect(&network.load()?).await?;
    let models = network.models().await?;
    let mut titles = Vec::with_capacity(models.len());
    for model in &models {
        let template = network.template(model.id).await?;
        // Anyone may register anything: a template that is none has no title.
        titles.push(
            Template::parse(&template)
                .map(|template| template.meta.title)
                .ok(),
        );
    }
    let named = models.iter().zip(&titles);
    if json {
        let models: Vec<_> = named
            .map(|(model, title)| {
                json!({
                    "id": model.id,
                    "name": models::name_of(model),
                    "title": title,
                    "fee": model.fee.to_string(),
                    "rate": model.rate.to_string(),
                    "enabled": model.enabled,
                    "template": model.template.to_string(),
                    "feeAddress": model.fee_address,
                })
            })
            .collect();
        return show::json(&json!({ "models": models }));
    }
    if models.is_empty() {
        show::line("no model is registered")?;
        return Ok(());
    }
    let rows: Vec<_> = named
        .map(|(model, title)| {
            vec![
                models::name_of(model).unwrap_or("-").to_owned(),
                title
                    .clone()
                    .unwrap_or_else(|| "(no readable template)".to_owned()),
                amount::show(model.fee),
                amount::show(model.rate),
                if model.enabled { "yes" } else { "no" }.to_owned(),
                model.id.to_string(),
            ]
        })
        .collect();
    show::table(
        &[
            ("name", Side::Left),
            ("title", Side::Left),
            ("fee (AIUS)", Side::Right),
            ("rate", Side::Right),
            ("takes tasks", Side::Left),
            ("id", Side::Left),
        ],
        &rows,
    )?;
    Ok(())
}
