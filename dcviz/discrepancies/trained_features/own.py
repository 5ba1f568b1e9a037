"""Where samples are compared after a network that you bring."""

from __future__ import annotations

import importlib
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.types import Progress, RealSampler, Regime, Source, Space, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@dataclass(frozen=True)
class OwnNetwork(Regime):
    r"""Features of your own ``torch.nn.Module``: ``(B, *shape) -> (B, D)``, samples in model space.

    The module is named by where it is made, so that a stored run can make it again: ``file.py:function`` or
    ``package.module:function``. The function takes no arguments and returns the module, with the weights it
    should have; what it draws at random is drawn from the run's seed. Features are what the method ``embed``
    gives, where the module has none its outputs, flattened. The file runs as a plug-in does: name only files
    that you trust, and give the whole path, so that the run resumes from any folder.

    >>> import dcviz, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "mine.py")
    >>> _ = file.write_text("import torch\ndef make():\n    return torch.nn.Linear(2, 16)\n")
    >>> regime = {"name": "own-network", "module": f"{file}:make"}
    >>> *_, last = dcviz.condense(data="moons", divergence="energy", regime=regime, budget=3, steps=2)
    >>> last.outcome.status
    'done'
    """

    name = "own-network"
    title = "your own network"
    sentence = "Compares what a network that you bring, as a torch module, sees in the samples."
    formula = r"\psi(x)=f_{\text{yours}}(x)"
    source = Source(
        "T. Chen, R. Selvan",
        "A Discrepancy-Based Perspective on Dataset Condensation (our reading)",
        2025,
        "https://arxiv.org/abs/2509.10367",
    )

    brought = "a network of your own"

    module: str = hyper("", "What makes the network: file.py:function or package.module:function.", code=True)
    embed: str = hyper("embed", "Its method that gives features; where it has none of this name, its outputs.")

    @property
    def members(self) -> int:
        """One fixed map: the network."""
        return 1

    def learn(self, real: RealSampler, generator: torch.Generator, progress: Progress) -> Tree:
        """The module on the device, in evaluation mode, after it has shown that it takes these samples."""
        import torch

        progress(f"making {self.module}", 0.0)
        net = _made(self.module, int(torch.randint(2**62, (), generator=generator)))
        net = net.to(real.device).eval().requires_grad_(False)
        try:
            with torch.no_grad():
                self._features(net)(torch.zeros(2, *real.shape, device=real.device))
        except Exception as error:
            shape = tuple(real.shape)
            raise Refused(f"{self.module} does not take samples of shape {shape}: {error}") from error
        return net

    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """The module's features."""
        return self._features(learned)

    def _features(self, net: nn.Module) -> Callable[[Tensor], Tensor]:
        features = getattr(net, self.embed, net) if self.embed else net
        return lambda x: features(x).flatten(1)


def _made(name: str, seed: int) -> nn.Module:
    """The module that the function of this name makes, its random numbers drawn from the seed."""
    import torch

    place, _, function = name.rpartition(":")
    if not place or not function:
        raise Refused(f"own-network has no module {name!r}: name what makes it as file.py:function.")
    made = _globals(place).get(function)
    if not callable(made):
        raise Refused(f"{place} has no function {function!r}: define it, without arguments, to return the module.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            net = made()
        except Exception as error:
            raise Refused(f"{name} failed: {type(error).__name__}: {error}") from error
    if not isinstance(net, torch.nn.Module):
        raise Refused(f"{name} returned {type(net).__name__}: it must return a torch.nn.Module.")
    return net


def _globals(place: str) -> dict[str, Any]:
    """The names that a file, or a module that Python can import, defines."""
    file = Path(place).expanduser()
    if file.suffix == ".py" and not file.is_file():
        raise Refused(f"there is no file {file} with a network: correct the path, or put the file back there.")
    try:
        return runpy.run_path(str(file)) if file.suffix == ".py" else vars(importlib.import_module(place))
    except Exception as error:
        raise Refused(f"{place} failed to load: {type(error).__name__}: {error}") from error
