"""Makes a failing program small: what the failure does not need is left out, again and again."""

from dataclasses import replace

from compare import UNEXPLAINED, Comparison


def sort_of(label):
    """What kind of failure a label tells of, for the program that is left must fail alike."""
    where = label.partition(":")[0]
    kind = "step" if "step" in where else where.rstrip("0123456789 ()v")
    return kind, "raises" in label or "only" in label, "requires_grad" in label


def still_fails(program, sort):
    """The label of the failure, if the program fails in the same way."""
    try:
        found = Comparison(program)
    except Exception:
        return None
    return found.label if found.kind == UNEXPLAINED and sort_of(found.label) == sort else None


def candidates(program):
    """Smaller programs, the much smaller ones first."""
    n = len(program.steps)
    size = n // 2
    while size:
        for start in range(n - size, -1, -size):
            yield program.without(range(start, start + size))
        size //= 2
    if len(program.roots) > 1:
        for k in program.roots:
            yield replace(program, roots=tuple(r for r in program.roots if r != k))
    if program.roots:
        yield replace(program, roots=())
    if program.batched:
        yield replace(program, batched=False)
    if program.second:
        yield replace(program, second=False)
    for place, step in enumerate(program.steps):
        if step.without_grad:
            steps = [*program.steps]
            steps[place] = replace(step, without_grad=False)
            yield replace(program, steps=steps)
    for place, leaf in enumerate(program.leaves):
        if leaf.requires_grad:
            leaves = [*program.leaves]
            leaves[place] = replace(leaf, requires_grad=False)
            yield replace(program, leaves=leaves)


def shrunk(program, label):
    """The smallest program found that fails as this one does, and its label."""
    sort, smaller = sort_of(label), True
    while smaller:
        smaller = False
        for candidate in candidates(program):
            candidate = candidate.used()
            said = still_fails(candidate, sort)
            if said:
                program, label, smaller = candidate, said, True
                break
    return program, label
