/** Damaged event files: the events before the damage, and an error of ours. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, expect, it } from "vitest";
import { byteEdits, pick, randomOf } from "../../scripts/fuzz/files";
import { FormatError } from "../../src/core/errors";
import { EventReader, readEvents } from "../../src/tensorboard/reader";
import { frame } from "../../src/tensorboard/record";
import { eventsOf, recordsOf } from "./eventReader";

const root = mkdtempSync(join(tmpdir(), "kindling-events-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A valid file of several kinds of events. */
async function validFile(): Promise<Uint8Array> {
  const writer = new torch.utils.tensorboard.SummaryWriter(join(root, "run"));
  for (let i = 0; i < 3; i++) writer.addScalar("loss", i / 3, i);
  writer.addScalar("new", 1, { newStyle: true });
  writer.addHistogram("h", [1, 2, 3]);
  writer.addText("t", "text");
  await writer.close();
  return new Uint8Array(readFileSync(join(root, "run", readdirSync(join(root, "run"))[0]!)));
}

const file = await validFile();

it("reads a file in pieces of any size", () => {
  const whole = readEvents("file", file);
  expect(whole.pending).toBe(0);
  expect(whole.events.length).toBe(eventsOf(file).length);
  for (const size of [1, 7, 100]) {
    const reader = new EventReader("file");
    const events: unknown[] = [];
    for (let at = 0; at < file.length; at += size) reader.push(file.subarray(at, at + size), (e) => events.push(e));
    expect(events).toEqual(whole.events);
  }
});

it("reads up to a tail that was cut off, wherever that is", () => {
  for (let end = 0; end <= file.length; end++) {
    const { events, pending } = readEvents("file", file.subarray(0, end));
    const records = recordsOf(file.subarray(0, end));
    expect(events.length).toBe(records.length);
    expect(pending).toBe(end - records.reduce((sum, record) => sum + record.length + 16, 0));
  }
});

it("names the file and the place of a record that is damaged", () => {
  const damaged = file.slice();
  damaged[30]! ^= 1;
  expect(() => readEvents("a/b", damaged)).toThrow(/^"a\/b": the record at byte 0 has another checksum than its data/);
  damaged.set(file);
  damaged[0]! ^= 1;
  expect(() => readEvents("a/b", damaged)).toThrow(/at byte 0 has another checksum than its length/);
  expect(() => readEvents("a/b", frame(Uint8Array.of(10, 255)))).toThrow(/at byte 0 is no event/);
});

it("2,000 damaged files: an error of ours, or the events of the whole records, in time", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = randomOf(seed);
    let bytes: Uint8Array = file;
    for (let i = 1 + random(3); i > 0; i--) bytes = pick(random, byteEdits)(bytes, random);
    // Half of them are damaged within a record whose checksums are right.
    if (random(2) === 0) {
      let data: Uint8Array = pick(random, recordsOf(file));
      for (let i = 1 + random(3); i > 0; i--) data = pick(random, byteEdits)(data, random);
      bytes = frame(data);
    }
    const begin = performance.now();
    let found = 0;
    try {
      const reader = new EventReader("file");
      reader.push(bytes, () => found++);
      expect(found).toBe(recordsOf(bytes).length);
    } catch (error) {
      expect(error, `seed ${seed}`).toBeInstanceOf(FormatError);
    }
    expect(performance.now() - begin, `seed ${seed}`).toBeLessThan(2000);
  }
});

it("kindling inspect prints tags, and says what is not whole", () => {
  const path = join(root, "events.out.tfevents.1.x");
  writeFileSync(path, file.subarray(0, file.length - 3));
  const inspect = (name: string) =>
    execFileSync(process.execPath, ["dist/cli.js", "inspect", name], { stdio: "pipe" }).toString();
  const text = inspect(path);
  expect(text).toMatch(/^6 events\nkind +tag +count/);
  expect(text).toMatch(/\nscalar +loss +3 +0 +2 +0\.666667\n/);
  expect(text).toMatch(/\d+ bytes at the end are no whole record/);
  writeFileSync(join(root, "x.safetensors"), torch.safetensors.save({ w: torch.ones(2, 3) }));
  expect(inspect(join(root, "x.safetensors"))).toMatch(
    /^1 tensors, 24 B\nname +dtype +shape +bytes\nw +F32 +\[2, 3\] +24 B\n/,
  );
  expect(() => inspect(join(root, "nothing"))).toThrow(/inspect: cannot read ".*nothing": there is no such file/);
});
