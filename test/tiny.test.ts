/** The whole library in under 100 lines: tensors, gradients, a module, an optimizer, data, files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn, optim, safetensors } = torch;
const { DataLoader, TensorDataset } = torch.utils.data;

test("tensors: arithmetic, broadcasting, views, indices, printing", () => {
  const x = torch.arange(6).reshape(2, 3);
  const y = x
    .t()
    .at("1:")
    .mul(torch.tensor([10n, 100n]));
  expect(String(y)).toBe("tensor([[ 10, 400],\n        [ 20, 500]])");
  expect([y.dtype, y.div(4).dtype, y.gt(15).sum().item()]).toEqual(["int64", "float32", 3]);
  x.setAt([":", 0], -1);
  expect(x.flatten().tolist()).toEqual([-1, 1, 2, -1, 4, 5]);
  const { values, indices } = x.max(1);
  expect([values.tolist(), indices.tolist()]).toEqual([
    [2, 5],
    [2, 2],
  ]);
});

test("gradients: of any order, through anything", () => {
  const x = torch.tensor([1, 2, 3], { requiresGrad: true });
  const y = x.pow(3).sum();
  const [first] = torch.autograd.grad(y, x, { createGraph: true });
  first!.sum().backward();
  expect([first!.tolist(), x.grad!.tolist()]).toEqual([
    [3, 12, 27],
    [6, 12, 18],
  ]);
});

class Net extends nn.Module {
  conv = new nn.Conv2d(1, 4, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(4);
  dropout = new nn.Dropout(0.1);
  fc = new nn.Linear(4 * 4 * 4, 2);

  override forward(x: torch.Tensor): torch.Tensor {
    const maps = nn.functional.maxPool2d(this.norm(this.conv(x)).relu(), 2);
    return this.fc(this.dropout(maps.flatten(1)));
  }
}

/** Pictures whose left (0) or right (1) half is brighter. */
function pictures(count: number) {
  const labels = torch.randint(0, 2, [count]);
  const images = torch.rand(count, 1, 8, 8);
  images.at("...", ":4").add_(torch.sub(1, labels).view(-1, 1, 1, 1).mul(0.5));
  images.at("...", "4:").add_(labels.view(-1, 1, 1, 1).mul(0.5));
  return new TensorDataset(images, labels);
}

async function accuracy(model: Net, dataset: ReturnType<typeof pictures>): Promise<number> {
  model.eval();
  let correct = 0;
  for await (const [images, labels] of new DataLoader(dataset, { batchSize: 50 }))
    correct += torch
      .noGrad(() => model(images!))
      .argmax(1)
      .eq(labels!)
      .sum()
      .item();
  return correct / dataset.length;
}

test("training: a module learns from batches, is saved, and is the same when loaded", async () => {
  torch.manualSeed(0);
  const [train, validation] = [pictures(400), pictures(100)];
  const model = new Net();
  const lossFn = new nn.CrossEntropyLoss();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const scheduler = new optim.lrScheduler.StepLR(optimizer, 1, { gamma: 0.5 });
  for (let epoch = 0; epoch < 3; epoch++) {
    model.train();
    for await (const [images, labels] of new DataLoader(train, { batchSize: 20, shuffle: true })) {
      optimizer.zeroGrad();
      lossFn(model(images!), labels!).backward();
      optimizer.step();
    }
    scheduler.step();
  }
  const reached = await accuracy(model, validation);
  expect(reached).toBeGreaterThan(0.95);

  const folder = mkdtempSync(join(tmpdir(), "kindling-"));
  await safetensors.saveFile(model.stateDict(), join(folder, "net.safetensors"));
  const loaded = new Net();
  loaded.loadStateDict(await safetensors.loadFile(join(folder, "net.safetensors")));
  rmSync(folder, { recursive: true });
  expect(await accuracy(loaded, validation)).toBe(reached);
});
