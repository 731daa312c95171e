"""What the layers with one kernel and one bias share."""

from __future__ import annotations

from cello import activations, constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.kinds import boolean
from cello.core.layer import Layer


class KernelLayer(Layer):
    """Base of `Dense` and the convolutions: `activation(product(inputs, kernel) + bias)`."""

    argument_order = (
        "activation use_bias kernel_initializer bias_initializer kernel_regularizer "
        "bias_regularizer activity_regularizer"
    )
    activation = arg(None, kind=activations.get, doc="Function of the sum; none where `None`.")
    use_bias = arg(True, kind=boolean, doc="Whether to add a bias.")
    kernel_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the kernel."
    )
    bias_initializer = arg("zeros", kind=initializers.get, doc="Initialiser of the bias.")
    kernel_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the kernel.")
    bias_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the bias.")
    activity_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the output.")
    kernel_constraint = arg(None, kind=constraints.get, doc="Constraint on the kernel.")
    bias_constraint = arg(None, kind=constraints.get, doc="Constraint on the bias.")

    def add_kernel_and_bias(self, kernel_shape, outputs: int | None = None) -> None:
        """Make both weights; the bias is of `outputs`, by default the kernel's last axis."""
        self.kernel = self.add_weight(
            kernel_shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.add_bias(kernel_shape[-1] if outputs is None else outputs)

    def add_bias(self, outputs: int) -> None:
        """Make the bias, if there is to be one."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (outputs,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def finish(self, product):
        """`activation(product + bias)`."""
        if self.bias is not None:
            product = product + self.bias.value
        return self.activation(product)
