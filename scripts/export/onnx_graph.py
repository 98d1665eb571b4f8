"""A module as an ONNX graph with the names that optimum gives: traced, folded, its free sizes named."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnxruntime
import torch
from attention import attention_fused

OPSET = 17
# A file of protocol buffers ends at 2 GiB; above this, weights lie in a file beside the graph.
LARGEST_FILE = 1_900_000_000
WEIGHTS_FILE = "model.onnx_data"
CPU = ["CPUExecutionProvider"]


@dataclass(frozen=True)
class Part:
    """A module to trace: example inputs by name, in the order that it takes them, and the axes that stay free."""

    module: torch.nn.Module
    inputs: dict[str, torch.Tensor]
    outputs: list[str]
    axes: dict[str, dict[int, str]]


def export(part: Part, path: Path, *, fuses_attention: bool = False) -> None:
    """Write a part as a graph; sizes named in its axes stay free."""
    pieces = path.parent / "pieces"
    pieces.mkdir(parents=True)
    traced = pieces / "model.onnx"
    with torch.no_grad(), attention_fused(fuses_attention):
        torch.onnx.export(
            part.module,
            tuple(part.inputs.values()),
            str(traced),
            input_names=list(part.inputs),
            output_names=part.outputs,
            dynamic_axes=part.axes,
            opset_version=OPSET,
            dynamo=False,
        )
    model = simplified(traced)
    name_free_sizes(model.graph, part.axes)
    model.producer_name, model.producer_version = "garnish", ""
    del model.metadata_props[:]
    save(model, path)
    shutil.rmtree(pieces)


def simplified(path: Path) -> onnx.ModelProto:
    """A graph with its constants folded, by onnxruntime's basic level, which keeps to the operators that it finds."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path.with_name("simplified.onnx"))
    if bytes_in(path.parent) > LARGEST_FILE:
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", "simplified.data")
    onnxruntime.InferenceSession(str(path), options, providers=CPU)
    return onnx.load(options.optimized_model_filepath)


def name_free_sizes(graph: onnx.GraphProto, axes: dict[str, dict[int, str]]) -> None:
    for value in [*graph.input, *graph.output]:
        for axis, name in axes.get(value.name, {}).items():
            value.type.tensor_type.shape.dim[axis].dim_param = name


def bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def weight_bytes(model: onnx.ModelProto) -> int:
    return sum(tensor.ByteSize() for tensor in model.graph.initializer)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write a graph in place of what is there, its weights beside it where one file cannot hold them."""
    for old in (path, path.with_name(WEIGHTS_FILE)):
        old.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if weight_bytes(model) > LARGEST_FILE:
        onnx.save(model, str(path), save_as_external_data=True, location=WEIGHTS_FILE)
    else:
        onnx.save(model, str(path))
    onnx.checker.check_model(str(path))


class Graph:
    """A graph that answers as the module did; what it takes in half precision is made so."""

    def __init__(self, path: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=CPU)
        self.outputs = [output.name for output in self.session.get_outputs()]
        self.halves = {value.name for value in self.session.get_inputs() if value.type == "tensor(float16)"}

    def __call__(self, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        typed = {name: tensor.half() if name in self.halves else tensor for name, tensor in inputs.items()}
        feeds = {name: tensor.detach().numpy() for name, tensor in typed.items()}
        return dict(zip(self.outputs, map(torch.from_numpy, self.session.run(None, feeds))))


def apart(path: Path, part: Part, inputs: dict, answers: tuple[torch.Tensor, ...], is_quantised: bool) -> float:
    """How far a graph's answers lie from its module's: the worst output's largest difference over the largest value.

    is_quantised: the root of the mean squares of both instead; weights of so few bits differ by design.
    Raises ValueError where an output has another shape.
    """
    given, worst = Graph(path)(**inputs), 0.0
    for name, answer in zip(part.outputs, answers, strict=True):
        if given[name].shape != answer.shape:
            raise ValueError(f"{path}: {name} is {tuple(given[name].shape)}, not {tuple(answer.shape)}")
        difference = given[name].float() - answer
        if is_quantised:
            worst = max(worst, float(difference.pow(2).mean().sqrt() / answer.pow(2).mean().sqrt()))
        else:
            worst = max(worst, float(difference.abs().max() / answer.abs().max()))
    return worst


def graphs_of(model: Path) -> dict[str, Graph]:
    """Every graph of a folder, by its component."""
    return {path.parent.name: Graph(path) for path in sorted(model.glob("*/model.onnx"))}
