"""What the page says, in English and in Simplified Chinese; the browser decides which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import gradio as gr

from impasto.settings import Settings, StylizeSettings

Both = tuple[str, str]

WORDS: Mapping[str, Both] = {
    "about": (
        "# impasto\nA photograph in the style of a painting, and what a network sees.",
        "# impasto\n用一幅画的风格重绘一张照片，并看看神经网络看到了什么。",
    ),
    "stylize": ("Stylize", "风格迁移"),
    "fast": ("At once", "即时"),
    "microscope": ("Microscope", "显微镜"),
    "sounds": ("Sounds", "声音"),
    "volumes": ("Volumes", "体数据"),
    "photo": ("Photograph", "照片"),
    "paintings": ("Paintings", "画作"),
    "sample_photo": ("or a photograph that comes with impasto", "或选用自带的照片"),
    "sample_paintings": ("or paintings that come with impasto", "或选用自带的画作"),
    "size": ("Size: longest side in pixels", "尺寸：长边像素数"),
    "quality": ("Quality: draft is quickest, fine takes longest", "质量：draft 最快，fine 最慢"),
    "colors": ("Colors", "颜色"),
    "style_weight": ("Style strength (1: as usual)", "风格强度（1 为默认）"),
    "weights": ("Weights of several paintings, as in 2, 1", "多幅画作的权重，例如 2, 1"),
    "bits": ("Bits a channel of the result.", "结果每个通道的位数。"),
    "everything": ("Everything else", "其他设置"),
    "masks": ("Regions", "区域"),
    "masks_help": (
        "Paint where each painting rules: the first color stands for the first painting, the "
        "second for the second. What is left bare belongs to the first.",
        "涂出每幅画作用的区域：第一种颜色代表第一幅画，第二种代表第二幅。未涂的部分归第一幅画。",
    ),
    "masks_paint": ("Regions of the paintings", "各画作的区域"),
    "run": ("Stylize", "开始"),
    "stop": ("Stop and keep", "停止并保留"),
    "result": ("Result", "结果"),
    "costs": ("J and its parts", "代价 J 及其各项"),
    "compare": ("Before and after", "前后对比"),
    "files": ("To take away", "下载"),
    "command": ("The same on the command line", "等价的命令行"),
    "gallery": ("Made in this visit", "本次会话的作品"),
    "model": ("Trained network", "已训练的网络"),
    "painting": ("Painting", "画作"),
    "second": ("Second painting", "第二幅画"),
    "mix": ("Share of the second painting", "第二幅画的比例"),
    "strength": ("Strength", "强度"),
    "refine": ("Refine with the optimizer", "用优化方法精修"),
    "refine_steps": ("Steps", "步数"),
    "none_trained": (
        "No trained network comes with this version of impasto: `impasto train` makes one.",
        "此版本的 impasto 没有自带已训练的网络，可用 `impasto train` 训练。",
    ),
    "layer": ("Layer", "层"),
    "unit": ("Unit", "单元"),
    "pictures": (
        "Pictures to look at; none for those that come with impasto",
        "图片；不选则用自带的图片",
    ),
    "look": ("Find what its units look for", "查找该层各单元寻找什么"),
    "unit_shown": ("What excites the unit most", "最能激发该单元的图块"),
    "one_picture": ("A picture", "一张图片"),
    "excited": ("Units that it excites most, and where", "它最能激发的单元及位置"),
    "which": ("Which units does it excite?", "它激发哪些单元？"),
    "sound": ("Sound", "声音"),
    "sample_sound": ("or a sound that comes with impasto", "或选用自带的声音"),
    "sound_style": ("Sound whose style it gets", "提供风格的声音"),
    "volume": ("Volume (.nii, .nii.gz, .tif, .npy)", "体数据（.nii、.nii.gz、.tif、.npy）"),
    "volume_size": ("Size: longest side in voxels", "尺寸：长边体素数"),
    "volume_style": ("Volume or picture whose style it gets", "提供风格的体数据或图片"),
    "steps": ("Steps", "步数"),
    "slice": ("Slice", "切片"),
    "before": ("Before", "之前"),
    "after": ("After", "之后"),
}

# What the settings are for, in Chinese; in English they say it themselves.
SETTINGS: Mapping[str, str] = {
    "canvas": "优化的对象：加权频谱（步数更少）、样本本身，或声音的频谱图。",
    "content_layers": "内容代价的层，例如 'relu4_2' 或 'relu3_1:0.5,relu4_2:1'。",
    "content_weight": "α，内容代价的权重。",
    "encoder": "用来看的网络。（默认：图片用 vgg19）",
    "init": "G 从哪里开始：内容、白噪声或风格。",
    "levels": "由粗到细的金字塔层数；1 表示不用。（默认：按尺寸）",
    "objective": "代价的约定：层、权重与归一化。",
    "optimizer": "下降的方法。",
    "pooling": "VGG 的池化方式。（默认：由代价约定决定）",
    "precision": "网络内部的数值精度；auto 在处理器支持时用 bfloat16。",
    "seed": "白噪声的种子。",
    "steps": "每一层金字塔的下降步数。（默认：按质量与尺寸）",
    "style_layers": "风格代价的层及其权重 λ，例如 'relu1_1:1,relu2_1:0.5'。",
    "style_scale": "笔触的大小；1 表示两张图片长边相同。",
    "tv_weight": "总变差的权重，使画面平滑。",
}


def translations() -> gr.I18n:
    """Return all words, for the page."""
    helps = help_of(StylizeSettings)
    english = {key: own for key, (own, _) in WORDS.items()}
    chinese = {key: own for key, (_, own) in WORDS.items()}
    english |= {f"help_{name}": helps[name] for name in SETTINGS}
    chinese |= {f"help_{name}": own for name, own in SETTINGS.items()}
    return gr.I18n(en=english, zh=chinese, **{"zh-CN": chinese})


def say(key: str) -> Any:
    """Return words that the browser puts into its own language."""
    assert key in WORDS or key.removeprefix("help_") in SETTINGS, key
    return gr.I18n()(key)


def help_of(kind: type[Settings]) -> Mapping[str, str]:
    """Return what each field of a class of settings is for."""
    hints = get_type_hints(kind, include_extras=True)
    return {own.name: get_args(hints[own.name])[1].help for own in fields(kind)}
