//! A model that draws, loaded once for many prompts.

use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{LoadedModel, SessionOptions};
use arbius_sdk::model::Bundle;
use serde_json::json;

pub(crate) struct Artist(LoadedModel);

impl Artist {
    pub(crate) fn new(bundle: &Bundle) -> Self {
        Self(LoadedModel::load(&Rten, bundle, &SessionOptions::default()).unwrap())
    }

    pub(crate) fn png(&mut self, prompt: &str, seed: u64) -> Vec<u8> {
        let input = json!({ "prompt": prompt }).to_string();
        let mut outputs = self.0.solve(input.as_bytes(), seed).unwrap();
        assert_eq!(outputs.files.len(), 1);
        assert_eq!(outputs.files[0].name, "out-1.png");
        outputs.files.remove(0).bytes
    }
}
