"""Settings decided before TensorFlow is loaded, seen from fresh interpreters."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import tiny

SHOW = (
    "import {first}; import alexnet_tf.model; import os;"
    "print(os.environ.get('TF_ENABLE_ONEDNN_OPTS', 'unset'))"
)


def seen(first: str, setting: str | None) -> str:
    """TF_ENABLE_ONEDNN_OPTS in a process that imports `first`, then the net."""
    environment = {k: v for k, v in tiny.environment().items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    if setting is not None:
        environment["TF_ENABLE_ONEDNN_OPTS"] = setting
    command = [sys.executable, "-c", SHOW.format(first=first)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("first", "setting", "expected"),
    [
        ("alexnet_tf", None, "1"),
        ("alexnet_tf", "0", "0"),
        # too late to have an effect, so that a record must not claim it
        ("tensorflow", None, "unset"),
    ],
)
def test_onednn_is_on_unless_the_user_or_an_earlier_import_decided(first, setting, expected):
    assert seen(first, setting) == expected


def test_the_tests_run_with_the_setting_of_the_product():
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] in ("0", "1")
