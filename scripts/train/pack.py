"""Writes a model pack's `pack.json`: the manifest that `src/packs/manifest.ts` reads.

The list of files, with their sizes and SHA-256, is measured here so that no figure in a manifest is typed by hand.
"""

import hashlib
import json
from pathlib import Path


def write_pack(folder: Path, manifest: dict, files: dict[str, str]) -> None:
    """Write `folder/pack.json`.

    manifest: every key of the manifest but `files`.
    files: role of the file in the pack -> file name inside `folder`, for example {"model": "model.onnx"}.
    Raises FileNotFoundError when a named file is missing.
    """
    measured = []
    for role, name in files.items():
        content = (folder / name).read_bytes()
        measured.append(
            {"role": role, "path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        )
    text = json.dumps({**manifest, "files": measured}, indent=2, ensure_ascii=False)
    (folder / "pack.json").write_text(text + "\n", encoding="utf-8")
