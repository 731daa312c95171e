// How a recurrence is cut up for a GPU: from its sizes and those of the GPU alone.
#pragma once

#include <algorithm>

#include "recurrence.h"

namespace cello::cuda {

inline int over(int n, int of) { return (n + of - 1) / of; }

// For `batch` rows of `units`.
//   kTiles: rows of 16 weights to a block of units: the gates, forward; 1, backward.
//   gates: rows of `published` have so many words for each unit: 1, forward; the gates, backward.
template <class F, int kTiles>
Plan plan_of(const Device& device, int batch, int units, int gates) {
  Plan plan{};
  plan.blocks = over(units, kUnits);
  const int own = over(plan.blocks, device.multiprocessors);  // blocks of a member, as few as possible
  plan.members = over(plan.blocks, own);
  const int most = std::max(1, device.multiprocessors / plan.members);
  plan.columns = over(batch, 8) <= most ? 1 : 2;
  plan.tiles = over(batch, 8 * plan.columns);
  plan.groups = std::min(most, plan.tiles);
  plan.held = own == 1;
  plan.width = plan.blocks * kUnits;
  plan.row = gates * plan.width;
  plan.depth = plan.row / kDepth;
  plan.per_warp = over(plan.depth, kWarps);
  const size_t sums = plan.columns == 1 ? Sums<kTiles, 1>::kBytes : Sums<kTiles, 2>::kBytes;
  const size_t slot = sizeof(uint4) * kWarps * Weights<F, kTiles>::kSlot;
  const int slots = plan.held ? std::max(0, plan.per_warp - held_blocks<F>(kTiles)) : own * plan.per_warp;
  const int64_t room = std::max<int64_t>(0, device.shared_bytes - static_cast<int64_t>(sums));
  plan.in_shared = std::min<int64_t>(slots, room / static_cast<int64_t>(slot));
  plan.shared_bytes = sums + plan.in_shared * slot;
  plan.published_bytes = sizeof(uint32_t) * 2 * plan.tiles * 8 * plan.columns * plan.row;
  plan.weights_bytes = plan.in_shared < slots ? size_t{1} * plan.members * own * plan.per_warp * slot : 0;
  return plan;
}

}  // namespace cello::cuda
