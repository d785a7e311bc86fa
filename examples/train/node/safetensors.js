// Float32 tensors and texts by their names as a safetensors file, for Node and for a page.

/** `tensors`: objects with `data` (Float32Array) and `dims`. `texts`: strings. Gives a Blob. */
export function encodeSafetensors(tensors, texts) {
  const header = { __metadata__: texts };
  let begin = 0;
  for (const [name, { data, dims }] of Object.entries(tensors)) {
    const end = begin + data.byteLength;
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [begin, end] };
    begin = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Filled up with spaces, so that the numbers begin at a multiple of eight.
  const filled = new Uint8Array(8 * Math.ceil(json.length / 8)).fill(0x20);
  filled.set(json);
  const length = BigUint64Array.of(BigInt(filled.length));
  return new Blob([length, filled, ...Object.values(tensors).map(({ data }) => data)]);
}
