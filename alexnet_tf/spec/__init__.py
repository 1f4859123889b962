"""The computation of a run, as immutable validated values.

An `Experiment` is a model, its data, its training and a seed. A variant is
`replace(base, {"model.activation": "tanh"})` or plain `dataclasses.replace`;
`diff(a, b)` names what differs. *Where* and *how fast* it is computed (devices,
threads, folders) is never part of a spec, so that `Experiment.run_id`, a hash of
the spec alone, names the computation.

Every value is checked when it is constructed: a field of the wrong type or out of its
range is a `SpecError`, whose one line has the field, the rule and the value received.

This package imports the standard library only.
"""

from alexnet_tf.spec.data import AugmentSpec as AugmentSpec
from alexnet_tf.spec.data import DatasetName as DatasetName
from alexnet_tf.spec.data import DataSpec as DataSpec
from alexnet_tf.spec.data import JitterSpec as JitterSpec
from alexnet_tf.spec.data import Scaling as Scaling
from alexnet_tf.spec.data import ScalingConstants as ScalingConstants
from alexnet_tf.spec.experiment import SPEC_VERSION as SPEC_VERSION
from alexnet_tf.spec.experiment import Experiment as Experiment
from alexnet_tf.spec.experiment import Pretraining as Pretraining
from alexnet_tf.spec.experiment import from_json as from_json
from alexnet_tf.spec.experiment import nameless as nameless
from alexnet_tf.spec.experiment import to_json as to_json
from alexnet_tf.spec.layers import Activation as Activation
from alexnet_tf.spec.layers import ConvSpec as ConvSpec
from alexnet_tf.spec.layers import DenseSpec as DenseSpec
from alexnet_tf.spec.layers import Initialisation as Initialisation
from alexnet_tf.spec.layers import PoolKind as PoolKind
from alexnet_tf.spec.layers import PoolSpec as PoolSpec
from alexnet_tf.spec.layers import ResponseNormSpec as ResponseNormSpec
from alexnet_tf.spec.layers import SpatialNormSpec as SpatialNormSpec
from alexnet_tf.spec.model import ModelSpec as ModelSpec
from alexnet_tf.spec.presets import BVLC_ALEXNET as BVLC_ALEXNET
from alexnet_tf.spec.presets import CAFFENET as CAFFENET
from alexnet_tf.spec.presets import CIFAR_11PCT as CIFAR_11PCT
from alexnet_tf.spec.presets import CIFAR_13PCT as CIFAR_13PCT
from alexnet_tf.spec.presets import CIFAR_18PCT as CIFAR_18PCT
from alexnet_tf.spec.presets import CIFAR_19PCT as CIFAR_19PCT
from alexnet_tf.spec.presets import CIFAR_80SEC as CIFAR_80SEC
from alexnet_tf.spec.presets import CIFAR_ALEXNET as CIFAR_ALEXNET
from alexnet_tf.spec.presets import CIFAR_ALEXNET_2012 as CIFAR_ALEXNET_2012
from alexnet_tf.spec.presets import CODE2012 as CODE2012
from alexnet_tf.spec.presets import MODERN as MODERN
from alexnet_tf.spec.presets import NO_COMMUNICATION as NO_COMMUNICATION
from alexnet_tf.spec.presets import ONE_GPU as ONE_GPU
from alexnet_tf.spec.presets import PAPER as PAPER
from alexnet_tf.spec.presets import PAPER_ERA as PAPER_ERA
from alexnet_tf.spec.presets import PRESETS as PRESETS
from alexnet_tf.spec.presets import SIX_CONV as SIX_CONV
from alexnet_tf.spec.presets import TORCHVISION_ALEXNET as TORCHVISION_ALEXNET
from alexnet_tf.spec.presets import preset_or_file as preset_or_file
from alexnet_tf.spec.train import PlateauSpec as PlateauSpec
from alexnet_tf.spec.train import Precision as Precision
from alexnet_tf.spec.train import RateChange as RateChange
from alexnet_tf.spec.train import TrainSpec as TrainSpec
from alexnet_tf.spec.train import compute_type as compute_type
from alexnet_tf.spec.train import dtype_policy as dtype_policy
from alexnet_tf.values import diff as diff
from alexnet_tf.values import replace as replace
