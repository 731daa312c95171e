"""Faults in weights of fewer bits."""

LOWERING = "src/cello/lowering/"
TESTS = "tests/test_narrow.py::"

FAULTS = [
    (
        LOWERING + "writers/c_functions.py",
        "return (signed char)((int)(v.f + 128.5f) - 128);",
        "return (signed char)v.f;",
        [TESTS + "test_sums_of_whole_numbers_are_exact"],
        "what int8 multiplies is cut, not rounded, in C",
    ),
    (
        LOWERING + "writers/javascript.py",
        "  return Math.trunc(Math.fround(inside + 128.5)) - 128;",
        "  return Math.trunc(inside);",
        [TESTS + "test_javascript_computes_what_python_does"],
        "what int8 multiplies is cut, not rounded, in JavaScript",
    ),
    (
        LOWERING + "writers/c_functions.py",
        "    v.f = v.f * 5.192296858534828e33f;\n",
        "    v.u = v.u + 0x38000000u;\n",
        [TESTS + "test_every_number_of_16_bits_is_widened"],
        "the smallest numbers of float16 are widened wrongly in C",
    ),
    (
        LOWERING + "narrower/int8.py",
        "summed = tuple(a for a in range(weight.ndim) if a not in units)",
        "summed = tuple(range(weight.ndim))",
        [TESTS + "test_sums_of_whole_numbers_are_exact"],
        "all units share one scale in int8",
    ),
    (
        LOWERING + "narrower/narrow.py",
        "    known = [k for k, a in enumerate(given[:fixed]) if a.value is not None]\n    if",
        "    known = []\n    if",
        [TESTS + "test_files_become_smaller"],
        "weights in loops within a step stay float32",
    ),
    (
        LOWERING + "narrower/bounds.py",
        "        if all(held):\n            return found\n",
        "        return found\n",
        [TESTS + "test_what_is_known_needs_no_data"],
        "a state is taken to stay within 1 that does not",
    ),
    (
        LOWERING + "samples.py",
        "    if rest is not None:\n",
        "    if False:\n",
        ["tests/test_export.py::test_the_test_in_a_file_begins_at_rest"],
        "the test in a file with rest= expects what comes from zero",
    ),
    (
        LOWERING + "writers/c_functions.py",
        "            int sum = -more;\n",
        "            int sum = 0;\n",
        [TESTS + "test_sums_of_whole_numbers_are_exact"],
        "sums of int8 are off on machines without instructions for them",
    ),
    (
        LOWERING + "narrower/quantized.py",
        "            after = self.evaluate(x, y)\n",
        "            after = before\n",
        [TESTS + "test_the_report"],
        "the report of a quantised model says the metric of the model twice",
    ),
    (
        LOWERING + "samples.py",
        "jax.tree.leaves(in_order(names, first))",
        "jax.tree.leaves(first)",
        ["tests/test_export.py::test_the_test_in_a_file_takes_inputs_by_name"],
        "the test in a file mixes up inputs that were given by name",
    ),
    (
        LOWERING + "narrower/quantized.py",
        "jax.tree.leaves(in_order(self._names, x))",
        "jax.tree.leaves(x)",
        [TESTS + "test_inputs_by_name"],
        "a quantised model mixes up inputs that were given by name",
    ),
    (
        LOWERING + "writers/c_functions.py",
        "    v.u = size > 0x7f800000 ? 0u : v.u;\n",
        "",
        [TESTS + "test_what_is_not_a_number_is_zero"],
        "NaN counts as the greatest number in C with int8, and not in Python",
    ),
]
