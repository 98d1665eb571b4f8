"""Graphs small enough for a repository."""

from pathlib import Path

import exporter  # noqa: F401
import onnx
from onnx_graph import Part, export, save


def shrink(graph: onnx.GraphProto) -> None:
    """Leave out what only helps a reader: names of nodes and documentation; shorten all other names."""
    kept = {value.name for value in [*graph.input, *graph.output]}
    short: dict[str, str] = {}

    def rename(name: str) -> str:
        if name == "" or name in kept:
            return name
        return short.setdefault(name, f"_{len(short):x}")

    del graph.value_info[:]
    for tensor in graph.initializer:
        tensor.name = rename(tensor.name)
        tensor.doc_string = ""
    for node in graph.node:
        node.name = ""
        node.doc_string = ""
        del node.metadata_props[:]
        node.input[:] = [rename(name) for name in node.input]
        node.output[:] = [rename(name) for name in node.output]
        if any(attribute.HasField("g") for attribute in node.attribute):
            raise ValueError("A graph within the graph would keep the old names")


def shrink_file(path: Path) -> None:
    """Make the file of a graph as small as its weights allow."""
    model = onnx.load(str(path))
    shrink(model.graph)
    model.producer_name = "garnish golden"
    save(model, path)


def export_small(part: Part, path: Path) -> None:
    export(part, path)
    shrink_file(path)
