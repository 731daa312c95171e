"""The functions of C files: no header, no library, no comparison that keeps a loop from vectors.

Each is a text with `P_` in front of names and, for the functions that it needs, their names. Parts
of a polynomial are computed side by side, as a step of a small network waits for each result.
Errors against double: at most 4 ULP, tanh 7, erf 6; sin and cos 2e-7 up to 300; pow grows with the
logarithm.
"""

from __future__ import annotations

UNION = "union { float f; int i; unsigned u; }"

FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "infinity": (
        (),
        "static inline float P_infinity(void) { UNION v; v.u = 0x7f800000u; return v.f; }",
    ),
    "nan": (
        (),
        "static inline float P_nan(void) { UNION v; v.u = 0x7fc00000u; return v.f; }",
    ),
    "select": (  # by bits: a branch would keep a loop from vectors
        (),
        """static inline float P_select(int which, float yes, float no) {
    UNION a, b;
    const unsigned mask = 0u - (unsigned)(which != 0);
    a.f = yes;
    b.f = no;
    a.u = (a.u & mask) | (b.u & ~mask);
    return a.f;
}""",
    ),
    "abs": (
        (),
        "static inline float P_abs(float x) { UNION v; v.f = x; v.u &= 0x7fffffffu; return v.f; }",
    ),
    "max": (
        ("select",),
        "static inline float P_max(float a, float b) "
        "{ return P_select((a > b) | (a != a), a, b); }",
    ),
    "min": (
        ("select",),
        "static inline float P_min(float a, float b) "
        "{ return P_select((a < b) | (a != a), a, b); }",
    ),
    "clamp": (  # by bits as well; NaN stays, as what is added to its size makes it negative
        (),
        """static inline float P_clamp(float x, float most) {
    UNION v, m, size;
    unsigned sign;
    v.f = x;
    m.f = most;
    sign = v.u & 0x80000000u;
    size.u = (v.u & 0x7fffffffu) + 0x007fffffu;
    m.i = m.i + 0x007fffff;
    size.i = size.i < m.i ? size.i : m.i;
    v.u = (size.u - 0x007fffffu) | sign;
    return v.f;
}""",
    ),
    "bfloat16": (
        (),
        "static inline float P_bfloat16(unsigned short x) "
        "{ UNION v; v.u = (unsigned)x << 16; return v.f; }",
    ),
    "float16": (  # 2 to the power of 112 also makes the small ones right, which have no leading 1
        (),
        """static inline float P_float16(unsigned short x) {
    UNION v;
    v.u = (x & 0x7fffu) << 13;
    v.f = v.f * 5.192296858534828e33f;
    v.u = v.u | (x & 0x8000u) << 16;
    return v.f;
}""",
    ),
    "nearest": (  # by bits as well; what is beyond 127 is that, and NaN is 0
        (),
        """static inline signed char P_nearest(float x) {
    UNION v;
    int size;
    v.f = x;
    size = v.i & 0x7fffffff;
    v.u = size > 0x42fe0000 ? (v.u & 0x80000000u) | 0x42fe0000u : v.u;
    v.u = size > 0x7f800000 ? 0u : v.u;
    return (signed char)((int)(v.f + 128.5f) - 128);
}""",
    ),
    "dots": (  # of int8 with weights in blocks; see dots.py
        (),
        """static void P_dots(int *to, const signed char *x, const unsigned char *w,
                   int groups, int blocks) {
    int more = 0; /* as weights are 128 more */
    for (int i = 0; i < 4 * groups; ++i) more += x[i] * 128;
#if defined(__AVX512VNNI__) && defined(__GNUC__)
    typedef int many __attribute__((vector_size(64), aligned(1), may_alias));
    typedef int four __attribute__((aligned(1), may_alias));
    const many zero = {0};
    for (; blocks > 0; blocks -= 4, to += 64, w += 256 * groups) {
        const int last = blocks < 4 ? blocks - 1 : 3; /* what is missing is the last once more */
        const many *a = (const many *)w, *b = a + (last > 0 ? 1 : last) * groups;
        const many *c = a + (last > 1 ? 2 : last) * groups, *d = a + last * groups;
        many s = zero, t = zero, u = zero, v = zero;
        for (int i = 0; i < groups; ++i) {
            const many inputs = zero + *(const four *)(x + 4 * i);
            __asm__("vpdpbusd %2, %1, %0" : "+v"(s) : "v"(a[i]), "v"(inputs));
            __asm__("vpdpbusd %2, %1, %0" : "+v"(t) : "v"(b[i]), "v"(inputs));
            __asm__("vpdpbusd %2, %1, %0" : "+v"(u) : "v"(c[i]), "v"(inputs));
            __asm__("vpdpbusd %2, %1, %0" : "+v"(v) : "v"(d[i]), "v"(inputs));
        }
        *(many *)to = s - more;
        if (last > 0) *(many *)(to + 16) = t - more;
        if (last > 1) *(many *)(to + 32) = u - more;
        if (last > 2) *(many *)(to + 48) = v - more;
    }
#elif defined(__SSE2__) && defined(__GNUC__)
    /* Products of 16 bits, those of even places and those of odd ones. */
    typedef int ints __attribute__((vector_size(16), aligned(1), may_alias));
    typedef short shorts __attribute__((vector_size(16), aligned(1), may_alias));
    typedef unsigned short pairs __attribute__((vector_size(16), aligned(1), may_alias));
    for (; blocks > 0; --blocks, to += 16) {
        ints sums[4] = {{0}, {0}, {0}, {0}};
        for (int group = 0; group < groups; ++group, w += 64) {
            const signed char *const at = x + 4 * group;
            const short a = at[0], b = at[1], c = at[2], d = at[3];
            const shorts even = {a, c, a, c, a, c, a, c}, odd = {b, d, b, d, b, d, b, d};
            for (int i = 0; i < 4; ++i) {
                const pairs units = *(const pairs *)(w + 16 * i);
                sums[i] += (ints)__builtin_ia32_pmaddwd128((shorts)(units & 255), even)
                    + (ints)__builtin_ia32_pmaddwd128((shorts)(units >> 8), odd);
            }
        }
        for (int i = 0; i < 4; ++i) *(ints *)(to + 4 * i) = sums[i] - more;
    }
#else
    for (; blocks > 0; --blocks, w += 64 * (groups - 1)) {
        for (int i = 0; i < 16; ++i, w += 4) {
            const unsigned char *at = w;
            int sum = -more;
            for (int k = 0; k < 4 * groups; k += 4, at += 64)
                sum += x[k] * at[0] + x[k + 1] * at[1] + x[k + 2] * at[2] + x[k + 3] * at[3];
            *to++ = sum;
        }
    }
#endif
}""",
    ),
    "exp": (
        ("clamp",),
        """static inline float P_exp(float x) {
    UNION power;
    float p, q, s, t, k;
    x = P_clamp(x, 87.3f);
    power.i = (int)(x * 1.44269504f + 127.5f);
    k = (float)(power.i - 127);
    t = x - k * 0.693359375f + k * 2.12194440e-4f;
    s = t * t;
    p = 1.9875691500e-4f * t + 1.3981999507e-3f;
    q = 8.3334519073e-3f * t + 4.1665795894e-2f;
    p = p * s + q;
    q = 1.6666665459e-1f * t + 5.0000001201e-1f;
    p = p * s + q;
    p = p * s + (t + 1.0f);
    power.i = power.i * 8388608;
    return p * power.f;
}""",
    ),
    "logistic": (
        ("exp",),
        "static inline float P_logistic(float x) { return 1.0f / (1.0f + P_exp(-x)); }",
    ),
    "tanh": (
        ("clamp",),
        """static inline float P_tanh(float x) {
    float s, r, p, q;
    x = P_clamp(x, 7.90531f);
    s = x * x;
    r = s * s;
    p = 2.00018790482477e-13f * s - 8.60467152213735e-11f - 2.76076847742355e-16f * r;
    q = 5.12229709037114e-08f * s + 1.48572235717979e-05f;
    p = p * r + q;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    q = 1.19825839466702e-06f * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * p / q;
}""",
    ),
    "erf": (
        ("clamp",),
        """static inline float P_erf(float x) {
    float s, p, q;
    x = P_clamp(x, 4.0f);
    s = x * x;
    p = -2.72614225801306e-10f * s + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    q = -1.45660718464996e-05f * s - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return x * p / q;
}""",
    ),
    "rsqrt": (
        ("select", "nan", "infinity"),
        """static inline float P_rsqrt(float x) {
    UNION v;
    float y;
    v.f = x;
    v.u = 0x5f3759dfu - (v.u >> 1);
    y = v.f;
    y = y * (1.5f - 0.5f * x * y * y);
    y = y * (1.5f - 0.5f * x * y * y);
    y = y * (1.5f - 0.5f * x * y * y);
    y = P_select(x > 3.4e38f, 0.0f, y);
    y = P_select(x == 0.0f, P_infinity(), y);
    return P_select(x < 0.0f, P_nan(), y);
}""",
    ),
    "sqrt": (
        ("rsqrt", "select"),
        """static inline float P_sqrt(float x) {
    const float y = P_rsqrt(x), s = x * y;
    return P_select((x == 0.0f) | (x > 3.4e38f), x, s + 0.5f * y * (x - s * s));
}""",
    ),
    "log": (
        ("select", "nan", "infinity"),
        """static inline float P_log(float x) {
    UNION v;
    float e, m, z, p, small;
    int above;
    small = P_select(x < 1.17549435e-38f, 8388608.0f, 1.0f);
    v.f = x * small;
    e = (float)((int)(v.u >> 23) - 126);
    v.u = (v.u & 0x007fffffu) | 0x3f000000u;
    above = v.f < 0.707106781f;
    m = v.f + P_select(above, v.f, 0.0f) - 1.0f;
    e = e - (float)above - P_select(small > 1.0f, 23.0f, 0.0f);
    z = m * m;
    p = 7.0376836292e-2f * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    p = p * m * z - 2.12194440e-4f * e - 0.5f * z;
    p = m + p + 0.693359375f * e;
    p = P_select(x == 0.0f, -P_infinity(), p);
    p = P_select((x < 0.0f) | (x != x), P_nan(), p);
    return P_select(x > 3.4e38f, x, p);
}""",
    ),
    "log1p": (
        ("log", "select"),
        """static inline float P_log1p(float x) {
    const float u = 1.0f + x, d = u - 1.0f, l = P_log(u);
    const float safe = P_select(d == 0.0f, 1.0f, d);
    return P_select((d == 0.0f) | (x > 1e30f), P_select(d == 0.0f, x, l), l * (x / safe));
}""",
    ),
    "expm1": (
        ("exp", "log", "select"),
        """static inline float P_expm1(float x) {
    const float u = P_exp(x), d = u - 1.0f, l = P_log(u);
    const float safe = P_select(l == 0.0f, 1.0f, l);
    return P_select(u == 1.0f, x, P_select((x < -20.0f) | (x > 20.0f), d, d * (x / safe)));
}""",
    ),
    "floor": (
        ("select", "abs"),
        """static inline float P_floor(float x) {
    const int small = P_abs(x) < 8388608.0f;
    const float whole = (float)(int)P_select(small, x, 0.0f);
    return P_select(small, whole - (float)(whole > x), x);
}""",
    ),
    "round": (
        ("floor", "select"),
        """static inline float P_round(float x) {
    const float up = P_floor(x + 0.5f), half = up * 0.5f;
    return up - P_select((up - x == 0.5f) & (P_floor(half) != half), 1.0f, 0.0f);
}""",
    ),
    "sign": (
        ("select",),
        """static inline float P_sign(float x) {
    return P_select(x != x, x, (float)((x > 0.0f) - (x < 0.0f)));
}""",
    ),
    "rem": (
        ("floor", "abs", "select"),
        """static inline float P_rem(float a, float b) {
    const float q = P_floor(P_abs(a) / P_abs(b)), r = P_abs(a) - q * P_abs(b);
    return P_select(a < 0.0f, -r, r);
}""",
    ),
    "pow": (
        ("exp", "log", "abs", "floor", "select", "nan"),
        """static inline float P_pow(float a, float b) {
    const float size = P_exp(b * P_log(P_abs(a))), half = b * 0.5f;
    const int odd = (P_floor(b) == b) & (P_floor(half) != half);
    float r = P_select((a < 0.0f) & odd, -size, size);
    r = P_select((a < 0.0f) & (P_floor(b) != b), P_nan(), r);
    r = P_select((a == 0.0f) & (b > 0.0f), 0.0f, r);
    return P_select(b == 0.0f, 1.0f, r);
}""",
    ),
    "turn": (  # the angle in [-pi/4, pi/4], and the quarter
        (),
        """static inline float P_turn(float x, int *quarter) {
    UNION half;
    int k;
    float n;
    half.f = x;
    half.u = (half.u & 0x80000000u) | 0x3f000000u;
    k = (int)(x * 0.636619772f + half.f);
    n = (float)k;
    *quarter = k & 3;
    return ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.54978995489188216e-8f;
}""",
    ),
    "wave": (
        ("turn", "select"),
        """static inline float P_wave(float x, int more) {
    int quarter;
    const float t = P_turn(x, &quarter), z = t * t;
    float s = -1.9515295891e-4f * z + 8.3321608736e-3f, c = 2.443315711809948e-5f * z;
    float r;
    s = (s * z - 1.6666654611e-1f) * z * t + t;
    c = ((c - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
    quarter = (quarter + more) & 3;
    r = P_select(quarter & 1, c, s);
    return P_select(quarter & 2, -r, r);
}""",
    ),
    "sin": (("wave",), "static inline float P_sin(float x) { return P_wave(x, 0); }"),
    "cos": (("wave",), "static inline float P_cos(float x) { return P_wave(x, 1); }"),
    **{
        f"{letter}{name}": (
            (),
            f"static inline {kind} P_{letter}{name}({parameters}) {{ return {value}; }}",
        )
        for letter, kind in (("i", "int"), ("u", "unsigned"))
        for name, parameters, value in (
            ("max", f"{kind} a, {kind} b", "a > b ? a : b"),
            ("min", f"{kind} a, {kind} b", "a < b ? a : b"),
            ("select", f"int which, {kind} yes, {kind} no", "which ? yes : no"),
        )
    },
}


def texts(used: set[str], prefix: str) -> list[str]:
    """The functions that are used, those that they need before them."""
    found: dict[str, str] = {}

    def add(name: str) -> None:
        needs, text = FUNCTIONS[name]
        for need in needs:
            add(need)
        found.setdefault(name, text.replace("UNION", UNION).replace("P_", prefix))

    for name in FUNCTIONS:
        if name in used:
            add(name)
    return list(found.values())
