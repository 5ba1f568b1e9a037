import pytest
import torch

from dcviz.errors import Refused
from dcviz.nets import NETWORKS, TITLES, WIDTHS, convnet_plan, feature_size, flops, network, weights
from dcviz.randomness import generator

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 7, 5), (2,)]


def fitting():
    return [(n, s) for n in NETWORKS for s in SHAPES if n in ("mlp", "linear") or len(s) == 3]


@pytest.mark.parametrize(("name", "shape"), fitting())
def test_shapes_of_logits_and_features(name, shape):
    net = network(name, shape, 7, generator(0, "net"), width=16)
    x = torch.randn(3, *shape)
    assert net(x).shape == (3, 7)
    assert net.embed(x).shape == (3, feature_size(name, shape, width=16))
    assert torch.equal(net.head(net.embed(x)), net(x))


@pytest.mark.parametrize(("name", "shape"), fitting())
def test_weights_come_from_the_generator_alone(name, shape):
    before = torch.get_rng_state()
    one, two, other = (network(name, shape, 4, generator(s, "net"), width=8) for s in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_weights_are_distributed_as_torch_draws_them():
    ours = network("convnet", (1, 32, 32), 10, generator(0, "net"), width=64).layers[4].weight
    theirs = torch.nn.Conv2d(64, 64, 3).weight
    assert ours.shape == theirs.shape
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.02)
    assert ours.abs().max() <= 1 / (64 * 9) ** 0.5


def test_convnet_is_the_field_s():
    """The same weights in the published layout: padding 3 in the first block, instance norm, avg_pool2d."""
    net = network("convnet", (1, 28, 28), 10, generator(0, "net"), width=8)
    blocks, at = [], 0
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    for i, convolution in enumerate(convolutions):
        copy = torch.nn.Conv2d(convolution.in_channels, 8, 3, padding=3 if i == 0 else 1)
        copy.load_state_dict(convolution.state_dict())
        blocks += [copy, torch.nn.InstanceNorm2d(8), torch.nn.ReLU(), torch.nn.AvgPool2d(2)]
        at += 1
    x = torch.randn(4, 1, 28, 28)
    theirs = torch.nn.Sequential(*blocks, torch.nn.Flatten())(x)
    torch.testing.assert_close(net.embed(x), theirs, atol=1e-5, rtol=1e-4)
    assert (at, theirs.shape[1]) == (3, 8 * 16)


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 7, 5), (3, 32, 32)])
def test_convnet_in_bfloat16_is_the_field_s_in_bfloat16(shape, norm):
    """Forward alone, where the first convolution of one channel is a product with patches, and with a gradient."""
    net = network("convnet", shape, 10, generator(0, "net"), width=8, norm=norm)
    net.precision = "bfloat16"
    x = torch.randn(4, *shape)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        z = torch.nn.functional.pad(x, convnet_plan(shape).before)
        for module in net.layers:
            if isinstance(module, torch.nn.Conv2d):
                z = torch.nn.functional.conv2d(z, module.weight, module.bias, padding=1)
            elif isinstance(module, torch.nn.GroupNorm):
                z = module(z)
            elif isinstance(module, torch.nn.ReLU):
                z = torch.nn.functional.avg_pool2d(z.relu(), 2)
    theirs = z.flatten(1).float()
    with torch.no_grad():
        alone = net.embed(x)
    with_gradient = net.embed(x.clone().requires_grad_())
    assert with_gradient.requires_grad
    for ours in (alone, with_gradient):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0.02)  # 8 bits, rounded at each of nine operations


@pytest.mark.parametrize(("side", "depth"), [(8, 1), (28, 3), (32, 3), (64, 4), (2, 1)])
def test_depth_follows_the_side(side, depth):
    assert convnet_plan((1, side, side)).depth == depth


def test_flops_count_what_torch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    for name, shape in fitting():
        net = network(name, shape, 10, generator(0, "net"), width=16)
        with FlopCounterMode(display=False) as counter:
            net(torch.randn(1, *shape))
        assert flops(name, shape, 16) == counter.get_total_flops()


def test_second_derivative_through_the_pooling():
    net = network("convnet", (1, 4, 4), 2, generator(0, "net"), width=2).double()
    x = torch.randn(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(net, x, atol=1e-3)


def test_norms_differ_and_batch_norm_has_statistics():
    nets = {n: network("convnet", (1, 8, 8), 3, generator(0, "n"), norm=n) for n in ("instance", "batch", "none")}
    x = torch.randn(5, 1, 8, 8)
    assert len({round(net(x).sum().item(), 4) for net in nets.values()}) == 3
    assert any("running_mean" in key for key in nets["batch"].state_dict())


def test_weights_are_counted():
    for name, shape in fitting():
        for norm in ("instance", "batch"):
            net = network(name, shape, 7, generator(0, "net"), width=16, norm=norm)
            assert weights(name, shape, 16, 7) == sum(p.numel() for p in net.parameters())
    assert weights("resnet18", (3, 32, 32), 64) == 11_173_962  # the field's ResNet-18 on CIFAR-10


def test_resnet_is_torchvision_s_but_for_its_stem():
    from torchvision.models import resnet18

    ours = network("resnet18", (3, 32, 32), 10, generator(0, "net"), width=64, norm="batch").eval()
    theirs = resnet18(num_classes=10).eval()
    theirs.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
    theirs.maxpool = torch.nn.Identity()
    names = list(theirs.state_dict())
    assert len(names) == len(ours.state_dict())
    theirs.load_state_dict(dict(zip(names, ours.state_dict().values(), strict=True)))
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-4)


def test_transformer_block_is_torch_s():
    from dcviz.deep_layers import Transformer
    from dcviz.layers import drawn

    ours = drawn(Transformer(16, 4, 32), generator(0, "block"))
    theirs = torch.nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", batch_first=True, norm_first=True)
    a = ours.attention
    pairs = {"self_attn.in_proj": a.inputs, "self_attn.out_proj": a.output, "norm1": ours.first, "norm2": ours.second}
    pairs |= {"linear1": ours.each[0], "linear2": ours.each[2]}
    joint = {name: "_" if name.endswith("in_proj") else "." for name in pairs}
    held = {f"{name}{joint[name]}{k}": v for name, module in pairs.items() for k, v in module.state_dict().items()}
    theirs.load_state_dict(held)
    x = torch.randn(3, 5, 16)
    torch.testing.assert_close(ours(x), theirs.eval()(x), atol=1e-6, rtol=1e-5)


def test_deep_networks_have_second_derivatives():
    for name in ("resnet18", "vit"):
        net = network(name, (1, 4, 4), 2, generator(0, "net"), width=4).double()
        x = torch.randn(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
        slope = torch.autograd.grad(net(x).logsumexp(1).sum(), x, create_graph=True)[0]
        slope.square().sum().backward()
        assert x.grad.abs().sum() > 0


def test_refusals_name_the_cure():
    with pytest.raises(Refused, match="Known: convnet, linear, mlp, resnet18, vit"):
        network("resnet", (1, 8, 8), 10, generator(0, "n"))
    with pytest.raises(Refused, match="choose the network mlp"):
        network("convnet", (2,), 2, generator(0, "n"))
    with pytest.raises(Refused, match="choose 1 to 3"):
        network("convnet", (1, 8, 8), 10, generator(0, "n"), depth=4)
    with pytest.raises(Refused, match="leave the depth out"):
        network("resnet18", (1, 8, 8), 10, generator(0, "n"), depth=4)
    with pytest.raises(Refused, match="multiple of 4"):
        network("vit", (1, 8, 8), 10, generator(0, "n"), width=6)
    with pytest.raises(Refused, match="ViT needs images"):
        network("vit", (2,), 2, generator(0, "n"))
    with pytest.raises(Refused, match="normalisation"):
        network("convnet", (1, 8, 8), 10, generator(0, "n"), norm="layer")
    assert set(WIDTHS) == set(NETWORKS) == set(TITLES)
