//! Stories, and what happens to them.

extern crate alloc;

use alloc::{string::String, vec::Vec};
use alloy_primitives::{Address, B256, U8, U32, U128, U256};
use alloy_sol_types::SolError;
use arbius_example_calls::{
    call::execute,
    engine::{approve_engine, require_engine, require_model},
    input::of_prompt,
    token::{pay, take},
};
use arbius_example_interfaces::composition::IComposition::{
    BudgetTooSmall, Ending, NoChapters, NoSuchStory, NotTheAuthor, NothingToWithdraw, Part,
    PartAsked, PartTold, StoryBegun, StoryEnded, StoryIsOver, UnknownTask, Withdrawn,
};
use arbius_protocol::{cid, interfaces::engine::IEngine, tasks::TaskStatus};
use stylus_sdk::{abi::Bytes, prelude::*};

use crate::input;

/// The gas that the engine leaves for an outcome. Miners tell consumers by themselves where that
/// and the engine's own part stay below their limit, 500,000 by default.
const OUTCOME_GAS: u32 = 340_000;

sol_storage! {
    /// Everybody's stories.
    #[entrypoint]
    pub struct Composition {
        /// The engine.
        address engine;
        /// The engine's token, AIUS.
        address token;
        /// What writes.
        bytes32 text_model;
        /// What draws.
        bytes32 picture_model;
        /// The digest of the answer that ends a story; zero where none does.
        bytes32 last_words;
        /// How many stories were begun.
        uint256 count;
        /// The stories by their numbers, from 1.
        mapping(uint256 => Story) stories;
        /// Which story waits for a task.
        mapping(bytes32 => uint256) awaited;
        /// What accounts may withdraw, wei of AIUS.
        mapping(address => uint256) credits;
    }

    /// One story. Its first three slots hold what every step reads.
    pub struct Story {
        /// Who began it, and owns its tasks.
        address author;
        /// The chapter that is being made, from 0.
        uint32 chapter;
        /// The most chapters.
        uint32 chapters;
        /// Which part of the chapter is awaited.
        uint8 part;
        /// Whether and why it has ended.
        uint8 ending;
        /// What is left of the budget, wei of AIUS.
        uint128 left;
        /// What a text costs.
        uint128 text_fee;
        /// What a picture costs.
        uint128 picture_fee;
        /// The task that is awaited.
        bytes32 task;
        /// The digest of the last text's answer.
        bytes32 text;
        /// What is put before each text to draw.
        string style;
    }
}

#[public]
impl Composition {
    /// Binds the contract to an engine and two of its models, and lets that engine take fees
    /// from it.
    ///
    /// # Errors
    ///
    /// [`NotAnEngine`](arbius_example_calls::engine::NotAnEngine),
    /// [`ModelDoesNotExist`](arbius_example_calls::engine::ModelDoesNotExist).
    #[constructor]
    pub fn constructor(
        &mut self,
        engine: Address,
        text_model: B256,
        picture_model: B256,
        last_words: B256,
    ) -> Result<(), Vec<u8>> {
        let token = approve_engine(self, engine)?;
        for model in [text_model, picture_model] {
            require_model(self, engine, model)?;
        }
        self.engine.set(engine);
        self.token.set(token);
        self.text_model.set(text_model);
        self.picture_model.set(picture_model);
        self.last_words.set(last_words);
        Ok(())
    }

    /// Begins a story and submits its first task. See the interface for the arguments.
    ///
    /// # Errors
    ///
    /// [`NoChapters`], `TextTooLong`, `NotText`, [`BudgetTooSmall`], and those of the token
    /// and the engine as they are.
    pub fn begin(
        &mut self,
        topic: String,
        style: String,
        chapters: u32,
        budget: u128,
        text_fee: u128,
        picture_fee: u128,
    ) -> Result<U256, Vec<u8>> {
        if chapters == 0 {
            return Err(NoChapters {}.abi_encode());
        }
        input::check(&topic)?;
        input::check(&style)?;
        let least = U256::from(text_fee) + U256::from(picture_fee);
        if U256::from(budget) < least {
            let budget = U256::from(budget);
            return Err(BudgetTooSmall { budget, least }.abi_encode());
        }
        let author = self.vm().msg_sender();
        take(self, self.token.get(), author, U256::from(budget))?;
        let id = self.count.get() + U256::ONE;
        self.count.set(id);
        let mut story = self.stories.setter(id);
        story.author.set(author);
        story.chapters.set(U32::from(chapters));
        story.left.set(U128::from(budget));
        story.text_fee.set(U128::from(text_fee));
        story.picture_fee.set(U128::from(picture_fee));
        story.style.set_str(&style);
        self.vm().log(StoryBegun {
            story: id,
            author,
            budget: U256::from(budget),
            chapters,
        });
        self.submit(id, Part::Text, of_prompt(&topic))?;
        Ok(id)
    }

    /// Goes on with a story, told by the engine what became of its task.
    ///
    /// # Errors
    ///
    /// [`NotEngine`](arbius_example_calls::engine::NotEngine), [`UnknownTask`], and those of the engine's `submitTaskWithConsumer` as
    /// they are: all is undone then, so that the outcome can be told again.
    pub fn on_task_outcome(&mut self, task: B256, outcome: u8, cid: Bytes) -> Result<(), Vec<u8>> {
        require_engine(self, self.engine.get())?;
        let id = self.awaited.replace(task, U256::ZERO);
        if id.is_zero() {
            return Err(UnknownTask { task }.abi_encode());
        }
        // ANCHOR: outcome
        let is_final = outcome == u8::from(TaskStatus::Final);
        let answer = cid::decode(&cid).ok().filter(|_| is_final);
        let mut story = self.stories.setter(id);
        let (chapter, is_over) = (story.chapter.get(), !story.ending.get().is_zero());
        let part = match story.part.get() == U8::from(Part::Text as u8) {
            true => Part::Text,
            false => Part::Picture,
        };
        if let (Part::Text, Some(text), false) = (part, answer, is_over) {
            story.text.set(text);
        }
        self.vm().log(PartTold {
            story: id,
            task,
            chapter: chapter.to(),
            part,
            digest: answer.unwrap_or_default(),
        });
        match (part, answer) {
            _ if is_over => Ok(()),
            (Part::Text, None) => self.end(id, Ending::TextFailed),
            (Part::Text, Some(text)) if self.concludes(text) => self.end(id, Ending::Concluded),
            (Part::Text, Some(text)) => {
                let style = self.stories.getter(id).style.get_string();
                self.submit(id, Part::Picture, input::of_picture(&style, text))
            }
            _ => self.next_chapter(id),
        }
        // ANCHOR_END: outcome
    }

    /// Ends the caller's story.
    ///
    /// # Errors
    ///
    /// [`NoSuchStory`], [`NotTheAuthor`], [`StoryIsOver`].
    pub fn stop(&mut self, story: U256) -> Result<(), Vec<u8>> {
        let (caller, told) = (self.vm().msg_sender(), self.stories.getter(story));
        let author = told.author.get();
        if author.is_zero() {
            return Err(NoSuchStory { story }.abi_encode());
        }
        if author != caller {
            return Err(NotTheAuthor { caller }.abi_encode());
        }
        if !told.ending.get().is_zero() {
            return Err(StoryIsOver { story }.abi_encode());
        }
        self.end(story, Ending::Stopped)
    }

    /// Pays an account what ended stories left it.
    ///
    /// # Errors
    ///
    /// [`NothingToWithdraw`], and those of the token's `transfer` as they are.
    pub fn withdraw(&mut self, account: Address) -> Result<(), Vec<u8>> {
        let amount = self.credits.replace(account, U256::ZERO);
        if amount.is_zero() {
            return Err(NothingToWithdraw { account }.abi_encode());
        }
        pay(self, self.token.get(), account, amount)?;
        self.vm().log(Withdrawn { account, amount });
        Ok(())
    }

    /// How a story stands; see the interface for the order.
    ///
    /// # Errors
    ///
    /// [`NoSuchStory`].
    #[allow(clippy::type_complexity)]
    pub fn story(
        &self,
        story: U256,
    ) -> Result<(Address, u32, u32, u8, u8, u128, B256, B256), Vec<u8>> {
        let told = self.stories.getter(story);
        let author = told.author.get();
        if author.is_zero() {
            return Err(NoSuchStory { story }.abi_encode());
        }
        Ok((
            author,
            told.chapter.get().to(),
            told.chapters.get().to(),
            told.part.get().to(),
            told.ending.get().to(),
            told.left.get().to(),
            told.task.get(),
            told.text.get(),
        ))
    }

    /// How many stories were begun.
    pub fn stories(&self) -> U256 {
        self.count.get()
    }

    /// What an account may withdraw, wei of AIUS.
    pub fn owed(&self, account: Address) -> U256 {
        self.credits.get(account)
    }

    /// The gas that the engine is asked to leave for each outcome.
    pub fn outcome_gas(&self) -> u32 {
        OUTCOME_GAS
    }

    /// The engine to which it submits.
    pub fn engine(&self) -> Address {
        self.engine.get()
    }

    /// The token that budgets are paid in, AIUS.
    pub fn token(&self) -> Address {
        self.token.get()
    }

    /// The model that writes.
    pub fn text_model(&self) -> B256 {
        self.text_model.get()
    }

    /// The model that draws.
    pub fn picture_model(&self) -> B256 {
        self.picture_model.get()
    }

    /// The digest of the answer that ends a story; zero where none does.
    pub fn last_words(&self) -> B256 {
        self.last_words.get()
    }
}

impl Composition {
    /// Whether an answer ends a story. Where none does, the last words are zero, which is not
    /// to be mistaken for an answer whose digest is.
    fn concludes(&self, text: B256) -> bool {
        let last_words = self.last_words.get();
        !last_words.is_zero() && text == last_words
    }

    /// Goes on from the last text, if a chapter is left.
    fn next_chapter(&mut self, id: U256) -> Result<(), Vec<u8>> {
        let mut story = self.stories.setter(id);
        let next = story.chapter.get() + U32::ONE;
        if next == story.chapters.get() {
            return self.end(id, Ending::Complete);
        }
        story.chapter.set(next);
        let text = story.text.get();
        self.submit(id, Part::Text, input::of_text(text))
    }

    /// Submits a task for a part of the story's chapter, or ends the story if its budget does
    /// not pay for that.
    fn submit(&mut self, id: U256, part: Part, input: Vec<u8>) -> Result<(), Vec<u8>> {
        // ANCHOR: submit
        let mut story = self.stories.setter(id);
        let (model, fee) = match part {
            Part::Picture => (self.picture_model.get(), story.picture_fee.get()),
            _ => (self.text_model.get(), story.text_fee.get()),
        };
        let Some(left) = story.left.get().checked_sub(fee) else {
            return self.end(id, Ending::BudgetSpent);
        };
        story.left.set(left);
        story.part.set(U8::from(part as u8));
        let (owner, chapter) = (story.author.get(), story.chapter.get().to());
        let submit = IEngine::submitTaskWithConsumerCall {
            version: 0,
            owner,
            model,
            fee: U256::from(fee),
            input: input.into(),
            consumer: self.vm().contract_address(),
            gasLimit: OUTCOME_GAS,
        };
        let engine = self.engine.get();
        let task = execute(self, engine, &submit)?;
        self.stories.setter(id).task.set(task);
        self.awaited.setter(task).set(id);
        // ANCHOR_END: submit
        self.vm().log(PartAsked {
            story: id,
            task,
            chapter,
            part,
        });
        Ok(())
    }

    /// Ends a story and leaves the rest of its budget to its author.
    fn end(&mut self, id: U256, ending: Ending) -> Result<(), Vec<u8>> {
        let mut story = self.stories.setter(id);
        story.ending.set(U8::from(ending as u8));
        let (author, left) = (story.author.get(), U256::from(story.left.get()));
        story.left.set(U128::ZERO);
        // All credits together are AIUS that this contract holds, so they fit.
        let credit = self.credits.get(author) + left;
        self.credits.setter(author).set(credit);
        self.vm().log(StoryEnded {
            story: id,
            ending,
            left,
        });
        Ok(())
    }
}
