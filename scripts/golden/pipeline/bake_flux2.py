"""Re-exports the graphs of a FLUX.2 [klein] folder with packing, positions and normalisation inside.

    python scripts/golden/pipeline/bake_flux2.py [FOLDER OUTPUT]

Without arguments it takes the pipeline of make_flux2_golden.py and writes test/golden/pipeline/baked. The result holds
only the three graphs that change and a pack.json that tells of them (docs/diffusion.md, "Baked graphs"): lay it over
a copy of the folder. It prints how far the new graphs lie from the old ones with the same work done outside.
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper

GOLDEN = Path(__file__).resolve().parents[3] / "test" / "golden" / "pipeline"
CONVENTIONS = {
    "latents": "squares",
    "positionIds": "inside",
    "decoderTakes": "normalised-squares",
    "encoderGives": "normalised-squares",
    "names": {
        "transformer": {"hidden_states": "latents", "out_hidden_states": "prediction"},
        "vae_decoder": {"latent_sample": "latents", "sample": "picture"},
        "vae_encoder": {"sample": "picture", "latent_parameters": "latents"},
    },
}


class Surgery:
    """A graph that gets nodes before its inputs and behind its outputs."""

    def __init__(self, path: Path):
        self.model = onnx.load(str(path))
        self.graph = self.model.graph
        self.before: list[onnx.NodeProto] = []
        self.behind: list[onnx.NodeProto] = []
        self.nodes = self.before
        self.count = 0

    def _name(self) -> str:
        self.count += 1
        return f"baked_{self.count}"

    def constant(self, value, dtype=numpy.int64) -> str:
        name = self._name()
        self.graph.initializer.append(numpy_helper.from_array(numpy.asarray(value, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes) -> str:
        name = self._name()
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def part(self, shape: str, start: int, end: int) -> str:
        return self.add("Slice", shape, self.constant([start]), self.constant([end]))

    def reshaped(self, x: str, *sizes: str | list[int]) -> str:
        parts = [size if isinstance(size, str) else self.constant(size) for size in sizes]
        return self.add("Reshape", x, self.add("Concat", *parts, axis=0))

    def take_over_input(self, name: str) -> tuple[str, int]:
        """Cut an input off: what the graph reads of it comes from a node now. Gives its new name and its type."""
        old = next(value for value in self.graph.input if value.name == name)
        self.graph.input.remove(old)
        inner = f"inner_{name}"
        for node in self.graph.node:
            node.input[:] = [inner if each == name else each for each in node.input]
        return inner, old.type.tensor_type.elem_type

    def take_over_output(self, name: str) -> str:
        self.graph.output.remove(next(value for value in self.graph.output if value.name == name))
        inner = f"inner_{name}"
        for node in self.graph.node:
            node.output[:] = [inner if each == name else each for each in node.output]
            node.input[:] = [inner if each == name else each for each in node.input]
        return inner

    def rename(self, values, old: str, new: str) -> None:
        """A new name for an input or output that keeps its meaning."""
        next(value for value in values if value.name == old).name = new
        for node in self.graph.node:
            node.input[:] = [new if each == old else each for each in node.input]
            node.output[:] = [new if each == old else each for each in node.output]

    def value(self, name: str, shape: list) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

    def save(self, path: Path) -> None:
        nodes = [*self.before, *self.graph.node, *self.behind]
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        del self.graph.value_info[:]
        onnx.checker.check_model(self.model)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(self.model, str(path))


def bake_transformer(source: Path, target: Path, channels: int) -> None:
    surgery = Surgery(source)
    tokens, _ = surgery.take_over_input("hidden_states")
    shape = surgery.add("Shape", "latents")
    rows, sides = surgery.part(shape, 0, 1), surgery.part(shape, 2, 4)
    flat = surgery.add("Reshape", "latents", surgery.constant([0, 0, -1]))
    surgery.add("Transpose", flat, perm=[0, 2, 1])
    surgery.nodes[-1].output[0] = tokens
    zero, one = surgery.constant(0), surgery.constant(1)
    scalar = lambda part, at: surgery.add("Gather", part, surgery.constant(at))
    counted = lambda size: surgery.add("Range", zero, size, one)
    height, width = scalar(sides, 0), scalar(sides, 1)
    across = surgery.add("Expand", surgery.add("Unsqueeze", counted(height), surgery.constant([1])), sides)
    along = surgery.add("Expand", counted(width), sides)
    flatten = lambda x: surgery.add("Reshape", x, surgery.constant([-1]))
    length = surgery.part(surgery.add("Shape", "encoder_hidden_states"), 1, 2)
    for name, columns in {
        "img_ids": [None, flatten(across), flatten(along), None],
        "txt_ids": [None, None, None, counted(scalar(length, 0))],
    }.items():
        ids, kind = surgery.take_over_input(name)
        known = next(column for column in columns if column is not None)
        nothing = surgery.add("Mul", known, zero)
        last = surgery.constant([-1])
        each = [surgery.add("Unsqueeze", column or nothing, last) for column in columns]
        table = surgery.add("Concat", *each, axis=1)
        size = surgery.add("Concat", rows, surgery.add("Shape", table), axis=0)
        surgery.add("Cast", surgery.add("Expand", table, size), to=kind)
        surgery.nodes[-1].output[0] = ids
    surgery.nodes = surgery.behind
    answer = surgery.add("Transpose", surgery.take_over_output("out_hidden_states"), perm=[0, 2, 1])
    surgery.add("Reshape", answer, shape)
    surgery.nodes[-1].output[0] = "prediction"
    sizes = ["batch_size", channels, "height", "width"]
    surgery.graph.input.insert(0, surgery.value("latents", sizes))
    surgery.graph.output.append(surgery.value("prediction", sizes))
    surgery.save(target)


def statistics(config: dict) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Mean and deviation of every channel of the squares, [1, c, 1, 1]."""
    column = lambda values: numpy.asarray(values, numpy.float32).reshape(1, -1, 1, 1)
    variance = column(config["bn_running_var"]) + numpy.float32(config["batch_norm_eps"])
    return column(config["bn_running_mean"]), numpy.sqrt(variance)


def bake_decoder(source: Path, target: Path, config: dict) -> None:
    surgery, channels = Surgery(source), config["latent_channels"]
    mean, deviation = (surgery.constant(values, numpy.float32) for values in statistics(config))
    plain = surgery.add("Add", surgery.add("Mul", "latents", deviation), mean)
    shape = surgery.add("Shape", "latents")
    rows, sides = surgery.part(shape, 0, 1), surgery.part(shape, 2, 4)
    squares = surgery.reshaped(plain, rows, [channels, 2, 2], sides)
    pixels = surgery.add("Transpose", squares, perm=[0, 1, 4, 2, 5, 3])
    doubled = surgery.add("Mul", sides, surgery.constant([2]))
    surgery.reshaped(pixels, rows, [channels], doubled)
    surgery.nodes[-1].output[0] = surgery.take_over_input("latent_sample")[0]
    surgery.graph.input.append(surgery.value("latents", ["batch_size", channels * 4, "height", "width"]))
    surgery.rename(surgery.graph.output, "sample", "picture")
    surgery.save(target)


def bake_encoder(source: Path, target: Path, config: dict) -> None:
    surgery, channels = Surgery(source), config["latent_channels"]
    surgery.nodes = surgery.behind
    parameters = surgery.take_over_output("latent_parameters")
    mode = surgery.add("Slice", parameters, *(surgery.constant([at]) for at in (0, channels, 1)))
    shape = surgery.add("Shape", mode)
    rows = surgery.part(shape, 0, 1)
    half = lambda at: surgery.add("Div", surgery.part(shape, at, at + 1), surgery.constant([2]))
    height, width = half(2), half(3)
    squares = surgery.reshaped(mode, rows, [channels], height, [2], width, [2])
    folded = surgery.add("Transpose", squares, perm=[0, 1, 3, 5, 2, 4])
    latents = surgery.reshaped(folded, rows, [channels * 4], height, width)
    mean, deviation = (surgery.constant(values, numpy.float32) for values in statistics(config))
    surgery.add("Div", surgery.add("Sub", latents, mean), deviation)
    surgery.nodes[-1].output[0] = "latents"
    surgery.graph.output.append(surgery.value("latents", ["batch_size", channels * 4, "height", "width"]))
    surgery.rename(surgery.graph.input, "sample", "picture")
    surgery.save(target)


def run(path: Path, **inputs) -> numpy.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def compare(source: Path, output: Path, config: dict) -> dict[str, float]:
    """Largest differences of the old graphs, with the work done here, from the new ones."""
    random = numpy.random.default_rng(5)
    draw = lambda *shape: random.standard_normal(shape, numpy.float32)
    channels, (height, width), length = config["latent_channels"] * 4, (2, 3), 7
    mean, deviation = statistics(config)
    latents, graph = draw(1, channels, height, width), "model.onnx"
    transformer = onnx.load(str(source / "transformer" / graph), load_external_data=False).graph
    types = {value.name: value.type.tensor_type for value in transformer.input}
    joint = types["encoder_hidden_states"].shape.dim[2].dim_value
    ids_type = helper.tensor_dtype_to_np_dtype(types["img_ids"].elem_type)
    inputs = {"encoder_hidden_states": draw(1, length, joint), "timestep": numpy.asarray([0.7], numpy.float32)}
    places = [[0, y, x, 0] for y in range(height) for x in range(width)]
    ids = {"img_ids": places, "txt_ids": [[0, 0, 0, at] for at in range(length)]}
    ids = {name: numpy.asarray([rows], ids_type) for name, rows in ids.items()}
    tokens = latents.reshape(1, channels, -1).transpose(0, 2, 1)
    old = run(source / "transformer" / graph, hidden_states=tokens, **inputs, **ids)
    new = run(output / "transformer" / graph, latents=latents, **inputs)
    apart = {"transformer": old.transpose(0, 2, 1).reshape(new.shape) - new}
    squares = (latents * deviation + mean).reshape(1, -1, 2, 2, height, width)
    plain = squares.transpose(0, 1, 4, 2, 5, 3).reshape(1, -1, height * 2, width * 2)
    old = run(source / "vae_decoder" / graph, latent_sample=plain)
    apart["vae_decoder"] = old - run(output / "vae_decoder" / graph, latents=latents)
    picture = draw(1, 3, 32, 48).clip(-1, 1)
    mode = run(source / "vae_encoder" / graph, sample=picture)[:, : channels // 4]
    squares = mode.reshape(1, -1, height, 2, width, 2).transpose(0, 1, 3, 5, 2, 4)
    old = (squares.reshape(1, channels, height, width) - mean) / deviation
    apart["vae_encoder"] = old - run(output / "vae_encoder" / graph, picture=picture)
    return {name: float(numpy.abs(difference).max()) for name, difference in apart.items()}


def main() -> None:
    given = [Path(argument) for argument in sys.argv[1:]]
    source, output = given or (GOLDEN / "models" / "flux2-small", GOLDEN / "baked")
    config = json.loads((source / "vae_decoder" / "config.json").read_text())
    channels, graph = config["latent_channels"] * 4, "model.onnx"
    bake_transformer(source / "transformer" / graph, output / "transformer" / graph, channels)
    bake_decoder(source / "vae_decoder" / graph, output / "vae_decoder" / graph, config)
    bake_encoder(source / "vae_encoder" / graph, output / "vae_encoder" / graph, config)
    (output / "pack.json").write_text(json.dumps({"inputs": {"graphs": CONVENTIONS}}, indent=2) + "\n")
    print(compare(source, output, config))


if __name__ == "__main__":
    main()
