"""What has no primitive in JAX: rounding to whole numbers of 8 bits."""

from __future__ import annotations

from cello.lowering.ir import Number
from cello.lowering.lower import View, apply, rule, whole


@rule("to_int8")
def to_int8(lowering, equation, x):
    scale = Number(float(equation.params["scale"]), "float")

    def at(i):
        return apply("nearest", "int", apply("mul", "float", x.at(i), scale))

    target = lowering.temporary(x.shape, "int", stored="int8")
    lowering.write(View(x.shape, "int", at), target)
    return [whole(target)]
