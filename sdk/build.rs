//! Writes the contracts' types for ethers-rs, where the feature `ethers` asks for them, from
//! the interfaces of `arbius-protocol`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "ethers")]
    if let Err(error) = bindings::write() {
        println!("cargo::error=the contracts' types for ethers could not be written: {error}");
    }
}

#[cfg(feature = "ethers")]
mod bindings {
    use std::{env, error::Error, fmt::Write as _, fs, path::Path};

    use alloy_json_abi::{InternalType, JsonAbi, Param};
    use arbius_protocol::interfaces::{
        arbos, consumer, engine, governor, proxy, timelock, token, vesting,
    };
    use ethers_contract_abigen::Abigen;

    /// The structs that functions take and return. The ABI of an interface has their fields
    /// alone; their names make types of them.
    const STRUCTS: &[(&str, &[&str])] = &[
        ("Model", &["fee", "addr", "rate", "cid"]),
        (
            "Task",
            &["model", "fee", "owner", "blocktime", "version", "cid"],
        ),
        ("Allocation", &["account", "amount"]),
        ("Checkpoint208", &["_key", "_value"]),
        ("Receipt", &["hasVoted", "support", "votes"]),
        ("Tranche", &["duration", "weight"]),
    ];

    /// An interface with the names of its module and of its type.
    macro_rules! interface {
        ($module:literal, $source:ident::$name:ident) => {
            ($module, stringify!($name), $source::$name::abi::contract())
        };
    }

    /// Writes `ethers.rs`: a module for each interface.
    pub(super) fn write() -> Result<(), Box<dyn Error>> {
        let interfaces = [
            interface!("engine", engine::IEngine),
            interface!("consumer", consumer::ITaskConsumer),
            interface!("token", token::IToken),
            interface!("permit", token::IPermit),
            interface!("votes", token::IVotes),
            interface!("bridged_token", token::IBridgedToken),
            interface!("vesting", vesting::IVesting),
            interface!("governor", governor::IGovernor),
            interface!("governor_bravo", governor::IGovernorBravo),
            interface!("timelock", timelock::ITimelock),
            interface!("proxy", proxy::IProxy),
            interface!("arb_sys", arbos::IArbSys),
            interface!("arb_wasm", arbos::IArbWasm),
            interface!("arb_wasm_cache", arbos::IArbWasmCache),
            interface!("arb_gas_info", arbos::IArbGasInfo),
            interface!("arb_owner_public", arbos::IArbOwnerPublic),
            interface!("cache_manager", arbos::ICacheManager),
            interface!("stylus_deployer", arbos::IStylusDeployer),
        ];
        let mut source = String::new();
        for (module, name, mut abi) in interfaces {
            name_structs(name, &mut abi)?;
            let bindings = Abigen::new(name, serde_json::to_string(&abi)?)?.generate()?;
            // What it generates is undocumented, and expects functions to be in the ABI that it
            // was generated from.
            write!(
                source,
                "/// Calls, events and errors of `{name}`.\n\
                 #[allow(missing_docs, unreachable_pub, rust_2018_idioms, clippy::all, \
                 clippy::expect_used)]\n\
                 pub mod {module} {{\n{bindings}}}\n"
            )?;
        }
        fs::write(Path::new(&env::var("OUT_DIR")?).join("ethers.rs"), source)?;
        Ok(())
    }

    /// Names every struct in the parameters of `interface`.
    fn name_structs(interface: &str, abi: &mut JsonAbi) -> Result<(), Box<dyn Error>> {
        let functions = abi.functions.values_mut().flatten();
        for param in functions.flat_map(|f| f.inputs.iter_mut().chain(&mut f.outputs)) {
            param.internal_type = struct_name(interface, &param.ty, &param.components)?;
        }
        for param in abi
            .events
            .values_mut()
            .flatten()
            .flat_map(|e| &mut e.inputs)
        {
            param.internal_type = struct_name(interface, &param.ty, &param.components)?;
        }
        Ok(())
    }

    /// The name of a struct, or of an array of them; nothing for other types.
    fn struct_name(
        interface: &str,
        ty: &str,
        components: &[Param],
    ) -> Result<Option<InternalType>, Box<dyn Error>> {
        let Some(array) = ty.strip_prefix("tuple") else {
            return Ok(None);
        };
        let fields: Vec<_> = components.iter().map(Param::name).collect();
        let (name, _) = STRUCTS
            .iter()
            .find(|(_, known)| **known == fields)
            .ok_or_else(|| {
                format!("{interface} has a struct of {fields:?}: name it in build.rs")
            })?;
        Ok(Some(InternalType::Struct {
            contract: Some(interface.to_owned()),
            ty: format!("{name}{array}"),
        }))
    }
}
