"""Force and witness come from the divergences' own code: against formulas, differences, and each other."""

import pytest
import torch

from dcviz import registry
from dcviz.divergences import MMD, Energy, Fisher, Mean, Sinkhorn
from dcviz.errors import Refused
from dcviz.playground import fields, flow
from dcviz.playground.targets import target

REAL = target("eight-gaussians")
Y = flow.start("wide", REAL, 12, 0)
Z = fields.grid(5) * 0.9


def gauss(a, b, h):
    return (-torch.cdist(a, b).square() / (2 * h**2)).exp()


def side(divergence):
    return flow.fitted(REAL.key, divergence)


def middle(at_y, at_x):
    return (at_y.mean() + at_x.mean()) / 2


def test_the_witness_of_an_mmd_is_the_difference_of_mean_embeddings():
    mmd, x = MMD(scales="one", rule="fixed", bandwidth=0.4), REAL.x[::8]
    found, _ = fields.witness(mmd, side(mmd), Y, Z, x)

    def formula(z):
        return 2 * (gauss(Y, z, 0.4).mean(0) - gauss(REAL.x, z, 0.4).mean(0))

    torch.testing.assert_close(found, formula(Z) - middle(formula(Y), formula(x)), atol=1e-5, rtol=1e-4)


def test_the_force_of_the_energy_distance_is_the_difference_of_mean_directions():
    energy = Energy()
    found, _ = fields.force(energy, side(energy), Y, Z)

    def direction(of):
        return torch.nn.functional.normalize(of[None] - Z[:, None], dim=-1).mean(1)

    torch.testing.assert_close(found, 2 * (direction(REAL.x) - direction(Y)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", sorted(set(registry.known("divergence")) - {"fisher", "exact-ot"}))
def test_the_force_is_minus_the_slope_of_the_witness(name):
    divergence, step = registry.find("divergence", name)(), 1e-4
    if name == "sinkhorn":
        divergence = Sinkhorn(blur=0.2, iterations=200)  # converged, as slopes of the potentials are wanted
    z = torch.tensor([[0.31, 0.22], [-0.84, 0.43], [0.2, -0.9]], dtype=torch.float64)
    force, _ = fields.force(divergence, side(divergence), Y, z)
    for k in range(2):
        ends = []
        for sign in (1, -1):
            moved = z.clone()
            moved[:, k] += sign * step
            ends.append(fields.witness(divergence, side(divergence), Y, moved, REAL.x[:4])[0])
        slope = (ends[0] - ends[1]) / (2 * step)
        torch.testing.assert_close(-slope, force[:, k], rtol=0.02, atol=0.02 * float(force.abs().max()))


def test_a_particle_is_pulled_as_the_force_says_where_it_is():
    mmd = MMD()
    problem = flow.problem(REAL, mmd, rate=0.04, move="flow", batch=0, seed=0)
    pull = flow.begin(problem, Y).pull
    torch.testing.assert_close(fields.force(mmd, problem.side, Y, Y)[0], pull, atol=1e-5, rtol=1e-3)


def test_what_a_divergence_has_not_is_said_in_words():
    assert "presence" in fields.no_force(Fisher())
    assert fields.no_force(Energy()) == fields.no_witness(Energy()) == ""
    exact = registry.find("divergence", "exact-ot")()
    pytest.importorskip("ot")
    assert "no gradient in the masses" in fields.no_witness(exact)
    with pytest.raises(Refused, match="autograd"):
        fields.witness(exact, side(exact), Y, Z, REAL.x[:4])


def test_a_gaussian_kernel_lets_go_and_the_energy_distance_never_does():
    def pulls(divergence):
        problem = flow.problem(REAL, divergence, rate=0.04, move="flow", batch=0, seed=0)
        return fields.pull_at_distances(problem)

    distances, far = pulls(Energy())
    assert float(far[-1]) == pytest.approx(2, rel=0.01)  # unit pulls of all real points, twice
    _, lost = pulls(MMD(scales="one", bandwidth=0.3))
    assert float(lost[-1]) < 1e-9
    _, means = pulls(Mean())
    torch.testing.assert_close(means, 2 * distances)
