"""Train a network on this condensed set with plain PyTorch and say how good it is.

    python train.py             accuracy on the condensed set itself
    python train.py real.npz    and on real data: x_test (n, height, width[, channels]), y_test (n,)

Pixels are 0 to 255 (whole numbers) or in [0, 1]. Needs torch and numpy; Pillow too where the images are PNG files.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, mse_loss

DATA = "condensed.npz"  # beside this file: an npz, a safetensors file, or a folder of PNG by class
HERE = Path(__file__).parent


def load():
    """The arrays of the set, its recipe, and the run that made it."""
    path = HERE / DATA
    if path.suffix == ".npz":
        with np.load(path) as file:
            arrays = tensors({key: file[key] for key in file.files if key not in ("recipe", "run")})
            return arrays, json.loads(str(file["recipe"])), json.loads(str(file["run"]))
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            return arrays, json.loads(file.metadata()["recipe"]), json.loads(file.metadata()["run"])
    from PIL import Image

    recipe, run = (json.loads((HERE / name).read_text(encoding="utf-8")) for name in ("recipe.json", "run.json"))
    with np.load(HERE / "labels.npz") as file:
        arrays = tensors({key: file[key] for key in file.files})
    images = [np.asarray(Image.open(next(path.glob(f"*/{i:06d}.png")))) for i in arrays["ids"].tolist()]
    arrays["x"] = to_model_space(np.stack(images), arrays, recipe)
    return arrays, recipe, run


def tensors(arrays):
    """Numpy arrays as tensors."""
    return {key: torch.as_tensor(array) for key, array in arrays.items()}


def to_model_space(samples, arrays, recipe):
    """Images ``(n, height, width[, channels])`` or points ``(n, 2)`` as the network wants them."""
    x = torch.as_tensor(samples).float() / (255 if samples.dtype == np.uint8 else 1)
    if len(recipe["shape"]) == 3 and list(x.shape[1:]) != list(recipe["shape"]):
        x = x.unsqueeze(1) if x.dim() == 3 else x.permute(0, 3, 1, 2)
    if recipe["transform"] == "normalise":
        return (x - arrays["transform.mean"]) / arrays["transform.std"]
    if recipe["transform"] == "zca":
        return ((x.flatten(1) - arrays["transform.mean"]) @ arrays["transform.whiten"]).reshape(x.shape)
    return x


def network(shape, classes, width):
    """The field's ConvNet for images (log2 of the side less two blocks), an MLP for points of the plane."""
    if len(shape) == 1:
        return nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, classes))
    channels, height, width_ = shape
    side = 1 << (max(height, width_, 2) - 1).bit_length()
    left, top = (side - width_) // 2, (side - height) // 2
    layers: list[nn.Module] = [nn.ZeroPad2d((left, side - width_ - left, top, side - height - top))]
    for _ in range(max(side.bit_length() - 3, 1)):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(width, width), nn.ReLU(), nn.AvgPool2d(2)]
        channels, side = width, side // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side * side, classes))


def loss(outputs, y, kind):
    """Cross-entropy with classes or soft labels; squared error where the labels are regression targets."""
    if kind == "values":
        return mse_loss(outputs, y)
    return cross_entropy(outputs, y.softmax(1) if kind == "logits" else y)


def batch(arrays, size):
    """Samples and labels; where views are stored, in one of them: moved by its maps, with its soft labels."""
    x, y = arrays["x"], arrays["y"]
    picked = torch.randperm(len(x))[:size]
    if "views" not in arrays:
        return x[picked], y[picked]
    view = int(torch.randint(len(arrays["views"]), ()))
    grid = affine_grid(arrays["maps"][view, picked], list(x[picked].shape), align_corners=False)
    return grid_sample(x[picked], grid, padding_mode="zeros", align_corners=False), arrays["views"][view, picked]


def train(arrays, recipe, how):
    """A fresh network after the run's number of updates, as the run was judged."""
    width = how["width"] if how["network"] == "convnet" else 32
    model = network(recipe["shape"], len(recipe["classes"]), width)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[how["optimiser"]]
    momentum = {"momentum": how["momentum"]} if how["optimiser"] == "sgd" else {}
    learned = recipe["step_size"] if how["optimiser"] == "sgd" else None  # with the images, for plain SGD
    rate = learned or how["rate"]
    optimiser = kind(model.parameters(), rate, weight_decay=how["decay"], **momentum)
    factors = {
        "constant": lambda u: 1.0,
        "cosine": lambda u: 0.5 * (1 + math.cos(math.pi * u / how["updates"])),
        "step": lambda u: 1.0 if u < how["updates"] / 2 else 0.1,
    }
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factors[how["schedule"]])
    for _ in range(how["updates"]):
        x, y = batch(arrays, how["batch"])
        optimiser.zero_grad()
        loss(model(x), y, recipe["labels"]).backward()
        optimiser.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def accuracy(model, x, y):
    """The fraction of samples whose largest output is that of their class."""
    return (torch.cat([model(part) for part in x.split(512)]).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    arrays, recipe, run = load()
    x, y = arrays["x"], arrays["y"]
    model = train(arrays, recipe, run["config"]["evaluation"])
    own = accuracy(model, x, y if y.dim() == 1 else y.argmax(1))
    print(f"condensed set: {len(x)} samples in {len(recipe['classes'])} classes, accuracy on itself {own:.3f}")
    if "views" in arrays:
        print(f"(trained on its {len(arrays['views'])} views with the soft labels stored for them)")
    if recipe["augment"]:
        print(f"(judged with the augmentation {recipe['augment']}, which this script leaves out)")
    if len(sys.argv) > 1:
        with np.load(sys.argv[1]) as real:
            x, y = to_model_space(real["x_test"], arrays, recipe), torch.as_tensor(real["y_test"]).long()
        print(f"real data: {len(x)} samples, accuracy {accuracy(model, x, y):.3f}")
