//! The end of a deployment: everything goes to who is to own it, and the deployer keeps
//! nothing.

use alloy_primitives::Address;
use arbius_protocol::governance::{DEFAULT_ADMIN_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE};

use super::{DeployError, Deployer, settings::Dao};
use crate::contracts::{IBridgedToken, IEngine, IProxy, ITimelock};

impl Deployer {
    /// Names the gateway, and the token on the parent chain.
    pub(super) async fn open_bridge(&self, token: Address) -> Result<(), DeployError> {
        let Some(bridge) = self.settings.bridge else {
            return Ok(());
        };
        let call = IBridgedToken::setL1AddressCall {
            l1Address: bridge.l1_token,
        };
        self.send(token, &call, "naming the token on the parent chain")
            .await?;
        let call = IBridgedToken::setGatewayCall {
            gateway: bridge.gateway,
        };
        self.send(token, &call, "naming the gateway").await
    }

    /// Gives everything away. The timelock's administration goes last: until then the deployer
    /// could still put right what went wrong.
    pub(super) async fn hand_over(
        &self,
        token: Address,
        engine: Address,
    ) -> Result<(), DeployError> {
        let (deployer, owner) = (self.deployer(), self.owner()?);
        let pauser = self.settings.pauser;
        if pauser != deployer {
            let call = IEngine::transferPauserCall { to: pauser };
            self.send(engine, &call, "naming the pauser").await?;
        }
        if owner != deployer {
            let call = IEngine::transferOwnershipCall { newOwner: owner };
            self.send(engine, &call, "handing the engine over").await?;
            let call = IProxy::changeAdminCall { newAdmin: owner };
            self.send(token, &call, "handing the token over").await?;
        }
        match self.settings.dao() {
            Some(dao) => self.enthrone(dao, engine).await,
            None => Ok(()),
        }
    }

    /// Gives the timelock to the governor and to itself.
    async fn enthrone(&self, dao: &Dao, engine: Address) -> Result<(), DeployError> {
        let (timelock, governor) = (self.made("timelock")?, self.made("governor")?);
        if !dao.guardian.is_zero() {
            let call = ITimelock::setGuardianCall {
                newGuardian: dao.guardian,
                engine,
            };
            self.send(timelock, &call, "naming the guardian").await?;
        }
        for (role, title) in [(PROPOSER_ROLE, "propose"), (EXECUTOR_ROLE, "execute")] {
            let call = ITimelock::grantRoleCall {
                role,
                account: governor,
            };
            let purpose = format!("letting the governor {title}");
            self.send(timelock, &call, purpose).await?;
        }
        let call = IProxy::changeAdminCall { newAdmin: timelock };
        self.send(timelock, &call, "handing the timelock's upgrades over")
            .await?;
        let call = ITimelock::renounceRoleCall {
            role: DEFAULT_ADMIN_ROLE,
            callerConfirmation: self.deployer(),
        };
        self.send(timelock, &call, "renouncing the deployer's rights")
            .await
    }
}
