"""Operators written with other operators; the rows of kind "composite" in ops.toml name them."""
