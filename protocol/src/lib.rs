//! The rules of the Arbius protocol as pure functions, and the interfaces of its contracts
#![cfg_attr(not(feature = "std"), no_std)]


pub mod interfaces;
