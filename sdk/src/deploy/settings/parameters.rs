//! The engine's parameters as they are to be at the start.

use arbius_protocol::params::{self, COUNT, Parameter, ParameterError, TABLE};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// A value for every parameter, each in its unit ([`params::Unit`]).
///
/// As JSON: an object from the parameters' names to decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters([u128; COUNT]);

impl Default for Parameters {
    /// What protocol section 11 and the table of parameters begin with.
    fn default() -> Self {
        Self(TABLE.map(|row| row.default))
    }
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(COUNT))?;
        for row in &TABLE {
            let value = self.get(row.parameter).to_string();
            map.serialize_entry(row.parameter.name(), &value)?;
        }
        map.end()
    }
}

impl Parameters {
    /// The value of a parameter.
    #[must_use]
    pub const fn get(&self, parameter: Parameter) -> u128 {
        // A parameter's number is its place in the table.
        self.0[parameter as usize]
    }

    /// Sets a value, whatever the bounds; [`Parameters::changes`] tells whether an engine can be
    /// brought there.
    pub const fn set(&mut self, parameter: Parameter, value: u128) {
        self.0[parameter as usize] = value;
    }

    /// The settings that take an engine from its defaults to these values, in an order in
    /// which each is admissible: bounds depend on other parameters.
    ///
    /// # Errors
    ///
    /// A parameter that cannot be set so, and its bounds.
    pub fn changes(&self) -> Result<Vec<(Parameter, u128)>, (Parameter, ParameterError)> {
        let mut now = Self::default();
        let mut changes = Vec::new();
        loop {
            let mut refused = None;
            let mut is_changed = false;
            for row in &TABLE {
                let (parameter, value) = (row.parameter, self.get(row.parameter));
                if now.get(parameter) == value {
                    continue;
                }
                match params::validate(parameter, value, |other| now.get(other)) {
                    Ok(()) => {
                        now.set(parameter, value);
                        changes.push((parameter, value));
                        is_changed = true;
                    }
                    Err(error) => refused = refused.or(Some((parameter, error))),
                }
            }
            match refused {
                None => return Ok(changes),
                Some(refusal) if !is_changed => return Err(refusal),
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use Parameter as P;
    use arbius_protocol::fixed::ONE;

    use super::*;

    #[test]
    fn defaults_need_no_changes() {
        assert_eq!(Parameters::default().changes(), Ok(Vec::new()));
    }

    #[test]
    fn changes_come_in_an_order_that_an_engine_admits() {
        let mut parameters = Parameters::default();
        // Later than the exit time allows now, and floors both above and below one another.
        parameters.set(P::MinClaimSolutionTime, 5 * 86_400);
        parameters.set(P::ExitValidatorMinUnlockTime, 30 * 86_400);
        parameters.set(P::SlashAmountFloor, ONE);
        parameters.set(P::ValidatorMinimumFloor, 4 * ONE);
        parameters.set(P::TreasuryRewardPercentage, 0);
        parameters.set(P::TaskOwnerRewardPercentage, ONE);
        let changes = parameters.changes().unwrap();
        assert_eq!(changes.len(), 6);
        let mut now = Parameters::default();
        for (parameter, value) in changes {
            params::validate(parameter, value, |other| now.get(other)).unwrap();
            now.set(parameter, value);
        }
        assert_eq!(now, parameters);
    }

    #[test]
    fn names_the_parameter_that_cannot_be() {
        let mut parameters = Parameters::default();
        parameters.set(P::SlashAmountFloor, ONE);
        let (parameter, error) = parameters.changes().unwrap_err();
        assert_eq!(parameter, P::SlashAmountFloor);
        assert!(matches!(error, ParameterError::OutOfBounds { .. }));
    }
}
