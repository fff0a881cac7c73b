//! Documents, explanations and specialisation.
