"""Generator of ctorch's table-driven sources; needs only the standard library."""
