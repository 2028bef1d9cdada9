/* Included by grid.h for each REAL. */

static void NAME(ct_clip)(REAL *at, REAL last) {
    for (int p = 0; p < CT_POINTS; p++) {
        REAL x = at[p] > 0 ? at[p] : 0; /* NaN too */
        at[p] = x < last ? x : last;
    }
}

/* Padding of places on an axis of `size` elements. */
static void NAME(ct_pad)(const ct_grid *g, int64_t size, REAL *at) {
    const REAL low = g->align ? 0 : (REAL)-0.5, span = (REAL)(g->align ? size - 1 : size);
    if (g->padding == CT_ZEROS) return;
    if (g->padding == CT_REFLECTION && span == 0) memset(at, 0, CT_POINTS * sizeof *at);
    else if (g->padding == CT_REFLECTION) {
        for (int p = 0; p < CT_POINTS; p++) {
            REAL x = at[p] - low;
            x = x < 0 ? -x : x;
            REAL half = (REAL)0.5 * NAME(ct_floor)(x / span), rest = x - 2 * half * span;
            at[p] = (half == NAME(ct_floor)(half) ? rest : span - rest) + low;
        }
    }
    NAME(ct_clip)(at, (REAL)(size - 1));
}

/* The element at or below each place, and how far beyond it; what cannot be an index is far outside. */
static void NAME(ct_split)(const REAL *at, int32_t *whole, REAL *part) {
    for (int p = 0; p < CT_POINTS; p++) {
        REAL low = NAME(ct_floor)(at[p]);
        part[p] = at[p] - low;
        whole[p] = low > -1e9f && low < 1e9f ? (int32_t)low : -100;
    }
}

/* The elements at one corner. Outside of the image the weight is zero, so only where what is read instead is not finite
 * must there be zero too. */
static void NAME(ct_values)(const ct_corners *c, int corner, const REAL *x, REAL *to) {
    BITS bits[CT_POINTS];
    for (int p = 0; p < CT_POINTS; p++) to[p] = x[c->at[corner][p]];
    if (*x - *x == 0) return;
    memcpy(bits, to, sizeof bits);
    for (int p = 0; p < CT_POINTS; p++) bits[p] &= (BITS)(int64_t)c->keep[corner][p];
    memcpy(to, bits, sizeof bits);
}

/* Keys's weights of four neighbours with A = -0.75. */
static void NAME(ct_cubic)(const REAL *part, REAL (*w)[CT_POINTS]) {
    const REAL a = (REAL)-0.75;
    for (int p = 0; p < CT_POINTS; p++) {
        REAL t = part[p], far = t + 1, back = 1 - t, last = 2 - t;
        w[0][p] = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a;
        w[1][p] = ((a + 2) * t - (a + 3)) * t * t + 1;
        w[2][p] = ((a + 2) * back - (a + 3)) * back * back + 1;
        w[3][p] = ((a * last - 5 * a) * last + 8 * a) * last - 4 * a;
    }
}

/* The weights and the elements of four neighbours on an axis, each padded by itself. */
static void NAME(ct_taps)(const ct_grid *g, int size, const REAL *at, REAL (*w)[CT_POINTS],
                          int32_t (*tap)[CT_POINTS]) {
    REAL whole[CT_POINTS], part[CT_POINTS];
    for (int p = 0; p < CT_POINTS; p++) part[p] = at[p] - NAME(ct_floor)(at[p]);
    NAME(ct_cubic)(part, w);
    for (int i = 0; i < 4; i++) {
        for (int p = 0; p < CT_POINTS; p++) whole[p] = NAME(ct_floor)(at[p]) + (i - 1);
        NAME(ct_pad)(g, size, whole);
        NAME(ct_split)(whole, tap[i], part);
        for (int p = 0; p < CT_POINTS; p++) w[i][p] *= (tap[i][p] >= 0) & (tap[i][p] < size);
    }
}

static void NAME(ct_sample_cubic)(const ct_grid *g, REAL (*at)[CT_POINTS], int m, const REAL *x, REAL *y) {
    REAL w[2][4][CT_POINTS], value[4][CT_POINTS], total[CT_POINTS];
    int32_t tap[2][4][CT_POINTS];
    ct_corners c;
    NAME(ct_taps)(g, g->width, at[0], w[0], tap[0]);
    NAME(ct_taps)(g, g->height, at[1], w[1], tap[1]);
    for (int i = 0; i < 16; i++) ct_corner(&c, i, tap[1][i / 4], tap[0][i % 4], g->height, g->width);
    for (int64_t channel = 0; channel < g->channels; channel++, x += g->height * g->width) {
        memset(total, 0, sizeof total);
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) NAME(ct_values)(&c, 4 * i + j, x, value[j]);
            for (int p = 0; p < CT_POINTS; p++)
                total[p] += w[1][i][p] * (w[0][0][p] * value[0][p] + w[0][1][p] * value[1][p] +
                                          w[0][2][p] * value[2][p] + w[0][3][p] * value[3][p]);
        }
        memcpy(y + channel * g->points, total, m * sizeof *y);
    }
}

static void NAME(ct_sample_nearest)(const ct_grid *g, REAL (*at)[CT_POINTS], int m, const REAL *x, REAL *y) {
    REAL part[CT_POINTS], value[CT_POINTS];
    int32_t whole[2][CT_POINTS];
    ct_corners c;
    for (int axis = 0; axis < 2; axis++) {
        for (int p = 0; p < CT_POINTS; p++) at[axis][p] = NAME(ct_round)(at[axis][p]);
        NAME(ct_split)(at[axis], whole[axis], part);
    }
    ct_corner(&c, 0, whole[1], whole[0], g->height, g->width);
    for (int64_t channel = 0; channel < g->channels; channel++, x += g->height * g->width) {
        for (int p = 0; p < CT_POINTS; p++) value[p] = c.keep[0][p] ? x[c.at[0][p]] : 0;
        memcpy(y + channel * g->points, value, m * sizeof *y);
    }
}

static void NAME(ct_sample_linear)(const ct_grid *g, REAL (*at)[CT_POINTS], int m, const REAL *x, REAL *y) {
    REAL part[2][CT_POINTS], weight[4][CT_POINTS], value[4][CT_POINTS], total[CT_POINTS];
    int32_t whole[2][CT_POINTS], next[2][CT_POINTS];
    ct_corners c;
    for (int axis = 0; axis < 2; axis++) {
        NAME(ct_split)(at[axis], whole[axis], part[axis]);
        for (int p = 0; p < CT_POINTS; p++) next[axis][p] = whole[axis][p] + 1;
    }
    for (int i = 0; i < 4; i++)
        ct_corner(&c, i, i / 2 ? next[1] : whole[1], i % 2 ? next[0] : whole[0], g->height, g->width);
    for (int p = 0; p < CT_POINTS; p++) {
        REAL right = part[0][p], down = part[1][p];
        weight[0][p] = (1 - down) * (1 - right), weight[1][p] = (1 - down) * right;
        weight[2][p] = down * (1 - right), weight[3][p] = down * right;
    }
    for (int i = 0; i < 4; i++)
        for (int p = 0; p < CT_POINTS; p++) weight[i][p] *= -c.keep[i][p];
    for (int64_t channel = 0; channel < g->channels; channel++, x += g->height * g->width) {
        for (int i = 0; i < 4; i++) NAME(ct_values)(&c, i, x, value[i]);
        for (int p = 0; p < CT_POINTS; p++)
            total[p] = weight[0][p] * value[0][p] + weight[1][p] * value[1][p] + weight[2][p] * value[2][p] +
                       weight[3][p] * value[3][p];
        memcpy(y + channel * g->points, total, m * sizeof *y);
    }
}

/* m points of one image, at most CT_POINTS, in all channels. */
static void NAME(ct_sample)(const ct_grid *g, const REAL *point, int m, const REAL *x, REAL *y) {
    REAL at[2][CT_POINTS];
    for (int axis = 0; axis < 2; axis++) {
        const int64_t size = axis ? g->height : g->width;
        const REAL last = (REAL)(size - 1), all = (REAL)size;
        memset(at[axis], 0, sizeof at[axis]);
        if (g->align)
            for (int p = 0; p < m; p++) at[axis][p] = (point[2 * p + axis] + 1) / 2 * last;
        else
            for (int p = 0; p < m; p++) at[axis][p] = ((point[2 * p + axis] + 1) * all - 1) / 2;
        if (g->mode != CT_CUBIC) NAME(ct_pad)(g, size, at[axis]);
    }
    if (g->mode == CT_CUBIC) NAME(ct_sample_cubic)(g, at, m, x, y);
    else if (g->mode == CT_NEAREST) NAME(ct_sample_nearest)(g, at, m, x, y);
    else NAME(ct_sample_linear)(g, at, m, x, y);
}
