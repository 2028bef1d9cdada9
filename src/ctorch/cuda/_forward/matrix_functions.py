"""Values that were computed without a record, and get the derivative that their row says."""


def lstsq_value_forward(x, B, value):
    return value.detach()


def pinv_value_forward(x, value):
    return value.detach()


def norm_value_forward(x, value, ord, dim, keepdim):
    return value.detach()
