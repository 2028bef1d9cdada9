"""Operations on four floats: what a call costs beside the arithmetic."""
from .harness import Statement

TITLE = "Small operations, 4 floats"


def plain(torch):
    return {"a": torch.rand(4), "b": torch.rand(4)}


def recorded(torch):
    return {"a": torch.rand(4, requires_grad=True), "b": torch.rand(4)}


def function(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            x, = ctx.saved_tensors
            return 3 * g * x * x

    return {"f": Cube.apply, "a": torch.rand(4, requires_grad=True), "g": torch.ones(4)}


def transformed(torch):
    from importlib import import_module

    func = import_module(f"{torch.__name__}.func")
    return {"jvp": func.jvp, "jacfwd": func.jacfwd(lambda x: (x * x).sin() * x.sum()),
            "f": lambda x: (x * x).sin() * x.sum(), "a": torch.rand(4), "t": torch.ones(4)}


def vmapped(torch):
    w = torch.rand(4)
    return {"v": torch.func.vmap(torch.func.grad(lambda x: (torch.sin(x) * w).sum())), "x": torch.rand(8, 4)}


CASES = [
    Statement("a + b", plain, 0.15),
    Statement("a * b", plain, 0.15),
    Statement("a.sum()", plain, 0.15),
    Statement("a + b", recorded, 0.12, "a + b, recorded"),
    Statement("a * b", recorded, 0.12, "a * b, recorded"),
    Statement("a.sum()", recorded, 0.12, "a.sum(), recorded"),
    Statement("(a * b).sum().backward()", recorded, 0.05),
    Statement("f(a)", function, 0.3, "autograd.Function"),
    Statement("f(a).backward(g)", function, 0.3, "autograd.Function, backward"),
    Statement("jvp(f, (a,), (t,))", transformed, 0.3, "func.jvp"),
    Statement("jacfwd(a)", transformed, 0.5, "func.jacfwd"),
    Statement("v(x)", vmapped, 0.5, "func.vmap of func.grad"),
]
