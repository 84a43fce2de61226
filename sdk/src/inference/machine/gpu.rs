//! NVIDIA GPUs, found through the driver's library.
//!
//! The library is loaded when it is asked for (feature `cuda`), so that one program runs
//! with and without it. Nothing is allocated on a GPU here.

use serde::Serialize;
use thiserror::Error;

use crate::model::GpuClass;

/// A GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gpu {
    /// Its number in CUDA's order.
    pub ordinal: u32,
    /// The name that the driver gives it.
    pub name: String,
    /// Its memory in all, bytes.
    pub memory_bytes: u64,
    /// Its compute capability, such as `9.0`.
    pub compute_capability: String,
}

impl Gpu {
    /// Its class in the sense of a passport.
    pub fn class(&self) -> GpuClass {
        GpuClass {
            name: self.name.clone(),
            compute_capability: self.compute_capability.clone(),
        }
    }
}

/// The driver and the GPUs that it offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gpus {
    /// Version of the driver, where the system tells.
    pub driver: Option<String>,
    /// The latest version of CUDA that the driver supports.
    pub cuda: String,
    /// What it offers, in its order.
    pub devices: Vec<Gpu>,
}

/// Why no GPU can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GpuError {
    /// This program cannot ask.
    #[error("this program was built without the feature `cuda`; build it with `--features cuda`")]
    NotBuilt,
    /// The driver's library cannot be loaded.
    #[error("there is no CUDA driver (libcuda); install NVIDIA's driver to use a GPU")]
    NoDriver,
    /// The driver says so.
    #[error(
        "the CUDA driver does not answer: {0}. Does `nvidia-smi` work? A driver that was upgraded needs a reboot"
    )]
    Driver(String),
}

/// The class of a GPU, if it is there.
pub fn class_of(ordinal: u32) -> Option<GpuClass> {
    let gpus = find().ok()?;
    let gpu = gpus.devices.iter().find(|gpu| gpu.ordinal == ordinal)?;
    Some(gpu.class())
}

/// Asks the driver for its GPUs.
///
/// # Errors
/// [`GpuError`] if there is no driver or it does not answer. No GPU at all is an error of
/// the driver's, too.
#[cfg(not(feature = "cuda"))]
pub fn find() -> Result<Gpus, GpuError> {
    Err(GpuError::NotBuilt)
}

/// Asks the driver for its GPUs.
///
/// # Errors
/// [`GpuError`] if there is no driver or it does not answer. No GPU at all is an error of
/// the driver's, too.
#[cfg(feature = "cuda")]
pub fn find() -> Result<Gpus, GpuError> {
    use cudarc::driver::sys::CUdevice_attribute::{
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR as MAJOR,
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR as MINOR,
    };
    use cudarc::driver::{DriverError, result, sys};

    // SAFETY: loads the driver's library and unloads it again.
    if !unsafe { sys::is_culib_present() } {
        return Err(GpuError::NoDriver);
    }
    let failed = |error: DriverError| {
        let name = error.error_name().map(|name| name.to_string_lossy());
        GpuError::Driver(name.map_or_else(|_| format!("{error:?}"), |name| name.into_owned()))
    };
    result::init().map_err(failed)?;
    let mut version = 0;
    // SAFETY: the pointer is to an integer of the type that the call writes.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }
        .result()
        .map_err(failed)?;
    let count = result::device::get_count().map_err(failed)?;
    let mut devices = Vec::new();
    for ordinal in 0..count {
        let device = result::device::get(ordinal).map_err(failed)?;
        // SAFETY: the driver has just given the handle.
        let (memory, major, minor) = unsafe {
            (
                result::device::total_mem(device).map_err(failed)?,
                result::device::get_attribute(device, MAJOR).map_err(failed)?,
                result::device::get_attribute(device, MINOR).map_err(failed)?,
            )
        };
        devices.push(Gpu {
            ordinal: ordinal.unsigned_abs(),
            name: result::device::get_name(device).map_err(failed)?,
            memory_bytes: memory as u64,
            compute_capability: format!("{major}.{minor}"),
        });
    }
    Ok(Gpus {
        driver: kernel_module(),
        cuda: format!("{}.{}", version / 1000, version % 1000 / 10),
        devices,
    })
}

/// The driver's version, as its kernel module tells it.
#[cfg(feature = "cuda")]
fn kernel_module() -> Option<String> {
    let text = std::fs::read_to_string("/sys/module/nvidia/version").ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_its_remedy() {
        let built_for_gpus = cfg!(feature = "cuda");
        match find() {
            Ok(gpus) => assert!(built_for_gpus && !gpus.devices.is_empty()),
            Err(error) => assert_eq!(
                built_for_gpus,
                !matches!(error, GpuError::NotBuilt),
                "{error}"
            ),
        }
        assert!(GpuError::NotBuilt.to_string().contains("--features cuda"));
        assert!(GpuError::NoDriver.to_string().contains("install"));
        assert!(
            GpuError::Driver("X".into())
                .to_string()
                .contains("nvidia-smi")
        );
    }
}
