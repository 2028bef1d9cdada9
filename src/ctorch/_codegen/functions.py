"""Writes what the rows' functions and methods run: the bodies of kernel rows, derivatives, and what binds them."""
import ast
import re

from . import binding, elementwise, expression, reduction
from .binding import Entry
from .table import Arg, Row

C_TYPES = {"int": "int64_t", "float": "double", "bool": "bint", "dim": "int"}
HELPERS = ("conj", "direction", "expand_reduced", "reduced_count")     # written by hand, for formulas


def driver(entry: Entry) -> str:
    """How an elementwise row or a reduction is bound: its body in _functions and what that needs to know."""
    row = entry.row
    if row.kind == "reduction":
        return f"reduction, {reduction.enum(row)}"
    enum = elementwise.enum(row)
    if row.extra.get("scaled"):
        return f"scaled{'_inplace' * entry.inplace}, {enum}"
    optional = sum(1 << k for k, a in enumerate(row.params) if a.optional)
    if entry.inplace:
        return f"inplace, {enum}, {optional}"
    if row.params or len(row.tensors) > 2:
        return f"several, {enum}, {optional}"
    return f"{'one' if len(row.tensors) == 1 else 'two'}, {enum}"


def known_functions(rows: dict[str, Row]) -> set[str]:
    """What formulas may call in the module of the functions; other names are looked for in _derivatives."""
    return set(HELPERS) | {name for row in rows.values() for name in (row.name, *row.alias)}


class Formula(ast.NodeTransformer):
    """Derivatives on tensors: x.shape reads the edge, other names of functions go to _derivatives."""

    def __init__(self, row: Row, known: set[str]):
        self.row, self.known, self.reads = row, known, set()
        self.edges = {a.name: k for k, a in enumerate(tensor_args(row))}

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id in self.edges and node.attr == "shape":
            self.reads.add(f"{node.value.id}_shape")
            return ast.Name(f"{node.value.id}_shape")
        return self.generic_visit(node)

    def visit_Call(self, node):
        node.args = [self.visit(a) for a in node.args]
        node.keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        if isinstance(node.func, ast.Name):
            if node.func.id not in self.known:
                node.func = ast.Attribute(ast.Call(ast.Name("derivatives"), [], []), node.func.id)
        else:
            node.func = self.visit(node.func)
        return node

    def visit_Name(self, node):
        self.reads.add(node.id)
        return node


def tensor_args(row: Row) -> list[Arg]:
    return [a for a in row.args if a.type.rstrip("?") == "Tensor"]


def outputs(row: Row) -> list[str]:
    return row.extra.get("outputs", "y").split()


def kernel(row: Row, known: set[str]) -> str:
    """Function, record and backward function of a kernel row."""
    names, tensors, outs = row.public_names, tensor_args(row), outputs(row)
    formulas = {k: translate(row, t, known) for k, t in row.grad.items()}
    lines = []
    if formulas:
        lines.append(backward_function(row, formulas, tensors, outs))
    if "tangent" in row.extra:
        lines.append(tangent_function(row, formulas, tensors, known))
    given = ", ".join(f"<object>v[{i}]" for i, _ in enumerate(row.args))
    out = f"<object>v[{len(row.args)}]"
    result = f"call_{row.name}({given})"
    written = f'result_in({out}, {result}, "{row.name}")' if row.writes_out else result
    lines += [f"cdef object {row.name}_body(Row* row, PyObject** v):",
              f"    return {written}", "",
              f"cdef object call_{row.name}({object_arguments(row)}):"]
    lines += [conversion(row, a, names[a.name], names[a.name]) for a in row.args]
    given = ", ".join("_" + a.name for a in row.args if a.type != "dtype?")
    elsewhere = "== DEVICE_CUDA" if row.extra.get("vmap") == "itself" else "!= DEVICE_CPU"
    on_device = " or ".join(f"(_{a.name} is not None and _{a.name}.device {elsewhere})" if a.optional
                            else f"_{a.name}.device {elsewhere}" for a in tensors)
    lines += ["    cdef object result", f"    if {on_device}:",
              f"        result = accelerator_forward(\"{row.forward}\", ({given},))", "    else:"]
    lines += changed_copy(row, given) if row.changes else [f"        result = {row.forward}({given})"]
    for i, o in enumerate(outs):
        lines.append(f"    cdef TensorBase {o} = <TensorBase>result{f'[{i}]' if len(outs) > 1 else ''}")
    if formulas:
        lines += record(row, formulas, tensors, outs)
    return "\n".join([*lines, "    return result", ""])


def changed_copy(row: Row, given: str) -> list[str]:
    """The result of a kernel that changes its first argument."""
    first = f"_{row.args[0].name}"
    return [f"        result = copy_to_change({first})",
            f"        {row.forward}({given.replace(first, '<TensorBase>result', 1)})"]


def inplace_kernel(row: Row) -> str:
    """The function that changes its first argument; on a copy where the graph may keep that."""
    names, tensors, first = row.public_names, tensor_args(row), f"_{row.args[0].name}"
    others = "".join(f"_{a.name}, " for a in tensors[1:])
    lines = [f"cdef object {row.name}_inplace_body(Row* row, PyObject** v):"]
    lines += [conversion(row, a, f"<object>v[{i}]", names[a.name]) for i, a in enumerate(row.args)]
    inputs = ["_" + a.name for a in tensors]
    device = " or ".join(f"{x}.device != DEVICE_CPU" for x in inputs)
    grads = " or ".join(f"recorded({x})" for x in inputs)
    rest = [f"<object>v[{i}]" for i in range(1, len(row.args))]
    source = ", ".join([f"inplace_source({first}, ({others}))", *rest])
    given = ", ".join("_" + a.name for a in row.args)
    lines += [f"    if {device} or {grads}:",
              f"        return inplace_result({first}, call_{row.name}({source}), \"{row.name}_\")",
              f"    check_inplace({first}, b\"{row.title}\")"]
    for x in inputs[1:]:
        lines.append(f"    {x} = apart({first}, {x})")
    lines += [f"    {row.forward}({given})", f"    bump_version({first}, b\"{row.title}_\")",
              f"    return {first}", ""]
    return "\n".join(lines)


def object_arguments(row: Row) -> str:
    """Arguments of the C function behind a kernel row."""
    return ", ".join(f"object {row.public_names[a.name]}" for a in row.args)


def reduction_record(row: Row, known: set[str]) -> str:
    """Backward function of a reduction, entered in the table that `reduced` reads."""
    if not row.grad:
        return ""
    formulas = {k: translate(row, t, known) for k, t in row.grad.items()}
    reads = formulas["x"][1]
    mask = ("y" in reads) + 2 * ("x" in reads)
    return (backward_function(row, formulas, tensor_args(row), ["y"])
            + f"\nreduce_backward[{reduction.enum(row)}] = {row.name}_backward_node\n"
            + f"reduce_reads[{reduction.enum(row)}] = {mask}\n")


def conversion(row: Row, a: Arg, given: str, public: str) -> str:
    """The line that makes a value of an argument's type of what a call gave."""
    if a.type == "Tensor":
        return f"    cdef TensorBase _{a.name} = need_tensor({given}, '{row.name}', '{public}')"
    if a.type == "Tensor?":
        needed = f"need_tensor({given}, '{row.name}', '{public}')"
        return f"    cdef TensorBase _{a.name} = None if {given} is None else {needed}"
    if a.type == "dim":
        return f"    cdef int _{a.name} = wrap_dim({given}, _{row.args[0].name}.ndim, '{row.name}')"
    if a.type == "dtype?":                    # the first tensor is cast before all else
        first = row.args[0].name
        return f"    if {given} is not None:\n        _{first} = <TensorBase>_{first}.to({given})"
    if a.type in C_TYPES:
        return f"    cdef {C_TYPES[a.type]} _{a.name} = {given}"
    return f"    cdef object _{a.name} = {given}"


def translate(row: Row, text: str, known: set[str]) -> tuple[str, set[str]]:
    visitor = Formula(row, known)
    tree = visitor.visit(ast.parse(text, mode="eval"))
    return ast.unparse(ast.fix_missing_locations(tree)), visitor.reads


def local(row: Row, name: str) -> str:
    """What the recording function calls a value that formulas read."""
    return "_" + name if name in {a.name for a in row.args} else name


def constants(row, formulas, tensors) -> list[str]:
    """The arguments beside tensors that formulas read, in the order in which a node keeps them."""
    read = set().union(*(r for _, r in formulas.values()))
    return [a.name for a in row.args if a not in tensors and a.name in read]


def record(row, formulas, tensors, outs) -> list[str]:
    slots = [*outs, *(a.name for a in tensors)]
    inputs = [local(row, a.name) for a in tensors]
    test = " or ".join(f"({x} is not None and recorded({x}))" if a.optional else f"recorded({x})"
                       for a, x in zip(tensors, inputs))
    lines = ["    cdef Node node", f"    if {test}:",
             f"        node = node_new({row.name}_backward_node, b\"{row.title}\", "
             f"{len(tensors)}, {len(slots)})"]
    if len(outs) > 1:
        lines.append(f"        node_outputs(node, {len(outs)})")
    for k, (a, x) in enumerate(zip(tensors, inputs)):
        if a.name not in formulas and "all" not in formulas:
            continue
        lines += [f"        if {x} is not None:" if a.optional else "        if True:",
                  f"            node_edge(node, {k}, {x}, None)"]
    for slot, name in enumerate(slots):
        users = [k for k, (_, reads) in formulas.items() if name in reads]
        if not users:
            continue
        value = local(row, name)
        if users == ["all"] or "all" in users:
            test = "True"
        else:
            test = " or ".join(f"node_needs(node, {[a.name for a in tensors].index(u)})" for u in users)
        optional = any(a.name == name and a.optional for a in tensors)
        attached = name in outs and name not in row.extra.get("nondiff", "").split()
        lines += [f"        if ({test}){f' and {value} is not None' if optional else ''}:",
                  f"            node_save(node, {slot}, {value}, {attached})"]
    rest = constants(row, formulas, tensors)
    if rest:
        lines.append(f"        node_args(node, ({', '.join(local(row, r) for r in rest)},))")
    skip = row.extra.get("nondiff", "").split()
    for i, o in enumerate(outs):
        if o not in skip:
            guard = f"        if {o} is not None:\n    " if len(outs) > 1 else ""
            lines.append(f"{guard}        node_attach(node, {o}, {i})")
    if len(outs) > 1:
        lines.append("        node_settle(node)")
    return lines


def backward_function(row, formulas, tensors, outs) -> str:
    slots = [*outs, *(a.name for a in tensors)]
    lines = [f"cdef int {row.name}_backward_node(Node node, PyObject** grads) except -1:"]
    for i, o in enumerate(outs):
        name = "g" if i == 0 else f"g_{o}"
        lines.append(f"    cdef object {name} = None if grads[{i}] == NULL else <object>grads[{i}]")
    read = set().union(*(r for _, r in formulas.values()))
    rest = constants(row, formulas, tensors)
    if row.kind == "reduction":
        lines.append("    dim, keepdim = <tuple>node.args")
    elif rest:
        lines.append(f"    {', '.join(rest)}, = <tuple>node.args")
    if "g" in read and len(outs) == 1:
        lines += ["    if g is None:", "        return 0"]
    for target, (text, reads) in formulas.items():
        if target == "all":
            lines.append("    if True:")
        else:
            k = [a.name for a in tensors].index(target)
            lines.append(f"    if node_needs(node, {k}):")
        for name in sorted(reads):
            if name in slots:
                optional = any(a.name == name and a.optional for a in tensors)
                get = f"node_saved(node, {slots.index(name)})"
                if optional:
                    get = f"None if node.saved[{slots.index(name)}].tensor == NULL else {get}"
                lines.append(f"        {name} = {get}")
            elif name.endswith("_shape") and name[:-6] in {a.name for a in tensors}:
                k = [a.name for a in tensors].index(name[:-6])
                lines.append(f"        {name} = node_edge_shape(node, {k}, <TensorBase>g)")
            elif name == "needs":
                needs = "".join(f"node_needs(node, {k}), " for k in range(len(tensors)))
                lines.append(f"        needs = ({needs})")
        if target == "all":
            lines.append(f"        results = {text}")
            for k, _ in enumerate(tensors):
                lines += [f"        if node_needs(node, {k}) and results[{k}] is not None:",
                          f"            give_object(node, {k}, results[{k}])"]
        else:
            give = "give_flat" if row.extra.get("flat") else "give_object"
            lines.append(f"        {give}(node, {k}, {text})")
    return "\n".join([*lines, "    return 0", ""])


def tangent_function(row, formulas, tensors, known) -> str:
    """The rule of forward mode of a row that has one of its own: X_t is the tangent of argument X.

    Where the first argument has none it reads zeros, like the result; for others it reads None.
    """
    text, reads = translate(row, row.extra["tangent"], known)
    rest = constants(row, formulas, tensors)
    lines = [f"cdef TensorBase {row.name}_tangent(Node node, TensorBase result, PyObject** given):"]
    if rest:
        lines.append(f"    {', '.join(rest)}, = <tuple>node.args")
    for k, a in enumerate(tensors):
        if a.name in reads:
            lines.append(f"    {a.name} = node_saved(node, {k + 1})")
        if f"{a.name}_t" in reads:
            missing = "None" if k else "tape_ops.full_like(result, 0)"
            lines.append(f"    {a.name}_t = {missing} if given[{k}] == NULL else <object>given[{k}]")
    if "y" in reads:
        lines.append("    cdef object y = result")
    return "\n".join([*lines, f"    return <TensorBase>({text})", "",
                      f"forward_rule({row.name}_backward_node, {row.name}_tangent)", ""])


def symbolic(rows: dict[str, Row]) -> str:
    """Gradients of elementwise rows as functions on tensors, registered with the driver."""
    lines, registers = [], []
    for op in elementwise.operations(rows):
        if op.gradient_of is None:
            continue
        tensors = [a.name for a in op.row.tensors]
        arguments = [*op.inputs, *(a.name for a in op.row.params)]
        text = expression.Tensors().text(op.text)
        read = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        lines += [f"cdef object _{op.name}(PyObject** v):",
                  *(f"    {name} = <object>v[{i}]" for i, name in enumerate(arguments) if name in read),
                  f"    return {text}", ""]
        k = tensors.index(op.gradient_of)
        registers.append(f"OPS[{elementwise.enum(op.row)}].symbolic[{k}] = _{op.name}")
    return "\n".join([*lines, *registers, ""])


def functions_pxi(rows: dict[str, Row]) -> str:
    known = known_functions(rows)
    families = composite_families(rows)
    lines = ["# generated from ops/*.toml", "",
             f"composite_modules = {[f'ctorch._composites.{family}' for family in families]!r}", "",
             f"cdef tuple DEFAULTS = ({', '.join(binding.defaults(rows))})", ""]
    for module in sorted({r.extra["module"] for r in rows.values() if "module" in r.extra}):
        used = sorted({r.forward for r in rows.values() if r.extra.get("module") == module})
        lines.append(f"from ctorch._forward.{module} cimport {', '.join(used)}")
    lines.append("")
    written = []
    for row in rows.values():
        if row.kind == "reduction":
            written.append(reduction_record(row, known))
        elif row.kind == "kernel":
            written.append(kernel(row, known))
            if row.changes:
                written.append(inplace_kernel(row))
    written.append(symbolic(rows))
    called = set(re.findall(r"(?<![.\w])(\w+)\(", "\n".join(written))) & (known - set(HELPERS))
    lines += ["# Functions that formulas call; they are put here when all are bound.",
              *(f"{name} = None" for name in sorted(called)), ""]
    lines += written
    found = binding.entries(rows)
    lines += [f"bind({i}, {bound(entry, i, families)})" for i, entry in enumerate(found)]
    aliases = {alias: row.name for row in rows.values() for alias in row.alias}
    public = [n for r in rows.values() if r.public for n in (r.name, *r.alias)]
    return "\n".join([*lines, "", f"aliases = {aliases!r}", f"public_names = {public!r}", ""])


def composite_families(rows: dict[str, Row]) -> list[str]:
    """The files of composite rows, which are the modules of _composites."""
    return sorted({row.source for row in rows.values() if row.kind == "composite"})


def bound(entry: Entry, number: int, families: list[str]) -> str:
    """The body of a row or of its in-place form, and what that needs to know."""
    row = entry.row
    if row.kind in ("elementwise", "reduction"):
        return driver(entry)
    if entry.inplace and not row.changes:
        others = sum(1 << i for i, a in enumerate(row.args) if i and (a.is_tensor or a.type.startswith("operand")))
        return f"over_itself, {number - 1}, {others}"          # by the row's own entry, which is the one before
    if row.kind == "kernel":
        return f"{row.name}_{'inplace_' * entry.inplace}body"
    return f"composite, {families.index(row.source)}"
