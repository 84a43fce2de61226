//! The model that everybody has.

use std::sync::Arc;

use alloy_primitives::B256;
use arbius_protocol::ids;
use arbius_sdk::{
    content::cids,
    inference::{InProcess, Solver as _},
    model::Bundle,
};

/// The bundle of the demo's model.
pub(crate) fn bundle() -> eyre::Result<Arc<Bundle>> {
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    Ok(Arc::new(Bundle::from_bytes(
        digits.template,
        digits.manifest,
        files,
    )?))
}

/// The digest of what it makes for a task.
pub(crate) async fn solution(task: B256, input: &[u8]) -> eyre::Result<B256> {
    let solver = InProcess::default();
    let outputs = solver.solve(&*bundle()?, input, ids::seed(task)).await?;
    Ok(B256::new(cids::digest(&outputs.cid()?)?))
}
