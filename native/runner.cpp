// `cello.native._runner`: calls the steps of a stream from Python, with as little as possible in between.
//
// A module of the limited C API of Python 3.11: one file serves every later version. It knows no NumPy:
// arrays come through the buffer protocol.
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

// Steps one after the other; arrays are the state, the inputs and the outputs of one row.
using Steps = void (*)(const void* context, void* const* arrays, int64_t steps);

constexpr int kDimensions = 16, kArrays = 64;
constexpr int64_t kLong = 64;  // steps from which other threads may run meanwhile

struct Runner {
  PyObject_HEAD
  Steps steps;
  const void* context;
  Py_buffer state;    // (rows, words)
  Py_buffer changes;  // one number, which tells that the model may have changed
  int64_t seen;       // what it was
  bool busy;
  // What a quick call takes: one array (rows, steps, *shape) of this format.
  char format;
  int dimensions;
  Py_ssize_t shape[kDimensions];
  PyObject *empty, *dtype, *tail;  // what makes its output: empty((rows, steps, *tail), dtype)
  PyObject* wanted;                // the arguments of `empty` for as many steps as came last
  Py_ssize_t wanted_steps;
};

Py_ssize_t rows_of(const Runner* self) { return self->state.shape[0]; }

void run_rows(const Runner* self, void** arrays, const Py_ssize_t* row_bytes, int count, int64_t steps) {
  for (Py_ssize_t row = 0; row < rows_of(self); ++row) {
    void* these[kArrays];
    for (int k = 0; k < count; ++k) these[k] = static_cast<char*>(arrays[k]) + row * row_bytes[k];
    self->steps(self->context, these, steps);
    int32_t* words = static_cast<int32_t*>(these[0]);
    words[self->state.shape[1] - 1] = 0;  // it is not fresh any more
  }
}

bool run_steps(Runner* self, void** arrays, const Py_ssize_t* row_bytes, int count, int64_t steps) {
  if (self->busy) {
    PyErr_SetString(PyExc_RuntimeError,
                    "This session is at work in another thread: open one for each thread.");
    return false;
  }
  if (steps * rows_of(self) < kLong) {
    run_rows(self, arrays, row_bytes, count, steps);
    return true;
  }
  self->busy = true;
  Py_BEGIN_ALLOW_THREADS
  run_rows(self, arrays, row_bytes, count, steps);
  Py_END_ALLOW_THREADS
  self->busy = false;
  return true;
}

// The arguments of `empty` for so many steps.
bool want(Runner* self, Py_ssize_t steps) {
  if (self->wanted && self->wanted_steps == steps) return true;
  const Py_ssize_t more = PyTuple_Size(self->tail);
  PyObject* shape = PyTuple_New(2 + more);
  if (!shape) return false;
  PyTuple_SetItem(shape, 0, PyLong_FromSsize_t(rows_of(self)));
  PyTuple_SetItem(shape, 1, PyLong_FromSsize_t(steps));
  for (Py_ssize_t k = 0; k < more; ++k) {
    PyObject* size = PyTuple_GetItem(self->tail, k);
    Py_INCREF(size);
    PyTuple_SetItem(shape, 2 + k, size);
  }
  PyObject* wanted = PyTuple_Pack(2, shape, self->dtype);
  Py_DECREF(shape);
  if (!wanted) return false;
  Py_XDECREF(self->wanted);
  self->wanted = wanted;
  self->wanted_steps = steps;
  return true;
}

bool fits(const Runner* self, const Py_buffer& chunk) {
  if (chunk.ndim != self->dimensions || !chunk.format || chunk.format[0] != self->format ||
      chunk.format[1] != '\0' || chunk.shape[0] != rows_of(self) || chunk.shape[1] < 1)
    return false;
  for (int k = 2; k < chunk.ndim; ++k)
    if (chunk.shape[k] != self->shape[k - 2]) return false;
  return true;
}

PyObject* quick(Runner* self, PyObject* chunk) {
  Py_buffer in, out;
  if (!self->empty || *static_cast<const int64_t*>(self->changes.buf) != self->seen) Py_RETURN_NONE;
  if (PyObject_GetBuffer(chunk, &in, PyBUF_ND | PyBUF_FORMAT)) {
    PyErr_Clear();  // a list, or an array in another order, is looked at by the session
    Py_RETURN_NONE;
  }
  if (!fits(self, in)) {
    PyBuffer_Release(&in);
    Py_RETURN_NONE;
  }
  const Py_ssize_t steps = in.shape[1];
  PyObject* output = want(self, steps) ? PyObject_CallObject(self->empty, self->wanted) : nullptr;
  if (!output || PyObject_GetBuffer(output, &out, PyBUF_WRITABLE | PyBUF_ND)) {
    PyBuffer_Release(&in);
    Py_XDECREF(output);
    return nullptr;
  }
  void* arrays[] = {self->state.buf, in.buf, out.buf};
  const Py_ssize_t rows = rows_of(self);
  const Py_ssize_t row_bytes[] = {self->state.len / rows, in.len / rows, out.len / rows};
  const bool ran = run_steps(self, arrays, row_bytes, 3, steps);
  PyBuffer_Release(&out);
  PyBuffer_Release(&in);
  if (!ran) Py_CLEAR(output);
  return output;
}

PyObject* run(Runner* self, PyObject* args) {
  PyObject* list;
  Py_ssize_t steps;
  if (!PyArg_ParseTuple(args, "O!n", &PyTuple_Type, &list, &steps)) return nullptr;
  const Py_ssize_t count = PyTuple_Size(list);
  if (count + 1 > kArrays) return PyErr_Format(PyExc_ValueError, "at most %d arrays", kArrays - 1);
  Py_buffer buffers[kArrays];
  void* arrays[kArrays] = {self->state.buf};
  const Py_ssize_t rows = rows_of(self);
  Py_ssize_t row_bytes[kArrays] = {self->state.len / rows};
  Py_ssize_t taken = 0;
  for (; taken < count; ++taken) {
    if (PyObject_GetBuffer(PyTuple_GetItem(list, taken), &buffers[taken], PyBUF_ND)) break;
    arrays[taken + 1] = buffers[taken].buf;
    row_bytes[taken + 1] = buffers[taken].len / rows;
  }
  const bool ran =
      taken == count && run_steps(self, arrays, row_bytes, static_cast<int>(count) + 1, steps);
  while (taken > 0) PyBuffer_Release(&buffers[--taken]);
  if (!ran) return nullptr;
  Py_RETURN_NONE;
}

int init(Runner* self, PyObject* args, PyObject*) {
  Py_ssize_t steps, context;
  PyObject *state, *changes, *shape, *tail, *empty, *dtype;
  int format;
  if (!PyArg_ParseTuple(args, "nnOOCO!O!OO", &steps, &context, &state, &changes, &format, &PyTuple_Type,
                        &shape, &PyTuple_Type, &tail, &empty, &dtype))
    return -1;
  if (self->state.obj) {
    PyErr_SetString(PyExc_RuntimeError, "a runner is made once");
    return -1;
  }
  if (PyObject_GetBuffer(state, &self->state, PyBUF_WRITABLE | PyBUF_ND)) return -1;
  if (PyObject_GetBuffer(changes, &self->changes, PyBUF_SIMPLE)) return -1;
  if (self->changes.len != sizeof(int64_t)) {
    PyErr_SetString(PyExc_ValueError, "changes is one integer of 64 bits");
    return -1;
  }
  self->seen = *static_cast<const int64_t*>(self->changes.buf);
  const Py_ssize_t dimensions = PyTuple_Size(shape);
  if (self->state.ndim != 2 || rows_of(self) < 1 || dimensions > kDimensions) {
    PyErr_SetString(PyExc_ValueError, "the state is (rows, words), with a row at least");
    return -1;
  }
  self->steps = reinterpret_cast<Steps>(steps);
  self->context = reinterpret_cast<const void*>(context);
  self->format = static_cast<char>(format);
  self->dimensions = static_cast<int>(dimensions) + 2;
  for (Py_ssize_t k = 0; k < dimensions; ++k) self->shape[k] = PyLong_AsSsize_t(PyTuple_GetItem(shape, k));
  if (PyErr_Occurred()) return -1;
  if (empty != Py_None) {
    Py_INCREF(empty);
    Py_INCREF(dtype);
    Py_INCREF(tail);
    self->empty = empty;
    self->dtype = dtype;
    self->tail = tail;
  }
  return 0;
}

void destroy(PyObject* object) {
  Runner* self = reinterpret_cast<Runner*>(object);
  PyTypeObject* type = Py_TYPE(object);
  if (self->state.obj) PyBuffer_Release(&self->state);
  if (self->changes.obj) PyBuffer_Release(&self->changes);
  Py_XDECREF(self->empty);
  Py_XDECREF(self->dtype);
  Py_XDECREF(self->tail);
  Py_XDECREF(self->wanted);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"quick", reinterpret_cast<PyCFunction>(quick), METH_O,
     "The outputs for a chunk; None if it is not one contiguous array as it was announced, or if\n"
     "`changes` is not what it was."},
    {"run", reinterpret_cast<PyCFunction>(run), METH_VARARGS,
     "run(arrays, steps): the steps of all rows; arrays are inputs and outputs, rows first."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(
         "Runner(steps, context, state, changes, format, shape, tail, empty, dtype)\n--\n\n"
         "Runs `steps(context, arrays, n)`, both addresses, over the rows of a state.\n\n"
         "A quick call takes one array (rows, steps, *shape) of this format and gives\n"
         "empty((rows, steps, *tail), dtype), filled; there is none if `empty` is None.")},
    {Py_tp_init, reinterpret_cast<void*>(init)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_methods, methods},
    {0, nullptr}};

PyType_Spec spec = {"cello.native._runner.Runner", sizeof(Runner), 0, Py_TPFLAGS_DEFAULT, slots};

// What a Session derives from, so that a call of it meets no Python on its quick way.
struct Caller {
  PyObject_HEAD
  PyObject* runner;
};

PyTypeObject* runner_type;

PyObject* call(PyObject* object, PyObject* args, PyObject* keywords) {
  PyObject* runner = reinterpret_cast<Caller*>(object)->runner;
  if (runner && Py_TYPE(runner) == runner_type && !keywords && PyTuple_Size(args) == 1) {
    PyObject* found = quick(reinterpret_cast<Runner*>(runner), PyTuple_GetItem(args, 0));
    if (found != Py_None) return found;
    Py_DECREF(found);
  }
  PyObject* method = PyObject_GetAttrString(object, "call");
  if (!method) return nullptr;
  PyObject* found = PyObject_Call(method, args, keywords);
  Py_DECREF(method);
  return found;
}

void destroy_caller(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  Py_XDECREF(reinterpret_cast<Caller*>(object)->runner);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

PyMemberDef caller_members[] = {
    {"runner", T_OBJECT, offsetof(Caller, runner), 0, "a Runner for the quick way, or None"},
    {nullptr, 0, 0, 0, nullptr}};

PyType_Slot caller_slots[] = {
    {Py_tp_doc, const_cast<char*>("Called, it asks `self.runner`, and else `self.call`.")},
    {Py_tp_call, reinterpret_cast<void*>(call)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy_caller)},
    {Py_tp_members, caller_members},
    {0, nullptr}};

PyType_Spec caller_spec = {"cello.native._runner.Caller", sizeof(Caller), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, caller_slots};

int fill(PyObject* module) {
  PyObject* runner = PyType_FromSpec(&spec);
  PyObject* caller = PyType_FromSpec(&caller_spec);
  runner_type = reinterpret_cast<PyTypeObject*>(runner);
  if (!runner || !caller || PyModule_AddObjectRef(module, "Runner", runner)) return -1;
  return PyModule_AddObjectRef(module, "Caller", caller);
}

PyModuleDef_Slot module_slots[] = {{Py_mod_exec, reinterpret_cast<void*>(fill)}, {0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_runner", nullptr, 0, nullptr, module_slots,
                          nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__runner() { return PyModuleDef_Init(&definition); }
