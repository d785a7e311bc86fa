"""Models of Keras 3, each with inputs and the outputs that Keras itself gives: what the converter is compared with.

    python keras_cases.py FOLDER [PART_OF_A_NAME]

writes NAME.keras (every eighth, and what ends in -h5, also as NAME.h5) and NAME.json (inputs and outputs) for every case. Needs what
keras-requirements.txt pins; weights, statistics and inputs come from fixed seeds. The list of names goes to FOLDER/cases.json.
"""

import base64
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers as L  # noqa: E402
from keras import ops  # noqa: E402

CASES = {}


def case(name, shapes, make, dtype="float32", high=None):
    """shapes: one input shape or a list of them; make gets the symbolic inputs and returns the outputs."""
    CASES[name] = (shapes if isinstance(shapes, list) else [shapes], make, dtype, high)


def layer(name, shape, *configurations, dtype="float32", high=None):
    """One case for each configured layer, called on one input."""
    for i, made in enumerate(configurations):
        case(f"{name}-{i}", shape, lambda x, made=made: made()(x), dtype, high)


seq, img, vol, vec = (7, 4), (9, 8, 3), (6, 7, 5, 2), (6,)

# Convolutions
layer("conv1d", seq, lambda: L.Conv1D(3, 3), lambda: L.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="gelu"),
      lambda: L.Conv1D(4, 2, strides=2, padding="same", groups=2, use_bias=False))
layer("conv2d", img, lambda: L.Conv2D(4, 3, activation="relu"), lambda: L.Conv2D(6, (3, 2), strides=2, padding="same"),
      lambda: L.Conv2D(6, 3, groups=3, dilation_rate=2, padding="same", activation="hard_sigmoid"))
layer("conv3d", vol, lambda: L.Conv3D(3, 2), lambda: L.Conv3D(2, 3, strides=2, padding="same"), lambda: L.Conv3D(2, 2, use_bias=False, activation="silu"))
layer("conv1dtranspose", seq, lambda: L.Conv1DTranspose(3, 3), lambda: L.Conv1DTranspose(3, 4, strides=2, padding="same"),
      lambda: L.Conv1DTranspose(2, 2, strides=3))
layer("conv2dtranspose", img, lambda: L.Conv2DTranspose(3, 3, strides=2), lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1),
      lambda: L.Conv2DTranspose(2, 3, dilation_rate=2), lambda: L.Conv2DTranspose(2, 4, strides=2, padding="same"))
layer("conv3dtranspose", vol, lambda: L.Conv3DTranspose(2, 2), lambda: L.Conv3DTranspose(2, 3, strides=2, padding="valid"),
      lambda: L.Conv3DTranspose(2, 2, strides=2, padding="same"))
layer("depthwise1d", seq, lambda: L.DepthwiseConv1D(3), lambda: L.DepthwiseConv1D(3, depth_multiplier=2, padding="same"),
      lambda: L.DepthwiseConv1D(2, strides=2, use_bias=False))
layer("depthwise2d", img, lambda: L.DepthwiseConv2D(3), lambda: L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
      lambda: L.DepthwiseConv2D(3, dilation_rate=2, activation="relu6"))
layer("separable1d", seq, lambda: L.SeparableConv1D(3, 3), lambda: L.SeparableConv1D(3, 3, padding="same", depth_multiplier=2),
      lambda: L.SeparableConv1D(5, 2, strides=2, use_bias=False))
layer("separable2d", img, lambda: L.SeparableConv2D(4, 3), lambda: L.SeparableConv2D(4, 3, strides=2, padding="same"),
      lambda: L.SeparableConv2D(3, 3, dilation_rate=2, activation="tanh"))

# Recurrent layers
layer("lstm", seq, lambda: L.LSTM(3), lambda: L.LSTM(3, return_sequences=True, go_backwards=True),
      lambda: L.LSTM(3, recurrent_activation="hard_sigmoid", activation="relu", use_bias=False))
layer("gru", seq, lambda: L.GRU(3), lambda: L.GRU(3, reset_after=False, return_sequences=True), lambda: L.GRU(4, recurrent_activation="hard_sigmoid"))
layer("simplernn", seq, lambda: L.SimpleRNN(3), lambda: L.SimpleRNN(3, return_sequences=True, activation="gelu"), lambda: L.SimpleRNN(2, go_backwards=True))
layer("rnn", seq, lambda: L.RNN(L.LSTMCell(3)), lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True),
      lambda: L.RNN([L.GRUCell(3), L.SimpleRNNCell(2), L.GRUCell(3)]))
layer("bidirectional", seq, lambda: L.Bidirectional(L.LSTM(3)), lambda: L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum"),
      lambda: L.Bidirectional(L.SimpleRNN(3, return_sequences=True), merge_mode="ave"))
layer("timedistributed", (4, 6, 6, 2), lambda: L.TimeDistributed(L.Conv2D(3, 3)), lambda: L.TimeDistributed(L.GlobalAveragePooling2D()),
      lambda: L.TimeDistributed(L.Dense(3)))
layer("convlstm2d", (3, 6, 5, 2), lambda: L.ConvLSTM2D(2, 3), lambda: L.ConvLSTM2D(2, 3, return_sequences=True, padding="same"),
      lambda: L.ConvLSTM2D(2, 2, recurrent_activation="sigmoid", use_bias=False))
case("lstm-state", seq, lambda x: L.LSTM(3, return_state=True, return_sequences=True)(x))
case("lstm-initial", [seq, (3,), (3,)], lambda x, h, c: L.LSTM(3)(x, initial_state=[h, c]))

# Normalisation
layer("batchnorm", img, lambda: L.BatchNormalization(), lambda: L.BatchNormalization(scale=False, epsilon=0.01), lambda: L.BatchNormalization(axis=1, center=False))
layer("layernorm", img, lambda: L.LayerNormalization(), lambda: L.LayerNormalization(axis=[1, 3]), lambda: L.LayerNormalization(axis=[2, 3], center=False))
layer("groupnorm", (5, 6, 8), lambda: L.GroupNormalization(4), lambda: L.GroupNormalization(2, axis=-1, scale=False), lambda: L.GroupNormalization(-1, epsilon=0.01))
layer("unitnorm", seq, lambda: L.UnitNormalization(), lambda: L.UnitNormalization(axis=1), lambda: L.UnitNormalization(axis=[1, 2]))
layer("rmsnorm", seq, lambda: L.RMSNormalization(), lambda: L.RMSNormalization(epsilon=0.1), lambda: L.RMSNormalization(epsilon=1e-3))
layer("normalization", seq, lambda: L.Normalization(mean=[1, 2, 3, 4], variance=[1, 4, 9, 2]), lambda: L.Normalization(axis=None, mean=2.0, variance=3.0),
      lambda: L.Normalization(mean=[0, 1, 2, 3], variance=[1, 2, 3, 4], invert=True))
layer("spectral", vec, lambda: L.SpectralNormalization(L.Dense(4)))

# Attention
for i, kwargs in enumerate([{}, {"use_bias": False, "value_dim": 5}, {"output_shape": 3}]):
    case(f"mha-{i}", [seq, (5, 4)], lambda q, v, kwargs=kwargs: L.MultiHeadAttention(2, 3, **kwargs)(q, v))
case("mha-causal", seq, lambda x: L.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True))
case("mha-key", [seq, (5, 4), (5, 2)], lambda q, v, k: L.MultiHeadAttention(2, 3)(q, v, k))
case("mha-scores", seq, lambda x: L.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True))
case("gqa-0", seq, lambda x: L.GroupQueryAttention(3, 4, 2)(x, x))
case("gqa-1", [seq, (5, 4)], lambda q, v: L.GroupQueryAttention(3, 4, 1, use_bias=False)(q, v))
for i, kwargs in enumerate([{}, {"use_scale": True}, {"score_mode": "concat", "use_scale": True}]):
    case(f"attention-{i}", [seq, (5, 4)], lambda q, v, kwargs=kwargs: L.Attention(**kwargs)([q, v]))
case("attention-causal", seq, lambda x: L.Attention()([x, x], use_causal_mask=True))
case("additive-0", [seq, (5, 4)], lambda q, v: L.AdditiveAttention()([q, v]))
case("additive-1", [seq, (5, 4), (5, 4)], lambda q, v, k: L.AdditiveAttention(use_scale=False)([q, v, k]))

# Pooling and space
for rank, shape in ((1, seq), (2, img), (3, vol)):
    for kind in ("Max", "Average"):
        made = getattr(L, f"{kind}Pooling{rank}D")
        layer(f"{kind}pool{rank}d", shape, lambda made=made: made(2), lambda made=made: made(3, strides=1, padding="same"), lambda made=made: made(2, strides=3))
        made = getattr(L, f"Global{kind}Pooling{rank}D")
        layer(f"global{kind}{rank}d", shape, lambda made=made: made(), lambda made=made: made(keepdims=True))
        made = getattr(L, f"Adaptive{kind}Pooling{rank}D")
        layer(f"adaptive{kind}{rank}d", shape, lambda made=made: made(2), lambda made=made: made(3))
    layer(f"zeropad{rank}d", shape, lambda rank=rank: getattr(L, f"ZeroPadding{rank}D")(2),
          lambda rank=rank: getattr(L, f"ZeroPadding{rank}D")((1, 2) if rank == 1 else ((1, 2),) * rank))
    layer(f"crop{rank}d", shape, lambda rank=rank: getattr(L, f"Cropping{rank}D")(1),
          lambda rank=rank: getattr(L, f"Cropping{rank}D")((0, 2) if rank == 1 else ((0, 2),) * rank))
    layer(f"upsample{rank}d", shape, lambda rank=rank: getattr(L, f"UpSampling{rank}D")(2), lambda rank=rank: getattr(L, f"UpSampling{rank}D")(3))
layer("upsample2d-bilinear", img, lambda: L.UpSampling2D((2, 3), interpolation="bilinear"), lambda: L.UpSampling2D(4, interpolation="bilinear"))
layer("resizing", img, lambda: L.Resizing(5, 6), lambda: L.Resizing(12, 17, interpolation="nearest"), lambda: L.Resizing(6, 6, crop_to_aspect_ratio=True),
      lambda: L.Resizing(10, 12, pad_to_aspect_ratio=True))
layer("centercrop", img, lambda: L.CenterCrop(4, 4), lambda: L.CenterCrop(9, 5), lambda: L.CenterCrop(5, 8))

# Activations
for name in ("relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink",
             "tanh_shrink", "leaky_relu", "exponential", "softplus", "softsign", "softmax", "log_softmax", "log_sigmoid", "tanh", "squareplus", "sparse_plus",
             "sparse_sigmoid", "glu", "linear"):
    layer(f"activation-{name}", vec, lambda name=name: L.Activation(name))
layer("relu", vec, lambda: L.ReLU(), lambda: L.ReLU(max_value=0.5), lambda: L.ReLU(negative_slope=0.2), lambda: L.ReLU(threshold=0.3),
      lambda: L.ReLU(max_value=0.8, negative_slope=0.1, threshold=0.2))
layer("leakyrelu", vec, lambda: L.LeakyReLU(), lambda: L.LeakyReLU(negative_slope=0.01))
layer("prelu", img, lambda: L.PReLU(), lambda: L.PReLU(shared_axes=[1, 2]))
layer("elu", vec, lambda: L.ELU(), lambda: L.ELU(alpha=0.5))
layer("softmax", seq, lambda: L.Softmax(), lambda: L.Softmax(axis=1), lambda: L.Softmax(axis=(1, 2)))
layer("dense", vec, lambda: L.Dense(4), lambda: L.Dense(4, activation=L.LeakyReLU(negative_slope=0.1)), lambda: L.Dense(3, use_bias=False, activation="softmax"))
layer("dense3", seq, lambda: L.Dense(4), lambda: L.Dense(2, activation="gelu"))
layer("einsum", seq, lambda: L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d"),
      lambda: L.EinsumDense("...x,xy->...y", output_shape=3, bias_axes="y", activation="relu"), lambda: L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3)))

# Joining and shape
for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
    case(f"merge-{name}", [seq, seq], lambda a, b, name=name: getattr(L, name)()([a, b]))
case("merge-three", [vec, vec, vec], lambda a, b, c: L.Average()([a, b, c]))
for axis in (-1, 1, -2):
    case(f"concatenate-{axis}", [seq, seq], lambda a, b, axis=axis: L.Concatenate(axis=axis)([a, b]))
case("dot-0", [vec, vec], lambda a, b: L.Dot(axes=1)([a, b]))
case("dot-1", [seq, (5, 4)], lambda a, b: L.Dot(axes=2)([a, b]))
case("dot-2", [vec, vec], lambda a, b: L.Dot(axes=1, normalize=True)([a, b]))
layer("reshape", seq, lambda: L.Reshape((4, 7)), lambda: L.Reshape((-1, 2)), lambda: L.Reshape((2, 2, 7)))
layer("permute", img, lambda: L.Permute((3, 1, 2)), lambda: L.Permute((2, 1, 3)))
layer("flatten", img, lambda: L.Flatten())
layer("repeatvector", vec, lambda: L.RepeatVector(3))
layer("identity", vec, lambda: L.Identity(), lambda: L.Dropout(0.5), lambda: L.GaussianNoise(1.0), lambda: L.ActivityRegularization(0.1))
layer("noise2d", img, lambda: L.SpatialDropout2D(0.5), lambda: L.RandomFlip(), lambda: L.RandomRotation(0.2))
layer("rescaling", img, lambda: L.Rescaling(1 / 255), lambda: L.Rescaling(2.0, offset=-1.0), lambda: L.Rescaling([0.1, 0.2, 0.3], offset=[1, 2, 3]))
layer("discretization", vec, lambda: L.Discretization(bin_boundaries=[-0.5, 0.0, 0.7]))
layer("embedding", (5,), lambda: L.Embedding(9, 4), dtype="int32", high=9)
layer("onehot", (5,), lambda: L.CategoryEncoding(9, output_mode="multi_hot"), lambda: L.CategoryEncoding(9, output_mode="count"), dtype="int32", high=9)

# Masks. What attention gives for a masked query differs between Keras' backends, so the mean leaves these rows out.
case("mask-embedding-lstm", (6,), lambda x: L.LSTM(3)(L.Embedding(9, 4, mask_zero=True)(x)), "int32", 3)
case("mask-embedding-mean", (6,), lambda x: L.GlobalAveragePooling1D()(L.Embedding(9, 4, mask_zero=True)(x)), "int32", 3)
case("mask-masking-gru", (6, 3), lambda x: L.GRU(3, return_sequences=True)(L.Masking(mask_value=1.0)(ops.round(x))))
case("mask-bidirectional", (6,), lambda x: L.Bidirectional(L.LSTM(3))(L.Embedding(9, 4, mask_zero=True)(x)), "int32", 3)
case("mask-mha", (6,), lambda x: (lambda e: L.GlobalAveragePooling1D()(L.MultiHeadAttention(2, 3)(e, e)))(L.Embedding(9, 4, mask_zero=True)(x)), "int32", 4)
case("mask-attention", (6,), lambda x: (lambda e: L.Attention()([e, e]))(L.Embedding(9, 4, mask_zero=True)(x)), "int32", 4)

# keras.ops
OPERATIONS = {
    "scale": lambda x: x * 2.0 + 1.0, "reflected": lambda x: 3.0 - x, "reciprocal": lambda x: 1.0 / (x + 9.0), "power": lambda x: ops.abs(x) ** 1.5,
    "negative": lambda x: -x, "floordiv": lambda x: x // 0.3, "mod": lambda x: x % 0.3, "maximum": lambda x: ops.maximum(x, 0.5),
    "minimum": lambda x: ops.minimum(0.2, x), "clip": lambda x: ops.clip(x, -0.4, 0.6), "where": lambda x: ops.where(x > 0.1, x, -1.0),
    "logical": lambda x: ops.cast(ops.logical_and(x > 0, x < 0.5), "float32"), "notequal": lambda x: ops.cast(ops.not_equal(ops.round(x), 1.0), "float32"),
    "exp": lambda x: ops.exp(x), "log": lambda x: ops.log(ops.abs(x) + 1.0), "log1p": lambda x: ops.log1p(ops.abs(x)), "sqrt": lambda x: ops.sqrt(ops.abs(x)),
    "rsqrt": lambda x: ops.rsqrt(ops.square(x) + 1.0), "sin": lambda x: ops.sin(x) + ops.cos(x), "erf": lambda x: ops.erf(x), "sign": lambda x: ops.sign(x),
    "floor": lambda x: ops.floor(x) + ops.ceil(x), "mean": lambda x: ops.mean(x, axis=1), "sum": lambda x: ops.sum(x, axis=-1, keepdims=True),
    "max": lambda x: ops.max(x, axis=[1, 2]), "min": lambda x: ops.min(x, axis=1), "prod": lambda x: ops.prod(x, axis=1), "var": lambda x: ops.var(x, axis=1),
    "std": lambda x: ops.std(x, axis=2, keepdims=True), "logsumexp": lambda x: ops.logsumexp(x, axis=1), "any": lambda x: ops.cast(ops.any(x > 1.0, axis=1), "float32"),
    "argmax": lambda x: ops.argmax(x, axis=1), "average": lambda x: ops.average(x, axis=1),
    "reshape": lambda x: ops.reshape(x, (-1, 4, 7)), "transpose": lambda x: ops.transpose(x, (0, 2, 1)), "swapaxes": lambda x: ops.swapaxes(x, 1, 2),
    "moveaxis": lambda x: ops.moveaxis(x, 1, -1), "expand": lambda x: ops.expand_dims(x, 1), "squeeze": lambda x: ops.squeeze(x[:, :1], 1),
    "concatenate": lambda x: ops.concatenate([x, x * 2.0], axis=1), "stack": lambda x: ops.stack([x, -x], axis=1), "split": lambda x: ops.split(x, 2, axis=2)[1],
    "pad": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 1]]), "repeat": lambda x: ops.repeat(x, 2, axis=1), "tile": lambda x: ops.tile(x, (1, 2, 1)),
    "flip": lambda x: ops.flip(x, axis=1), "roll": lambda x: ops.roll(x, 2, axis=1), "take": lambda x: ops.take(x, [0, 2, 2], axis=1),
    "getitem-last": lambda x: x[:, -1], "getitem-slice": lambda x: x[:, 1:6:2, -3:-1], "getitem-new": lambda x: x[:, None, 2, ...],
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))), "einsum": lambda x: ops.einsum("abc,adc->abd", x, x), "softmax": lambda x: ops.softmax(x, axis=1),
    "gelu": lambda x: ops.gelu(x), "gelu-exact": lambda x: ops.gelu(x, approximate=False), "leaky": lambda x: ops.leaky_relu(x, 0.3), "elu": lambda x: ops.elu(x, 0.7),
    "hard-sigmoid": lambda x: ops.hard_sigmoid(x), "hard-silu": lambda x: ops.hard_silu(x), "relu": lambda x: ops.relu(x) + ops.relu6(x), "silu": lambda x: ops.silu(x),
    "normalize": lambda x: ops.normalize(x, axis=1), "cumsum": lambda x: ops.cumsum(x, axis=1), "onehot": lambda x: ops.one_hot(ops.cast(ops.abs(x[:, :, 0]), "int32"), 4),
    "zeros-like": lambda x: ops.zeros_like(x) + ops.ones_like(x), "broadcast": lambda x: x + ops.mean(x, axis=-1, keepdims=True),
}  # fmt: skip
for name, made in OPERATIONS.items():
    case(f"ops-{name}", seq, made)


# Whole models
def nested(x):
    inner = keras.Sequential([keras.Input((4,)), L.Dense(5, activation="relu", name="dense"), L.Dense(4, name="last")], name="inner")
    return L.Dense(2, name="dense")(inner(inner(x)) + x)


def shared(a, b):
    one = L.Dense(3, name="one")
    return [one(a), one(b) * one(a)]


case("model-nested", (4,), nested)
case("model-shared", [(4,), (4,)], shared)
case("model-names", (4,), lambda x: L.Dense(3, name="b")(L.Dense(3, name="a")(x) + L.Dense(3, name="z")(x)))
case("model-block", (12, 12, 4), lambda x: L.Add()([x, L.Conv2D(4, 1)(L.Activation("hard_silu")(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same")(x))))]))


def transformer(x):
    y = L.LayerNormalization(epsilon=1e-6)(x)
    x = x + L.MultiHeadAttention(2, 4)(y, y)
    return x + L.Dense(4)(L.Dense(8, activation="gelu")(L.LayerNormalization()(x)))


case("model-transformer", (None, 4), transformer)

# States of stacked cells, in the order of the cells
case("rnn-states-0", seq, lambda x: L.RNN([L.GRUCell(3), L.GRUCell(3)], return_state=True)(x))
case("rnn-states-1", seq, lambda x: L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_state=True, return_sequences=True)(x))
case("rnn-states-2", seq, lambda x: L.RNN([L.GRUCell(3), L.GRUCell(3)], return_state=True)(L.Masking()(x)))
case("rnn-initial-0", [seq, (3,), (3,)], lambda x, a, b: L.RNN([L.GRUCell(3), L.SimpleRNNCell(3)])(x, initial_state=[a, b]))

# Integers where floats are computed
layer("integers-dense", vec, lambda: L.Dense(3), dtype="int32", high=9)
layer("integers-seq", seq, lambda: L.GRU(2), lambda: L.AveragePooling1D(2), lambda: L.TimeDistributed(L.Dense(2)),
      lambda: L.Bidirectional(L.LSTM(2)), dtype="int32", high=9)
layer("integers-vec", vec, lambda: L.BatchNormalization(), lambda: L.LeakyReLU(), lambda: L.Activation("tanh"), dtype="int32", high=9)
case("integers-attention", [seq, seq], lambda x, y: L.MultiHeadAttention(1, 2)(x, y), "int32", 9)
case("integers-joined", vec, lambda x: L.Add()([x, L.Rescaling(0.5)(x)]), "int32", 9)
case("integers-beside", vec, lambda x: L.Concatenate()([x, L.Dense(2)(x)]), "int32", 9)

# Models whose ends are a dictionary, which Keras sorts by its keys
case("ends-outputs", vec, lambda x: {"x1": L.Dense(2)(x), "x_1": L.Dense(3)(x), "a": L.Dense(4)(x)})
case("ends-nested", [vec, vec], lambda x, y: [[L.Dense(2)(x)], [L.Dense(3)(y), L.Dense(4)(x)]])

# Layers whose configuration says no more of them than that of a function, in HDF5
case("bare-h5", seq, lambda x: L.Discretization(bin_boundaries=[-0.5, 0.0, 0.5])(L.SpatialDropout1D(0.5)(x)))


def write(folder, number, name):
    shapes, make, dtype, high = CASES[name]
    keras.utils.set_random_seed(number)
    random = np.random.default_rng(number)
    keras.backend.clear_session()
    inputs = [keras.Input(shape, dtype=dtype, name=f"in{i}") for i, shape in enumerate(shapes)]
    model = keras.Model(inputs, make(*inputs), name="case")
    # Statistics and biases are zeros and ones at first, and would hide one another.
    for variable in model.variables:
        if "seed" in variable.path:
            continue
        is_variance = "variance" in variable.path
        values = random.uniform(0.1, 0.9, variable.shape) if is_variance else random.normal(0, 0.5, variable.shape)
        variable.assign(np.asarray(values, np.float32))
    given = [(3, *(6 if size is None else size for size in shape)) for shape in shapes]
    x = [random.integers(0, high, shape).astype(np.int32) if high else random.normal(0, 1, shape).astype(np.float32) for shape in given]
    y = model.predict(x if len(x) > 1 else x[0], verbose=0)
    y = keras.tree.flatten(y)
    if number % 8 == 0 or name.endswith("-h5"):
        model.save(f"{folder}/{name}.h5")
    model.save(f"{folder}/{name}.keras")
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump({"inputs": [tensor(a) for a in x], "outputs": [tensor(np.asarray(a, np.float32)) for a in y]}, file)


def tensor(array):
    """An array as JSON: little-endian bytes in base64."""
    kind = "int32" if array.dtype == np.int32 else "float32"
    return {"type": kind, "shape": list(array.shape), "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def main():
    folder, part = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    os.makedirs(folder, exist_ok=True)
    written, failed = [], []
    for number, name in enumerate(CASES):
        if part not in name:
            continue
        try:
            write(folder, number, name)
            written.append(name)
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__} {str(error).splitlines()[0] if str(error) else ''}")
    with open(f"{folder}/cases.json", "w") as file:
        json.dump({"keras": keras.__version__, "cases": written}, file)
    print(f"{len(written)} cases of Keras {keras.__version__}")
    if failed:
        sys.exit("Keras itself fails on: " + "; ".join(failed))


if __name__ == "__main__":
    main()
