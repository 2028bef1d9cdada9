"""Figures of ctorch beside PyTorch's, measured in the same process: `python -m bench --help`."""
