// cuLaunchKernel: checks the configuration, packs the parameters and runs the blocks.
#include <cstdlib>
#include <cstring>

#include "driver.h"

namespace softcuda {

// SOFTCUDA_ORDER=forward, reverse or shuffle:SEED
static void read_order(Launch& launch) {
    const char* text = getenv("SOFTCUDA_ORDER");
    launch.order = Launch::Forward;
    launch.seed = 1;
    if (!text || !*text || !strcmp(text, "forward")) return;
    if (!strcmp(text, "reverse")) {
        launch.order = Launch::Reverse;
    } else if (!strncmp(text, "shuffle", 7)) {
        launch.order = Launch::Shuffled;
        if (text[7] == ':') launch.seed = (unsigned)atol(text + 8);
    } else {
        raise(CUDA_ERROR_INVALID_VALUE, "SOFTCUDA_ORDER is %s; it may be forward, reverse or shuffle:SEED", text);
    }
}

static void check_configuration(CUfunction function, dim3 grid, dim3 block, size_t dynamic) {
    const char* name = function->kernel->name;
    size_t threads = (size_t)block.x * block.y * block.z;
    if (!grid.x || !grid.y || !grid.z || !threads || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535 ||
        block.x > MAX_THREADS || block.y > MAX_THREADS || block.z > 64 || threads > MAX_THREADS)
        raise(CUDA_ERROR_INVALID_VALUE, "%s: invalid launch: grid (%u, %u, %u), block (%u, %u, %u)", name, grid.x,
              grid.y, grid.z, block.x, block.y, block.z);
    if (threads > function->kernel->max_threads)
        raise(CUDA_ERROR_INVALID_VALUE, "%s: %zu threads, but its __launch_bounds__ are %u", name, threads,
              function->kernel->max_threads);
    if (dynamic > function->dynamic_limit)
        raise(CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes of dynamic shared memory, but the limit is %zu", name, dynamic,
              function->dynamic_limit);
}

// The parameters come one by one, or packed as the kernel takes them.
static std::vector<char> pack(CUfunction function, void** one_by_one, void** extra) {
    const Kernel& kernel = *function->kernel;
    std::vector<char> packed(function->bytes);
    if (!extra) {
        require(one_by_one || !kernel.count, "no parameters were passed");
        for (unsigned i = 0; i < kernel.count; i++)
            memcpy(&packed[kernel.parameters[i].offset], one_by_one[i], kernel.parameters[i].size);
        return packed;
    }
    const void* bytes = nullptr;
    size_t size = 0;
    for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
        if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER) bytes = extra[1];
        if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE) size = *(size_t*)extra[1];
    }
    if (size != packed.size())
        raise(CUDA_ERROR_INVALID_VALUE, "%s takes %zu bytes of parameters, %zu were passed", kernel.name,
              packed.size(), size);
    if (size) memcpy(packed.data(), bytes, size);
    return packed;
}

static void launch(CUfunction function, dim3 grid, dim3 block, size_t dynamic, CUstream stream, void** one_by_one,
                   void** extra) {
    int device = context()->device;
    check_stream(stream);
    check_configuration(function, grid, block, dynamic);
    std::vector<char> parameters = pack(function, one_by_one, extra);
    Launch launch = {function->kernel, parameters.data(), grid, block, dynamic, parameters.size(),
                     &memory_of(function->module), Launch::Forward, 1};
    read_order(launch);
    hide_other_devices(device, true);
    try {
        run(launch);
    } catch (const Error&) {
        hide_other_devices(device, false);
        throw;
    }
    hide_other_devices(device, false);
    check_margins(function->kernel->name);
}

}  // namespace softcuda

extern "C" CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned dynamic,
                                   CUstream stream, void** parameters, void** extra) {
    return softcuda::call([&] {
        softcuda::launch(function, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, dynamic, stream, parameters,
                         extra);
    });
}
