"""Sums of products in Einstein's notation, as a chain of matrix products."""
import functools
import math
import operator
import string

import ctorch
from ctorch import _functions as ops

__all__ = ["chain_matmul", "einsum"]

LETTERS = string.ascii_uppercase + string.ascii_lowercase        # by number, as sublists count them


def einsum(equation, *operands):
    """Sum of products of the elements of tensors over indices that the equation names.

    See https://docs.pytorch.org/docs/stable/generated/torch.einsum.html

    Parameters
    ----------
    equation : str
        Indices of each operand, with commas between, and after an arrow those of the result; an ellipsis stands for
        the dimensions that are not named. Or the first operand, followed by a list of numbers of indices, and so on.
    *operands : Tensor
        The tensors.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.einsum("ij,jk->ik", ctorch.ones(2, 3), ctorch.ones(3, 2))
    tensor([[3., 3.],
            [3., 3.]])
    """
    if isinstance(equation, ctorch.Tensor):
        equation, operands = _from_sublists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    if len(operands) == 1:
        order, gone = _alone(equation, operands[0].dim())
        if order is not None:
            x = operands[0].permute(order)
            return x.sum(gone) if gone else x
    terms, result = _parse(equation, tuple(x.dim() for x in operands))
    if len(operands) == 2:
        plan = _plan(equation, tuple(operands[0].shape), tuple(operands[1].shape))
        if plan is not None and operands[0].dtype == operands[1].dtype:
            return _carried_out(plan, *operands)
    elif len(operands) > 2 and len({x.dtype for x in operands}) == 1:
        steps = _steps(equation, tuple(tuple(x.shape) for x in operands))
        if steps is not None:
            return _in_turns(steps, list(operands))
    sizes = _sizes(terms, operands)
    rank = _rank(terms, result)
    alike = len({x.dtype for x in operands}) == 1
    pairs = [_sorted(*_without_repeats(x, labels), rank) for x, labels in zip(operands, terms)]
    while True:
        kept = set(result)
        pairs = [_summed(x, labels, kept.union(*(other for j, (_, other) in enumerate(pairs) if j != i)))
                 for i, (x, labels) in enumerate(pairs)]
        if len(pairs) == 1:
            break
        i, j = _cheapest(pairs, sizes, kept)
        (b, second), (a, first) = pairs.pop(j), pairs.pop(i)
        needed = kept.union(*(labels for _, labels in pairs))
        pairs.append(_sorted(*_product(a, first, b, second, needed, rank, alike), rank))
    x, labels = pairs[0]
    missing = [label for label in result if label not in labels]         # size one, dropped on the way
    x = x.reshape(*x.shape, *[1] * len(missing)) if missing else x
    labels = [*labels, *missing]
    x = x.permute([labels.index(label) for label in result]) if labels != result else x
    wanted = [sizes[label] for label in result]
    return x if list(x.shape) == wanted else x.expand(wanted)


# ---- reading

def _from_sublists(args):
    operands, terms = [], []
    args = list(args)
    while len(args) >= 2:
        operands.append(args.pop(0))
        terms.append(_term(args.pop(0)))
    return ",".join(terms) + ("->" + _term(args[0]) if args else ""), tuple(operands)


def _term(sublist):
    text = ""
    for n in sublist:
        if n is not Ellipsis and not 0 <= n < len(LETTERS):
            raise RuntimeError(f"einsum(): subscript in subscript list is not within the valid range [0, 52), got {n}")
        text += "..." if n is Ellipsis else LETTERS[n]
    return text


def _labels(text, what):
    found = []
    rest = text.replace(" ", "")
    while rest:
        if rest.startswith("..."):
            if "..." in found:
                raise RuntimeError(f"einsum(): found '.' for {what} for which an ellipsis was already found")
            found.append("...")
            rest = rest[3:]
            continue
        if rest[0] == ".":
            raise RuntimeError(f"einsum(): found '.' for {what} that is not part of any ellipsis")
        if rest[0] not in LETTERS:
            raise RuntimeError(f"einsum(): invalid subscript given at index {text.index(rest[0])} in the equation "
                               f"string, subscripts must be in [a-zA-Z]")
        found.append(rest[0])
        rest = rest[1:]
    return found


@functools.lru_cache(256)
def _parse(equation, ndims):
    """The labels of each operand and of the result; dimensions under an ellipsis are numbered from the last."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        more = "fewer" if len(ndims) < len(terms) else "more"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    found, width = [], 0
    for i, (text, ndim) in enumerate(zip(terms, ndims)):
        labels = _labels(text, f"operand {i}")
        hidden = ndim - (len(labels) - ("..." in labels))
        if ("..." not in labels and hidden) or hidden < 0:
            raise RuntimeError(f"einsum(): the number of subscripts in the equation ({len(labels)}) does not match the "
                               f"number of dimensions ({ndim}) for operand {i} and no ellipsis was given"
                               if "..." not in labels else
                               f"einsum(): the number of subscripts in the equation ({len(labels) - 1}) is more than "
                               f"the number of dimensions ({ndim}) for operand {i}")
        width = max(width, hidden if "..." in labels else 0)
        found.append(_spelled(labels, hidden))
    every = list(range(-width, 0))
    if arrow:
        result = _labels(right, "the output")
        result = [*_spelled(result, width)] if "..." in result else result
        for label in result:
            if result.count(label) > 1:
                raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
            if not any(label in labels for labels in found):
                raise RuntimeError(f"einsum(): output subscript {label} does not appear in the equation for any input "
                                   "operand")
    else:
        letters = [label for labels in found for label in labels if isinstance(label, str)]
        result = every + sorted(label for label in set(letters) if letters.count(label) == 1)
    return found, result


def _spelled(labels, hidden):
    return [name for label in labels for name in (range(-hidden, 0) if label == "..." else (label,))]


def _sizes(terms, operands):
    sizes = {}
    for i, (labels, x) in enumerate(zip(terms, operands)):
        own = {}
        for label, size in zip(labels, x.shape):
            if own.setdefault(label, size) != size:
                raise RuntimeError(f"einsum(): subscript {label} is repeated for operand {i} but the sizes don't "
                                   f"match, {size} != {own[label]}")
        for label, size in own.items():
            known = sizes.get(label, 1)
            if size != known and 1 not in (size, known):
                raise RuntimeError(f"einsum(): operands do not broadcast with remapped shapes [original->remapped]: "
                                   f"subscript {label} has size {size} for operand {i} which does not broadcast with "
                                   f"previously seen size {known}")
            sizes[label] = size if known == 1 else known
    return sizes


# ---- one operand

@functools.lru_cache(256)
def _alone(equation, ndim):
    """The order in which the dimensions of the result come first, and which are summed; None with diagonals."""
    (labels,), result = _parse(equation, (ndim,))
    if len(set(labels)) < len(labels):
        return None, None
    rank = _rank((labels,), result)
    return [labels.index(label) for label in sorted(labels, key=rank.get)], tuple(range(len(result), ndim))


# ---- the common case, two operands of which nothing but a product, of matrices or of elements, is asked

@functools.lru_cache(256)
def _plan(equation, first_shape, second_shape):
    """Orders and shapes around one product, or None where the equation needs more."""
    (first, second), result = _parse(equation, (len(first_shape), len(second_shape)))
    sizes = dict(zip(second, second_shape)) | dict(zip(first, first_shape))
    whole = len(set(first)) == len(first) and len(set(second)) == len(second)
    agree = all(sizes[label] == n for label, n in zip(second, second_shape))
    if not (whole and agree and set(first) ^ set(second) <= set(result)):
        return None
    rank = _rank((first, second), result)
    batch, inside, left, right = _groups(sorted(first, key=rank.get), sorted(second, key=rank.get), result)
    turned = _turned(left, right, rank)
    if not inside:                   # element by element, each operand of size one where the other has a label alone
        orders = [[labels.index(i) for i in result if i in labels] for labels in (first, second)]
        shapes = [[sizes[i] if i in labels else 1 for i in result] for labels in (first, second)]
        return (operator.mul, [*(None if order == sorted(order) else order for order in orders), None], shapes,
                [sizes[i] for i in result], False)
    if turned:
        first, second, left, right = second, first, right, left
    many, rows, depth, columns = (math.prod(sizes[i] for i in group) for group in (batch, left, inside, right))
    orders = [[labels.index(i) for i in order] for labels, order in
              ((first, batch + left + inside), (second, batch + inside + right), (batch + left + right, result))]
    orders = [None if order == list(range(len(order))) else order for order in orders]
    shapes = [[many, rows, depth], [many, depth, columns]] if batch else [[rows, depth], [depth, columns]]
    return ops.bmm if batch else ops.mm, orders, shapes, [sizes[i] for i in batch + left + right], turned


@functools.lru_cache(256)
def _steps(equation, shapes):
    """Pairs of operands to multiply in turn and the plans for them, or None where the equation needs more."""
    terms, result = _parse(equation, tuple(map(len, shapes)))
    sizes = {label: n for labels, shape in zip(terms, shapes) for label, n in zip(labels, shape)}
    plain = all(isinstance(label, str) for labels in terms for label in labels)
    agree = all(sizes[label] == n for labels, shape in zip(terms, shapes) for label, n in zip(labels, shape))
    if not (plain and agree):
        return None
    steps, left = [], [(_Counted(shape), labels) for labels, shape in zip(terms, shapes)]
    while len(left) > 1:
        i, j = _cheapest(left, sizes, set(result))
        (_, second), (_, first) = left.pop(j), left.pop(i)
        needed = set(result).union(*(labels for _, labels in left))
        made = result
        if left:                     # what is summed later comes last, as products of matrices want it
            made = [label for label in dict.fromkeys([*first, *second]) if label in needed]
            made.sort(key=lambda label: label not in result)
        plan = _plan(f"{''.join(first)},{''.join(second)}->{''.join(made)}",
                     *(tuple(sizes[label] for label in labels) for labels in (first, second)))
        if plan is None:
            return None
        steps.append((i, j, plan))
        left.append((_Counted([sizes[label] for label in made]), made))
    return steps


class _Counted:
    """A shape in place of a tensor of it."""

    def __init__(self, shape):
        self.shape = shape

    def numel(self):
        return math.prod(self.shape)


def _in_turns(steps, operands):
    for i, j, plan in steps:
        b, a = operands.pop(j), operands.pop(i)
        operands.append(_carried_out(plan, a, b))
    return operands[0]


def _carried_out(plan, a, b):
    product, (first, second, last), (rows, columns), shape, turned = plan
    if turned:
        a, b = b, a
    a = a if first is None else a.permute(first)
    b = b if second is None else b.permute(second)
    y = product(a if list(a.shape) == rows else a.reshape(rows), b if list(b.shape) == columns else b.reshape(columns))
    y = y if list(y.shape) == shape else y.reshape(shape)
    return y if last is None else y.permute(last)


# ---- computing

def _without_repeats(x, labels):
    """The diagonal of dimensions that have one label."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            x = x.diagonal(0, i, j)
            del labels[j], labels[i]
            labels.append(label)
    return x, labels


def _summed(x, labels, needed):
    """Without the dimensions that nothing else names."""
    gone = [i for i, label in enumerate(labels) if label not in needed]
    if not gone:
        return x, labels
    long = [i for i in gone if x.shape[i] != 1]      # of integers sums are int64, as PyTorch's are where it makes any
    x = x.sum(long, True) if long else x
    return x.squeeze(gone), [label for label in labels if label in needed]


def _cheapest(pairs, sizes, kept):
    """Which two operands to multiply next: those whose product grows least."""
    if len(pairs) == 2:
        return 0, 1
    best = None
    for j in range(1, len(pairs)):
        for i in range(j):
            both = {*pairs[i][1], *pairs[j][1]}
            rest = kept.union(*(labels for k, (_, labels) in enumerate(pairs) if k not in (i, j)))
            grown = (math.prod(sizes[label] for label in both & rest)
                     - pairs[i][0].numel() - pairs[j][0].numel())
            cost = (grown, math.prod(sizes[label] for label in both))
            if best is None or cost < best[0]:
                best = (cost, i, j)
    return best[1:]


def _squeezed(x, labels, other, other_labels):
    """Without the dimensions of size one that the other operand has at another size."""
    gone = [i for i, label in enumerate(labels) if x.shape[i] == 1 and label in other_labels
            and other.shape[other_labels.index(label)] != 1]
    for i in reversed(gone):
        x = x.squeeze(i)
    return x, [label for i, label in enumerate(labels) if i not in gone]


def _product(a, first, b, second, needed, rank, alike):
    """Two operands multiplied and summed over the labels that are no longer needed; `alike`: they had one dtype."""
    a, first = _squeezed(a, first, b, second)
    b, second = _squeezed(b, second, a, first)
    a, first = _summed(a, first, {*needed, *second})
    b, second = _summed(b, second, {*needed, *first})
    batch, inside, left, right = _groups(first, second, needed)
    if not inside:
        every = sorted({*first, *second}, key=rank.get)
        a, b = (x.reshape([x.shape[labels.index(i)] if i in labels else 1 for i in every])
                for x, labels in ((a, first), (b, second)))
        return a * b, every
    size = {label: n for labels, x in ((first, a), (second, b)) for label, n in zip(labels, x.shape)}
    many, rows, depth, columns = (math.prod(size[i] for i in group) for group in (batch, left, inside, right))
    if alike and a.dtype != b.dtype:                 # sums of one of them
        a, b = a.long(), b.long()
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}")
    a, b = _ordered(a, first, batch + left + inside), _ordered(b, second, batch + inside + right)
    if batch:
        y = ops.bmm(a.reshape(many, rows, depth), b.reshape(many, depth, columns))
    else:
        y = ops.mm(a.reshape(rows, depth), b.reshape(depth, columns))
    return y.reshape([size[i] for i in batch + left + right]), batch + left + right


def _rank(terms, result):
    """Where each label stands: those of the result in its order, then the others."""
    return {label: i for i, label in enumerate(dict.fromkeys([*result, *(label for term in terms for label in term)]))}


def _sorted(x, labels, rank):
    order = sorted(labels, key=rank.get)
    return _ordered(x, labels, order), order


def _groups(first, second, kept):
    """Labels of both operands that stay and that are summed over, of the first alone and of the second alone."""
    both = [label for label in first if label in second]
    return ([label for label in both if label in kept], [label for label in both if label not in kept],
            [label for label in first if label not in second], [label for label in second if label not in first])


def _turned(left, right, rank):
    """Whether the second operand comes first in a product of matrices, as all its labels do in the result."""
    return bool(left and right) and rank[right[-1]] < rank[left[0]]


def _ordered(x, labels, order):
    return x if labels == order else x.permute([labels.index(label) for label in order])


# ---- chains

def chain_matmul(*matrices, out=None):
    """Product of matrices, in the order of least work.

    See https://docs.pytorch.org/docs/stable/generated/torch.chain_matmul.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.chain_matmul(ctorch.ones(1, 3), ctorch.ones(3, 2), ctorch.ones(2, 1))
    tensor([[6.]])
    """
    if len(matrices) == 1 and isinstance(matrices[0], list | tuple):
        matrices = tuple(matrices[0])
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for x in matrices:
        if x.dim() != 2:
            raise RuntimeError(f"Tensor dimension is {x.dim()}, expected 2 instead.")
    result = _chained(matrices, *_best_splits((matrices[0].shape[0], *[x.shape[1] for x in matrices])))
    if out is None:
        return result
    return out.resize_(result.shape).copy_(result)


@functools.lru_cache(256)
def _best_splits(sizes):
    """Where to split each run of matrices (Cormen et al., Introduction to Algorithms, 15.2)."""
    n = len(sizes) - 1
    cost, split = {(i, i): 0 for i in range(n)}, {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            work = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            split[i, j] = min(work, key=work.get)
            cost[i, j] = work[split[i, j]]
    return split, 0, n - 1


def _chained(matrices, split, i, j):
    if i == j:
        return matrices[i]
    k = split[i, j]
    return ops.mm(_chained(matrices, split, i, k), _chained(matrices, split, k + 1, j))
