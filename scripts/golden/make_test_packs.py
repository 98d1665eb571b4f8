"""Writes test/fixtures/packs: graphs of a few hundred bytes whose behaviour follows the picture's brightness.

Run with onnx installed: python scripts/golden/make_test_packs.py
The tests of the engine need runs that never end, that give NaN, and that take a while; no photograph
makes a trained network do so. Mean brightness of the picture or tile, 0..1:
  above 0.95   the run does not end          (both packs)
  0.8 to 0.95  the run takes some 0.1 s      (both packs)
  below 0.05   the output is NaN             (test-cutout; uint8 pixels cannot be)
  else         mean of the channels as matte (test-cutout), pixels repeated (test-upscale)

And test/fixtures/hungry-packs, whose graphs do not end in time but in memory; onnxruntime itself fails to allocate:
  above 0.95   the run asks for more memory than any machine can address   (both packs)
  0.8 to 0.95  so does a tile of more than 100 pixels                      (hungry-upscale)
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures"
OUTPUT = FIXTURES / "packs"
HUNGRY = FIXTURES / "hungry-packs"
SIDE_PX = 32
ENDLESS_STEPS = 2**50
SLOW_STEPS = 50_000


def constants(**values: object) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


def busy_loop() -> onnx.NodeProto:
    """`spun` is `mean` after `steps` rounds of nothing: the graph cannot be folded and cannot be stopped."""
    scalar = [helper.make_tensor_value_info(name, TensorProto.FLOAT, []) for name in ("carried", "carried_on")]
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("go", "go_on")]
    round_number = helper.make_tensor_value_info("round", TensorProto.INT64, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Abs", ["carried"], ["carried_on"])],
        "round",
        [round_number, flags[0], scalar[0]],
        [flags[1], scalar[1]],
    )
    return helper.make_node("Loop", ["steps", "", "mean"], ["spun"], body=body)


def spinning_nodes() -> list[onnx.NodeProto]:
    return [
        helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
        helper.make_node("Greater", ["mean", "endless_above"], ["is_endless"]),
        helper.make_node("Greater", ["mean", "slow_above"], ["is_slow"]),
        helper.make_node("Where", ["is_slow", "slow_steps", "no_steps"], ["finite_steps"]),
        helper.make_node("Where", ["is_endless", "endless_steps", "finite_steps"], ["steps"]),
        busy_loop(),
        helper.make_node("Sub", ["spun", "mean"], ["zero"]),
    ]


SPINNING_CONSTANTS = {
    "endless_above": np.float32(0.95),
    "slow_above": np.float32(0.8),
    "endless_steps": np.int64(ENDLESS_STEPS),
    "slow_steps": np.int64(SLOW_STEPS),
    "no_steps": np.int64(0),
}


# Bytes of 2**46 floats: beyond the 2**47 that a process can address, whatever the system overcommits.
HUNGRY_FLOATS = 2**46
HUNGRY_ABOVE_PX = 100


def hungry_nodes() -> list[onnx.NodeProto]:
    """`shown` is the image, by way of a tensor that is as large as brightness and width demand."""
    return [
        helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
        helper.make_node("Greater", ["mean", "hopeless_above"], ["is_hopeless"]),
        helper.make_node("Greater", ["mean", "hungry_above"], ["is_bright"]),
        helper.make_node("Shape", ["image"], ["width"], start=3),
        helper.make_node("Greater", ["width", "wide_above"], ["is_wide"]),
        helper.make_node("And", ["is_bright", "is_wide"], ["is_hungry_tile"]),
        helper.make_node("Or", ["is_hopeless", "is_hungry_tile"], ["is_hungry"]),
        helper.make_node("Where", ["is_hungry", "all_memory", "one_float"], ["length"]),
        helper.make_node("ConstantOfShape", ["length"], ["eaten"]),
        helper.make_node("ReduceMax", ["eaten"], ["nothing"], keepdims=0),
        helper.make_node("Add", ["image", "nothing"], ["shown"]),
    ]


HUNGRY_CONSTANTS = {
    "hopeless_above": np.float32(0.95),
    "hungry_above": np.float32(0.8),
    "wide_above": np.array([HUNGRY_ABOVE_PX], np.int64),
    "all_memory": np.array([HUNGRY_FLOATS], np.int64),
    "one_float": np.array([1], np.int64),
}


def hungry_cutout(path: Path) -> None:
    nodes = [*hungry_nodes(), helper.make_node("ReduceMean", ["shown"], ["matte"], axes=[1], keepdims=1)]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
    matte = helper.make_tensor_value_info("matte", TensorProto.FLOAT, [1, 1, SIDE_PX, SIDE_PX])
    values = constants(**HUNGRY_CONSTANTS)
    save(helper.make_graph(nodes, "hungry-cutout", [image], [matte], values), path)


def hungry_upscale(path: Path, scale: int) -> None:
    nodes = [*hungry_nodes(), helper.make_node("Resize", ["shown", "", "factors"], ["pixels"], mode="nearest")]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, "H", "W"])
    values = constants(factors=np.array([1, 1, scale, scale], np.float32), **HUNGRY_CONSTANTS)
    save(helper.make_graph(nodes, f"hungry-upscale-{scale}", [image], [pixels], values), path)


def save(graph: onnx.GraphProto, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def cutout(path: Path) -> None:
    nodes = [
        *spinning_nodes(),
        helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Less", ["mean", "nan_below"], ["is_nan"]),
        helper.make_node("Where", ["is_nan", "nan", "zero"], ["added"]),
        helper.make_node("Add", ["grey", "added"], ["matte"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
    matte = helper.make_tensor_value_info("matte", TensorProto.FLOAT, [1, 1, SIDE_PX, SIDE_PX])
    values = constants(nan_below=np.float32(0.05), nan=np.float32("nan"), **SPINNING_CONSTANTS)
    save(helper.make_graph(nodes, "test-cutout", [image], [matte], values), path)


def upscale(path: Path, scale: int) -> None:
    nodes = [
        *spinning_nodes(),
        helper.make_node("Add", ["image", "zero"], ["shown"]),
        helper.make_node("Resize", ["shown", "", "factors"], ["enlarged"], mode="nearest"),
        helper.make_node("Mul", ["enlarged", "white"], ["levels"]),
        helper.make_node("Round", ["levels"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["pixels"], to=TensorProto.UINT8),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, 3, "H", "W"])
    factors = np.array([1, 1, scale, scale], np.float32)
    values = constants(factors=factors, white=np.float32(255), **SPINNING_CONSTANTS)
    save(helper.make_graph(nodes, f"test-upscale-{scale}", [image], [pixels], values), path)


def manifest(folder: Path, task: str, family: str, inputs: dict[str, object]) -> None:
    files = [
        {
            "role": path.stem,
            "path": path.name,
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder.glob("*.onnx"))
    ]
    pack = {
        "id": folder.name,
        "version": "1.0.0",
        "name": folder.name,
        "description": "Does nothing, at the speed the picture asks for. For tests.",
        "task": task,
        "family": family,
        "inputs": inputs,
        "precision": "fp32",
        "licence": {"spdx": "Apache-2.0", "commercialUse": True},
        "source": {"kind": "drawn", "command": "python scripts/golden/make_test_packs.py"},
        "memoryMiB": 1,
        "files": files,
    }
    (folder / "pack.json").write_text(json.dumps(pack, indent=2) + "\n")


def main() -> None:
    cutout(OUTPUT / "test-cutout" / "model.onnx")
    manifest(
        OUTPUT / "test-cutout", "segmentation", "salient-object", {"sizePx": SIDE_PX, "mean": [0, 0, 0], "std": [1, 1, 1]}
    )
    for scale in (2, 4):
        upscale(OUTPUT / "test-upscale" / f"x{scale}.onnx", scale)
    manifest(
        OUTPUT / "test-upscale", "super-resolution", "compact-residual", {"tilePx": 64, "overlapPx": 8}
    )

    hungry_cutout(HUNGRY / "hungry-cutout" / "model.onnx")
    manifest(
        HUNGRY / "hungry-cutout", "segmentation", "salient-object", {"sizePx": SIDE_PX, "mean": [0, 0, 0], "std": [1, 1, 1]}
    )
    for scale in (2, 4):
        hungry_upscale(HUNGRY / "hungry-upscale" / f"x{scale}.onnx", scale)
    manifest(
        HUNGRY / "hungry-upscale", "super-resolution", "compact-residual", {"tilePx": 256, "overlapPx": 8}
    )


if __name__ == "__main__":
    main()
