/** An engine for tests: the ranks are worker threads of one process, which meet in shared memory. */

/** Bytes of the part of each rank: what a call moves at most. */
const PART = 8 << 20;
const TEXT = 1 << 10;
/** Two integers for the barrier of each communicator. */
const COMMS = 64;
const HEAD = COMMS * 8;

/** The memory that `size` ranks share. */
export const sharedFor = (size) => new SharedArrayBuffer(HEAD + size * (PART + TEXT));

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
};

const reductions = {
  sum: (a, b) => a + b,
  product: (a, b) => a * b,
  // Also of bigints, which Math.min does not take.
  min: (a, b) => [a, b].sort((x, y) => (x < y ? -1 : 1))[0],
  max: (a, b) => [a, b].sort((x, y) => (x < y ? -1 : 1))[1],
  band: (a, b) => a & b,
  bor: (a, b) => a | b,
  bxor: (a, b) => a ^ b,
};

export class Double {
  name = "self";
  comms = [];
  /** The texts of all calls, in order. */
  log = [];
  /** Ranks that are gone: all calls end with the error that this makes of a text. */
  lost = [];
  /** @type {((text: string) => Error) | undefined} */
  lostError;

  constructor(shared, rank, worldSize) {
    this.shared = shared;
    this.rank = rank;
    this.worldSize = worldSize;
    // Threads keep their places in the memory when the world shrinks: their first ranks, by those that they have now.
    this.place = rank;
    this.size = worldSize;
    this.places = Array.from({ length: worldSize }, (_, i) => i);
    this.barriers = new Int32Array(shared, 0, COMMS * 2);
    this.comms.push(this.places);
  }

  meet(comm) {
    const [count, turn] = [comm * 2, comm * 2 + 1];
    const before = Atomics.load(this.barriers, turn);
    if (Atomics.add(this.barriers, count, 1) + 1 === this.comms[comm].length) {
      Atomics.store(this.barriers, count, 0);
      Atomics.add(this.barriers, turn, 1);
      Atomics.notify(this.barriers, turn);
      return;
    }
    while (Atomics.load(this.barriers, turn) === before)
      if (Atomics.wait(this.barriers, turn, before, 20_000) === "timed-out")
        throw new Error(`rank ${this.rank} waits: ${this.log.at(-1)}`);
  }

  /** The part of a member, as an array of a type. */
  part(member, type, n) {
    return new arrays[type](this.shared, HEAD + member * PART, n);
  }

  text(member) {
    return new Uint16Array(this.shared, HEAD + this.size * PART + member * TEXT, TEXT / 2);
  }

  compareTexts(call, members) {
    const own = this.text(this.place);
    own.fill(0);
    [...call.text].slice(0, TEXT / 2).forEach((c, i) => {
      own[i] = c.codePointAt(0);
    });
    this.meet(call.comm);
    const texts = members.map((member) => String.fromCharCode(...this.text(member)).replaceAll("\0", ""));
    this.meet(call.comm);
    if (texts.some((text) => text !== texts[0])) throw new Error(`ranks call ${[...new Set(texts)].join(" and ")}`);
  }

  start(call) {
    this.log.push(call.text);
    if (this.lost.length > 0) {
      const error = this.lostError?.(call.text);
      const wait = () => {
        throw error;
      };
      return { isDone: () => true, wait, source: 0 };
    }
    this.carryOut(call);
    return { isDone: () => true, wait: () => {}, source: 0 };
  }

  carryOut(call) {
    const { kind, comm, type, input, output, op, peer } = call;
    const members = this.comms[comm];
    this.compareTexts(call, members);
    const own = input ?? output;
    if (own !== undefined && (kind !== "broadcast" || members[peer] === this.place))
      this.part(this.place, type, own.length).set(own);
    this.meet(comm);
    const n = output?.length ?? 0;
    if (kind === "allReduce") {
      const reduction = reductions[op];
      output.set(this.part(members[0], type, n));
      for (const member of members.slice(1)) {
        const part = this.part(member, type, n);
        for (let i = 0; i < n; i++) output[i] = reduction(output[i], part[i]);
      }
    } else if (kind === "broadcast") output.set(this.part(members[peer], type, n));
    else if (kind === "allGather")
      members.forEach((member, i) => {
        output.set(this.part(member, type, input.length), i * input.length);
      });
    else if (kind !== "barrier") throw new Error(`the double does not know ${kind}`);
    this.meet(comm);
  }

  newComm(ranks) {
    this.comms.push(ranks.map((rank) => this.places[rank]));
    return ranks.includes(this.rank) ? this.comms.length - 1 : -1;
  }

  shrink(comm, without) {
    const members = this.comms[comm];
    if (this.lost.length === 0) this.compareTexts({ comm, text: `shrinkGroup([${without}])` }, members);
    const left = members.map((place) => this.places.indexOf(place)).filter((rank) => !this.lost.includes(rank));
    const ranks = left.filter((rank) => !without.includes(rank));
    const places = ranks.map((rank) => this.places[rank]);
    this.lost = [];
    if (comm > 0) {
      this.comms.push(places);
      return { comm: ranks.includes(this.rank) ? this.comms.length - 1 : -1, ranks };
    }
    this.comms = [places];
    this.places = places;
    this.rank = ranks.indexOf(this.rank);
    this.worldSize = ranks.length;
    return { comm: 0, ranks };
  }

  freeComm() {}
  close() {}
}
