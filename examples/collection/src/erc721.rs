//! Who owns what, and who may transfer it (ERC-721).

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolError, sol};
use arbius_example_interfaces::collection::ICollection::{
    Approval, ApprovalForAll, ERC721IncorrectOwner, ERC721InsufficientApproval,
    ERC721InvalidApprover, ERC721InvalidOperator, ERC721InvalidOwner, ERC721InvalidReceiver,
    ERC721NonexistentToken, Transfer,
};
use stylus_sdk::{
    call::call,
    prelude::*,
    stylus_core::{calls::errors::Error, storage::TopLevelStorage},
};

sol! {
    /// A contract that takes tokens (ERC-721).
    interface IERC721Receiver {
        /// Answers with its own selector if it takes the token.
        function onERC721Received(address operator, address from, uint256 tokenId, bytes data) external returns (bytes4);
    }
}

sol_storage! {
    /// Tokens and their owners.
    pub struct Erc721 {
        /// Who owns a token.
        mapping(uint256 => address) owners;
        /// How many tokens an account owns.
        mapping(address => uint256) balances;
        /// Who may transfer a token besides.
        mapping(uint256 => address) approvals;
        /// Who may transfer all tokens of an account.
        mapping(address => mapping(address => bool)) operators;
    }
}

impl Erc721 {
    /// How many tokens an account owns.
    pub(crate) fn balance_of(&self, owner: Address) -> Result<U256, Vec<u8>> {
        if owner.is_zero() {
            return Err(ERC721InvalidOwner { owner }.abi_encode());
        }
        Ok(self.balances.get(owner))
    }

    /// Who owns a token.
    pub(crate) fn owner_of(&self, id: U256) -> Result<Address, Vec<u8>> {
        let owner = self.owners.get(id);
        if owner.is_zero() {
            return Err(ERC721NonexistentToken { tokenId: id }.abi_encode());
        }
        Ok(owner)
    }

    /// Who may transfer a token besides its owner.
    pub(crate) fn approved(&self, id: U256) -> Result<Address, Vec<u8>> {
        self.owner_of(id)?;
        Ok(self.approvals.get(id))
    }

    /// Whether `operator` may transfer all tokens of `owner`.
    pub(crate) fn is_operator(&self, owner: Address, operator: Address) -> bool {
        self.operators.get(owner).get(operator)
    }

    /// Lets `to` transfer a token, as `caller` wants it.
    pub(crate) fn approve(
        &mut self,
        caller: Address,
        to: Address,
        id: U256,
    ) -> Result<(), Vec<u8>> {
        let owner = self.owner_of(id)?;
        if caller != owner && !self.is_operator(owner, caller) {
            return Err(ERC721InvalidApprover { approver: caller }.abi_encode());
        }
        self.approvals.setter(id).set(to);
        self.vm().log(Approval {
            owner,
            approved: to,
            tokenId: id,
        });
        Ok(())
    }

    /// Lets `operator` transfer all tokens of `owner`, or no longer.
    pub(crate) fn set_operator(
        &mut self,
        owner: Address,
        operator: Address,
        approved: bool,
    ) -> Result<(), Vec<u8>> {
        if operator.is_zero() {
            return Err(ERC721InvalidOperator { operator }.abi_encode());
        }
        self.operators.setter(owner).setter(operator).set(approved);
        self.vm().log(ApprovalForAll {
            owner,
            operator,
            approved,
        });
        Ok(())
    }

    /// Transfers a token, as `caller` wants it.
    pub(crate) fn transfer(
        &mut self,
        caller: Address,
        from: Address,
        to: Address,
        id: U256,
    ) -> Result<(), Vec<u8>> {
        let owner = self.owner_of(id)?;
        let allowed =
            caller == owner || self.is_operator(owner, caller) || self.approvals.get(id) == caller;
        if !allowed {
            return Err(ERC721InsufficientApproval {
                operator: caller,
                tokenId: id,
            }
            .abi_encode());
        }
        if from != owner {
            return Err(ERC721IncorrectOwner {
                sender: from,
                tokenId: id,
                owner,
            }
            .abi_encode());
        }
        self.move_token(owner, to, id);
        Ok(())
    }

    /// Makes a token.
    pub(crate) fn mint(&mut self, to: Address, id: U256) {
        self.move_token(Address::ZERO, to, id);
    }

    /// Destroys a token.
    pub(crate) fn burn(&mut self, owner: Address, id: U256) {
        self.move_token(owner, Address::ZERO, id);
    }

    fn move_token(&mut self, from: Address, to: Address, id: U256) {
        let one = U256::from(1);
        if !from.is_zero() {
            self.approvals.delete(id);
            let left = self.balances.get(from).saturating_sub(one);
            self.balances.setter(from).set(left);
        }
        if !to.is_zero() {
            let more = self.balances.get(to).saturating_add(one);
            self.balances.setter(to).set(more);
        }
        self.owners.setter(id).set(to);
        self.vm().log(Transfer {
            from,
            to,
            tokenId: id,
        });
    }
}

/// Asks a receiving contract whether it takes a token that was just given to it.
///
/// # Errors
///
/// What it answers, or `ERC721InvalidReceiver` if that is nothing or not the accepting answer.
pub(crate) fn offer(
    storage: &mut (impl TopLevelStorage + HostAccess),
    from: Address,
    to: Address,
    id: U256,
    data: Bytes,
) -> Result<(), Vec<u8>> {
    if storage.vm().code_size(to) == 0 {
        return Ok(());
    }
    let offer = IERC721Receiver::onERC721ReceivedCall {
        operator: storage.vm().msg_sender(),
        from,
        tokenId: id,
        data,
    };
    let refused = || ERC721InvalidReceiver { receiver: to }.abi_encode();
    let context = Call::new_mutating(storage);
    let answer =
        call(storage.vm(), context, to, &offer.abi_encode()).map_err(|error| match error {
            Error::Revert(reason) if !reason.is_empty() => reason,
            _ => refused(),
        })?;
    match IERC721Receiver::onERC721ReceivedCall::abi_decode_returns(&answer) {
        Ok(selector) if selector == IERC721Receiver::onERC721ReceivedCall::SELECTOR => Ok(()),
        _ => Err(refused()),
    }
}
