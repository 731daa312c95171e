// The limits of this machine, measured: `machine SECONDS fma` prints the flops a second of all cores
// in independent chains of multiply-adds; `machine SECONDS add` the bytes a second of STREAM's add,
// c = a + b over three large arrays, with ordinary and with non-temporal stores (0: none here).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>
#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
typedef float Vector __attribute__((vector_size(4 * kLanes)));

static int cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

static double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// Runs `work(thread)` on all cores at once, again and again for `seconds`; the shortest time.
template <class Work>
static double shortest(double seconds, Work work) {
  const int n = cores();
  double best = 1e30, end = now() + seconds;
  std::atomic<int> round{0}, done{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> helpers;
  for (int t = 1; t < n; t++) {
    helpers.emplace_back([&, t] {
      for (int seen = 0;; seen++) {
        while (round.load() == seen) {
          if (stop.load()) return;
        }
        work(t);
        done.fetch_add(1);
      }
    });
  }
  do {
    done = 0;
    const double began = now();
    round.fetch_add(1);
    work(0);
    while (done.load() != n - 1) {
    }
    best = std::min(best, now() - began);
  } while (now() < end);
  stop = true;
  for (auto& helper : helpers) helper.join();
  return best;
}

constexpr int kChains = 12;  // more than latency x units of any processor of today

static float chains(long steps) {
  Vector a[kChains], m, b;
  for (int i = 0; i < kLanes; i++) m[i] = 0.999f, b[i] = 0.5f;
  for (int j = 0; j < kChains; j++) a[j] = m + float(j);
  for (long i = 0; i < steps; i++) {
#pragma GCC unroll 12
    for (int j = 0; j < kChains; j++) {
      a[j] = a[j] * m + b;
    }
  }
  Vector sum = a[0];
  for (int j = 1; j < kChains; j++) sum += a[j];
  return sum[0];
}

static double fma(double seconds) {
  const long steps = 400000;
  static volatile float sink;
  const double best = shortest(seconds, [&](int) { sink = chains(steps); });
  return 2.0 * kLanes * kChains * steps * cores() / best;
}

struct Arrays {
  static constexpr size_t kCount = size_t(1) << 24;  // 67 MB each
  float *a, *b, *c;
  Arrays() : a(make(1)), b(make(2)), c(make(0)) {}
  static float* make(float value) {
    void* p = std::aligned_alloc(size_t(1) << 21, 4 * kCount);
    if (!p) std::exit(1);
#if defined(__linux__)
    madvise(p, 4 * kCount, MADV_HUGEPAGE);
#endif
    std::fill_n(static_cast<float*>(p), kCount, value);
    return static_cast<float*>(p);
  }
  size_t part(int t) const { return kCount / cores() * t / 64 * 64; }
  size_t end(int t) const { return t == cores() - 1 ? kCount : part(t + 1); }
};

static double add(double seconds, const Arrays& x, bool streaming) {
#if !defined(__SSE2__)
  if (streaming) return 0;
#endif
  const double best = shortest(seconds, [&](int t) {
    for (size_t i = x.part(t), end = x.end(t); i < end; i += kLanes) {
      Vector a, b;
      std::memcpy(&a, x.a + i, sizeof a);
      std::memcpy(&b, x.b + i, sizeof b);
      a += b;
#if defined(__AVX512F__)
      if (streaming) _mm512_stream_ps(x.c + i, (__m512)a);
#elif defined(__AVX__)
      if (streaming) _mm256_stream_ps(x.c + i, (__m256)a);
#elif defined(__SSE2__)
      if (streaming) _mm_stream_ps(x.c + i, (__m128)a);
#endif
      if (!streaming) std::memcpy(x.c + i, &a, sizeof a);
    }
#if defined(__SSE2__)
    _mm_sfence();
#endif
  });
  return 12.0 * Arrays::kCount / best;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const double seconds = std::atof(argv[1]);
  if (!std::strcmp(argv[2], "fma")) {
    std::printf("%.6g\n", fma(seconds));
  } else {
    const Arrays arrays;
    std::printf("%.6g %.6g\n", add(seconds, arrays, false), add(seconds, arrays, true));
  }
}
