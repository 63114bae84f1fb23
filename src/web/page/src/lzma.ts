// Unpacks LZMA (the .lzma format: 5 bytes of settings, 8 of the unpacked size, then a range coder's bits). It packs the
// engine a quarter smaller than what browsers unpack by themselves.

/** A probability has 11 bits, and moves by a 32nd of what it was wrong by. */
const half = 1024;

export function unpackLzma(packed: Uint8Array): Uint8Array {
  const settings = packed[0]!;
  const lc = settings % 9;
  const lp = Math.floor(settings / 9) % 5;
  const pb = Math.floor(settings / 45);
  const size = new DataView(packed.buffer, packed.byteOffset).getUint32(5, true);
  const out = new Uint8Array(size);

  // The range coder: `code` is where it is within `range`, both 32 bits.
  let at = 18;
  let range = 0xffffffff;
  let code = new DataView(packed.buffer, packed.byteOffset).getUint32(14);
  const bit = (probabilities: Uint16Array, i: number): number => {
    const p = probabilities[i]!;
    const bound = (range >>> 11) * p;
    let one = 0;
    if (code < bound) {
      range = bound;
      probabilities[i] = p + ((2048 - p) >> 5);
    } else {
      range -= bound;
      code -= bound;
      probabilities[i] = p - (p >> 5);
      one = 1;
    }
    if (range < 0x1000000) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | packed[at++]!) >>> 0;
    }
    return one;
  };
  const even = (bits: number): number => {
    let value = 0;
    for (let n = 0; n < bits; ++n) {
      range >>>= 1;
      const one = code >= range ? 1 : 0;
      if (one) code -= range;
      value = (value << 1) | one;
      if (range < 0x1000000) {
        range = (range << 8) >>> 0;
        code = ((code << 8) | packed[at++]!) >>> 0;
      }
    }
    return value;
  };
  const room = (count: number) => new Uint16Array(count).fill(half);
  /** A number of so many bits, the highest first, each with a probability that depends on those before. */
  const tree = (probabilities: Uint16Array, offset: number, bits: number): number => {
    let node = 1;
    for (let n = 0; n < bits; ++n) node = (node << 1) | bit(probabilities, offset + node);
    return node - (1 << bits);
  };
  /** The same, the lowest bit first. */
  const reverse = (probabilities: Uint16Array, offset: number, bits: number): number => {
    let node = 1;
    let value = 0;
    for (let n = 0; n < bits; ++n) {
      const one = bit(probabilities, offset + node);
      node = (node << 1) | one;
      value |= one << n;
    }
    return value;
  };
  const lengths = () => ({ choice: room(2), low: room(16 << 3), middle: room(16 << 3), high: room(256) });
  const length = (coder: ReturnType<typeof lengths>, position: number): number => {
    if (!bit(coder.choice, 0)) return 2 + tree(coder.low, position << 3, 3);
    if (!bit(coder.choice, 1)) return 10 + tree(coder.middle, position << 3, 3);
    return 18 + tree(coder.high, 0, 8);
  };

  const literals = room(0x300 << (lc + lp));
  const isMatch = room(12 << 4);
  const isRepeat = room(12);
  const isRepeat0 = room(12);
  const isRepeat1 = room(12);
  const isRepeat2 = room(12);
  const isLong0 = room(12 << 4);
  const slots = room(4 << 6);
  const special = room(128);
  const aligned = room(16);
  const matchLengths = lengths();
  const repeatLengths = lengths();
  /** The last four distances, and what was read last: below 7 a literal. */
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];
  let state = 0;

  for (let done = 0; done < size; ) {
    const position = done & ((1 << pb) - 1);
    if (!bit(isMatch, (state << 4) + position)) {
      const before = done > 0 ? out[done - 1]! : 0;
      const base = 0x300 * (((done & ((1 << lp) - 1)) << lc) + (before >> (8 - lc)));
      let symbol = 1;
      if (state >= 7) {
        let match = out[done - rep0 - 1]!;
        while (symbol < 0x100) {
          const expected = (match >> 7) & 1;
          match <<= 1;
          const one = bit(literals, base + ((1 + expected) << 8) + symbol);
          symbol = (symbol << 1) | one;
          if (one !== expected) break;
        }
      }
      while (symbol < 0x100) symbol = (symbol << 1) | bit(literals, base + symbol);
      out[done++] = symbol & 0xff;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let count;
    if (bit(isRepeat, state)) {
      if (!bit(isRepeat0, state)) {
        if (!bit(isLong0, (state << 4) + position)) {
          out[done] = out[done - rep0 - 1]!;
          ++done;
          state = state < 7 ? 9 : 11;
          continue;
        }
      } else if (!bit(isRepeat1, state)) {
        [rep0, rep1] = [rep1, rep0];
      } else if (!bit(isRepeat2, state)) {
        [rep0, rep1, rep2] = [rep2, rep0, rep1];
      } else {
        [rep0, rep1, rep2, rep3] = [rep3, rep0, rep1, rep2];
      }
      count = length(repeatLengths, position);
      state = state < 7 ? 8 : 11;
    } else {
      [rep1, rep2, rep3] = [rep0, rep1, rep2];
      count = length(matchLengths, position);
      state = state < 7 ? 7 : 10;
      const slot = tree(slots, Math.min(count - 2, 3) << 6, 6);
      if (slot < 4) {
        rep0 = slot;
      } else {
        const bits = (slot >> 1) - 1;
        const high = (2 | (slot & 1)) << bits;
        rep0 = high + (slot < 14 ? reverse(special, high - slot, bits) : (even(bits - 4) << 4) + reverse(aligned, 0, 4));
      }
      if (rep0 >= done) throw new Error('the engine in this page is damaged');
    }
    for (let n = 0; n < count && done < size; ++n, ++done) out[done] = out[done - rep0 - 1]!;
  }
  return out;
}
