"""The search for the base net: every trial on a tuning seed, judged by validation images.

    python docs/base-net/search.py [NAME ...]

trains the named trials, or all, one after the other, each in a folder below
`search-runs/`, and writes `trials.csv` beside this file. A finished trial is not trained
again. Nothing here looks at a test image.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from alexnet_tf.spec import CIFAR_ALEXNET, RateChange, replace, to_json
from alexnet_tf.spec.variants import tanh

_HERE = Path(__file__).parent
_RUNS = Path("search-runs")
_TABLE = _HERE / "trials.csv"
_SEED = 1000  # reported runs have the seeds 0 to 99
_COLUMNS = (
    "trial,seed,epochs,batch_size,learning_rate,divided_at,weight_decay,alpha,conv2,fc,dropout,"
    "crops,norms,activation,gains,validation_ten_views,validation_one_view,train_as_at_test,train_running,"
    "change_in_last_tenth,first_three_epochs,cpu_seconds"
).split(",")

# Beside these the trials are `CIFAR_ALEXNET`. Gains: "he": He's truncated normal, Glorot's
# uniform; "unit": of `_UNIT`; "own": the preset's, or those of tanh.
_START: dict[str, Any] = {
    "epochs": 60,
    "batch_size": 64,
    "learning_rate": 0.02,
    "divided_at": (0.7, 0.9),
    "weight_decay": 5e-4,
    "alpha": 0.38,
    "conv2": 32,
    "fc": 512,
    "dropout": 0.5,
    "crops": True,
    "norms": True,
    "activation": "relu",
    "gains": "he",
    "k": 2.0,
}
_UNIT = (1.41, 4.2, 3.5, 1.41, 1.41, 1.0, 2.0, 1.0)  # every layer's outputs of unit size
_WIDE = {"conv2": 64, "learning_rate": 0.04}
_LATE: dict[str, Any] = {"divided_at": ()}
_TANH = {**_WIDE, "alpha": 0.2, "divided_at": (0.65, 0.85), "activation": "tanh", "gains": "own"}

#: Trial -> what it changes. In the order in which they were tried.
TRIALS: dict[str, dict[str, Any]] = {
    "e30_lr02": {"epochs": 30},
    "e30_lr04": {"epochs": 30, "learning_rate": 0.04},
    "e30_b32lr01": {"epochs": 30, "learning_rate": 0.01, "batch_size": 32},
    "e30_w64": {"epochs": 30, "conv2": 64},
    "e30_drop25": {"epochs": 30, "dropout": 0.25},
    "e30_wd5e3": {"epochs": 30, "weight_decay": 5e-3},
    "e30_b32lr02": {"epochs": 30, "batch_size": 32},
    "s12_lr08": {"epochs": 12, "learning_rate": 0.08, **_LATE},
    "s12_lr04_a2": {"epochs": 12, "learning_rate": 0.04, "alpha": 2.0, **_LATE},
    "s12_lr04_a01": {"epochs": 12, "learning_rate": 0.04, "alpha": 0.1, **_LATE},
    "s12_lr04_nolrn": {"epochs": 12, "learning_rate": 0.04, "norms": False, **_LATE},
    "s12_fc1024": {"epochs": 12, "learning_rate": 0.04, "fc": 1024, **_LATE},
    "s12_g_lr04_k1": {"epochs": 12, "learning_rate": 0.04, "gains": "unit", "k": 1.0, **_LATE},
    "e60_b32lr02_a1": {"batch_size": 32, "alpha": 0.1},
    "e60_w64_a1": {**_WIDE, "alpha": 0.1},
    "w64_a38": {**_WIDE, "divided_at": (0.65, 0.85)},
    "w64_a2": {**_WIDE, "alpha": 0.2, "divided_at": (0.65, 0.85)},
    "w64_nocrop": {**_WIDE, "alpha": 0.2, "divided_at": (0.65, 0.85), "crops": False},
    "w64_a3": {**_WIDE, "alpha": 0.3, "divided_at": (0.65, 0.85)},
    "tanh_lr02": {**_TANH, "learning_rate": 0.02},
    "tanh_lr01": {**_TANH, "learning_rate": 0.01},
    "tanh_lr04": _TANH,
    "tanh_lr005": {**_TANH, "learning_rate": 0.005},
    "tanh_lr08": {**_TANH, "learning_rate": 0.08},
}


def experiment(settings: dict[str, Any]):
    """Return the trial's experiment."""
    s = {**_START, **settings}
    epochs, rate = s["epochs"], s["learning_rate"]
    changes: dict[str, Any] = {
        "data.train_images": 12_500,
        "train.epochs": epochs,
        "train.batch_size": s["batch_size"],
        "train.learning_rate": rate,
        "train.weight_decay": s["weight_decay"],
        "train.changes": tuple(
            RateChange(epoch=round(share * epochs), learning_rate=rate / 10 ** (n + 1))
            for n, share in enumerate(s["divided_at"])
        ),
        "model.convs.1.filters": s["conv2"],
    }
    for index in (0, 1):
        if s["norms"]:
            changes[f"model.convs.{index}.norm.alpha"] = s["alpha"]
            changes[f"model.convs.{index}.norm.k"] = s["k"]
        else:
            changes[f"model.convs.{index}.norm"] = None
        changes[f"model.dense.{index}.units"] = s["fc"]
        changes[f"model.dense.{index}.dropout"] = s["dropout"]
    if not s["crops"]:
        changes |= {"data.augment.crop": "centre", "data.augment.flip": False}
    if s["gains"] == "he":
        changes["model.init"] = "glorot_he"
    elif s["gains"] == "unit":
        paths = [f"model.convs.{n}" for n in range(5)] + ["model.dense.0", "model.dense.1"]
        changes |= {f"{path}.init_gain": gain for path, gain in zip(paths, _UNIT[:-1], strict=True)}
        changes["model.output_init_gain"] = _UNIT[-1]
    made = replace(CIFAR_ALEXNET, changes, seed=_SEED)
    return tanh(made, rate) if s["activation"] == "tanh" else made


def trained(name: str) -> dict[str, Any]:
    """Train a trial, unless it is finished, and return its row of the table."""
    folder = _RUNS / name
    spec = _RUNS / f"{name}.json"
    spec.parent.mkdir(parents=True, exist_ok=True)
    made = experiment(TRIALS[name])
    spec.write_text(to_json(made))
    module = [sys.executable, "-m"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*module, "alexnet_tf.train", "--spec", str(spec), "--out", str(folder)]
    subprocess.run([*command, "--cache", str(_RUNS)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*module, "alexnet_tf.evaluate", str(folder), "--part", "validation"]
    command += ["--views", "10", "--cache", str(_RUNS)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    record = json.loads((folder / "result.json").read_text())
    one = {e["part"]: 100 * e["top1_error"] for e in record["evaluations"] if e["views"] == 1}
    errors = [100 * epoch["train_error"] for epoch in record["curve"]]
    ten_views = json.loads(said.stdout.splitlines()[-1])
    tenth = max(1, len(errors) // 10)
    settings = {**_START, **TRIALS[name]}
    return {
        "trial": name,
        "seed": _SEED,
        **{key: settings[key] for key in _COLUMNS if key in settings},
        "divided_at": " ".join(map(str, settings["divided_at"])),
        "validation_ten_views": f"{100 * ten_views['top1_error']:.2f}",
        "validation_one_view": f"{one['validation']:.2f}",
        "train_as_at_test": f"{one['train']:.2f}",
        "train_running": f"{errors[-1]:.2f}",
        "change_in_last_tenth": f"{errors[-1 - tenth] - errors[-1]:.2f}",
        "first_three_epochs": " ".join(f"{error:.1f}" for error in errors[:3]),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
    }


def main(names: list[str]) -> int:
    """Train the trials and write their table."""
    unknown = [name for name in names if name not in TRIALS]
    if unknown:
        print(f"search: no trial '{unknown[0]}'. There are: {', '.join(TRIALS)}", file=sys.stderr)
        return 2
    rows = {}
    if _TABLE.exists():
        with _TABLE.open(newline="") as text:
            rows = {row["trial"]: row for row in csv.DictReader(text)}
    for name in names or list(TRIALS):
        rows[name] = trained(name)
        with _TABLE.open("w", newline="") as text:
            table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(rows[key] for key in TRIALS if key in rows)
        print(
            f"{name}: {rows[name]['validation_ten_views']} % of the validation images", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
