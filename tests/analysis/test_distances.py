from __future__ import annotations

import json
from pathlib import Path

import elephant.spike_train_dissimilarity as elephant
import numpy as np
import pytest
import quantities as pq
from hypothesis import assume, given
from hypothesis import strategies as st
from made_trains import awkward, made, neo_trains, tick_trains, trains_of
from scipy.optimize import linear_sum_assignment

from spikeboard.analysis import distances
from spikeboard.analysis.distances import (
    Divergence,
    distance_curve,
    distance_matrix,
    distance_profile,
    first_divergence,
    isi_distance,
    match_spikes,
    matched_trains,
    spike_distance,
    spike_synchronisation,
    steps_needed,
    van_rossum,
    victor_purpura,
)
from spikeboard.errors import RecordingError

# Elephant's own calls of its units library.
pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated")

# What PySpike says of these trains; kept as numbers, because installing it takes a compiler.
PYSPIKE = json.loads(Path(__file__).with_name("pyspike_answers.json").read_text())

sorted_ticks = st.lists(st.integers(0, 200), max_size=12).map(lambda ticks: np.array(sorted(ticks), np.int64))
METHODS = [
    ("van_rossum", 10.0),
    ("victor_purpura", 50.0),
    ("isi", None),
    ("spike", None),
    ("synchronisation", None),
]


def random_recording(n_units: int = 5, spikes: int = 60, seed: int = 1, t_start: float = 0.0):
    rng = np.random.default_rng(seed)
    start = round(t_start * 1000)
    trains = [start + np.sort(rng.choice(np.arange(1, 1000), spikes, replace=False)) for _ in range(n_units)]
    return made(trains, 1000.0, t_start, t_start + 1.0)


@pytest.mark.parametrize("tau_ms", [1.0, 20.0, 500.0])
def test_van_rossum_agrees_with_elephant(tau_ms: float) -> None:
    rec = random_recording()
    expected = elephant.van_rossum_distance(neo_trains(rec), tau_ms * pq.ms)
    np.testing.assert_allclose(van_rossum(rec, None, tau_ms), expected, atol=1e-6)


def test_van_rossum_is_the_distance_of_the_smoothed_trains() -> None:
    rec = made([[50, 60, 60], [52, 100]], t_stop=0.3)
    fine = np.arange(0, 1000, 0.01)  # ms; long after the last spike everything has decayed
    smoothed = [
        sum(np.where(fine >= s, np.exp(-np.maximum(fine - s, 0) / 10.0), 0.0) for s in train)
        for train in trains_of(rec)
    ]
    squared = np.sum((smoothed[0] - smoothed[1]) ** 2) * 0.01 / 10.0
    assert van_rossum(rec, None, 10.0, "paper")[0, 1] == pytest.approx(np.sqrt(squared), rel=1e-3)


def test_a_lone_spike_is_one_away_from_silence() -> None:
    rec = made([[], [500]])
    assert van_rossum(rec, None, 10)[0, 1] == pytest.approx(1.0)
    assert van_rossum(rec, None, 10, "paper")[0, 1] == pytest.approx(np.sqrt(0.5))
    with pytest.raises(RecordingError, match="no normalisation 'other'"):
        van_rossum(rec, None, 10, "other")


@given(tick_trains(200))
def test_equal_trains_are_exactly_nothing_apart(trains: list[list[int]]) -> None:
    rec = made([train for train in trains for _ in (0, 1)], t_stop=0.2)
    for method, parameter in METHODS:
        found = distance_matrix(rec, None, method, parameter)
        assert (np.diagonal(found) == 0).all()
        assert (found[np.arange(0, len(found), 2), np.arange(1, len(found), 2)] == 0).all(), method


def test_van_rossum_tells_trains_a_tick_apart() -> None:
    # The difference of sums would drown in rounding: 2 (1 - exp(-1e-7)) beside 4e4.
    rng = np.random.default_rng(0)
    train = np.sort(rng.integers(0, 10**10, 20_000))
    moved = train.copy()
    moved[10_000] += 1
    rec = made([train, moved], None, t_stop=10.0)
    assert van_rossum(rec, None, 10.0)[0, 1] == pytest.approx(np.sqrt(-2 * np.expm1(-1e-7)), rel=1e-6)


@pytest.mark.parametrize("cost", [0.0, 1.0, 30.0, 1000.0])
def test_victor_purpura_agrees_with_elephant(cost: float) -> None:
    # At an infinite cost Elephant sets even a train and itself n + n apart; the definition is the oracle there.
    rec = random_recording()
    expected = elephant.victor_purpura_distance(neo_trains(rec), cost * pq.Hz)
    np.testing.assert_allclose(victor_purpura(rec, None, cost), expected)


def edit_cost(a, b, q: float) -> float:
    """The recursion of the paper, whole."""
    table = np.zeros((len(a) + 1, len(b) + 1))
    table[:, 0], table[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            moved = table[i, j] + (q * abs(int(x) - int(y)) if x != y else 0.0)
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, moved)
    return table[-1, -1]


@given(
    sorted_ticks, sorted_ticks, st.one_of(st.floats(1e-4, 3), st.sampled_from([0.0, 0.01, 0.5, 2.0, np.inf]))
)
def test_victor_purpura_is_the_least_edit_cost(a: np.ndarray, b: np.ndarray, q: float) -> None:
    rec = made([a, b], t_stop=0.2)
    assert victor_purpura(rec, None, q * 1000)[0, 1] == pytest.approx(edit_cost(a, b, q))


def test_the_limits_of_victor_purpura_are_known() -> None:
    rec = made([[10, 20, 30], [20, 31]])
    assert victor_purpura(rec, None, 0)[0, 1] == 1  # the difference in number
    assert victor_purpura(rec, None, np.inf)[0, 1] == 3  # all but the coincident one
    assert victor_purpura(rec, None, 100)[0, 1] == pytest.approx(1.1)


@pytest.mark.parametrize("case", PYSPIKE["matrices"])
@pytest.mark.parametrize(
    ("ours", "method", "itself"),
    [
        (isi_distance, "isi", 0.0),
        (spike_distance, "spike", 0.0),
        (spike_synchronisation, "synchronisation", 1.0),
    ],
)
def test_parameter_free_distances_agree_with_pyspike(ours, method: str, itself: float, case: dict) -> None:
    expected = np.array(case[method])
    np.fill_diagonal(expected, itself)
    np.testing.assert_allclose(ours(made(case["trains"])), expected, atol=2e-12)


@pytest.mark.parametrize(("method", "ours"), [("isi", isi_distance), ("spike", spike_distance)])
def test_profiles_agree_with_pyspike(method: str, ours) -> None:
    rec = made(PYSPIKE["profiles"]["trains"])
    found = distance_profile(rec, 0, 1, method)
    expected = PYSPIKE["profiles"][method]
    np.testing.assert_allclose(np.repeat(found.edges_s, 2)[1:-1] * 1000, expected["time"])
    values = np.stack([found.left, found.right], axis=1).ravel()
    np.testing.assert_allclose(values, expected["value"], atol=2e-12)
    assert found.mean == pytest.approx(ours(rec)[0, 1])


def test_a_profile_is_on_the_recordings_clock() -> None:
    found = distance_profile(random_recording(t_start=50.0), 0, 1, "isi", t0=50.25, t1=50.75)
    assert found.edges_s[[0, -1]] == pytest.approx([50.25, 50.75])
    with pytest.raises(RecordingError, match="no profile 'van_rossum'"):
        distance_profile(random_recording(), 0, 1, "van_rossum")


def test_the_isi_distance_of_two_regular_trains_is_the_ratio_of_their_intervals() -> None:
    rec = made([range(0, 1000, 10), range(0, 1000, 40)])
    assert isi_distance(rec)[0, 1] == pytest.approx(0.75)


def test_spikes_are_synchronous_within_half_an_interval() -> None:
    assert spike_synchronisation(made([range(0, 1000, 20), range(9, 1000, 20)]))[0, 1] == 1.0
    assert spike_synchronisation(made([range(0, 1000, 20), range(10, 1000, 20)]))[0, 1] == 0.0
    assert spike_synchronisation(made([[100, 500], [101]]))[0, 1] == pytest.approx(2 / 3)


def test_two_silent_units_are_alike() -> None:
    rec = made([[], [], [500]])
    for method, parameter in METHODS:
        assert distance_matrix(rec, None, method, parameter)[0, 1] == 0.0
    assert spike_synchronisation(rec)[0, 2] == 0.0


@given(tick_trains(200))
def test_spikes_at_one_time_count_as_one_where_intervals_matter(trains: list[list[int]]) -> None:
    doubled = made([sorted(train * 2) for train in trains], t_stop=0.2)
    single = made([sorted(set(train)) for train in trains], t_stop=0.2)
    for measure in (isi_distance, spike_distance, spike_synchronisation):
        np.testing.assert_array_equal(measure(doubled), measure(single))


@given(tick_trains(300))
def test_distances_are_symmetric_and_in_range(trains: list[list[int]]) -> None:
    rec = made(trains, t_stop=0.3)
    n = np.array([len(train) for train in trains])
    for method, parameter in METHODS:
        found = distance_matrix(rec, None, method, parameter)
        np.testing.assert_array_equal(found, found.T)
        assert (found >= 0).all(), method
        if parameter is None:
            assert (found <= 1).all(), method
    assert (victor_purpura(rec, None, 50) <= n[:, None] + n + 1e-9).all()
    assert (victor_purpura(rec, None, 50) >= np.abs(n[:, None] - n) - 1e-9).all()


@given(tick_trains(300), st.floats(1, 500))
def test_detours_are_never_shorter(trains: list[list[int]], parameter: float) -> None:
    rec = made(trains, t_stop=0.3)
    for method in ("victor_purpura", "van_rossum"):
        found = distance_matrix(rec, None, method, parameter)
        detours = (found[:, :, None] + found[None]).min(axis=1)
        assert (found <= detours + 1e-6).all(), method


@pytest.mark.parametrize(("method", "parameter"), METHODS)
def test_distances_do_not_depend_on_when_a_recording_starts(method: str, parameter: float | None) -> None:
    near, far = random_recording(), random_recording(t_start=100_000.0)
    expected = distance_matrix(near, None, method, parameter)
    np.testing.assert_array_equal(distance_matrix(far, None, method, parameter), expected)
    assert expected.max() > 0


@pytest.mark.parametrize(("method", "parameter"), METHODS)
def test_pools_are_compared_as_one_train(method: str, parameter: float | None) -> None:
    rec = random_recording(4)
    a, b, c, d = trains_of(rec)
    pooled = made([np.sort(np.r_[a, b]), np.sort(np.r_[c, d])])
    expected = distance_matrix(pooled, None, method, parameter)
    np.testing.assert_allclose(distance_matrix(rec, [[0, 1], [2, 3]], method, parameter), expected)


def test_a_curve_is_the_distance_at_each_parameter() -> None:
    rec = random_recording()
    costs = [0.0, 10.0, 1000.0]
    found = distance_curve(rec, 0, 1, "victor_purpura", costs)
    assert found.tolist() == [victor_purpura(rec, None, cost)[0, 1] for cost in costs]
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_a_time_constant_must_be_positive(wrong: float) -> None:
    with pytest.raises(RecordingError, match="positive number of ms"):
        van_rossum(random_recording(), None, wrong)


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_a_cost_must_not_be_negative(wrong: float) -> None:
    with pytest.raises(RecordingError, match="must be 0 or more"):
        victor_purpura(random_recording(), None, wrong)


def test_unknown_methods_and_missing_parameters_are_named() -> None:
    rec = random_recording()
    with pytest.raises(RecordingError, match="no distance 'euclid'; there are 'van_rossum'"):
        distance_matrix(rec, None, "euclid")
    with pytest.raises(RecordingError, match="victor_purpura needs its parameter"):
        distance_matrix(rec, None, "victor_purpura")


def test_what_would_take_too_long_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = random_recording(6, 500)
    steps = steps_needed(rec, None, "victor_purpura", 4.0)
    assert steps == pytest.approx(15 * (500 * 500 + 1000))
    assert steps_needed(rec, None, "victor_purpura", 40.0) == pytest.approx(15 * (500 * 50 + 1000))
    assert steps_needed(rec, None, "van_rossum", 10.0) == 3000 * 5
    assert steps_needed(rec, None, "victor_purpura", 0.0) == 3000 * 5
    monkeypatch.setattr(distances, "MOST_STEPS", 3_000_000)
    with pytest.raises(RecordingError, match="fewer units, a shorter window or a higher cost"):
        victor_purpura(rec, None, 4.0)
    assert victor_purpura(rec, None, 40.0).shape == (6, 6)


@pytest.mark.parametrize("method", ["spike", "isi", "synchronisation", "van_rossum"])
def test_more_spikes_than_fit_into_memory_are_refused_before_they_are_laid_out(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = random_recording(3, 100)
    laid_out: list[int] = []
    monkeypatch.setattr(distances, "_distinct", lambda trains: laid_out.append(1))
    monkeypatch.setattr(distances, "_overlaps", lambda *_: laid_out.append(1))
    monkeypatch.setattr(distances, "MOST_SPIKES", 299)
    with pytest.raises(
        RecordingError, match=r"3 trains with 300 spikes.*at most 299.*fewer units or a shorter window"
    ):
        distance_matrix(rec, None, method, 10.0)
    assert not laid_out


def test_two_trains_too_long_for_a_profile_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = random_recording(3, 100)
    monkeypatch.setattr(distances, "MOST_PROFILED", 199)
    for method in ("spike", "isi"):
        with pytest.raises(RecordingError, match=r"two trains with 200 spikes.*at most 199"):
            distance_matrix(rec, None, method)
        with pytest.raises(RecordingError, match=r"two trains with 200 spikes.*at most 199"):
            distance_profile(rec, 0, 1, method)
    assert distance_matrix(rec, None, "van_rossum", 10.0).shape == (3, 3)


def best_matching(a: np.ndarray, b: np.ndarray, tolerance: int) -> tuple[int, int]:
    """Most pairs, and their least total displacement, by the assignment problem."""
    if not (len(a) and len(b)):
        return 0, 0
    gap = np.abs(a[:, None] - b)
    beyond = 10**6
    cost = np.where(gap <= tolerance, gap - beyond, 0)
    rows, columns = linear_sum_assignment(cost)
    used = gap[rows, columns] <= tolerance
    return int(used.sum()), int(gap[rows, columns][used].sum())


@given(sorted_ticks, sorted_ticks, st.integers(0, 220))
def test_matchings_are_the_best_there_are(a: np.ndarray, b: np.ndarray, tolerance: int) -> None:
    found = match_spikes(a, b, tolerance)
    pairs, total = best_matching(a, b, tolerance)
    assert len(found.pairs) == pairs
    assert np.abs(found.displacement).sum() == total


@given(sorted_ticks, sorted_ticks, st.integers(0, 40))
def test_every_spike_is_in_one_pair_or_named_alone(a: np.ndarray, b: np.ndarray, tolerance: int) -> None:
    found = match_spikes(a, b, tolerance)
    mine, theirs = found.pairs.T
    assert sorted([*mine, *found.missing]) == list(range(len(a)))
    assert sorted([*theirs, *found.extra]) == list(range(len(b)))
    np.testing.assert_array_equal(found.displacement, b[theirs] - a[mine])
    assert (np.abs(found.displacement) <= tolerance).all()
    assert (np.diff(mine) > 0).all()
    assert (np.diff(theirs) > 0).all()


def test_many_spikes_are_matched_as_well_as_few() -> None:
    rng = np.random.default_rng(3)
    a, b = (np.sort(rng.integers(0, 3000, 300)) for _ in range(2))
    for tolerance in (1, 5, 40, 3000):
        found = match_spikes(a, b, tolerance)
        assert (len(found.pairs), int(np.abs(found.displacement).sum())) == best_matching(a, b, tolerance)


def test_a_greedy_match_would_lose_a_pair() -> None:
    # The nearest partner of 10 is 11, but then 12 has none within 2.
    found = match_spikes(np.array([10, 12]), np.array([8, 11]), 2)
    assert found.pairs.tolist() == [[0, 0], [1, 1]]
    assert found.displacement.tolist() == [-2, -1]


def test_missing_and_extra_spikes_are_told_apart() -> None:
    found = match_spikes(np.array([10, 50, 90]), np.array([11, 60, 91]), 3)
    assert found.pairs.tolist() == [[0, 0], [2, 2]]
    assert found.missing.tolist() == [1]
    assert found.extra.tolist() == [1]


def test_too_many_possible_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "MOST_CHOICES", 100)
    with pytest.raises(RecordingError, match="121 possible pairs between 11 and 11 spikes"):
        match_spikes(np.arange(11), np.arange(11), 20)


def test_the_first_divergence_is_the_first_spike_without_a_partner() -> None:
    a, b = np.array([10, 20, 30, 40]), np.array([10, 21, 33, 40])
    assert first_divergence(a, b, 0) == Divergence(20, True)
    assert first_divergence(a, b, 2) == Divergence(30, True)
    assert first_divergence(b, a, 2) == Divergence(30, False)
    assert first_divergence(a, b, 3) is None
    assert first_divergence(a, a[:2], 3) == Divergence(30, True)
    assert first_divergence(np.zeros(0, np.int64), np.zeros(0, np.int64), 3) is None


@given(sorted_ticks, sorted_ticks, st.integers(0, 30))
def test_trains_diverge_where_a_spike_stands_alone(a: np.ndarray, b: np.ndarray, tolerance: int) -> None:
    found = first_divergence(a, b, tolerance)
    alone = match_spikes(a, b, tolerance)
    assume(found is not None)
    assert found.tick == min([*a[alone.missing], *b[alone.extra]])


def test_trains_of_a_recording_are_matched_in_its_window() -> None:
    rec = made([[10, 500, 505, 700], [12, 503, 720, 800]], 10_000.0, t_stop=0.1)
    trains, found = matched_trains(rec, 0, 1, 0.4, t0=0.03, t1=0.075)
    assert trains[0].tolist() == [500, 505, 700]
    assert found.pairs.tolist() == [[1, 0]]
    assert found.missing.tolist() == [0, 2]
    assert found.extra.tolist() == [1]


def test_all_distances_of_awkward_trains_are_numbers() -> None:
    for t_start, rate in ((0.0, 1e4), (100_000.0, None)):
        rec = awkward(4, rate, t_start)
        for method, parameter in METHODS:
            assert np.isfinite(distance_matrix(rec, None, method, parameter)).all()
