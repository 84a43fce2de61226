//! Contracts and apps that use Arbius
