# The public C API: `from ctorch cimport Tensor, tensor_empty, node_new, ...`; see doc/cython for a guide.
from ctorch._core cimport Tensor
from ctorch._gen.dtypes cimport (BFLOAT16, BOOL, COMPLEX64, COMPLEX128, FLOAT16, FLOAT32, FLOAT64, INT8, INT16, INT32,
                                 INT64, UINT8, UINT16, UINT32, UINT64)
from ctorch._tape cimport (BackwardFn, Node, node_attach, node_edge, node_give, node_needs, node_new, node_outputs,
                           node_save, node_saved, recording)
from ctorch._tensor cimport (TensorBase, bump_version, same_shape, tensor_empty, tensor_empty_like, tensor_scalar,
                             wants_grad)
