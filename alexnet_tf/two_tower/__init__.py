"""AlexNet on two devices, as in 2012: model parallelism on `tf.distribute` (section 3.2).

    split_cpu(2)  # only where there is one device: a CPU as CPU:0 and CPU:1
    strategy = TwoTowerStrategy([("GPU:0", "GPU:1")])
    with strategy.scope():
        model = build_two_tower(CIFAR_ALEXNET)
        model.compile(PaperSGD(), SparseCategoricalCrossentropy(from_logits=True))
    model.fit(...)

`communication_report(model)` says what crosses between the devices in a training step.
"""
# ruff: noqa: E402

from alexnet_tf.two_tower.devices import split_cpu as split_cpu
from alexnet_tf.two_tower.model import build_two_tower as build_two_tower
from alexnet_tf.two_tower.on_tower import OnTower as OnTower
from alexnet_tf.two_tower.report import CommunicationReport as CommunicationReport
from alexnet_tf.two_tower.report import Crossing as Crossing
from alexnet_tf.two_tower.report import communication_report as communication_report
from alexnet_tf.two_tower.strategy import TwoTowerStrategy as TwoTowerStrategy
from alexnet_tf.two_tower.strategy import tower_scope as tower_scope
from alexnet_tf.two_tower.trainer import TwoTowerModel as TwoTowerModel
from alexnet_tf.two_tower.weights import from_single as from_single
from alexnet_tf.two_tower.weights import to_single as to_single
