//! `arbius demo --dispute`: a solution that is wrong and one that is wrongly contested.
//!
//! | file | what it holds |
//! |---|---|
//! | `people` | four validators, the requester, what each of them owns |
//! | `scene` | one dispute from the task to the settlement |
//! | `report` | the tables, the JSON |

mod people;
mod report;
mod scene;

use std::time::Instant;

use arbius_testkit::TestChain;

use super::{Progress, start_chain};
use people::People;
use scene::{Scene, Story};

pub(super) async fn show(json: bool) -> eyre::Result<()> {
    let started = Instant::now();
    let progress = Progress::new();
    let (chain, model) = start_chain(TestChain::builder(), &progress).await?;
    let people = People::gather(&chain, &progress).await?;
    let scene = Scene::new(&chain, &people, model, &progress)?;
    let reports = [
        scene.play(Story::CheatingSolver).await?,
        scene.play(Story::BadFaithContester).await?,
    ];
    progress.end();
    report::print(&people, &reports, started.elapsed(), json)
}
