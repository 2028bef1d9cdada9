"""Operators written with other operators: a composite row of ops/NAME.toml is a function of NAME here."""
