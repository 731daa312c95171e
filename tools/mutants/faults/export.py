"""Faults in models as C and JavaScript."""

EXPORT = "src/cello/lowering/"
TESTS = "tests/test_export.py::"
PAGE = "tests/test_page.py::"

FAULTS = [
    (
        EXPORT + "rules/shapes.py",
        "moved(x, shape, lambda i: [i[order.index(a)] for a in range(len(order))])",
        "moved(x, shape, lambda i: [i[order[a]] for a in range(len(order))])",
        [TESTS + "test_c"],
        "an array of three axes is turned the wrong way round in C",
    ),
    (
        EXPORT + "rules/loops.py",
        '* -1 + (length - 1) if params["reverse"]',
        '* 1 if params["reverse"]',
        [TESTS + "test_loops_run_backwards"],
        "a loop that JAX runs backwards runs forwards in C",
    ),
    (
        EXPORT + "settle.py",
        "    if target in buffers_read(behind):\n        return None\n",
        "",
        [TESTS + "test_c"],
        "a state is overwritten in C before all have read it",
    ),
    (
        EXPORT + "settle.py",
        'if target.role == "output" and any(b.role == "input" for b in buffers_read(behind)):',
        "if False:",
        [TESTS + "test_two_arrays_change_places"],
        "an output is written in C before the last input is read",
    ),
    (
        EXPORT + "session.py",
        "                    view[goes_on] = part",
        "                    view[:] = 0 * part",
        [TESTS.replace("export", "compiled_sessions") + "test_rows_come_and_go"],
        "a session in C forgets its rows as others come",
    ),
    (
        EXPORT + "compiling.py",
        "        return told.read_text() == _digest(library)\n",
        "        return library.exists()\n",
        [TESTS.replace("export", "compiled_sessions") + "test_the_cache"],
        "a damaged library of C is taken from the cache",
    ),
    (
        EXPORT + "module.py",
        "            lowering.copy(whole(b, leaf.shape))\n",
        "            whole(b, leaf.shape)\n",
        [TESTS + "test_loops_become_vectors"],
        "compilers read an input again for each element, and leave loops scalar",
    ),
    (
        EXPORT + "module.py",
        "        value = np.asarray(path == STARTS) if value is None else value\n",
        "        value = np.asarray(False) if value is None else value\n",
        [TESTS + "test_c"],
        "a model in C does not know which step is its first",
    ),
    (
        EXPORT + "module.py",
        "        module.steps[-1].next = seen[key]\n",
        "",
        [TESTS + "test_windows_say_when_they_end"],
        "windows in C do not begin again after the last",
    ),
    (
        EXPORT + "c_functions.py",
        "    size.u = (v.u & 0x7fffffffu) + 0x007fffffu;",
        "    size.u = (v.u & 0x7fffffffu);",
        [TESTS + "test_nan_and_infinity"],
        "tanh of NaN is 1 in C",
    ),
    (
        EXPORT + "names.py",
        "        while found.lower() in self._taken:\n",
        "        while False:\n",
        [TESTS + "test_names"],
        "two weights with like names have one name in C",
    ),
    (
        EXPORT + "flat.py",
        "            return str(array.dtype), array.shape, array.value.item()\n",
        "            return str(array.dtype), array.shape\n",
        [TESTS + "test_c", TESTS + "test_functions_are_exact_enough"],
        "two equations that differ by a constant are taken for one in C",
    ),
    (
        EXPORT + "page.py",
        '.replace("<", "\\\\u003c")',
        "",
        [PAGE + "test_no_name_or_text_leaves_its_script"],
        "a name with a tag ends the script of a page",
    ),
    (
        EXPORT + "page_runs.js",
        "    found.before.push(copyOf(state));\n",
        "    found.before.push(state);\n",
        [PAGE + "test_influences_are_slopes"],
        "a page looks for what an output depends on from the last state",
    ),
    (
        EXPORT + "gates.py",
        'self.found[f"{of} {titles[letter]}"] = value[:, None][:, :steps]',
        'self.found[f"{of} {titles[letter]}"] = value[:, None]',
        [PAGE + "test_steps_without_an_output_have_no_number"],
        "a page shows gates at steps that the cell does not make",
    ),
]
