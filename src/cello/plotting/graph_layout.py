"""Where the boxes of a graph stand: in ranks, each below those that it needs.

Source: Sugiyama, Tagawa and Toda 1981: ranks, then the order within them, then places.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np


@dataclasses.dataclass
class Layout:
    """Places in a picture whose first rank is at the top, y downwards from 0.

    Attributes:
        width, height: its size.
        centres: `(x, y)` of each box.
        routes: for each edge the points that it goes through, from box to box.
    """

    width: float
    height: float
    centres: list[tuple[float, float]]
    routes: list[list[tuple[float, float]]]


def lay_out_graph(sizes, edges, gap: float, rank_gap: float) -> Layout:
    """Places for boxes that edges join.

    Args:
        sizes: `(width, height)` of each box.
        edges: pairs of numbers of boxes, from the lower to the higher.
        gap: the least space between boxes of a rank.
        rank_gap: the space between ranks.
    """
    ranks = _rank_boxes(len(sizes), edges)
    widths = [w for w, _ in sizes]
    # an edge over several ranks keeps a place free in each between
    chains, links = [], []
    rank_of = list(ranks)
    for a, b in edges:
        chain = [a]
        for rank in range(ranks[a] + 1, ranks[b]):
            chain.append(len(widths))
            widths.append(8.0)
            rank_of.append(rank)
        chain.append(b)
        chains.append(chain)
        links += list(itertools.pairwise(chain))
    rows = [[i for i, r in enumerate(rank_of) if r == rank] for rank in range(max(ranks) + 1)]
    before: dict[int, list[int]] = {i: [a for a, b in links if b == i] for i in range(len(widths))}
    after: dict[int, list[int]] = {i: [b for a, b in links if a == i] for i in range(len(widths))}
    x = _place_boxes(rows, before, after, widths, gap)

    heights = [max(sizes[i][1] for i in row if i < len(sizes)) for row in rows]
    tops = np.concatenate([[0], np.cumsum(np.add(heights, rank_gap))])
    y = [tops[r] + heights[r] / 2 for r in rank_of]
    left = min(x[i] - w / 2 for i, w in enumerate(widths))
    right = max(x[i] + w / 2 for i, w in enumerate(widths))
    x = {i: x[i] - left for i in x}

    routes = []
    for chain in chains:
        a, b = chain[0], chain[-1]
        incoming = sorted((c for c in chains if c[-1] == b), key=lambda c: x[c[-2]])
        share = (incoming.index(chain) + 1) / (len(incoming) + 1) - 0.5
        route = [(x[a], y[a] + sizes[a][1] / 2)]
        for i in chain[1:-1]:
            route += [(x[i], tops[rank_of[i]]), (x[i], tops[rank_of[i]] + heights[rank_of[i]])]
        route.append((x[b] + share * min(widths[b], 120.0), y[b] - sizes[b][1] / 2))
        routes.append(route)
    centres = [(x[i], y[i]) for i in range(len(sizes))]
    return Layout(right - left, float(tops[-1]) - rank_gap, centres, routes)


def _rank_boxes(count: int, edges) -> list[int]:
    """The longest way to each box; one that needs nothing stands just above its first use."""
    ranks = [0] * count
    for a, b in sorted(edges, key=lambda e: e[1]):
        ranks[b] = max(ranks[b], ranks[a] + 1)
    fed = {b for _, b in edges}
    for i in range(count):
        uses = [ranks[b] for a, b in edges if a == i]
        if i not in fed and uses:
            ranks[i] = min(uses) - 1
    return ranks


def _place_boxes(rows, before, after, widths, gap: float) -> dict[int, float]:
    """x of each box: close to the boxes that it is joined to."""
    x: dict[int, float] = {}
    for row in rows:
        ends = np.cumsum([widths[i] + gap for i in row])
        x.update({i: end - (widths[i] + gap) / 2 for i, end in zip(row, ends, strict=True)})

    def wish(i, neighbours):
        return float(np.mean([x[j] for j in neighbours[i]])) if neighbours[i] else x[i]

    for sweep in range(12):
        neighbours = before if sweep % 2 == 0 else after
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wishes = {i: wish(i, neighbours) for i in row}
            if sweep < 8:
                row.sort(key=wishes.__getitem__)
            offsets = np.cumsum(
                [0] + [(widths[i] + widths[j]) / 2 + gap for i, j in itertools.pairwise(row)]
            )
            nearest = _fit_rising(np.array([wishes[i] for i in row]) - offsets)
            x.update(zip(row, nearest + offsets, strict=True))
    return x


def _fit_rising(values) -> np.ndarray:
    """The numbers that never fall and are nearest to `values`, in squares."""
    blocks: list[list[float]] = []  # mean, count
    for value in values:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [[(a * m + b * n) / (m + n), m + n]]
    return np.concatenate([np.full(int(n), mean) for mean, n in blocks])
