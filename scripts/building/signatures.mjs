/** Reads the types of exported functions from a WebAssembly binary. */

const TYPES = 1;
const FUNCTIONS = 3;
const EXPORTS = 7;

const letters = { 127: "i", 126: "l", 125: "f", 124: "d", 123: "v" };

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128 integer. */
  integer() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  list(read) {
    return Array.from({ length: this.integer() }, read);
  }

  text() {
    return String.fromCharCode(...this.list(() => this.byte()));
  }
}

/** The contents of a binary's sections, by their number. */
function sectionsOf(bytes) {
  const reader = new Reader(bytes);
  const sections = new Map();
  for (reader.at = 8; reader.at < bytes.length; ) {
    const id = reader.byte();
    const size = reader.integer();
    sections.set(id, new Reader(bytes.subarray(reader.at, reader.at + size)));
    reader.at += size;
  }
  return sections;
}

/** For each exported function its parameters, a letter each: `i` for i32, `l` i64, `f` f32, `d` f64, `v` v128. No function may be imported. */
export function signaturesOf(bytes) {
  const sections = sectionsOf(bytes);
  const types = sections.get(TYPES);
  const parameters = types.list(() => {
    types.byte();
    const letterList = types.list(() => letters[types.byte()]);
    types.list(() => types.byte());
    return letterList.join("");
  });
  const functions = sections.get(FUNCTIONS);
  const typeOf = functions.list(() => functions.integer());
  const exported = sections.get(EXPORTS);
  const entries = exported.list(() => [exported.text(), exported.byte(), exported.integer()]);
  return Object.fromEntries(
    entries.filter(([, kind]) => kind === 0).map(([name, , index]) => [name, parameters[typeOf[index]]]),
  );
}
