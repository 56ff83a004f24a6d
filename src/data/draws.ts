/**
 * Random numbers of a pass over a data set: while batch k is fetched, the default generator that the code of data set, transforms and
 * collateFn sees is one seeded from (base seed, k), so that what is drawn does not depend on who fetches the batch, or on what else runs.
 *
 * Every line of execution has a {@link Stream}. The state of the line that draws is put into the default generator when it draws, which
 * costs nothing where nothing is drawn. Code that goes on after an `await` is told apart by an {@link asyncVariable}; where there is none
 * (in browsers), it is taken to belong to the fetch that was begun last.
 */
import { defaultGenerator, Generator } from "../core/generator";
import { asyncVariable } from "../platform/asyncVariable";

/** A sequence of random numbers, begun when the first is drawn. */
class Stream {
  /** Its state, while that is not in the default generator. */
  parked: Generator | undefined;

  constructor(readonly seed: number) {}
}

/** What code draws from that belongs together; sees the stream outside once it has ended. */
class Line {
  isOpen = true;
  /** Whether its code drew anything. */
  hasDrawn = false;

  constructor(
    public stream: Stream,
    private readonly outer: Line | undefined,
  ) {}

  /** This one, or the next around it that has not ended. */
  get alive(): Line | undefined {
    let line: Line | undefined = this;
    while (line !== undefined && !line.isOpen) line = line.outer;
    return line;
  }
}

const variable = asyncVariable<Line>();
/** The stream of code outside of all fetches. */
const outside = new Stream(0);
/** The stream whose state is in the default generator. */
let present = outside;
/** The line of code that runs at once. */
let active: Line | undefined;
/** Lines of async code that has not settled, the last begun last. */
const waiting = new Set<Line>();
let openFetches = 0;
/** Generators of streams that have ended. */
const spare: Generator[] = [];
const MOST_SPARE = 16;

function currentLine(): Line | undefined {
  if (waiting.size === 0) return active?.alive;
  if (variable !== undefined) return variable.get()?.alive;
  return (active ?? [...waiting].at(-1))?.alive;
}

/** Puts the state of the line that runs into the default generator. */
function settleGenerator(): void {
  const line = currentLine();
  if (line !== undefined) line.hasDrawn = true;
  const stream = line?.stream ?? outside;
  if (stream !== present) enterStream(stream);
}

function enterStream(stream: Stream): void {
  const generator = stream.parked ?? (spare.pop() ?? new Generator()).manualSeed(stream.seed);
  stream.parked = undefined;
  // The generator's own hook would ask again.
  defaultGenerator.exchange(generator);
  present.parked = generator;
  present = stream;
}

/** Lets go of a stream that nobody draws from any more. */
function endStream(stream: Stream): void {
  if (stream === present) enterStream(outside);
  if (stream.parked !== undefined && spare.length < MOST_SPARE) spare.push(stream.parked);
  stream.parked = undefined;
}

const isThenable = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === "object" && x !== null && typeof (x as PromiseLike<unknown>).then === "function";

/** Murmur3's finalizer: a bijection of 32 bits that lets each bit change all. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Streams of a batch: its samples read one after the other, its collation, and what each sample draws after an `await`. */
const SAMPLES = 0;
const COLLATION = 1;
const FIRST_AWAITED = 2;

/** Random numbers of one pass. */
export class PassDraws {
  private readonly root: number;

  constructor(base: bigint) {
    const low = Number(BigInt.asUintN(32, base));
    const high = Number(BigInt.asUintN(32, base >> 32n));
    this.root = mix(mix(low) ^ high);
  }

  /** Those of batch `k`, or, where there are no batches, of sample `k`. */
  of(k: number): FetchDraws {
    return new FetchDraws(mix(this.root ^ Math.imul(k + 1, 0x9e3779b1)));
  }
}

/** Whether an async sample can only be told from others by waiting for it. */
export const mustDrawInTurn = variable === undefined;

/** Random numbers of one fetch. To be closed when the fetch is over. */
export class FetchDraws {
  private readonly streams: Stream[] = [];
  private readonly samples: Stream;
  /** Whether the last sample that was awaited drew after its first `await`. */
  drewLater = false;

  constructor(private readonly root: number) {
    this.samples = this.stream(SAMPLES);
    // The first fetch may be the first use of all, which seeds the generator.
    if (openFetches++ === 0) defaultGenerator.beforeUse?.();
    defaultGenerator.beforeUse = settleGenerator;
  }

  private stream(part: number): Stream {
    const stream = new Stream(mix(this.root ^ Math.imul(part + 1, 0xc2b2ae3d)) >>> 0);
    this.streams.push(stream);
    return stream;
  }

  /**
   * Runs the code that reads sample `j`. What it draws at once comes from the stream of all samples, in their order; what it draws after
   * an `await` comes from a stream of its own, since nobody knows in which order samples go on.
   */
  sample<R>(j: number, body: () => R): R {
    return this.run(this.samples, body, FIRST_AWAITED + j);
  }

  /** Runs code that reads samples one after the other. */
  sequence<R>(body: () => R): R {
    return this.run(this.samples, body);
  }

  /** Runs the code that makes a batch of samples. */
  collation<R>(body: () => R): R {
    return this.run(this.stream(COLLATION), body);
  }

  private run<R>(stream: Stream, body: () => R, awaited?: number): R {
    const line = new Line(stream, currentLine());
    let result: R;
    const before = active;
    active = line;
    try {
      result = variable === undefined ? body() : variable.run(line, body);
    } catch (error) {
      line.isOpen = false;
      throw error;
    } finally {
      active = before;
    }
    if (isThenable(result)) {
      if (awaited !== undefined) line.stream = this.stream(awaited);
      line.hasDrawn = false;
      return this.untilSettled(line, result) as R;
    }
    line.isOpen = false;
    return result;
  }

  private untilSettled(line: Line, result: PromiseLike<unknown>): Promise<unknown> {
    waiting.add(line);
    const settle = (): void => {
      line.isOpen = false;
      waiting.delete(line);
      this.drewLater = line.hasDrawn;
    };
    return Promise.resolve(result).then(
      (value) => {
        settle();
        return value;
      },
      (error) => {
        settle();
        throw error;
      },
    );
  }

  /** Gives the default generator back to the code outside. */
  close(): void {
    for (const stream of this.streams) endStream(stream);
    if (--openFetches > 0 || present !== outside) return;
    defaultGenerator.beforeUse = undefined;
  }
}
