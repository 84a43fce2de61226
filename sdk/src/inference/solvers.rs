//! Each model on the solver that is right for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::model::Outputs;
use super::runtime::RuntimeId;
use super::{InferenceError, Solver};
use crate::content::Cid;
use crate::model::{Bundle, Pipeline};

/// Models of graphs on one solver, models in containers on the servers that were named for
/// them.
pub struct Solvers {
    graphs: Arc<dyn Solver>,
    containers: HashMap<Cid, Arc<dyn Solver>>,
}

impl Solvers {
    /// Models of graphs on that solver, and no containers.
    pub fn new(graphs: Arc<dyn Solver>) -> Self {
        Self {
            graphs,
            containers: HashMap::new(),
        }
    }

    /// Names the solver for a model in a container, by the CID of its bundle.
    #[must_use]
    pub fn with(mut self, bundle: Cid, solver: Arc<dyn Solver>) -> Self {
        self.containers.insert(bundle, solver);
        self
    }

    fn of(&self, bundle: &Bundle) -> Result<&dyn Solver, InferenceError> {
        let Pipeline::Cog(container) = &bundle.manifest().pipeline else {
            return Ok(self.graphs.as_ref());
        };
        let solver = self.containers.get(bundle.cid());
        solver
            .map(AsRef::as_ref)
            .ok_or_else(|| InferenceError::Nowhere {
                reasons: format!(
                    "{} runs in the container {}; start that and name its address with --cog {}=URL, or the folder of its cog.yaml",
                    bundle.manifest().name,
                    container.image,
                    bundle.manifest().name
                ),
            })
    }
}

/// By the bundles of the containers: solvers do not tell of themselves.
impl fmt::Debug for Solvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let containers: Vec<String> = self.containers.keys().map(Cid::to_string).collect();
        f.debug_struct("Solvers")
            .field("containers", &containers)
            .finish_non_exhaustive()
    }
}

impl Solver for Solvers {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        match self.of(bundle) {
            Ok(solver) => solver.solve(bundle, input, seed),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn solve_afresh<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        match self.of(bundle) {
            Ok(solver) => solver.solve_afresh(bundle, input, seed),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn runtime_id(&self) -> Option<RuntimeId> {
        self.graphs.runtime_id()
    }
}
