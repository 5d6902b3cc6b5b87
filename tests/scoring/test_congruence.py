"""Client and therapist beside each other."""

from __future__ import annotations

import pytest

from alliancekit.errors import FormulaError
from alliancekit.scoring.congruence import divergence, response_surface, truth_and_bias


def test_divergence_is_therapist_minus_client():
    assert divergence(80, 60) == -20
    assert divergence(None, 60) is None
    assert divergence(80, None) is None


def test_truth_and_bias_recovers_a_known_line():
    client = [40.0, 60.0, None, 80.0, 100.0]
    centre = 70.0
    therapist = [centre - 8 + 0.5 * (c - centre) if c is not None else 50.0 for c in client]
    got = truth_and_bias(client, therapist)
    assert got is not None
    assert got.bias == pytest.approx(-8)
    assert got.truth == pytest.approx(0.5)
    assert got.sessions == 4


def test_truth_and_bias_needs_three_sessions_and_some_variation():
    assert truth_and_bias([50, 60], [50, 60]) is None
    assert truth_and_bias([50, 50, 50], [40, 50, 60]) is None
    with pytest.raises(FormulaError):
        truth_and_bias([50], [])


def test_published_response_surface():
    got = response_surface(-0.23, 0.77, -0.07, 0.27, -0.10)
    assert [got.a1, got.a2, got.a3, got.a4, got.a5] == pytest.approx([0.54, 0.10, -1.00, -0.44, 0.03])
