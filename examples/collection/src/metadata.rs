//! What a token says of itself (ERC-721 Metadata).

use alloy_primitives::B256;
use arbius_example_calls::input::escape;
use arbius_protocol::tasks::TaskStatus;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A token to be described.
pub(crate) struct Description<'a> {
    /// The collection's name.
    pub(crate) collection: &'a str,
    /// The token's number.
    pub(crate) number: u64,
    /// What it was minted for.
    pub(crate) prompt: &'a str,
    /// Where its task stands.
    pub(crate) status: u8,
    /// The model that draws.
    pub(crate) model: B256,
    /// The task that draws it.
    pub(crate) task: B256,
    /// The seed that it is drawn with.
    pub(crate) seed: u64,
    /// The picture, once it is final.
    pub(crate) picture: Option<Picture<'a>>,
}

/// A file in a folder of IPFS.
pub(crate) struct Picture<'a> {
    /// CID of the folder, 34 bytes.
    pub(crate) cid: &'a [u8],
    /// Name of the file.
    pub(crate) file: &'a str,
}

impl Description<'_> {
    /// The metadata as a `data:` URI of JSON.
    pub(crate) fn uri(&self) -> String {
        let mut uri = String::from("data:application/json;base64,");
        STANDARD.encode_string(self.json(), &mut uri);
        uri
    }

    fn json(&self) -> String {
        let mut json = String::from(r#"{"name":""#);
        escape(&mut json, self.collection);
        json += " #";
        json += &self.number.to_string();
        json += r#"","description":""#;
        escape(&mut json, self.prompt);
        if let Some(picture) = &self.picture {
            json += r#"","image":"ipfs://"#;
            json += &bs58::encode(picture.cid).into_string();
            json.push('/');
            escape(&mut json, picture.file);
        }
        json += r#"","attributes":["#;
        trait_type(&mut json, "Status", word(self.status));
        json.push(',');
        trait_type(&mut json, "Model", &self.model.to_string());
        json.push(',');
        trait_type(&mut json, "Task", &self.task.to_string());
        json.push(',');
        trait_type(&mut json, "Seed", &self.seed.to_string());
        json += "]}";
        json
    }
}

/// Adds an attribute, as marketplaces read them.
fn trait_type(json: &mut String, name: &str, value: &str) {
    json.extend([r#"{"trait_type":""#, name, r#"","value":""#, value, r#""}"#]);
}

/// A task's status in a word.
fn word(status: u8) -> &'static str {
    match TaskStatus::try_from(status) {
        Ok(TaskStatus::None) | Err(_) => "unknown",
        Ok(TaskStatus::Open) => "open",
        Ok(TaskStatus::Solved) => "solved",
        Ok(TaskStatus::Contested) => "contested",
        Ok(TaskStatus::Final) => "final",
        Ok(TaskStatus::Rejected) => "rejected",
        Ok(TaskStatus::Retracted) => "retracted",
    }
}
