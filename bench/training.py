"""Training: a step of a small perceptron, an epoch of the demo, and the demo's first losses."""
import importlib.util
import os
from itertools import islice
from pathlib import Path

from .harness import Limit, Statement, backends

TITLE = "Training"
DIGITS = Path(__file__).parent.parent / "examples" / "digits.py"


def perceptron(torch):
    """Returns a namespace with `step()`: one training step of 784-512-512-10 with Adam at batch 64."""
    torch.manual_seed(0)
    nn = torch.nn
    network = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    images, labels = torch.randn(64, 784), torch.randint(0, 10, (64,))

    def step():
        optimizer.zero_grad()
        criterion(network(images), labels).backward()
        optimizer.step()

    return {"step": step}


def demo(torch):
    """Loads examples/digits.py on the given backend; returns its trainer, seeded as the script does."""
    os.environ["BACKEND"] = torch.__name__
    spec = importlib.util.spec_from_file_location(f"digits_on_{torch.__name__}", DIGITS)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    del os.environ["BACKEND"]
    torch.manual_seed(0)
    training, _ = script.load_digits()
    return script.Trainer(training, epochs=15)


def first_losses(torch, count=50):
    trainer = demo(torch)
    losses = []
    while len(losses) < count:
        losses += islice(trainer.epoch(), count - len(losses))
    return losses


def loss_difference():
    """Returns the largest relative difference between the demo's first 50 losses on both backends."""
    ours, theirs = backends()
    if theirs is None:
        return None
    return max(abs(a - b) / abs(b) for a, b in zip(first_losses(ours), first_losses(theirs)))


CASES = [
    Statement("step()", perceptron, 0.6, "step of 784-512-512-10, Adam, batch 64"),
    Statement("for loss in trainer.epoch(): pass", lambda torch: {"trainer": demo(torch)}, 1.0,
              "epoch of the demo"),
    Limit("first 50 losses of the demo", "relative difference", loss_difference, 1e-4),
]
