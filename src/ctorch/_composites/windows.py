"""Convolution and pooling, written with other operators."""
import ctorch
from ctorch import _functions as ops
from ctorch._forward.volumes import adaptive_windows
from ctorch._windows import as_volume, from_volume, numbers, volume_average, volume_max

# ---- convolution

def _without_words(convolve, dims, input, weight, bias, stride, padding, dilation, groups):
    """A convolution whose padding is "same" or "valid"."""
    if padding not in ("same", "valid"):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if padding == "valid":
        return convolve(input, weight, bias, stride, 0, dilation, groups)
    if any(s != 1 for s in numbers(stride, dims, "conv", "stride")):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    steps = zip(numbers(dilation, dims, "conv", "dilation"), weight.shape[2:])
    totals = [d * (k - 1) for d, k in steps]
    if any(t % 2 for t in totals):
        sides = [side for t in reversed(totals) for side in (t // 2, t - t // 2)]
        return convolve(ops.pad(input, sides, "constant", None), weight, bias, stride, 0, dilation, groups)
    return convolve(input, weight, bias, stride, tuple(t // 2 for t in totals), dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(padding, str):
        return _without_words(conv2d, 2, input, weight, bias, stride, padding, dilation, groups)
    if input.dim() == 3 and weight.dim() == 4:
        return conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    if not input.is_floating_point() and weight.dtype == input.dtype and input.dim() == weight.dim() == 4:
        if input.is_complex():
            return _complex_conv(conv2d, input, weight, bias, stride, padding, dilation, groups)
        return _integer_conv(input, weight, bias, stride, padding, dilation, groups)
    return ops._conv2d(input, weight, bias, stride, padding, dilation, groups)


def _complex_conv(convolve, input, weight, bias, *options, channels=None):
    _check_bias(bias, weight, weight.shape[0] if channels is None else channels)
    real = convolve(input.real, weight.real, None, *options) - convolve(input.imag, weight.imag, None, *options)
    imag = convolve(input.real, weight.imag, None, *options) + convolve(input.imag, weight.real, None, *options)
    output = ctorch.complex(real, imag)
    spatial = (1,) * (weight.dim() - 2)
    return output if bias is None else output + bias.reshape(-1, *spatial)


def _check_bias(bias, weight, count):
    if bias is not None and (bias.dim() != 1 or bias.shape[0] != count):
        raise RuntimeError(f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {count} "
                           f"elements, but got bias of size {list(bias.shape)} instead")


def _check_steps(op, stride, padding, dilation):
    for name, values, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)):
        if any(v < least for v in values):
            raise RuntimeError(f"{op}: {name} should be at least {least}, but got {list(values)}")


def _integer_conv(input, weight, bias, stride, padding, dilation, groups):
    """Products of columns: integers have no kernel of their own."""
    kernel, dilation = weight.shape[2:], numbers(dilation, 2, "conv2d", "dilation")
    stride, padding = numbers(stride, 2, "conv2d", "stride"), numbers(padding, 2, "conv2d", "padding")
    outputs, inputs, batch = weight.shape[0], weight.shape[1], input.shape[0]
    _check_steps("conv2d", stride, padding, dilation)
    _check_bias(bias, weight, outputs)
    if inputs * groups != input.shape[1]:
        raise RuntimeError(f"Given groups={groups}, weight of size {list(weight.shape)}, expected input"
                           f"{list(input.shape)} to have {inputs * groups} channels, but got {input.shape[1]} "
                           "channels instead")
    size = [(s + 2 * p - d * (k - 1) - 1) // t + 1
            for s, p, d, k, t in zip(input.shape[2:], padding, dilation, kernel, stride)]
    columns = ops._columns(input, kernel, dilation, padding, stride).reshape(batch, groups, -1, size[0] * size[1])
    product = weight.reshape(1, groups, outputs // groups, -1) @ columns
    product = product.reshape(batch, outputs, *size)
    return product if bias is None else product + bias.reshape(-1, 1, 1)


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(padding, str):
        return _without_words(conv1d, 1, input, weight, bias, stride, padding, dilation, groups)
    if weight.dim() != 3 or input.dim() not in (2, 3):
        raise RuntimeError(f"Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: "
                           f"{list(input.shape)} and weight of size: {list(weight.shape)}")
    # A height of one makes it two-dimensional.
    stride, padding, dilation = (numbers(v, 1, "conv1d", n)[0] for v, n in
                                 ((stride, "stride"), (padding, "padding"), (dilation, "dilation")))
    output = conv2d(input.unsqueeze(-2), weight.unsqueeze(-2), bias, (1, stride), (0, padding), (1, dilation), groups)
    return output.squeeze(-2)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(padding, str):
        return _without_words(conv3d, 3, input, weight, bias, stride, padding, dilation, groups)
    if weight.dim() != 5 or input.dim() not in (4, 5):
        raise RuntimeError(f"Expected 4D (unbatched) or 5D (batched) input to conv3d, but got input of size: "
                           f"{list(input.shape)} and weight of size: {list(weight.shape)}")
    if input.dim() == 4:
        return conv3d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    if input.is_complex() and weight.is_complex():
        return _complex_conv(conv3d, input, weight, bias, stride, padding, dilation, groups)
    stride, padding, dilation = (numbers(v, 3, "conv3d", n) for v, n in
                                 ((stride, "stride"), (padding, "padding"), (dilation, "dilation")))
    batch, depth, outputs, kernel = input.shape[0], input.shape[2], weight.shape[0], weight.shape[2]
    reach = dilation[0] * (kernel - 1) + 1
    _check_steps("conv3d", stride, padding, dilation)
    if depth + 2 * padding[0] < reach:
        raise RuntimeError(f"Calculated padded input size per channel: depth {depth + 2 * padding[0]}. Kernel size: "
                           f"{reach}. Kernel size can't be greater than actual input size")
    if weight.shape[1] * groups != input.shape[1]:
        raise RuntimeError(f"Given groups={groups}, weight of size {list(weight.shape)}, expected input"
                           f"{list(input.shape)} to have {weight.shape[1] * groups} channels, but got "
                           f"{input.shape[1]} channels instead")
    out = (depth + 2 * padding[0] - reach) // stride[0] + 1
    # The slices under a window along the depth are channels of a two-dimensional convolution.
    images = ops._slices(input, (kernel, stride[0], padding[0], dilation[0], out))
    output = conv2d(images, weight.reshape(outputs, -1, *weight.shape[3:]), bias, stride[1:], padding[1:],
                    dilation[1:], groups)
    return output.reshape(batch, out, *output.shape[1:]).transpose(1, 2).contiguous()


def _transposed_sizes(input, weight, stride, padding, output_padding, dilation, groups, op):
    if input.shape[1] != weight.shape[0]:
        raise RuntimeError(f"Given transposed=1, weight of size {list(weight.shape)}, expected input"
                           f"{list(input.shape)} to have {weight.shape[0]} channels, but got {input.shape[1]} "
                           "channels instead")
    if any(o >= max(s, d) for o, s, d in zip(output_padding, stride, dilation)):
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got output_padding "
                           f"{list(output_padding)}, stride {list(stride)}, dilation {list(dilation)}")
    size = [(n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, s, p, d, k, o in
            zip(input.shape[2:], stride, padding, dilation, weight.shape[2:], output_padding)]
    if any(s <= 0 for s in size):
        raise RuntimeError(f"Given input size per channel: {list(input.shape[2:])}. Calculated output size per "
                           f"channel: {size}. Output size is too small")
    return size


def _transposed2d(input, weight, size, stride, padding, dilation, groups):
    """Transposed convolution of images to a size; the gradient of a convolution's input is that."""
    if any(s + 2 * p - d * (k - 1) - 1 >= n * t for s, p, d, k, n, t in
           zip(size, padding, dilation, weight.shape[2:], input.shape[2:], stride)):
        # More padding of the output than steps: what the convolution itself would not reach is cut from the whole.
        whole = [(n - 1) * t + d * (k - 1) + 1 for n, t, d, k in
                 zip(input.shape[2:], stride, dilation, weight.shape[2:])]
        output = _transposed2d(input, weight, whole, stride, (0, 0), dilation, groups)
        (top, left), (below, right) = padding, [max(p + s - w, 0) for p, s, w in zip(padding, size, whole)]
        output = ops.pad(output, (0, right, 0, below), "constant", 0)
        return output[..., top:top + size[0], left:left + size[1]].contiguous()
    outputs = weight.shape[1] * groups
    if input.is_floating_point():
        return ops._conv2d_input(input, weight, (input.shape[0], outputs, *size), stride, padding, dilation, groups)
    columns = weight.reshape(1, groups, weight.shape[0] // groups, -1).mT @ input.reshape(
        input.shape[0], groups, weight.shape[0] // groups, -1)
    columns = columns.reshape(input.shape[0], -1, columns.shape[-1])
    return ops._from_columns(columns, size, weight.shape[2:], dilation, padding, stride)


def _check_transposed(input, weight, bias, dims, op):
    if weight.dim() != dims + 2 or input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {op}, but got input "
                           f"of size: {list(input.shape)} and weight of size: {list(weight.shape)}")
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype != input.dtype:
            raise RuntimeError(f"Input type ({input.dtype}) and {name} type ({other.dtype}) should be the same")


def _conv_transpose(dims, input, weight, bias, stride, padding, output_padding, groups, dilation):
    op = f"conv_transpose{dims}d"
    _check_transposed(input, weight, bias, dims, op)
    if input.dim() == dims + 1:
        return _conv_transpose(dims, input.unsqueeze(0), weight, bias, stride, padding, output_padding, groups,
                               dilation).squeeze(0)
    if input.is_complex():
        def convolve(x, w, b, *options):
            return _conv_transpose(dims, x, w, b, *options)
        return _complex_conv(convolve, input, weight, bias, stride, padding, output_padding, groups, dilation,
                             channels=weight.shape[1] * groups)
    _check_bias(bias, weight, weight.shape[1] * groups)
    stride, padding = numbers(stride, dims, op, "stride"), numbers(padding, dims, op, "padding")
    dilation = numbers(dilation, dims, op, "dilation")
    output_padding = numbers(output_padding, dims, op, "output_padding")
    _check_steps(op, stride, padding, dilation)
    if any(o < 0 for o in output_padding):
        raise RuntimeError(f"{op}: output_padding should be at least 0, but got {list(output_padding)}")
    size = _transposed_sizes(input, weight, stride, padding, output_padding, dilation, groups, op)
    if dims == 1:
        output = _transposed2d(input.unsqueeze(2), weight.unsqueeze(2), [1, *size], (1, *stride), (0, *padding),
                               (1, *dilation), groups).squeeze(2)
    elif dims == 2:
        output = _transposed2d(input, weight, size, stride, padding, dilation, groups)
    else:
        batch, channels, depth = input.shape[:3]
        images = input.transpose(1, 2).reshape(batch * depth, channels, *input.shape[3:])
        flat = weight.reshape(channels, -1, *weight.shape[3:])
        images = _transposed2d(images, flat, size[1:], stride[1:], padding[1:], dilation[1:], groups)
        output = ops._from_slices(images, (batch, weight.shape[1] * groups, *size),
                                  (weight.shape[2], stride[0], padding[0], dilation[0], depth))
    return output if bias is None else output + bias.reshape(-1, *(1,) * dims)


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_tbc(input, weight, bias, pad=0):
    if input.dim() != 3 or weight.dim() != 3 or bias.dim() != 1:
        raise RuntimeError("conv_tbc: expected input and weight of 3 dimensions and bias of 1, got "
                           f"{input.dim()}, {weight.dim()} and {bias.dim()}")
    return conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad).permute(2, 0, 1).contiguous()


def im2col(input, kernel_size, dilation, padding, stride):
    if input.dim() not in (3, 4) or 0 in input.shape[1:]:
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
                           f"dimensions for input, but got: {list(input.shape)}")
    if input.dim() == 3:
        return im2col(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    if input.is_complex():
        return ctorch.complex(im2col(input.real, kernel_size, dilation, padding, stride),
                              im2col(input.imag, kernel_size, dilation, padding, stride))
    if input.dtype == ctorch.bool:
        return im2col(input.to(ctorch.uint8), kernel_size, dilation, padding, stride).to(ctorch.bool)
    return ops._columns(input, kernel_size, dilation, padding, stride)


def col2im(input, output_size, kernel_size, dilation, padding, stride):
    if input.dim() not in (2, 3) or 0 in input.shape[input.dim() - 2:]:
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
                           f"dimensions for input, but got: {list(input.shape)}")
    if input.dim() == 2:
        return col2im(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
    if input.is_complex():
        return ctorch.complex(col2im(input.real, output_size, kernel_size, dilation, padding, stride),
                              col2im(input.imag, output_size, kernel_size, dilation, padding, stride))
    return ops._from_columns(input, output_size, kernel_size, dilation, padding, stride)


# ---- pooling of planes

def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if input.is_floating_point():
        values, indices = ops._max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)
    else:
        values, indices = volume_max(input, 2, kernel_size, stride, padding, dilation, ceil_mode)
    return (values, indices) if return_indices else values


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
               divisor_override=None):
    if not input.is_floating_point():
        return volume_average(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return ops._avg_pool2d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    if input.dim() not in (2, 3):
        raise RuntimeError(f"max_pool1d() Expected 2D or 3D input tensor, but got {list(input.shape)}")
    kernel, step = _line(kernel_size, "kernel_size"), _step(stride)
    values, indices = max_pool2d(input.unsqueeze(-2), (1, kernel), step, (0, _line(padding, "padding")),
                                 (1, _line(dilation, "dilation")), ceil_mode, True)
    return values.squeeze(-2), indices.squeeze(-2)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    if input.dim() not in (2, 3):
        raise RuntimeError(f"Expected 2D or 3D (batch mode) tensor for input, but got: {list(input.shape)}")
    kernel, step = _line(kernel_size, "kernel_size"), _step(stride)
    return avg_pool2d(input.unsqueeze(-2), (1, kernel), step, (0, _line(padding, "padding")), ceil_mode,
                      count_include_pad).squeeze(-2)


def _line(value, arg):
    return numbers(value, 1, "pooling", arg)[0]


def _step(stride):
    return None if stride is None or stride in ((), []) else (1, _line(stride, "stride"))


# ---- pooling of volumes

def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    values, indices = volume_max(input, 3, kernel_size, stride, padding, dilation, ceil_mode)
    return (values, indices) if return_indices else values


def avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
               divisor_override=None):
    return volume_average(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


# ---- adaptive pooling

def adaptive_avg_pool1d(input, output_size):
    if input.dim() not in (2, 3):
        raise RuntimeError(f"adaptive_avg_pool1d: Expected 2D or 3D tensor, but got {list(input.shape)}")
    size = _line(output_size, "output_size")
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, size)).squeeze(-2)


def adaptive_avg_pool2d(input, output_size):
    out = adaptive_windows(input, output_size, 2, "adaptive_avg_pool2d")[0]
    if out == [1, 1]:
        return input.mean((-2, -1), keepdim=True)
    height, width = input.shape[-2:]
    if out[0] and out[1] and height % out[0] == 0 and width % out[1] == 0:
        return ops._avg_pool2d(input, (height // out[0], width // out[1]), None, 0, False, True, None)
    return ops._adaptive_avg_pool2d(input, tuple(out))


def adaptive_avg_pool3d(input, output_size):
    return ops._average_windows(input, adaptive_windows(input, output_size, 3, "adaptive_avg_pool3d")[1], None)


def _adaptive_max(input, output_size, dims):
    windows = adaptive_windows(input, output_size, dims, f"adaptive_max_pool{dims}d")[1]
    values, indices = ops._max_windows(as_volume(input, dims), windows, (1, 1, 1))
    return from_volume(values, dims), from_volume(indices, dims)


def adaptive_max_pool1d(input, output_size):
    return _adaptive_max(input, output_size, 1)


def adaptive_max_pool2d(input, output_size):
    return _adaptive_max(input, output_size, 2)


def adaptive_max_pool3d(input, output_size):
    return _adaptive_max(input, output_size, 3)
