"""One way to write down a network, two ways to read it.

A network is a function of an `ops` object. With `Numpy` it computes; with `Onnx` it writes
a graph. So the tests' models and the numbers that they are compared with come from one
description and two implementations: numpy's arithmetic here, the runtimes' there.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32 = np.float32


def same_padding(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


class Numpy:
    """Computes at once, in float32."""

    def constant(self, value):
        return value

    def add(self, a, b):
        return a + b

    def sub(self, a, b):
        return a - b

    def mul(self, a, b):
        return a * b

    def matmul(self, a, b):
        return a @ b

    def sigmoid(self, x):
        return (F32(1) / (F32(1) + np.exp(-x))).astype(F32)

    def relu(self, x):
        return np.maximum(x, F32(0))

    def sin(self, x):
        return np.sin(x)

    def cos(self, x):
        return np.cos(x)

    def softmax(self, x):
        power = np.exp(x - x.max(axis=-1, keepdims=True))
        return power / power.sum(axis=-1, keepdims=True)

    def gather(self, table, indices):
        return table[indices]

    def transpose(self, x, order):
        return np.transpose(x, order)

    def reshape(self, x, shape):
        return np.reshape(x, [x.shape[i] if n == 0 else n for i, n in enumerate(shape)])

    def concat(self, parts, axis):
        return np.concatenate(parts, axis=axis)

    def mean(self, x, axes):
        return x.mean(axis=tuple(axes), dtype=F32)

    def layer_norm(self, x, scale, bias):
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + F32(1e-5))
        return centred / spread * scale + bias

    def instance_norm(self, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + F32(1e-5))

    def conv(self, x, weight, bias, stride=1):
        pad = weight.shape[2] // 2
        x = same_padding(x, pad)
        size = weight.shape[2]
        rows = (x.shape[2] - size) // stride + 1
        columns = (x.shape[3] - size) // stride + 1
        out = np.zeros((x.shape[0], weight.shape[0], rows, columns), F32)
        for i in range(size):
            for j in range(size):
                part = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
                out += np.einsum("nchw,oc->nohw", part, weight[:, :, i, j]).astype(F32)
        return out + bias.reshape(1, -1, 1, 1)

    def double(self, x):
        return x.repeat(2, axis=2).repeat(2, axis=3)

    def positions(self, x, axis):
        return np.arange(x.shape[axis], dtype=np.int64)

    def only_up_to(self, scores, keys, queries):
        allowed = keys.reshape(1, 1, 1, -1) <= queries.reshape(1, 1, -1, 1)
        return np.where(allowed, scores, F32(-1e9))

    def to_float(self, x):
        return np.asarray(x).astype(F32)


class Onnx:
    """Writes nodes."""

    def __init__(self):
        self.nodes, self.constants, self.known = [], [], {}

    def node(self, operator, inputs, **attributes):
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, value):
        value = np.asarray(value)
        key = (value.tobytes(), str(value.dtype), value.shape)
        if key not in self.known:
            self.known[key] = f"constant_{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(value, self.known[key]))
        return self.known[key]

    def add(self, a, b):
        return self.node("Add", [a, b])

    def sub(self, a, b):
        return self.node("Sub", [a, b])

    def mul(self, a, b):
        return self.node("Mul", [a, b])

    def matmul(self, a, b):
        return self.node("MatMul", [a, b])

    def sigmoid(self, x):
        return self.node("Sigmoid", [x])

    def relu(self, x):
        return self.node("Relu", [x])

    def sin(self, x):
        return self.node("Sin", [x])

    def cos(self, x):
        return self.node("Cos", [x])

    def softmax(self, x):
        return self.node("Softmax", [x], axis=-1)

    def gather(self, table, indices):
        return self.node("Gather", [table, indices], axis=0)

    def transpose(self, x, order):
        return self.node("Transpose", [x], perm=order)

    def reshape(self, x, shape):
        return self.node("Reshape", [x, self.constant(np.array(shape, np.int64))])

    def concat(self, parts, axis):
        return self.node("Concat", parts, axis=axis)

    def mean(self, x, axes):
        return self.node("ReduceMean", [x], axes=axes, keepdims=0)

    def layer_norm(self, x, scale, bias):
        return self.node("LayerNormalization", [x, scale, bias], axis=-1, epsilon=1e-5)

    def instance_norm(self, x):
        # Of the groups of `group_norm`, whose scale and bias come after it.
        groups = 4
        one = self.constant(np.ones(groups, F32))
        none = self.constant(np.zeros(groups, F32))
        return self.node("InstanceNormalization", [x, one, none], epsilon=1e-5)

    def conv(self, x, weight, bias, stride=1):
        size = next(numpy_helper.to_array(c) for c in self.constants if c.name == weight).shape[2]
        pads = [size // 2] * 4
        return self.node(
            "Conv", [x, weight, bias], kernel_shape=[size, size], pads=pads, strides=[stride] * 2
        )

    def double(self, x):
        scales = self.constant(np.array([1, 1, 2, 2], F32))
        return self.node(
            "Resize",
            [x, "", scales],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )

    def positions(self, x, axis):
        shape = self.node("Shape", [x])
        length = self.node("Gather", [shape, self.constant(np.array(axis, np.int64))], axis=0)
        zero, one = (self.constant(np.array(n, np.int64)) for n in (0, 1))
        return self.node("Range", [zero, length, one])

    def only_up_to(self, scores, keys, queries):
        keys = self.reshape(keys, [1, 1, 1, -1])
        queries = self.reshape(queries, [1, 1, -1, 1])
        allowed = self.node("LessOrEqual", [keys, queries])
        return self.node("Where", [allowed, scores, self.constant(np.array(-1e9, F32))])

    def to_float(self, x):
        return self.node("Cast", [x], to=TensorProto.FLOAT)

    def save(self, path, inputs, outputs):
        """Writes the graph; inputs and outputs are (name, type, shape), outputs with the
        value behind them."""
        for (name, _, _), value in outputs:
            self.nodes.append(helper.make_node("Identity", [value], [name], name + "_out"))
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info(*port) for port in inputs],
            [helper.make_tensor_value_info(*port) for port, _ in outputs],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_tiny"
        )
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString(deterministic=True))
