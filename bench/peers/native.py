"""Native PyTorch as a peer: reads workloads and run counts as lines of JSON, answers with milliseconds."""
import glob
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(int(sys.argv[1]))
VOCABULARY, LENGTH = 96, 64


def matmul(w):
    a = torch.rand(w["k"], w["m"]).t() if w["layout"][0] == "T" else torch.rand(w["m"], w["k"])
    b = torch.rand(w["n"], w["k"]).t() if w["layout"][1] == "T" else torch.rand(w["k"], w["n"])
    return lambda: a @ b


def conv(w):
    wants, groups = w["pass"], w["channels"] if w.get("depthwise") else 1
    x = torch.rand(w["batch"], w["channels"], w["size"], w["size"], requires_grad=wants == "inputGrad")
    weight = torch.rand(w["filters"], w["channels"] // groups, w["kernel"], w["kernel"], requires_grad=wants == "weightGrad")
    run = lambda: F.conv2d(x, weight, stride=w["stride"], padding=w["padding"], groups=groups)
    if wants == "forward":
        return run
    y = run()
    grad = torch.rand_like(y)
    wanted = x if wants == "inputGrad" else weight
    return lambda: torch.autograd.grad(y, wanted, grad, retain_graph=True)


def update(create, size):
    parameter = nn.Parameter(torch.rand(size))
    parameter.grad = torch.rand(size)
    return create([parameter]).step


def op(w):
    shape = w["shape"]
    x, y = torch.rand(shape) + 0.5, torch.rand(shape) + 0.5
    size = shape[0] * shape[1]
    return {
        "add": lambda: x + y,
        "mul": lambda: x * y,
        "gelu": lambda: F.gelu(x),
        "softmax": lambda: x.softmax(1),
        "layerNorm": lambda: F.layer_norm(x, shape[1:]),
        "argmax": lambda: x.argmax(1),
        "sgd": update(lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9), size),
        "adam": update(lambda p: torch.optim.Adam(p, lr=1e-3), size),
    }.get(w["op"], lambda: getattr(x, w["op"])())


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


class BasicBlock(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
            nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or channels != filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x):
        return (self.body(x) + self.shortcut(x)).relu()


def resnet18():
    blocks, channels = [], 64
    for filters in (64, 128, 256, 512):
        blocks += [BasicBlock(channels, filters, 1 if filters == 64 else 2), BasicBlock(filters, filters, 1)]
        channels = filters
    stem = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class CharLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 128)
        self.lstm = nn.LSTM(128, 128, 2, batch_first=True)
        self.head = nn.Linear(128, VOCABULARY)

    def forward(self, tokens):
        return self.head(self.lstm(self.embedding(tokens))[0])


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, 128)
        self.positions = nn.Embedding(LENGTH, 128)
        layer = lambda: nn.TransformerEncoderLayer(128, 4, 512, 0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.ModuleList([layer() for _ in range(4)])
        self.norm = nn.LayerNorm(128)
        self.head = nn.Linear(128, VOCABULARY, bias=False)

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
        x = self.tokens(tokens) + self.positions(torch.arange(LENGTH))
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(self.norm(x))


def train(w):
    name, batch = w["model"], w["batch"]
    model = {"mlp": mlp, "lenet": lenet, "resnet18": resnet18, "lstm": CharLstm, "gpt": Gpt}[name]()
    if name in ("lstm", "gpt"):
        text = torch.randint(0, VOCABULARY, (batch, LENGTH + 1))
        x, y = text[:, :-1].contiguous(), text[:, 1:].reshape(-1)
        loss = lambda: F.cross_entropy(model(x).reshape(-1, VOCABULARY), y)
    else:
        x = torch.rand(batch, 784) if name == "mlp" else torch.rand(batch, 3, 32, 32)
        y = torch.randint(0, 10, (batch,))
        loss = lambda: F.cross_entropy(model(x), y)
    parameters = list(model.parameters())
    adam = w["optimizer"] == "adam"
    optimizer = torch.optim.Adam(parameters, lr=1e-3) if adam else torch.optim.SGD(parameters, lr=0.01)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def overhead(w):
    x, y = torch.rand(4, 4), torch.rand(4, 4)
    weight = torch.rand(4, 4, requires_grad=True)
    one = torch.tensor(1.0)

    def backward():
        weight.grad = None
        (weight * x + y).sum().backward()

    return {
        "add": lambda: x + y,
        "addWithGrad": lambda: weight + y,
        "backward": backward,
        "view": lambda: x.reshape(16),
        "item": one.item,
    }[w["what"]]


def linalg(w):
    x = torch.randn(w["size"], w["size"], dtype=getattr(torch, w["dtype"]))
    symmetric, positive = x + x.T, x @ x.T + torch.eye(w["size"], dtype=x.dtype)
    return {
        "svd": lambda: torch.linalg.svd(x),
        "svdvals": lambda: torch.linalg.svdvals(x),
        "eigh": lambda: torch.linalg.eigh(symmetric),
        "eigvalsh": lambda: torch.linalg.eigvalsh(symmetric),
        "qr": lambda: torch.linalg.qr(x),
        "lstsq": lambda: torch.linalg.lstsq(x, symmetric),
        "inverse": lambda: torch.linalg.inv(x),
        "solve": lambda: torch.linalg.solve(x, symmetric),
        "cholesky": lambda: torch.linalg.cholesky(positive),
    }[w["op"]]


class Pictures(torch.utils.data.Dataset):
    """Pictures as PIL images with torchvision's transforms."""

    def __init__(self, w):
        from torchvision import transforms as T

        normalize = T.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010])
        if w["source"] == "memory":
            self.items = torch.randint(0, 256, (50_000, 32, 32, 3), dtype=torch.uint8).numpy()
            first = T.RandomCrop(32, padding=4)
        else:
            names = glob.glob(w["folder"] + "/**/*", recursive=True)
            self.items = sorted(name for name in names if name.lower().endswith((".jpg", ".jpeg")))
            first = T.RandomResizedCrop(224)
        self.transform = T.Compose([first, T.RandomHorizontalFlip(), T.ToTensor(), normalize])

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        from PIL import Image

        item = self.items[i]
        image = Image.open(item).convert("RGB") if isinstance(item, str) else Image.fromarray(item)
        return self.transform(image), i % 10


def pictures(w):
    dataset = Pictures(w)
    sampler = torch.utils.data.RandomSampler(dataset, num_samples=w["images"])
    workers = w["workers"]
    loader = torch.utils.data.DataLoader(
        dataset, w["batch"], sampler=sampler, num_workers=workers, persistent_workers=workers > 0
    )

    def epoch():
        for _ in loader:
            pass

    return epoch


def inference(w):
    if w["type"] != "float32":
        return None
    if w["model"] == "linear":
        model, shape = nn.Linear(768, 3072), (768,)
    elif w["model"] == "bert":
        layer = nn.TransformerEncoderLayer(512, 8, 2048, activation="gelu", batch_first=True)
        model, shape = nn.TransformerEncoder(layer, 4), (128, 512)
    else:
        import torchvision

        names = {"resnet50": "resnet50", "mobilenetV2": "mobilenet_v2"}
        model, shape = getattr(torchvision.models, names[w["model"]])(), (3, 224, 224)
    model.eval()
    x = torch.rand(w["batch"], *shape)

    def run():
        with torch.inference_mode():
            model(x)

    return run


create = {"inference": inference, "pictures": pictures, "linalg": linalg, "matmul": matmul, "conv": conv, "op": op, "train": train, "overhead": overhead}
runs = []
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "workload" in message:
        build = create.get(message["workload"]["kind"])
        run = build(message["workload"]) if build else None
        if run:
            runs.append(run)
        print(json.dumps({"id": len(runs) - 1 if run else None}), flush=True)
    else:
        run, start = runs[message["id"]], time.perf_counter()
        for _ in range(message["iterations"]):
            run()
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - start)}), flush=True)
