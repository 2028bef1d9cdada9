"""Nests of containers taken apart into their leaves and put together again, as the transforms of functions need it."""
from collections import OrderedDict, defaultdict, deque, namedtuple

__all__ = ["LeafSpec", "TreeSpec", "broadcast_prefix", "register_pytree_node", "tree_any", "tree_flatten",
           "tree_leaves", "tree_map", "tree_map_", "tree_structure", "tree_unflatten"]

_Kind = namedtuple("_Kind", ("flatten", "unflatten"))
_kinds = {}


def register_pytree_node(cls, flatten_fn, unflatten_fn):
    """Let trees go through a class of containers.

    Parameters
    ----------
    cls : type
        The class itself; what derives from it are leaves.
    flatten_fn : callable
        From a container to a list of its children and a context, which are told apart by ``==``.
    unflatten_fn : callable
        From the children and the context to a container.
    """
    if cls in _kinds:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _kinds[cls] = _Kind(flatten_fn, unflatten_fn)


def _with_items(pairs, context):
    return zip(context, pairs, strict=True)


_kinds[tuple] = _Kind(lambda x: (list(x), None), lambda c, _: tuple(c))
_kinds[list] = _Kind(lambda x: (x, None), lambda c, _: list(c))
_kinds[dict] = _Kind(lambda x: (list(x.values()), list(x)), lambda c, keys: dict(_with_items(c, keys)))
_kinds[OrderedDict] = _Kind(_kinds[dict].flatten, lambda c, keys: OrderedDict(_with_items(c, keys)))
_kinds[defaultdict] = _Kind(lambda x: (list(x.values()), [x.default_factory, list(x)]),
                            lambda c, made: defaultdict(made[0], _with_items(c, made[1])))
_kinds[deque] = _Kind(lambda x: (list(x), x.maxlen), lambda c, longest: deque(c, maxlen=longest))
_named = _Kind(lambda x: (list(x), type(x)), lambda c, cls: cls(*c))


def _kind_of(cls):
    kind = _kinds.get(cls)
    if kind is None and issubclass(cls, tuple) and hasattr(cls, "_make"):
        return _named
    return kind


class TreeSpec:
    """How a nest is built: its kind, what its kind remembers, and the specs of its children."""

    __slots__ = ("children_specs", "context", "num_leaves", "type")

    def __init__(self, type, context, children_specs):
        self.type, self.context, self.children_specs = type, context, children_specs
        self.num_leaves = sum(c.num_leaves for c in children_specs)

    def is_leaf(self):
        """True for the spec of a single leaf."""
        return self.type is None

    def __eq__(self, other):
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return self is other or (self.type is other.type and self.context == other.context
                                 and self.children_specs == other.children_specs)

    __hash__ = None

    def __repr__(self):
        if self.type is None:
            return "*"
        return f"TreeSpec({self.type.__name__}, {self.context}, {self.children_specs})"


class LeafSpec(TreeSpec):
    """The spec of one leaf."""

    __slots__ = ()

    def __init__(self):
        self.type = self.context = None
        self.children_specs, self.num_leaves = [], 1


_LEAF = LeafSpec()


def tree_flatten(tree, is_leaf=None):
    """The leaves of a nest of tuples, lists, dicts, and its build.

    Parameters
    ----------
    tree : object
        What is in no known container is a leaf.
    is_leaf : callable, optional
        Says of a nest that it is a leaf.

    Returns
    -------
    tuple
        List of leaves, and the TreeSpec that `tree_unflatten` takes.

    Examples
    --------
    >>> from ctorch.utils import _pytree
    >>> leaves, spec = _pytree.tree_flatten({"a": 1, "b": (2, [3])})
    >>> leaves, spec
    ([1, 2, 3], TreeSpec(dict, ['a', 'b'], [*, TreeSpec(tuple, None, [*, TreeSpec(list, None, [*])])]))
    """
    leaves = []
    return leaves, _flatten(tree, leaves, is_leaf)


def _flatten(tree, leaves, is_leaf):
    kind = _kind_of(type(tree))
    if kind is None or (is_leaf is not None and is_leaf(tree)):
        leaves.append(tree)
        return _LEAF
    children, context = kind.flatten(tree)
    return TreeSpec(type(tree), context, [_flatten(c, leaves, is_leaf) for c in children])


def tree_unflatten(leaves, treespec):
    """A nest of the given build with these leaves.

    Examples
    --------
    >>> from ctorch.utils import _pytree
    >>> leaves, spec = _pytree.tree_flatten({"a": 1, "b": (2, [3])})
    >>> _pytree.tree_unflatten("xyz", spec)
    {'a': 'x', 'b': ('y', ['z'])}
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError("tree_unflatten(leaves, treespec): Expected `treespec` to be instance of TreeSpec but got "
                        f"item of type {type(treespec)}.")
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(f"tree_unflatten(leaves, treespec): `leaves` has length {len(leaves)} but the spec refers "
                         f"to a pytree that holds {treespec.num_leaves} items ({treespec}).")
    return _unflatten(iter(leaves), treespec)


def _unflatten(leaves, spec):
    if spec.type is None:
        return next(leaves)
    return _kind_of(spec.type).unflatten([_unflatten(leaves, c) for c in spec.children_specs], spec.context)


def tree_leaves(tree, is_leaf=None):
    """The leaves of a nest."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree, is_leaf=None):
    """The build of a nest."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func, tree, *rests, is_leaf=None):
    """A nest of the same build with func(leaf) for each leaf; further nests of that build give further arguments.

    Examples
    --------
    >>> from ctorch.utils import _pytree
    >>> _pytree.tree_map(lambda a, b: a * b, {"a": 1, "b": (2, 3)}, {"a": 5, "b": (6, 7)})
    {'a': 5, 'b': (12, 21)}
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [flatten_up_to(spec, r) for r in rests]
    return _unflatten(map(func, leaves, *others), spec)


def tree_map_(func, tree, *rests, is_leaf=None):
    """Call func(leaf) for each leaf, for its effect; returns the nest."""
    leaves, spec = tree_flatten(tree, is_leaf)
    for given in zip(leaves, *[flatten_up_to(spec, r) for r in rests]):
        func(*given)
    return tree


def tree_any(predicate, tree, is_leaf=None):
    """True where the predicate holds for a leaf."""
    return any(map(predicate, tree_leaves(tree, is_leaf)))


def flatten_up_to(spec, tree):
    """The parts of a nest that stand where a spec has its leaves."""
    parts = []
    _flatten_up_to(spec, tree, parts)
    return parts


def _flatten_up_to(spec, tree, parts):
    if spec.type is None:
        parts.append(tree)
        return
    if type(tree) is not spec.type:
        raise ValueError(f"Node type mismatch; expected {spec.type}, but got {type(tree)}.")
    children, context = _kind_of(spec.type).flatten(tree)
    if len(children) != len(spec.children_specs) or context != spec.context:
        raise ValueError(f"Node mismatch; expected {spec.context if context is not None else ''} with "
                         f"{len(spec.children_specs)} children, but got {context if context is not None else ''} "
                         f"with {len(children)}.")
    for child_spec, child in zip(spec.children_specs, children):
        _flatten_up_to(child_spec, child, parts)


def broadcast_prefix(tree, spec):
    """One leaf of `tree` for each leaf of the spec, whose build `tree` has from the top down; None where it has not."""
    found = []
    return found if _broadcast(tree, spec, found) else None


def _broadcast(tree, spec, found):
    kind = _kind_of(type(tree))
    if kind is None:
        found.extend([tree] * spec.num_leaves)
        return True
    if type(tree) is not spec.type:
        return False
    children, context = kind.flatten(tree)
    return (context == spec.context and len(children) == len(spec.children_specs)
            and all(_broadcast(c, s, found) for c, s in zip(children, spec.children_specs)))
