// Where the elements of several strided operands are: shared by the kernels that are made from the table.
#pragma once
#include "common.cuh"

// K operands over one shape; strides in elements, zero where an operand is stretched. Dimensions of the host's
// tensors are merged before, so one dimension is the usual case.
template <int K> struct Layout {
    i64 n, ndim;
    i64 shape[8];
    i64 stride[K][8];

    CT_DEVICE void places(i64 i, i64* at) const {
        if (ndim == 1) {
#pragma unroll
            for (int k = 0; k < K; k++) at[k] = i * stride[k][0];
            return;
        }
#pragma unroll
        for (int k = 0; k < K; k++) at[k] = 0;
        for (int d = (int)ndim - 1; d >= 0; d--) {
            i64 rest = i / shape[d], own = i - rest * shape[d];
#pragma unroll
            for (int k = 0; k < K; k++) at[k] += own * stride[k][d];
            i = rest;
        }
    }
};

// An element of one dtype as another, by PyTorch's rules: complex numbers lose their imaginary part, floats go to
// integers through int64, so that negative and large values wrap.
template <class To> struct Converted {
    template <class From> static CT_DEVICE To of(From x) { return narrow<To>(x); }
    static CT_DEVICE To of(float x) { return whole((double)x); }
    static CT_DEVICE To of(double x) { return whole(x); }
    template <class R> static CT_DEVICE To of(Complex<R> x) { return of(x.re); }
    static CT_DEVICE To whole(double x) {
        return x < 9.3e18 && x > -9.3e18 ? (To)(i64)x : (To)(i64)0x8000000000000000ULL;
    }
};
template <> struct Converted<bool> {
    template <class From> static CT_DEVICE bool of(From x) { return x != From(0); }
};
template <class To> struct Inexact {
    template <class From> static CT_DEVICE To of(From x) { return narrow<To>(x); }
    template <class R> static CT_DEVICE To of(Complex<R> x) { return narrow<To>(x.re); }
};
template <> struct Converted<float> : Inexact<float> {};
template <> struct Converted<double> : Inexact<double> {};
template <> struct Converted<half_t> : Inexact<half_t> {};
template <> struct Converted<bfloat16_t> : Inexact<bfloat16_t> {};
template <class R> struct Converted<Complex<R>> {
    template <class From> static CT_DEVICE Complex<R> of(From x) { return Complex<R>((R)x); }
    template <class Q> static CT_DEVICE Complex<R> of(Complex<Q> x) { return Complex<R>((R)x.re, (R)x.im); }
};
