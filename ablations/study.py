"""A study: one claim of the paper, the arms that test it, and how they are compared.

Each study is a small declarative file in `ablations/studies/`; its file name is its
name on the command line. A `SpeedStudy` measures how soon nets reach an error, a
`ScoreStudy` how good they are when training ends.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ablations import user_study
from alexnet_tf.spec import Experiment, diff
from alexnet_tf.values import SpecError, check_types, nearest

_FOLDER = (Path(__file__).parent / "studies").resolve()

#: No study has these names: of the command line, and of the folders beside the reports.
RESERVED = ("all", "runs", "cache")

#: What is read off a finished run; `ablations/quantities.py` says how.
Quantity = Literal[
    "test_error",
    "test_error_ten_views",
    "validation_error",
    "train_error",
    "generalisation_gap",
    "running_train_error",
    "early_train_error",
    "epochs_to_converge",
    "seconds_per_epoch",
    "kernel_colour_split",
    "shuffled_colour_split",
    "fc7_neighbour_agreement",
    "pixel_neighbour_agreement",
    "dropout_mean_error",
    "dropout_kl_halved",
    "dropout_kl_unhalved",
    "dropout_kl_one_mask",
    "dropout_kl_arithmetic",
    "colour_split_chance",
    "fc7_neighbour_pixel_rank",
    "epochs_to_70",
    "epochs_to_60",
    "epochs_to_50",
    "epochs_to_40",
    "epochs_to_settle",
    "rate_divisions",
    "decay_pull",
    "norm_spread",
    "units_kept",
    "views_moved",
    "colour_shift",
]

#: difference: variant - baseline. ratio: variant / baseline.
Scale = Literal["difference", "ratio"]

#: Where the paper puts the variant; equal: it says that they do not differ; none: it says
#: nothing, and the comparison answers a question of its own.
Claimed = Literal["higher", "lower", "equal", "none"]

#: primary: decides about the claim, corrected together (Holm). secondary: sheds light on it.
Family = Literal["primary", "secondary"]


@dataclass(frozen=True, kw_only=True)
class EpochsToError:
    """Outcome: epochs of training until the training error first falls to `threshold`."""

    threshold: float  # fraction, 0 to 1
    sensitivity: tuple[float, ...] = ()  # other thresholds shown beside it


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two arms held against each other: ratio = outcome(variant) / outcome(baseline)."""

    name: str
    baseline: str
    variant: str
    paper_ratio: float  # what the paper says the ratio is
    margin: float  # factor within which a measured ratio counts as the paper's, > 1
    note: str = ""  # what this comparison stands for, one line


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two arms held against each other in one quantity, paired by seed.

    Differences of errors are in percentage points; `scale="ratio"` compares logarithms and
    gives factors. With `interaction=(b, v)` the same difference between the arms b and v is
    taken off: what the first change is worth more, or less, beside the second.
    """

    name: str
    baseline: str
    variant: str
    claimed: Claimed
    smallest: float  # effect that would matter: points > 0, or a factor > 1
    quantity: Quantity = "test_error_ten_views"
    baseline_quantity: Quantity | None = None  # None: the same; else one run may be both arms
    scale: Scale = "difference"
    paper: float | None = None  # the paper's own size, in points or as a factor
    paper_is: Literal["about", "at least"] = "about"  # at least: it is of this size or larger
    paper_source: str = ""  # on which data and measure the paper found it
    family: Family = "primary"
    interaction: tuple[str, str] | None = None
    note: str = ""  # what this comparison stands for, one line

    def __post_init__(self) -> None:
        check_types(self)
        least = 1.0 if self.scale == "ratio" else 0.0
        if not self.smallest > least:
            raise SpecError(
                f"`smallest` of '{self.name}' must be above {least:g}. Received: {self.smallest}"
            )
        if self.claimed == "none" and (self.family == "primary" or self.paper is not None):
            raise SpecError(
                f"'{self.name}' claims nothing, so it must be secondary and without `paper`."
            )

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms that take part."""
        return (self.baseline, self.variant, *(self.interaction or ()))


@dataclass(frozen=True, kw_only=True)
class Check:
    """What shows that an arm had its treatment: `least` <= quantity <= `most` in every run.

    A comparison with an arm of which a run fails its check gets no verdict.
    """

    arm: str
    quantity: Quantity
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if self.least is None and self.most is None:
            raise SpecError(f"the check of '{self.arm}' needs `least`, `most` or both.")

    def holds(self, value: float) -> bool:
        """Say whether a run's value is within the limits."""
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Averaging the probabilities of `sizes` nets of one arm, trained from different seeds.

    Held against the mean error of its members; the interval is over test images, since one
    set of nets gives one ensemble of them all.
    """

    arm: str
    sizes: tuple[int, ...]
    smallest: float  # points
    paper: float | None = None  # points, for the largest size
    paper_source: str = ""


@dataclass(frozen=True, kw_only=True)
class Search:
    """How an arm's learning rate is chosen: every rate of its grid, on tuning seeds.

    The rate whose tuning runs reach the threshold first wins; where none reaches it
    within `epochs`, the lowest final training error wins.
    """

    grids: Mapping[str, tuple[float, ...]]  # comparison name -> rates, the same for its arms
    seeds: tuple[int, ...]  # never among the reported seeds
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much a study computes. Reported seeds are 0, 1, ..., seeds - 1."""

    seeds: int
    epochs: int | None  # the longest training, schedules in proportion; None: the arms' own
    train_images: int | None = None
    test_images: int | None = None  # of them, the same for every run; None: all
    settings: Mapping[str, Any] = field(default_factory=dict)  # further spec fields, dotted
    # arm -> epochs until it stops, as measured; only used to foretell the time
    expected_epochs: Mapping[str, float] = field(default_factory=dict)
    search: bool = False
    exploratory: bool = False  # too small for a verdict, and says so


@dataclass(frozen=True, kw_only=True)
class Study:
    """One claim of the paper as an experiment: what both kinds of studies have.

    `arms` maps a name to an experiment; `on_imagenet` to the same arm of the paper's own
    net, with budgets of its own, where the study can be run on ImageNet.
    """

    name: str
    title: str
    claim: str  # in the paper's sense, one sentence
    claim_ids: tuple[str, ...]
    section: str
    limits: str  # what this study cannot show, whichever its images
    arms: Mapping[str, Experiment]
    labels: Mapping[str, str]  # arm -> the words a reader sees
    budgets: Mapping[str, Budget]
    on_imagenet: Mapping[str, Experiment] = field(default_factory=dict)
    imagenet_budgets: Mapping[str, Budget] = field(default_factory=dict)
    scale_limits: str = ""  # what `arms` cannot show, but `on_imagenet` can

    def __post_init__(self) -> None:
        if self.name in RESERVED:
            raise SpecError(f"a study cannot be called '{self.name}'. Choose another name.")
        if not isinstance(self.section, str) or not self.section.replace(",", " ").split():
            raise SpecError(
                f"study {self.name}: `section` must name one of the paper, e.g. '3.3'. "
                f"Received: {self.section!r}"
            )

    @property
    def paper_value(self) -> str:
        """What the paper says, in a few words."""
        raise NotImplementedError

    @property
    def compared(self) -> tuple[tuple[str, str, str], ...]:
        """Name, baseline arm and variant arm of each comparison."""
        raise NotImplementedError

    def check_arms(self, comparison: str, *arms: str) -> None:
        """Refuse a comparison of arms that are not there or that are equal.

        Raises:
            SpecError: says which.
        """
        for arm in arms:
            if arm not in self.arms:
                hint = nearest(arm, list(self.arms))
                raise SpecError(f"study {self.name}: no arm '{arm}' for '{comparison}'.{hint}")
        for baseline, variant in zip(arms[::2], arms[1::2], strict=False):
            if not diff(self.arms[baseline], self.arms[variant]):
                raise SpecError(f"study {self.name}: '{comparison}' compares equal arms.")


@dataclass(frozen=True, kw_only=True)
class SpeedStudy(Study):
    """How many epochs the arms need to reach an error.

    The experiments' learning rates are the recorded ones (the winners of `search` on the
    reference machine). The first comparison is the claim; further ones test how far it
    reaches.
    """

    outcome: EpochsToError
    comparisons: tuple[Comparison, ...]
    search: Search

    def __post_init__(self) -> None:
        super().__post_init__()
        for comparison in self.comparisons:
            self.check_arms(comparison.name, comparison.baseline, comparison.variant)

    @property
    def paper_value(self) -> str:
        return f"{self.comparisons[0].paper_ratio:g}x"

    @property
    def compared(self) -> tuple[tuple[str, str, str], ...]:
        return tuple((item.name, item.baseline, item.variant) for item in self.comparisons)


@dataclass(frozen=True, kw_only=True)
class ScoreStudy(Study):
    """How the arms compare when training has ended; the first difference is the claim."""

    differences: tuple[Difference, ...] = ()
    ensemble: Ensemble | None = None
    # arms whose effects the paper puts in this order, the largest first, against `baseline`
    order: tuple[str, ...] = ()
    baseline: str = "paper"
    shown: tuple[Quantity, ...] = ()  # of every arm, in no comparison
    checks: tuple[Check, ...] = ()  # that the arms had their treatment

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = Counter(item.name for item in self.differences)
        for name in (name for name, count in counts.items() if count > 1):
            raise SpecError(f"study {self.name}: two differences are called '{name}'.")
        for item in self.differences:
            for arm in item.arms:
                self.check_arms(item.name, arm)
            # two quantities of one run may be held against each other
            same_run = item.baseline_quantity not in (None, item.quantity)
            self.check_arms(item.name, *item.arms[2 * same_run :])
        for check in self.checks:
            self.check_arms("checks", check.arm)
        self._check_nets()
        for arm in (self.baseline, *self.order) if self.order else ():
            self.check_arms("order", arm)
        if self.ensemble is not None:
            self.check_arms("ensemble", self.ensemble.arm)

    def _check_nets(self) -> None:
        """Refuse two primary comparisons of one baseline with nets that differ in names alone.

        They would be counted as two tests of the claim, and differ by chance.
        """
        seen: dict[tuple[Any, ...], Difference] = {}
        for item in self.differences:
            if item.family != "primary" or item.interaction is not None:
                continue
            sides = (item.baseline_quantity or item.quantity, item.quantity, item.scale)
            key = (item.baseline, nameless(self.arms[item.variant]), *sides)
            if (other := seen.setdefault(key, item)).variant != item.variant:
                raise SpecError(
                    f"study {self.name}: '{other.name}' and '{item.name}' compare the same net. "
                    "Make them one arm."
                )

    @property
    def paper_value(self) -> str:
        if self.ensemble is not None and self.ensemble.paper is not None:
            return f"{self.ensemble.paper:+g} points"
        if self.order:
            return "an order"
        first = next((item for item in self.differences if item.paper is not None), None)
        if first is None:
            return "no number"
        text = f"{first.paper:g}x" if first.scale == "ratio" else f"{first.paper:+g} points"
        return f"over {text}" if first.paper_is == "at least" else text

    @property
    def compared(self) -> tuple[tuple[str, str, str], ...]:
        found = []
        for item in self.differences:
            for baseline, variant in ((item.baseline, item.variant), item.interaction or ("", "")):
                if baseline != variant:
                    found.append((item.name, baseline, variant))
        return tuple(found)


def nameless(experiment: Experiment) -> Experiment:
    """Return the experiment without the names of its layers: equal for equal topologies.

    Layers of one name start from the same weights; else names change nothing.
    """
    model = experiment.model
    bare = dataclasses.replace(
        model,
        convs=tuple(dataclasses.replace(conv, name=None) for conv in model.convs),
        dense=tuple(dataclasses.replace(dense, name=None) for dense in model.dense),
        output_name=None,
    )
    return dataclasses.replace(experiment, model=bare)


def names() -> list[str]:
    """Names of all studies, the suite's and those that packages installed, sorted."""
    return sorted({*_of_the_suite(), *user_study.installed()})


def load(name: str) -> Study:
    """Return the study called `name`, or the one in the file `name`.

    Raises:
        SpecError: there is no such study (the nearest name is in the message), or its file
            or package holds none.
    """
    if user_study.is_path(name):
        path = Path(name)
        if path.stem in _of_the_suite() and path.resolve().parent != _FOLDER:
            raise SpecError(f"{path}: the suite has a study '{path.stem}'. Choose another name.")
        return _checked(user_study.from_file(path), path.stem, str(path))
    if name in _of_the_suite():
        return importlib.import_module(f"ablations.studies.{name}").STUDY
    installed = user_study.installed()
    if name in installed:
        found = user_study.from_installed(installed[name])
        return _checked(found, name, f"installed study {name}")
    hint = f" For a file, type ./{name}.py" if Path(f"{name}.py").is_file() else ""
    raise SpecError(f"no study '{name}'.{hint or nearest(name, names())}")


def _of_the_suite() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__")


def _checked(found: Any, name: str, where: str) -> Study:
    """Return a study from outside, if it is one and has the name of its file."""
    if not isinstance(found, SpeedStudy | ScoreStudy):
        kind = type(found).__name__
        raise SpecError(f"{where}: STUDY must be a ScoreStudy or a SpeedStudy. Received: {kind}")
    if found.name != name:
        raise SpecError(f"{where}: `name` must be '{name}', as the file. Received: {found.name!r}")
    return found
