"""Writes a model pack's `pack.json`: the manifest that `src/packs/manifest.ts` reads.

The list of files, with their sizes and SHA-256, is measured here so that no figure in a manifest is typed by hand.
"""

import hashlib
import json
from pathlib import Path


def measured(folder: Path, name: str) -> dict:
    """Path, size and SHA-256 of a file."""
    path = folder / name
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": name, "bytes": path.stat().st_size, "sha256": digest}


def write_pack(folder: Path, manifest: dict, files: dict[str, str]) -> None:
    """Write `folder/pack.json` of a pack whose files have roles.

    manifest: every key of the manifest but `files`.
    files: role of the file in the pack -> file name inside `folder`, for example {"model": "model.onnx"}.
    Raises FileNotFoundError when a named file is missing.
    """
    write(folder, manifest, [{"role": role, **measured(folder, name)} for role, name in files.items()])


def write_component_pack(folder: Path, manifest: dict) -> None:
    """Write `folder/pack.json` of a pipeline: every file of every component, by its path."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    write(folder, manifest, [measured(folder, name) for name in names if name != "pack.json"])


def write(folder: Path, manifest: dict, files: list[dict]) -> None:
    text = json.dumps({**manifest, "files": files}, indent=2, ensure_ascii=False)
    (folder / "pack.json").write_text(text + "\n", encoding="utf-8")


def add_manifest_arguments(parser) -> None:
    """What a manifest says that no file tells."""
    parser.add_argument("--licence", required=True, help="SPDX identifier of the weights' licence")
    use = parser.add_mutually_exclusive_group(required=True)
    use.add_argument("--commercial-use", action="store_true", dest="is_commercial", help="the licence allows it")
    use.add_argument("--no-commercial-use", action="store_false", dest="is_commercial", help="it does not")
    parser.add_argument("--id", help="the pack's id; else the name of the output folder")
    parser.add_argument("--name", help="the pack's name; else its id")
    parser.add_argument("--description", help="one sentence; else what the weights were exported from")
    parser.add_argument("--version", default="1.0.0", help="the pack's version")
    parser.add_argument("--source", help="where the checkpoint is from, for example a repository")
    parser.add_argument("--revision", help="the checkpoint's commit or tag")


def manifest_of(given, checkpoint: Path, described: str) -> dict:
    """The keys that every manifest has, from the command line."""
    id = given.id or given.output.name
    source = {"kind": "export", "checkpoint": given.source or checkpoint.name}
    if given.revision is not None:
        source["revision"] = given.revision
    return {
        "id": id,
        "version": given.version,
        "name": given.name or id,
        "description": given.description or f"{described}, exported from {source['checkpoint']}",
        "licence": {"spdx": given.licence, "commercialUse": given.is_commercial},
        "source": source,
    }
