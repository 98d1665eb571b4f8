"""A diffusers checkpoint: its components one at a time, and the small files that go into a pack as they are."""

import importlib
import json
import shutil
from pathlib import Path

import torch
from transformers import AutoTokenizer

# Small files of a tokenizer that the runtime reads, where there are such.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "chat_template.jinja",
)


class Checkpoint:
    """A folder that `save_pretrained` of a diffusers pipeline wrote."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.index = json.loads((folder / "model_index.json").read_text("utf8"))
        self.pipeline = self.index["_class_name"]

    def names(self, start: str) -> list[str]:
        """Components whose name begins so and that the pipeline has."""
        return [name for name in self.index if name.startswith(start) and self.index[name] != [None, None]]

    def load(self, name: str) -> torch.nn.Module:
        """A component's module, float32, ready to answer."""
        library, class_name = self.index[name]
        loader = getattr(importlib.import_module(library), class_name)
        if library == "diffusers":
            options = {"low_cpu_mem_usage": False}
        else:
            options = {} if class_name.startswith("T5") else {"attn_implementation": "sdpa"}
        module = loader.from_pretrained(self.folder / name, torch_dtype=torch.float32, **options)
        return module.eval()

    def copy_settings(self, output: Path) -> None:
        """The index, the scheduler's configuration and the tokenizers."""
        output.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / "model_index.json", output)
        scheduler = output / "scheduler"
        scheduler.mkdir(exist_ok=True)
        shutil.copy(self.folder / "scheduler" / "scheduler_config.json", scheduler)
        for name in self.names("tokenizer"):
            copy_tokenizer(self.folder / name, output / name)

    def copy_config(self, name: str, target: Path) -> None:
        """A component's `config.json`."""
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / name / "config.json", target)


def copy_tokenizer(source: Path, target: Path) -> None:
    """A tokenizer's files; those of a piece model alone are written anew in the form that the runtime reads."""
    target.mkdir(parents=True, exist_ok=True)
    if (source / "tokenizer.json").exists() or (source / "merges.txt").exists():
        for name in TOKENIZER_FILES:
            if (source / name).exists():
                shutil.copy(source / name, target)
        return
    AutoTokenizer.from_pretrained(source, use_fast=True).save_pretrained(target)


def write_statistics(vae: torch.nn.Module, config: Path) -> None:
    """The means and variances of FLUX.2's latents, which are no part of a graph, into a decoder's configuration."""
    if not hasattr(vae, "bn"):
        return
    values = json.loads(config.read_text("utf8"))
    values |= {"bn_running_mean": vae.bn.running_mean.tolist(), "bn_running_var": vae.bn.running_var.tolist()}
    config.write_text(json.dumps(values, indent=2) + "\n", "utf8")
