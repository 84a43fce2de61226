"""Builds ONNX graphs of integer operators and nothing else.

Activations are uint8 with zero point 0, weights uint8 with zero point 128 and a scale per
output channel, accumulators and biases int32. Between layers an accumulator is brought
back to eight bits by an integer multiplication and a division by a power of two, so no
number in the graph is ever a float. Every sum and product stays inside int32 for every
input whatsoever, not only for those seen in training: the static check of the class
`integer` proves it from the constants.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INT32_MAX = 2**31 - 1
OPSET = 17
IR_VERSION = 8


class IntegerGraph:
    """Collects nodes and constants; every method returns the name of its output."""

    def __init__(self, name):
        self.name = name
        self.nodes = []
        self.constants = []
        self.inputs = []
        self.count = 0

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def constant(self, array, label):
        name = f"{label}.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def node(self, kind, inputs, **attributes):
        self.count += 1
        output = f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def reshape(self, x, shape):
        return self.node("Reshape", [x, self.constant(np.array(shape, np.int64), "shape")])

    def expand(self, x, shape):
        return self.node("Expand", [x, self.constant(np.array(shape, np.int64), "shape")])

    def cast(self, x, kind):
        return self.node("Cast", [x], to=kind)

    def slice(self, x, axis, start, end):
        ints = [self.constant(np.array([v], np.int64), "slice") for v in (start, end, axis)]
        return self.node("Slice", [x, *ints])

    def pad(self, x, pads):
        zero = self.constant(np.array(0, np.uint8), "zero")
        return self.node("Pad", [x, self.constant(np.array(pads, np.int64), "pads"), zero])

    def binary(self, kind, x, array, label):
        return self.node(kind, [x, self.constant(np.asarray(array, np.int32), label)])

    def add(self, x, y):
        return self._both("Add", x, y)

    def sub(self, x, y):
        return self._both("Sub", x, y)

    def mul(self, x, y):
        return self._both("Mul", x, y)

    def div(self, x, y):
        return self.binary("Div", x, y, "divisor")

    def clamp(self, x, low, high):
        return self.binary("Min", self.binary("Max", x, low, "floor"), high, "ceiling")

    def int32(self, x):
        return self.cast(x, TensorProto.INT32)

    def rows(self, table, index, label):
        return self.node("Gather", [self.constant(table, label), index], axis=0)

    def column(self, x, i):
        return self.slice(x, 1, i, i + 1)

    def _both(self, kind, x, y):
        return self.node(kind, [x, y]) if isinstance(y, str) else self.binary(kind, x, y, kind.lower())

    def _zero_points(self):
        return [
            self.constant(np.array(0, np.uint8), "zero_point"),
            self.constant(np.array(128, np.uint8), "zero_point"),
        ]

    def matmul(self, x, weight):
        return self.node(
            "MatMulInteger", [x, self.constant(weight, "weight"), *self._zero_points()]
        )

    def conv(self, x, weight):
        """A convolution without padding of its own: pad the input explicitly before it."""
        return self.conv_by(x, self.constant(weight, "weight"), list(weight.shape[2:]))

    def conv_by(self, x, weight, size):
        """`conv` by a constant that is there already, with a kernel of that size."""
        return self.node(
            "ConvInteger",
            [x, weight, *self._zero_points()],
            kernel_shape=size,
            pads=[0] * (2 * len(size)),
            strides=[1] * len(size),
            dilations=[1] * len(size),
            group=1,
        )

    def requantise(self, accumulator, scale, shape):
        """uint8 `round(max(accumulator, 0) · scale)`, saturating; `scale` is per channel.

        The scale becomes `multiplier / 2^shift` with a multiplier of at most 255. Cutting
        the accumulator off below keeps the product inside int32 whatever the input.
        """
        scale = np.asarray(scale, np.float64)
        shift = int(np.clip(np.floor(np.log2(255 / scale.max())), 0, 30))
        multiplier = np.clip(np.round(scale * 2.0**shift), 1, 255).astype(np.int64)
        half = 2**shift // 2
        x = self.binary("Max", accumulator, 0, "floor")
        x = self.binary("Min", x, (INT32_MAX - half) // 255, "limit")
        x = self.binary("Mul", x, multiplier.reshape(shape), "multiplier")
        x = self.binary("Add", x, half, "half")
        x = self.binary("Div", x, 2**shift, "divisor")
        return self.cast(self.binary("Min", x, 255, "ceiling"), TensorProto.UINT8)

    def requantise_finely(self, accumulator, scale, shape):
        """As `requantise`, with a finer multiplier where the scales of channels lie close.

        The accumulator is cut where the smallest scale saturates, which leaves more of int32
        to the multiplier.
        """
        scale = np.asarray(scale, np.float64)
        limit = int(np.ceil(256 / scale.min()))
        shift = 30
        while np.round(scale.max() * 2.0**shift) * limit + 2**shift > INT32_MAX:
            shift -= 1
        multiplier = np.round(scale * 2.0**shift).astype(np.int64)
        assert multiplier.min() >= 16, "the scales of the channels lie too far apart"
        x = self.binary("Max", accumulator, 0, "floor")
        x = self.binary("Min", x, limit, "limit")
        x = self.binary("Mul", x, multiplier.reshape(shape), "multiplier")
        x = self.binary("Add", x, 2**shift // 2, "half")
        x = self.binary("Div", x, 2**shift, "divisor")
        return self.cast(self.binary("Min", x, 255, "ceiling"), TensorProto.UINT8)

    def upsample_twice(self, x, channels, size):
        """Repeats every row and column of `[1, channels, size, size]`."""
        x = self.reshape(x, [1, channels, size, 1, size, 1])
        x = self.expand(x, [1, channels, size, 2, size, 2])
        return self.reshape(x, [1, channels, 2 * size, 2 * size])

    def model(self, output, name, kind, shape):
        self.nodes[-1].output[0] = name
        assert self.nodes[-1].name == output
        graph = helper.make_graph(
            self.nodes,
            self.name,
            self.inputs,
            [helper.make_tensor_value_info(name, kind, shape)],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="arbius"
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def quantise_weight(weight, axis):
    """uint8 weights with zero point 128, and the scale of each channel along `axis`."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale = np.maximum(np.abs(weight).max(axis=others), 1e-8) / 127.0
    shape = [1] * weight.ndim
    shape[axis] = -1
    return (np.round(weight / scale.reshape(shape)) + 128).astype(np.uint8), scale
