"""CPU kernels built for one vector width."""
