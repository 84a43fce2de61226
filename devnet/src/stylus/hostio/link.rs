//! The names and types of the host functions, and their tie to the interpreter.

use wasmi::{AsContextMut, Caller, Engine, Error, Linker, errors::LinkerError};
use wasmparser::ValType::{self, I32, I64};

use super::{CallArgs, CreateArgs, Hook, Host, Interrupt, Number, WorldCall};
use crate::stylus::frame::CallKind;

/// Name, parameters and result.
type Signature = (&'static str, &'static [ValType], Option<ValType>);

const HOOKS: &str = "vm_hooks";
/// `crates/wasm-libraries/forward/lib.rs`, `HOSTIOS`.
const HOOK_FUNCTIONS: [Signature; 42] = [
    ("read_args", &[I32], None),
    ("write_result", &[I32, I32], None),
    ("exit_early", &[I32], None),
    ("storage_load_bytes32", &[I32, I32], None),
    ("storage_cache_bytes32", &[I32, I32], None),
    ("storage_flush_cache", &[I32], None),
    ("transient_load_bytes32", &[I32, I32], None),
    ("transient_store_bytes32", &[I32, I32], None),
    ("call_contract", &[I32, I32, I32, I32, I64, I32], Some(I32)),
    (
        "delegate_call_contract",
        &[I32, I32, I32, I64, I32],
        Some(I32),
    ),
    (
        "static_call_contract",
        &[I32, I32, I32, I64, I32],
        Some(I32),
    ),
    ("create1", &[I32, I32, I32, I32, I32], None),
    ("create2", &[I32, I32, I32, I32, I32, I32], None),
    ("read_return_data", &[I32, I32, I32], Some(I32)),
    ("return_data_size", &[], Some(I32)),
    ("emit_log", &[I32, I32, I32], None),
    ("account_balance", &[I32, I32], None),
    ("account_code", &[I32, I32, I32, I32], Some(I32)),
    ("account_code_size", &[I32], Some(I32)),
    ("account_codehash", &[I32, I32], None),
    ("evm_gas_left", &[], Some(I64)),
    ("evm_ink_left", &[], Some(I64)),
    ("block_basefee", &[I32], None),
    ("chainid", &[], Some(I64)),
    ("block_coinbase", &[I32], None),
    ("block_gas_limit", &[], Some(I64)),
    ("block_number", &[], Some(I64)),
    ("block_timestamp", &[], Some(I64)),
    ("contract_address", &[I32], None),
    ("math_div", &[I32, I32], None),
    ("math_mod", &[I32, I32], None),
    ("math_pow", &[I32, I32], None),
    ("math_add_mod", &[I32, I32, I32], None),
    ("math_mul_mod", &[I32, I32, I32], None),
    ("msg_reentrant", &[], Some(I32)),
    ("msg_sender", &[I32], None),
    ("msg_value", &[I32], None),
    ("native_keccak256", &[I32, I32, I32], None),
    ("tx_gas_price", &[I32], None),
    ("tx_ink_price", &[], Some(I32)),
    ("tx_origin", &[I32], None),
    ("pay_for_memory_grow", &[I32], None),
];

const CONSOLE: &str = "console";
/// `crates/prover/src/host.rs`, without the functions for floating-point numbers.
const CONSOLE_FUNCTIONS: [Signature; 5] = [
    ("log_txt", &[I32, I32], None),
    ("log_i32", &[I32], None),
    ("log_i64", &[I64], None),
    ("tee_i32", &[I32], Some(I32)),
    ("tee_i64", &[I64], Some(I64)),
];

/// The type of a host function, or none if there is no such function. Those of the
/// console exist with `debug` only.
pub(in crate::stylus) fn host_signature(
    module: &str,
    name: &str,
    debug: bool,
) -> Option<(&'static [ValType], Option<ValType>)> {
    let functions: &[Signature] = match module {
        HOOKS => &HOOK_FUNCTIONS,
        CONSOLE if debug => &CONSOLE_FUNCTIONS,
        _ => return None,
    };
    functions
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, params, result)| (*params, *result))
}

/// Runs a host function inside the interpreter.
fn inline<R>(
    mut caller: Caller<'_, Host>,
    function: impl FnOnce(&mut Hook<'_>) -> Result<R, Interrupt>,
) -> Result<R, Error> {
    Hook::run(caller.as_context_mut(), function).map_err(Error::host)
}

/// Suspends the program until the chain has done what it asks for.
fn suspend<R>(mut caller: Caller<'_, Host>, call: WorldCall) -> Result<R, Error> {
    caller.data_mut().pending = Some(call);
    Err(Error::host(Interrupt::Suspend))
}

/// All host functions for programs of `engine`.
pub(in crate::stylus) fn linker(engine: &Engine) -> Result<Linker<Host>, LinkerError> {
    let mut linker = Linker::new(engine);
    link_call(&mut linker)?;
    link_storage(&mut linker)?;
    link_frames(&mut linker)?;
    link_accounts(&mut linker)?;
    link_environment(&mut linker)?;
    link_math(&mut linker)?;
    link_console(&mut linker)?;
    Ok(linker)
}

type C<'a> = Caller<'a, Host>;

fn link_call(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(HOOKS, "read_args", |c: C<'_>, at: u32| {
            inline(c, |h| h.read_args(at))
        })?
        .func_wrap(HOOKS, "write_result", |c: C<'_>, at: u32, len: u32| {
            inline(c, |h| h.write_result(at, len))
        })?
        .func_wrap(HOOKS, "exit_early", |c: C<'_>, status: u32| {
            inline(c, |h| h.exit_early(status))
        })?
        .func_wrap(HOOKS, "pay_for_memory_grow", |c: C<'_>, pages: u32| {
            inline(c, |h| h.pay_for_memory_grow(pages))
        })?
        .func_wrap(
            HOOKS,
            "emit_log",
            |c: C<'_>, data_at: u32, len: u32, topics: u32| {
                suspend::<()>(
                    c,
                    WorldCall::EmitLog {
                        data_at,
                        len,
                        topics,
                    },
                )
            },
        )?;
    Ok(())
}

fn link_storage(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(
            HOOKS,
            "storage_load_bytes32",
            |c: C<'_>, key_at: u32, dest_at: u32| inline(c, |h| h.storage_load(key_at, dest_at)),
        )?
        .func_wrap(
            HOOKS,
            "storage_cache_bytes32",
            |c: C<'_>, key_at: u32, value_at: u32| inline(c, |h| h.storage_cache(key_at, value_at)),
        )?
        .func_wrap(HOOKS, "storage_flush_cache", |c: C<'_>, clear: u32| {
            suspend::<()>(c, WorldCall::StorageFlush { clear: clear != 0 })
        })?
        .func_wrap(
            HOOKS,
            "transient_load_bytes32",
            |c: C<'_>, key_at: u32, dest_at: u32| {
                suspend::<()>(c, WorldCall::TransientLoad { key_at, dest_at })
            },
        )?
        .func_wrap(
            HOOKS,
            "transient_store_bytes32",
            |c: C<'_>, key_at: u32, value_at: u32| {
                suspend::<()>(c, WorldCall::TransientStore { key_at, value_at })
            },
        )?;
    Ok(())
}

fn link_frames(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(
            HOOKS,
            "call_contract",
            |c: C<'_>,
             contract_at: u32,
             data_at: u32,
             data_len: u32,
             value_at: u32,
             gas: u64,
             return_len_at: u32| {
                let kind = CallKind::Call;
                let value_at = Some(value_at);
                suspend::<u32>(
                    c,
                    WorldCall::Call(CallArgs {
                        kind,
                        contract_at,
                        data_at,
                        data_len,
                        value_at,
                        gas,
                        return_len_at,
                    }),
                )
            },
        )?
        .func_wrap(
            HOOKS,
            "delegate_call_contract",
            valueless_call(CallKind::Delegate),
        )?
        .func_wrap(
            HOOKS,
            "static_call_contract",
            valueless_call(CallKind::Static),
        )?
        .func_wrap(
            HOOKS,
            "create1",
            |c: C<'_>,
             code_at: u32,
             code_len: u32,
             endowment_at: u32,
             contract_at: u32,
             revert_len_at: u32| {
                suspend::<()>(
                    c,
                    WorldCall::Create(CreateArgs {
                        code_at,
                        code_len,
                        endowment_at,
                        salt_at: None,
                        contract_at,
                        revert_len_at,
                    }),
                )
            },
        )?
        .func_wrap(
            HOOKS,
            "create2",
            |c: C<'_>,
             code_at: u32,
             code_len: u32,
             endowment_at: u32,
             salt_at: u32,
             contract_at: u32,
             revert_len_at: u32| {
                suspend::<()>(
                    c,
                    WorldCall::Create(CreateArgs {
                        code_at,
                        code_len,
                        endowment_at,
                        salt_at: Some(salt_at),
                        contract_at,
                        revert_len_at,
                    }),
                )
            },
        )?
        .func_wrap(
            HOOKS,
            "read_return_data",
            |c: C<'_>, dest_at: u32, offset: u32, size: u32| {
                inline(c, |h| h.read_return_data(dest_at, offset, size))
            },
        )?
        .func_wrap(HOOKS, "return_data_size", |c: C<'_>| {
            inline(c, |h| h.return_data_size())
        })?;
    Ok(())
}

/// The calls that take no value.
fn valueless_call(
    kind: CallKind,
) -> impl Fn(C<'_>, u32, u32, u32, u64, u32) -> Result<u32, Error> + Send + Sync + 'static {
    move |c, contract_at, data_at, data_len, gas, return_len_at| {
        suspend(
            c,
            WorldCall::Call(CallArgs {
                kind,
                contract_at,
                data_at,
                data_len,
                value_at: None,
                gas,
                return_len_at,
            }),
        )
    }
}

fn link_accounts(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(
            HOOKS,
            "account_balance",
            |c: C<'_>, account_at: u32, dest_at: u32| {
                suspend::<()>(
                    c,
                    WorldCall::Balance {
                        account_at,
                        dest_at,
                    },
                )
            },
        )?
        .func_wrap(
            HOOKS,
            "account_code",
            |c: C<'_>, account_at: u32, offset: u32, size: u32, dest_at: u32| {
                suspend::<u32>(
                    c,
                    WorldCall::Code {
                        account_at,
                        offset,
                        size,
                        dest_at,
                    },
                )
            },
        )?
        .func_wrap(HOOKS, "account_code_size", |c: C<'_>, account_at: u32| {
            suspend::<u32>(c, WorldCall::CodeSize { account_at })
        })?
        .func_wrap(
            HOOKS,
            "account_codehash",
            |c: C<'_>, account_at: u32, dest_at: u32| {
                suspend::<()>(
                    c,
                    WorldCall::CodeHash {
                        account_at,
                        dest_at,
                    },
                )
            },
        )?;
    Ok(())
}

fn link_environment(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(HOOKS, "evm_gas_left", |c: C<'_>| {
            inline(c, |h| h.evm_gas_left())
        })?
        .func_wrap(HOOKS, "evm_ink_left", |c: C<'_>| {
            inline(c, |h| h.evm_ink_left())
        })?
        .func_wrap(HOOKS, "block_basefee", |c: C<'_>, at: u32| {
            inline(c, |h| {
                h.wide("block_basefee", at, |host| host.environment.base_fee)
            })
        })?
        .func_wrap(HOOKS, "chainid", |c: C<'_>| {
            inline(c, |h| h.environment("chainid", |env| env.chain_id))
        })?
        .func_wrap(HOOKS, "block_coinbase", |c: C<'_>, at: u32| {
            inline(c, |h| {
                h.bytes("block_coinbase", at, |host| {
                    host.environment.coinbase.as_slice()
                })
            })
        })?
        .func_wrap(HOOKS, "block_gas_limit", |c: C<'_>| {
            inline(c, |h| {
                h.environment("block_gas_limit", |env| env.block_gas_limit)
            })
        })?
        .func_wrap(HOOKS, "block_number", |c: C<'_>| {
            inline(c, |h| {
                h.environment("block_number", |env| env.l1_block_number)
            })
        })?
        .func_wrap(HOOKS, "block_timestamp", |c: C<'_>| {
            inline(c, |h| h.environment("block_timestamp", |env| env.timestamp))
        })?
        .func_wrap(HOOKS, "contract_address", |c: C<'_>, at: u32| {
            inline(c, |h| {
                h.bytes("contract_address", at, |host| {
                    host.frame.contract.as_slice()
                })
            })
        })?
        .func_wrap(HOOKS, "msg_reentrant", |c: C<'_>| {
            inline(c, |h| {
                h.number("msg_reentrant", |host| u32::from(host.frame.reentrant))
            })
        })?
        .func_wrap(HOOKS, "msg_sender", |c: C<'_>, at: u32| {
            inline(c, |h| {
                h.bytes("msg_sender", at, |host| host.frame.caller.as_slice())
            })
        })?
        .func_wrap(HOOKS, "msg_value", |c: C<'_>, at: u32| {
            inline(c, |h| h.wide("msg_value", at, |host| host.frame.value))
        })?
        .func_wrap(HOOKS, "tx_gas_price", |c: C<'_>, at: u32| {
            inline(c, |h| {
                h.wide("tx_gas_price", at, |host| host.environment.gas_price)
            })
        })?
        .func_wrap(HOOKS, "tx_ink_price", |c: C<'_>| {
            inline(c, |h| {
                h.number("tx_ink_price", |host| host.params.ink_price)
            })
        })?
        .func_wrap(HOOKS, "tx_origin", |c: C<'_>, at: u32| {
            inline(c, |h| {
                h.bytes("tx_origin", at, |host| host.environment.origin.as_slice())
            })
        })?;
    Ok(())
}

fn link_math(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(HOOKS, "math_div", |c: C<'_>, value: u32, divisor: u32| {
            inline(c, |h| h.math_div(value, divisor))
        })?
        .func_wrap(HOOKS, "math_mod", |c: C<'_>, value: u32, modulus: u32| {
            inline(c, |h| h.math_mod(value, modulus))
        })?
        .func_wrap(HOOKS, "math_pow", |c: C<'_>, value: u32, exponent: u32| {
            inline(c, |h| h.math_pow(value, exponent))
        })?
        .func_wrap(
            HOOKS,
            "math_add_mod",
            |c: C<'_>, value: u32, addend: u32, modulus: u32| {
                inline(c, |h| h.math_add_mod(value, addend, modulus))
            },
        )?
        .func_wrap(
            HOOKS,
            "math_mul_mod",
            |c: C<'_>, value: u32, factor: u32, modulus: u32| {
                inline(c, |h| h.math_mul_mod(value, factor, modulus))
            },
        )?
        .func_wrap(
            HOOKS,
            "native_keccak256",
            |c: C<'_>, input: u32, len: u32, output: u32| {
                inline(c, |h| h.native_keccak256(input, len, output))
            },
        )?;
    Ok(())
}

/// A number that a program prints.
fn printed(text: String) -> WorldCall {
    WorldCall::Print {
        text,
        name: "console_log",
    }
}

fn link_console(linker: &mut Linker<Host>) -> Result<(), LinkerError> {
    linker
        .func_wrap(CONSOLE, "log_txt", |c: C<'_>, at: u32, len: u32| {
            inline(c, |h| h.console_text(at, len))
        })?
        .func_wrap(CONSOLE, "log_i32", |c: C<'_>, value: i32| {
            suspend::<()>(c, printed(value.to_string()))
        })?
        .func_wrap(CONSOLE, "log_i64", |c: C<'_>, value: i64| {
            suspend::<()>(c, printed(value.to_string()))
        })?
        .func_wrap(CONSOLE, "tee_i32", |c: C<'_>, value: i32| {
            suspend::<i32>(c, WorldCall::Tee(Number::I32(value)))
        })?
        .func_wrap(CONSOLE, "tee_i64", |c: C<'_>, value: i64| {
            suspend::<i64>(c, WorldCall::Tee(Number::I64(value)))
        })?;
    Ok(())
}
