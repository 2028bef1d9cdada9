/* One element type's plans, and the lines that are read, transformed and written together. */

typedef struct NAME(ct_plan) NAME(ct_plan);
struct NAME(ct_plan) {
    int64_t n;
    NAME(ct_short) columns, rows; /* of the table in the second cache; short lengths have rows only */
    REAL *turn;                   /* the roots between them, [column][row] */
    NAME(ct_plan) * outer, *inner; /* columns and rows of the table in memory, for long lengths and single lines */
    REAL *lane_turn, *base_turn;  /* roots between those: [row][re, im][lane], times [group of columns][row] */
    NAME(ct_plan) * half;         /* even real lines are complex ones of half the length */
    REAL *split;                  /* roots that part its even and odd elements, times 1/2 */
};

static void NAME(ct_plan_free)(NAME(ct_plan) * f) {
    if (!f) return;
    NAME(ct_short_free)(&f->columns);
    NAME(ct_short_free)(&f->rows);
    NAME(ct_plan_free)(f->outer);
    NAME(ct_plan_free)(f->inner);
    NAME(ct_plan_free)(f->half);
    free(f->turn), free(f->lane_turn), free(f->base_turn), free(f->split);
    free(f);
}

static int NAME(ct_plan_table)(NAME(ct_plan) * f, int64_t n) {
    const int64_t a = n <= CT_FFT_SHORT ? 1 : ct_fft_side(n, CT_FFT_SIDE, 1), b = a ? n / a : 0;
    if (!a) return -1;
    if (NAME(ct_short_plan)(&f->rows, b) || (a > 1 && NAME(ct_short_plan)(&f->columns, a))) return -1;
    if (a == 1) return 0;
    REAL *w = f->turn = malloc(sizeof(REAL) * 2 * n);
    if (!w) return -1;
    for (int64_t column = 0; column < b; column++)
        for (int64_t k = 0; k < a; k++) w = NAME(ct_put_root)(w, column * k, n, 1);
    return 0;
}

static NAME(ct_plan) * NAME(ct_plan_new)(int64_t n, int kind);

/* The table in memory: outer->n rows of inner->n. */
static int NAME(ct_plan_steps)(NAME(ct_plan) * f, int64_t n) {
    const int64_t a = ct_fft_side(n, CT_FFT_LONG, LANES), b = a ? n / a : 0, groups = (b + LANES - 1) / LANES;
    if (a < 2) return -1;
    f->outer = NAME(ct_plan_new)(a, CT_FFT_LINES);
    f->inner = NAME(ct_plan_new)(b, CT_FFT_LINES);
    f->lane_turn = malloc(sizeof(REAL) * 2 * LANES * a);
    f->base_turn = malloc(sizeof(REAL) * 2 * groups * a);
    if (!f->outer || !f->inner || !f->lane_turn || !f->base_turn) return -1;
    REAL *w = f->base_turn;
    for (int64_t group = 0; group < groups; group++)
        for (int64_t k = 0; k < a; k++) w = NAME(ct_put_root)(w, group * LANES * k, n, 1);
    for (int64_t k = 0; k < a; k++)
        for (int64_t lane = 0; lane < LANES; lane++) {
            REAL root[2];
            NAME(ct_put_root)(root, lane * k, n, 1);
            f->lane_turn[2 * k * LANES + lane] = root[0];
            f->lane_turn[(2 * k + 1) * LANES + lane] = root[1];
        }
    return 0;
}

/* A plan for lines that are transformed together (CT_FFT_LINES), for one line alone (CT_FFT_LINE), or for either of
   them with real numbers on one side (with CT_FFT_HALVED); NULL: no such length, or no memory. */
static NAME(ct_plan) * NAME(ct_plan_new)(int64_t n, int kind) {
    int radices[16];
    if (n < 1 || n > CT_FFT_LARGEST || ct_fft_radices(n, radices) < 0) return NULL;
    NAME(ct_plan) *f = calloc(1, sizeof(*f));
    int failed = !f;
    if (f) f->n = n;
    if (f && kind & CT_FFT_HALVED && n % 2 == 0 && n > CT_FFT_WHOLE) {
        f->half = NAME(ct_plan_new)(n / 2, kind & ~CT_FFT_HALVED);
        REAL *w = f->split = malloc(sizeof(REAL) * 2 * (n / 4 + 1));
        failed = !f->half || !w;
        for (int64_t k = 0; k <= n / 4 && !failed; k++) w = NAME(ct_put_root)(w, k, n, (REAL)0.5);
    } else if (f) failed = kind & CT_FFT_LINE ? NAME(ct_plan_steps)(f, n) : NAME(ct_plan_table)(f, n);
    if (!failed) return f;
    NAME(ct_plan_free)(f);
    return NULL;
}

/* ---- LANES lines between memory and vectors */

/* Where elements lie: element j of a line is at line + j * step, its imaginary part `im` further (0: there is none). */
typedef struct {
    REAL *line[LANES]; /* those past `count` repeat the last */
    int count;
    int64_t n, step, im;
    int swap;          /* real and imaginary parts change places, which turns the transform round */
    REAL scale;        /* of what is written */
    const REAL *lane_turn, *base_turn; /* as in a plan, with which it is multiplied too */
} NAME(ct_lines);

/* What the lines' distances are when they are neighbours, else 0. */
static int64_t NAME(ct_apart)(const NAME(ct_lines) * f) {
    const int64_t apart = f->line[1] - f->line[0];
    if (f->count < LANES) return 0;
    for (int i = 2; i < LANES; i++)
        if (f->line[i] - f->line[i - 1] != apart) return 0;
    return apart;
}

CT_INLINE void NAME(ct_part)(VEC a, VEC b, VEC *even, VEC *odd) {
    INDEX low;
    CT_UNROLL for (int i = 0; i < LANES; i++) low[i] = 2 * i;
    *even = __builtin_shuffle(a, b, low);
    *odd = __builtin_shuffle(a, b, low + 1);
}

CT_INLINE void NAME(ct_join)(VEC even, VEC odd, VEC *a, VEC *b) {
    INDEX low;
    CT_UNROLL for (int i = 0; i < LANES; i++) low[i] = i / 2 + i % 2 * LANES;
    *a = __builtin_shuffle(even, odd, low);
    *b = __builtin_shuffle(even, odd, low + LANES / 2);
}

#define TILE (LANES / 2) /* numbers of each line that a square of registers holds */

/* Where number j of a line stands that is held as a table of b columns, column by column. */
typedef struct {
    int64_t at, column, a, b;
} NAME(ct_place_in);

CT_INLINE int64_t NAME(ct_next)(NAME(ct_place_in) * f) {
    const int64_t at = f->at;
    f->at += f->a;
    if (++f->column == f->b) {
        f->at -= f->a * f->b - 1;
        f->column = 0;
    }
    return at;
}

/* A number that is to be written, by what the lines say. */
CT_INLINE CPLX NAME(ct_scaled)(const NAME(ct_lines) * f, int64_t j, const CPLX *from) {
    const VEC *at = (const VEC *)from;
    const CPLX x = {at[f->swap] * f->scale, at[!f->swap] * f->scale};
    if (!f->lane_turn) return x;
    const VEC *lane = (const VEC *)f->lane_turn + 2 * j;
    const CPLX turn = NAME(ct_times)((CPLX){lane[0], lane[1]}, f->base_turn[2 * j], f->base_turn[2 * j + 1]);
    return (CPLX){x.re * turn.re - x.im * turn.im, x.re * turn.im + x.im * turn.re};
}

/* Numbers j to j + TILE of dense lines. */
CT_INLINE void NAME(ct_load_block)(const NAME(ct_lines) * f, int64_t j, CPLX *to, NAME(ct_place_in) * next) {
    VEC block[LANES];
    CT_UNROLL for (int i = 0; i < LANES; i++) {
        const REAL *from = f->line[i] + 2 * j;
        __builtin_prefetch(from + CT_FFT_AHEAD * LANES);
        block[i] = *(const VEC *)from;
    }
    NAME(ct_transpose)(block);
    CT_UNROLL for (int i = 0; i < TILE; i++) {
        VEC *at = (VEC *)(to + NAME(ct_next)(next));
        at[f->swap] = block[2 * i];
        at[!f->swap] = block[2 * i + 1];
    }
}

CT_INLINE void NAME(ct_store_block)(const NAME(ct_lines) * f, int64_t j, const CPLX *from,
                                    NAME(ct_place_in) * next) {
    VEC block[LANES];
    CT_UNROLL for (int i = 0; i < TILE; i++) {
        const CPLX x = NAME(ct_scaled)(f, j + i, from + NAME(ct_next)(next));
        block[2 * i] = x.re, block[2 * i + 1] = x.im;
    }
    NAME(ct_transpose)(block);
    CT_UNROLL for (int i = 0; i < LANES; i++) {
        REAL *to = f->line[i] + 2 * j;
        __builtin_prefetch(to + CT_FFT_AHEAD * LANES, 1);
        *(VEC *)to = block[i];
    }
}

/* The same of any lines, of which `wide` numbers are left. */
static void NAME(ct_load_any)(const NAME(ct_lines) * f, int64_t j, int64_t wide, CPLX *to, NAME(ct_place_in) * next) {
    REAL tile[LANES][LANES];
    VEC block[LANES];
    for (int i = 0; i < LANES; i++) {
        const REAL *from = f->line[i] + j * f->step;
        for (int k = 0; k < TILE && k < wide; k++, from += f->step) {
            tile[i][2 * k] = from[0];
            tile[i][2 * k + 1] = f->im ? from[f->im] : 0;
        }
    }
    CT_UNROLL for (int i = 0; i < LANES; i++) block[i] = *(const VEC *)tile[i];
    NAME(ct_transpose)(block);
    for (int i = 0; i < TILE && i < wide; i++) {
        VEC *at = (VEC *)(to + NAME(ct_next)(next));
        at[f->swap] = block[2 * i];
        at[!f->swap] = block[2 * i + 1];
    }
}

static void NAME(ct_store_any)(const NAME(ct_lines) * f, int64_t j, int64_t wide, const CPLX *from,
                               NAME(ct_place_in) * next) {
    REAL tile[LANES][LANES];
    VEC block[LANES];
    for (int i = 0; i < TILE; i++) {
        const CPLX x = i < wide ? NAME(ct_scaled)(f, j + i, from + NAME(ct_next)(next)) : (CPLX){{0}, {0}};
        block[2 * i] = x.re, block[2 * i + 1] = x.im;
    }
    NAME(ct_transpose)(block);
    CT_UNROLL for (int i = 0; i < LANES; i++) *(VEC *)tile[i] = block[i];
    for (int i = 0; i < f->count; i++) {
        REAL *to = f->line[i] + j * f->step;
        for (int k = 0; k < TILE && k < wide; k++, to += f->step) {
            to[0] = tile[i][2 * k];
            if (f->im) to[f->im] = tile[i][2 * k + 1];
        }
    }
}

/* Number j of neighbouring lines. */
CT_INLINE void NAME(ct_load_row)(const NAME(ct_lines) * f, int64_t apart, int64_t j, CPLX *to) {
    const REAL *first = f->line[0] + j * f->step;
    VEC *at = (VEC *)to, *re = at + f->swap, *im = at + !f->swap;
    __builtin_prefetch(first + CT_FFT_ROWS_AHEAD * f->step);
    if (apart == 2) {
        __builtin_prefetch(first + CT_FFT_ROWS_AHEAD * f->step + LANES);
        NAME(ct_part)(*(const VEC *)first, *(const VEC *)(first + LANES), re, im);
    } else {
        *re = *(const VEC *)first;
        *im = f->im ? *(const VEC *)(first + f->im) : (VEC){0};
    }
}

CT_INLINE void NAME(ct_store_row)(const NAME(ct_lines) * f, int64_t apart, int64_t j, const CPLX *from) {
    const CPLX x = NAME(ct_scaled)(f, j, from);
    REAL *first = f->line[0] + j * f->step;
    __builtin_prefetch(first + CT_FFT_ROWS_AHEAD * f->step, 1);
    if (apart == 2) {
        __builtin_prefetch(first + CT_FFT_ROWS_AHEAD * f->step + LANES, 1);
        NAME(ct_join)(x.re, x.im, (VEC *)first, (VEC *)(first + LANES));
    } else {
        *(VEC *)first = x.re;
        if (f->im) *(VEC *)(first + f->im) = x.im;
    }
}

/* Whether neighbouring lines fill vectors: complex numbers side by side, or real ones. */
static int NAME(ct_side_by_side)(const NAME(ct_lines) * f, int64_t apart) {
    return (apart == 2 && f->im == 1) || (apart == 1 && f->im != 1);
}

static void NAME(ct_load)(const NAME(ct_lines) * f, int64_t a, int64_t b, CPLX *to) {
    const int64_t apart = NAME(ct_apart)(f), n = f->n;
    NAME(ct_place_in) next = {.a = a, .b = b};
    int64_t j = 0;
    if (f->step == 2 && f->im == 1)
        for (; j + TILE <= n; j += TILE) NAME(ct_load_block)(f, j, to, &next);
    else if (NAME(ct_side_by_side)(f, apart))
        for (; j < n; j++) NAME(ct_load_row)(f, apart, j, to + NAME(ct_next)(&next));
    for (; j < n; j += TILE) NAME(ct_load_any)(f, j, n - j, to, &next);
}

static void NAME(ct_store)(const NAME(ct_lines) * f, int64_t a, int64_t b, const CPLX *from) {
    const int64_t apart = NAME(ct_apart)(f), n = f->n;
    NAME(ct_place_in) next = {.a = a, .b = b};
    int64_t j = 0;
    if (f->step == 2 && f->im == 1 && f->count == LANES)
        for (; j + TILE <= n; j += TILE) NAME(ct_store_block)(f, j, from, &next);
    else if (NAME(ct_side_by_side)(f, apart))
        for (; j < n; j++) NAME(ct_store_row)(f, apart, j, from + NAME(ct_next)(&next));
    for (; j < n; j += TILE) NAME(ct_store_any)(f, j, n - j, from, &next);
}

/* ---- a transform in vectors */

/* Numbers of working memory, beside the line itself. */
static int64_t NAME(ct_room)(const NAME(ct_plan) * f) {
    const int64_t side = f->rows.n > f->columns.n ? f->rows.n : f->columns.n;
    return 2 * (side > CT_FFT_TOGETHER ? side : CT_FFT_TOGETHER);
}

/* The transform of x in its place. Either x is held column by column and comes out in order, or the reverse. */
static void NAME(ct_transform)(const NAME(ct_plan) * f, CPLX *x, int ordered, CPLX *between) {
    const int64_t a = f->columns.n, b = f->rows.n;
    if (!f->turn) {
        NAME(ct_short_run)(&f->rows, x, 1, b, 1, NULL, between);
    } else if (ordered) {
        NAME(ct_short_run)(&f->columns, x, b, 1, b, f->turn, between);
        NAME(ct_short_run)(&f->rows, x, 1, b, a, NULL, between);
    } else {
        NAME(ct_short_run)(&f->columns, x, 1, a, b, f->turn, between);
        NAME(ct_short_run)(&f->rows, x, a, 1, a, NULL, between);
    }
}

/* From the transform z of even elements + i odd elements to the first half and one of that of all; in place. */
static void NAME(ct_split)(CPLX *z, int64_t half, const REAL *w) {
    const VEC first = z[0].re;
    z[half] = (CPLX){first - z[0].im, (VEC){0}};
    z[0] = (CPLX){first + z[0].im, (VEC){0}};
    for (int64_t k = 1; 2 * k <= half; k++) {
        const CPLX a = z[k], b = z[half - k];
        const CPLX even = {(a.re + b.re) * (REAL)0.5, (a.im - b.im) * (REAL)0.5};
        const CPLX odd = NAME(ct_times)((CPLX){a.im + b.im, b.re - a.re}, w[2 * k], w[2 * k + 1]);
        z[half - k] = (CPLX){even.re - odd.re, odd.im - even.im};
        z[k] = NAME(ct_add)(even, odd);
    }
}

/* The reverse, twice as large, for a transform back: real and imaginary parts of the result are swapped. */
static void NAME(ct_unsplit)(CPLX *z, int64_t half, const REAL *w) {
    const VEC first = z[0].re, last = z[half].re;
    z[0] = (CPLX){first - last, first + last};
    for (int64_t k = 1; 2 * k <= half; k++) {
        const CPLX a = z[k], b = z[half - k];
        const CPLX even = {a.re + b.re, a.im - b.im};
        const CPLX odd = NAME(ct_times)((CPLX){a.re - b.re, a.im + b.im}, 2 * w[2 * k], -2 * w[2 * k + 1]);
        z[half - k] = (CPLX){odd.re - even.im, even.re + odd.im};
        z[k] = (CPLX){even.im + odd.re, even.re - odd.im};
    }
}

/* A whole line from its half, which ends with element n / 2: the rest is its mirror image. */
static void NAME(ct_mirror)(CPLX *z, int64_t n) {
    for (int64_t k = n / 2 + 1; k < n; k++) z[k] = (CPLX){z[n - k].re, -z[n - k].im};
}

/* What is done with some lines. */
typedef struct {
    const NAME(ct_plan) * plan;
    int kind;
    int64_t lines;
    int ndim;                            /* of the lines */
    const int64_t *shape, *x_apart, *y_apart;
    const REAL *x;
    REAL *y;
    int64_t x_step, y_step;
    REAL scale;
    REAL *table;                         /* memory for one long line; NULL: each has its own */
    int64_t chunk;                       /* groups of lines */
    int failed;
} NAME(ct_job);

static void NAME(ct_place)(const NAME(ct_job) * f, int64_t first, NAME(ct_lines) * from, NAME(ct_lines) * to) {
    int64_t at[64], x = 0, y = 0, rest = first;
    for (int d = f->ndim - 1; d >= 0; d--) {
        at[d] = rest % f->shape[d];
        rest /= f->shape[d];
        x += at[d] * f->x_apart[d];
        y += at[d] * f->y_apart[d];
    }
    from->count = to->count = f->lines - first < LANES ? (int)(f->lines - first) : LANES;
    for (int i = 0; i < LANES; i++) {
        from->line[i] = (REAL *)f->x + x;
        to->line[i] = f->y + y;
        if (i + 1 >= from->count) continue;
        for (int d = f->ndim - 1; d >= 0; d--) {
            x += f->x_apart[d];
            y += f->y_apart[d];
            if (++at[d] < f->shape[d]) break;
            x -= at[d] * f->x_apart[d];
            y -= at[d] * f->y_apart[d];
            at[d] = 0;
        }
    }
}

/* How the lines of a kind of transform are read and written. */
static void NAME(ct_shape)(const NAME(ct_job) * f, NAME(ct_lines) * from, NAME(ct_lines) * to) {
    const int64_t n = f->plan->n, half = f->plan->half != NULL;
    *from = (NAME(ct_lines)){.n = n, .step = f->x_step, .im = 1};
    *to = (NAME(ct_lines)){.n = n, .step = f->y_step, .im = 1, .scale = f->scale};
    if (f->kind == CT_FFT_BACKWARD) from->swap = to->swap = 1;
    if (f->kind == CT_FFT_REAL_HALF || f->kind == CT_FFT_REAL_WHOLE) {
        from->im = half ? f->x_step : 0;
        if (half) from->n = n / 2, from->step *= 2;
        if (f->kind == CT_FFT_REAL_HALF) to->n = n / 2 + 1;
    }
    if (f->kind == CT_FFT_TO_REAL) {
        from->n = n / 2 + 1;
        to->swap = 1;
        to->im = half ? f->y_step : 0;
        if (half) to->n = n / 2, to->step *= 2;
    }
}

/* The numbers of a real line's transform, of which only half are there: what a transform back needs. */
static void NAME(ct_before_real)(const NAME(ct_plan) * f, CPLX *x) {
    if (f->half) {
        NAME(ct_unsplit)(x, f->n / 2, f->split);
        return;
    }
    x[0].im = (VEC){0};
    if (f->n % 2 == 0) x[f->n / 2].im = (VEC){0};
    NAME(ct_mirror)(x, f->n);
    for (int64_t k = 0; k < f->n; k++) x[k] = (CPLX){x[k].im, x[k].re};
}

static void NAME(ct_run_chunk)(void *job, int64_t chunk) {
    NAME(ct_job) *f = job;
    const NAME(ct_plan) *plan = f->plan, *complex = plan->half ? plan->half : plan;
    NAME(ct_lines) from, to;
    CPLX *x = ct_scratch(sizeof(CPLX) * (plan->n + 1 + NAME(ct_room)(complex)));
    if (!x) {
        f->failed = 1;
        return;
    }
    NAME(ct_shape)(f, &from, &to);
    const int ordered = f->kind == CT_FFT_TO_REAL;
    const int64_t a = complex->turn ? complex->columns.n : 1, b = complex->n / a;
    const int64_t first = chunk * f->chunk * LANES, last = first + f->chunk * LANES;
    for (int64_t line = first; line < last && line < f->lines; line += LANES) {
        NAME(ct_place)(f, line, &from, &to);
        NAME(ct_load)(&from, ordered ? 1 : a, ordered ? from.n : b, x);
        if (ordered) NAME(ct_before_real)(plan, x);
        NAME(ct_transform)(complex, x, ordered, x + plan->n + 1);
        if (plan->half && !ordered) {
            NAME(ct_split)(x, plan->n / 2, plan->split);
            if (f->kind == CT_FFT_REAL_WHOLE) NAME(ct_mirror)(x, plan->n);
        }
        NAME(ct_store)(&to, ordered ? b : 1, ordered ? a : to.n, x);
    }
}
