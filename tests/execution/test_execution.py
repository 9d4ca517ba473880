"""Promises of the one door to execution."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.execution.device import cpu_threads, resolve_device

CPU = {"device": "cpu", "precision": "fp32"}


def execution(batch_size=8, **config):
    return ganzoo.Execution(ganzoo.ExecutionConfig(**(CPU | config)), [nn.Linear(2, 2)], batch_size)


def test_its_rows_are_the_whole_batch_and_micro_batches_its_parts():
    whole, parts = execution(), execution(grad_accum_steps=4)
    assert whole.rows == parts.rows == slice(0, 8)
    assert whole.whole_batches
    assert not parts.whole_batches
    assert [m.rows for m in parts.micro_batches] == [
        slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)
    ]  # fmt: skip


def test_a_batch_that_cannot_be_divided_is_refused_when_it_is_made():
    with pytest.raises(ganzoo.UsageError, match="7 images cannot be divided"):
        execution(batch_size=7, grad_accum_steps=2)


def test_a_device_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ganzoo.UsageError, match=r"no device named 'gpu'.*cpu"):
        resolve_device("gpu")


def test_compiling_forgoes_the_joint_forward_pass(monkeypatch):
    assert execution(compile="on").joint_forward  # for whoever falls back to eager mode
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert not execution().joint_forward


def test_a_step_is_itself_where_no_graph_is_captured():
    def step(inputs, active):
        return {}, None

    assert execution().captured(step, []) is step


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with cpu_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    with cpu_threads(None):
        assert torch.get_num_threads() == before
    assert torch.get_num_threads() == before
