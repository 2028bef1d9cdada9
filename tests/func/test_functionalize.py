"""functionalize: what a function does is kept, within other transforms too."""
import pytest
from mirror import check, torch_with_func

torch_with_func()


def changes(x):
    y = x.clone()
    y[0].add_(1)
    return y.view(-1).sin_()


@pytest.mark.parametrize("remove", ["mutations", "mutations_and_views"])
def test_does_the_same(remove):
    def act(torch):
        f = torch.func.functionalize(changes, remove=remove)
        x = torch.arange(6.0).view(2, 3)
        return f(x), torch.func.vmap(f)(x), torch.func.jacrev(f)(x), f.__name__
    check(act, warn=False)               # PyTorch's own copies of views warn


def test_arguments_are_changed_as_ever():
    def act(torch):
        x = torch.zeros(3)
        return torch.func.functionalize(lambda a, *, by: a.add_(by))(x, by=2), x
    check(act)


def test_only_two_things_can_be_removed():
    check(lambda torch: torch.func.functionalize(changes, remove="views")(torch.ones(2)))
