// The gradient of the inputs, from the gradients of the pre-activations that backward left.
#pragma once

#include "backward.h"

namespace {

using cello::InputGradient;

// d_x = d_z W^T, some steps at a time, so that what they read stays near.
template <class Cell>
void input_gradient(const InputGradient& call, const Parallel& parallel) {
  using X = typename Cell::X;
  const int64_t panels = panels_of(call.units), depth = panels * X::size * kPanel;
  const int64_t groups = panels_of(call.features);
  Workspace workspace(parallel, groups * depth * kPanel, 1);
  float* transposed = workspace.cut(groups * depth * kPanel);
  parallel_for(parallel, groups, [&](int64_t group) {
    pack_transposed(call.kernel, call.features, Cell::gates, call.units, 0, X::size, group,
                    transposed + group * depth * kPanel);
  });
  const int64_t pieces = batch_pieces(call.batch, parallel.threads);
  const int64_t panel_stride = call.batch * Cell::slots * kPanel;
  parallel_for(parallel, pieces, [&](int64_t piece) {
    const int64_t first = first_row(call.batch, pieces, piece);
    const int64_t rows = first_row(call.batch, pieces, piece + 1) - first;
    const int64_t chunk = kChunkRows / rows > 1 ? kChunkRows / rows : 1;
    for (int64_t begin = 0; begin < call.time; begin += chunk) {
      const int64_t end = begin + chunk < call.time ? begin + chunk : call.time;
      for_panel_groups<4>(0, groups, [&](auto n, int64_t group) {
        for (int64_t step = begin; step < end; ++step)
          for_row_tiles(rows, [&](auto r, int64_t row) {
            constexpr int R = decltype(r)::value, N = decltype(n)::value;
            const float* d_z =
                call.saved + (step * panels * call.batch + first + row) * Cell::slots * kPanel;
            Sums<R, N, 1> z = {};
            accumulate_transposed<X, Cell::slots, R, N>(z, d_z, panels, panel_stride,
                                                        transposed + group * depth * kPanel);
            for (int i = 0; i < R; ++i) {
              float* out =
                  call.d_x + ((first + row + i) * call.time + time_of_step(call, step)) *
                                 call.features;
              for (int j = 0; j < N; ++j)
                for (int p = 0; p < kParts; ++p) {
                  const int64_t feature = (group + j) * kPanel + p * kLanes;
                  store(out + feature, z[p][i][j], call.features - feature);
                }
            }
          });
      });
    }
  });
}

}  // namespace
