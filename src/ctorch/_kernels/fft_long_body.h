/* One element type's long lines, each transformed as a table in memory: columns, roots of unity, rows. */

typedef struct {
    const NAME(ct_plan) * plan; /* with outer and inner */
    NAME(ct_lines) from, to;    /* the one line is line[0] */
    REAL *table;
    int failed;
} NAME(ct_steps);

static CPLX *NAME(ct_steps_scratch)(NAME(ct_steps) * f, const NAME(ct_plan) * plan) {
    CPLX *x = ct_scratch(sizeof(CPLX) * (plan->n + NAME(ct_room)(plan)));
    if (!x) f->failed = 1;
    return x;
}

static void NAME(ct_neighbours)(NAME(ct_lines) * f, REAL *first, int64_t apart, int64_t left) {
    f->count = left < LANES ? (int)left : LANES;
    for (int i = 0; i < LANES; i++) f->line[i] = first + (i < f->count ? i : f->count - 1) * apart;
}

static void NAME(ct_through)(const NAME(ct_plan) * f, const NAME(ct_lines) * from, const NAME(ct_lines) * to, CPLX *x) {
    const int64_t a = f->turn ? f->columns.n : 1;
    NAME(ct_load)(from, a, f->n / a, x);
    NAME(ct_transform)(f, x, 0, x + f->n);
    NAME(ct_store)(to, 1, f->n, x);
}

static void NAME(ct_columns)(void *job, int64_t group) {
    NAME(ct_steps) *f = job;
    const int64_t rows = f->plan->outer->n, columns = f->plan->inner->n, first = group * LANES;
    NAME(ct_lines) from = f->from, to = {.n = rows, .step = 2 * columns, .im = 1, .scale = 1};
    CPLX *x = NAME(ct_steps_scratch)(f, f->plan->outer);
    if (!x) return;
    from.n = rows;
    from.step *= columns;
    NAME(ct_neighbours)(&from, f->from.line[0] + first * f->from.step, f->from.step, columns - first);
    NAME(ct_neighbours)(&to, f->table + 2 * first, 2, columns - first);
    to.lane_turn = f->plan->lane_turn;
    to.base_turn = f->plan->base_turn + 2 * rows * group;
    NAME(ct_through)(f->plan->outer, &from, &to, x);
}

static void NAME(ct_rows)(void *job, int64_t group) {
    NAME(ct_steps) *f = job;
    const int64_t rows = f->plan->outer->n, columns = f->plan->inner->n, first = group * LANES;
    NAME(ct_lines) from = {.n = columns, .step = 2, .im = 1}, to = f->to;
    CPLX *x = NAME(ct_steps_scratch)(f, f->plan->inner);
    if (!x) return;
    to.n = columns;
    to.step *= rows;
    NAME(ct_neighbours)(&from, f->table + 2 * columns * first, 2 * columns, rows - first);
    NAME(ct_neighbours)(&to, f->to.line[0] + first * f->to.step, f->to.step, rows - first);
    NAME(ct_through)(f->plan->inner, &from, &to, x);
}

static void NAME(ct_run_steps)(NAME(ct_steps) * f) {
    ct_fft_parallel(NAME(ct_columns), f, (f->plan->inner->n + LANES - 1) / LANES);
    ct_fft_parallel(NAME(ct_rows), f, (f->plan->outer->n + LANES - 1) / LANES);
}

/* ---- real lines: a whole transform z in memory, split or put together around the steps */

typedef struct {
    const NAME(ct_plan) * plan;
    int kind;
    REAL *z, *y;
    const REAL *x;
    int64_t step;
    REAL scale;
} NAME(ct_halves);

static void NAME(ct_put)(const NAME(ct_halves) * f, int64_t k, REAL re, REAL im) {
    REAL *to = f->y + k * f->step;
    to[0] = re * f->scale, to[1] = im * f->scale;
    if (f->kind != CT_FFT_REAL_WHOLE || k == 0 || 2 * k >= f->plan->n) return;
    to = f->y + (f->plan->n - k) * f->step;
    to[0] = re * f->scale, to[1] = -im * f->scale;
}

/* As ct_split, for some k and their mirror images. */
static void NAME(ct_split_chunk)(void *job, int64_t chunk) {
    const NAME(ct_halves) *f = job;
    const int64_t half = f->plan->n / 2, first = chunk * CT_FFT_LONG, last = first + CT_FFT_LONG;
    const REAL *w = f->plan->split;
    for (int64_t k = first; k < last && 2 * k <= half; k++) {
        const REAL *a = f->z + 2 * k, *b = k ? f->z + 2 * (half - k) : f->z;
        const REAL even_re = (a[0] + b[0]) * (REAL)0.5, even_im = (a[1] - b[1]) * (REAL)0.5;
        const REAL re = a[1] + b[1], im = b[0] - a[0];
        const REAL odd_re = re * w[2 * k] - im * w[2 * k + 1], odd_im = re * w[2 * k + 1] + im * w[2 * k];
        NAME(ct_put)(f, half - k, even_re - odd_re, k ? odd_im - even_im : 0);
        if (2 * k < half) NAME(ct_put)(f, k, even_re + odd_re, k ? even_im + odd_im : 0);
    }
}

/* As ct_unsplit, but that real and imaginary parts stay in their places. */
static void NAME(ct_unsplit_chunk)(void *job, int64_t chunk) {
    const NAME(ct_halves) *f = job;
    const int64_t half = f->plan->n / 2, first = chunk * CT_FFT_LONG, last = first + CT_FFT_LONG;
    const REAL *w = f->plan->split;
    for (int64_t k = first; k < last && 2 * k <= half; k++) {
        const REAL *a = f->x + k * f->step, *b = f->x + (half - k) * f->step;
        const REAL a_im = k ? a[1] : 0, b_im = k ? b[1] : 0;
        const REAL even_re = a[0] + b[0], even_im = a_im - b_im, re = a[0] - b[0], im = a_im + b_im;
        const REAL odd_re = 2 * (re * w[2 * k] + im * w[2 * k + 1]), odd_im = 2 * (im * w[2 * k] - re * w[2 * k + 1]);
        if (k) {
            f->z[2 * (half - k)] = even_re + odd_im;
            f->z[2 * (half - k) + 1] = odd_re - even_im;
        }
        f->z[2 * k] = even_re - odd_im;
        f->z[2 * k + 1] = even_im + odd_re;
    }
}

/* Odd lengths have no halves: their numbers are copied. */
static void NAME(ct_copy_half)(const NAME(ct_halves) * f) {
    const int64_t n = f->plan->n;
    for (int64_t k = 0; k <= n / 2; k++) {
        if (f->kind != CT_FFT_TO_REAL) {
            NAME(ct_put)(f, k, f->z[2 * k], k ? f->z[2 * k + 1] : 0);
            continue;
        }
        const REAL *from = f->x + k * f->step;
        const REAL im = k && 2 * k < n ? from[1] : 0;
        f->z[2 * k] = from[0], f->z[2 * k + 1] = im;
        if (k && 2 * k < n) f->z[2 * (n - k)] = from[0], f->z[2 * (n - k) + 1] = -im;
    }
}

static void NAME(ct_real_line)(const NAME(ct_job) * f, NAME(ct_steps) * steps, const REAL *x, REAL *y, REAL *z) {
    const NAME(ct_plan) *plan = f->plan;
    const int64_t chunks = plan->n / 4 / CT_FFT_LONG + 1;
    const int back = f->kind == CT_FFT_TO_REAL;
    NAME(ct_halves) halves = {plan, f->kind, z, y, x, back ? f->x_step : f->y_step, f->scale};
    if (back) {
        if (plan->half) ct_fft_parallel(NAME(ct_unsplit_chunk), &halves, chunks);
        else NAME(ct_copy_half)(&halves);
        steps->from = (NAME(ct_lines)){.line = {z}, .step = 2, .im = 1, .swap = 1};
        NAME(ct_run_steps)(steps);
        return;
    }
    steps->to = (NAME(ct_lines)){.line = {z}, .step = 2, .im = 1, .scale = 1};
    NAME(ct_run_steps)(steps);
    if (plan->half) ct_fft_parallel(NAME(ct_split_chunk), &halves, chunks);
    else NAME(ct_copy_half)(&halves);
}

/* Numbers of memory for one long line. */
static int64_t NAME(ct_line_room)(const NAME(ct_plan) * f) { return 4 * f->n; }

static void NAME(ct_run_line)(void *job, int64_t line) {
    NAME(ct_job) *f = job;
    const NAME(ct_plan) *plan = f->plan->half ? f->plan->half : f->plan;
    REAL *table = f->table ? f->table : malloc(sizeof(REAL) * NAME(ct_line_room)(f->plan));
    NAME(ct_steps) steps = {.plan = plan, .table = table};
    NAME(ct_lines) from, to;
    if (!table) {
        f->failed = 1;
        return;
    }
    NAME(ct_place)(f, line, &from, &to);
    const REAL *x = from.line[0];
    REAL *y = to.line[0];
    NAME(ct_shape)(f, &steps.from, &steps.to);
    steps.from.line[0] = (REAL *)x;
    steps.to.line[0] = y;
    if (f->kind == CT_FFT_FORWARD || f->kind == CT_FFT_BACKWARD) NAME(ct_run_steps)(&steps);
    else NAME(ct_real_line)(f, &steps, x, y, table + 2 * plan->n);
    if (!f->table) free(table);
    if (steps.failed) f->failed = 1;
}

/* ---- any job */

static int NAME(ct_run_job)(NAME(ct_job) * f) {
    const NAME(ct_plan) *plan = f->plan->half ? f->plan->half : f->plan;
    f->failed = 0;
    if (plan->outer) {
        if (f->table)
            for (int64_t line = 0; line < f->lines; line++) NAME(ct_run_line)(f, line);
        else ct_fft_parallel(NAME(ct_run_line), f, f->lines);
    } else {
        const int64_t groups = (f->lines + LANES - 1) / LANES;
        f->chunk = 1 + 512 / plan->n;
        ct_fft_parallel(NAME(ct_run_chunk), f, (groups + f->chunk - 1) / f->chunk);
    }
    return f->failed;
}

#undef CPLX
