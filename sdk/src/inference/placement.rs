//! Which runtime on which device is right for a model.
//!
//! A model of the class `integer` gives the same bytes anywhere, so it runs on the
//! processor, on the first runtime that there is. A `pinned` one runs on what its passport
//! names and nowhere else.

use thiserror::Error;

use super::runtime::{Device, RuntimeId, SessionOptions};
use super::{footprint, pin};
use crate::model::{Bundle, Class, GpuClass};

/// A runtime on a device of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name and exact version.
    pub runtime: RuntimeId,
    /// The execution providers that it was built with.
    pub providers: Vec<String>,
    /// The device.
    pub device: Device,
    /// The device's class, if it is a GPU.
    pub gpu: Option<GpuClass>,
    /// The most memory that one model may take, bytes.
    pub memory_bytes: Option<u64>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.runtime, self.device)
    }
}

/// Why a place is not right for a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Misfit {
    /// The model runs on another runtime.
    #[error("it is pinned to {pinned}, and this is {found}")]
    Runtime {
        /// What the passport names.
        pinned: String,
        /// What is here.
        found: String,
    },
    /// The model runs on another version.
    #[error("it is pinned to {runtime} {pinned}, and this is {found}")]
    Version {
        /// The runtime.
        runtime: String,
        /// What the passport names.
        pinned: String,
        /// What is here.
        found: String,
    },
    /// The model runs on another kind of device.
    #[error("it is pinned to the provider {pinned}, and this is {found}")]
    Provider {
        /// What the passport names.
        pinned: String,
        /// What is here.
        found: String,
    },
    /// The runtime was built without the provider.
    #[error("{runtime} was built without the provider {provider}")]
    NotBuilt {
        /// The runtime.
        runtime: String,
        /// The provider.
        provider: String,
    },
    /// The model runs on another GPU.
    #[error("it is pinned to the GPU {pinned}, and this is {found}")]
    Gpu {
        /// What the passport names.
        pinned: String,
        /// What is here.
        found: String,
    },
    /// The model would run, and nobody needs it to: its bytes are the same on the processor.
    #[error("a model of the class integer runs on the processor")]
    Integer,
    /// The model does not fit.
    #[error("it needs about {needs} MiB of memory and may have {has} MiB")]
    Memory {
        /// What it is expected to take, MiB.
        needs: u64,
        /// What it may have, MiB.
        has: u64,
    },
}

impl Misfit {
    /// What would help.
    pub fn remedy(&self) -> String {
        match self {
            Self::Runtime { pinned, .. } if pinned == "onnxruntime" => {
                "name ONNX Runtime's library with --onnxruntime or ARBIUS_ONNXRUNTIME".into()
            }
            Self::Runtime { pinned, .. } if pinned == "cog" => {
                "name the address of its Cog server, or the folder to start one in, with --cog"
                    .into()
            }
            Self::Runtime { pinned, .. } => format!("use {pinned}, which is in this program"),
            Self::Version {
                runtime, pinned, ..
            } if runtime == "onnxruntime" => format!(
                "take the library of version {pinned} from the PyPI wheel onnxruntime=={pinned}"
            ),
            Self::Version { pinned, .. } => {
                format!("use the release of this program that has version {pinned}")
            }
            Self::Provider { pinned, .. } if pinned == "cuda" => {
                "mine it on a machine with an NVIDIA GPU".into()
            }
            Self::Provider { .. } | Self::Integer => "nothing: it runs on the processor".into(),
            Self::NotBuilt { .. } => "take the library from the PyPI wheel onnxruntime-gpu".into(),
            Self::Gpu { pinned, .. } => format!("mine it on a machine with a {pinned}"),
            Self::Memory { needs, .. } => {
                format!("raise --worker-memory to {needs}M or more, if the machine has as much")
            }
        }
    }
}

impl Place {
    /// How the model is run here: as its passport demands, or else with those options.
    ///
    /// # Errors
    /// [`Misfit`] if it must not be run here.
    pub fn fits(
        &self,
        bundle: &Bundle,
        options: &SessionOptions,
    ) -> Result<SessionOptions, Misfit> {
        let session = match &bundle.passport().class {
            Class::Integer {} if self.device != Device::Cpu => return Err(Misfit::Integer),
            Class::Integer {} => SessionOptions {
                device: self.device,
                ..options.clone()
            },
            Class::Pinned(pinned) => {
                if pinned.runtime != self.runtime.name {
                    return Err(Misfit::Runtime {
                        pinned: pinned.runtime.clone(),
                        found: self.runtime.name.clone(),
                    });
                }
                if pinned.provider != self.device.provider() {
                    return Err(Misfit::Provider {
                        pinned: pinned.provider.clone(),
                        found: self.device.provider().into(),
                    });
                }
                if pinned.version != self.runtime.version {
                    return Err(Misfit::Version {
                        runtime: pinned.runtime.clone(),
                        pinned: pinned.version.clone(),
                        found: self.runtime.version.clone(),
                    });
                }
                if pinned.gpu != self.gpu {
                    let show = |gpu: &Option<GpuClass>| {
                        gpu.as_ref().map_or("none".into(), ToString::to_string)
                    };
                    return Err(Misfit::Gpu {
                        pinned: show(&pinned.gpu),
                        found: show(&self.gpu),
                    });
                }
                pin::session_options(pinned, self.device).unwrap_or_else(|| options.clone())
            }
        };
        let provider = self.device.provider();
        if !self.providers.iter().any(|known| known == provider) {
            return Err(Misfit::NotBuilt {
                runtime: self.runtime.to_string(),
                provider: provider.into(),
            });
        }
        let needs = footprint::of(bundle);
        if let Some(has) = self.memory_bytes.filter(|has| needs > *has) {
            return Err(Misfit::Memory {
                needs: needs.div_ceil(1 << 20),
                has: has >> 20,
            });
        }
        Ok(session)
    }
}
