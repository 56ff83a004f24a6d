/** What the ranks of the tests of `shrinkGroup` do. */

/** A world of its own for each scenario. */
async function begin({ torch, engine, rank, size }) {
  const own = new engine.constructor(engine.shared, rank, size);
  own.lostError = (text) => new torch.distributed.RankLostError(`${text}: rank ${own.lost} is lost`, own.lost);
  await torch.distributed.__useEngine(own, 20_000);
  return own;
}

const sumOf = (torch, value, group) => {
  const x = torch.tensor([value]);
  torch.distributed.allReduce(x, { group });
  return x.item();
};

export async function errors(given) {
  const { torch, argument } = given;
  await begin(given);
  torch.distributed.newGroup([0, 1]);
  const [excluded, options] = argument;
  const group = options === "pair" ? torch.distributed.newGroup([0, 1]) : undefined;
  torch.distributed.shrinkGroup(excluded, group === undefined ? options : { group });
}

export async function world(given) {
  const { torch, rank } = given;
  const { distributed: dist } = torch;
  await begin(given);
  const pair = dist.newGroup([0, 2]);
  const group = dist.shrinkGroup([0]);
  const isOld = (run) => {
    try {
      run();
      return "";
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  };
  return {
    rank: dist.getRank(),
    size: dist.getWorldSize(),
    ranks: dist.getProcessGroupRanks(group),
    sum: rank === 0 ? null : sumOf(torch, rank),
    more: isOld(() => dist.newGroup([0])),
    old: isOld(() => dist.barrier({ group: pair })),
    work: isOld(() => pair.barrier()),
  };
}

export async function part(given) {
  const { torch, rank, size } = given;
  const { distributed: dist } = torch;
  await begin(given);
  const whole = dist.newGroup();
  const group = dist.shrinkGroup([1], { group: whole });
  const last = dist.shrinkGroup(undefined, {});
  return {
    ranks: dist.getProcessGroupRanks(last).length === size && dist.getWorldSize(last),
    rank: dist.getRank(),
    sum: rank === 1 ? null : sumOf(torch, 1, dist.newGroup([0, 2])),
    group: group.ranks,
  };
}

/** Ranks train; one is gone in the place that the argument names, and the others go on with the same parameters. */
export async function training(given) {
  const { torch, rank, argument } = given;
  const { nn, optim, distributed: dist } = torch;
  const engine = await begin(given);
  torch.manualSeed(rank);
  const net = new nn.Sequential(new nn.Linear(4, 300), new nn.Tanh(), new nn.Linear(300, 2));
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.05 });
  const wrap = () => new nn.parallel.DistributedDataParallel(net, { bucketCapMb: argument.bucketCapMb });
  let model = wrap();
  const old = model;
  const caught = [];
  for (let step = 0; step < 6; ) {
    const isLast = step === 3 && caught.length === 0;
    try {
      optimizer.zeroGrad();
      const loss = model(torch.ones(2, 4).mul(dist.getRank() + step))
        .square()
        .mean();
      if (isLast && rank === 1) return null;
      if (isLast) engine.lost = [1];
      if (argument.before) dist.barrier();
      loss.backward();
      optimizer.step();
      step++;
    } catch (error) {
      if (!(error instanceof dist.RankLostError)) throw error;
      caught.push(error.ranks, error instanceof dist.DistBackendError);
      dist.shrinkGroup();
      model = wrap();
    }
  }
  let said = "";
  try {
    old(torch.ones(1, 4));
  } catch (error) {
    said = `${error.name}: ${error.message}`;
  }
  return { caught, said, rank: dist.getRank(), weights: [...net.parameters()].flatMap((p) => p.flatten().tolist()) };
}
