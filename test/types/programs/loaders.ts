/** Data sets of one's own, loaders, samplers, collation (PyTorch's tutorial: data_tutorial). */
import * as torch from "kindling";

const { DataLoader, Dataset, Subset, TensorDataset, randomSplit } = torch.utils.data;
type Tensor = torch.Tensor;

interface Sample {
  image: Tensor;
  label: number;
  name: string;
}

class Shapes extends Dataset<Sample> {
  constructor(
    readonly count: number,
    readonly transform?: (image: Tensor) => Tensor,
  ) {
    super();
  }

  get length() {
    return this.count;
  }

  at(index: number): Sample {
    const image = torch.full([2, 2], index);
    return { image: this.transform ? this.transform(image) : image, label: index % 3, name: `shape ${index}` };
  }
}

class Pairs extends Dataset<[Tensor, number]> {
  get length() {
    return 6;
  }

  at(index: number): [Tensor, number] {
    return [torch.ones(3).mul(index), index];
  }
}

export async function main() {
  torch.manualSeed(0);
  const shapes = new Shapes(7, (image) => image.div(7));
  let seen = 0;
  for await (const batch of new DataLoader(shapes, { batchSize: 3, shuffle: true, dropLast: false })) {
    const images: Tensor = batch.image;
    const labels: Tensor = batch.label;
    const names: string[] = batch.name;
    seen += images.size(0) + labels.length - names.length;
  }

  let total = 0;
  const loader = new DataLoader(new Pairs(), { batchSize: 2 });
  for (const [x, y] of loader) total += x.sum().item() + y.sum().item();
  const batches = loader.length;

  const X = torch.rand(10, 4);
  const Y = torch.arange(10);
  const dataset = new TensorDataset(X, Y);
  const [train, test] = randomSplit(dataset, [8, 2]);
  const trainLoader = new DataLoader(train!, { batchSize: 4, shuffle: true });
  for await (const [xb, yb] of trainLoader) total += xb.size(0) - yb.size(0);
  const first = dataset.at(0);
  const [x0, y0] = first;
  const part = new Subset(dataset, [0, 1]);

  const collated = new DataLoader(new Pairs(), {
    batchSize: 2,
    collateFn: (samples) => ({ xs: torch.stack(samples.map(([x]) => x)), count: samples.length }),
  });
  for (const { xs, count } of collated) total += xs.size(0) - count;

  for (const word of new DataLoader(["a", "b", "c"], { batchSize: 2 })) total += word.length;
  return { seen, total, batches, sizes: [x0.shape, y0.item(), part.length, test!.length] };
}
