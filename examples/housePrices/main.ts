/** `npm run example -- housePrices`: regression on a table with numbers and categories. */
import * as torch from "kindling";
import { integer, main, positive, type Values } from "../shared/program";
import { columns, districts, type Houses, makeHouses } from "./houses";

const { nn, optim, utils } = torch;
const F = nn.functional;

const about = `Learns the prices of houses from a generated table, and compares with a linear fit.

  npm run example -- housePrices`;

const flags = {
  houses: integer(2000, "houses in the table, of which a fifth is kept for validation", 10),
  epochs: integer(20, "passes over the training houses"),
  batchSize: integer(32, "houses per step"),
  hidden: integer(64, "features of the hidden layers"),
  lr: positive(0.003, "learning rate, reduced when the validation error stands still"),
  seed: integer(0, "seed of the table, initialization and shuffling", 0),
};

/** Columns with mean 0 and deviation 1, as the training houses have them. */
class Standardize extends nn.Module {
  declare mean: torch.Tensor;
  declare std: torch.Tensor;

  constructor(numbers: torch.Tensor) {
    super();
    this.registerBuffer("mean", numbers.mean(0));
    this.registerBuffer("std", numbers.std(0));
  }

  override forward(numbers: torch.Tensor): torch.Tensor {
    return numbers.sub(this.mean).div(this.std);
  }
}

/** The logarithm of the price. Shape: numbers [N, columns], district [N] → [N]. */
class PriceModel extends nn.Module {
  standardize: Standardize;
  district: torch.nn.Embedding;
  layers: torch.nn.Sequential;

  constructor(train: Houses, hidden: number) {
    super();
    this.standardize = new Standardize(train.numbers);
    this.district = new nn.Embedding(districts.length, 4);
    this.layers = new nn.Sequential(
      new nn.Linear(columns.length + 4, hidden),
      new nn.ReLU(),
      new nn.Linear(hidden, hidden),
      new nn.ReLU(),
      new nn.Linear(hidden, 1),
    );
    // The first guess is the mean, from which training is short.
    nn.init.constant_(this.layers.getParameter("4.bias"), train.price.log().mean().item());
  }

  override forward(numbers: torch.Tensor, district: torch.Tensor): torch.Tensor {
    const features = torch.cat([this.standardize(numbers), this.district(district)], 1);
    return this.layers(features).squeeze(1);
  }
}

const rows = ({ numbers, district, price }: Houses, slice: string): Houses => ({
  numbers: numbers.at(slice),
  district: district.at(slice),
  price: price.at(slice),
});

/** The root of the mean square of the differences of logarithms: 0.1 is about 10 % of the price. */
const logError = (predicted: torch.Tensor, { price }: Houses): number =>
  F.mseLoss(predicted, price.log()).sqrt().item();

/** What a linear fit by least squares predicts for the validation houses. */
function linearFit(train: Houses, valid: Houses): torch.Tensor {
  const design = ({ numbers, district }: Houses) =>
    torch.cat([numbers, F.oneHot(district, districts.length).float()], 1);
  const a = design(train);
  const weights = torch.linalg.solve(a.t().matmul(a), a.t().mv(train.price.log()));
  return design(valid).mv(weights);
}

async function trainEpoch(model: PriceModel, optimizer: torch.optim.Optimizer, train: Houses, batchSize: number) {
  const table = new utils.data.TensorDataset(train.numbers, train.district, train.price.log());
  for await (const [numbers, district, target] of new utils.data.DataLoader(table, { batchSize, shuffle: true })) {
    const loss = F.mseLoss(model(numbers!, district!), target!);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
}

const predict = (model: PriceModel, { numbers, district }: Houses): torch.Tensor =>
  torch.noGrad(() => model(numbers, district));

function showExamples(model: PriceModel, houses: Houses): void {
  const prices: number[] = predict(model, houses).exp().tolist();
  console.log("\n area  rooms  district    predicted   price");
  prices.forEach((predicted, i) => {
    const [area, rooms] = houses.numbers.at(i).tolist() as [number, number];
    const district = districts[houses.district.at(i).item()]!;
    const cells = [area.toFixed(0).padStart(5), rooms.toFixed(0).padStart(6), `  ${district.padEnd(10)}`];
    const [guess, price] = [predicted, houses.price.at(i).item()].map((x) => `${x.toFixed(0)}k`.padStart(7));
    console.log(`${cells.join(" ")}  ${guess}   ${price}`);
  });
}

async function run({ houses, epochs, batchSize, hidden, lr, seed }: Values<typeof flags>): Promise<void> {
  torch.manualSeed(seed);
  const table = makeHouses(houses);
  const [train, valid] = [rows(table, `${Math.floor(houses / 5)}:`), rows(table, `:${Math.floor(houses / 5)}`)];
  const model = new PriceModel(train, hidden);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { factor: 0.3, patience: 2 });
  console.log(`${train.price.length} houses to learn from, ${valid.price.length} to test with`);
  console.log(`validation error of a linear fit: ${logError(linearFit(train, valid), valid).toFixed(3)}\n`);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    await trainEpoch(model, optimizer, train, batchSize);
    const [training, validation] = [train, valid].map((part) => logError(predict(model, part), part));
    const rate = optimizer.paramGroups[0]!.lr;
    scheduler.step(validation!);
    console.log(
      `epoch ${epoch}: training error ${training!.toFixed(3)}, validation error ${validation!.toFixed(3)}, learning rate ${rate.toPrecision(2)}`,
    );
  }
  showExamples(model, rows(valid, ":8"));
}

main(about, flags, run);
