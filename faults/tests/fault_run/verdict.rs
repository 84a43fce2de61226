//! What has to be true in the end.

use alloy_primitives::B256;
use arbius_faults::Audit;

use super::world::World;

/// What is wrong, still or for good.
pub(crate) fn wrong(world: &World) -> Vec<String> {
    let audit = world.scene.audit();
    let honest = world.honest();
    let mut wrong = Vec::new();
    for task in &audit.submitted {
        let claims = audit.claimed.get(task).copied().unwrap_or_default();
        match audit.solved.get(task).map(Vec::as_slice) {
            Some([solver]) if honest.contains(solver) => {
                if claims != 1 {
                    wrong.push(format!("{task} of {solver} was claimed {claims} times"));
                }
                if audit.rejected.contains(task) {
                    wrong.push(format!("{task} of {solver} is right and was rejected"));
                }
            }
            Some([solver]) if *solver == world.rivals.cheat() => {
                if !audit.contested.contains_key(task) {
                    wrong.push(format!("{task} was made up and not contested"));
                } else if !audit.rejected.contains(task) {
                    wrong.push(format!("{task} was made up and not rejected"));
                }
            }
            Some([solver]) if *solver == world.front_runner.account() => {
                wrong.push(format!("{task} was solved with a copied solution"));
            }
            other => wrong.push(format!("{task} was solved by {other:?}")),
        }
    }
    wrong.extend(lost_votes(world, &audit));
    wrong
}

/// Honest stakes that are not what was deposited and won, to the wei, or are locked still.
pub(crate) async fn lost_stakes(world: &World) -> Vec<String> {
    let mut lost = Vec::new();
    for account in world.honest() {
        lost.extend(world.scene.lost_stake(account).await.unwrap());
    }
    lost
}

/// Whether every task is solved, every made-up solution contested, and every contestation voted
/// on by all honest miners: whatever remains comes by waiting.
pub(crate) fn is_decided_in_time(world: &World) -> bool {
    let audit = world.scene.audit();
    let honest = world.honest();
    // The contester and the accused vote by that.
    let voted = |task: &B256| {
        let votes = audit.votes.iter().filter(|(_, voted, _)| voted == task);
        votes.filter(|(voter, ..)| honest.contains(voter)).count() == honest.len()
    };
    audit.submitted.iter().all(|task| {
        audit.solved.contains_key(task)
            && (!is_made_up(world, &audit, task) || audit.contested.contains_key(task))
            && (!audit.contested.contains_key(task)
                || audit.rejected.contains(task)
                || audit.upheld.contains(task)
                || voted(task))
    })
}

/// Whether a made-up solution waits for its contestation, which a miner on a slow machine may
/// not get to before a clock in a hurry has passed its contest period.
pub(crate) fn is_to_be_contested(world: &World) -> bool {
    let audit = world.scene.audit();
    let mut solved = audit.solved.keys();
    solved.any(|task| is_made_up(world, &audit, task) && !audit.contested.contains_key(task))
}

/// Honest votes and contestations on the losing side: each costs stake.
fn lost_votes(world: &World, audit: &Audit) -> Vec<String> {
    let honest = world.honest();
    let mut lost = Vec::new();
    for (voter, task, yea) in audit.votes.iter().filter(|v| honest.contains(&v.0)) {
        if *yea != is_made_up(world, audit, task) {
            let side = if *yea { "wrong" } else { "right" };
            lost.push(format!("{voter} voted that {task} is {side}"));
        }
    }
    for (task, contester) in audit.contested.iter().filter(|c| honest.contains(c.1)) {
        if !is_made_up(world, audit, task) {
            lost.push(format!("{contester} contested {task}, which is right"));
        }
    }
    lost
}

fn is_made_up(world: &World, audit: &Audit, task: &B256) -> bool {
    let solvers = audit.solved.get(task);
    solvers.is_some_and(|solvers| solvers.contains(&world.rivals.cheat()))
}

/// What the run is about and did not happen so far.
pub(crate) fn missing(world: &World) -> Vec<&'static str> {
    let audit = world.scene.audit();
    let mut solved = audit.solved.keys();
    let mut contesters = audit.contested.values();
    let mut missing = Vec::new();
    if !solved.any(|task| is_made_up(world, &audit, task)) {
        missing.push("the rival never got to cheat");
    }
    if !contesters.any(|contester| *contester == world.rivals.slanderer()) {
        missing.push("nobody contested in bad faith");
    }
    if copied(world) == 0 {
        missing.push("nobody copied anything");
    }
    missing
}

/// How often something was copied.
fn copied(world: &World) -> u64 {
    world.front_runner.commitments() + world.front_runner.solutions()
}

/// What happened, in one paragraph. Fails if something that the run is about did not.
pub(crate) fn summary(world: &World) -> String {
    let audit = world.scene.audit();
    let made_up = audit.rejected.len();
    let slandered = audit.upheld.len();
    assert!(made_up > 0, "the rival never got to cheat");
    assert!(slandered > 0, "nobody contested in bad faith");
    assert!(copied(world) > 0, "nobody copied anything");
    let by_slanderer = audit
        .contested
        .values()
        .filter(|contester| **contester == world.rivals.slanderer());
    let mut text = format!(
        "{} tasks, {} claimed; {made_up} made up and rejected; {} contested in bad faith, \
         {slandered} upheld; {} honest votes; {} commitments and {} transactions with solutions \
         copied in vain",
        audit.submitted.len(),
        audit.claimed.len(),
        by_slanderer.count(),
        audit.votes.len(),
        world.front_runner.commitments(),
        world.front_runner.solutions()
    );
    for machine in &world.machines {
        let failed = audit.reverted.get(&machine.account());
        text += &format!(
            "\n{}: {} transactions, {} failed, ends {:?}",
            machine.account(),
            audit
                .sent
                .get(&machine.account())
                .copied()
                .unwrap_or_default(),
            failed.map_or(0, Vec::len),
            machine.ends
        );
    }
    text
}
