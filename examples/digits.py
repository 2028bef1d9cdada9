"""A small convolutional network learns to read handwritten digits, in seconds, on the CPU.

Everything below is plain PyTorch but the first import. `BACKEND=torch python examples/digits.py` runs the
same script on PyTorch; with the same seed the losses are the same.
"""
import argparse
import json
import math
import os
import time
from itertools import islice
from pathlib import Path

if os.environ.get("BACKEND") == "torch":
    import torch
else:
    import ctorch as torch

nn = torch.nn
DataLoader, TensorDataset = torch.utils.data.DataLoader, torch.utils.data.TensorDataset

HELD_OUT = 360


def load_digits():
    """Returns scikit-learn's 1,797 scanned digits, scaled to [0, 1], as a training and a held-out set."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(images))
    held_out, training = order[:HELD_OUT], order[HELD_OUT:]
    return tuple(TensorDataset(images[part], labels[part]) for part in (training, held_out))


class Network(nn.Module):
    """Two convolutions, one pooling, one linear layer: 29 thousand parameters."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classify = nn.Sequential(nn.Dropout(0.5), nn.Flatten(), nn.Linear(64 * 4 * 4, 10))

    def forward(self, images):
        return self.classify(self.features(images))


class Trainer:
    """The network with what trains it: loss, optimizer, schedule and the order of the images."""

    def __init__(self, training, epochs, device="cpu"):
        self.device = device
        self.network = Network().to(device)
        self.loss = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=3e-3)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=epochs)
        self.batches = DataLoader(training, batch_size=64, shuffle=True)

    def epoch(self):
        """Goes once through the training images; yields the loss of each step."""
        self.network.train()
        for images, labels in self.batches:
            self.optimizer.zero_grad()
            loss = self.loss(self.network(images.to(self.device)), labels.to(self.device))
            loss.backward()
            self.optimizer.step()
            yield loss.item()
        self.schedule.step()


def predict(network, images):
    """Returns the scores of the ten classes for each image, in evaluation mode."""
    network.eval()
    with torch.no_grad():
        return network(images)


def train(trainer, held_out, epochs, steps=None):
    """Trains under a progress bar and prints a row per epoch; returns the step losses and the rows."""
    from tqdm import tqdm

    images, labels = (tensor.to(trainer.device) for tensor in held_out.tensors)
    steps = min(steps or math.inf, epochs * len(trainer.batches))
    losses, rows = [], []
    print("epoch   training loss   held-out loss   held-out accuracy   seconds")
    with tqdm(total=steps, unit="step", leave=False, disable=None) as bar:
        while len(losses) < steps:
            start, first = time.perf_counter(), len(losses)
            for loss in islice(trainer.epoch(), steps - first):
                losses.append(loss)
                bar.update()
            scores = predict(trainer.network, images)
            row = {
                "training loss": sum(losses[first:]) / (len(losses) - first),
                "held-out loss": trainer.loss(scores, labels).item(),
                "accuracy": 100 * (scores.argmax(1) == labels).sum().item() / len(labels),
            }
            rows.append(row)
            bar.write(f"{len(rows):5}   {row['training loss']:13.4f}   {row['held-out loss']:13.4f}   "
                      f"{row['accuracy']:15.2f} %   {time.perf_counter() - start:7.2f}")
    return losses, rows


def check_checkpoint(network, images, path):
    """Saves the network, loads it into a new one and checks that both predict the same."""
    torch.save(network.state_dict(), path)
    restored = Network().to(images.device)
    restored.load_state_dict(torch.load(path))
    assert torch.equal(predict(network, images), predict(restored, images)), "the checkpoint differs"


def draw(rows, images, labels, predicted, path):
    """Draws the course of the training beside the held-out images that the network got wrong."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(11, 5), layout="constrained")
    curves, mistakes = figure.subfigures(1, 2, width_ratios=[3, 2], wspace=0.05)
    draw_curves(curves, rows)
    draw_mistakes(mistakes, images, labels, predicted)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_curves(figure, rows):
    """Draws the losses over the accuracy, by epoch."""
    epochs = range(1, len(rows) + 1)
    loss, accuracy = figure.subplots(2, 1, sharex=True)
    for name, colour in (("training loss", "tab:blue"), ("held-out loss", "tab:orange")):
        loss.plot(epochs, [row[name] for row in rows], color=colour, marker=".", label=name)
    loss.set(yscale="log", ylabel="cross-entropy")
    loss.legend(frameon=False)
    accuracy.plot(epochs, [row["accuracy"] for row in rows], color="tab:green", marker=".")
    accuracy.axhline(98, color="grey", linewidth=0.8, linestyle=":")
    accuracy.set(xlabel="epoch", ylabel="held-out accuracy, %")
    accuracy.xaxis.get_major_locator().set_params(integer=True)
    for axes in (loss, accuracy):
        axes.spines[["top", "right"]].set_visible(False)


def draw_mistakes(figure, images, labels, predicted, shown=16):
    """Draws the first images that were got wrong, each under its label and what it was taken for."""
    wrong = [i for i in range(len(labels)) if predicted[i] != labels[i]]
    figure.suptitle(f"{len(wrong)} of {len(labels)} held-out images wrong: true / predicted")
    columns = max(2, math.ceil(math.sqrt(min(len(wrong), shown))))
    for axes, i in zip(figure.subplots(columns, columns).flat, wrong + [None] * columns**2):
        if i is None:
            axes.set_axis_off()
            continue
        axes.imshow(images[i], cmap="gray_r", vmin=0, vmax=1)
        axes.set(title=f"{labels[i]} / {predicted[i]}", xticks=[], yticks=[])
        axes.spines[:].set_color("lightgrey")


def positive(text):
    """Reads a whole number above zero from the command line."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--device", default="cpu", help="where the network lives, cpu or cuda (default: cpu)")
    add("--epochs", type=positive, default=15, help="passes over the training images (default: 15)")
    add("--steps", type=positive, help="stop after this many steps")
    add("--seed", type=int, default=0, help="seed of split, weights, order and dropout (default: 0)")
    add("--losses", type=Path, metavar="FILE", help="write the loss of each step to this JSON file")
    add("--out", type=Path, default=Path("out"), help="folder for checkpoint and picture (default: out)")
    return parser.parse_args()


def main():
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)

    training, held_out = load_digits()
    trainer = Trainer(training, options.epochs, options.device)
    size = sum(parameter.numel() for parameter in trainer.network.parameters())
    print(f"{len(training)} images to learn from, {len(held_out)} held out; {size:,} parameters\n")

    start = time.perf_counter()
    losses, rows = train(trainer, held_out, options.epochs, options.steps)
    seconds = time.perf_counter() - start
    print(f"\ntrained      {len(losses)} steps in {seconds:.1f} s on {options.device}, {torch.__name__}")

    images, labels = (tensor.to(options.device) for tensor in held_out.tensors)
    predicted = predict(trainer.network, images).argmax(1)
    check_checkpoint(trainer.network, images, options.out / "digits.pt")
    print(f"checkpoint   {options.out / 'digits.pt'}, loaded back: the same predictions")
    draw(rows, images[:, 0].cpu().numpy(), labels.tolist(), predicted.tolist(), options.out / "digits.png")
    print(f"picture      {options.out / 'digits.png'}")
    if options.losses:
        options.losses.write_text(json.dumps(losses))


if __name__ == "__main__":
    main()
