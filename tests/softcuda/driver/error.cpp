// Error codes and their words.
#include <cstdarg>
#include <cstdio>

#include "driver.h"
#include "error_names.h"  // generated from the toolkit's header: ERROR_NAMES

namespace softcuda {

static thread_local Error last = {CUDA_SUCCESS, ""};

std::recursive_mutex& lock() {
    static std::recursive_mutex mutex;
    return mutex;
}

void raise(CUresult code, const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw Error{code, text};
}

void require(bool condition, const char* message) {
    if (!condition) raise(CUDA_ERROR_INVALID_VALUE, "%s", message);
}

CUresult remember(const Error& error) {
    last = error;
    return error.code;
}

// Behind every function of the toolkit's headers that this driver does not have.
extern "C" CUresult softcuda_unsupported(const char* name) {
    return remember({CUDA_ERROR_NOT_SUPPORTED, std::string("the software driver has no ") + name});
}

static const char* name_of(CUresult code) {
    for (const auto& entry : ERROR_NAMES)
        if (entry.code == code) return entry.name;
    return nullptr;
}

}  // namespace softcuda

using namespace softcuda;

extern "C" {

CUresult cuGetErrorString(CUresult code, const char** text) {
    *text = last.code == code && code != CUDA_SUCCESS ? last.message.c_str() : name_of(code);
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorName(CUresult code, const char** text) {
    *text = name_of(code);
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

}
