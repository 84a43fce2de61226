//! Tasks (protocol section 5).

use alloy_primitives::{Address, B256};
use arbius_protocol::{cid, ids, params::Parameter, splits, tasks::TaskStatus};

use super::{AMOUNT_LIMIT, Consumer, Faults, Ledger, TaskEntry, amount, fault};
use crate::step::{Form, Model, Number, Task};

/// Seconds between announcing to retract a task and retracting it.
const RETRACTION_NOTICE: u64 = 600;

/// Gas that no transaction has to pass on.
const MOST_GAS: u32 = 32_000_000;

/// The bytes of an input.
pub(crate) fn input(number: u8) -> Vec<u8> {
    format!("input {number}").into_bytes()
}

impl Ledger {
    #[allow(
        clippy::too_many_arguments,
        reason = "as many as the function of the engine has"
    )]
    pub(super) fn submit(
        &mut self,
        tag: u32,
        by: Address,
        owner: Address,
        model: Model,
        fee: Number,
        input: u8,
        form: Form,
    ) -> Faults {
        let mut faults = self.submit_faults(by, owner, model, fee, 1, form);
        if let Form::Consumer(consumer, _) = form {
            faults.join(self.account_faults(self.addresses.of(consumer)));
        }
        if faults.none() {
            let id = self.enter(tag, 0, by, owner, model, fee, input);
            if let (Form::Consumer(consumer, gas), Some(task)) = (form, self.tasks.get_mut(&id)) {
                task.consumer = Some(Consumer {
                    address: self.addresses.of(consumer),
                    gas,
                    told: false,
                });
            }
        }
        faults
    }

    pub(super) fn submit_all(
        &mut self,
        tag: u32,
        by: Address,
        owner: Address,
        model: Model,
        fee: Number,
        inputs: &[u8],
    ) -> Faults {
        let count = inputs.len() as u128;
        let mut faults = self.submit_faults(by, owner, model, fee, count, Form::Plain);
        faults.demand(count > 0, fault!(EmptyBatch));
        if faults.none() {
            for (index, input) in (0..).zip(inputs) {
                self.enter(tag, index, by, owner, model, fee, *input);
            }
        }
        faults
    }

    fn submit_faults(
        &self,
        by: Address,
        owner: Address,
        model: Model,
        fee: Number,
        count: u128,
        form: Form,
    ) -> Faults {
        let mut faults = self.pause_faults();
        faults.join(self.account_faults(owner));
        match self.models.get(&self.model_id(model)) {
            None => faults.demand(false, fault!(ModelDoesNotExist)),
            Some(model) => {
                faults.demand(model.disabled.is_none(), fault!(ModelDisabled));
                let enough = fee.narrow().is_none_or(|fee| fee >= model.fee);
                faults.demand(enough, fault!(LowerFeeThanModelFee));
            }
        }
        match amount(fee, &mut faults) {
            None => {
                faults.demand(false, fault!(TransferFailed));
                if form == Form::RefusedPermit {
                    faults.demand(false, fault!(PermitFailed));
                }
            }
            Some(fee) => self.taking_faults(by, fee.saturating_mul(count), form, &mut faults),
        }
        faults
    }

    /// What stands against taking `total` from somebody.
    fn taking_faults(&self, by: Address, total: u128, form: Form, faults: &mut Faults) {
        faults.demand(
            self.assets().saturating_add(total) < AMOUNT_LIMIT,
            fault!(AmountTooLarge),
        );
        let person = self.peek(by);
        let allowed = person.allowance >= alloy_primitives::U256::from(total);
        if form == Form::RefusedPermit {
            faults.demand(allowed, fault!(PermitFailed));
            faults.demand(person.tokens >= total, fault!(TransferFailed));
        } else {
            faults.demand(allowed && person.tokens >= total, fault!(TransferFailed));
        }
    }

    #[allow(clippy::too_many_arguments, reason = "as many as make a task")]
    fn enter(
        &mut self,
        tag: u32,
        index: u16,
        by: Address,
        owner: Address,
        model: Model,
        fee: Number,
        number: u8,
    ) -> B256 {
        let model = self.model_id(model);
        let paid = fee.narrow().unwrap_or_default();
        let digest = cid::digest(&input(number)).unwrap_or_default();
        let id = ids::task_id(by, self.previous, model, fee.wide(), digest);
        let task = TaskEntry {
            owner,
            model,
            fee: paid,
            escrow: paid,
            // Fixed into the task, whatever becomes of the model.
            model_fee: self.models[&model].fee,
            version: 0,
            input: digest,
            time: self.now,
            unpaused: self.unpaused(),
            block: self.block,
            retracted: false,
            announced: None,
            solution: None,
            contestation: None,
            consumer: None,
        };
        self.take_tokens(by, paid);
        self.tasks.insert(id, task);
        self.task_names.insert(Task(tag, index), id);
        self.previous = id;
        id
    }

    /// What stands against a change of an open task by its owner.
    fn own_open_faults(&self, by: Address, id: B256) -> Faults {
        let mut faults = self.pause_faults();
        let Some(task) = self.tasks.get(&id) else {
            return faults.with(fault!(TaskDoesNotExist));
        };
        faults.demand(task.owner == by, fault!(NotTaskOwner));
        faults.demand(
            !task.retracted && task.solution.is_none(),
            fault!(TaskNotOpen),
        );
        faults
    }

    pub(super) fn raise_fee(&mut self, by: Address, task: Task, by_amount: Number) -> Faults {
        let id = self.task_id(task);
        let mut faults = self.own_open_faults(by, id);
        faults.demand(by_amount != Number::Of(0), fault!(AmntTooSmall));
        let raise = amount(by_amount, &mut faults);
        match raise {
            None => faults.demand(false, fault!(TransferFailed)),
            Some(raise) => self.taking_faults(by, raise, Form::Plain, &mut faults),
        }
        if let (true, Some(raise)) = (faults.none(), raise) {
            self.take_tokens(by, raise);
            if let Some(task) = self.tasks.get_mut(&id) {
                task.fee += raise;
                task.escrow += raise;
                if task.announced.take().is_some() {
                    self.seen
                        .insert("a raised fee takes back an announced retraction");
                }
            }
        }
        faults
    }

    pub(super) fn retract(&mut self, by: Address, task: Task) -> Faults {
        let id = self.task_id(task);
        let mut faults = self.own_open_faults(by, id);
        let Some(task) = self.tasks.get(&id) else {
            return faults;
        };
        let (now, unpaused) = (self.now, self.unpaused());
        // Disabling a model is a notice to all who compute for it.
        let notice = |at: u64| unpaused >= at + RETRACTION_NOTICE;
        let free = self.models[&task.model].disabled.is_some_and(notice);
        let wait = self.seconds(Parameter::MinRetractionWaitTime);
        match task.announced {
            _ if free => {}
            None => faults.demand(unpaused >= task.unpaused + wait, fault!(NotEnoughDelay)),
            Some((_, at)) => faults.demand(unpaused >= at + RETRACTION_NOTICE, fault!(WaitLonger)),
        }
        if !faults.none() {
            return faults;
        }
        let percentage = self.parameter(Parameter::RetractionFeePercentage);
        let (owner, fee, announced) = (task.owner, task.escrow, task.announced.is_some());
        let Some(task) = self.tasks.get_mut(&id) else {
            return faults;
        };
        if !free && !announced {
            task.announced = Some((now, unpaused));
            return faults;
        }
        task.retracted = true;
        task.escrow = 0;
        let split = splits::retraction(fee, percentage, free);
        self.accrued += split.treasury;
        self.credit_earnings(owner, split.owner);
        self.seen.insert(if free {
            "a task of a disabled model is retracted"
        } else {
            "a task is retracted in two steps"
        });
        faults
    }

    /// Where a task stands.
    pub(crate) fn status(&self, id: B256) -> TaskStatus {
        let Some(task) = self.tasks.get(&id) else {
            return TaskStatus::None;
        };
        if task.retracted {
            return TaskStatus::Retracted;
        }
        let Some(solution) = &task.solution else {
            return TaskStatus::Open;
        };
        match &task.contestation {
            None if self.unpaused() <= solution.contest_end => TaskStatus::Solved,
            None => TaskStatus::Final,
            Some(contestation) => match contestation.rejected {
                None => TaskStatus::Contested,
                Some(true) => TaskStatus::Rejected,
                Some(false) => TaskStatus::Final,
            },
        }
    }

    /// `notifyConsumer`, which moves nothing and which nothing waits for.
    pub(super) fn notify(&mut self, task: Task) -> Faults {
        let id = self.task_id(task);
        let mut faults = self.pause_faults();
        let status = self.status(id);
        let Some(task) = self.tasks.get_mut(&id) else {
            return faults.with(fault!(TaskDoesNotExist));
        };
        let Some(consumer) = &mut task.consumer else {
            return faults.with(fault!(NoConsumer));
        };
        faults.demand(!consumer.told, fault!(AlreadyNotified));
        let settled = matches!(
            status,
            TaskStatus::Final | TaskStatus::Rejected | TaskStatus::Retracted
        );
        faults.demand(settled, fault!(TaskNotFinal));
        let has_code = self.addresses.consumers.contains(&consumer.address);
        let promised = !has_code || consumer.gas < MOST_GAS;
        faults.demand(promised, fault!(NotEnoughGas));
        if faults.none() {
            // Whoever has no code cannot be told.
            consumer.told = self.addresses.consumers[super::ACCEPTING_CONSUMER] == consumer.address;
            self.seen.insert(if consumer.told {
                "a consumer is told"
            } else {
                "a consumer refuses to be told"
            });
        }
        faults
    }
}
