"""A long chain of recorded operations: the cost of the tape per node, backward and freed."""
import time

from .harness import Sampled

TITLE = "A chain of 1,000,000 operations (torch: 100,000), per node"


def chain(torch, length):
    """Returns a leaf and the end of a chain of `length` products that starts at it."""
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(length):
        y = y * 1.0
    return x, y


def times(torch):
    """Returns the seconds per node: recorded, backward with the graph kept, freed, backward and freed."""
    length = 100_000 if torch.__name__ == "torch" else 1_000_000
    clock = time.perf_counter
    start = clock()
    x, y = chain(torch, length)
    recorded = clock()
    y.backward(retain_graph=True)
    backward = clock()
    del y
    freed = clock()
    x, y = chain(torch, length)
    again = clock()
    y.backward()
    del y, x
    end = clock()
    spans = (recorded - start, backward - recorded, freed - backward, end - again)
    return [span / length for span in spans]


CASES = [Sampled(["recording", "backward, graph kept", "freeing", "backward and freeing"],
                 times, [None, None, None, 0.1])]
