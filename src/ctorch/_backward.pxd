# Where backward begins.
cdef list backward_from(list roots, list gradients, bint retain_graph, bint create_graph, object inputs)
