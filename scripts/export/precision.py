"""A graph in half precision, with the few places left in full that half precision cannot hold.

Weights become halves and calculations follow. In full precision stay angles (a timestep of 999 times a frequency
needs more than eleven bits) and what norms square (256 squared overflows).
"""

import onnx
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

# How far before a root its norm's square lies: Pow, ReduceMean, Add.
NORM_DEPTH = 3


def before(nodes: list[onnx.NodeProto], makers: dict[str, onnx.NodeProto], depth: int | None) -> dict[str, onnx.NodeProto]:
    """Nodes that others depend on, themselves among them, by their first output; at most `depth` behind them."""
    found = {node.output[0]: node for node in nodes}
    edge, steps = nodes, 0
    while edge and (depth is None or steps < depth):
        behind = {name: makers[name] for node in edge for name in node.input if name in makers}
        edge = [maker for maker in behind.values() if maker.output[0] not in found]
        found |= {maker.output[0]: maker for maker in edge}
        steps += 1
    return found


def delicate_nodes(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that stay in full precision."""
    makers = {name: node for node in graph.node for name in node.output}
    angles = before([node for node in graph.node if node.op_type in ("Sin", "Cos")], makers, None)
    norms = before([node for node in graph.node if node.op_type == "Sqrt"], makers, NORM_DEPTH)
    squared = [name for name, node in norms.items() if node.op_type in ("Pow", "ReduceMean", "Add", "Sqrt")]
    chosen = {**angles, **{name: norms[name] for name in squared}}
    return [node.name for node in chosen.values()]


def name_nodes(graph: onnx.GraphProto) -> None:
    for at, node in enumerate(graph.node):
        node.name = node.name or f"node_{at}"


def add_types(model: onnx.ModelProto) -> None:
    """The type of every value, which the conversion needs to know; found without the weights, that may be large."""
    graph = model.graph
    weights = [helper.make_tensor_value_info(each.name, each.data_type, each.dims) for each in graph.initializer]
    # What the standard does not know, attention, gives what goes in.
    known = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for node in graph.node
        for name in node.output
        if node.domain != ""
    ]
    light = helper.make_graph(graph.node, "types", [*graph.input, *weights], graph.output, value_info=known)
    imports = {"opset_imports": model.opset_import, "ir_version": model.ir_version}
    found = onnx.shape_inference.infer_shapes(helper.make_model(light, **imports))
    del graph.value_info[:]
    graph.value_info.extend(found.graph.value_info)


def is_narrowing(node: onnx.NodeProto | None) -> bool:
    """Whether the conversion put a node there to make full numbers halves."""
    return node is not None and (node.name.startswith("graph_input_cast") or node.name.endswith("_cast_to_fp16_node"))


def drop_detours(graph: onnx.GraphProto) -> None:
    """Take full numbers from where they were full: the conversion sends them through halves between two nodes."""
    makers = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        for at, name in enumerate(node.input):
            widened = makers.get(name)
            if widened is None or widened.op_type != "Cast" or widened.attribute[0].i != TensorProto.FLOAT:
                continue
            narrowed = makers.get(widened.input[0])
            if is_narrowing(narrowed):
                node.input[at] = narrowed.input[0]


def sort_nodes(graph: onnx.GraphProto) -> None:
    """Every node behind those that it needs, as the standard asks; what nothing needs is left out."""
    makers = {name: node for node in graph.node for name in node.output}
    placed: dict[str, onnx.NodeProto] = {}
    waiting = [makers[value.name] for value in reversed(graph.output)]
    while waiting:
        node = waiting[-1]
        missing = [makers[name] for name in node.input if name in makers and makers[name].output[0] not in placed]
        if missing:
            waiting += missing
            continue
        placed.setdefault(node.output[0], waiting.pop())
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in placed.values()]
    del graph.node[:]
    graph.node.extend(nodes)


def to_half(model: onnx.ModelProto, *, keeps_io_types: bool) -> onnx.ModelProto:
    """A graph in half precision.

    keeps_io_types: inputs and outputs stay float32; else those of numbers with a point become halves too.
    """
    name_nodes(model.graph)
    add_types(model)
    half = convert_float_to_float16(
        model,
        keep_io_types=keeps_io_types,
        disable_shape_infer=True,
        op_block_list=[*DEFAULT_OP_BLOCK_LIST],
        node_block_list=delicate_nodes(model.graph),
    )
    drop_detours(half.graph)
    sort_nodes(half.graph)
    return half
