"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic


from cello.plotting.alignment import plot_alignment as plot_alignment
from cello.plotting.heat_maps import plot_gates as plot_gates
from cello.plotting.gradient_flow import plot_gradient_flow as plot_gradient_flow
from cello.plotting.history import plot_history as plot_history
from cello.plotting.diagram import plot_model as plot_model
from cello.plotting.heat_maps import plot_states as plot_states
from cello.plotting.unrolled import plot_unrolled as plot_unrolled

__all__ = [
    "plot_alignment", "plot_gates", "plot_gradient_flow", "plot_history", "plot_model",
    "plot_states", "plot_unrolled",
]
