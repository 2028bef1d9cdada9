# Updates of all parameters of an optimizer's group in one call.
from libc.stdint cimport int64_t

cdef enum:
    FIRST_STEP = 1                   # the momentum buffer holds nothing yet

cdef struct UpdateTensor:
    void* param
    const void* grad
    void* first                      # momentum buffer, or mean of gradients
    void* second                     # mean of squared gradients
    void* largest                    # largest `second` so far (AMSGrad)
    int64_t start                    # where it begins in the row of all tensors
    int64_t numel
    double step_size                 # Adam: learning rate over the first bias correction
    double root_factor               # Adam: one over the root of the second bias correction
    int flags

cdef struct UpdateRow:
    UpdateTensor* tensors
    int64_t count
    int64_t total                    # elements of all tensors

cdef struct SgdArgs:
    UpdateRow row
    double lr
    double weight_decay
    double momentum
    double dampening
    bint nesterov
    bint maximize

cdef struct AdamArgs:
    UpdateRow row
    double beta1
    double beta2
    double eps
    double l2                        # weight decay added to the gradient
    double shrink                    # factor of the parameter: one minus decoupled weight decay
    bint maximize
    bint amsgrad

cdef struct OptimizerKernels:
    void (*sgd[2])(const SgdArgs* args) noexcept nogil       # [float32, float64]
    void (*adam[2])(const AdamArgs* args) noexcept nogil
