//! The policy.

use serde::{Deserialize, Serialize};

/// The policy as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDocument {}

/// The policy, checked and compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {}
