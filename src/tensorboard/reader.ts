/** Event files read piece by piece, as they grow. Nothing that a file claims is allocated before it is there. */
import { fromBinary } from "@bufbuild/protobuf";
import { FormatError } from "../core/errors";
import { type Event, EventSchema } from "./proto/tensorboard_pb";
import { FRAME, HEAD, maskedCrc } from "./record";

/** Bytes of the largest event; protocol buffers have fewer than 2³¹. */
const MOST_EVENT = 2 ** 31 - 1;

/** The records of a file that is given in pieces. What is not whole yet waits for the next piece. */
export class EventReader {
  private rest: Uint8Array = new Uint8Array(0);
  /** Where the next record begins in the file. */
  private position = 0;
  private hasFailed = false;

  /** @param name The file, for errors. */
  constructor(private readonly name: string) {}

  /** Bytes of a record that is not whole: a writer that has not finished, or did not live to. */
  get pending(): number {
    return this.rest.length;
  }

  private fail(why: string, cause?: unknown): FormatError {
    this.hasFailed = true;
    this.rest = new Uint8Array(0);
    return new FormatError(`"${this.name}": the record at byte ${this.position} ${why}`, { cause });
  }

  /**
   * The events that are whole now. After an error there are no more.
   * @throws FormatError naming the file, for what no writer can have written; the events before are given first, by `take`.
   */
  push(bytes: Uint8Array, take: (event: Event) => void): void {
    if (this.hasFailed) return;
    const all = this.rest.length === 0 ? bytes : joined(this.rest, bytes);
    let at = 0;
    for (;;) {
      const size = this.sizeAt(all, at);
      if (size === undefined || all.length - at < size + FRAME) break;
      const data = all.subarray(at + HEAD, at + HEAD + size);
      const end = new DataView(all.buffer, all.byteOffset + at + HEAD + size, 4);
      if (end.getUint32(0, true) !== maskedCrc(data))
        throw this.fail("has another checksum than its data: it is damaged");
      take(this.decode(data));
      at += size + FRAME;
      this.position += size + FRAME;
    }
    this.rest = all.slice(at);
  }

  /** The size of the data of a record, once its head is there. */
  private sizeAt(all: Uint8Array, at: number): number | undefined {
    if (all.length - at < HEAD) return undefined;
    const view = new DataView(all.buffer, all.byteOffset + at, HEAD);
    if (view.getUint32(8, true) !== maskedCrc(all.subarray(at, at + 8)))
      throw this.fail("has another checksum than its length: this is no event file, or it is damaged");
    const size = view.getBigUint64(0, true);
    if (size > MOST_EVENT) throw this.fail(`claims ${size} bytes, more than an event may have`);
    return Number(size);
  }

  private decode(data: Uint8Array): Event {
    try {
      return fromBinary(EventSchema, data);
    } catch (error) {
      throw this.fail(`is no event: ${(error as Error).message}`, error);
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** All events of a file, and the bytes of a record at its end that is not whole. @throws FormatError naming it. */
export function readEvents(name: string, bytes: Uint8Array): { events: Event[]; pending: number } {
  const reader = new EventReader(name);
  const events: Event[] = [];
  reader.push(bytes, (event) => events.push(event));
  return { events, pending: reader.pending };
}
