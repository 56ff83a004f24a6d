"""Real PyTorch's side of torch.test.ts: reads what Kindling wrote, and writes what Kindling is to read."""
import json
import sys

import torch

folder = sys.argv[1]


def train(parameter, optimizer, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((parameter * torch.tensor([1.0, 2.0, 3.0]) - 1) ** 2).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def optimizer_of(kind, parameter):
    if kind == "adam":
        return torch.optim.Adam([parameter], lr=0.05, betas=(0.8, 0.99), weight_decay=0.01)
    if kind == "amsgrad":
        return torch.optim.AdamW([parameter], lr=0.05, amsgrad=True)
    return torch.optim.SGD([parameter], lr=0.02, momentum=0.9)


def scheduler_of(optimizer):
    return torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)


result = {"version": torch.__version__}
value = torch.load(folder + "/ours.pt")
result["plain"] = {key: repr(value[key]) for key in ("i", "big", "f", "nz", "list", "tuple", "map", "set", "raw", "none", "size")}
result["tensors"] = {key: [str(x.dtype), x.float().flatten().tolist()] for key, x in value["tensors"].items()}
value["base"].mul_(2)
result["shared"] = value["view"].tolist()
result["strides"] = list(value["view"].stride())
result["parameter"] = [type(value["parameter"]).__name__, value["parameter"].requires_grad]
result["self"] = value["self"] is value
result["continued"] = {}
for kind in ("adam", "amsgrad", "sgd"):
    saved = torch.load(f"{folder}/ours-{kind}.pt")
    parameter = saved["parameter"]
    optimizer = optimizer_of(kind, parameter)
    optimizer.load_state_dict(saved["optimizer"])
    scheduler = scheduler_of(optimizer)
    scheduler.load_state_dict(saved["scheduler"])
    result["continued"][kind] = [train(parameter, optimizer, 5), scheduler.get_last_lr()]
model = torch.load(folder + "/ours-model.pt")
result["model"] = [str(model), model(torch.ones(2, 4)).tolist()]

result["theirs"] = {}
for kind in ("adam", "amsgrad", "sgd"):
    parameter = torch.nn.Parameter(torch.tensor([0.5, -0.5, 1.5]))
    optimizer = optimizer_of(kind, parameter)
    scheduler = scheduler_of(optimizer)
    train(parameter, optimizer, 3)
    scheduler.step()
    for legacy in (False, True):
        torch.save(
            {"parameter": parameter, "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()},
            f"{folder}/theirs-{kind}{'-legacy' if legacy else ''}.pt",
            _use_new_zipfile_serialization=not legacy,
        )
    result["theirs"][kind] = train(parameter, optimizer, 5)
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 2)).eval()
torch.save(net, folder + "/theirs-model.pt")
result["net"] = net(torch.arange(16.0).reshape(1, 1, 4, 4)).tolist()
torch.manual_seed(7)
torch.save(torch.get_rng_state(), folder + "/theirs-random.pt")
result["random"] = torch.rand(3).tolist()
for name, x in {
    "complex": torch.ones(2, dtype=torch.complex64),
    "sparse": torch.eye(2).to_sparse(),
    "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
}.items():
    torch.save({"x": x}, f"{folder}/theirs-{name}.pt")
print(json.dumps(result))
