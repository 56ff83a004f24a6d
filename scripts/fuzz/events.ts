/** Damaged event files, of which the events before the damage are read. */
import * as torch from "kindling";
import { KindlingError } from "../../src/core/errors";
import { readEvents } from "../../src/tensorboard/reader";
import { frame } from "../../src/tensorboard/record";
import { recordsOf } from "../../test/tensorboard/eventReader";
import { byteEdits, pick, type Random, type Trial } from "./files";

/** Fields of an event: a time, a step, and now and then a summary of a number, a text or a histogram. */
function eventData(random: Random): Uint8Array {
  const value = pick(random, [
    [10, 1, 97, 21, 0, 0, 128, 63],
    [10, 1, 98, 42, 20, 50, 8, 0, 0, 0, 0, 0, 0, 240, 63, 58, 8, 0, 0, 0, 0, 0, 0, 8, 64],
    [10, 1, 99, 66, 6, 8, 7, 66, 2, 104, 105],
    [10, 1, 100, 34, 8, 8, 1, 16, 1, 34, 2, 137, 80],
  ]);
  const summary = [10, value.length, ...value];
  return Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0, 16, random(100), 42, summary.length, ...summary);
}

function read(file: Uint8Array): Record<string, never> {
  try {
    const { events } = readEvents("file", file);
    // A reader that was written from the specification finds as many.
    if (events.length !== recordsOf(file).length) throw new Error(`${events.length} events were read`);
  } catch (error) {
    // The sources have classes of errors of their own.
    throw error instanceof KindlingError ? new torch.FormatError(error.message) : error;
  }
  return {};
}

export function eventTrial(random: Random): Trial {
  const records = Array.from({ length: 1 + random(4) }, () => {
    let data = eventData(random);
    for (let i = random(3); i > 0; i--) data = pick(random, byteEdits)(data, random) as Uint8Array<ArrayBuffer>;
    return frame(data);
  });
  let file: Uint8Array = Uint8Array.from(records.flatMap((record) => [...record]));
  for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random);
  const call = 'readEvents("file", file), of src/tensorboard/reader';
  return { call, file, read: () => read(file), expected: undefined, isOpen: true };
}
