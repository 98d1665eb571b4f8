"""Byte-pair tokenizers learnt from a few lines about food, small enough for a repository."""

from collections import Counter
from pathlib import Path

from transformers import CLIPTokenizer, CLIPTokenizerFast, Qwen2Tokenizer, Qwen2TokenizerFast
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

WORDS = (
    "a photo of golden crispy croissant on marble counter fresh salad with ripe tomato and basil in ceramic bowl "
    "steaming ramen noodles soup soft egg burger juicy toasted bun melted cheese pizza slice pasta creamy sauce "
    "chocolate cake berries cream pancake syrup sushi rice salmon grilled chicken roasted potato warm bread butter "
    "blurry dark dish plate table bright light natural window make the look"
).split()
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{% endif %}"
)


def learn_merges(words: list[list[str]], count: int) -> list[tuple[str, str]]:
    """The most frequent neighbours, joined again and again; of equals, the first in the alphabet."""
    merges = []
    for _ in range(count):
        pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = [join(word, best) for word in words]
    return merges


def join(word: list[str], pair: tuple[str, str]) -> list[str]:
    joined, at = [], 0
    while at < len(word):
        size = 2 if tuple(word[at : at + 2]) == pair else 1
        joined.append("".join(word[at : at + size]))
        at += size
    return joined


def write(folder: Path, tokens: list[str], merges: list[tuple[str, str]]) -> tuple[str, str]:
    import json

    folder.mkdir(parents=True, exist_ok=True)
    vocab = folder / "vocab.json"
    vocab.write_text(json.dumps({token: at for at, token in enumerate(tokens)}, ensure_ascii=False), "utf8")
    table = folder / "merges.txt"
    table.write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), "utf8")
    return str(vocab), str(table)


def clip_tokenizer(folder: Path, merge_count: int = 90) -> CLIPTokenizer:
    """Write a tokenizer of CLIP's layout, `tokenizer.json` included, and give it as the pipelines take it."""
    letters = list(bytes_to_unicode().values())
    merges = learn_merges([[*word[:-1], word[-1] + "</w>"] for word in WORDS], merge_count)
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    files = write(folder, [*tokens, "<|startoftext|>", "<|endoftext|>"], merges)
    slow = CLIPTokenizer(*files, model_max_length=77)
    slow.save_pretrained(folder)
    CLIPTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    return CLIPTokenizer.from_pretrained(folder)


def qwen_tokenizer(folder: Path, merge_count: int = 90) -> Qwen2TokenizerFast:
    """Write a tokenizer of Qwen's layout with the chat template that FLUX.2 klein wants."""
    letters = list(bytes_to_unicode().values())
    # Qwen's words carry the blank before them.
    merges = learn_merges([["Ġ", *word] for word in WORDS], merge_count)
    files = write(folder, [*letters, *("".join(pair) for pair in merges)], merges)
    options = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "additional_special_tokens": ["<|im_start|>"]}
    slow = Qwen2Tokenizer(*files, unk_token=None, **options)
    slow.add_tokens(["<think>", "</think>"])
    slow.chat_template = CHAT_TEMPLATE
    slow.save_pretrained(folder)
    Qwen2TokenizerFast.from_pretrained(folder).save_pretrained(folder)
    return Qwen2TokenizerFast.from_pretrained(folder)
