//! What can go wrong for the service itself.

use std::{io, net::SocketAddr, path::PathBuf};

use arbius_sdk::{
    chain::ChainError, client::ClientError, content, content::FetchError,
    deploy::DeploymentFileError, model::TemplateError,
};

/// Why the service does not start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The network cannot be asked.
    #[error(transparent)]
    Client(Box<ClientError>),
    /// The endpoint or a contract refused.
    #[error(transparent)]
    Chain(Box<ChainError>),
    /// The deployment is of no use.
    #[error(transparent)]
    Deployment(Box<DeploymentFileError>),
    /// The model's template cannot be used.
    #[error("the model's template cannot be used: {0}")]
    Template(#[from] TemplateError),
    /// A gateway is of no use.
    #[error(transparent)]
    Fetch(Box<FetchError>),
    /// The folder of results cannot be used.
    #[error("the folder of results cannot be used: {0}")]
    Blocks(#[from] content::StoreError),
    /// The store of requests cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("the service cannot listen on {listen}: {source}; choose another port, or 0 for any")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Why requests cannot be written down, or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("the folder of requests cannot be made: {0}")]
    Folder(io::Error),
    /// Another service has the folder.
    #[error(
        "another service uses the folder {}: stop that one, or name another folder and another \
         account",
        .0.display()
    )]
    InUse(PathBuf),
    /// The file cannot be used: the disk may be full, or the file no store.
    #[error("the store of requests cannot be used: {0}")]
    File(Box<redb::Error>),
    /// A record of it is none.
    #[error("the store of requests holds something else than requests: {0}")]
    Record(#[from] serde_json::Error),
}

// Boxed, so that results stay small.
macro_rules! from_sdk {
    ($($variant:ident($error:ident)),*) => {$(
        impl From<$error> for ServiceError {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        }
    )*};
}

from_sdk!(
    Client(ClientError),
    Chain(ChainError),
    Deployment(DeploymentFileError),
    Fetch(FetchError)
);

// redb has an error for each of what it does.
macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::File(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(
    DatabaseError,
    TransactionError,
    TableError,
    StorageError,
    CommitError
);
