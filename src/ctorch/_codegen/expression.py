"""The expression language of ops/*.toml: a checked subset of Python, printed as kernel code or as Tensor code.

An expression is parsed once by `ast`. A printer turns it into the text of one target: `Cython` for the CPU kernels
of one dtype, `Cuda` for those of a device, `Tensors` for code on whole tensors (the derivative of a derivative). A
further target is a further subclass of `Printer`, or of `Scalar` where it works on one element.
"""
import ast

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.BitAnd: "&", ast.BitOr: "|",
          ast.BitXor: "^"}
COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}

# What an elementwise expression may call, with the number of arguments.
FUNCTIONS = dict.fromkeys("""
    exp exp2 expm1 log log1p log2 log10 tanh sigmoid erf erfc erfinv sin cos tan asin acos atan sinh cosh asinh
    acosh atanh sqrt rsqrt floor ceil round trunc abs sign sgn conj lgamma digamma isnan isinf angle reciprocal
    bitnot real imag gelu
""".split(), 1) | dict.fromkeys("""
    atan2 pow fmod remainder floordiv truncdiv fmin fmax maximum minimum copysign hypot logaddexp logaddexp2
    nextafter shift_left shift_right
""".split(), 2)

# Functions of _kernels/special.h, which have no form for CUDA devices, with the number of arguments.
SPECIAL = dict.fromkeys("""
    i0 i0e i1 i1e bessel_j0 bessel_j1 bessel_y0 bessel_y1 modified_bessel_k0 modified_bessel_k1
    scaled_modified_bessel_k0 scaled_modified_bessel_k1 ndtr ndtri log_ndtr erfcx airy_ai spherical_bessel_j0
    trigamma signbit mantissa exponent
""".split(), 1) | dict.fromkeys("igamma igammac zeta polygamma nextafter gcd lcm".split(), 2) | {"polynomial": 3}
FUNCTIONS |= SPECIAL
# Those of them that need SciPy's functions, and those whose rows are of ctorch.special only.
OF_SCIPY = {"igamma", "igammac"}
PRIVATE = {*SPECIAL} - {"i0", "igamma", "igammac", "polygamma"}
# All functions that need the header, and those that are also there for whole arrays of floats.
OF_HEADER = {*SPECIAL, "erfinv", "lgamma", "digamma"}
ARRAYS = {"exp", "log", "log2", "log10", "tanh", "sqrt", "gelu", "erfinv", "lgamma", "digamma"} | {
    n for n, count in SPECIAL.items() if count == 1} - {
    "signbit", "mantissa", "exponent", *OF_SCIPY}


class ExpressionError(ValueError):
    """An expression of the table that the language does not allow."""


def parse(text: str) -> ast.expr:
    """The tree of an expression; a syntax error names the text."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"cannot parse {text!r}: {error.msg}") from None


def called(tree: ast.AST) -> set[str]:
    """Names of the functions that parsed code calls."""
    return {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def functions(text: str) -> set[str]:
    """Names of the functions that an expression calls."""
    return called(parse(text))


def names(text: str) -> set[str]:
    """Names of the values that an expression reads (not of the functions that it calls)."""
    tree = parse(text)
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called}


class Printer:
    """Walks an expression and prints it in full parentheses.

    A target says how it writes a number (`literal`), a special number (`special`), `not_`, `ifexp` and `function`.
    """

    AND, OR = " & ", " | "
    PI, INF, NAN = "3.14159265358979323846", "INFINITY", "NAN"

    def text(self, expression: str) -> str:
        return self.visit(parse(expression))

    def visit(self, node: ast.expr) -> str:
        method = getattr(self, type(node).__name__.lower(), None)
        if method is None:
            raise ExpressionError(f"{ast.unparse(node)!r}: {type(node).__name__} is not part of the language")
        return method(node)

    def name(self, node: ast.Name) -> str:
        special = {"pi": self.PI, "inf": self.INF, "nan": self.NAN}.get(node.id)
        return node.id if special is None else self.special(special)

    def special(self, text: str) -> str:
        return text

    def constant(self, node: ast.Constant) -> str:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise ExpressionError(f"{node.value!r}: only numbers")
        return self.literal(node.value)

    def boolop(self, node: ast.BoolOp) -> str:
        sign = self.AND if isinstance(node.op, ast.And) else self.OR
        return "(" + sign.join(self.truth(v) for v in node.values) + ")"

    def truth(self, node: ast.expr) -> str:
        return self.visit(node)

    def binop(self, node: ast.BinOp) -> str:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return self.call_named("pow", [node.left, node.right])
        if type(node.op) not in BINARY:
            raise ExpressionError(f"{ast.unparse(node)!r}: operator {type(node.op).__name__} is not allowed; "
                                  "use floordiv, fmod, remainder")
        return f"({left} {BINARY[type(node.op)]} {right})"

    def unaryop(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.USub):
            return f"(-{self.visit(node.operand)})"
        if isinstance(node.op, ast.Not):
            return self.not_(node.operand)
        raise ExpressionError(f"{ast.unparse(node)!r}: use bitnot")

    def compare(self, node: ast.Compare) -> str:
        if len(node.ops) != 1:
            raise ExpressionError(f"{ast.unparse(node)!r}: compare two values at a time")
        if type(node.ops[0]) not in COMPARE:
            raise ExpressionError(f"{ast.unparse(node)!r}: compare by {' '.join(COMPARE.values())}")
        ordered = not isinstance(node.ops[0], ast.Eq | ast.NotEq)
        left, right = (self.compared(side, ordered) for side in (node.left, node.comparators[0]))
        return f"({left} {COMPARE[type(node.ops[0])]} {right})"

    def compared(self, node: ast.expr, ordered: bool) -> str:
        return self.visit(node)

    def call(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ExpressionError(f"{ast.unparse(node)!r}: only plain calls of known functions")
        return self.call_named(node.func.id, node.args)

    def call_named(self, name: str, args: list[ast.expr]) -> str:
        if FUNCTIONS.get(name) != len(args):
            raise ExpressionError(f"unknown function {name} of {len(args)} arguments")
        return self.function(name, [self.visit(a) for a in args])


class Scalar(Printer):
    """Code of one element: what needs no function of the kernels is written out."""

    complex = False                  # whether the numbers are

    def function(self, name: str, args: list[str]) -> str:
        if name in ("conj", "real") and not self.complex:
            return args[0]
        if name == "isnan":
            return f"({args[0]} != {args[0]})"
        if name == "pow" and args[1] == self.literal(2):
            return f"({args[0]} * {args[0]})"
        return self.kernel_call(name, args)


# Functions that call vmath_rare.h's for a vector's rare lanes; behind a branch they would stop the vectoriser.
OF_RARE_LANES = {"sin", "cos", "tan", "fmod", "remainder", "lgamma"}


def chooses_among_leaves(node: ast.IfExp) -> bool:
    """Whether several choices follow each other among names and numbers: masks choose quicker than branches do."""
    arms, leaves = [node.body, node.orelse], 0
    while arms:
        arm = arms.pop()
        arm = arm.operand if isinstance(arm, ast.UnaryOp) and isinstance(arm.op, ast.USub) else arm
        if isinstance(arm, ast.IfExp):
            arms += [arm.body, arm.orelse]
        elif isinstance(arm, ast.Name | ast.Constant):
            leaves += 1
        else:
            return False
    return leaves > 2


class Cython(Scalar):
    """Scalar code of one dtype, for the body of a CPU kernel; collects the C functions that it calls."""

    def __init__(self, dtype):
        self.dtype, self.complex = dtype, dtype.complex
        self.used: set[tuple[str, int]] = set()

    def literal(self, value: int | float) -> str:
        # A real number: C promotes it, and Cython's complex literals do not compile.
        return f"(<{self.dtype.real.c}>{float(value) if self.complex else value!r})"

    def special(self, text: str) -> str:
        return f"(<{self.dtype.c}>{text})"

    def not_(self, operand: ast.expr) -> str:
        return f"(not {self.visit(operand)})"

    def binop(self, node: ast.BinOp) -> str:
        # The compiler's own products and quotients of complex numbers do not vectorise.
        name = {ast.Mult: "mul", ast.Div: "div"}.get(type(node.op)) if self.complex else None
        return self.kernel_call(name, [self.visit(node.left), self.visit(node.right)]) if name else super().binop(node)

    def truth(self, node: ast.expr) -> str:
        # Bitwise on 0 and 1: without the branch of a short circuit, so that loops vectorise.
        return f"(<int>{self.visit(node)})"

    def ifexp(self, node: ast.IfExp) -> str:
        if self.dtype.category == "float" and (chooses_among_leaves(node) or called(node) & OF_RARE_LANES):
            return self.kernel_call("blend", [self.truth(node.test), self.visit(node.body), self.visit(node.orelse)])
        return f"({self.visit(node.body)} if {self.visit(node.test)} else {self.visit(node.orelse)})"

    def kernel_call(self, name: str, args: list[str]) -> str:
        self.used.add((name, len(args)))
        return f"ct_{name}_{self.dtype.suffix}({', '.join(args)})"


class Cuda(Scalar):
    """CUDA C++ of one category of dtypes: `T` is the type that is computed in, `R` its real type."""

    AND, OR = " && ", " || "
    INF, NAN = "Limits<R>::inf()", "Limits<R>::nan()"

    def __init__(self, category: str):
        self.complex = category == "complex"

    def literal(self, value: int | float) -> str:
        return f"T((R){value!r})" if self.complex else f"((T){value!r})"

    def special(self, text: str) -> str:
        return f"T((R){text})"

    def compared(self, node: ast.expr, ordered: bool) -> str:
        # Only real numbers have an order, so that a literal there is one.
        real = ordered and isinstance(node, ast.Constant)
        return f"((R){node.value!r})" if real else self.visit(node)

    def not_(self, operand: ast.expr) -> str:
        return f"(!{self.visit(operand)})"

    def ifexp(self, node: ast.IfExp) -> str:
        return f"({self.visit(node.test)} ? T({self.visit(node.body)}) : T({self.visit(node.orelse)}))"

    def kernel_call(self, name: str, args: list[str]) -> str:
        return f"ct_{name}({', '.join(args)})"


class Tensors(Printer):
    """Code on whole tensors, through ctorch's own operators and functions."""

    PI, INF = "3.141592653589793", "INF"

    def literal(self, value: int | float) -> str:
        return repr(value)

    def not_(self, operand: ast.expr) -> str:
        return f"logical_not({self.visit(operand)})"

    def ifexp(self, node: ast.IfExp) -> str:
        return f"where({self.visit(node.test)}, {self.visit(node.body)}, {self.visit(node.orelse)})"

    def function(self, name: str, args: list[str]) -> str:
        if name == "polygamma":          # the row, since the public function takes an int, which parameters are not
            return f"_polygamma({args[1]}, {args[0]})"
        public = {"bitnot": "bitwise_not", "floordiv": "floor_divide", "shift_left": "bitwise_left_shift",
                  "shift_right": "bitwise_right_shift", "sgn": "direction", "trigamma": "_trigamma"}.get(
                      name, f"special_{name}" if name in PRIVATE else name)
        return f"{public}({', '.join(args)})"
