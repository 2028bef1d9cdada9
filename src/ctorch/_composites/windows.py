"""Convolution and pooling, written with other operators."""
import ctorch
from ctorch import _functions as ops


def _numbers(value, count, op, arg):
    """One number for each direction."""
    if isinstance(value, int):
        return (value,) * count
    value = tuple(value)
    if len(value) == 1:
        return value * count
    if len(value) != count:
        raise RuntimeError(f"{op}: expected {arg} to be a single integer value or a list of {count} values, got "
                           f"{list(value)}")
    return value


# ---- convolution

def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if input.dim() == 3 and weight.dim() == 4:
        return conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    if not input.is_floating_point() and weight.dtype == input.dtype and input.dim() == weight.dim() == 4:
        if input.is_complex():
            return _complex_conv(conv2d, input, weight, bias, stride, padding, dilation, groups)
        return _integer_conv(input, weight, bias, stride, padding, dilation, groups)
    return ops._conv2d(input, weight, bias, stride, padding, dilation, groups)


def _complex_conv(convolve, input, weight, bias, *options):
    real = convolve(input.real, weight.real, None, *options) - convolve(input.imag, weight.imag, None, *options)
    imag = convolve(input.real, weight.imag, None, *options) + convolve(input.imag, weight.real, None, *options)
    output = ctorch.complex(real, imag)
    spatial = (1,) * (weight.dim() - 2)
    return output if bias is None else output + bias.reshape(-1, *spatial)


def _integer_conv(input, weight, bias, stride, padding, dilation, groups):
    """Products of columns: integers have no kernel of their own."""
    kernel, dilation = weight.shape[2:], _numbers(dilation, 2, "conv2d", "dilation")
    stride, padding = _numbers(stride, 2, "conv2d", "stride"), _numbers(padding, 2, "conv2d", "padding")
    outputs, inputs, batch = weight.shape[0], weight.shape[1], input.shape[0]
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
    if weight.dim() != 3 or input.dim() not in (2, 3):
        raise RuntimeError(f"Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: "
                           f"{list(input.shape)} and weight of size: {list(weight.shape)}")
    # A height of one makes it two-dimensional.
    stride, padding, dilation = (_numbers(v, 1, "conv1d", n)[0] for v, n in
                                 ((stride, "stride"), (padding, "padding"), (dilation, "dilation")))
    output = conv2d(input.unsqueeze(-2), weight.unsqueeze(-2), bias, (1, stride), (0, padding), (1, dilation), groups)
    return output.squeeze(-2)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if weight.dim() != 5 or input.dim() not in (4, 5):
        raise RuntimeError(f"Expected 4D (unbatched) or 5D (batched) input to conv3d, but got input of size: "
                           f"{list(input.shape)} and weight of size: {list(weight.shape)}")
    if input.dim() == 4:
        return conv3d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    if input.is_complex() and weight.is_complex():
        return _complex_conv(conv3d, input, weight, bias, stride, padding, dilation, groups)
    stride, padding, dilation = (_numbers(v, 3, "conv3d", n) for v, n in
                                 ((stride, "stride"), (padding, "padding"), (dilation, "dilation")))
    batch, depth, outputs, kernel = input.shape[0], input.shape[2], weight.shape[0], weight.shape[2]
    reach = dilation[0] * (kernel - 1) + 1
    if stride[0] <= 0 or dilation[0] <= 0 or padding[0] < 0:
        raise RuntimeError(f"conv3d: stride {stride}, padding {padding} or dilation {dilation} is not supported")
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
        return _complex_conv(convolve, input, weight, bias, stride, padding, output_padding, groups, dilation)
    stride, padding = _numbers(stride, dims, op, "stride"), _numbers(padding, dims, op, "padding")
    dilation = _numbers(dilation, dims, op, "dilation")
    output_padding = _numbers(output_padding, dims, op, "output_padding")
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
    kernel, step = _line(kernel_size, "kernel_size"), None if not stride else (1, _line(stride, "stride"))
    values, indices = max_pool2d(input.unsqueeze(-2), (1, kernel), step, (0, _line(padding, "padding")),
                                 (1, _line(dilation, "dilation")), ceil_mode, True)
    return values.squeeze(-2), indices.squeeze(-2)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    if input.dim() not in (2, 3):
        raise RuntimeError(f"Expected 2D or 3D (batch mode) tensor for input, but got: {list(input.shape)}")
    kernel, step = _line(kernel_size, "kernel_size"), None if not stride else (1, _line(stride, "stride"))
    return avg_pool2d(input.unsqueeze(-2), (1, kernel), step, (0, _line(padding, "padding")), ceil_mode,
                      count_include_pad).squeeze(-2)


def _line(value, arg):
    return _numbers(value, 1, "pooling", arg)[0]


# ---- pooling of volumes, and of integers

def _pooled(size, kernel, stride, pad, dilation, ceil_mode):
    room = size + 2 * pad - dilation * (kernel - 1) - 1
    if room < 0:
        return 0
    out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return out - (ceil_mode and (out - 1) * stride >= size + pad)


def _check_pooling(input, dims, kernel, stride, padding, dilation, op):
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D (batch mode) tensor for input, but got: "
                           f"{list(input.shape)}")
    for name, values in (("kernel size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(values) <= 0:
            raise RuntimeError(f"{op}: {name} should be greater than zero, but got {values}")
    if any(p < 0 or 2 * p > k for p, k in zip(padding, kernel)):
        raise RuntimeError(f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
                           f"kernel_size={kernel}")


def _pooling(input, dims, kernel_size, stride, padding, dilation, ceil_mode, op):
    """The numbers of a pooling, with those of the result, as three axes."""
    kernel = _numbers(kernel_size, dims, op, "kernel_size")
    step = _numbers(stride, dims, op, "stride") if stride or stride == 0 else kernel
    pad, dilation = _numbers(padding, dims, op, "padding"), _numbers(dilation, dims, op, "dilation")
    _check_pooling(input, dims, kernel, step, pad, dilation, op)
    size = input.shape[input.dim() - dims:]
    out = tuple(_pooled(*axis, ceil_mode) for axis in zip(size, kernel, step, pad, dilation))
    if min(out) < 1:
        raise RuntimeError(f"Given input size: {list(input.shape)}. Calculated output size: {list(out)}. Output size "
                           "is too small")
    more = 3 - dims
    axes = zip((1,) * more + size, (1,) * more + out, (1,) * more + kernel, (1,) * more + step, (0,) * more + pad,
               (1,) * more + dilation)
    return list(axes), (1,) * more + dilation


def _as_volume(input, dims):
    return input if dims == 3 else input.reshape(*input.shape[:input.dim() - dims], *(1,) * (3 - dims),
                                                 *input.shape[input.dim() - dims:])


def _from_volume(x, dims):
    return x if dims == 3 else x.reshape(*x.shape[:-3], *x.shape[3 - dims - 3:])


def volume_max(input, dims, kernel_size, stride, padding, dilation, ceil_mode):
    op, windows = f"max_pool{dims}d", []
    axes, step = _pooling(input, dims, kernel_size, stride, padding, dilation, ceil_mode, op)
    for size, out, k, s, p, d in axes:
        begins = [i * s - p for i in range(out)]
        windows.append(([b if b >= 0 else b + -(b // d) * d for b in begins],
                        [min(b + (k - 1) * d + 1, size) for b in begins]))
    values, indices = ops._max_windows(_as_volume(input, dims), windows, step)
    return _from_volume(values, dims), _from_volume(indices, dims)


def volume_average(input, dims, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    op, windows = f"avg_pool{dims}d", []
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    for size, out, k, s, p, _ in _pooling(input, dims, kernel_size, stride, padding, 1, ceil_mode, op)[0]:
        begins = [i * s - p for i in range(out)]
        starts, stops = [max(b, 0) for b in begins], [min(b + k, size) for b in begins]
        shares = [min(b + k, size + p) - b if count_include_pad else stop - start
                  for b, start, stop in zip(begins, starts, stops)]
        windows.append((starts, stops, shares))
    return _from_volume(ops._average_windows(_as_volume(input, dims), windows, divisor_override), dims)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    values, indices = volume_max(input, 3, kernel_size, stride, padding, dilation, ceil_mode)
    return (values, indices) if return_indices else values


def avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
               divisor_override=None):
    return volume_average(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


# ---- adaptive pooling

def _adaptive(input, output_size, dims, op):
    """The size of the result, and the windows of three axes."""
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D tensor, but got {list(input.shape)}")
    size = input.shape[input.dim() - dims:]
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * dims
    if len(output_size) != dims:
        raise RuntimeError(f"{op}: expected output_size of {dims} numbers, got {list(output_size)}")
    out = [s if o is None else o for s, o in zip(size, output_size)]
    if min(out) < 0:
        raise RuntimeError(f"{op}: elements of output_size must be greater than or equal to 0 but received {out}")
    if 0 in input.shape[input.dim() - dims - (dims + 1 == input.dim()):]:
        raise RuntimeError(f"{op}: Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                           f"{list(input.shape)}")
    windows = []
    for s, o in zip((1,) * (3 - dims) + tuple(size), [1] * (3 - dims) + out):
        starts, stops = [i * s // o for i in range(o)], [-(-(i + 1) * s // o) for i in range(o)]
        windows.append((starts, stops, [b - a for a, b in zip(starts, stops)]))
    return out, windows


def adaptive_avg_pool1d(input, output_size):
    if input.dim() not in (2, 3):
        raise RuntimeError(f"adaptive_avg_pool1d: Expected 2D or 3D tensor, but got {list(input.shape)}")
    size = _line(output_size, "output_size")
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, size)).squeeze(-2)


def adaptive_avg_pool2d(input, output_size):
    out = _adaptive(input, output_size, 2, "adaptive_avg_pool2d")[0]
    if out == [1, 1]:
        return input.mean((-2, -1), keepdim=True)
    height, width = input.shape[-2:]
    if out[0] and out[1] and height % out[0] == 0 and width % out[1] == 0:
        return ops._avg_pool2d(input, (height // out[0], width // out[1]), None, 0, False, True, None)
    return ops._adaptive_avg_pool2d(input, tuple(out))


def adaptive_avg_pool3d(input, output_size):
    return ops._average_windows(input, _adaptive(input, output_size, 3, "adaptive_avg_pool3d")[1], None)


def _adaptive_max(input, output_size, dims):
    windows = _adaptive(input, output_size, dims, f"adaptive_max_pool{dims}d")[1]
    values, indices = ops._max_windows(_as_volume(input, dims), windows, (1, 1, 1))
    return _from_volume(values, dims), _from_volume(indices, dims)


def adaptive_max_pool1d(input, output_size):
    return _adaptive_max(input, output_size, 1)


def adaptive_max_pool2d(input, output_size):
    return _adaptive_max(input, output_size, 2)


def adaptive_max_pool3d(input, output_size):
    return _adaptive_max(input, output_size, 3)


# ---- pooling by chance, by powers, and back

def fractional_max_pool(input, dims, kernel_size, output_size, random_samples):
    kernel = _numbers(kernel_size, dims, "fractional_max_pool", "kernel_size")
    out = _numbers(output_size, dims, "fractional_max_pool", "output_size")
    if input.dim() == dims + 1:
        results = fractional_max_pool(input.unsqueeze(0), dims, kernel, out, random_samples)
        return tuple(x.squeeze(0) for x in results)
    if input.dim() != dims + 2:
        raise RuntimeError(f"fractional_max_pool{dims}d: Expected {dims + 1}D or {dims + 2}D tensor, but got "
                           f"{list(input.shape)}")
    batch, channels, *size = input.shape
    if any(o + k - 1 > s for o, k, s in zip(out, kernel, size)):
        raise RuntimeError(f"fractional_max_pool{dims}d: pool {list(kernel)} and output {list(out)} are too large for "
                           f"input {list(size)}")
    places = None
    for axis, (s, k, o) in enumerate(zip(size, kernel, out)):
        # PyTorch's samples name the last axis first.
        sample = random_samples[:, :, dims - 1 - axis].reshape(batch, channels, 1)
        begins = ctorch.arange(o, device=input.device).to(input.dtype)
        if o > 1:
            alpha = (s - k) / (o - 1)
            begins = ((begins + sample) * alpha).long() - (sample * alpha).long()
            begins[..., -1] = s - k
        else:
            begins = ctorch.full((batch, channels, 1), s - k, dtype=ctorch.int64, device=input.device)
        taps = begins.unsqueeze(-1) + ctorch.arange(k, device=input.device)     # batch, channels, out, kernel
        shape = [batch, channels] + [1] * (2 * dims)
        shape[2 + axis], shape[2 + dims + axis] = o, k
        taps = taps.reshape(shape)
        places = taps if places is None else places * s + taps
    places = places.reshape(batch, channels, *out, -1)
    flat = ops.gather(input.reshape(batch, channels, -1), 2, places.reshape(batch, channels, -1)).reshape(places.shape)
    values, which = flat.max(-1)
    return values, ops.gather(places, places.dim() - 1, which.unsqueeze(-1)).squeeze(-1)


def max_unpool(input, indices, dims, size):
    return _from_volume(ops._unpool(_as_volume(input, dims), _as_volume(indices, dims),
                                    (1,) * (3 - dims) + tuple(size)), dims)
