"""Where ctorch returns and PyTorch raises, on purpose: the reason, and what PyTorch says."""

# By reason. Differences of values are the tolerances and references of elementwise_cases.py and reduction_cases.py.
DIFFERENCES = {
    "ctorch promotes operands of two dtypes": ("expected dtype ", "Promotion for uint16, uint32, uint64"),
    "an unsigned tensor has nothing below a negative limit": ("unsigned type with negative limits",),
    "out= may have any dtype that the result can be cast to": ("Found dtype ", "dtype of out", "the output given to ",
                                                               "the base given to ", "non-boolean outputs",
                                                               "Expected out type to be", "expected scalar_type",
                                                               "Expected out tensor to have dtype",
                                                               "dtype for input and out to match",
                                                               "supports bool tensor for result",
                                                               "provided dtype must match dtype of result",
                                                               "heaviside is not yet implemented for",
                                                               "out tensor must be same dtype"),
    "keepdim may be given without dim, as in NumPy": ("keepdim=bool", 'required positional arguments: "dim"'),
    "the first True is the maximum of bools, as in NumPy": ("(): does not support bool input",),
    "no dimensions are all of them for logsumexp too": ("doesn't match the broadcast shape",),
    "a number beyond the range of a float dtype is infinite": ("type float without overflow", "without overflow: float",
                                                              "type c10::Half without", "type c10::BFloat16 without",
                                                              "type at::Half", "type at::BFloat16",
                                                              "c10::complex<float> without"),
    "dtype= casts complex numbers before anything is asked of them": ("nansum on CPU does not support complex",
                                                                      "input types can't be cast to the desired"),
}


def excused(error):
    """The reason why ctorch does what PyTorch raises this exception for, or None."""
    return next((reason for reason, texts in DIFFERENCES.items() if any(text in str(error) for text in texts)), None)
