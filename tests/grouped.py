"""Which group a sample is of, read off the data set itself."""

import torch


def group_of(data, ids):
    """The groups of training samples by their ids ``(n,)``."""
    by_id = dict(zip(data.train.id.tolist(), data.groups.train.tolist(), strict=True))
    return torch.tensor([by_id[i] for i in ids.tolist()])
