"""Pictures of models, of their training, and of what happens within a recurrent layer.

Every function draws with matplotlib (`pip install 'cello-rnn[plot]'`), which is imported where the
first picture is drawn, and says what it has to say without colour.
"""

from cello.core.exports import public as _public
from cello.plotting.alignment import plot_alignment
from cello.plotting.diagram import plot_model
from cello.plotting.gradient_flow import plot_gradient_flow
from cello.plotting.heat_maps import plot_gates, plot_states
from cello.plotting.history import plot_history
from cello.plotting.unrolled import plot_unrolled

__all__ = _public(globals())
