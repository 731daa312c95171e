// kernels_test ISA: the kernels of one instruction set against a plain loop in double precision.
//
// Values are compared with the loop's, and gradients with finite differences of it, for every cell and the
// linear scan, all options and sizes around the tiles' edges; built with sanitizers, it looks for reads and writes outside
// the arrays, each of which is a block of its own. Without an argument it lists the instruction sets.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "dispatch.h"

namespace {

using cello::kPanel;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

std::mt19937 generator(1);

Floats random_floats(size_t n, float scale = 1.0f) {
  std::normal_distribution<float> normal(0.0f, scale);
  Floats values(n);
  for (float& value : values) value = normal(generator);
  return values;
}

int64_t random_integer(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(generator);
}

double activate(int64_t kind, double x) {
  switch (kind) {
    case cello::kTanh: return std::tanh(x);
    case cello::kSigmoid: return 1 / (1 + std::exp(-x));
    case cello::kHardSigmoid: return std::fmin(std::fmax(x + 3, 0), 6) / 6;
    case cello::kRelu: return x > 0 ? x : 0;
    default: return x;
  }
}

// A recurrence with arrays of its own, in double precision, and the weights of its loss.
struct Problem {
  int64_t cell, activation, recurrent_activation, batch, time, features, units;
  bool go_backwards, biased, masked, dropped;
  int64_t gates, slots;
  float epsilon;
  Doubles x, kernel, recurrent_kernel, bias, vectors, h0, c0, recurrent_mask;
  std::vector<uint8_t> mask;
  Doubles weigh_hs, weigh_cs, weigh_h, weigh_c;
  // results of the loop
  Doubles hs, cs, h, c;

  double run() {
    h = h0, c = c0;
    hs.assign(batch * time * units, 0), cs.assign(batch * time * units, 0);
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t step = 0; step < time; ++step) one_step(b, step);
    double loss = 0;
    for (size_t i = 0; i < hs.size(); ++i) loss += weigh_hs[i] * hs[i] + weigh_cs[i] * cs[i];
    for (size_t i = 0; i < h.size(); ++i) loss += weigh_h[i] * h[i] + weigh_c[i] * c[i];
    return loss;
  }

  void one_step(int64_t b, int64_t step) {
    const int64_t t = go_backwards ? time - 1 - step : step;
    if (!masked || mask[b * time + t]) update(b, t);
    for (int64_t u = 0; u < units; ++u) {
      hs[(b * time + step) * units + u] = h[b * units + u];
      cs[(b * time + step) * units + u] = c[b * units + u];
    }
  }

  double input(int64_t b, int64_t t, int64_t column) const {
    double sum = biased ? bias[column] : 0;
    for (int64_t f = 0; f < features; ++f)
      sum += x[(b * time + t) * features + f] * kernel[f * gates * units + column];
    return sum;
  }

  double recurrent(const Doubles& state, int64_t column) const {
    double sum = biased && cell == cello::kGru ? bias[gates * units + column] : 0;
    for (int64_t u = 0; u < units; ++u) sum += state[u] * recurrent_kernel[u * gates * units + column];
    return sum;
  }

  bool has_c() const { return cello::kCells[cell].states > 1; }
  bool normalises() const { return cello::kCells[cell].vectors > 0; }

  // Row `first + ...` of the vectors for each column, times the product of one row, each part of which has
  // a mean square of 1.
  Doubles normalised(Doubles product, int64_t first) const {
    const int64_t ends[] = {0, cell == cello::kLayerNormGru ? 2 * units : gates * units, gates * units};
    for (int part = 0; part < 2; ++part) {
      double squares = 0;
      for (int64_t i = ends[part]; i < ends[part + 1]; ++i) squares += product[i] * product[i];
      const double root = std::sqrt(squares / (ends[part + 1] - ends[part]) + epsilon);
      for (int64_t i = ends[part]; i < ends[part + 1]; ++i) product[i] *= vectors[first * units + i] / root;
    }
    return product;
  }

  void update_normalised(int64_t b, int64_t t) {
    Doubles entering(units), x_part(gates * units), h_part(gates * units), inner(units);
    for (int64_t u = 0; u < units; ++u)
      entering[u] = h[b * units + u] * (dropped ? recurrent_mask[b * units + u] : 1);
    for (int64_t i = 0; i < gates * units; ++i) x_part[i] = input(b, t, i), h_part[i] = recurrent(entering, i);
    x_part = normalised(x_part, 0), h_part = normalised(h_part, gates);
    auto vector = [&](int64_t row, int64_t u) { return vectors[row * units + u]; };
    auto sum = [&](int64_t g, int64_t u) {
      return x_part[g * units + u] + h_part[g * units + u] + vector(2 * gates + g, u);
    };
    auto gate = [&](int64_t g, int64_t u) { return activate(recurrent_activation, sum(g, u)); };
    double* const h_now = &h[b * units];
    double* const c_now = &c[b * units];
    double mean = 0, variance = 0;
    for (int64_t u = 0; u < units; ++u) {
      if (cell == cello::kLayerNormGru) {
        const double candidate = x_part[2 * units + u] + vector(8, u) + gate(1, u) * (h_part[2 * units + u] + vector(9, u));
        h_now[u] = gate(0, u) * h_now[u] + (1 - gate(0, u)) * activate(activation, candidate);
      } else {
        c_now[u] = gate(1, u) * c_now[u] + gate(0, u) * activate(activation, sum(2, u));
        mean += c_now[u] / units;
      }
    }
    if (cell == cello::kLayerNormGru) return;
    for (int64_t u = 0; u < units; ++u) variance += (c_now[u] - mean) * (c_now[u] - mean) / units;
    for (int64_t u = 0; u < units; ++u)
      h_now[u] = gate(3, u) * activate(activation, (c_now[u] - mean) / std::sqrt(variance + epsilon) * vector(12, u) +
                                                       vector(13, u));
  }

  void update(int64_t b, int64_t t) {
    if (normalises()) return update_normalised(b, t);
    Doubles entering(units), next(units), late(units), z(units), r(units);
    for (int64_t u = 0; u < units; ++u)
      entering[u] = h[b * units + u] * (dropped ? recurrent_mask[b * units + u] : 1);
    auto gate = [&](int64_t g, int64_t u) {
      return activate(recurrent_activation, input(b, t, g * units + u) + recurrent(entering, g * units + u));
    };
    for (int64_t u = 0; u < units && cell != cello::kLstm && cell != cello::kSimpleRnn; ++u)
      z[u] = gate(0, u), r[u] = gate(1, u), late[u] = r[u] * entering[u];
    for (int64_t u = 0; u < units; ++u) {
      const int64_t at = b * units + u;
      if (cell == cello::kLstm) {
        const int64_t column = 2 * units + u;
        const double g = activate(activation, input(b, t, column) + recurrent(entering, column));
        c[at] = gate(1, u) * c[at] + gate(0, u) * g;
        next[u] = gate(3, u) * activate(activation, c[at]);
      } else if (cell == cello::kSimpleRnn) {
        next[u] = activate(activation, input(b, t, u) + recurrent(entering, u));
      } else {
        const int64_t column = 2 * units + u;
        const double inner = cell == cello::kGru ? r[u] * recurrent(entering, column) : recurrent(late, column);
        next[u] = z[u] * h[at] + (1 - z[u]) * activate(activation, input(b, t, column) + inner);
      }
    }
    for (int64_t u = 0; u < units; ++u) h[b * units + u] = next[u];
  }
};

Doubles as_doubles(const Floats& values) { return Doubles(values.begin(), values.end()); }
Floats as_floats(const Doubles& values) { return Floats(values.begin(), values.end()); }

Problem random_problem() {
  static const int64_t sizes[] = {1, 2, 3, 5, 7, 15, 16, 17, 31, 33, 48, 65};
  Problem p{};
  p.cell = random_integer(0, 5);
  // Smooth ones for most, so that finite differences mean something.
  static const int64_t kinds[] = {cello::kTanh, cello::kTanh, cello::kSigmoid, cello::kLinear};
  p.activation = kinds[random_integer(0, 3)];
  p.recurrent_activation = random_integer(0, 3) ? cello::kSigmoid : cello::kTanh;
  p.batch = random_integer(1, 20), p.time = random_integer(1, 9);
  p.features = sizes[random_integer(0, 9)], p.units = sizes[random_integer(0, 11)];
  if (random_integer(0, 14) == 0)  // few rows and large kernels: a team of threads
    p.cell = random_integer(0, 1) ? cello::kLstm : cello::kLayerNormLstm, p.batch = random_integer(1, 5), p.features = 40, p.units = 190;
  p.go_backwards = random_integer(0, 1), p.biased = random_integer(0, 3) > 0;
  p.masked = random_integer(0, 1), p.dropped = random_integer(0, 2) == 0;
  if (p.normalises()) p.biased = false;  // it has vectors
  const cello::Sizes& cell = cello::kCells[p.cell];
  p.gates = cell.gates, p.slots = cell.slots;
  const float scale = 0.7f / std::sqrt(static_cast<float>(p.units));
  const int64_t columns = p.gates * p.units, states = p.batch * p.units;
  p.x = as_doubles(random_floats(p.batch * p.time * p.features, 0.5f));
  p.kernel = as_doubles(random_floats(p.features * columns, scale));
  p.recurrent_kernel = as_doubles(random_floats(p.units * columns, scale));
  p.bias = as_doubles(random_floats((p.cell == cello::kGru ? 2 : 1) * columns, 0.3f));
  p.vectors = as_doubles(random_floats(cell.vectors * p.units, 0.7f));
  p.epsilon = 0.02f;  // large enough for finite differences where units are few
  p.h0 = as_doubles(random_floats(states)), p.c0 = as_doubles(random_floats(states));
  p.recurrent_mask.resize(states);
  for (double& factor : p.recurrent_mask) factor = random_integer(0, 2) ? 1.5 : 0.0;
  p.mask.resize(p.batch * p.time);
  for (uint8_t& counts : p.mask) counts = random_integer(0, 2) > 0;
  for (int64_t t = 0; t < p.time; ++t) p.mask[t] = 0;  // the first row does not count at all
  p.weigh_hs = as_doubles(random_floats(states * p.time));
  p.weigh_h = as_doubles(random_floats(states));
  p.weigh_cs = p.has_c() ? as_doubles(random_floats(states * p.time)) : Doubles(states * p.time);
  p.weigh_c = p.has_c() ? as_doubles(random_floats(states)) : Doubles(states);
  return p;
}

// Work on threads of this test.
void run(void* threads, int64_t pieces, void (*work)(void*, int64_t), void* data) {
  std::vector<std::thread> started;
  for (int64_t i = 0; i < pieces; ++i) {
    if (*static_cast<int64_t*>(threads) > 1) started.emplace_back(work, data, i);
    else work(data, i);
  }
  for (std::thread& thread : started) thread.join();
}

bool run_together(void* threads, int64_t members, void (*work)(void*, int64_t), void* data) {
  if (members > *static_cast<int64_t*>(threads)) return false;
  run(threads, members, work, data);
  return true;
}

void* take(size_t bytes) { return std::aligned_alloc(64, (bytes + 63) / 64 * 64); }

double largest(const Doubles& values) {
  double most = 0;
  for (double value : values) most = std::fmax(most, std::fabs(value));
  return most;
}

bool failed = false;

void fail(const Problem& p, const char* what, double got, double want) {
  failed = true;
  std::printf(
      "cell %d activations %d %d batch %d time %d features %d units %d backwards %d bias %d mask %d "
      "dropout %d: %s is %.9g and should be %.9g\n",
      int(p.cell), int(p.activation), int(p.recurrent_activation), int(p.batch), int(p.time),
      int(p.features), int(p.units), p.go_backwards, p.biased, p.masked, p.dropped, what, got, want);
}

void compare(const Problem& p, const char* what, const Floats& got, const Doubles& want) {
  const double tolerance = 2e-5 * std::fmax(1.0, largest(want));
  for (size_t i = 0; i < got.size(); ++i)
    if (!(std::fabs(got[i] - want[i]) <= tolerance)) return fail(p, what, got[i], want[i]);
}

// The derivative of the loss along the direction `along` of `array`, by central differences.
double slope(Problem p, Doubles Problem::*array, const Doubles& along) {
  const double step = 1e-5;
  const Doubles start = p.*array;
  double loss[2];
  for (int side = 0; side < 2; ++side) {
    for (size_t i = 0; i < start.size(); ++i) (p.*array)[i] = start[i] + (side ? step : -step) * along[i];
    loss[side] = p.run();
  }
  return (loss[1] - loss[0]) / (2 * step);
}

void compare_gradient(const Problem& p, const char* what, Doubles Problem::*array, const Floats& gradient) {
  const Doubles along = as_doubles(random_floats(gradient.size()));
  double got = 0, size = 0;
  for (size_t i = 0; i < gradient.size(); ++i)
    got += gradient[i] * along[i], size += std::fabs(gradient[i] * along[i]);
  const double want = slope(p, array, along);
  if (!(std::fabs(got - want) <= 2e-5 * (1 + size))) fail(p, what, got, want);
}

void test_one(const cello::Kernels& kernels, int64_t threads) {
  Problem p = random_problem();
  p.run();
  const cello::Parallel parallel{threads, &threads, run, run_together, take, std::free};
  const bool has_c = p.has_c();
  const int64_t states = p.batch * p.units, panels = (p.units + kPanel - 1) / kPanel;
  Floats x = as_floats(p.x), kernel = as_floats(p.kernel), recurrent = as_floats(p.recurrent_kernel),
         bias = as_floats(p.bias), vectors = as_floats(p.vectors), h0 = as_floats(p.h0), c0 = as_floats(p.c0),
         factor = as_floats(p.recurrent_mask);
  if (p.masked)  // what does not count may be anything
    for (int64_t i = 0; i < p.batch * p.time; ++i)
      if (!p.mask[i])
        for (int64_t f = 0; f < p.features; ++f)
          x[i * p.features + f] = std::numeric_limits<float>::quiet_NaN();
  Floats hs(states * p.time), cs(has_c ? states * p.time : 0), h(states), c(has_c ? states : 0),
      saved(p.time * panels * p.batch * p.slots * kPanel);

  cello::Forward forward{};
  forward.cell = p.cell, forward.activation = p.activation;
  forward.recurrent_activation = p.recurrent_activation;
  forward.batch = p.batch, forward.time = p.time, forward.features = p.features, forward.units = p.units;
  forward.go_backwards = p.go_backwards;
  forward.x = x.data(), forward.kernel = kernel.data(), forward.recurrent_kernel = recurrent.data();
  forward.bias = p.biased ? bias.data() : nullptr;
  forward.vectors = vectors.data(), forward.epsilon = p.epsilon;
  forward.h0 = h0.data(), forward.c0 = has_c ? c0.data() : nullptr;
  forward.mask = p.masked ? p.mask.data() : nullptr;
  forward.recurrent_mask = p.dropped ? factor.data() : nullptr;
  forward.h_last = h.data(), forward.c_last = has_c ? c.data() : nullptr;
  kernels.forward(forward, parallel);  // only the last states
  compare(p, "h_last", h, p.h);
  if (has_c) compare(p, "c_last", c, p.c);

  forward.hs = hs.data(), forward.cs = has_c ? cs.data() : nullptr, forward.saved = saved.data();
  kernels.forward(forward, parallel);
  compare(p, "hs", hs, p.hs);
  if (has_c) compare(p, "cs", cs, p.cs);
  compare(p, "h_last with all", h, p.h);

  const Floats d_hs = as_floats(p.weigh_hs), d_cs = as_floats(p.weigh_cs), d_h = as_floats(p.weigh_h),
               d_c = as_floats(p.weigh_c);
  Floats d_kernel(kernel.size()), d_recurrent(recurrent.size()), d_bias(bias.size()), d_vectors(vectors.size()), d_h0(states),
      d_c0(has_c ? states : 0), d_x(x.size());
  cello::Backward backward{};
  static_cast<cello::Recurrence&>(backward) = forward;
  backward.d_hs = d_hs.data(), backward.d_cs = has_c ? d_cs.data() : nullptr;
  backward.d_h_last = d_h.data(), backward.d_c_last = has_c ? d_c.data() : nullptr;
  backward.d_kernel = d_kernel.data(), backward.d_recurrent_kernel = d_recurrent.data();
  backward.d_bias = p.biased ? d_bias.data() : nullptr;
  backward.d_vectors = d_vectors.data();
  backward.d_h0 = d_h0.data(), backward.d_c0 = has_c ? d_c0.data() : nullptr;
  kernels.backward(backward, parallel);
  compare_gradient(p, "d_kernel", &Problem::kernel, d_kernel);
  compare_gradient(p, "d_recurrent_kernel", &Problem::recurrent_kernel, d_recurrent);
  if (p.biased) compare_gradient(p, "d_bias", &Problem::bias, d_bias);
  if (p.normalises()) compare_gradient(p, "d_vectors", &Problem::vectors, d_vectors);
  compare_gradient(p, "d_h0", &Problem::h0, d_h0);
  if (has_c) compare_gradient(p, "d_c0", &Problem::c0, d_c0);

  cello::InputGradient input_gradient{};
  static_cast<cello::Recurrence&>(input_gradient) = backward;
  input_gradient.d_x = d_x.data();
  kernels.input_gradient(input_gradient, parallel);
  compare_gradient(p, "d_x", &Problem::x, d_x);
}

// A linear scan with arrays of its own, in double precision; of complex numbers, each of which is two
// features.
struct Scan {
  int64_t batch, time, features;
  bool reverse, complex, constant;
  Doubles a, b, h0, weigh_h, h;

  double run() {  // the loss: the real part of the sum of weigh_h * h
    h.resize(b.size());
    Doubles state = h0;
    double loss = 0;
    for (int64_t row = 0; row < batch; ++row)
      for (int64_t step = 0; step < time; ++step)
        for (int64_t f = 0; f < features; f += complex ? 2 : 1) {
          const size_t at = (row * time + (reverse ? time - 1 - step : step)) * features + f;
          double* now = &state[row * features + f];
          const double* factor = &a[constant ? row * features + f : at];
          if (complex) {
            const double real = factor[0] * now[0] - factor[1] * now[1];
            now[1] = h[at + 1] = factor[0] * now[1] + factor[1] * now[0] + b[at + 1];
            now[0] = h[at] = real + b[at];
            loss -= weigh_h[at + 1] * now[1];
          } else {
            now[0] = h[at] = factor[0] * now[0] + b[at];
          }
          loss += weigh_h[at] * now[0];
        }
    return loss;
  }

  // The real part of the sum of left * right.
  double dot(const Floats& left, const Doubles& right, double* size) const {
    double sum = 0;
    for (size_t i = 0; i < left.size(); ++i) {
      const double product = left[i] * right[i];
      sum += complex && i % 2 ? -product : product, *size += std::fabs(product);
    }
    return sum;
  }
};

void test_scan(const cello::Kernels& kernels, int64_t threads, int64_t batch, int64_t time, int64_t features,
               bool complex, bool constant) {
  if (complex) features *= 2;
  Scan p{};
  p.batch = batch, p.time = time, p.features = features, p.reverse = random_integer(0, 1), p.complex = complex;
  p.constant = constant;
  const int64_t states = batch * features, all = states * time, factors = constant ? states : all;
  Floats a = random_floats(factors, 0.5f), b = random_floats(all), h0 = random_floats(states),
         d_h = random_floats(all);
  if (constant)  // powers of numbers beyond the unit circle grow without bounds
    for (float& factor : a) factor = 0.7f * std::tanh(factor);
  p.a = as_doubles(a), p.b = as_doubles(b), p.h0 = as_doubles(h0), p.weigh_h = as_doubles(d_h);
  const double loss = p.run();
  const auto expect = [&](const char* what, double got, double want, double size) {
    if (std::fabs(got - want) <= 2e-5 * (1 + size)) return;
    failed = true;
    std::printf("linear scan of batch %d time %d features %d reverse %d complex %d constant %d on %d threads: %s is "
                "%.9g and should be %.9g\n", int(batch), int(time), int(features), p.reverse, complex, constant,
                int(threads), what, got, want);
  };

  const cello::Parallel parallel{threads, &threads, run, run_together, take, std::free};
  const float nan = std::numeric_limits<float>::quiet_NaN();  // of what nobody wrote
  Floats h(all, nan), d_a(factors, nan), d_b(all, nan), d_h0(states, nan);
  kernels.linear_scan({batch, time, features, p.reverse, complex, constant, a.data(), b.data(), h0.data(), h.data()},
                      parallel);
  for (int64_t i = 0; i < all && !failed; ++i) expect("h", h[i], p.h[i], std::fabs(p.h[i]));
  kernels.linear_scan_backward({batch, time, features, p.reverse, complex, constant, a.data(), h.data(),
                                d_h.data(), h0.data(), d_a.data(), d_b.data(), d_h0.data()}, parallel);
  // h is linear in b and h0, so that the loss is the sum of their products with their gradients ...
  double size = 0;
  const double products = p.dot(d_b, p.b, &size) + p.dot(d_h0, p.h0, &size);
  expect("<d_b, b> + <d_h0, h0>", products, loss, size);
  // ... and a direction of each tells them apart; in a by finite differences.
  const Doubles along_h0 = as_doubles(random_floats(states)), along_a = as_doubles(random_floats(factors));
  size = 0;
  const double along = p.dot(d_h0, along_h0, &size);
  for (int64_t i = 0; i < states; ++i) p.h0[i] += along_h0[i];
  expect("d_h0", along, p.run() - loss, size);
  for (int64_t i = 0; i < states; ++i) p.h0[i] = h0[i];
  const double step = 1e-5;
  double side[2];
  for (int sign = 0; sign < 2; ++sign) {
    for (int64_t i = 0; i < factors; ++i) p.a[i] = a[i] + (sign ? step : -step) * along_a[i];
    side[sign] = p.run();
  }
  size = 0;
  const double slope = p.dot(d_a, along_a, &size);
  expect("d_a", slope, (side[1] - side[0]) / (2 * step), size);
}

void test_scans(const cello::Kernels& kernels, int rounds) {
  static const int64_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 33, 100, 129, 257, 400, 4097, 8200};
  for (int i = 0; i < rounds; ++i)
    test_scan(kernels, 1 + i % 3, random_integer(1, 9), random_integer(1, 40), sizes[random_integer(0, 13)], i % 2,
              i / 2 % 2);
  test_scan(kernels, 2, 2, 2100, 1024, false, false);  // large enough to be stored past the caches
  test_scan(kernels, 2, 2, 2100, 512, true, true);
  test_scan(kernels, 3, 5, 900, 1000, false, true);
}

// hard_sigmoid and relu have corners, where finite differences say nothing: their values here.
void test_activations(const cello::Kernels& kernels) {
  const Floats x = random_floats(1001, 4.0f);
  Floats y(x.size());
  for (int64_t kind = cello::kTanh; kind <= cello::kLinear; ++kind) {
    kernels.activate(kind, x.data(), y.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = activate(kind, x[i]);
      if (!(std::fabs(y[i] - want) <= 1e-6 * std::fmax(std::fabs(want), 1e-3))) {
        std::printf("activation %d of %.9g is %.9g and should be %.9g\n", int(kind), x[i], y[i], want);
        failed = true;
        return;
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::printf("%s\n", cello_isas());
    return 0;
  }
  const cello::Kernels* kernels = cello::kernels(argv[1]);
  if (!kernels) {
    std::fprintf(stderr, "kernels_test: this processor or build has no '%s', but %s\n", argv[1], cello_isas());
    return 2;
  }
  if (std::strcmp(kernels->isa, argv[1]) != 0) return 1;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 150;
  for (int i = 0; i < rounds; ++i) test_one(*kernels, 1 + i % 3);
  test_scans(*kernels, rounds);
  test_activations(*kernels);
  std::printf("%s: %d recurrences and linear scans %s\n", argv[1], rounds, failed ? "FAILED" : "passed");
  return failed;
}
