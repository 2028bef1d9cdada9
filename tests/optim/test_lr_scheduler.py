"""Schedules of learning rates against PyTorch's."""
import copy

import pytest
from mirror import check

import ctorch
from ctorch.optim import lr_scheduler


def optimizer_of(module, rates=(0.5, 0.1), name="SGD", **options):
    groups = [{"params": [module.ones(1, requires_grad=True)], "lr": rate} for rate in rates]
    return getattr(module.optim, name)(groups, lr=0.1, **options)


def rates(optimizer):
    return [
        [float(group["lr"]), group.get("momentum"), group.get("betas")] for group in optimizer.param_groups
    ]


SCHEDULES = {
    "step": lambda s, o: s.StepLR(o, 3, gamma=0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [2, 2, 7], gamma=0.5),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, T_max=5, eta_min=0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.01),
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda epoch: epoch, lambda epoch: 1 / (1 + epoch)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9),
    "linear": lambda s, o: s.LinearLR(o, start_factor=0.25, total_iters=4),
    "linear down": lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=6),
    "constant": lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=4),
    "polynomial": lambda s, o: s.PolynomialLR(o, total_iters=6, power=2.0),
    "one cycle": lambda s, o: s.OneCycleLR(o, max_lr=[1.0, 0.5], total_steps=15),
    "one cycle linear": lambda s, o: s.OneCycleLR(o, max_lr=1.0, epochs=5, steps_per_epoch=3,
                                                  anneal_strategy="linear", pct_start=0.2),
    "one cycle of three": lambda s, o: s.OneCycleLR(o, max_lr=1.0, total_steps=15, three_phase=True,
                                                    cycle_momentum=False),
    "sequential": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9),
                                                  s.StepLR(o, 2)], milestones=[3, 8]),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)]),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_rates(name, kind):
    def act(module):
        optimizer = optimizer_of(module, name=kind, **({"momentum": 0.9} if kind == "SGD" else {}))
        schedule = SCHEDULES[name](module.optim.lr_scheduler, optimizer)
        seen = [rates(optimizer)]
        for _ in range(14):
            optimizer.step()
            schedule.step()
            seen.append([rates(optimizer), list(schedule.get_last_lr())])
        return seen
    check(act, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "name", [n for n in SCHEDULES if not n.startswith("lambda") and n != "multiplicative"]
)
def test_state_goes_on_after_loading(name):
    def act(module):
        first, second = optimizer_of(module, momentum=0.9), optimizer_of(module, momentum=0.9)
        schedule = SCHEDULES[name](module.optim.lr_scheduler, first)
        for _ in range(4):
            first.step()
            schedule.step()
        other = SCHEDULES[name](module.optim.lr_scheduler, second)
        state = schedule.state_dict()
        other.load_state_dict(copy.deepcopy(state))
        second.load_state_dict(first.state_dict())
        for _ in range(5):
            first.step()
            schedule.step()
            second.step()
            other.step()
        return [rates(first), rates(second), sorted(k for k in state if k[0] != "_")]
    ours = check(act)
    assert ours[0] == ours[1]


@pytest.mark.parametrize(
    "name", ["step", "multistep", "exponential", "cosine", "linear", "constant", "polynomial"]
)
def test_step_to_an_epoch(name):
    def act(module):
        optimizer = optimizer_of(module)
        schedule = SCHEDULES[name](module.optim.lr_scheduler, optimizer)
        optimizer.step()
        seen = []
        for epoch in (3, 1, 6, 11):
            schedule.step(epoch)
            seen.append(rates(optimizer))
        return seen
    check(act, rtol=1e-12)


def test_restarts_at_fractional_epochs():
    def act(module):
        optimizer = optimizer_of(module)
        schedule = SCHEDULES["restarts"](module.optim.lr_scheduler, optimizer)
        seen = []
        for epoch in (0.5, 2.9, 3.5, 10.0, 25.5):
            schedule.step(epoch)
            seen.append(rates(optimizer))
        return seen
    check(act, rtol=1e-12)


@pytest.mark.parametrize("options", [
    {}, {"mode": "max"}, {"threshold_mode": "abs", "threshold": 0.3}, {"patience": 0, "cooldown": 2},
    {"patience": 1, "factor": 0.5, "min_lr": [0.2, 0.01]}, {"patience": 1, "eps": 0.05},
    {"mode": "max", "threshold_mode": "abs", "patience": 1},
], ids=str)
def test_reduce_on_plateau(options):
    def act(module):
        optimizer = optimizer_of(module)
        schedule = module.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **{"patience": 2, **options})
        seen = []
        for metric in (5.0, 4.0, 4.0, 4.1, 4.0, 3.9, module.tensor(3.9), 3.9, 3.9, 3.9, 1.0, 1.0, 1.0, 1.0):
            schedule.step(metric)
            seen.append([rates(optimizer), schedule.num_bad_epochs, schedule.cooldown_counter, list(
                schedule.get_last_lr())])
        other = module.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        other.load_state_dict(schedule.state_dict())
        return [seen, other.best, other.mode]
    check(act, rtol=1e-12)


@pytest.mark.parametrize("make", [
    lambda s, o: s.StepLR(3, 3),
    lambda s, o: s.StepLR(o, 3, last_epoch=4),
    lambda s, o: s.LambdaLR(o, [lambda e: 1.0]),
    lambda s, o: s.ConstantLR(o, factor=2.0),
    lambda s, o: s.LinearLR(o, start_factor=0.0),
    lambda s, o: s.LinearLR(o, end_factor=2.0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=0),
    lambda s, o: s.OneCycleLR(o, 1.0),
    lambda s, o: s.OneCycleLR(o, 1.0, total_steps=0),
    lambda s, o: s.OneCycleLR(o, 1.0, epochs=0, steps_per_epoch=3),
    lambda s, o: s.OneCycleLR(o, 1.0, total_steps=5, pct_start=2.0),
    lambda s, o: s.OneCycleLR(o, 1.0, total_steps=5, anneal_strategy="step"),
    lambda s, o: s.OneCycleLR(o, [1.0], total_steps=5, cycle_momentum=False),
    lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
    lambda s, o: s.ReduceLROnPlateau(o, mode="best"),
    lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="best"),
    lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
    lambda s, o: s.SequentialLR(o, [], []),
    lambda s, o: s.SequentialLR(o, [s.ExponentialLR(o, 0.9)], [3]),
    lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
    lambda s, o: s.ChainedScheduler([]),
])
def test_what_is_refused(make):
    check(lambda m: make(m.optim.lr_scheduler, optimizer_of(m)))


def test_stepping_before_the_optimizer_warns():
    def act(module):
        optimizer = optimizer_of(module)
        schedule = module.optim.lr_scheduler.StepLR(optimizer, 1)
        schedule.step()
        return rates(optimizer)
    check(act)


def test_one_cycle_ends():
    def act(module):
        optimizer = optimizer_of(module, momentum=0.9)
        schedule = module.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=3)
        for _ in range(5):
            optimizer.step()
            schedule.step()
    check(act)


def test_rates_kept_in_tensors_are_changed_in_place():
    rate = ctorch.tensor(0.5)
    optimizer = ctorch.optim.SGD([ctorch.ones(1, requires_grad=True)], lr=rate)
    schedule = lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25


def test_callable_objects_keep_their_state():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, epoch):
            return self.factor

    optimizer = optimizer_of(ctorch, rates=(1.0,))
    schedule = lr_scheduler.LambdaLR(optimizer, Scale(0.5))
    other = lr_scheduler.LambdaLR(optimizer, Scale(7.0))
    other.load_state_dict(schedule.state_dict())
    assert other.lr_lambdas[0].factor == 0.5
