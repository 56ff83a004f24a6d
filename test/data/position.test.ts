/** Loaders that know where they stand in a pass, and go on from there. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { DataLoader, IterableDataset, RandomSampler, SubsetRandomSampler, WeightedRandomSampler } = torch.utils.data;

/** Samples that draw random numbers. */
const noisy = { length: 23, at: (i: number) => torch.rand([]).add(i) };

class Stream extends IterableDataset {
  *[Symbol.iterator]() {
    for (let i = 0; i < 23; i++) yield torch.rand([]).add(i);
  }
}

class StatefulStream extends IterableDataset {
  next = 0;
  reads = 0;
  *[Symbol.iterator]() {
    for (; this.next < 23; ) {
      this.reads++;
      yield torch.rand([]).add(this.next++);
    }
    this.next = 0;
  }
  stateDict() {
    return this.next;
  }
  loadStateDict(state: number) {
    this.next = state;
  }
}

class Countdown {
  left = 23;
  length = 23;
  *[Symbol.iterator]() {
    while (this.left > 0) yield --this.left;
    this.left = 23;
  }
  stateDict() {
    return { left: this.left };
  }
  loadStateDict(state: { left: number }) {
    this.left = state.left;
  }
}

type Loader = torch.utils.data.DataLoader<any, torch.Tensor>;
const generator = (seed: number) => new torch.Generator().manualSeed(seed);

/** Makes of loaders, each with a generator of its own where it has one. */
const makes: Record<string, () => Loader> = {
  "in order": () => new DataLoader<any, any>(noisy, { batchSize: 4 }),
  shuffled: () => new DataLoader<any, any>(noisy, { batchSize: 4, shuffle: true }),
  "shuffled by a generator": () =>
    new DataLoader<any, any>(noisy, { batchSize: 4, shuffle: true, generator: generator(1) }),
  "with replacement": () =>
    new DataLoader<any, any>(noisy, {
      batchSize: 4,
      sampler: new RandomSampler(noisy, { replacement: true, numSamples: 80, generator: generator(2) }),
    }),
  "more than once": () =>
    new DataLoader<any, any>(noisy, { sampler: new RandomSampler(noisy, { numSamples: 60, generator: generator(3) }) }),
  weighted: () => new DataLoader<any, any>(noisy, { sampler: new WeightedRandomSampler([...Array(23).keys()], 20) }),
  subset: () =>
    new DataLoader<any, any>(noisy, { batchSize: 3, sampler: new SubsetRandomSampler([5, 3, 8, 9, 1, 2, 7, 4]) }),
  "without batches": () => new DataLoader<any, any>(noisy, { batchSize: null, shuffle: true }),
  "a stream": () => new DataLoader<any, any>(new Stream(), { batchSize: 4 }),
  "a stream with a state": () => new DataLoader<any, any>(new StatefulStream(), { batchSize: 4 }),
  "a sampler with a state": () => new DataLoader<any, any>(noisy, { batchSize: 4, sampler: new Countdown() }),
};

/** Two passes with draws of the program between batches. Remembers what was saved after batch `at`. */
async function read(loader: Loader, at = -1) {
  const batches: unknown[] = [];
  let saved: [string, Uint8Array] | undefined;
  const save = () => {
    if (batches.length === at)
      saved = [JSON.stringify(loader.stateDict()), torch.getRngState().toTypedArray() as Uint8Array];
  };
  save();
  for (let pass = 0; pass < 2; pass++)
    for await (const batch of loader) {
      batches.push([batch.tolist(), torch.rand([2]).tolist()]);
      save();
    }
  return { batches, saved: saved!, end: [torch.rand([1]).item(), loader.generator?.random()] };
}

describe.each(Object.entries(makes))("%s", (_, make) => {
  test.each([0, 1, 3, 6])("goes on behind batch %i", async (at) => {
    torch.manualSeed(4);
    const whole = await read(make(), at);
    const perPass = whole.batches.length / 2;
    const loader = make();
    loader.loadStateDict(JSON.parse(whole.saved[0]));
    torch.setRngState(torch.tensor(whole.saved[1], { dtype: "uint8" }));
    // What was loaded is what is saved, until something is read.
    expect(JSON.parse(JSON.stringify(loader.stateDict()))).toEqual(JSON.parse(whole.saved[0]));
    const rest: unknown[] = [];
    // Behind the last batch of a pass there is the end of it to come.
    const passes = at <= perPass ? 2 : 1;
    for (let pass = 0; pass < passes; pass++)
      for await (const batch of loader) rest.push([batch.tolist(), torch.rand([2]).tolist()]);
    expect(rest).toEqual(whole.batches.slice(at));
    expect([torch.rand([1]).item(), loader.generator?.random()]).toEqual(whole.end);
  });
});

test("a position can be saved again after it was loaded", async () => {
  torch.manualSeed(9);
  const whole: unknown[] = [];
  const make = () => new DataLoader<any, torch.Tensor>(noisy, { shuffle: true });
  const first = make();
  let state: any;
  for await (const batch of first) {
    whole.push(batch.tolist());
    if (whole.length === 2) state = first.stateDict();
  }
  for (let at = 2; at < 6; at++) {
    const loader = make();
    loader.loadStateDict(state);
    for await (const batch of loader) {
      expect(batch.tolist()).toEqual(whole[at]);
      state = loader.stateDict();
      break;
    }
  }
});

test("a loop that was left begins anew, and first() leaves the position alone", async () => {
  const loader = new DataLoader<any, torch.Tensor>(noisy, { batchSize: 4 });
  for await (const _ of loader) {
    await loader.first();
    expect(loader.stateDict().pass!.taken).toBe(1);
    break;
  }
  expect(loader.stateDict().pass).toBeNull();
});

test("a stream with a state is not read from its beginning", async () => {
  const make = () => new DataLoader<any, torch.Tensor>(new StatefulStream(), { batchSize: 4 });
  const loader = make();
  let state: any;
  for await (const _ of loader) if (loader.stateDict().pass!.taken === 3) state = loader.stateDict();
  const next = make();
  next.loadStateDict(state);
  for await (const _ of next);
  expect((next.dataset as StatefulStream).reads).toBe(11);
});

test("what is no state, or another loader's, is refused", () => {
  const loader = new DataLoader<any, any>(noisy, { batchSize: 4, shuffle: true });
  const [pass, state] = [loader[Symbol.iterator](), () => structuredClone(loader.stateDict()) as any];
  pass.next();
  const refused = (change: (s: any) => void) => {
    const changed = state();
    change(changed);
    return () => loader.loadStateDict(changed);
  };
  expect(() => loader.loadStateDict(null as any)).toThrow(torch.StateError);
  expect(() => loader.loadStateDict({} as any)).toThrow(/generators must be states/);
  expect(refused((s) => (s.pass.seed = "x"))).toThrow(/seed/);
  expect(refused((s) => (s.pass.taken = 1.5))).toThrow(torch.StateError);
  expect(refused((s) => (s.pass.requested = 1e9))).toThrow(/were asked for/);
  expect(refused((s) => (s.pass.generators = ["AAAA"]))).toThrow(torch.StateError);
  expect(() => new DataLoader<any, any>(noisy, { batchSize: 8, shuffle: true }).loadStateDict(state())).toThrow(
    /middle of a pass of 6 batches, but this loader has 3/,
  );
  expect(() =>
    new DataLoader<any, any>(noisy, { batchSize: 4, shuffle: true, generator: generator(1) }).loadStateDict(state()),
  ).toThrow(/states of 0 generators, but there are 1/);
});
