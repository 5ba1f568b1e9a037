"""Accuracies that papers and their own repositories report, each with where it was read and how it was measured.

Numbers that are only remembered are not here. Budgets are 1, 10 and 50 stored images per class; networks are the
field's ConvNet of depth 3 and width 128 unless the protocol says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

BUDGETS = (1, 10, 50)

READ = {
    "code": "the authors' own repository",
    "paper": "a published table: the method's own paper, or one that compares with it",
    "ncfm": "Table 1 of the NCFM paper (Wang et al. 2025)",
    "bacon": "the README of BACON (Zhou et al. 2024)",
    "edc": "the tables of EDC (Shao et al. 2024)",
    "kip": "the tables of KIP (Nguyen et al. 2021)",
    "code+kip": "the authors' own repository, the spread from KIP's table (Nguyen et al. 2021)",
}

PROTOCOLS = {
    "dc": "300 epochs of SGD (rate 0.01, momentum 0.9, ×0.1 at half time), no augmentation; 5 sets × 20 networks, last "
    "epoch.",
    "dc-mnist": "as DC, but 1,000 epochs with crops, scaling and rotation: the code augments MNIST in evaluation.",
    "dsa": "1,000 epochs of SGD (rate 0.01, momentum 0.9, ×0.1 at half time), DSA augmentation; 5 sets × 20 networks, "
    "last epoch.",
    "idm": "1,000 epochs as DM with 2×2 expansion; 5 × 5 networks, the best checkpoint across evaluations.",
    "idc": "epochs by budget (about 1,000), SGD 0.01, ×0.2 at two thirds and five sixths, DSA and CutMix; the code "
    "prints best and last.",
    "m3d": "1,000 epochs, much as IDC.",
    "mtt": "1,000 epochs with the learned step size, DSA augmentation on ZCA-whitened images; 5 networks every 100 "
    "steps.",
    "datm": "1,000 epochs as MTT, with learned soft labels.",
    "ncfm": "2,000 epochs of AdamW 1e-3 with CutMix; 10 networks, the best epoch on the test set.",
    "kip": "a trained network of width 1,024; colour images ZCA-whitened.",
    "krr": "kernel ridge regression itself, not a trained network.",
    "frepo": "a trained ConvNet of width 128 with batch norm, learned labels, ZCA-whitened images.",
    "sre2l": "ResNet-18, soft labels of a teacher for every epoch.",
    "cafe": "600 epochs, no augmentation, in the authors' code.",
    "unread": "how it was measured was not read.",
}


@dataclass(frozen=True)
class Published:
    """One row of a published table."""

    data: str  # as in dcviz.data
    method: str  # as the paper writes it
    preset: str  # of dcviz, or ""
    means: tuple[float | None, float | None, float | None]  # per cent, at the budgets 1, 10, 50
    spreads: tuple[float | None, float | None, float | None]
    read: str  # key of READ
    protocol: str  # key of PROTOCOLS


def _row(data: str, method: str, preset: str, cells: str, read: str, protocol: str) -> Published:
    """Read "91.7±.5 / 97.4±.2 / –"."""
    means, spreads = [], []
    for cell in cells.split("/"):
        mean, _, spread = cell.strip().partition("±")
        means.append(None if mean == "–" else float(mean))
        spreads.append(float(spread) if spread else None)
    assert len(means) == len(BUDGETS)
    return Published(data, method, preset, tuple(means), tuple(spreads), read, protocol)  # type: ignore[arg-type]


PUBLISHED = (
    _row("mnist", "DC", "dc", "91.7±.5 / 97.4±.2 / 98.8±.1", "code+kip", "dc-mnist"),
    _row("mnist", "DSA", "dsa", "88.7±.6 / 97.8±.1 / 99.2±.1", "code+kip", "dsa"),
    _row("mnist", "DM", "dm", "89.2 / 94.3 / 94.8", "bacon", "unread"),
    _row("mnist", "IDM", "idm", "93.82 / 96.26 / 97.01", "bacon", "idm"),
    _row("mnist", "IDC-I", "", "88.9 / 98.0 / 98.8", "code", "idc"),
    _row("mnist", "IDC", "idc", "94.2 / 98.4 / 99.1", "code", "idc"),
    _row("mnist", "KIP, network", "kip", "90.1 / 97.5 / 98.4", "paper", "kip"),
    _row("mnist", "KIP, ridge", "kip", "96.5 / 99.1 / 99.5", "paper", "krr"),
    _row("fashion-mnist", "DC", "dc", "70.5±.6 / 82.3±.4 / 83.6±.4", "code+kip", "dc"),
    _row("fashion-mnist", "DSA", "dsa", "70.6±.6 / 84.6±.3 / 88.7±.2", "code+kip", "dsa"),
    _row("fashion-mnist", "IDM", "idm", "78.23 / 82.53 / 84.03", "bacon", "idm"),
    _row("fashion-mnist", "IDC-I", "", "70.7 / 85.3 / 89.1", "code", "idc"),
    _row("fashion-mnist", "IDC", "idc", "81.0 / 86.0 / 86.2", "code", "idc"),
    _row("fashion-mnist", "KIP, network", "kip", "73.8 / 86.8 / 87.8", "paper", "kip"),
    _row("fashion-mnist", "KIP, ridge", "kip", "76.7 / 88.8 / 91.0", "paper", "krr"),
    _row("svhn", "DC", "dc", "31.2±1.4 / 76.1±.6 / 82.3±.3", "code+kip", "dc"),
    _row("svhn", "DSA", "dsa", "27.5±1.4 / 79.2±.5 / 84.4±.4", "code+kip", "dsa"),
    _row("svhn", "IDM", "idm", "69.45 / 82.95 / 87.5", "bacon", "idm"),
    _row("svhn", "IDC-I", "", "46.7 / 77.0 / 87.9", "code", "idc"),
    _row("svhn", "IDC", "idc", "68.5 / 87.5 / 90.1", "code", "idc"),
    _row("svhn", "KIP, network", "kip", "57.4 / 75.1 / 80.4", "paper", "kip"),
    _row("svhn", "KIP, ridge", "kip", "64.3 / 80.9 / 84.0", "paper", "krr"),
    _row("cifar10", "DC", "dc", "28.3±.5 / 44.9±.5 / 53.9±.5", "paper", "dc"),
    _row("cifar10", "DSA", "dsa", "28.8±.7 / 52.1±.5 / 60.6±.5", "paper", "dsa"),
    _row("cifar10", "DM", "dm", "26.0±.8 / 48.9±.6 / 63.0±.4", "paper", "dsa"),
    _row("cifar10", "CAFE", "cafe", "30.3 / 46.3 / 55.5", "ncfm", "cafe"),
    _row("cifar10", "IDM", "idm", "45.6±.7 / 58.6±.1 / 67.5±.1", "paper", "idm"),
    _row("cifar10", "M3D", "m3d", "45.3±.3 / 63.5±.2 / 69.9±.5", "ncfm", "m3d"),
    _row("cifar10", "IDC-I", "", "36.7 / 58.3 / 69.5", "code", "idc"),
    _row("cifar10", "IDC", "idc", "50.6 / 67.5 / 74.5", "code", "idc"),
    _row("cifar10", "MTT", "mtt", "46.3±.8 / 65.3±.7 / 71.6±.2", "paper", "mtt"),
    _row("cifar10", "TESLA", "tesla", "48.5 / 66.4 / 72.6", "paper", "unread"),
    _row("cifar10", "DATM", "datm", "46.9 / 66.8 / 76.1", "paper", "datm"),
    _row("cifar10", "FRePo", "frepo", "46.8 / 65.5 / 71.7", "paper", "frepo"),
    _row("cifar10", "KIP, network", "kip", "50.0 / 62.7 / 68.4", "paper", "kip"),
    _row("cifar10", "KIP, ridge", "kip", "63.4 / 75.5 / 79.7", "paper", "krr"),
    _row("cifar10", "NCFM", "ncfm", "49.5±.3 / 71.8±.3 / 77.4±.3", "paper", "ncfm"),
    _row("cifar10", "SRe2L", "sre2l", "– / 27.2 / 47.5", "edc", "sre2l"),
)
