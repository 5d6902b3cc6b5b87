"""Our formulas against implementations that other people wrote, on random data.

audmetric (concordance), capstat-core (individuals chart), cronbach (alpha), scikit-learn (factor analysis)
and SciPy (distributions) are installed for these tests only. No package with the reliable change index was
found; its definition is checked against simulated measurements instead.
"""

from __future__ import annotations

import math
import statistics

import audmetric
import cronbach
import numpy as np
import pandas as pd
import pytest
from capstat_core.control_charts import i_mr_chart
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn.decomposition import FactorAnalysis

from alliancekit.scoring.agreement import concordance, limits_of_agreement, t_quantile
from alliancekit.scoring.change import reliable_change
from alliancekit.scoring.coefficients import alpha_interval, cronbach_alpha, mcdonald_omega
from alliancekit.scoring.onefactor import one_factor
from alliancekit.scoring.strain import control_chart
from alliancekit.scoring.surface import fit_surface

SEEDS = st.integers(0, 2**31)


def scale(seed: int, rows: int, items: int) -> NDArray[np.float64]:
    """Answers from 1 to 5 to items of unequal quality."""
    shaken = np.random.default_rng(seed)
    loadings = shaken.uniform(0.45, 0.85, size=items)
    noise = shaken.normal(size=(rows, items)) * np.sqrt(1 - loadings**2)
    continuous = shaken.normal(size=(rows, 1)) * loadings + noise
    return np.digitize(continuous, [-1.5, -0.5, 0.5, 1.5]) + 1.0


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(30, 200), st.integers(2, 12))
def test_alpha_is_cronbachs(seed: int, rows: int, items: int) -> None:
    answers = scale(seed, rows, items)
    theirs, feldt = cronbach.alpha(pd.DataFrame(answers))
    ours = cronbach_alpha(answers)
    assert ours == pytest.approx(theirs, abs=1e-10)
    if ours > 0.3 and rows >= 100:
        # Feldt's interval rests on F, Bonett's on the normal: they agree in larger samples.
        bonett = alpha_interval(ours, items=items, rows=rows)
        assert (bonett.low, bonett.high) == pytest.approx(feldt, abs=0.06)


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(150, 400), st.integers(4, 12))
def test_omega_is_scikit_learns(seed: int, rows: int, items: int) -> None:
    answers = scale(seed, rows, items)
    model = FactorAnalysis(1, tol=1e-13, max_iter=100_000, svd_method="lapack").fit(answers)
    loadings = model.components_[0]
    common = loadings.sum() ** 2
    assert mcdonald_omega(answers) == pytest.approx(common / (common + model.noise_variance_.sum()), abs=2e-5)
    # It divides by n, we by n − 1; signs are free.
    ours = np.array(one_factor(np.cov(answers, rowvar=False)).loadings) * math.sqrt(1 - 1 / rows)
    assert ours == pytest.approx(loadings * np.sign(loadings.sum()), abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(5, 60), st.floats(-20, 20))
def test_concordance_is_audmetrics(seed: int, count: int, shift: float) -> None:
    shaken = np.random.default_rng(seed)
    client = shaken.uniform(0, 100, size=count)
    therapist = 0.6 * client + shift + shaken.normal(0, 12, size=count)
    ours = concordance(client.tolist(), therapist.tolist())
    assert ours.value == pytest.approx(audmetric.concordance_cc(client, therapist), abs=1e-9)
    assert ours.r == pytest.approx(stats.pearsonr(client, therapist).statistic, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(4, 60), st.sampled_from([1.0, 2.0, 3.0]))
def test_control_limits_are_capstats(seed: int, count: int, k: float) -> None:
    values = np.random.default_rng(seed).uniform(0, 100, size=count)
    theirs = i_mr_chart(values)
    ours = control_chart(values.tolist(), k=k)
    assert ours is not None
    limits = theirs.location.limits
    assert ours.centre == pytest.approx(limits.center)
    # 1.128 is d₂ = 1.12838 to three decimals, as published.
    assert ours.sigma == pytest.approx(theirs.sigma_within, rel=5e-4)
    assert ours.upper - ours.centre == pytest.approx((limits.upper - limits.center) * k / 3, rel=5e-4)
    assert ours.centre - ours.lower == pytest.approx((limits.center - limits.lower) * k / 3, rel=5e-4)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3000))
def test_students_t_is_scipys(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(5, 60))
def test_the_interval_of_the_bias_is_scipys(seed: int, count: int) -> None:
    shaken = np.random.default_rng(seed)
    client, therapist = shaken.uniform(0, 100, size=(2, count))
    theirs = stats.ttest_rel(therapist, client).confidence_interval(0.95)
    ours = limits_of_agreement(client.tolist(), therapist.tolist())
    assert (ours.bias_interval.low, ours.bias_interval.high) == pytest.approx(tuple(theirs), abs=1e-8)
    assert ours.sd == pytest.approx(statistics.stdev((therapist - client).tolist()))


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_the_surfaces_errors_are_the_regressions(seed: int) -> None:
    """Written with (x + y)/2 and (x − y)/2, the model has a₁ = b₁ + b₂ as a coefficient, with its error."""
    shaken = np.random.default_rng(seed)
    client, therapist = shaken.uniform(0, 100, size=(2, 60))
    outcome = client + 0.01 * therapist**2 + shaken.normal(0, 10, size=60)
    ours = fit_surface(client.tolist(), therapist.tolist(), outcome.tolist(), centre=50)
    x, y = client - 50, therapist - 50
    terms = np.column_stack((np.ones(60), (x + y) / 2, (x - y) / 2, x * x, x * y, y * y))
    b, left, *_ = np.linalg.lstsq(terms, outcome, rcond=None)
    error = math.sqrt(left[0] / 54 * np.linalg.pinv(terms.T @ terms)[1, 1])
    assert ours.features.a1 == pytest.approx(b[1], rel=1e-6, abs=1e-9)
    assert ours.feature_errors.a1 == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("r", [0.5, 0.8, 0.95])
def test_reliable_change_marks_one_in_twenty_of_those_who_did_not_change(r: float) -> None:
    """Classical test theory, simulated: true score unchanged, two measurements of reliability r and SD 7.5.

    Of 200,000 people nobody changed, so 5 % pass |RC| > 1.96, and RC is standard normal.
    """
    shaken = np.random.default_rng(17)
    true = shaken.normal(30, 7.5 * math.sqrt(r), size=200_000)
    before, after = true + shaken.normal(0, 7.5 * math.sqrt(1 - r), size=(2, len(true)))
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(r, abs=0.005)
    one = reliable_change(0, 1, sd=7.5, reliability=r)
    indices = (after - before) * one.index
    assert indices.std() == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(indices) > 1.96) == pytest.approx(0.05, abs=0.002)
    checked = reliable_change(before[0], after[0], sd=7.5, reliability=r)
    assert checked.index == pytest.approx(indices[0])
