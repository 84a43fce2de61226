//! The closing check is clean after a deployment, and names what is broken.

use alloy_primitives::{Address, U256};
use arbius_sdk::deploy::{
    Progress, Record,
    check::{Property, Report, check},
};

use crate::world::World;

/// A finished deployment without a DAO.
struct Finished {
    world: World,
    record: Record,
}

impl Finished {
    async fn start() -> Self {
        let world = World::start().await;
        let progress = Progress::default();
        world
            .run_with(&world.settings(), progress.clone(), |_| Ok(()))
            .await
            .unwrap();
        Self {
            world,
            record: progress.record(),
        }
    }

    async fn check(&self) -> Report {
        let settings = self.world.settings();
        check(&self.world.chain, &settings, &self.record)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_without_a_dao_is_clean() {
    let finished = Finished::start().await;
    let report = finished.check().await;
    let differences: Vec<_> = report.differences().collect();
    assert!(differences.is_empty(), "{differences:#?}");
    let (read, held) = report.counts(Property::Parameters);
    assert_eq!((read, held), (19, 19));
    let nobody = Address::repeat_byte(0x55);
    let token = finished.record.contracts["token"];
    let slot = arbius_protocol::interfaces::proxy::ADMIN_SLOT;
    let value = U256::from_be_slice(nobody.as_slice());
    let chain = finished.world.devnet.chain();
    chain.set_storage(token, slot.into(), value);
    let report = finished.check().await;
    let broken: Vec<_> = report.differences().map(|one| one.property).collect();
    assert!(broken.contains(&Property::Upgrades), "{broken:?}");
}
