// Streams and events. All work is done when it is asked for, so a stream is always idle and waiting is a check that the
// handles are alive.
#include <ctime>
#include <set>

#include "driver.h"

struct CUstream_st {
    unsigned flags;
    int priority, device;
};
struct CUevent_st {
    bool timed, recorded;
    double milliseconds;
};

namespace softcuda {

static std::set<CUstream> streams;
static std::set<CUevent> events;

// The default streams are small numbers, not handles.
static bool is_default(CUstream stream) {
    return !stream || stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD;
}

void check_stream(CUstream stream) {
    if (!is_default(stream) && !streams.count(stream)) raise(CUDA_ERROR_INVALID_HANDLE, "not a live stream");
}

static void check_event(CUevent event) {
    if (!events.count(event)) raise(CUDA_ERROR_INVALID_HANDLE, "not a live event");
}

static void create_stream(CUstream* result, unsigned flags, int priority) {
    *result = new CUstream_st{flags, priority, context()->device};
    streams.insert(*result);
}

static double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

}  // namespace softcuda

using namespace softcuda;

extern "C" {

CUresult cuStreamCreate(CUstream* result, unsigned flags) {
    return call([&] { create_stream(result, flags, 0); });
}

CUresult cuStreamCreateWithPriority(CUstream* result, unsigned flags, int priority) {
    return call([&] { create_stream(result, flags, priority); });
}

CUresult cuStreamDestroy(CUstream stream) {
    return call([&] {
        if (!streams.erase(stream)) raise(CUDA_ERROR_INVALID_HANDLE, "not a live stream");
        delete stream;
    });
}

CUresult cuStreamSynchronize(CUstream stream) {
    return call([&] { check_stream(stream); });
}

CUresult cuStreamQuery(CUstream stream) {
    return call([&] { check_stream(stream); });
}

CUresult cuStreamGetFlags(CUstream stream, unsigned* flags) {
    return call([&] {
        check_stream(stream);
        *flags = is_default(stream) ? 0 : stream->flags;
    });
}

CUresult cuStreamGetPriority(CUstream stream, int* priority) {
    return call([&] {
        check_stream(stream);
        *priority = is_default(stream) ? 0 : stream->priority;
    });
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
    return call([&] {
        check_stream(stream);
        check_event(event);
    });
}

CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void* data, unsigned) {
    CUresult result = call([&] { check_stream(stream); });
    if (result == CUDA_SUCCESS) callback(stream, CUDA_SUCCESS, data);
    return result;
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void* data) {
    CUresult result = call([&] { check_stream(stream); });
    if (result == CUDA_SUCCESS) function(data);
    return result;
}

CUresult cuEventCreate(CUevent* result, unsigned flags) {
    return call([&] {
        context();
        *result = new CUevent_st{!(flags & CU_EVENT_DISABLE_TIMING), false, 0};
        events.insert(*result);
    });
}

CUresult cuEventDestroy(CUevent event) {
    return call([&] {
        check_event(event);
        events.erase(event);
        delete event;
    });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
    return call([&] {
        check_event(event);
        check_stream(stream);
        event->recorded = true;
        event->milliseconds = now();
    });
}

CUresult cuEventSynchronize(CUevent event) {
    return call([&] { check_event(event); });
}

CUresult cuEventQuery(CUevent event) {
    return call([&] { check_event(event); });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    return call([&] {
        check_event(start);
        check_event(end);
        if (!start->recorded || !end->recorded || !start->timed || !end->timed)
            raise(CUDA_ERROR_INVALID_HANDLE, "both events must be recorded, with timing");
        *milliseconds = (float)(end->milliseconds - start->milliseconds);
    });
}

}
