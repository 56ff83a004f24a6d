/** `npm run example -- detection`: trains a small YOLO, writes it as Darknet does, and finds shapes with it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as torch from "kindling";
import { integer, main, positive, text, type Values } from "../shared/program";
import { draw, names, type Picture, targets } from "./shapes";

const { nn, optim, vision } = torch;
const F = nn.functional;

const about = `Trains a network of Darknet's (shapes.cfg) on pictures of shapes that are drawn here, writes its weights,
reads them again, and draws boxes around the shapes of new pictures.

  npm run example -- detection`;

const flags = {
  epochs: integer(12, "passes over the pictures"),
  batchSize: integer(16, "pictures per step"),
  pictures: integer(640, "pictures to learn from"),
  lr: positive(0.004, "learning rate"),
  thresh: positive(0.4, "least score of a box"),
  out: text("runs/detection", "DIR", "where weights and pictures are written"),
  seed: integer(0, "seed of pictures and initialization", 0),
};

type Options = Values<typeof flags>;
type Network = Awaited<ReturnType<typeof torch.darknet.load>>;

/** How far the maps of the network are from what they should be. */
function lossOf(output: torch.Tensor, target: torch.Tensor): torch.Tensor {
  const has = target.narrow(1, 4, 1);
  const count = has.sum();
  const part = (x: torch.Tensor, from: number, length: number) => x.narrow(1, from, length);
  const place = part(output, 0, 4)
    .sub(part(target, 0, 4))
    .square()
    .mul(has)
    .sum()
    .div(count);
  const classes = F.binaryCrossEntropy(part(output, 5, 3), part(target, 5, 3), { reduction: "none" });
  const objectness = F.binaryCrossEntropy(part(output, 4, 1), has, { reduction: "sum" }).div(count);
  return place.mul(5).add(classes.mul(has).sum().div(count)).add(objectness);
}

function train(model: Network, pictures: readonly Picture[], { epochs, batchSize, lr }: Options): void {
  const steps = epochs * Math.ceil(pictures.length / batchSize);
  const optimizer = new optim.AdamW(model.parameters(), { lr });
  const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: lr, totalSteps: steps });
  model.train();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = torch.randperm(pictures.length).tolist() as number[];
    let total = 0;
    for (let at = 0; at < order.length; at += batchSize) {
      const batch = order.slice(at, at + batchSize).map((i) => pictures[i]!);
      total += torch.tidy(() => {
        const images = torch
          .stack(batch.map(({ image }) => image))
          .to("float32")
          .div(255);
        const [output] = model(images);
        const loss = lossOf(output, targets(batch, 8, 20));
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss.item() as number;
      });
      scheduler.step();
      model.seen += batch.length;
    }
    console.log(`epoch ${epoch}: loss ${(total / Math.ceil(order.length / batchSize)).toFixed(3)}`);
  }
}

/** Finds the shapes of a picture. @returns The picture with boxes, how many shapes were found, and how many boxes are around none. */
function find(
  model: Network,
  { image, shapes }: Picture,
  thresh: number,
): [torch.Tensor, found: number, wrong: number] {
  const { boxes, labels, scores } = model.detect(image, { thresh });
  const truth = torch.tensor(shapes.map(({ x, y, radius: r }) => [x - r, y - r, x + r, y + r]));
  const overlaps = boxes.shape[0] === 0 ? [] : (vision.ops.boxIou(truth, boxes).tolist() as number[][]);
  const found = shapes.filter(({ label }, i) =>
    overlaps[i]?.some((iou, k) => iou > 0.5 && labels.at(k).item() === label),
  );
  const texts = (labels.tolist() as number[]).map(
    (label, k) => `${names[label]} ${(scores.at(k).item() as number).toFixed(2)}`,
  );
  const large = F.interpolate(image.unsqueeze(0).to("float32"), { scaleFactor: 4 }).squeeze(0).to("uint8");
  const drawn = vision.utils.drawBoundingBoxes(large, boxes.mul(4), texts, { width: 2 });
  return [drawn, found.length, boxes.shape[0]! - found.length];
}

main(about, flags, async (options) => {
  torch.manualSeed(options.seed);
  const cfg = join(import.meta.dirname, "shapes.cfg");
  const model = await torch.darknet.load(cfg);
  const pictures = Array.from({ length: options.pictures }, draw);
  const size = model.parameters().reduce((n, p) => n + p.numel(), 0);
  console.log(`A network of ${size.toLocaleString("en")} parameters learns from ${pictures.length} pictures.`);
  train(model, pictures, options);

  mkdirSync(options.out, { recursive: true });
  const weights = join(options.out, "shapes.weights");
  await torch.darknet.saveWeights(model, weights);
  const copy = await torch.darknet.load(cfg, weights);
  console.log(`written to ${weights}, and read again: it has seen ${copy.seen} pictures`);

  const results = Array.from({ length: 16 }, () => {
    const picture = draw();
    return { picture, result: find(copy, picture, options.thresh) };
  });
  const sum = (of: (each: (typeof results)[number]) => number) => results.reduce((n, each) => n + of(each), 0);
  const all = sum(({ picture }) => picture.shapes.length);
  console.log(
    `found ${sum(({ result }) => result[1])} of ${all} shapes, ${sum(({ result }) => result[2])} boxes around none`,
  );
  const grid = vision.utils.makeGrid(
    results.map(({ result }) => result[0]),
    { nrow: 4 },
  );
  const file = join(options.out, "detections.png");
  const png = await vision.io.encodePng(grid.to("uint8"));
  writeFileSync(file, png.toTypedArray() as Uint8Array);
  console.log(`drawn to ${file}`);
});
