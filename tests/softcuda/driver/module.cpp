// Modules and functions. A "cubin" is a shared object that the compiler front made: its table names the kernels, its
// symbols the globals and the shared variables.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "driver.h"

struct CUmod_st {
    void* library;
    std::map<std::string, CUfunc_st> functions;
    std::map<std::string, softcuda::Range> globals;
    softcuda::ModuleMemory memory;
};

namespace softcuda {

// ---- the object file ---------------------------------------------------------------------------------------------

struct Image {
    const char* bytes;
    const Elf64_Ehdr* header;
    const Elf64_Shdr* sections;

    explicit Image(const void* image) : bytes((const char*)image), header((const Elf64_Ehdr*)image) {
        if (memcmp(bytes, ELFMAG, SELFMAG))
            raise(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid: not what the software nvcc makes");
        if (header->e_machine == EM_CUDA)
            raise(CUDA_ERROR_NO_BINARY_FOR_GPU, "a real cubin: put the software nvcc first on PATH");
        sections = (const Elf64_Shdr*)(bytes + header->e_shoff);
    }
    // The section headers come last, so they tell how long the image is: CUDA's call does not.
    size_t size() const { return header->e_shoff + (size_t)header->e_shnum * header->e_shentsize; }
    size_t extent() const {
        size_t end = 0;
        const Elf64_Phdr* segments = (const Elf64_Phdr*)(bytes + header->e_phoff);
        for (int i = 0; i < header->e_phnum; i++)
            if (segments[i].p_type == PT_LOAD) end = std::max(end, segments[i].p_vaddr + segments[i].p_memsz);
        return end;
    }
};

// A static of a function that starts as zeros is __shared__: its mangled name begins with _ZZ.
static void read_symbols(CUmodule module, const Image& image, uintptr_t base) {
    for (int i = 0; i < image.header->e_shnum; i++) {
        const Elf64_Shdr& section = image.sections[i];
        if (section.sh_type != SHT_SYMTAB) continue;
        const char* names = image.bytes + image.sections[section.sh_link].sh_offset;
        const Elf64_Sym* symbols = (const Elf64_Sym*)(image.bytes + section.sh_offset);
        for (size_t k = 0; k < section.sh_size / sizeof *symbols; k++) {
            const Elf64_Sym& symbol = symbols[k];
            if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx >= image.header->e_shnum) continue;
            const char* name = names + symbol.st_name;
            Range range = {base + symbol.st_value, base + symbol.st_value + symbol.st_size};
            if (strncmp(name, "_ZZ", 3)) {
                if (strncmp(name, "_Z", 2)) module->globals[name] = range;
            } else if (image.sections[symbol.st_shndx].sh_type == SHT_NOBITS) {
                if (symbol.st_size > STATIC_SHARED)
                    raise(CUDA_ERROR_INVALID_IMAGE, "shared variable %s has %zu bytes; a block has %zu", name,
                          (size_t)symbol.st_size, STATIC_SHARED);
                module->memory.shared.push_back(range);
            }
        }
    }
}

// The loader takes files only, and takes two files of one name for the same library.
static void* open_library(const void* image, size_t size) {
    static int count;
    const char* folder = getenv("TMPDIR");
    std::string path = std::string(folder ? folder : "/tmp") + "/softcuda-" + std::to_string(getpid()) + "-" +
                       std::to_string(count++) + "-XXXXXX";
    int file = mkstemp(path.data());
    if (file < 0) raise(CUDA_ERROR_OPERATING_SYSTEM, "cannot write %s", path.c_str());
    bool written = write(file, image, size) == (ssize_t)size;
    close(file);
    void* library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    unlink(path.c_str());
    if (!written) raise(CUDA_ERROR_OPERATING_SYSTEM, "cannot write %s", path.c_str());
    if (!library) raise(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid: %s", dlerror());
    return library;
}

static size_t parameter_bytes(const Kernel& kernel) {
    if (!kernel.count) return 0;
    const Parameter& last = kernel.parameters[kernel.count - 1];
    return last.offset + last.size;
}

static CUmodule load(const void* bytes) {
    context();
    Image image(bytes);
    CUmodule module = new CUmod_st{open_library(bytes, image.size()), {}, {}, {}};
    uintptr_t base = ((link_map*)module->library)->l_addr;
    module->memory.image = {base, base + image.extent()};
    read_symbols(module, image, base);
    for (const auto& global : module->globals)
        add_region({global.second.begin, global.second.end - global.second.begin, -1, Region::Global});
    const Kernel* table = (const Kernel*)dlsym(module->library, "softcuda_kernels");
    for (; table && table->name; table++) {
        Dl_info symbol;  // gives the mangled name where the kernel is not extern "C", as a cubin would
        if (dladdr(table->function, &symbol) && symbol.dli_saddr == table->function)
            module->functions[symbol.dli_sname] = {table, module, parameter_bytes(*table)};
    }
    return module;
}

// The caller may give a buffer for each log. Their sizes are replaced by the numbers of bytes written.
static void write_logs(const std::string& error, unsigned count, CUjit_option* options, void** values) {
    for (unsigned i = 0; i < count; i++) {
        bool is_error = options[i] == CU_JIT_ERROR_LOG_BUFFER, is_info = options[i] == CU_JIT_INFO_LOG_BUFFER;
        if (!is_error && !is_info) continue;
        CUjit_option size = is_error ? CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES : CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES;
        for (unsigned k = 0; k < count; k++) {
            if (options[k] != size) continue;
            size_t room = (unsigned)(uintptr_t)values[k], written = is_error ? std::min(error.size(), room - 1) : 0;
            memcpy(values[i], error.c_str(), written);
            ((char*)values[i])[written] = 0;
            values[k] = (void*)(uintptr_t)written;
        }
    }
}

const ModuleMemory& memory_of(CUmodule module) { return module->memory; }

}  // namespace softcuda

using namespace softcuda;

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule* result, const void* image, unsigned count, CUjit_option* options,
                            void** values) {
    return call([&] {
        try {
            *result = load(image);
        } catch (const Error& error) {
            write_logs(error.message, count, options, values);
            throw;
        }
        write_logs("", count, options, values);
    });
}

CUresult cuModuleLoadData(CUmodule* result, const void* image) {
    return call([&] { *result = load(image); });
}

CUresult cuModuleLoad(CUmodule* result, const char* path) {
    return call([&] {
        std::string bytes;
        FILE* file = fopen(path, "rb");
        if (!file) raise(CUDA_ERROR_FILE_NOT_FOUND, "cannot read %s", path);
        char part[1 << 16];
        while (size_t n = fread(part, 1, sizeof part, file)) bytes.append(part, n);
        fclose(file);
        *result = load(bytes.data());
    });
}

CUresult cuModuleUnload(CUmodule module) {
    return call([&] {
        for (const auto& global : module->globals) remove_region(global.second.begin);
        dlclose(module->library);
        delete module;
    });
}

CUresult cuModuleGetFunction(CUfunction* result, CUmodule module, const char* name) {
    return call([&] {
        auto found = module->functions.find(name);
        if (found == module->functions.end())
            raise(CUDA_ERROR_NOT_FOUND, "named symbol not found: the module has no kernel %s", name);
        *result = &found->second;
    });
}

CUresult cuModuleGetGlobal(CUdeviceptr* address, size_t* size, CUmodule module, const char* name) {
    return call([&] {
        auto found = module->globals.find(name);
        if (found == module->globals.end())
            raise(CUDA_ERROR_NOT_FOUND, "named symbol not found: the module has no global %s", name);
        if (address) *address = found->second.begin;
        if (size) *size = found->second.end - found->second.begin;
    });
}

// Registers, local memory and binary version have no meaning here and read as 0.
CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
    return call([&] {
        if (attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)
            *value = function->kernel->max_threads;
        else if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
            *value = (int)function->dynamic_limit;
        else
            *value = 0;
    });
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
    return call([&] {
        if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) return;
        require(value >= 0 && (size_t)value <= DYNAMIC_SHARED, "more shared memory than a block can have");
        function->dynamic_limit = value;
    });
}

CUresult cuFuncSetCacheConfig(CUfunction, CUfunc_cache) { return CUDA_SUCCESS; }

// The launch says these itself; PyCUDA sets them all the same.
CUresult cuFuncSetBlockShape(CUfunction, int, int, int) { return CUDA_SUCCESS; }
CUresult cuFuncSetSharedSize(CUfunction, unsigned) { return CUDA_SUCCESS; }

}
