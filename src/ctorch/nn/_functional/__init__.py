"""The functions of nn.functional by family; nn.functional gathers them."""
