//! A deployment goes on after any interruption, and does nothing twice.

use arbius_sdk::{
    chain::ChainError,
    deploy::{DeployError, Deployment, Event, Progress, Settings},
};

use crate::world::World;

/// A moment at which the power can go off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Written,
    Sent,
    Included,
    Finished,
}

fn moment(event: &Event<'_>) -> Option<Moment> {
    match event {
        Event::Written { .. } => Some(Moment::Written),
        Event::Sent { .. } => Some(Moment::Sent),
        Event::Included { .. } => Some(Moment::Included),
        Event::Finished { earlier: false, .. } => Some(Moment::Finished),
        Event::Finished { .. } => None,
    }
}

fn is_power_cut(error: &DeployError) -> bool {
    match error {
        DeployError::Stopped(reason) => reason.to_string() == "power cut",
        DeployError::Chain(ChainError::Journal(error)) => error.to_string().contains("power cut"),
        _ => false,
    }
}

/// Runs a deployment to its end, though each run stops at its first `at`.
async fn interrupted(world: &World, settings: &Settings, at: Moment) -> (Deployment, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("progress.json");
    for runs in 1.. {
        let outcome = world
            .run(settings, &path, move |event| {
                if moment(&event) == Some(at) {
                    return Err("power cut".into());
                }
                Ok(())
            })
            .await;
        match outcome {
            Ok(deployment) => return (deployment, runs),
            Err(error) => assert!(is_power_cut(&error), "{error}"),
        }
        assert!(runs < 200, "it never ends");
    }
    unreachable!("the loop returns or fails")
}

async fn goes_on(settings: impl Fn(&World) -> Settings, at: Moment) {
    let whole = World::start().await;
    let expected = whole
        .run_with(&settings(&whole), Progress::default(), |_| Ok(()))
        .await
        .unwrap();
    let sent = whole.sent().await;

    let world = World::start().await;
    let (deployment, runs) = interrupted(&world, &settings(&world), at).await;
    // Every transaction was interrupted, and none was sent twice.
    assert_eq!(runs as u64, sent + 1);
    assert_eq!(world.sent().await, sent);
    assert_eq!(deployment.contracts, expected.contracts);
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_an_end_before_each_transaction_was_sent() {
    goes_on(World::dao_settings, Moment::Written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_an_end_between_sending_and_receipt() {
    goes_on(World::dao_settings, Moment::Sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_an_end_before_a_receipt_was_written_down() {
    goes_on(World::dao_settings, Moment::Included).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_an_end_between_transactions() {
    goes_on(World::dao_settings, Moment::Finished).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_deployment_sends_nothing_when_it_is_run_again() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("progress.json");
    let first = world
        .run(&world.settings(), &path, |_| Ok(()))
        .await
        .unwrap();
    let sent = world.sent().await;
    let again = world
        .run(&world.settings(), &path, |event| match event {
            Event::Finished { earlier: true, .. } => Ok(()),
            other => Err(format!("{other:?}").into()),
        })
        .await
        .unwrap();
    assert_eq!(
        again,
        Deployment {
            rpc: again.rpc.clone(),
            ..first
        }
    );
    assert_eq!(world.sent().await, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_settings_than_it_was_begun_with_are_refused_by_name() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("progress.json");
    world
        .run(&world.settings(), &path, |_| Err("power cut".into()))
        .await
        .unwrap_err();
    let mut other = world.settings();
    other.start_time = Some(7);
    let error = world.run(&other, &path, |_| Ok(())).await.unwrap_err();
    assert!(
        matches!(error, DeployError::OtherDeployment { .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("settings.startTime was null and is 7"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_at_once_is_refused() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("progress.json");
    let held = Progress::open(&path).unwrap();
    let error = world
        .run(&world.settings(), &path, |_| Ok(()))
        .await
        .unwrap_err();
    assert!(matches!(error, DeployError::InUse { .. }), "{error}");
    assert_eq!(world.sent().await, 0);
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_of_a_chain_that_has_forgotten_it_is_refused() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("progress.json");
    world
        .run(&world.settings(), &path, |_| Ok(()))
        .await
        .unwrap();
    // The same chain id, begun anew.
    let anew = World::start().await;
    let error = anew
        .run(&anew.settings(), &path, |_| Ok(()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, DeployError::StaleProgress { .. }),
        "{error}"
    );
    assert_eq!(anew.sent().await, 0);
}
