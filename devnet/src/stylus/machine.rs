//! One call of a program, from its start to its end.

use alloy_primitives::Bytes;
use wasmi::{
    AsContextMut, Store, TrapCode, TypedFunc, TypedResumableCall, TypedResumableCallHostTrap, Val,
};

use super::{
    activate::{ENTRYPOINT, MEMORY},
    frame::{Environment, Fault, Frame, Outcome, Resume, Status, Step},
    hostio::{
        Handles, Hook, Host, Interrupt, PendingCall, PendingCreate, Performed, Stop, Tracing,
        finish_call, finish_create, perform,
    },
    instrument::{INK_LEFT, INK_STATUS, STACK_LEFT},
    params::StylusParams,
    prices::return_data_gas,
    program::Program,
    trace::HostCallLog,
    world::World,
};

/// Why a machine could not go on, through no fault of the program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineError<E> {
    /// The state could not be read.
    #[error("the state could not be read: {0}")]
    World(E),
    /// It was resumed with something other than what it waits for.
    #[error("the program waits for {0}")]
    OutOfTurn(&'static str),
}

/// One call of a program.
///
/// A machine runs until the program ends or needs another frame. It can then be kept
/// for as long as that frame takes, and resumed with its result.
pub struct Machine {
    program: Program,
    state: State,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

enum State {
    Fresh(Box<Host>),
    Suspended(Box<Suspended>),
    Ended,
}

struct Suspended {
    running: Running,
    invocation: TypedResumableCallHostTrap<u32>,
    waiting: Waiting,
}

#[derive(Clone, Copy)]
enum Waiting {
    Call(PendingCall),
    Create(PendingCreate),
}

/// An instance and what must be known at its end.
struct Running {
    store: Store<Host>,
    handles: Handles,
    /// Pages that were open before.
    open_before: u16,
    ink_at_start: u64,
}

/// The function a call starts at: from the length of the calldata to a status.
type Entrypoint = TypedFunc<(u32,), u32>;

/// How a run of the interpreter ended.
type Ran = Result<TypedResumableCall<u32>, wasmi::Error>;

impl Machine {
    /// Prepares a call; nothing is charged or run before [`Machine::run`].
    pub fn start(
        program: &Program,
        frame: Frame,
        environment: &Environment,
        params: &StylusParams,
    ) -> Self {
        Self {
            program: program.clone(),
            state: State::Fresh(Box::new(Host::new(frame, *environment, *params))),
        }
    }

    /// Notes the program's host calls in `log`. To be asked for before the first run.
    #[must_use]
    pub fn traced(mut self, log: HostCallLog) -> Self {
        if let State::Fresh(host) = &mut self.state {
            host.tracing = Some(Tracing::new(log));
        }
        self
    }

    /// Runs the program until it ends or needs another frame.
    ///
    /// The first run, with [`Resume::Start`], charges the program's memory and start, and
    /// opens its pages; the end closes them.
    ///
    /// # Errors
    ///
    /// [`MachineError::World`] if the state could not be read; the machine has ended then.
    /// [`MachineError::OutOfTurn`] if `resume` is not what the machine waits for; it goes
    /// on waiting.
    pub fn run<W: World>(
        &mut self,
        world: &mut W,
        resume: Resume,
    ) -> Result<Step, MachineError<W::Error>> {
        match (std::mem::replace(&mut self.state, State::Ended), resume) {
            (State::Fresh(host), Resume::Start) => self.begin(world, *host),
            (
                State::Suspended(suspended),
                Resume::Called {
                    success,
                    output,
                    gas_left,
                    refund,
                },
            ) if let Waiting::Call(pending) = suspended.waiting => {
                let refund = if success { refund } else { 0 };
                self.resume(world, *suspended, refund, |hook| {
                    finish_call(hook, pending, success, output, gas_left).map(Some)
                })
            }
            (
                State::Suspended(suspended),
                Resume::Created {
                    address,
                    output,
                    gas_left,
                    refund,
                },
            ) if let Waiting::Create(pending) = suspended.waiting => {
                let refund = if address.is_some() { refund } else { 0 };
                self.resume(world, *suspended, refund, |hook| {
                    finish_create(hook, pending, address, output, gas_left).map(|()| None)
                })
            }
            (state, _) => {
                let expected = match &state {
                    State::Fresh(_) => "its start",
                    State::Suspended(suspended) => match suspended.waiting {
                        Waiting::Call(_) => "the result of its call",
                        Waiting::Create(_) => "the result of its creation",
                    },
                    State::Ended => "nothing: it has ended",
                };
                self.state = state;
                Err(MachineError::OutOfTurn(expected))
            }
        }
    }

    /// Pays for memory and start, and enters the program.
    ///
    /// Source: `CallProgram` in Nitro's `arbos/programs/programs.go`.
    fn begin<W: World>(
        &mut self,
        world: &mut W,
        host: Host,
    ) -> Result<Step, MachineError<W::Error>> {
        let costs = *self.program.costs();
        let params = host.params;
        let args_len = u32::try_from(host.frame.calldata.len()).unwrap_or(u32::MAX);

        let pages = world.pages();
        let memory = params.pages_gas(costs.footprint, *pages);
        let start = memory.saturating_add(costs.start_gas(&params, host.frame.cached));
        let Some(gas) = host.frame.gas.checked_sub(start) else {
            return Ok(Step::Done(Outcome {
                status: Status::OutOfInk,
                output: Bytes::new(),
                gas_left: 0,
                refund: 0,
                ink_left: 0,
            }));
        };
        let open_before = pages.add(costs.footprint).open;

        let ink = params.gas_to_ink(gas);
        match self.instantiate(host, ink) {
            Ok((mut store, handles, main)) => {
                if let Some(tracing) = &store.data().tracing {
                    let args = args_len.to_be_bytes();
                    tracing.log.add(ENTRYPOINT, &[&args], &[], ink, ink);
                }
                let ran = main.call_resumable(&mut store, (args_len,));
                let running = Running {
                    store,
                    handles,
                    open_before,
                    ink_at_start: ink,
                };
                self.advance(world, running, ran)
            }
            Err(error) => {
                world.pages().open = open_before;
                Ok(Step::Done(Outcome {
                    status: Status::Failure(Fault::Instantiation(error.to_string())),
                    output: Bytes::new(),
                    gas_left: gas,
                    refund: 0,
                    ink_left: ink,
                }))
            }
        }
    }

    /// A fresh instance with full meters, and its entrypoint.
    fn instantiate(
        &self,
        host: Host,
        ink: u64,
    ) -> Result<(Store<Host>, Handles, Entrypoint), wasmi::Error> {
        let stack = host.params.max_stack_depth;
        let (mut store, instance) = self.program.instantiate(host)?;
        let missing = |what: &str| wasmi::Error::new(format!("the export {what} is missing"));
        let global = |name: &str| {
            instance
                .get_global(&store, name)
                .ok_or_else(|| missing(name))
        };
        let handles = Handles {
            memory: instance
                .get_memory(&store, MEMORY)
                .ok_or_else(|| missing(MEMORY))?,
            ink_left: global(INK_LEFT)?,
            ink_status: global(INK_STATUS)?,
            stack_left: global(STACK_LEFT)?,
        };
        let main = instance.get_typed_func(&store, ENTRYPOINT)?;
        handles
            .ink_left
            .set(&mut store, Val::I64(ink.cast_signed()))?;
        handles
            .stack_left
            .set(&mut store, Val::I32(stack.cast_signed()))?;
        store.data_mut().handles = Some(handles);
        Ok((store, handles, main))
    }

    /// Finishes the host function that waited for a frame, and goes on.
    fn resume<W: World>(
        &mut self,
        world: &mut W,
        suspended: Suspended,
        refund: i64,
        finish: impl FnOnce(&mut Hook<'_>) -> Result<Option<Val>, Interrupt>,
    ) -> Result<Step, MachineError<W::Error>> {
        let Suspended {
            mut running,
            invocation,
            ..
        } = suspended;
        running.store.data_mut().refund += refund;
        match Hook::run(running.store.as_context_mut(), finish) {
            Ok(value) => {
                let ran = invocation.resume(&mut running.store, value.as_slice());
                self.advance(world, running, ran)
            }
            Err(interrupt) => Ok(running.interrupted(world, interrupt)),
        }
    }

    /// Serves host functions until the program ends or needs another frame.
    fn advance<W: World>(
        &mut self,
        world: &mut W,
        mut running: Running,
        mut ran: Ran,
    ) -> Result<Step, MachineError<W::Error>> {
        loop {
            let invocation = match ran {
                Ok(TypedResumableCall::HostTrap(invocation)) => invocation,
                Ok(TypedResumableCall::Finished(status)) => {
                    return Ok(running.returned(world, status));
                }
                Ok(TypedResumableCall::OutOfFuel(_)) => {
                    let status = Status::Failure(Fault::Trap("out of fuel".into()));
                    return Ok(running.end(world, status));
                }
                Err(error) => {
                    let status = running.trapped(&error);
                    return Ok(running.end(world, status));
                }
            };
            let call = match invocation.host_error().downcast_ref::<Interrupt>() {
                Some(Interrupt::Suspend) => running.store.data_mut().pending.take(),
                Some(interrupt) => {
                    let interrupt = interrupt.clone();
                    return Ok(running.interrupted(world, interrupt));
                }
                None => None,
            };
            let Some(call) = call else {
                let status = running.trapped(invocation.host_error());
                return Ok(running.end(world, status));
            };
            let performed = Hook::run(running.store.as_context_mut(), |hook| {
                perform(hook, world, call)
            });
            let (step, waiting) = match performed {
                Ok(Performed::Return(value)) => {
                    ran = invocation.resume(&mut running.store, value.as_slice());
                    continue;
                }
                Ok(Performed::Call(request, pending)) => {
                    (Step::Call(request), Waiting::Call(pending))
                }
                Ok(Performed::Create(request, pending)) => {
                    (Step::Create(request), Waiting::Create(pending))
                }
                Err(Stop::Program(interrupt)) => {
                    return Ok(running.interrupted(world, interrupt));
                }
                Err(Stop::World(error)) => {
                    world.pages().open = running.open_before;
                    return Err(MachineError::World(error));
                }
            };
            self.state = State::Suspended(Box::new(Suspended {
                running,
                invocation,
                waiting,
            }));
            return Ok(step);
        }
    }
}

impl Running {
    fn ink_left(&self) -> u64 {
        match self.handles.ink_left.get(&self.store) {
            Val::I64(ink) => ink.cast_unsigned(),
            _ => 0,
        }
    }

    fn is_zero(&self, global: wasmi::Global) -> bool {
        matches!(global.get(&self.store), Val::I32(0))
    }

    /// What a trap means: the meters leave their mark before they trap.
    ///
    /// Source: `run_main` in Nitro's `crates/stylus/src/run.rs`.
    fn trapped(&self, error: &wasmi::Error) -> Status {
        if self.is_zero(self.handles.stack_left)
            || error.as_trap_code() == Some(TrapCode::StackOverflow)
        {
            Status::OutOfStack
        } else if !self.is_zero(self.handles.ink_status) {
            Status::OutOfInk
        } else {
            Status::Failure(Fault::Trap(error.to_string()))
        }
    }

    /// The program returned, or asked to end, with `status`.
    fn returned<W: World>(self, world: &mut W, status: u32) -> Step {
        if let Some(tracing) = &self.store.data().tracing {
            // Nitro shows the ink of the start here too.
            let ink = self.ink_at_start;
            let outs = status.to_be_bytes();
            tracing.log.add("user_returned", &[], &[&outs], ink, ink);
        }
        let status = match status {
            0 => Status::Success,
            _ => Status::Revert,
        };
        self.end(world, status)
    }

    /// A host function did not return to the program.
    fn interrupted<W: World>(self, world: &mut W, interrupt: Interrupt) -> Step {
        let status = match interrupt {
            Interrupt::Exit(status) => return self.returned(world, status),
            Interrupt::OutOfInk => Status::OutOfInk,
            Interrupt::Fault(fault) => Status::Failure(fault),
            Interrupt::Suspend => Status::Failure(Fault::Trap("suspended without a reason".into())),
        };
        self.end(world, status)
    }

    /// Closes the program's pages and settles its gas.
    ///
    /// Source: `CallProgram` in Nitro's `arbos/programs/programs.go`.
    fn end<W: World>(self, world: &mut W, status: Status) -> Step {
        world.pages().open = self.open_before;
        let ink_left = match status {
            Status::Success | Status::Revert | Status::Failure(_) => self.ink_left(),
            Status::OutOfInk | Status::OutOfStack => 0,
        };
        let host = self.store.into_data();
        let mut outcome = Outcome {
            status,
            output: Bytes::new(),
            gas_left: host.params.ink_to_gas(ink_left),
            refund: host.refund,
            ink_left,
        };
        if matches!(outcome.status, Status::Success | Status::Revert) && !host.output.is_empty() {
            // Return data costs at least what it costs in the EVM.
            match host
                .frame
                .gas
                .checked_sub(return_data_gas(host.output.len()))
            {
                Some(most) => {
                    outcome.gas_left = outcome.gas_left.min(most);
                    outcome.output = host.output;
                }
                None => {
                    outcome.status = Status::OutOfInk;
                    outcome.gas_left = 0;
                }
            }
        }
        Step::Done(outcome)
    }
}
