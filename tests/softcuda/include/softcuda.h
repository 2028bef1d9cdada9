// Comes before every kernel source, precompiled: CUDA C++ as a library for g++.
#pragma once
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <math.h>  // the overloads for float at global scope, where CUDA has them
#include <type_traits>
#include <utility>

#include "softcuda/runtime.h"
#include "softcuda/types.h"
#include "softcuda/sync.h"
#include "softcuda/math.h"
#include "softcuda/half.h"
#include "softcuda/kernel.h"  // last: its macros would reach into the headers above
