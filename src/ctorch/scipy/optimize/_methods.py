"""Which derivatives the methods of scipy.optimize.minimize take."""

_GRADIENT = {"cg", "bfgs", "l-bfgs-b", "tnc", "slsqp"}
_PRODUCTS = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
_HESSIAN = {"dogleg", "trust-exact"}


def takes_products(method):
    """Whether a method asks for products of the Hessian with vectors."""
    return isinstance(method, str) and method.lower() in _PRODUCTS


def takes_hessian(method):
    """Whether a method asks for the whole Hessian."""
    return isinstance(method, str) and method.lower() in _HESSIAN


def derivatives_for(method, value, value_and_gradient, hessian, product):
    """The function with all derivatives that a method takes, as keywords of scipy.optimize.minimize.

    A method that is a callable of the user's is given all.
    """
    keywords = {"fun": value_and_gradient, "jac": True}
    if callable(method):
        return keywords | {"hess": hessian, "hessp": product}
    if takes_products(method):
        return keywords | {"hessp": product}
    if takes_hessian(method):
        return keywords | {"hess": hessian}
    return keywords if method.lower() in _GRADIENT else {"fun": value}
