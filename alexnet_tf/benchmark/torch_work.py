"""Work of a worker in PyTorch: training steps of the same net, and products."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from alexnet_tf.benchmark.rows import Row, without_norm
from alexnet_tf.benchmark.settings import Settings, Work
from alexnet_tf.benchmark.torch_net import build_torch
from alexnet_tf.spec import compute_type


def work(row: Row, settings: Settings) -> Work:
    """Return training steps on a batch in memory: momentum, weight decay, autocast.

    In float16 the loss is scaled by `torch.amp.GradScaler`.

    The rate is 1e-4, and biases decay like weights, as in PyTorch's own descent.

    Args:
        row: of kind "train" and library "torch".
        settings: net, batch, device, threads.

    Raises:
        ImportError: PyTorch is not installed.
        RuntimeError: a GPU is asked for and PyTorch sees none.
    """
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(settings.threads)
    torch.set_num_interop_threads(settings.threads)
    torch.manual_seed(0)
    kind = "cuda" if settings.gpu else "cpu"
    if settings.gpu and not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch sees no {settings.device}")
    experiment = settings.experiment if row.lrn else without_norm(settings.experiment)
    model, train = experiment.model, experiment.train
    layout = torch.channels_last if row.channels_last else torch.contiguous_format
    net = build_torch(model).to(kind).to(memory_format=layout).train()
    run = torch.compile(net) if row.compiled else net
    optimizer = torch.optim.SGD(
        net.parameters(), 1e-4, train.momentum, weight_decay=train.weight_decay, fused=True
    )
    draw = np.random.default_rng(0)
    shape = (settings.batch, model.channels, model.input_size, model.input_size)
    images = torch.from_numpy(50 * draw.standard_normal(shape, np.float32))
    images = images.contiguous(memory_format=layout)
    labels = torch.from_numpy(draw.integers(0, model.classes, settings.batch))
    dtype = getattr(torch, compute_type(row.precision))
    scaler = torch.amp.GradScaler(kind, enabled=dtype is torch.float16)
    torch.backends.cuda.matmul.allow_tf32 = row.precision == "tensorfloat32"
    torch.backends.cudnn.allow_tf32 = row.precision == "tensorfloat32"

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast(kind, dtype=dtype, enabled=dtype is not torch.float32):
            logits = run(images.to(kind))
            loss = torch.nn.functional.cross_entropy(logits, labels.to(kind))
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    matrix = torch.randn(settings.matrix, settings.matrix, device=kind).to(dtype)
    return Work(step, lambda: (matrix @ matrix).sum().item(), settings.batch)
