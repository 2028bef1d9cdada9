"""Nests taken apart and put together, as PyTorch's helper does it."""
from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest
from mirror import needs_torch, torch

import ctorch
from ctorch.utils import _pytree

Point = namedtuple("Point", ("x", "y"))
TREES = [1, None, (), [], {}, (1, [2, {"b": 3, "a": (4,)}]), OrderedDict([("z", 1), ("a", [2])]),
         defaultdict(list, {"k": (1, 2)}), deque([1, [2]], maxlen=3), Point(1, (2, 3)), [Point(None, {})]]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_flatten_and_back(tree):
    leaves, spec = _pytree.tree_flatten(tree)
    assert torch is None or leaves == torch.utils._pytree.tree_flatten(tree)[0]
    back = _pytree.tree_unflatten(leaves, spec)
    assert back == tree and type(back) is type(tree)
    assert spec.num_leaves == len(leaves)
    doubled = _pytree.tree_map(lambda a: (a, a), tree)
    assert _pytree.tree_leaves(doubled, is_leaf=lambda x: type(x) is tuple and x in [(a, a) for a in leaves]) == [
        (a, a) for a in leaves]


def test_specs_are_compared_by_build():
    first, other = [_pytree.tree_structure(t) for t in ((1, [2]), (3, [4]))]
    assert first == other and first != _pytree.tree_structure((1, (2,)))
    assert first != _pytree.tree_structure((1, [2, 3]))
    assert repr(first) == "TreeSpec(tuple, None, [*, TreeSpec(list, None, [*])])"
    assert _pytree.tree_structure(1).is_leaf() and not first.is_leaf()


def test_return_types():
    found = ctorch.max(ctorch.tensor([[1.0, 3.0]]), dim=1)
    again = _pytree.tree_map(lambda x: x + 1, found)
    assert type(again) is type(found) and again.values.tolist() == [4.0] and again.indices.tolist() == [2]


def test_several_trees():
    assert _pytree.tree_map(lambda a, b: a + b, {"a": 1, "b": [2]}, {"a": 10, "b": [20]}) == {"a": 11, "b": [22]}
    with pytest.raises(ValueError, match="Node type mismatch"):
        _pytree.tree_map(lambda a, b: a, [1], (1,))
    with pytest.raises(ValueError, match="Node mismatch"):
        _pytree.tree_map(lambda a, b: a, [1], [1, 2])
    seen = []
    assert _pytree.tree_map_(seen.append, [1, (2,)]) == [1, (2,)] and seen == [1, 2]
    assert _pytree.tree_any(lambda x: x == 2, [1, (2,)]) and not _pytree.tree_any(lambda x: x == 3, [1, (2,)])


@needs_torch
@pytest.mark.parametrize("prefix", [0, None, (0, 1), (0, [1, 2]), [0, 1], (0,)], ids=repr)
def test_prefixes(prefix):
    reference = torch.utils._pytree
    tree = ("a", ["b", "c"])
    want = reference._broadcast_to_and_flatten(prefix, reference.tree_flatten(tree)[1])
    assert _pytree.broadcast_prefix(prefix, _pytree.tree_structure(tree)) == want


def test_own_containers():
    class Box:
        def __init__(self, inside):
            self.inside = inside

    _pytree.register_pytree_node(Box, lambda b: ([b.inside], None), lambda c, _: Box(c[0]))
    assert _pytree.tree_map(lambda x: x + 1, [Box((1, 2))])[0].inside == (2, 3)
    with pytest.raises(ValueError, match="already registered"):
        _pytree.register_pytree_node(Box, None, None)


def test_refusals():
    spec = _pytree.tree_structure((1, 2))
    with pytest.raises(ValueError, match="has length 1"):
        _pytree.tree_unflatten([1], spec)
    with pytest.raises(TypeError, match="TreeSpec"):
        _pytree.tree_unflatten([1], (1, 2))
