"""Datasets, samplers and loaders against PyTorch's: the same seed gives the same batches."""
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from mirror import check

import ctorch
from ctorch.utils.data import DataLoader, Dataset, Subset, TensorDataset

Point = namedtuple("Point", ["x", "y"])


def tensors(module, n=23):
    return module.utils.data.TensorDataset(module.arange(float(3 * n)).view(n, 3), module.arange(n))


def squares(module, n=11):
    class Squares(module.utils.data.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, i):
            return {"square": i * i, "half": i / 2, "name": str(i), "array": np.arange(2) + i,
                    "tensor": module.tensor([i])}
    return Squares()


def counting(module, n=10, report=None):
    class Counting(module.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

        def __len__(self):
            return n if report is None else report
    return Counting()


def epochs(loader, count=2):
    return [list(loader) for _ in range(count)] + [len(loader)]


@pytest.mark.parametrize("data", [tensors, squares, lambda m: list(range(17))])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 4},
        {"batch_size": 4, "shuffle": True},
        {"batch_size": 4, "shuffle": True, "drop_last": True},
        {"batch_size": None},
        {"batch_size": None, "shuffle": True},
        {"batch_size": 100},
        {"batch_sampler": [[0, 3], [5]]},
        {"sampler": [3, 1, 2], "batch_size": 2},
    ],
    ids=str,
)
def test_batches(data, options):
    def act(module):
        loader = module.utils.data.DataLoader(data(module), **options)
        # What is drawn after an epoch shows that it drew as much as PyTorch's.
        return [epochs(loader), module.rand(3)]
    check(act)


def test_batches_with_a_generator():
    def act(module):
        generator = module.Generator()
        generator.manual_seed(3)
        loader = module.utils.data.DataLoader(tensors(module), 5, shuffle=True, generator=generator)
        return [epochs(loader, 3), module.rand(2)]
    check(act)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 3},
        {"batch_size": 3, "drop_last": True},
        {"batch_size": None},
        {"batch_size": 20, "drop_last": True},
    ],
    ids=str,
)
def test_iterable_datasets(options):
    check(lambda m: epochs(m.utils.data.DataLoader(counting(m), **options)))


def test_iterable_dataset_longer_than_it_says_warns():
    def act(module):
        loader = module.utils.data.DataLoader(counting(module, report=1), batch_size=4)
        return [len(loader), list(loader)]
    check(act)


@pytest.mark.parametrize(
    "lengths",
    [[10, 13], [0.5, 0.5], [0.7, 0.2, 0.1], [0.99, 0.01], [23], [10, 10], [0.5, 0.4], [1.5, -0.5]],
    ids=str,
)
def test_random_split(lengths):
    def act(module):
        parts = module.utils.data.random_split(tensors(module), lengths)
        return [list(part.indices) for part in parts]
    check(act)


def test_random_split_with_a_generator():
    def act(module):
        generator = module.Generator()
        generator.manual_seed(42)
        parts = module.utils.data.random_split(range(50), [0.8, 0.2], generator)
        return [list(part.indices) for part in parts]
    check(act)


def test_subset_of_a_subset_loads_as_torch_does():
    def act(module):
        data = module.utils.data
        part = data.Subset(data.Subset(tensors(module), [9, 8, 7, 3, 2]), [4, 0, 2])
        return [list(data.DataLoader(part, 2)), part[1], part[[0, 2]], len(part)]
    check(act)


@pytest.mark.parametrize("make", [
    lambda d, m: d.SequentialSampler(range(5)),
    lambda d, m: d.RandomSampler(range(9)),
    lambda d, m: d.RandomSampler(range(9), num_samples=20),
    lambda d, m: d.RandomSampler(range(9), num_samples=4),
    lambda d, m: d.RandomSampler(range(9), replacement=True),
    lambda d, m: d.RandomSampler(range(9), replacement=True, num_samples=70),
    lambda d, m: d.RandomSampler(range(9), generator=m.Generator().manual_seed(4)),
    lambda d, m: d.SubsetRandomSampler([5, 6, 9, 1]),
    lambda d, m: d.BatchSampler(range(7), 3, False),
    lambda d, m: d.BatchSampler(range(7), 3, True),
    lambda d, m: d.BatchSampler(d.RandomSampler(range(7)), 3, False),
])
def test_samplers(make):
    def act(module):
        sampler = make(module.utils.data, module)
        return [list(sampler), list(sampler), len(sampler)]
    check(act)


@pytest.mark.parametrize("replacement", [True, False])
def test_weighted_sampler(replacement):
    check(lambda m: list(m.utils.data.WeightedRandomSampler([0.1, 0.0, 3.0, 1.0], 3, replacement)))


@pytest.mark.parametrize("make", [
    lambda d, m: d.RandomSampler(range(0)),
    lambda d, m: d.RandomSampler(range(3), num_samples=0),
    lambda d, m: d.RandomSampler(range(3), replacement=1),
    lambda d, m: d.WeightedRandomSampler([1.0], 0),
    lambda d, m: d.WeightedRandomSampler([1.0], 1, replacement=1),
    lambda d, m: d.WeightedRandomSampler([[1.0]], 1),
    lambda d, m: d.BatchSampler(range(3), 0, False),
    lambda d, m: d.BatchSampler(range(3), 2, 1),
    lambda d, m: d.DataLoader(range(3), num_workers=-1),
    lambda d, m: d.DataLoader(range(3), timeout=-1),
    lambda d, m: d.DataLoader(range(3), prefetch_factor=2),
    lambda d, m: d.DataLoader(range(3), persistent_workers=True),
    lambda d, m: d.DataLoader(range(3), shuffle=True, sampler=[1]),
    lambda d, m: d.DataLoader(range(3), batch_sampler=[[1]], batch_size=2),
    lambda d, m: d.DataLoader(range(3), batch_size=None, drop_last=True),
    lambda d, m: d.DataLoader(range(3), batch_size=0),
    lambda d, m: d.DataLoader(counting(m), shuffle=True),
    lambda d, m: d.DataLoader(counting(m), sampler=[1]),
    lambda d, m: d.DataLoader(counting(m), batch_sampler=[[1]]),
    lambda d, m: setattr(d.DataLoader(range(3)), "batch_size", 4),
    lambda d, m: d.TensorDataset(m.zeros(2), m.zeros(3)),
    lambda d, m: d.ConcatDataset([]),
    lambda d, m: d.ConcatDataset([counting(m)]),
    lambda d, m: d.ConcatDataset([range(3)])[-4],
    lambda d, m: list(d.ChainDataset([range(3)])),
    lambda d, m: d.StackDataset(),
    lambda d, m: d.StackDataset(range(3), range(4)),
    lambda d, m: d.StackDataset(range(3), a=range(3)),
    lambda d, m: d.Dataset()[0],
    lambda d, m: iter(d.Sampler()),
    lambda d, m: d.default_collate([object()]),
    lambda d, m: d.default_collate([[1, 2], [1]]),
    lambda d, m: d.default_collate([np.array(["a"])]),
    lambda d, m: d.default_collate([m.zeros(2), m.zeros(3)]),
    lambda d, m: list(d.DataLoader(range(3), pin_memory=True)),
])
def test_what_is_refused_or_warned_of(make):
    check(lambda m: None if make(m.utils.data, m) is None else "made")


def test_workers_are_not_available():
    with pytest.raises(NotImplementedError, match="num_workers=2"):
        DataLoader(range(3), num_workers=2)


@pytest.mark.parametrize("samples", [
    [1, 2], [0.5, 1.5], ["a", "b"], [b"a"], [True, False], [(1, "a"), (2, "b")], [[1, 2.0], [3, 4.0]],
    [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}], [Point(1, 2.0), Point(3, 4.0)],
    [OrderedDict(a=1), OrderedDict(a=2)], [np.float32(1), np.float32(2)], [np.int16(1), np.int16(2)],
    [np.arange(3), np.arange(3)], [np.bool_(True), np.bool_(False)],
], ids=str)
def test_default_collate(samples):
    check(lambda m: m.utils.data.default_collate(samples))
    check(lambda m: [m.utils.data.default_convert(sample) for sample in samples])


def test_default_collate_keeps_types():
    batch = ctorch.utils.data.default_collate([Point(1, 2), Point(3, 4)])
    assert type(batch) is Point
    assert type(ctorch.utils.data.default_collate([OrderedDict(a=1)])) is OrderedDict


def test_datasets_of_datasets():
    def act(module):
        data = module.utils.data
        joined = data.ConcatDataset([range(3), range(10, 12)])
        plus = tensors(module, 2) + tensors(module, 3)
        chain = data.ChainDataset([counting(module, 2), counting(module, 3)])
        stacked = data.StackDataset(tensors(module, 4), range(4))
        named = data.StackDataset(a=range(4), b=tensors(module, 4))
        return [
            len(joined),
            [joined[i] for i in range(-5, 5)],
            list(joined.cumulative_sizes),
            len(plus),
            plus[3],
            list(chain),
            len(chain),
            list(counting(module, 1) + counting(module, 2)),
            stacked[1],
            len(stacked),
            list(data.DataLoader(stacked, 3)),
            named[2],
            list(data.DataLoader(named, 3)),
        ]
    check(act)


# ---- the short way of tensor datasets

class Watched(TensorDataset):
    """Counts how samples are asked for."""

    def __init__(self, *args):
        super().__init__(*args)
        self.singles = 0

    def __getitem__(self, index):
        self.singles += 1
        return super().__getitem__(index)


def test_rows_of_tensors_are_fetched_as_a_batch(monkeypatch):
    data = TensorDataset(ctorch.arange(6), ctorch.ones(6, 2))
    monkeypatch.setattr(TensorDataset, "__getitems__", lambda *args: pytest.fail("fetched one by one"))
    for dataset in (data, Subset(data, [5, 4, 3]), Subset(Subset(data, [5, 4, 3]), [1, 2])):
        assert all(len(x) == len(y) for x, y in DataLoader(dataset, 2))
    assert [x.tolist() for x, _ in DataLoader(Subset(data, [5, 4, 3]), 2)] == [[5, 4], [3]]


def test_a_collate_function_of_the_user_gets_samples():
    data = TensorDataset(ctorch.arange(4), ctorch.ones(4, 2))
    seen = list(DataLoader(Subset(data, [3, 1]), 2, collate_fn=lambda samples: samples))
    assert [(x.item(), y.tolist()) for x, y in seen[0]] == [(3, [1, 1]), (1, [1, 1])]


def test_overridden_items_are_respected():
    data = Watched(ctorch.arange(4))
    assert [x.tolist() for x, in DataLoader(data, 2)] == [[0, 1], [2, 3]]
    assert data.singles == 4
    assert [x.tolist() for x, in DataLoader(Subset(data, [3, 2]), 2)] == [[3, 2]]
    assert data.singles == 6

    with pytest.raises(NotImplementedError, match="__getitems__"):
        type("Half", (Subset,), {"__getitem__": lambda self, i: i})(data, [0])


def test_batches_are_new_memory():
    source = ctorch.zeros(4, 2)
    (batch,), _ = DataLoader(TensorDataset(source), 2)
    batch.fill_(1)
    assert source.sum().item() == 0


def test_getitems_of_the_user_is_used():
    class Batched(Dataset):
        def __len__(self):
            return 4

        def __getitems__(self, indices):
            return [10 * i for i in indices]

    assert [batch.tolist() for batch in DataLoader(Batched(), 3)] == [[0, 10, 20], [30]]


def test_get_worker_info():
    assert ctorch.utils.data.get_worker_info() is None
