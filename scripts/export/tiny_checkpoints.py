"""Checkpoints of a few kilobytes with random weights, one of each family that the runtime has."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    DDIMScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from random_weights import randomise
from tokenizers_of_food import clip_tokenizer, qwen_tokenizer
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
)

WIDTH = 32


def prepared(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    randomise(module, seed)
    return module


def clip(vocabulary: int, is_projected: bool = False) -> torch.nn.Module:
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=WIDTH,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=1,
    )
    return prepared((CLIPTextModelWithProjection if is_projected else CLIPTextModel)(config), 1)


def t5(vocabulary: int) -> T5EncoderModel:
    config = T5Config(vocab_size=vocabulary, d_model=WIDTH, d_kv=16, d_ff=64, num_layers=2, num_heads=2)
    return prepared(T5EncoderModel(config), 2)


def qwen(vocabulary: int, model: type) -> torch.nn.Module:
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=512,
        tie_word_embeddings=True,
    )
    return prepared(model(config), 3)


def unet(**options) -> UNet2DConditionModel:
    made = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=2,
        norm_num_groups=8,
        **options,
    )
    return prepared(made, 4)


def autoencoder(model: type = AutoencoderKL, channels: int = 4, **options) -> torch.nn.Module:
    made = model(
        block_out_channels=(8, 8, 8, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        **options,
    )
    return prepared(made, 5)


def stable_diffusion(folder: Path) -> StableDiffusionPipeline:
    tokenizer = clip_tokenizer(folder)
    network = unet(cross_attention_dim=WIDTH)
    parts = (autoencoder(), clip(len(tokenizer)), tokenizer, network, DDIMScheduler(), None, None)
    return StableDiffusionPipeline(*parts, requires_safety_checker=False)


def stable_diffusion_xl(folder: Path) -> StableDiffusionXLPipeline:
    tokenizer = clip_tokenizer(folder)
    network = unet(
        cross_attention_dim=2 * WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=WIDTH + 48,
        transformer_layers_per_block=1,
        use_linear_projection=True,
    )
    encoders = clip(len(tokenizer)), clip(len(tokenizer), is_projected=True)
    return StableDiffusionXLPipeline(autoencoder(), *encoders, tokenizer, tokenizer, network, DDIMScheduler())


def stable_diffusion_3(folder: Path) -> StableDiffusion3Pipeline:
    tokenizer = clip_tokenizer(folder)
    network = SD3Transformer2DModel(
        sample_size=16,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=2 * WIDTH,
        caption_projection_dim=WIDTH,
        pooled_projection_dim=2 * WIDTH,
        pos_embed_max_size=16,
        qk_norm="rms_norm",
    )
    encoders = clip(len(tokenizer), is_projected=True), clip(len(tokenizer), is_projected=True), t5(len(tokenizer))
    first, second, third = encoders
    return StableDiffusion3Pipeline(
        prepared(network, 6),
        FlowMatchEulerDiscreteScheduler(shift=3.0),
        autoencoder(channels=16, use_quant_conv=False, use_post_quant_conv=False),
        first,
        tokenizer,
        second,
        tokenizer,
        third,
        tokenizer,
    )


def flux(folder: Path) -> FluxPipeline:
    tokenizer = clip_tokenizer(folder)
    network = FluxTransformer2DModel(
        in_channels=64,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        pooled_projection_dim=WIDTH,
        guidance_embeds=True,
        axes_dims_rope=(4, 6, 6),
    )
    vae = autoencoder(channels=16, use_quant_conv=False, use_post_quant_conv=False)
    encoders = clip(len(tokenizer)), tokenizer, t5(len(tokenizer)), tokenizer
    return FluxPipeline(FlowMatchEulerDiscreteScheduler(), vae, *encoders, prepared(network, 7))


def flux2(folder: Path) -> Flux2KleinPipeline:
    tokenizer = qwen_tokenizer(folder)
    network = Flux2Transformer2DModel(
        in_channels=32,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * WIDTH,
        timestep_guidance_channels=16,
        mlp_ratio=2.0,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    vae = autoencoder(AutoencoderKLFlux2, channels=8)
    encoder = qwen(len(tokenizer), Qwen3ForCausalLM)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    return Flux2KleinPipeline(scheduler, vae, encoder, tokenizer, prepared(network, 8), is_distilled=True)


def z_image(folder: Path) -> ZImagePipeline:
    tokenizer = qwen_tokenizer(folder)
    network = ZImageTransformer2DModel(
        in_channels=16,
        dim=WIDTH,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=WIDTH,
        axes_dims=[4, 6, 6],
        axes_lens=[256, 64, 64],
    )
    vae = autoencoder(channels=16, use_quant_conv=False, use_post_quant_conv=False)
    encoder = qwen(len(tokenizer), Qwen3Model)
    return ZImagePipeline(FlowMatchEulerDiscreteScheduler(shift=3.0), vae, encoder, tokenizer, prepared(network, 9))


FAMILIES = {
    "stable-diffusion": stable_diffusion,
    "stable-diffusion-xl": stable_diffusion_xl,
    "stable-diffusion-3": stable_diffusion_3,
    "flux": flux,
    "flux-2": flux2,
    "z-image": z_image,
}


def write_tiny(family: str, folder: Path) -> None:
    """Write a checkpoint as `save_pretrained` does."""
    pipeline = FAMILIES[family](folder.with_name(f"{folder.name}-tokenizer"))
    pipeline.save_pretrained(folder)
