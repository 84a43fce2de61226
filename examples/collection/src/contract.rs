//! The entry points, as `ICollection` documents them.

use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::SolError;
use arbius_example_calls::{engine::require_engine, input::require_text};
use arbius_example_interfaces::collection::ICollection::{
    ERC721InvalidReceiver, ERC721NonexistentToken, MetadataUpdate, Minted, NotFinal, NotRefundable,
    Refunded, SoldOut, UnknownTask,
};
use arbius_protocol::{ids, interfaces::engine::IEngine, tasks::TaskStatus};
use stylus_sdk::{abi::Bytes, prelude::*};

use crate::{
    erc721::{self, Erc721},
    metadata::{Description, Picture},
    network::OUTCOME_GAS,
    prompt,
};

/// Status of a task whose solution stands.
const FINAL: u8 = TaskStatus::Final as u8;

/// Interfaces that are supported: ERC-165, ERC-721, ERC-721 Metadata, ERC-4906.
const INTERFACES: [[u8; 4]; 4] = [
    [0x01, 0xff, 0xc9, 0xa7],
    [0x80, 0xac, 0x58, 0xcd],
    [0x5b, 0x5e, 0x13, 0x9f],
    [0x49, 0x06, 0x49, 0x06],
];

sol_storage! {
    /// A collection.
    #[entrypoint]
    pub struct Collection {
        /// The engine that draws.
        address engine;
        /// The engine's token, AIUS.
        address token;
        /// The model that draws.
        bytes32 model;
        /// How many tokens there can be at a time.
        uint256 max_supply;
        /// How many there are.
        uint256 supply;
        /// The number of the last token that was minted.
        uint256 last;
        /// The collection's name.
        string name;
        /// The collection's symbol.
        string symbol;
        /// The file in the model's output that is the picture.
        string file;
        /// Who owns what.
        Erc721 erc721;
        /// What each token is.
        mapping(uint256 => Origin) origins;
        /// The token that a task draws.
        mapping(bytes32 => uint256) tokens;
    }

    /// Where a token comes from.
    #[derive(Erase)]
    pub struct Origin {
        /// The task that draws it.
        bytes32 task;
        /// Who minted it, owns the task, and is refunded.
        address minter;
        /// Whether the task is known to be final, which nothing can change.
        bool is_final;
        /// What it was minted for.
        string prompt;
    }
}

#[public]
impl Collection {
    #[constructor]
    pub fn constructor(
        &mut self,
        engine: Address,
        model: B256,
        name: String,
        symbol: String,
        file: String,
        max_supply: U256,
    ) -> Result<(), Vec<u8>> {
        for text in [&name, &symbol, &file] {
            require_text(text)?;
        }
        self.name.set_str(name);
        self.symbol.set_str(symbol);
        self.file.set_str(file);
        self.max_supply.set(max_supply);
        self.bind(engine, model)
    }

    // ERC-721

    pub fn balance_of(&self, owner: Address) -> Result<U256, Vec<u8>> {
        self.erc721.balance_of(owner)
    }

    pub fn owner_of(&self, token_id: U256) -> Result<Address, Vec<u8>> {
        self.erc721.owner_of(token_id)
    }

    #[selector(name = "safeTransferFrom")]
    pub fn safe_transfer_from(
        &mut self,
        from: Address,
        to: Address,
        token_id: U256,
    ) -> Result<(), Vec<u8>> {
        self.safe_transfer_from_with_data(from, to, token_id, Bytes::new())
    }

    #[selector(name = "safeTransferFrom")]
    pub fn safe_transfer_from_with_data(
        &mut self,
        from: Address,
        to: Address,
        token_id: U256,
        data: Bytes,
    ) -> Result<(), Vec<u8>> {
        self.transfer_from(from, to, token_id)?;
        erc721::offer(self, from, to, token_id, data)
    }

    pub fn transfer_from(
        &mut self,
        from: Address,
        to: Address,
        token_id: U256,
    ) -> Result<(), Vec<u8>> {
        if to.is_zero() {
            return Err(ERC721InvalidReceiver { receiver: to }.abi_encode());
        }
        let status = self.status(token_id)?;
        if status != FINAL {
            return Err(not_final(token_id, status));
        }
        self.origins.setter(token_id).is_final.set(true);
        let caller = self.vm().msg_sender();
        self.erc721.transfer(caller, from, to, token_id)
    }

    pub fn approve(&mut self, to: Address, token_id: U256) -> Result<(), Vec<u8>> {
        let caller = self.vm().msg_sender();
        self.erc721.approve(caller, to, token_id)
    }

    pub fn set_approval_for_all(
        &mut self,
        operator: Address,
        approved: bool,
    ) -> Result<(), Vec<u8>> {
        let caller = self.vm().msg_sender();
        self.erc721.set_operator(caller, operator, approved)
    }

    pub fn get_approved(&self, token_id: U256) -> Result<Address, Vec<u8>> {
        self.erc721.approved(token_id)
    }

    pub fn is_approved_for_all(&self, owner: Address, operator: Address) -> bool {
        self.erc721.is_operator(owner, operator)
    }

    pub fn name(&self) -> String {
        self.name.get_string()
    }

    pub fn symbol(&self) -> String {
        self.symbol.get_string()
    }

    #[selector(name = "tokenURI")]
    pub fn token_uri(&self, token_id: U256) -> Result<String, Vec<u8>> {
        let task = self.task_of(token_id)?;
        let status = self.status(token_id)?;
        let (collection, file) = (self.name.get_string(), self.file.get_string());
        let prompt = self.prompt_of(token_id)?;
        let solution = match status {
            FINAL => Some(self.ask(&IEngine::solutionsCall { task })?.cid),
            _ => None,
        };
        let description = Description {
            collection: &collection,
            number: token_id.saturating_to(),
            prompt: &prompt,
            status,
            model: self.model.get(),
            task,
            seed: ids::seed(task),
            picture: solution.as_ref().map(|cid| Picture { cid, file: &file }),
        };
        Ok(description.uri())
    }

    pub fn supports_interface(&self, interface_id: FixedBytes<4>) -> bool {
        INTERFACES.contains(&interface_id.0)
    }

    // Minting

    pub fn mint(&mut self, prompt: String, fee: U256) -> Result<U256, Vec<u8>> {
        let (supply, max) = (self.supply.get(), self.max_supply.get());
        if supply >= max {
            return Err(SoldOut { maxSupply: max }.abi_encode());
        }
        let input = prompt::input(&prompt)?;
        let one = U256::from(1);
        let token_id = self.last.get().saturating_add(one);
        self.last.set(token_id);
        self.supply.set(supply.saturating_add(one));

        let minter = self.vm().msg_sender();
        let task = self.submit(minter, fee, input)?;
        self.tokens.setter(task).set(token_id);
        let mut origin = self.origins.setter(token_id);
        origin.task.set(task);
        origin.minter.set(minter);
        origin.prompt.set_str(&prompt);
        self.erc721.mint(minter, token_id);
        self.vm().log(Minted {
            tokenId: token_id,
            minter,
            task,
            fee,
            prompt,
        });
        erc721::offer(self, Address::ZERO, minter, token_id, Bytes::new())?;
        Ok(token_id)
    }

    pub fn refund(&mut self, token_id: U256) -> Result<(), Vec<u8>> {
        let status = self.status(token_id)?;
        if !matches!(
            TaskStatus::try_from(status),
            Ok(TaskStatus::Rejected | TaskStatus::Retracted)
        ) {
            return Err(NotRefundable {
                tokenId: token_id,
                status,
            }
            .abi_encode());
        }
        let (minter, task) = (self.minter_of(token_id)?, self.task_of(token_id)?);
        self.origins.delete(token_id);
        self.tokens.delete(task);
        self.supply
            .set(self.supply.get().saturating_sub(U256::from(1)));
        // It could not be transferred, so it is still the minter's.
        self.erc721.burn(minter, token_id);
        self.vm().log(Refunded {
            tokenId: token_id,
            minter,
            task,
        });
        self.pay_out(minter)
    }

    pub fn on_task_outcome(&mut self, task: B256, outcome: u8, _cid: Bytes) -> Result<(), Vec<u8>> {
        require_engine(self, self.engine.get())?;
        let token_id = self.tokens.get(task);
        if token_id.is_zero() {
            return Err(UnknownTask { task }.abi_encode());
        }
        if outcome == FINAL {
            self.origins.setter(token_id).is_final.set(true);
        }
        self.vm().log(MetadataUpdate { _tokenId: token_id });
        Ok(())
    }

    // Provenance

    pub fn task_of(&self, token_id: U256) -> Result<B256, Vec<u8>> {
        let task = self.origins.getter(token_id).task.get();
        if task.is_zero() {
            return Err(ERC721NonexistentToken { tokenId: token_id }.abi_encode());
        }
        Ok(task)
    }

    pub fn token_of(&self, task: B256) -> U256 {
        self.tokens.get(task)
    }

    pub fn minter_of(&self, token_id: U256) -> Result<Address, Vec<u8>> {
        self.task_of(token_id)?;
        Ok(self.origins.getter(token_id).minter.get())
    }

    pub fn prompt_of(&self, token_id: U256) -> Result<String, Vec<u8>> {
        self.task_of(token_id)?;
        Ok(self.origins.getter(token_id).prompt.get_string())
    }

    pub fn picture_of(&self, token_id: U256) -> Result<Bytes, Vec<u8>> {
        let task = self.task_of(token_id)?;
        let status = self.status(token_id)?;
        if status != FINAL {
            return Err(not_final(token_id, status));
        }
        Ok(self.ask(&IEngine::solutionsCall { task })?.cid)
    }

    #[allow(clippy::type_complexity)]
    pub fn provenance_of(
        &self,
        token_id: U256,
    ) -> Result<(B256, B256, Bytes, U256, u8, Address, Bytes), Vec<u8>> {
        let task = self.task_of(token_id)?;
        let known = self.ask(&IEngine::tasksCall { id: task })?;
        let status = self.ask(&IEngine::taskStatusCall { id: task })?;
        let solution = self.ask(&IEngine::solutionsCall { task })?;
        Ok((
            task,
            known.model,
            known.cid,
            U256::from(ids::seed(task)),
            status,
            solution.validator,
            solution.cid,
        ))
    }

    pub fn proves(&self, token_id: U256, prompt: String) -> Result<bool, Vec<u8>> {
        let task = self.task_of(token_id)?;
        let content = prompt::input(&prompt)?.into();
        let cid = self.ask(&IEngine::generateIPFSCIDCall { content })?;
        Ok(self.ask(&IEngine::tasksCall { id: task })?.cid == cid)
    }

    pub fn input_for(prompt: String) -> Result<Bytes, Vec<u8>> {
        Ok(prompt::input(&prompt)?.into())
    }

    pub fn engine(&self) -> Address {
        self.engine.get()
    }

    pub fn token(&self) -> Address {
        self.token.get()
    }

    pub fn model(&self) -> B256 {
        self.model.get()
    }

    pub fn picture_file(&self) -> String {
        self.file.get_string()
    }

    pub fn outcome_gas(&self) -> u32 {
        OUTCOME_GAS
    }

    pub fn max_supply(&self) -> U256 {
        self.max_supply.get()
    }

    pub fn total_supply(&self) -> U256 {
        self.supply.get()
    }
}

impl Collection {
    /// Where a token's task stands.
    fn status(&self, token_id: U256) -> Result<u8, Vec<u8>> {
        let task = self.task_of(token_id)?;
        if self.origins.getter(token_id).is_final.get() {
            return Ok(FINAL);
        }
        self.ask(&IEngine::taskStatusCall { id: task })
    }
}

fn not_final(token_id: U256, status: u8) -> Vec<u8> {
    NotFinal {
        tokenId: token_id,
        status,
    }
    .abi_encode()
}
