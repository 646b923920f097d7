//! given / when / then for the model, every command sent twice.
